/**
 * A tensor's shape. The batch axis is implicit: a batched tensor is `[rows, features]` with the rows known only when a
 * program runs; any other is a vector `[n]` or a matrix `[m, n]`.
 */
export interface Shape {
  readonly batched: boolean;
  /** `[features]` of a batched tensor; `[n]` or `[m, n]` of any other. */
  readonly size: readonly number[];
}

/** `[rows, features]`. */
export function batch(features: number): Shape {
  return { batched: true, size: [features] };
}

/** `[n]`. */
export function vector(n: number): Shape {
  return { batched: false, size: [n] };
}

/** `[m, n]`, row-major. */
export function matrix(m: number, n: number): Shape {
  return { batched: false, size: [m, n] };
}

/** Elements of the tensor, of one row where it is batched. */
export function elements(shape: Shape): number {
  return shape.size.reduce((product, n) => product * n, 1);
}

/** The length of the last axis. */
export function features(shape: Shape): number {
  return shape.size[shape.size.length - 1] as number;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.batched === b.batched && a.size.length === b.size.length && a.size.every((n, i) => n === b.size[i]);
}

/** `[rows, 10]`, `[128, 784]`. */
export function formatShape(shape: Shape): string {
  return `[${[...(shape.batched ? ['rows'] : []), ...shape.size].join(', ')}]`;
}
