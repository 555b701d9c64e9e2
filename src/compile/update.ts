import { Opcode } from '../../assembly/opcodes.js';
import { f32, f64, type Instruction, size, tensor, word } from '../graph/instruction.js';
import { Node } from '../graph/node.js';
import { elements, vector } from '../graph/shape.js';
import { leaf } from '../ops/leaves.js';
import type { Optimizer } from '../optimizers/optimizers.js';

const runOp = leaf('run', { unsaved: true });

/** A stretch of a block, seen as one vector: all parameters, all gradients, a slot of optimizer state. */
export function run(name: string, n: number): Node {
  return new Node(runOp, [], vector(n), {}, name);
}

/** How many vectors of the parameters' length an optimizer keeps. */
export function slotCount(optimizer: Optimizer): number {
  if (optimizer.name !== 'sgd') return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}

/** Whether a step may add −learningRate·gradient to each parameter as it is computed: plain SGD needs no gradient as a whole. */
export function isPlainDescent(optimizer: Optimizer): boolean {
  return optimizer.name === 'sgd' && optimizer.momentum === 0 && optimizer.weightDecay === 0 && optimizer.clipNorm === Number.POSITIVE_INFINITY;
}

/** The instructions of one update, over all parameters at once: L2, clipping, then the optimizer's own pass. */
export function updateInstructions(optimizer: Optimizer, w: Node, dw: Node, slots: readonly Node[], powers: Node): Instruction[] {
  const n = size(elements(w.shape));
  const instructions: Instruction[] = [];
  const { weightDecay, clipNorm } = optimizer;
  if (weightDecay > 0 && optimizer.name !== 'adamW') {
    instructions.push({
      opcode: Opcode.Axpy,
      operands: { y: tensor(dw), x: tensor(w), size: n, alpha: f32(weightDecay) },
      writes: ['y'],
      inPlace: [],
    });
  }
  if (clipNorm !== Number.POSITIVE_INFINITY) {
    instructions.push({ opcode: Opcode.ClipNorm, operands: { g: tensor(dw), size: n, maxNorm: f32(clipNorm) }, writes: ['g'], inPlace: [] });
  }
  const common = { w: tensor(w), dw: tensor(dw), size: n };
  if (optimizer.name !== 'sgd') {
    const [m, v] = slots;
    instructions.push({
      opcode: Opcode.Adam,
      operands: {
        ...common,
        m: tensor(m),
        v: tensor(v),
        powers: tensor(powers),
        beta1: f64(optimizer.beta1),
        beta2: f64(optimizer.beta2),
        epsilon: f64(optimizer.epsilon),
        decay: f64(optimizer.name === 'adamW' ? weightDecay : 0),
      },
      writes: ['w', 'm', 'v', 'powers'],
      inPlace: [],
    });
  } else if (optimizer.momentum > 0) {
    instructions.push({
      opcode: Opcode.Momentum,
      operands: { ...common, v: tensor(slots[0]), momentum: f32(optimizer.momentum), nesterov: word(optimizer.nesterov ? 1 : 0) },
      writes: ['w', 'v'],
      inPlace: [],
    });
  } else {
    instructions.push({ opcode: Opcode.Sgd, operands: common, writes: ['w'], inPlace: [] });
  }
  return instructions;
}
