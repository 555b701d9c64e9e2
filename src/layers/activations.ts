import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { affine } from '../ops/affine.js';
import { elu } from '../ops/elu.js';
import { exp } from '../ops/exp.js';
import { gelu } from '../ops/gelu.js';
import { hardSigmoid } from '../ops/hardSigmoid.js';
import { leakyRelu } from '../ops/leakyRelu.js';
import { mish } from '../ops/mish.js';
import { relu } from '../ops/relu.js';
import { selu } from '../ops/selu.js';
import { sigmoid } from '../ops/sigmoid.js';
import { silu } from '../ops/silu.js';
import { softmax } from '../ops/softmax.js';
import { softplus } from '../ops/softplus.js';
import { softsign } from '../ops/softsign.js';
import { step } from '../ops/step.js';
import { tanh } from '../ops/tanh.js';

/** The activations that have a name. */
export const activations = {
  identity: (z: Node) => z,
  /** The hard threshold: 1 where z ≥ 0, else 0 (notes 2). */
  step: (z: Node) => step(z, 1),
  sigmoid,
  tanh,
  relu,
  leakyRelu: (z: Node) => leakyRelu(z),
  softmax,
  gelu,
  silu,
  elu: (z: Node) => elu(z),
  selu,
  softplus,
  softsign,
  hardSigmoid,
  mish,
  exp,
} as const;

/** The name of an activation. */
export type ActivationName = keyof typeof activations;

/** An activation: its name, or any function of a node, such as `z => leakyRelu(z, 0.2)`. */
export type Activation = ActivationName | ((z: Node) => Node);

/** The linear activation αz + β (notes 34), to be passed to a layer: `dense(3, linear(2, 1))`. Default β 0. @throws ValueError unless both are finite */
export function linear(alpha: number, beta = 0): (z: Node) => Node {
  for (const [name, value] of Object.entries({ alpha, beta })) {
    if (!Number.isFinite(value)) throw new ValueError(`linear: ${name} is ${describe(value)}, expected a finite number`);
  }
  return (z) => affine(z, alpha, beta);
}

/** @throws ValueError listing the names there are */
export function activationOf(call: string, activation: Activation): (z: Node) => Node {
  if (typeof activation === 'function') return activation;
  if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
    const names = Object.keys(activations);
    const letters = typeof activation === 'string' ? (activation as string).toLowerCase().replace(/[^a-z]/g, '') : '';
    const meant = names.find((name) => name.toLowerCase() === letters);
    throw new ValueError(
      `${call}: activation is ${describe(activation)}, expected ${meant ? `'${meant}'` : `${names.join(', ')}, or a function of a node`}`,
    );
  }
  return activations[activation];
}

/** Activations that pass on about half of their inputs, for which the He initialisation is made. */
export function isRectifier(activation: Activation): boolean {
  return typeof activation === 'string' && ['relu', 'leakyRelu', 'gelu', 'silu', 'elu', 'mish', 'softplus'].includes(activation);
}
