import { type Block, Ref, Size } from '../../assembly/opcodes.js';
import { lengthOf, wordsOf } from '../graph/instruction.js';
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

/**
 * Writes instructions as words (`assembly/opcodes.ts`), every tensor as the ref of its place: the opcode, then the operands in their order. Those of a
 * tile stand behind it.
 */
export function encode(instructions: readonly Instruction[], placeOf: (node: Node) => Place): Encoded {
  const starts: number[] = [];
  let end = 0;
  for (const instruction of instructions) {
    starts.push(end);
    end += lengthOf(instruction);
  }
  const words = new Uint32Array(end);
  const view = new DataView(words.buffer);
  instructions.forEach((instruction, i) => {
    let at = starts[i] as number;
    for (const { opcode, operands } of [instruction, ...(instruction.body ?? [])]) {
      words[at++] = opcode;
      for (const operand of Object.values(operands)) {
        write(view, at * 4, operand, placeOf);
        at += wordsOf(operand);
      }
    }
  });
  return { words, starts };
}

function write(view: DataView, at: number, operand: Operand, placeOf: (node: Node) => Place): void {
  switch (operand.kind) {
    case 'tensor': {
      if (operand.inBody) return;
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
