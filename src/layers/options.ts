import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';

/** @throws ValueError for what is no positive number that float32 holds */
export function checkPositive(call: string, name: string, value: unknown): void {
  if (!(typeof value === 'number' && Math.fround(value) > 0 && Number.isFinite(Math.fround(value))))
    throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a positive number that float32 holds`);
}

/** @throws ValueError for what is no share of 1, or is all of it */
export function checkShare(call: string, name: string, value: unknown, most: 'below 1' | 'up to 1'): void {
  if (!(typeof value === 'number' && value >= 0 && (value < 1 || (most === 'up to 1' && value === 1))))
    throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a number from 0, ${most}`);
}
