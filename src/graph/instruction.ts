/** Instructions as plain data: their operands, and the forms that several ops use. */
import { Opcode, TargetKind } from '../../assembly/opcodes.js';
import type { Instruction, Node, Operand } from './node.js';
import { elements, features, type Shape } from './shape.js';

export type { Instruction, Operand } from './node.js';

export const tensor = (node: Node | undefined): Operand => ({ kind: 'tensor', node });
export const size = (count: number, perRow = false): Operand => ({ kind: 'size', count, perRow });
export const f32 = (value: number): Operand => ({ kind: 'f32', value });
export const f64 = (value: number): Operand => ({ kind: 'f64', value });
export const word = (value: number): Operand => ({ kind: 'word', value });

/** Every tensor an instruction touches, with the operand's name. */
export function tensorsOf(instruction: Instruction): { name: string; node: Node; written: boolean }[] {
  return Object.entries(instruction.operands).flatMap(([name, operand]) =>
    operand.kind === 'tensor' && operand.node ? [{ name, node: operand.node, written: instruction.writes.includes(name) }] : [],
  );
}

/** The element count of a tensor, as an operand. */
export function count(shape: Shape): Operand {
  return size(elements(shape), shape.batched);
}

/** The rows a rowwise kernel goes over: those of the batch, or one. */
export function rowsOf(shape: Shape): Operand {
  return size(1, shape.batched);
}

/** How a target node's values are laid out. */
export function targetKind(t: Node): TargetKind {
  return t.attributes.classes ? TargetKind.Classes : TargetKind.Values;
}

export function unaryInstruction(opcode: Opcode, y: Node, x: Node, alpha: number, beta: number): Instruction {
  return {
    opcode,
    operands: { y: tensor(y), x: tensor(x), size: count(y.shape), alpha: f32(alpha), beta: f32(beta) },
    writes: ['y'],
    inPlace: ['x'],
  };
}

export function binaryInstruction(opcode: Opcode, y: Node, a: Node, b: Node, alpha: number): Instruction {
  return {
    opcode,
    operands: { y: tensor(y), a: tensor(a), b: tensor(b), size: count(y.shape), alpha: f32(alpha) },
    writes: ['y'],
    inPlace: ['a', 'b'],
  };
}

/** A kernel between x and y over rows and features; which of the two is wide is the opcode's. */
export function rowsInstruction(opcode: Opcode, y: Node, x: Node, wide: Node, inPlace: readonly string[] = []): Instruction {
  return {
    opcode,
    operands: { y: tensor(y), x: tensor(x), rows: rowsOf(wide.shape), features: size(elements(wide.shape)), accumulate: word(0) },
    writes: ['y'],
    inPlace,
  };
}

/** A kernel of the loss of each row, from the logits and targets that the node has as inputs. */
export function lossInstruction(opcode: Opcode, loss: Node, kind: TargetKind): Instruction {
  const [z, t] = loss.inputs as [Node, Node];
  return {
    opcode,
    operands: { loss: tensor(loss), z: tensor(z), t: tensor(t), kind: word(kind), rows: rowsOf(z.shape), features: word(features(z.shape)) },
    writes: ['loss'],
    inPlace: [],
  };
}

/** y = value·factors. */
export function fillInstruction(y: Node, value: number, factors: number): Instruction {
  return {
    opcode: Opcode.Fill,
    operands: { y: tensor(y), size: count(y.shape), value: f32(value), factors: word(factors) },
    writes: ['y'],
    inPlace: [],
  };
}

/** Words of an instruction, with those that it runs tile by tile. */
export function lengthOf({ operands, body = [] }: Instruction): number {
  const own = Object.values(operands).reduce((sum, operand) => sum + wordsOf(operand), 1);
  return own + body.reduce((sum, one) => sum + lengthOf(one), 0);
}

/** Words of an operand. */
export function wordsOf(operand: Operand): number {
  if (operand.kind === 'tensor' && operand.inBody) return 0;
  return operand.kind === 'f64' ? 2 : 1;
}
