/** What lies in a worker, and is known in the page by a number. */
export interface Handle {
  /** Which worker. */
  readonly worker: object;
  readonly number: number;
  readonly kind: 'network' | 'data' | 'threads';
}

const handles = /* @__PURE__ */ new WeakMap<object, Handle>();

/** Notes that an object of the page stands for something in a worker. */
export function standsFor(value: object, handle: Handle): void {
  handles.set(value, handle);
}

/** What an object of the page stands for in a worker. */
export function handleOf(value: unknown): Handle | undefined {
  return typeof value === 'object' && value !== null ? handles.get(value) : undefined;
}
