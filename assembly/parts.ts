/**
 * How an instruction is split into parts that threads run at the same time: over elements of its result, never over a sum. The bits are those of the
 * whole. A part is an instruction like any other, with other addresses and sizes, or a call of the kernel where no instruction says it.
 */
import { Context } from './context';
import { nearest } from './gather';
import { gemmPart } from './gemm/gemm';
import { largestMagnitude } from './kernels/data';
import { linear, linearPart } from './kernels/linear';
import { sumRows } from './kernels/rows';
import { address, count, expandsFeatures, float, optional, reducesFeatures, word } from './operands';
import * as I from './opcodes';
import { Block, Form, formOf, GemmFlag, isFunction, lengthOf, Opcode, Ref, TargetKind } from './opcodes';
import { roomSize } from './int8/linear';
import { MR as STRIP } from './int8/layout';
import { Scratch } from './scratch';
import { Own } from './team';

/** The time of a multiply-add, and of an element in one elementwise pass, a copy, a function, a row kernel, an update; in ns. */
const MULTIPLY: f64 = 0.04;
const PASS: f64 = 0.2;
/**
 * What counts of such a pass, whose operands may be in another core's cache: moving them takes as long as the pass. 16,384 elements of relu's gradient took
 * 4 µs on one thread and 11 on two.
 */
const SHARED_PASS: f64 = PASS / 8;
const FUNCTION: f64 = 1.2;
const LOSS: f64 = 2.5;
const DRAW: f64 = 4;
const UPDATE: f64 = 0.6;

/** In how many parts to run an instruction, of `least` ns each: 1 where it is too small, or is not split. */
export function partsOf(pc: usize, rows: u32, threads: u32, least: f64): u32 {
  const time = work(pc, rows);
  const turns = <u32>min<f64>(TURNS, time / (LONG * threads));
  return turns > 1 ? threads * turns : <u32>max<f64>(1, min<f64>(threads, time / least));
}

/** What an instruction takes, in ns; 0 for one that is not split. */
function work(pc: usize, rows: u32): f64 {
  const opcode: i32 = load<i32>(pc);
  const element = isFunction(opcode) ? FUNCTION : SHARED_PASS;
  switch (formOf(opcode)) {
    case Form.Unary: return element * <f64>count(pc, I.Unary.size, rows);
    case Form.Scale: return element * <f64>count(pc, I.Scale.size, rows);
    case Form.Binary: return element * <f64>count(pc, I.Binary.size, rows);
    case Form.Fill: return element * <f64>count(pc, I.Fill.size, rows);
    case Form.Gemm: return MULTIPLY * <f64>count(pc, I.Gemm.m, rows) * <f64>count(pc, I.Gemm.n, rows) * <f64>count(pc, I.Gemm.k, rows);
    case Form.Linear: return MULTIPLY * <f64>count(pc, I.Linear.m, rows) * <f64>count(pc, I.Linear.n, rows) * <f64>count(pc, I.Linear.k, rows);
    case Form.LinearInt8: {
      const m = count(pc, I.LinearInt8.m, rows);
      // A strip stays together.
      if (m <= STRIP) return 0;
      return (MULTIPLY / 2) * <f64>m * <f64>count(pc, I.LinearInt8.n, rows) * <f64>count(pc, I.LinearInt8.k, rows);
    }
    case Form.Rows: return element * elements(pc, I.Rows.rows, rows);
    case Form.CopyColumns: return element * elements(pc, I.CopyColumns.rows, rows);
    case Form.Loss: return LOSS * elements(pc, I.Loss.rows, rows);
    case Form.FusedLoss: return LOSS * elements(pc, I.FusedLoss.rows, rows);
    case Form.Random: return DRAW * elements(pc, I.Random.rows, rows);
    // Backward, two rows may add to one.
    case Form.Embed: return opcode == Opcode.Embed ? PASS * elements(pc, I.Embed.rows, rows) : 0;
    case Form.Gather: return PASS * <f64>rows * <f64>word(pc, I.Gather.features);
    case Form.Sgd: return PASS * <f64>count(pc, I.Sgd.size, rows);
    case Form.Momentum: return PASS * <f64>count(pc, I.Momentum.size, rows);
    case Form.Adam: return UPDATE * <f64>count(pc, I.Adam.size, rows);
    case Form.Axpy: return PASS * <f64>count(pc, I.Axpy.size, rows);
    case Form.Magnitude: return (PASS / 2) * <f64>count(pc, I.Magnitude.size, rows);
    case Form.Tile: {
      const words = word(pc, I.Tile.words);
      if (((<u32>I.Tile.length + words) << 2) > <u32>Own.InstructionSize || word(pc, I.Tile.span) > (<u32>Scratch.Narrow >> 2)) return 0;
      return (PASS / 6) * <f64>words * <f64>count(pc, I.Tile.size, rows);
    }
    default: return 0;
  }
}

