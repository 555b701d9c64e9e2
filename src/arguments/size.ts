import { ValueError } from '../errors.js';
import { describe } from './describe.js';

/** @throws ValueError unless n is a positive integer small enough to be a size */
export function checkSize(call: string, what: string, n: number): void {
  if (!(Number.isInteger(n) && n > 0 && n < 2 ** 28))
    throw new ValueError(
      `${call}: ${what} is ${describe(n)}, expected a whole number from 1 to ${2 ** 28 - 1}${typeof n === 'object' && what === 'units' ? ", as in dense(10, 'relu')" : ''}`,
    );
}
