import { ValueError } from '../errors.js';

/** Whether a callback returned a promise. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/**
 * Checks the return value of a callback that must not be async.
 * @throws ValueError for a promise, whose own rejection is then ignored
 */
export function answerOf<T>(call: string, what: string, value: T): T {
  if (!isPromise(value)) return value;
  value.then(undefined, () => {});
  throw new ValueError(`${call}: ${what} gave a promise, expected a value; make it a function that is not async`);
}

/** Runs all functions, even where some throw; then throws the first error. */
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
