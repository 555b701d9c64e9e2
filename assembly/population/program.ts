/**
 * The program loop for four nets at once. It reads the words that the loop of one net reads (`program.ts`), and each element of a tensor is a vector:
 * lane l is that of net l. A ref's offset counts vectors. So a graph has one compiler, and elementwise kernels run as they are on four times as many
 * floats. What sums over features, or has a factor for each net, has a kernel of its own, with the order of summation of the single net.
 */
import { binary } from '../kernels/binary';
import { Affine, unary } from '../kernels/unary';
import { copyColumns, expandRows, sumRows } from '../kernels/rows';
import * as I from '../opcodes';
import { Factor, GemmFlag, Opcode, Ref, Size } from '../opcodes';
import { Status } from '../context';
import { Lanes } from './context';
import { interleave, laneDraw, laneEmbed, laneEmbedBackward, laneGather, separate } from './data';
import {
  laneAccumulate, laneBinaryCrossEntropy, laneCountCorrect, laneCrossEntropy, laneSigmoidCrossEntropy, laneSoftmaxCrossEntropy,
} from './losses';
import { laneAdam, laneAxpy, laneClipNorm, laneMomentum, laneRates, laneSgd } from './optimizers';
import { laneGemm } from './products';
import { laneExpandFeatures, laneLogSoftmax, laneLogSumExp, laneMaxFeatures, laneOneHot, laneSoftmax, laneSumFeatures } from './rows';

function word(pc: usize, index: i32): u32 {
  return load<u32>(pc + ((<usize>index) << 2));
}

function float(pc: usize, index: i32): f32 {
  return load<f32>(pc + ((<usize>index) << 2));
}

function double(pc: usize, index: i32): f64 {
  return load<f64>(pc + ((<usize>index) << 2));
}

/** The address of a ref. */
function address(context: usize, pc: usize, index: i32): usize {
  const ref = word(pc, index);
  return <usize>load<u32>(context + ((ref >>> Ref.BlockShift) << 2)) + (<usize>(ref & Ref.OffsetMask) << 4);
}

/** The address of an optional ref; 0 for none. */
function optional(context: usize, pc: usize, index: i32): usize {
  return word(pc, index) == <u32>Ref.None ? 0 : address(context, pc, index);
}

/** The count of a size in a run of `rows`. */
function count(pc: usize, index: i32, rows: u32): usize {
  const size = word(pc, index);
  return <usize>(size & Size.CountMask) * ((size & Size.PerRow) != 0 ? <usize>rows : 1);
}

/** The address of the four learning rates of this step. */
function learningRates(context: usize): usize {
  return <usize>load<u32>(context, Lanes.LearningRates) + <usize>load<u32>(context, Lanes.Step) * <usize>load<u32>(context, Lanes.RateStride);
}

/** The address of the scalars of this step, four f64 each. */
function scalarRow(context: usize): usize {
  return <usize>load<u32>(context, Lanes.Scalars) + (<usize>(load<u32>(context, Lanes.Step) * load<u32>(context, Lanes.ScalarCount)) << 5);
}

/** Holds the factors of the four nets. */
const factors = memory.data(16, 16);

/** `scale` times the factors that only the run knows, for each net multiplied in f64, in the order of the single net, and rounded once. */
function factored(scale: f32, bits: u32, context: usize, rows: u32): v128 {
  let product = <f64>scale;
  if (bits & Factor.PerRow) product /= <f64>rows;
  if (bits & Factor.Mean) product /= <f64>rows;
  if (bits < <u32>Factor.Scalars && !(bits & Factor.Descend)) return f32x4.splat(<f32>product);
  const rates = learningRates(context);
  for (let l: usize = 0; l < 4; l++) {
    let own = product;
    if (bits & Factor.Descend) own *= -load<f64>(rates + (l << 3));
    if (bits >= <u32>Factor.Scalars) {
      let scalars: f64 = 1;
      let at = scalarRow(context) + (l << 3);
      for (let left = bits / Factor.Scalars; left; left >>>= 1, at += 32) if (left & 1) scalars *= load<f64>(at);
      own *= scalars;
    }
    store<f32>(factors + (l << 2), <f32>own);
  }
  return v128.load(factors);
}

