/** Reads the operands of an instruction: the words behind its opcode. See `opcodes.ts`. */
import { Opcode, Ref, Size } from './opcodes';

/** Operand `index` of the instruction at pc, undecoded. */
export function word(pc: usize, index: i32): u32 {
  return load<u32>(pc + ((<usize>index) << 2));
}

export function float(pc: usize, index: i32): f32 {
  return load<f32>(pc + ((<usize>index) << 2));
}

export function double(pc: usize, index: i32): f64 {
  return load<f64>(pc + ((<usize>index) << 2));
}

/** The address of a ref. */
export function address(context: usize, pc: usize, index: i32): usize {
  const ref = word(pc, index);
  return <usize>load<u32>(context + ((ref >>> Ref.BlockShift) << 2)) + (<usize>(ref & Ref.OffsetMask) << 2);
}

/** The address of an optional ref; 0 for none. */
export function optional(context: usize, pc: usize, index: i32): usize {
  return word(pc, index) == <u32>Ref.None ? 0 : address(context, pc, index);
}

/** The count of a size in a run of `rows`. */
export function count(pc: usize, index: i32, rows: u32): usize {
  const size = word(pc, index);
  return <usize>(size & Size.CountMask) * ((size & Size.PerRow) != 0 ? <usize>rows : 1);
}

/** Whether an opcode of form Rows makes one number of each row. */
export function reducesFeatures(opcode: i32): bool {
  return opcode == Opcode.SumFeatures || opcode == Opcode.LogSumExp || opcode == Opcode.MaxFeatures;
}

/** Whether an opcode of form Rows reads one number of each row. */
export function expandsFeatures(opcode: i32): bool {
  return opcode == Opcode.ExpandFeatures || opcode == Opcode.OneHot;
}

/** Elements of what an opcode of form Rows writes. */
export function resultSize(opcode: i32, rows: usize, features: usize): usize {
  if (opcode == Opcode.SumRows) return features;
  return reducesFeatures(opcode) ? rows : rows * features;
}

/** Elements of what it reads. */
export function operandSize(opcode: i32, rows: usize, features: usize): usize {
  if (opcode == Opcode.ExpandRows) return features;
  return expandsFeatures(opcode) ? rows : rows * features;
}
