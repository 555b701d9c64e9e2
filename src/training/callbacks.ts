import { describe, fieldOf } from '../arguments/describe.js';
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

/** @throws ValueError for a callback that is no function, or a signal that cannot abort */
export function checkCallbacks(call: string, callbacks: Readonly<Record<string, unknown>>, signal: unknown): void {
  for (const [name, value] of Object.entries(callbacks)) {
    if (value !== undefined && typeof value !== 'function') throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a function`);
  }
  if (signal !== undefined && typeof fieldOf(signal, 'throwIfAborted') !== 'function') {
    throw new ValueError(`${call}: signal is ${describe(signal)}, expected an AbortSignal, such as the signal of an AbortController`);
  }
}
