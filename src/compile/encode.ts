import { type Block, Ref, Size } from '../../assembly/opcodes.js';
import { formOf } from '../graph/forms.js';
import type { Instruction, Node, Operand } from '../graph/node.js';

/** Where a tensor lies: a block and an offset in elements. */
export interface Place {
  readonly block: Block;
  readonly offset: number;
}

/** The words of a program, and where each instruction starts. */
export interface Encoded {
  readonly words: Uint32Array;
  readonly starts: readonly number[];
}

/** Writes instructions as words (`assembly/opcodes.ts`), every tensor as the ref of its place. */
export function encode(instructions: readonly Instruction[], placeOf: (node: Node) => Place): Encoded {
  const lengths = instructions.map((instruction) => formOf(instruction.opcode).length as number);
  const words = new Uint32Array(lengths.reduce((sum, n) => sum + n, 0));
  const view = new DataView(words.buffer);
  const starts: number[] = [];
  let start = 0;
  instructions.forEach(({ opcode, operands }, i) => {
    const form = formOf(opcode);
    starts.push(start);
    words[start] = opcode;
    for (const [name, operand] of Object.entries(operands)) {
      const index = form[operand.kind === 'f64' ? `${name}Low` : name];
      if (typeof index !== 'number') throw new Error(`opcode ${opcode} has no operand ${name}`);
      write(view, (start + index) * 4, operand, placeOf);
    }
    start += lengths[i] as number;
  });
  return { words, starts };
}

function write(view: DataView, at: number, operand: Operand, placeOf: (node: Node) => Place): void {
  switch (operand.kind) {
    case 'tensor': {
      if (!operand.node) return view.setInt32(at, Ref.None, true);
      const { block, offset } = placeOf(operand.node);
      return view.setInt32(at, (block << Ref.BlockShift) | offset, true);
    }
    case 'size':
      return view.setInt32(at, operand.perRow ? Size.PerRow | operand.count : operand.count, true);
    case 'f32':
      return view.setFloat32(at, operand.value, true);
    case 'f64':
      return view.setFloat64(at, operand.value, true);
    case 'word':
      return view.setInt32(at, operand.value, true);
  }
}
