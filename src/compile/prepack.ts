import { GemmFlag, Opcode } from '../../assembly/opcodes.js';
import { f32, type Instruction, tensor, word } from '../graph/instruction.js';
import { type Node, topological } from '../graph/node.js';
import { Parameter } from '../ops/leaves.js';
import { matmulOp } from '../ops/matmul.js';
import { run } from '../ops/run.js';

/** A weight matrix w[n, k] and the tensor of its panels. */
export interface Panels {
  readonly weights: Parameter;
  readonly n: number;
  readonly k: number;
  readonly panels: Node;
}

/** The weights that the outputs multiply batches by, x·wᵀ, each with room for its panels, of `size` elements: those that can be packed once and for all. */
export function panelsOf(outputs: readonly Node[], size: (n: number, k: number) => number): Panels[] {
  const products = topological(outputs).filter(({ op, inputs, attributes, shape }) => {
    return op === matmulOp && inputs[1] instanceof Parameter && attributes.tb && !attributes.ta && shape.batched;
  });
  return [...new Set(products.map(({ inputs }) => inputs[1] as Parameter))].map((weights) => {
    const [n, k] = weights.shape.size as [number, number];
    return { weights, n, k, panels: run(`${weights.name ?? 'weights'}, packed`, size(n, k)) };
  });
}

/** Lets products by weights that are packed read their panels. */
export function usePanels(instructions: readonly Instruction[], packed: readonly Panels[]): Instruction[] {
  if (packed.length === 0) return [...instructions];
  const panelsFor = new Map<Node, Node>(packed.map(({ weights, panels }) => [weights, panels]));
  return instructions.map((instruction) => {
    const { opcode, operands } = instruction;
    const factor = opcode === Opcode.Linear ? operands.w : isProductOfWeights(instruction) ? operands.b : undefined;
    const found = factor?.kind === 'tensor' && factor.node && panelsFor.get(factor.node);
    if (!found) return instruction;
    const panels = tensor(found);
    if (opcode === Opcode.Linear) return { ...instruction, operands: { ...operands, panels } };
    const { c, a, b, m, n, k } = operands as Record<string, Instruction['operands'][string]>;
    return {
      opcode: Opcode.Linear,
      operands: { u: c, x: a, w: b, b: tensor(undefined), m, n, k, activation: word(Opcode.Copy), alpha: f32(0), beta: f32(0), panels },
      writes: ['u'],
      inPlace: [],
    } as Instruction;
  });
}

function isProductOfWeights({ opcode, operands }: Instruction): boolean {
  return opcode === Opcode.Gemm && operands.flags?.kind === 'word' && operands.flags.value === GemmFlag.TransposeB;
}
