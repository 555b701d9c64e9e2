/**
 * Takes the next rows of a data set, as an instruction says. A helper takes them itself, to a copy of its own, where it reads them: rows that another
 * core wrote come a line at a time, and that core waits for each line before it writes the next step's.
 */
import { Context } from './context';
import { gather } from './kernels/data';
import * as I from './opcodes';
import { address, float, word } from './operands';
import { copiedRows, copyOfRows, gatherOfJob, rowsOfJob, setCopiedRows } from './team';

/** Takes the rows of the instruction at pc to y. */
export function gatherTo(y: usize, context: usize, pc: usize, rows: u32): void {
  gather(
    y, load<u32>(<usize>load<u32>(context, Context.Sources) + (<usize>word(pc, I.Gather.source) << 2)),
    load<u32>(context, Context.Order), load<u32>(context, Context.Position),
    rows, word(pc, I.Gather.features), word(pc, I.Gather.type), float(pc, I.Gather.scale), float(pc, I.Gather.offset),
  );
}

/** The tensor at `x`; of rows that this step gathered, a helper's copy. The bits are the same. */
export function nearest(context: usize, x: usize): usize {
  const pc = gatherOfJob();
  if (!pc || address(context, pc, I.Gather.y) != x) return x;
  const copy = copyOfRows();
  if (!copiedRows()) {
    gatherTo(copy, context, pc, rowsOfJob());
    setCopiedRows();
  }
  return copy;
}
