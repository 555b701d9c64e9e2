/** Errors on their way from a worker to the page: the same class with the same fields, and the stacks of both. */
import * as classes from '../errors.js';

/** An error as data that can be cloned. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: ErrorData | undefined;
}

/** Whether a value can be sent as it is: made of numbers, texts, flags, lists and plain objects. */
function isPlain(value: unknown, depth = 4): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  return (
    depth > 0 &&
    (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) &&
    Object.values(value).every((one) => isPlain(one, depth - 1))
  );
}

/** What was thrown, as data. */
export function toData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, fields: {}, cause: undefined };
  const { name, message, stack, cause } = error;
  const fields = Object.fromEntries(Object.entries(error).filter(([key, value]) => key !== 'cause' && isPlain(value)));
  return { name, message, stack, fields, cause: cause === undefined ? undefined : toData(cause) };
}

/** The prototype of an error's class. An error of a class that is not known here is an Error with that name. */
function prototypeOf(name: string): object {
  const known: Readonly<Record<string, unknown>> = { ...classes, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  return typeof found === 'function' ? (found as { prototype: object }).prototype : Error.prototype;
}

/** The stack of a caller as a stack goes on: without its first line, which is its message where an engine writes one. */
function continued(caller: Error | undefined): string {
  const lines = caller?.stack?.split('\n') ?? [];
  return lines.length === 0 ? '' : `\n    in a worker, called\n${lines.slice(lines[0] === String(caller) ? 1 : 0).join('\n')}`;
}

/** An error of the page itself, whose stack goes on where the call was. */
export function calledAt<E extends Error>(error: E, caller: Error): E {
  return Object.defineProperty(error, 'stack', { value: `${error.stack}${continued(caller)}`, writable: true, configurable: true });
}

/** The error that data tell of. @param caller was made where the call was: its stack goes on where that of the worker ends */
export function fromData({ name, message, stack, fields, cause }: ErrorData, caller?: Error): Error {
  const error = new Error(message);
  Object.setPrototypeOf(error, prototypeOf(name));
  Object.assign(error, fields);
  const define = (key: string, value: unknown) => Object.defineProperty(error, key, { value, writable: true, configurable: true });
  if (error.name !== name) define('name', name);
  define('stack', `${stack ?? `${name}: ${message}`}${continued(caller)}`);
  if (cause) define('cause', fromData(cause));
  return error;
}