function fill(y: usize, n: usize, value: v128): void {
  for (const end = y + (n << 4); y < end; y += 16) v128.store(y, value);
}

/** y = alpha·x over n elements, alpha one for each net. */
function scale(y: usize, x: usize, n: usize, alpha: v128): void {
  const f = changetype<Affine>(0);
  const zero = f32x4.splat(0);
  for (const end = y + (n << 4); y < end; y += 16, x += 16) v128.store(y, f.apply(v128.load(x), alpha, zero));
}

/** The address of a ref, `start` bytes further on; that of a tensor within `span` bytes from `scratch` stays. */
function tileAddress(context: usize, pc: usize, index: i32, start: usize, scratch: usize, span: usize): usize {
  const base = address(context, pc, index);
  return base - scratch < span ? base : base + start;
}

/** Runs one instruction of a tile on `n` elements, `start` bytes into its tensors. @returns where the next one stands */
function tiled(context: usize, pc: usize, rows: u32, start: usize, n: usize, scratch: usize, span: usize): usize {
  const opcode: i32 = load<i32>(pc);
  const y = tileAddress(context, pc, I.Unary.y, start, scratch, span);
  if (opcode == Opcode.Fill) {
    fill(y, n, factored(float(pc, I.Fill.value), word(pc, I.Fill.factors), context, rows));
    return pc + (I.Fill.length << 2);
  }
  const x = tileAddress(context, pc, I.Unary.x, start, scratch, span);
  if (opcode < Opcode.Add) {
    const alpha = float(pc, I.Unary.alpha);
    if (opcode == Opcode.Scale) scale(y, x, n, factored(alpha, word(pc, I.Scale.factors), context, rows));
    else unary(opcode, y, x, n << 2, alpha, float(pc, I.Unary.beta));
    return pc + (I.Unary.length << 2);
  }
  binary(opcode, y, x, tileAddress(context, pc, I.Binary.b, start, scratch, span), n << 2, float(pc, I.Binary.alpha));
  return pc + (I.Binary.length << 2);
}

