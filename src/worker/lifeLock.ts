/** A lock that a worker holds for as long as it runs: a page is told nothing of a worker that ends, but what it locked is free then. */
import { fieldOf } from '../arguments/describe.js';

/** The host's locks; undefined in Node before 24 and in a page that is no secure context. */
function locksOf(): { request(name: string, then: () => unknown): Promise<unknown> } | undefined {
  const locks = fieldOf(fieldOf(globalThis, 'navigator'), 'locks');
  return typeof fieldOf(locks, 'request') === 'function' ? (locks as ReturnType<typeof locksOf>) : undefined;
}

/** Holds a lock as long as this realm runs. @param held gets its name once it is held: whoever asked for it before that would get it. */
export function holdForLife(held: (name: string) => void): void {
  const name = `neurite-${Math.random()}`;
  const forever = () => {
    held(name);
    return new Promise<never>(() => {});
  };
  // A sandboxed frame has locks and refuses them.
  locksOf()
    ?.request(name, forever)
    .catch(() => {});
}

/** Tells of the end of the realm that holds a lock. */
export function whenFree(name: string, ended: () => void): void {
  locksOf()
    ?.request(name, ended)
    .catch(() => {});
}
