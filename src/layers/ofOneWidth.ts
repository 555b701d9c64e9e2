import { ShapeError } from '../errors.js';

/** What a layer has for its width: made where it is applied first, and the same where it is applied again. */
export function ofOneWidth<T>(call: string, make: (n: number) => T): (n: number) => T {
  let known: { readonly n: number; readonly parts: T } | undefined;
  return (n) => {
    known ??= { n, parts: make(n) };
    if (known.n !== n) throw new ShapeError(`${call}: an input of ${n} features came, expected ${known.n}, as where this layer was applied first`);
    return known.parts;
  };
}
