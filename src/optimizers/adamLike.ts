import { Opcode } from '../../assembly/opcodes.js';
import { f64, size, tensor, word } from '../graph/instruction.js';
import { add } from '../ops/add.js';
import { scale } from '../ops/affine.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { sub } from '../ops/sub.js';
import { SMALLEST_NORMAL } from './averages.js';
import { type Optimizer, optimizerMaker } from './optimizer.js';

/** Adam, or AdamW where the decay is decoupled. */
export interface Adam extends Optimizer {
  readonly name: 'adam' | 'adamW';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** What Adam and AdamW share: everything but the decay. */
export function adamLike<Name extends string>(name: Name, decay: { readonly weightDecay: number; readonly decouplesDecay: boolean }) {
  const { decouplesDecay } = decay;
  return optimizerMaker({
    name,
    learningRate: 1e-3,
    ...decay,
    options: {
      beta1: { usual: 0.9, from: 0, below: 1 },
      beta2: { usual: 0.999, from: 0, below: 1 },
      epsilon: { usual: 1e-8, above: 0 },
    },
    slots: () => ['m', 'v'],
    squares: ['v'],
    // β₁ᵗ and β₂ᵗ
    powers: { start: [1, 1], from: 0, upTo: 1 },
    scalars({ beta1, beta2, epsilon, weightDecay }, learningRate, powers) {
      const first = (powers[0] as number) * beta1;
      const second = (powers[1] as number) * beta2;
      powers[0] = first;
      powers[1] = second;
      const unbias = Math.sqrt(1 - second);
      return {
        descent: (-learningRate * unbias) / (1 - first),
        epsilon: Math.max(epsilon * unbias, SMALLEST_NORMAL),
        decay: -learningRate * weightDecay,
      };
    },
    update({ options: { beta1, beta2, weightDecay }, weights, gradient, slots: { m, v }, scalars }) {
      const first = add(m, scale(sub(gradient, m), 1 - beta1));
      const second = add(v, scale(sub(square(gradient), v), 1 - beta2));
      const direction = div(first, add(sqrt(second), scalars.epsilon));
      const kept = decouplesDecay && weightDecay > 0 ? add(weights, mul(weights, scalars.decay)) : weights;
      return { weights: add(kept, mul(direction, scalars.descent)), slots: { m: first, v: second } };
    },
    kernel: ({ beta1, beta2, epsilon, weightDecay }, { w, dw, slots: { m, v }, powers, n, rate, more }) => ({
      opcode: Opcode.Adam,
      operands: {
        w: tensor(w),
        dw: tensor(dw),
        m: tensor(m),
        v: tensor(v),
        powers: tensor(powers),
        size: size(n),
        beta1: f64(beta1),
        beta2: f64(beta2),
        epsilon: f64(epsilon),
        decay: f64(decouplesDecay ? weightDecay : 0),
        rate: f64(rate),
        more: word(Number(more)),
      },
      writes: ['w', 'm', 'v', 'powers'],
      inPlace: [],
    }),
    // |m̂| is below magnitude / (1 − β₁), and √v̂ + ε at least ε.
    bound: ({ beta1, epsilon }, magnitude) => magnitude / ((1 - beta1) * epsilon),
  });
}
