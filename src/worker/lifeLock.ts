/** A lock that a worker holds for as long as it runs: a page is told nothing of a worker that ends, but what it locked is free then. */
import { fieldOf } from '../arguments/describe.js';

/** The host's locks; undefined in Node before 24 and in a page that is no secure context. */
function locksOf(): { request(name: string, then: () => unknown): Promise<unknown> } | undefined {
  const locks = fieldOf(fieldOf(globalThis, 'navigator'), 'locks');
  return typeof fieldOf(locks, 'request') === 'function' ? (locks as ReturnType<typeof locksOf>) : undefined;
}

/** Holds a lock as long as this realm runs. @returns its name once it is held, as whoever asks before that would get it; undefined without locks */
export function holdForLife(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const name = `neurite-${Math.random()}`;
    const forever = () => {
      resolve(name);
      return new Promise<never>(() => {});
    };
    const locks = locksOf();
    // A sandboxed frame has locks and refuses them.
    if (locks) locks.request(name, forever).catch(() => resolve(undefined));
    else resolve(undefined);
  });
}

/** Tells of the end of the realm that holds a lock. */
export function whenFree(name: string, ended: () => void): void {
  locksOf()
    ?.request(name, ended)
    .catch(() => {});
}