/** Runs the instructions from `pc` up to `end` on `rows` rows of the four nets whose blocks the context names. */
export function run(context: usize, pc: usize, end: usize, rows: u32): void {
  while (pc < end) {
    const opcode: i32 = load<i32>(pc);
    switch (opcode) {
      case Opcode.Gemm: {
        const flags = word(pc, I.Gemm.flags);
        const lda = <usize>word(pc, I.Gemm.lda) << 4;
        const ldb = <usize>word(pc, I.Gemm.ldb) << 4;
        const ta = (flags & GemmFlag.TransposeA) != 0;
        const tb = (flags & GemmFlag.TransposeB) != 0;
        laneGemm(
          address(context, pc, I.Gemm.c), address(context, pc, I.Gemm.a), address(context, pc, I.Gemm.b),
          count(pc, I.Gemm.m, rows), count(pc, I.Gemm.n, rows), count(pc, I.Gemm.k, rows),
          ta ? 16 : lda, ta ? lda : 16, tb ? 16 : ldb, tb ? ldb : 16, (flags & GemmFlag.Accumulate) != 0, 0,
        );
        pc += I.Gemm.length << 2;
        break;
      }
      case Opcode.Linear: {
        const u = address(context, pc, I.Linear.u);
        const m = count(pc, I.Linear.m, rows);
        const n = count(pc, I.Linear.n, rows);
        const k = count(pc, I.Linear.k, rows);
        const activation: i32 = word(pc, I.Linear.activation);
        laneGemm(
          u, address(context, pc, I.Linear.x), address(context, pc, I.Linear.w), m, n, k, k << 4, 16, 16, k << 4, false,
          optional(context, pc, I.Linear.b),
        );
        if (activation != Opcode.Copy) unary(activation, u, u, (m * n) << 2, float(pc, I.Linear.alpha), float(pc, I.Linear.beta));
        pc += I.Linear.length << 2;
        break;
      }
      case Opcode.SumRows:
      case Opcode.SumFeatures:
      case Opcode.ExpandRows:
      case Opcode.ExpandFeatures:
      case Opcode.Softmax:
      case Opcode.LogSumExp:
      case Opcode.MaxFeatures:
      case Opcode.OneHot:
      case Opcode.LogSoftmax:
        rowwise(
          opcode, address(context, pc, I.Rows.y), address(context, pc, I.Rows.x),
          count(pc, I.Rows.rows, rows), count(pc, I.Rows.features, rows), word(pc, I.Rows.accumulate) != 0,
        );
        pc += I.Rows.length << 2;
        break;
      case Opcode.Fill:
        fill(
          address(context, pc, I.Fill.y), count(pc, I.Fill.size, rows), factored(float(pc, I.Fill.value), word(pc, I.Fill.factors), context, rows),
        );
        pc += I.Fill.length << 2;
        break;
      case Opcode.CopyColumns:
        copyColumns(
          address(context, pc, I.CopyColumns.y), address(context, pc, I.CopyColumns.x), count(pc, I.CopyColumns.rows, rows),
          <usize>word(pc, I.CopyColumns.width) << 2, <usize>word(pc, I.CopyColumns.yStride) << 2, <usize>word(pc, I.CopyColumns.yOffset) << 2,
          <usize>word(pc, I.CopyColumns.xStride) << 2, <usize>word(pc, I.CopyColumns.xOffset) << 2,
        );
        pc += I.CopyColumns.length << 2;
        break;
      case Opcode.CrossEntropy:
      case Opcode.BinaryCrossEntropy: {
        const loss = address(context, pc, I.Loss.loss);
        const z = address(context, pc, I.Loss.z);
        const t = address(context, pc, I.Loss.t);
        const m = count(pc, I.Loss.rows, rows);
        const features: usize = word(pc, I.Loss.features);
        if (opcode == Opcode.CrossEntropy) laneCrossEntropy(loss, z, t, word(pc, I.Loss.kind), m, features);
        else laneBinaryCrossEntropy(loss, z, t, m, features);
        pc += I.Loss.length << 2;
        break;
      }
      case Opcode.SoftmaxCrossEntropy:
      case Opcode.SigmoidCrossEntropy: {
        const loss = address(context, pc, I.FusedLoss.loss);
        const u = optional(context, pc, I.FusedLoss.u);
        const dz = address(context, pc, I.FusedLoss.dz);
        const z = address(context, pc, I.FusedLoss.z);
        const t = address(context, pc, I.FusedLoss.t);
        const m = count(pc, I.FusedLoss.rows, rows);
        const features: usize = word(pc, I.FusedLoss.features);
        const by = factored(float(pc, I.FusedLoss.scale), word(pc, I.FusedLoss.factors), context, rows);
        if (opcode == Opcode.SoftmaxCrossEntropy) laneSoftmaxCrossEntropy(loss, u, dz, z, t, word(pc, I.FusedLoss.kind), m, features, by);
        else laneSigmoidCrossEntropy(loss, u, dz, z, t, m, features, by);
        pc += I.FusedLoss.length << 2;
        break;
      }
      case Opcode.Random:
        laneDraw(
          address(context, pc, I.Random.y), count(pc, I.Random.rows, rows) * word(pc, I.Random.features), address(context, pc, I.Random.key),
          load<u32>(context, Lanes.FirstStep) + load<u32>(context, Lanes.Step),
          word(pc, I.Random.kind) != 0, float(pc, I.Random.alpha), float(pc, I.Random.rate),
        );
        pc += I.Random.length << 2;
        break;
      case Opcode.Embed:
        laneEmbed(
          address(context, pc, I.Embed.y), address(context, pc, I.Embed.x), address(context, pc, I.Embed.ids),
          count(pc, I.Embed.rows, rows), word(pc, I.Embed.features), word(pc, I.Embed.count),
        );
        pc += I.Embed.length << 2;
        break;
      case Opcode.EmbedBackward:
        laneEmbedBackward(
          address(context, pc, I.Embed.y), address(context, pc, I.Embed.x), address(context, pc, I.Embed.ids),
          count(pc, I.Embed.rows, rows), word(pc, I.Embed.features), word(pc, I.Embed.count),
        );
        pc += I.Embed.length << 2;
        break;
      case Opcode.AccumulateLoss: {
        const part: usize = word(pc, I.AccumulateLoss.part);
        const odd = laneAccumulate(
          context + Lanes.LossSum, part ? <usize>load<u32>(context, Lanes.Parts) + ((part - 1) << 5) : 0,
          address(context, pc, I.AccumulateLoss.loss), count(pc, I.AccumulateLoss.rows, rows), <f64>float(pc, I.AccumulateLoss.scale),
        );
        // The others go on: what becomes of the net is undone by the caller.
        if (word(pc, I.AccumulateLoss.goOn) == 0) store<u32>(context, load<u32>(context, Lanes.Odd) | odd, Lanes.Odd);
        pc += I.AccumulateLoss.length << 2;
        break;
      }
      case Opcode.CountCorrect: {
        const w = optional(context, pc, I.CountCorrect.w);
        const m = count(pc, I.CountCorrect.rows, rows);
        laneCountCorrect(
          context + Lanes.Correct, address(context, pc, I.CountCorrect.z), address(context, pc, I.CountCorrect.t), w, word(pc, I.CountCorrect.kind),
          m, word(pc, I.CountCorrect.features), word(pc, I.CountCorrect.each) != 0, float(pc, I.CountCorrect.cut), float(pc, I.CountCorrect.targetCut),
        );
        if (w) laneAccumulate(context + Lanes.Weight, 0, w, m, 1);
        pc += I.CountCorrect.length << 2;
        break;
      }
      case Opcode.Sgd:
        laneSgd(
          address(context, pc, I.Sgd.w), address(context, pc, I.Sgd.dw), count(pc, I.Sgd.size, rows),
          laneRates(learningRates(context), double(pc, I.Sgd.rateLow)),
        );
        pc += I.Sgd.length << 2;
        break;
      case Opcode.Momentum:
        laneMomentum(
          address(context, pc, I.Momentum.w), address(context, pc, I.Momentum.dw), address(context, pc, I.Momentum.v), count(pc, I.Momentum.size, rows),
          laneRates(learningRates(context), double(pc, I.Momentum.rateLow)), float(pc, I.Momentum.momentum), word(pc, I.Momentum.nesterov) != 0,
        );
        pc += I.Momentum.length << 2;
        break;
      case Opcode.Adam:
        laneAdam(
          address(context, pc, I.Adam.w), address(context, pc, I.Adam.dw), address(context, pc, I.Adam.m), address(context, pc, I.Adam.v),
          address(context, pc, I.Adam.powers), count(pc, I.Adam.size, rows), learningRates(context), double(pc, I.Adam.rateLow),
          double(pc, I.Adam.beta1Low), double(pc, I.Adam.beta2Low), double(pc, I.Adam.epsilonLow), double(pc, I.Adam.decayLow),
          word(pc, I.Adam.more) == 0,
        );
        pc += I.Adam.length << 2;
        break;
      case Opcode.ClipNorm:
        laneClipNorm(address(context, pc, I.ClipNorm.g), count(pc, I.ClipNorm.size, rows), float(pc, I.ClipNorm.maxNorm));
        pc += I.ClipNorm.length << 2;
        break;
      case Opcode.Axpy:
        laneAxpy(address(context, pc, I.Axpy.y), address(context, pc, I.Axpy.x), count(pc, I.Axpy.size, rows), float(pc, I.Axpy.alpha));
        pc += I.Axpy.length << 2;
        break;
      case Opcode.Gather:
        laneGather(
          address(context, pc, I.Gather.y), <usize>load<u32>(context, Lanes.Sources) + (<usize>word(pc, I.Gather.source) << 6),
          load<u32>(context, Lanes.Orders), load<u32>(context, Lanes.Position), rows, word(pc, I.Gather.features),
        );
        pc += I.Gather.length << 2;
        break;
      case Opcode.Tile: {
        const first = pc + (I.Tile.length << 2);
        const scratch = address(context, pc, I.Tile.scratch);
        const span = <usize>word(pc, I.Tile.span) << 4;
        const tile: usize = word(pc, I.Tile.tile);
        const n = count(pc, I.Tile.size, rows);
        const after = first + (<usize>word(pc, I.Tile.words) << 2);
        for (let start: usize = 0; start < n; start += tile) {
          for (pc = first; pc < after; ) pc = tiled(context, pc, rows, start << 4, min(tile, n - start), scratch, span);
        }
        pc = after;
        break;
      }
      default:
        if (opcode < Opcode.Add) {
          const size = count(pc, I.Unary.size, rows);
          const y = address(context, pc, I.Unary.y);
          const x = address(context, pc, I.Unary.x);
          const alpha = float(pc, I.Unary.alpha);
          if (opcode == Opcode.Scale) scale(y, x, size, factored(alpha, word(pc, I.Scale.factors), context, rows));
          else unary(opcode, y, x, size << 2, alpha, float(pc, I.Unary.beta));
          pc += I.Unary.length << 2;
        } else {
          binary(
            opcode, address(context, pc, I.Binary.y), address(context, pc, I.Binary.a), address(context, pc, I.Binary.b),
            count(pc, I.Binary.size, rows) << 2, float(pc, I.Binary.alpha),
          );
          pc += I.Binary.length << 2;
        }
    }
  }
}

