import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { abs } from '../ops/abs.js';
import { add } from '../ops/add.js';
import { affine, scale, shift } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { div } from '../ops/div.js';
import { erfc } from '../ops/erfc.js';
import { exp } from '../ops/exp.js';
import { expm1 } from '../ops/expm1.js';
import { heaviside } from '../ops/heaviside.js';
import { leakyRelu } from '../ops/leakyRelu.js';
import { mul } from '../ops/mul.js';
import { relu } from '../ops/relu.js';
import { sigmoid } from '../ops/sigmoid.js';
import { softmax } from '../ops/softmax.js';
import { softplus } from '../ops/softplus.js';
import { tanh } from '../ops/tanh.js';
import { glorotUniform, heUniform, type Initializer } from './initializers.js';

/** x·Φ(x) = ½x·erfc(−x/√2) (Hendrycks & Gimpel 2016), the exact form. 1 + erf(x/√2) would cancel far below 0. */
export function gelu(x: Node): Node {
  return mul(scale(x, 0.5), erfc(scale(x, -Math.SQRT1_2)));
}

/** x·σ(x) (Elfwing et al. 2018), also called swish. */
export function silu(x: Node): Node {
  return mul(x, sigmoid(x));
}

/** x where x > 0, else α·(eˣ − 1) (Clevert et al. 2016); α = 1 by default. Its slope at 0 is α. */
export function elu(x: Node, alpha = 1): Node {
  return add(relu(x), scale(expm1(clip(x, -Infinity, 0)), alpha));
}

/** λ·elu(x, α) with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017). */
export function selu(x: Node): Node {
  return scale(elu(x, 1.6732632423543772), 1.0507009873554805);
}

/** x / (1 + |x|). */
export function softsign(x: Node): Node {
  return div(x, shift(abs(x), 1));
}

/** clip(x/6 + ½, 0, 1). */
export function hardSigmoid(x: Node): Node {
  return clip(affine(x, 1 / 6, 0.5), 0, 1);
}

/** x·tanh(softplus(x)) (Misra 2019). */
export function mish(x: Node): Node {
  return mul(x, tanh(softplus(x)));
}

/** What an activation is: its function, and how the weights before it start unless the layer says otherwise. */
export interface ActivationRow {
  readonly apply: (z: Node) => Node;
  /** `heUniform` for those that pass on about half of their inputs, else `glorotUniform`. */
  readonly init: Initializer;
}

/** The activations that have a name. To add one is to add its row here. */
export const activations = {
  identity: { apply: (z: Node) => z, init: glorotUniform },
  /** The hard threshold: 1 where z ≥ 0, else 0. */
  heaviside: { apply: (z: Node) => heaviside(z, 1), init: glorotUniform },
  sigmoid: { apply: sigmoid, init: glorotUniform },
  tanh: { apply: tanh, init: glorotUniform },
  relu: { apply: relu, init: heUniform },
  leakyRelu: { apply: (z: Node) => leakyRelu(z), init: heUniform },
  softmax: { apply: softmax, init: glorotUniform },
  gelu: { apply: gelu, init: heUniform },
  silu: { apply: silu, init: heUniform },
  elu: { apply: (z: Node) => elu(z), init: heUniform },
  selu: { apply: selu, init: glorotUniform },
  softplus: { apply: softplus, init: heUniform },
  softsign: { apply: softsign, init: glorotUniform },
  hardSigmoid: { apply: hardSigmoid, init: glorotUniform },
  mish: { apply: mish, init: heUniform },
  exp: { apply: exp, init: glorotUniform },
} as const satisfies Readonly<Record<string, ActivationRow>>;

/** The name of an activation. */
export type ActivationName = keyof typeof activations;

/** An activation: its name, or any function of a node, such as `z => leakyRelu(z, 0.2)`. */
export type Activation = ActivationName | ((z: Node) => Node);

/** The linear activation αz + β, to be passed to a layer: `dense(3, linear(2, 1))`. Default β 0. @throws ValueError unless both are finite */
export function linear(alpha: number, beta = 0): (z: Node) => Node {
  for (const [name, value] of Object.entries({ alpha, beta })) {
    if (!Number.isFinite(value)) throw new ValueError(`linear: ${name} is ${describe(value)}, expected a finite number`);
  }
  return (z) => affine(z, alpha, beta);
}

/** The row of a name; of a function, a row of its own with `glorotUniform`. @throws ValueError listing the names there are */
export function activationOf(call: string, activation: Activation): ActivationRow {
  if (typeof activation === 'function') return { apply: activation, init: glorotUniform };
  if (typeof activation === 'string' && Object.hasOwn(activations, activation)) return activations[activation];
  const names = Object.keys(activations);
  const letters = typeof activation === 'string' ? (activation as string).toLowerCase().replace(/[^a-z]/g, '') : '';
  // Version 0.1 called it step.
  const meant = letters === 'step' ? 'heaviside' : names.find((name) => name.toLowerCase() === letters);
  throw new ValueError(
    `${call}: activation is ${describe(activation)}, expected ${meant ? `'${meant}'` : `${names.join(', ')}, or a function of a node`}`,
  );
}
