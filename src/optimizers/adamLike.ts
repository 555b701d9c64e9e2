import { Opcode } from '../../assembly/opcodes.js';
import { f64, size, tensor, word } from '../graph/instruction.js';
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