/** The kernels of form Rows. Sums and copies of whole rows are those of one net with four times as many features. */
function rowwise(opcode: i32, y: usize, x: usize, rows: usize, features: usize, accumulate: bool): void {
  switch (opcode) {
    case Opcode.SumRows: sumRows(y, x, rows, features << 2, accumulate); break;
    case Opcode.SumFeatures: laneSumFeatures(y, x, rows, features); break;
    case Opcode.ExpandRows: expandRows(y, x, rows, features << 2); break;
    case Opcode.ExpandFeatures: laneExpandFeatures(y, x, rows, features); break;
    case Opcode.Softmax: laneSoftmax(y, x, rows, features); break;
    case Opcode.LogSumExp: laneLogSumExp(y, x, rows, features); break;
    case Opcode.MaxFeatures: laneMaxFeatures(y, x, rows, features); break;
    case Opcode.OneHot: laneOneHot(y, x, rows, features); break;
    case Opcode.LogSoftmax: laneLogSoftmax(y, x, rows, features); break;
  }
}

/** Runs up to `steps` training steps of four nets, as `train` does of one. Lanes.Position and Lanes.Step count what is done. */
export function train(context: usize, pc: usize, end: usize, steps: u32, batch: u32, total: u32): void {
  for (let i: u32 = 0; i < steps; i++) {
    const position = load<u32>(context, Lanes.Position);
    if (position >= total) break;
    const rows = min(batch, total - position);
    run(context, pc, end, rows);
    store<u32>(context, position + rows, Lanes.Position);
    store<u32>(context, load<u32>(context, Lanes.Step) + 1, Lanes.Step);
  }
}

