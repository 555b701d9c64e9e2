import { Opcode } from '../../assembly/opcodes.js';
import { f32, f64, type Instruction, size, tensor, word } from '../graph/instruction.js';
import { type Optimizer, optimizerMaker } from './optimizer.js';

/** Gradient descent. */
export interface Sgd extends Optimizer {
  readonly name: 'sgd';
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent, θ ← θ − learningRate·∂L/∂θ; with momentum μ, v ← μ·v + ∂L/∂θ and θ ← θ − learningRate·v, or
 * θ ← θ − learningRate·(∂L/∂θ + μ·v) with `nesterov` (Sutskever et al. 2013, in the form where v holds gradients).
 * L2 comes first, clipping after it: the norm that clipNorm bounds is that of ∂L/∂θ + weightDecay·θ.
 * Defaults: learningRate 0.01, momentum 0, nesterov false, weightDecay 0, no clipping.
 */
export const sgd = /* @__PURE__ */ optimizerMaker({
  name: 'sgd',
  learningRate: 0.01,
  options: { momentum: { usual: 0, from: 0, below: 1 }, nesterov: { usual: false } },
  check: ({ momentum, nesterov }) => (nesterov && momentum === 0 ? 'nesterov came without momentum, expected momentum > 0' : undefined),
  slots: ({ momentum }) => (momentum > 0 ? ['velocity'] : []),
  kernel({ momentum, nesterov }, { w, dw, slots, n, rate }): Instruction {
    if (momentum === 0) {
      return { opcode: Opcode.Sgd, operands: { w: tensor(w), dw: tensor(dw), size: size(n), rate: f64(rate) }, writes: ['w'], inPlace: [] };
    }
    return {
      opcode: Opcode.Momentum,
      operands: {
        w: tensor(w),
        dw: tensor(dw),
        v: tensor(slots.velocity),
        size: size(n),
        momentum: f32(momentum),
        nesterov: word(nesterov ? 1 : 0),
        rate: f64(rate),
      },
      writes: ['w', 'v'],
      inPlace: [],
    };
  },
  // |v| stays below magnitude / (1 − μ), and Nesterov's direction below twice that.
  bound: ({ momentum }, magnitude) => (2 * magnitude) / (1 - momentum),
  descends: ({ momentum }) => momentum === 0,
});
