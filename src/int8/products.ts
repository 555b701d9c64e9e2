import { type Linear, Opcode, Size } from '../../assembly/opcodes.js';
import type { Program } from '../compile/program.js';
import type { Instruction } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';

/** A product by packed weights: the number of its instruction, and its words. */
export interface Product {
  readonly instruction: number;
  readonly words: Uint32Array;
}

/** The products of a program by packed weights. */
export function productsOf({ instructions, words, starts }: Program): Product[] {
  return instructions.flatMap((one, instruction) =>
    isPacked(one) ? [{ instruction, words: words.subarray(starts[instruction], starts[instruction + 1]) }] : [],
  );
}

/** A size of an instruction, in a run on `rows` rows. */
export function countOf(words: Uint32Array, operand: Linear, rows: number): number {
  const size = words[operand] as number;
  return (size & Size.CountMask) * ((size & Size.PerRow) !== 0 ? rows : 1);
}

/** Whether an instruction multiplies by packed weights. */
function isPacked({ opcode, operands }: Instruction): boolean {
  return opcode === Opcode.Linear && operands.panels?.kind === 'tensor' && operands.panels.node !== undefined;
}

/** The nodes that an instruction reads as they are: all but weights whose panels it reads. */
export function weightsReadBy(instruction: Instruction): Node[] {
  const packed = isPacked(instruction);
  const inside = (instruction.body ?? []).flatMap(weightsReadBy);
  const own = Object.entries(instruction.operands).flatMap(([name, operand]) =>
    operand.kind === 'tensor' && operand.node && !(packed && name === 'w') ? [operand.node] : [],
  );
  return [...own, ...inside];
}
