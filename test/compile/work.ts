/**
 * Counts the work that a function does, so that tests can say how it grows without a clock: one for each look into a Map or a Set, each step of
 * an iterator (also of a spread or a loop), each call of a callback of an array's method, each element a method moves or compares.
 */

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Methods that call back for each element. */
const CALLING = ['map', 'forEach', 'filter', 'find', 'findIndex', 'findLast', 'some', 'every', 'flatMap', 'reduce', 'sort'] as const;

/** Methods that go over an array by themselves, with the elements they look at. */
const COUNTED: Readonly<Record<string, (array: unknown[], result: unknown, args: unknown[]) => number>> = {
  includes: (array, found) => (found ? array.length / 2 : array.length),
  indexOf: (array, at) => ((at as number) < 0 ? array.length : (at as number)),
  splice: (array, _, [start]) => Math.max(1, array.length - (start as number)),
  slice: (_, made) => (made as unknown[]).length,
  concat: (_, made) => (made as unknown[]).length,
  reverse: (array) => array.length,
  join: (array) => array.length,
  push: (_, __, args) => args.length,
};

/** Work done by `run`. */
export function workOf(run: () => void): number {
  let work = 0;
  const undo: (() => void)[] = [];
  const replace = (owner: object, name: string, by: (original: Method) => Method) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
    undo.push(() => Object.defineProperty(owner, name, descriptor));
    Object.defineProperty(owner, name, { ...descriptor, value: by(descriptor.value) });
  };
  const count = (original: Method): Method =>
    function (...args) {
      work++;
      return Reflect.apply(original, this, args);
    };
  for (const name of CALLING) {
    replace(
      Array.prototype,
      name,
      (original) =>
        function (callback, ...rest) {
          const counted = typeof callback === 'function' ? count(callback as Method) : callback;
          return Reflect.apply(original, this, rest.length > 0 ? [counted, ...rest] : [counted]);
        },
    );
  }
  for (const [name, elements] of Object.entries(COUNTED)) {
    replace(
      Array.prototype,
      name,
      (original) =>
        function (...args) {
          const result = Reflect.apply(original, this, args);
          work += elements(this as unknown[], result, args);
          return result;
        },
    );
  }
  for (const name of ['get', 'set', 'has', 'delete']) replace(Map.prototype, name, count);
  for (const name of ['has', 'add', 'delete']) replace(Set.prototype, name, count);
  for (const iterable of [[], new Map(), new Set()]) replace(Object.getPrototypeOf(iterable[Symbol.iterator]()), 'next', count);
  try {
    run();
  } finally {
    for (const restore of undo.reverse()) restore();
  }
  return work;
}