/** Rows times what follows them, the features. */
function elements(pc: usize, index: i32, rows: u32): f64 {
  return <f64>count(pc, index, rows) * <f64>count(pc, index + 1, rows);
}

/** Bytes of an instruction; of a tile, with what runs in it. */
export function bytesOf(pc: usize): usize {
  const form = formOf(load<i32>(pc));
  return (<usize>lengthOf(form) + (form == Form.Tile ? <usize>word(pc, I.Tile.words) : 0)) << 2;
}

/** Where part number `part` of n elements begins, a multiple of `unit`; where the one before ends. */
function bound(n: usize, unit: usize, part: u32, parts: u32): usize {
  const units = (n + unit - 1) / unit;
  return min(n, <usize>((<u64>units * part) / parts) * unit);
}

/** Elements of a vector that stay together: a cache line. */
const LINE: usize = 16;

/** Rows and columns of a product that stay together: the columns of a tile. */
const TILES: usize = 8;

/** A thread gets so many parts of an instruction, if each takes this long, in ns: who is interrupted leaves some to others. */
const TURNS: f64 = 2;
const LONG: f64 = 100000;

/** Runs a part of an instruction for which there is no instruction. @returns false for the others, of which `slice` makes one */
export function runSpecial(context: usize, pc: usize, rows: u32, part: u32, parts: u32): bool {
  const opcode: i32 = load<i32>(pc);
  if (opcode == Opcode.SumRows) {
    const features = count(pc, I.Rows.features, rows);
    const first = bound(features, LINE, part, parts);
    const n = bound(features, LINE, part + 1, parts) - first;
    const y = address(context, pc, I.Rows.y) + (first << 2);
    sumRows(y, address(context, pc, I.Rows.x) + (first << 2), count(pc, I.Rows.rows, rows), n, features, word(pc, I.Rows.accumulate) != 0);
    return true;
  }
  if (opcode == Opcode.Magnitude) {
    const n = count(pc, I.Magnitude.size, rows);
    const first = bound(n, LINE, part, parts);
    raiseMagnitude(context, largestMagnitude(address(context, pc, I.Magnitude.x) + (first << 2), bound(n, LINE, part + 1, parts) - first));
    return true;
  }
  if (opcode == Opcode.Gemm) {
    const flags = word(pc, I.Gemm.flags);
    const lda: usize = word(pc, I.Gemm.lda);
    const ldb: usize = word(pc, I.Gemm.ldb);
    const ta = (flags & GemmFlag.TransposeA) != 0;
    const tb = (flags & GemmFlag.TransposeB) != 0;
    const m = count(pc, I.Gemm.m, rows);
    const n = count(pc, I.Gemm.n, rows);
    const rsa: usize = ta ? 1 : lda;
    const csb: usize = tb ? ldb : 1;
    const byRows = m > 1 && splitsRows(m, n, parts, ta);
    const first = bound(byRows ? m : n, TILES, part, parts);
    const length = bound(byRows ? m : n, TILES, part + 1, parts) - first;
    if (length == 0) return true;
    gemmPart(
      address(context, pc, I.Gemm.c) + ((byRows ? first * n : first) << 2), n,
      nearest(context, address(context, pc, I.Gemm.a)) + ((byRows ? first * rsa : 0) << 2), nearest(context, address(context, pc, I.Gemm.b)) + ((byRows ? 0 : first * csb) << 2),
      byRows ? length : m, byRows ? n : length, count(pc, I.Gemm.k, rows),
      rsa, ta ? lda : 1, tb ? 1 : ldb, csb, (flags & GemmFlag.Accumulate) != 0, m == 1,
    );
    return true;
  }
  if (opcode != Opcode.Linear) return false;
  const u = address(context, pc, I.Linear.u);
  const x = nearest(context, address(context, pc, I.Linear.x));
  const w = address(context, pc, I.Linear.w);
  const b = optional(context, pc, I.Linear.b);
  const m = count(pc, I.Linear.m, rows);
  const n = count(pc, I.Linear.n, rows);
  const k = count(pc, I.Linear.k, rows);
  const panels = optional(context, pc, I.Linear.panels);
  const byRows = m > 1 && (panels != 0 || splitsRows(m, n, parts, false));
  const first = bound(byRows ? m : n, TILES, part, parts);
  const length = bound(byRows ? m : n, TILES, part + 1, parts) - first;
  if (length == 0) return true;
  const activation: i32 = word(pc, I.Linear.activation);
  const alpha = float(pc, I.Linear.alpha);
  const beta = float(pc, I.Linear.beta);
  const bias = b && !byRows ? b + (first << 2) : b;
  if (m == 1) linear(u + (first << 2), x, w + ((first * k) << 2), bias, 1, length, k, activation, alpha, beta, 0);
  else if (byRows) linearPart(u + ((first * n) << 2), n, x + ((first * k) << 2), w, bias, length, n, k, activation, alpha, beta, panels);
  else linearPart(u + (first << 2), n, x, w + ((first * k) << 2), bias, m, length, k, activation, alpha, beta, 0);
  return true;
}

