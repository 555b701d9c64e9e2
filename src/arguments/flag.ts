import { ValueError } from '../errors.js';
import { describe } from './describe.js';

/** @throws ValueError for what is neither true nor false */
export function checkFlag(call: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new ValueError(`${call}: ${name} is ${describe(value)}, expected true or false`);
}