/**
 * Runs a program on `rows` rows of all nets, four after four: `groups` of them, whose parameters are `stride` bytes apart, from those in the context
 * on; the last group has `last` nets. Tensors are taken in and given out net by net, as `tensors` says: inputs first, 16 bytes each: the address in
 * the workspace; the caller's; floats; bytes from net to net, 0 where all nets have the same.
 */
export function predict(
  context: usize, pc: usize, end: usize, rows: u32, groups: u32, stride: u32, last: u32, tensors: usize, inputs: u32, outputs: u32,
): void {
  const parameters: u32 = load<u32>(context, Lanes.Parameters);
  const firstOutput = tensors + (<usize>inputs << 4);
  for (let g: u32 = 0; g < groups; g++) {
    const nets: usize = g + 1 == groups ? <usize>last : 4;
    for (let i: u32 = 0; i < inputs; i++) {
      const at = tensors + (<usize>i << 4);
      const step = load<u32>(at, 12);
      interleave(load<u32>(at), load<u32>(at, 4) + 4 * step * g, load<u32>(at, 8), step, nets);
    }
    store<u32>(context, parameters + stride * g, Lanes.Parameters);
    run(context, pc, end, rows);
    for (let i: u32 = 0; i < outputs; i++) {
      const at = firstOutput + (<usize>i << 4);
      const step = load<u32>(at, 12);
      separate(load<u32>(at, 4) + 4 * step * g, load<u32>(at), load<u32>(at, 8), step, nets);
    }
  }
  store<u32>(context, parameters, Lanes.Parameters);
}