/** Raises Context.Magnitude, which other threads raise too. The largest is the same in any order. */
function raiseMagnitude(context: usize, magnitude: u32): void {
  for (;;) {
    const last = atomic.load<u32>(context, Context.Magnitude);
    if (last >= magnitude || atomic.cmpxchg<u32>(context, last, magnitude, Context.Magnitude) == last) return;
  }
}

/**
 * Whether a product is split over rows of its result, not over columns: as takes less packing and reading. The gradient of weights is, wherever its rows
 * are enough: a product forward is split over the same rows of these, so that each thread's weights stay in its cache.
 */
function splitsRows(m: usize, n: usize, parts: u32, ta: bool): bool {
  return n / parts < m / parts || (ta && m >= 4 * TILES * parts);
}

/** Rows of the run for the instruction that `slice` made last. */
export let sliceRows: u32 = 0;

/**
 * Writes part number `part` of an instruction to `to`, and a context for it to `own`. @returns its bytes; 0 where there is nothing to do
 */
export function slice(to: usize, own: usize, context: usize, pc: usize, rows: u32, part: u32, parts: u32): usize {
  const opcode: i32 = load<i32>(pc);
  const form = formOf(opcode);
  const length = bytesOf(pc);
  memory.copy(to, pc, length);
  memory.copy(own, context, Context.Size);
  sliceRows = rows;
  switch (form) {
    case Form.Unary: return vectors(to, length, 2, I.Unary.size, rows, part, parts);
    case Form.Scale: return vectors(to, length, 2, I.Scale.size, rows, part, parts);
    case Form.Binary: return vectors(to, length, 3, I.Binary.size, rows, part, parts);
    case Form.Fill: return vectors(to, length, 1, I.Fill.size, rows, part, parts);
    case Form.Sgd: return vectors(to, length, 2, I.Sgd.size, rows, part, parts);
    case Form.Axpy: return vectors(to, length, 2, I.Axpy.size, rows, part, parts);
    case Form.Momentum: return vectors(to, length, 3, I.Momentum.size, rows, part, parts);
    case Form.Adam: {
      // The powers are advanced once, behind all parts.
      store<u32>(to + (I.Adam.more << 2), 1);
      return vectors(to, length, 4, I.Adam.size, rows, part, parts);
    }
    case Form.Tile: {
      const n = count(pc, I.Tile.size, rows);
      const unit: usize = word(pc, I.Tile.tile);
      const first = bound(n, unit, part, parts);
      const size = bound(n, unit, part + 1, parts) - first;
      if (size == 0) return 0;
      store<u32>(to + (I.Tile.size << 2), <u32>size);
      const scratch = address(context, pc, I.Tile.scratch);
      // Every ref of it counts from 0.
      store<u32>(own, 0, Context.Constants);
      const span = <usize>word(pc, I.Tile.span) << 2;
      refer(to, I.Tile.scratch, own - Own.OwnContext);
      for (let at = to + (I.Tile.length << 2); at < to + length; ) {
        const inner = formOf(load<i32>(at));
        const refs = inner == Form.Fill ? 1 : inner == Form.Binary ? 3 : 2;
        for (let i = 1; i <= refs; i++) {
          const base = address(context, at, i);
          refer(at, i, base - scratch < span ? base - scratch + (own - Own.OwnContext) : base + (first << 2));
        }
        at += <usize>lengthOf(inner) << 2;
      }
      return length;
    }
    case Form.LinearInt8: {
      // Whole strips, so that each part has a room of its own.
      const first = cut(to, I.LinearInt8.m, rows, part, parts, STRIP);
      const k = count(pc, I.LinearInt8.k, rows);
      shift(to, I.LinearInt8.u, first * count(pc, I.LinearInt8.n, rows));
      shift(to, I.LinearInt8.x, first * k);
      shift(to, I.LinearInt8.room, roomSize(first, k) >> 2);
      break;
    }
    case Form.CopyColumns: {
      const first = cut(to, I.CopyColumns.rows, rows, part, parts);
      shift(to, I.CopyColumns.y, first * word(pc, I.CopyColumns.yStride));
      shift(to, I.CopyColumns.x, first * word(pc, I.CopyColumns.xStride));
      break;
    }
    case Form.Loss: {
      const first = cut(to, I.Loss.rows, rows, part, parts);
      const features: usize = word(pc, I.Loss.features);
      shift(to, I.Loss.loss, first);
      shift(to, I.Loss.z, first * features);
      shift(to, I.Loss.t, word(pc, I.Loss.kind) == TargetKind.Classes ? first : first * features);
      break;
    }
    case Form.FusedLoss: {
      const first = cut(to, I.FusedLoss.rows, rows, part, parts);
      const features: usize = word(pc, I.FusedLoss.features);
      shift(to, I.FusedLoss.loss, first);
      shift(to, I.FusedLoss.u, first * features);
      shift(to, I.FusedLoss.dz, first * features);
      shift(to, I.FusedLoss.z, first * features);
      shift(to, I.FusedLoss.t, word(pc, I.FusedLoss.kind) == TargetKind.Classes ? first : first * features);
      break;
    }
    case Form.Random: {
      const first = cut(to, I.Random.rows, rows, part, parts);
      shift(to, I.Random.y, first * word(pc, I.Random.features));
      store<u32>(own, load<u32>(own, Context.FirstRow) + <u32>first, Context.FirstRow);
      break;
    }
    case Form.Embed: {
      const first = cut(to, I.Embed.rows, rows, part, parts);
      shift(to, I.Embed.y, first * word(pc, I.Embed.features));
      shift(to, I.Embed.ids, first);
      break;
    }
    case Form.Gather: {
      const first = bound(rows, 1, part, parts);
      sliceRows = <u32>(bound(rows, 1, part + 1, parts) - first);
      shift(to, I.Gather.y, first * word(pc, I.Gather.features));
      store<u32>(own, load<u32>(own, Context.Position) + <u32>first, Context.Position);
      return sliceRows == 0 ? 0 : length;
    }
    case Form.Rows: {
      const first = cut(to, I.Rows.rows, rows, part, parts);
      const features = count(pc, I.Rows.features, rows);
      shift(to, I.Rows.y, reducesFeatures(opcode) ? first : first * features);
      if (opcode != Opcode.ExpandRows) shift(to, I.Rows.x, expandsFeatures(opcode) ? first : first * features);
      break;
    }
    default: unreachable();
  }
  return cutRows == 0 ? 0 : length;
}

