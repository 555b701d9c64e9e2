import * as Forms from '../../assembly/opcodes.js';
import { Opcode, TargetKind } from '../../assembly/opcodes.js';
import type { Node } from './node.js';
import { elements, type Shape } from './shape.js';

/** An operand before it has a place: a tensor, or a number of one of the kinds of `assembly/opcodes.ts`. */
export type Operand =
  | { readonly kind: 'tensor'; readonly node: Node | undefined }
  | { readonly kind: 'size'; readonly count: number; readonly perRow: boolean }
  | { readonly kind: 'f32' | 'f64' | 'word'; readonly value: number };

export const tensor = (node: Node | undefined): Operand => ({ kind: 'tensor', node });
export const size = (count: number, perRow = false): Operand => ({ kind: 'size', count, perRow });
export const f32 = (value: number): Operand => ({ kind: 'f32', value });
export const f64 = (value: number): Operand => ({ kind: 'f64', value });
export const word = (value: number): Operand => ({ kind: 'word', value });

/** The operand names of an opcode, in the order of its words; an f64 is named once and takes the words `…Low`, `…High`. */
export type Form = Record<string, string | number>;

/** One instruction of a program, its tensors not yet placed. */
export interface Instruction {
  readonly opcode: Opcode;
  readonly operands: Readonly<Record<string, Operand>>;
  /** Names of the operands it writes; all other tensors are only read. */
  readonly writes: readonly string[];
  /** Operands whose memory the first written one may take over. */
  readonly inPlace: readonly string[];
  /** What a written parameter's or state's operand is, for explain(); the node's own label where left out. */
  readonly label?: string;
  /** The instructions that it runs tile by tile. Tensors that they share with others are operands of the whole. */
  readonly body?: readonly Instruction[];
}

/** The enum that names an opcode's words. */
export function formOf(opcode: Opcode): Form {
  const form = FORMS[opcode] ?? (opcode < Opcode.Add ? Forms.Unary : opcode < Opcode.Gemm ? Forms.Binary : Forms.Rows);
  return form as unknown as Form;
}

const FORMS: Partial<Record<Opcode, object>> = {
  [Opcode.Scale]: Forms.Scale,
  [Opcode.Gemm]: Forms.Gemm,
  [Opcode.Linear]: Forms.Linear,
  [Opcode.Fill]: Forms.Fill,
  [Opcode.CopyColumns]: Forms.CopyColumns,
  [Opcode.CrossEntropy]: Forms.Loss,
  [Opcode.BinaryCrossEntropy]: Forms.Loss,
  [Opcode.SoftmaxCrossEntropy]: Forms.FusedLoss,
  [Opcode.SigmoidCrossEntropy]: Forms.FusedLoss,
  [Opcode.AccumulateLoss]: Forms.AccumulateLoss,
  [Opcode.CountCorrect]: Forms.CountCorrect,
  [Opcode.Sgd]: Forms.Sgd,
  [Opcode.Momentum]: Forms.Momentum,
  [Opcode.Adam]: Forms.Adam,
  [Opcode.ClipNorm]: Forms.ClipNorm,
  [Opcode.Axpy]: Forms.Axpy,
  [Opcode.Magnitude]: Forms.Magnitude,
  [Opcode.Gather]: Forms.Gather,
  [Opcode.Tile]: Forms.Tile,
};

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
