import { describe, fieldOf } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import { INITIALS, type Initial } from '../ops/leaves.js';
import type { Initializer } from './initializers.js';

/** What an initializer gives, checked. @throws ValueError for what is none, or for values that float32 does not hold */
export function initialOf(call: string, init: Initializer, inputs: number, units: number): Initial {
  const initial = init(inputs, units);
  const fields = INITIALS[fieldOf(initial, 'kind') as string];
  if (fields === undefined)
    throw new ValueError(`${call}: init gave ${describe(initial)}, expected an initializer, such as heUniform or constantInit(0)`);
  const copy: Record<string, unknown> = { kind: initial.kind };
  for (const name of fields) {
    const value = (initial as unknown as Record<string, unknown>)[name];
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
      throw new ValueError(`${call}: init gave a ${name} of ${describe(value)}, expected a finite number that float32 holds`);
    copy[name] = value;
  }
  return copy as unknown as Initial;
}