/** Moves the operand `index`, a ref or none, on by n elements. */
function shift(pc: usize, index: i32, n: usize): void {
  const ref = word(pc, index);
  if (ref == <u32>Ref.None) return;
  store<u32>(pc + (<usize>index << 2), (ref & ~(<u32>Ref.OffsetMask)) | ((ref + <u32>n) & Ref.OffsetMask));
}

/** Makes the operand `index` refer to an address, in a context whose constants begin at 0. */
function refer(pc: usize, index: i32, address: usize): void {
  store<u32>(pc + (<usize>index << 2), (<u32>Block.Constants << Ref.BlockShift) | (<u32>address >> 2));
}

/** Cuts an instruction over vectors, whose operands 1 … refs are as long as `size` says. */
function vectors(to: usize, length: usize, refs: i32, size: i32, rows: u32, part: u32, parts: u32): usize {
  const n = count(to, size, rows);
  const first = bound(n, LINE, part, parts);
  const left = bound(n, LINE, part + 1, parts) - first;
  for (let i = 1; i <= refs; i++) shift(to, i, first);
  store<u32>(to + (<usize>size << 2), <u32>left);
  return left == 0 ? 0 : length;
}

/** How many rows `cut` left. */
let cutRows: usize = 0;

/** Cuts the rows of an instruction, `unit` of which stay together. @returns the first */
function cut(to: usize, index: i32, rows: u32, part: u32, parts: u32, unit: usize = 1): usize {
  const n = count(to, index, rows);
  const first = bound(n, unit, part, parts);
  cutRows = bound(n, unit, part + 1, parts) - first;
  store<u32>(to + (<usize>index << 2), <u32>cutRows);
  return first;
}
