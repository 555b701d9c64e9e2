import { type Linear, Size } from '../../assembly/opcodes.js';
import { isPacked } from '../compile/prepack.js';
import type { Program } from '../compile/program.js';

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
