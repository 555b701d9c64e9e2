/** What were methods, and the entry whose functions they are. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  neurite: ['save', 'toJSON'],
  'neurite/inspect': ['trace', 'summary', 'explain', 'toMermaid', 'toDot'],
  'neurite/derivatives': [
    ...['jacobian', 'parameterJacobian', 'vjp', 'jvp', 'hvp', 'hessian'],
    ...['inputGradient', 'inputHvp', 'inputHessian', 'perSampleGradients'],
  ],
};

/** The methods of networks that are functions now, each with the entry that has it. Only this version says so. */
export const MOVED: readonly (readonly [name: string, entry: string])[] = Object.entries(ENTRIES).flatMap(([entry, names]) =>
  names.map((name) => [name, entry] as const),
);
