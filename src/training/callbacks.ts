import { ValueError } from '../errors.js';

/** Whether a callback gave a promise. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/**
 * What a callback gave that must answer at once.
 * @throws ValueError for a promise, whose own rejection is then nobody's business
 */
export function answerOf<T>(call: string, what: string, value: T): T {
  if (!isPromise(value)) return value;
  value.then(undefined, () => {});
  throw new ValueError(`${call}: ${what} gave a promise, expected an answer at once; make it a function that is not async`);
}

/** Runs every one of these, whatever another throws; then throws what was thrown first. */
export function runAll(...all: (() => void)[]): void {
  const errors: unknown[] = [];
  for (const run of all) {
    try {
      run();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
