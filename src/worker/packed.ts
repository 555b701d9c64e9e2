/** What cannot be cloned as it is, in the arguments of a call: what the other side makes of it. */
export type Packed =
  /** A metric or a schedule: what it was made by, and what it remembers. */
  | { readonly kind: 'made'; readonly recipe: readonly unknown[]; readonly state: unknown }
  /** A data set: its literal where it comes for the first time. */
  | { readonly kind: 'data'; readonly handle: number; readonly literal?: unknown }
  | { readonly kind: 'network'; readonly handle: number }
  /** A stream: its rows are asked for by the number of its source. */
  | { readonly kind: 'stream'; readonly source: number; readonly options: unknown; readonly buffer: number; readonly batch: number | undefined };

/** The one key of an object that stands for something else. */
export const PACKED = 'neurite:packed';

export function wrap(packed: Packed): unknown {
  return { [PACKED]: packed };
}

/** What an object stands for; undefined where it is one of the caller's own. */
export function unwrap(value: object): Packed | undefined {
  return (value as Readonly<Record<string, Packed | undefined>>)[PACKED];
}
