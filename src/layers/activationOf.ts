import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import { type Activation, type ActivationRow, activations } from './activations.js';
import { glorotUniform } from './initializers.js';

/** What others call activations, in lower case and letters alone; version 0.1 had `step`. */
const OTHERS: Readonly<Record<string, string>> = { step: 'heaviside', swish: 'silu', linear: 'identity', logistic: 'sigmoid' };

/** The row of a name; of a function, a row of its own with `glorotUniform`. @throws ValueError listing the names there are */
export function activationOf(call: string, activation: Activation): ActivationRow {
  if (typeof activation === 'function') return { apply: activation, init: glorotUniform };
  if (typeof activation === 'string' && Object.hasOwn(activations, activation)) return activations[activation];
  const names = Object.keys(activations);
  const letters = typeof activation === 'string' ? (activation as string).toLowerCase().replace(/[^a-z]/g, '') : '';
  const meant = OTHERS[letters] ?? names.find((name) => name.toLowerCase() === letters);
  throw new ValueError(
    `${call}: activation is ${describe(activation)}, expected ${meant ? `'${meant}'` : `${names.join(', ')}, or a function of a node`}`,
  );
}
