/**
 * The program loop for blocks of groups of four nets. It reads the words that the loop of one net reads (`program.ts`), and each element of a tensor is
 * a vector: lane l is that of net l of its group. So a graph has one compiler, and elementwise kernels run as they are on four times as many floats. What
 * sums over features, or has a factor for each net, has a kernel of its own, with the order of summation of the single net.
 *
 * The groups of a block run each instruction together: what reading it costs is paid once for all. Each group has parameters and state of its own,
 * strides apart. In the workspace a tensor of n elements is the n of the first group, then those of the second: its offset is multiplied by the
 * groups. Elementwise kernels there run over all groups at once.
 */
import { binary } from '../kernels/binary';
import { Affine } from '../kernels/unary';
import { copyColumns, expandRows, sumRows } from '../kernels/rows';
import * as I from '../opcodes';
import { Block, Factor, Form, formOf, GemmFlag, Opcode, Ref, Size } from '../opcodes';
import { count, double, float, operandSize, resultSize, word } from '../operands';
import { laneUnary } from './activations';
import { Lanes, LaneSource, LaneSums } from './context';
import { interleave, laneDraw, laneEmbed, laneEmbedBackward, laneGather, oddLanes, separate } from './data';
import {
  laneAccumulate, laneBinaryCrossEntropy, laneCountCorrect, laneCrossEntropy, laneSigmoidCrossEntropy, laneSoftmaxCrossEntropy,
} from './losses';
import { laneAdam, laneAxpy, laneClipNorm, laneMomentum, laneRates, laneSgd } from './optimizers';
import { isLaneRow, laneGemm, laneRow } from './products';
import { laneExpandFeatures, laneLogSoftmax, laneLogSumExp, laneMaxFeatures, laneOneHot, laneSoftmax, laneSumFeatures } from './rows';

/** The address of a ref in the first group. */
function address(context: usize, pc: usize, index: i32): usize {
  const ref = word(pc, index);
  const block = ref >>> Ref.BlockShift;
  let offset = <usize>(ref & Ref.OffsetMask) << 4;
  if (block == Block.Workspace) offset *= load<u32>(context, Lanes.Groups);
  return <usize>load<u32>(context + (block << 2)) + offset;
}

/** The address of an optional ref; 0 for none. */
function optional(context: usize, pc: usize, index: i32): usize {
  return word(pc, index) == <u32>Ref.None ? 0 : address(context, pc, index);
}

/** Bytes from a tensor of n elements in one group to that in the next; 0 for none. */
function stride(context: usize, pc: usize, index: i32, n: usize): usize {
  const ref = word(pc, index);
  if (ref == <u32>Ref.None) return 0;
  const block = ref >>> Ref.BlockShift;
  if (block == Block.Workspace) return n << 4;
  if (block == Block.Constants) return 0;
  return block == Block.Parameters ? load<u32>(context, Lanes.ParameterStride) : load<u32>(context, Lanes.StateStride);
}

/** The address of the four learning rates of a group in this step. */
function learningRates(context: usize, group: usize): usize {
  const row = <usize>load<u32>(context, Lanes.Step) * <usize>load<u32>(context, Lanes.RateStride);
  return <usize>load<u32>(context, Lanes.LearningRates) + row + (group << 5);
}

/** Whether a factor is another for each net. */
function differs(bits: u32): bool {
  return (bits & Factor.Descend) != 0 || bits >= <u32>Factor.Scalars;
}

/** `scale` times the factors that only the run knows, for each net of a group multiplied in f64, in the order of the single net, and rounded once. */
function factored(scale: f32, bits: u32, context: usize, group: usize, rows: u32): v128 {
  let product = <f64>scale;
  if (bits & Factor.PerRow) product /= <f64>rows;
  if (bits & Factor.Mean) product /= <f64>rows;
  if (!differs(bits)) return f32x4.splat(<f32>product);
  let low = f64x2.splat(product);
  let high = low;
  if (bits & Factor.Descend) {
    const rates = learningRates(context, group);
    low = f64x2.mul(low, f64x2.neg(v128.load(rates)));
    high = f64x2.mul(high, f64x2.neg(v128.load(rates, 16)));
  }
  if (bits >= <u32>Factor.Scalars) {
    // From scalar to scalar: one for each net of all groups.
    const scalar = <usize>load<u32>(context, Lanes.Groups) << 5;
    let at = <usize>load<u32>(context, Lanes.Scalars) + <usize>(load<u32>(context, Lanes.Step) * load<u32>(context, Lanes.ScalarCount)) * scalar + (group << 5);
    let lowScalars = f64x2.splat(1);
    let highScalars = lowScalars;
    for (let left = bits / Factor.Scalars; left; left >>>= 1, at += scalar) {
      if (!(left & 1)) continue;
      lowScalars = f64x2.mul(lowScalars, v128.load(at));
      highScalars = f64x2.mul(highScalars, v128.load(at, 16));
    }
    low = f64x2.mul(low, lowScalars);
    high = f64x2.mul(high, highScalars);
  }
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
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

/** An instruction of the forms Unary, Scale, Binary or Fill, on n elements of a group at these addresses. */
function elementwise(opcode: i32, context: usize, pc: usize, rows: u32, group: usize, n: usize, y: usize, x: usize, b: usize): void {
  const form = formOf(opcode);
  if (form == Form.Fill) fill(y, n, factored(float(pc, I.Fill.value), word(pc, I.Fill.factors), context, group, rows));
  else if (form == Form.Scale) scale(y, x, n, factored(float(pc, I.Scale.alpha), word(pc, I.Scale.factors), context, group, rows));
  else if (form == Form.Unary) laneUnary(opcode, y, x, n, float(pc, I.Unary.alpha), float(pc, I.Unary.beta));
  else binary(opcode, y, x, b, n << 2, float(pc, I.Binary.alpha));
}

/** The same on all groups: at once, where they lie side by side and have one factor. */
function elementwiseAll(opcode: i32, context: usize, pc: usize, rows: u32, groups: usize): void {
  const form = formOf(opcode);
  const isBinary = form == Form.Binary;
  const n = count(pc, form == Form.Fill ? I.Fill.size : isBinary ? I.Binary.size : I.Unary.size, rows);
  const x = form == Form.Fill ? I.Fill.y : I.Unary.x;
  const b = isBinary ? I.Binary.b : x;
  let atY = address(context, pc, I.Unary.y);
  let atX = address(context, pc, x);
  let atB = isBinary ? address(context, pc, b) : atX;
  const strideY = stride(context, pc, I.Unary.y, n);
  const strideX = stride(context, pc, x, n);
  const strideB = isBinary ? stride(context, pc, b, n) : strideX;
  const side = n << 4;
  const bits = form == Form.Fill ? word(pc, I.Fill.factors) : form == Form.Scale ? word(pc, I.Scale.factors) : 0;
  if (groups == 1 || (strideY == side && strideX == side && strideB == side && !differs(bits))) {
    elementwise(opcode, context, pc, rows, 0, n * groups, atY, atX, atB);
    return;
  }
  for (let g: usize = 0; g < groups; g++, atY += strideY, atX += strideX, atB += strideB) {
    elementwise(opcode, context, pc, rows, g, n, atY, atX, atB);
  }
}

/** The address of a ref of a tile, `start` bytes into its tensor of n elements; a tensor within `span` bytes from `scratch` is of one tile, and one for all groups. */
function tileAddress(context: usize, pc: usize, index: i32, group: usize, n: usize, start: usize, scratch: usize, span: usize): usize {
  const base = address(context, pc, index);
  return base - scratch < span ? base : base + group * stride(context, pc, index, n) + start;
}

/** Runs one instruction of a tile on `some` elements of the n, `start` bytes into its tensors. @returns where the next one stands */
function tiled(context: usize, pc: usize, rows: u32, group: usize, n: usize, start: usize, some: usize, scratch: usize, span: usize): usize {
  const opcode: i32 = load<i32>(pc);
  const form = formOf(opcode);
  const y = tileAddress(context, pc, I.Unary.y, group, n, start, scratch, span);
  const x = form == Form.Fill ? y : tileAddress(context, pc, I.Unary.x, group, n, start, scratch, span);
  const b = form == Form.Binary ? tileAddress(context, pc, I.Binary.b, group, n, start, scratch, span) : x;
  elementwise(opcode, context, pc, rows, group, some, y, x, b);
  return pc + (<usize>(form == Form.Fill ? I.Fill.length : form == Form.Binary ? I.Binary.length : I.Unary.length) << 2);
}

/** Runs the instructions from `pc` up to `end` on `rows` rows of all nets of the block that the context names. */
export function run(context: usize, pc: usize, end: usize, rows: u32): void {
  const groups: usize = load<u32>(context, Lanes.Groups);
  while (pc < end) {
    const opcode: i32 = load<i32>(pc);
    switch (formOf(opcode)) {
      case Form.Unary:
      case Form.Scale:
        elementwiseAll(opcode, context, pc, rows, groups);
        pc += I.Unary.length << 2;
        break;
      case Form.Binary:
        elementwiseAll(opcode, context, pc, rows, groups);
        pc += I.Binary.length << 2;
        break;
      case Form.Fill:
        elementwiseAll(opcode, context, pc, rows, groups);
        pc += I.Fill.length << 2;
        break;
      case Form.Gemm: {
        const flags = word(pc, I.Gemm.flags);
        const lda = <usize>word(pc, I.Gemm.lda) << 4;
        const ldb = <usize>word(pc, I.Gemm.ldb) << 4;
        const ta = (flags & GemmFlag.TransposeA) != 0;
        const tb = (flags & GemmFlag.TransposeB) != 0;
        const m = count(pc, I.Gemm.m, rows);
        const n = count(pc, I.Gemm.n, rows);
        const k = count(pc, I.Gemm.k, rows);
        let c = address(context, pc, I.Gemm.c);
        let a = address(context, pc, I.Gemm.a);
        let b = address(context, pc, I.Gemm.b);
        const strideC = stride(context, pc, I.Gemm.c, m * n);
        const strideA = stride(context, pc, I.Gemm.a, m * k);
        const strideB = stride(context, pc, I.Gemm.b, k * n);
        for (let g: usize = 0; g < groups; g++, c += strideC, a += strideA, b += strideB) {
          laneGemm(c, a, b, m, n, k, ta ? 16 : lda, ta ? lda : 16, tb ? 16 : ldb, tb ? ldb : 16, (flags & GemmFlag.Accumulate) != 0, 0);
        }
        pc += I.Gemm.length << 2;
        break;
      }
      case Form.Linear: {
        const m = count(pc, I.Linear.m, rows);
        const n = count(pc, I.Linear.n, rows);
        const k = count(pc, I.Linear.k, rows);
        const first = address(context, pc, I.Linear.u);
        let u = first;
        let x = address(context, pc, I.Linear.x);
        let w = address(context, pc, I.Linear.w);
        let b = optional(context, pc, I.Linear.b);
        const strideU = stride(context, pc, I.Linear.u, m * n);
        const strideX = stride(context, pc, I.Linear.x, m * k);
        const strideW = stride(context, pc, I.Linear.w, n * k);
        const strideB = stride(context, pc, I.Linear.b, n);
        if (isLaneRow(m, k)) laneRow(u, x, w, b, n, k, groups, strideU, strideX, strideW, strideB);
        else for (let g: usize = 0; g < groups; g++, u += strideU, x += strideX, w += strideW, b += strideB) {
          laneGemm(u, x, w, m, n, k, k << 4, 16, 16, k << 4, false, b);
        }
        const activation: i32 = word(pc, I.Linear.activation);
        // A linear layer's value is a batch, which lies in the workspace: side by side.
        if (activation != Opcode.Copy) laneUnary(activation, first, first, m * n * groups, float(pc, I.Linear.alpha), float(pc, I.Linear.beta));
        pc += I.Linear.length << 2;
        break;
      }
      case Form.Rows: {
        const m = count(pc, I.Rows.rows, rows);
        const features = count(pc, I.Rows.features, rows);
        let y = address(context, pc, I.Rows.y);
        let x = address(context, pc, I.Rows.x);
        const strideY = stride(context, pc, I.Rows.y, resultSize(opcode, m, features));
        const strideX = stride(context, pc, I.Rows.x, operandSize(opcode, m, features));
        const accumulate = word(pc, I.Rows.accumulate) != 0;
        for (let g: usize = 0; g < groups; g++, y += strideY, x += strideX) rowwise(opcode, y, x, m, features, accumulate);
        pc += I.Rows.length << 2;
        break;
      }
      case Form.CopyColumns: {
        const m = count(pc, I.CopyColumns.rows, rows);
        const width: usize = word(pc, I.CopyColumns.width);
        const rowY: usize = word(pc, I.CopyColumns.yStride);
        const rowX: usize = word(pc, I.CopyColumns.xStride);
        let y = address(context, pc, I.CopyColumns.y);
        let x = address(context, pc, I.CopyColumns.x);
        const strideY = stride(context, pc, I.CopyColumns.y, m * rowY);
        const strideX = stride(context, pc, I.CopyColumns.x, m * rowX);
        for (let g: usize = 0; g < groups; g++, y += strideY, x += strideX) {
          copyColumns(
            y, x, m, width << 2, rowY << 2, <usize>word(pc, I.CopyColumns.yOffset) << 2, rowX << 2, <usize>word(pc, I.CopyColumns.xOffset) << 2,
          );
        }
        pc += I.CopyColumns.length << 2;
        break;
      }
      case Form.Loss: {
        const kind: i32 = word(pc, I.Loss.kind);
        const m = count(pc, I.Loss.rows, rows);
        const features: usize = word(pc, I.Loss.features);
        let loss = address(context, pc, I.Loss.loss);
        let z = address(context, pc, I.Loss.z);
        let t = address(context, pc, I.Loss.t);
        const strideLoss = stride(context, pc, I.Loss.loss, m);
        const strideZ = stride(context, pc, I.Loss.z, m * features);
        const strideT = stride(context, pc, I.Loss.t, kind == I.TargetKind.Classes ? m : m * features);
        for (let g: usize = 0; g < groups; g++, loss += strideLoss, z += strideZ, t += strideT) {
          if (opcode == Opcode.CrossEntropy) laneCrossEntropy(loss, z, t, kind, m, features);
          else laneBinaryCrossEntropy(loss, z, t, m, features);
        }
        pc += I.Loss.length << 2;
        break;
      }
      case Form.FusedLoss: {
        const kind: i32 = word(pc, I.FusedLoss.kind);
        const m = count(pc, I.FusedLoss.rows, rows);
        const features: usize = word(pc, I.FusedLoss.features);
        let loss = address(context, pc, I.FusedLoss.loss);
        let u = optional(context, pc, I.FusedLoss.u);
        let dz = address(context, pc, I.FusedLoss.dz);
        let z = address(context, pc, I.FusedLoss.z);
        let t = address(context, pc, I.FusedLoss.t);
        const n = m * features;
        const strideLoss = stride(context, pc, I.FusedLoss.loss, m);
        const strideU = stride(context, pc, I.FusedLoss.u, n);
        const strideDz = stride(context, pc, I.FusedLoss.dz, n);
        const strideZ = stride(context, pc, I.FusedLoss.z, n);
        const strideT = stride(context, pc, I.FusedLoss.t, kind == I.TargetKind.Classes ? m : n);
        for (let g: usize = 0; g < groups; g++, loss += strideLoss, u += strideU, dz += strideDz, z += strideZ, t += strideT) {
          const by = factored(float(pc, I.FusedLoss.scale), word(pc, I.FusedLoss.factors), context, g, rows);
          if (opcode == Opcode.SoftmaxCrossEntropy) laneSoftmaxCrossEntropy(loss, u, dz, z, t, kind, m, features, by);
          else laneSigmoidCrossEntropy(loss, u, dz, z, t, m, features, by);
        }
        pc += I.FusedLoss.length << 2;
        break;
      }
      case Form.Random: {
        const n = count(pc, I.Random.rows, rows) * word(pc, I.Random.features);
        let y = address(context, pc, I.Random.y);
        let key = address(context, pc, I.Random.key);
        const strideY = stride(context, pc, I.Random.y, n);
        const strideKey = stride(context, pc, I.Random.key, 2);
        for (let g: usize = 0; g < groups; g++, y += strideY, key += strideKey) {
          laneDraw(
            y, n, key, load<u32>(context, Lanes.FirstStep) + load<u32>(context, Lanes.Step), word(pc, I.Random.kind) != 0,
            float(pc, I.Random.alpha), float(pc, I.Random.rate),
          );
        }
        pc += I.Random.length << 2;
        break;
      }
      case Form.Embed: {
        const m = count(pc, I.Embed.rows, rows);
        const features: usize = word(pc, I.Embed.features);
        const entries = word(pc, I.Embed.count);
        const wide = m * features;
        const table = <usize>entries * features;
        let y = address(context, pc, I.Embed.y);
        let x = address(context, pc, I.Embed.x);
        let ids = address(context, pc, I.Embed.ids);
        const forward = opcode == Opcode.Embed;
        const strideY = stride(context, pc, I.Embed.y, forward ? wide : table);
        const strideX = stride(context, pc, I.Embed.x, forward ? table : wide);
        const strideIds = stride(context, pc, I.Embed.ids, m);
        for (let g: usize = 0; g < groups; g++, y += strideY, x += strideX, ids += strideIds) {
          if (forward) laneEmbed(y, x, ids, m, features, entries);
          else laneEmbedBackward(y, x, ids, m, features, entries);
        }
        pc += I.Embed.length << 2;
        break;
      }
      case Form.AccumulateLoss: {
        const m = count(pc, I.AccumulateLoss.rows, rows);
        const part: usize = word(pc, I.AccumulateLoss.part);
        let loss = address(context, pc, I.AccumulateLoss.loss);
        const strideLoss = stride(context, pc, I.AccumulateLoss.loss, m);
        let odd: u32 = 0;
        for (let g: usize = 0; g < groups; g++, loss += strideLoss) {
          const sums = sumsOf(context, g);
          odd |= laneAccumulate(
            sums, part ? sums + LaneSums.Parts + part * LaneSums.Size : 0, loss, m, <f64>float(pc, I.AccumulateLoss.scale),
          ) << (<u32>g << 2);
        }
        // The others go on: what becomes of the net is undone by the caller.
        if (word(pc, I.AccumulateLoss.goOn) == 0) store<u32>(context, load<u32>(context, Lanes.Odd) | odd, Lanes.Odd);
        pc += I.AccumulateLoss.length << 2;
        break;
      }
      case Form.CountCorrect: {
        const kind: i32 = word(pc, I.CountCorrect.kind);
        const m = count(pc, I.CountCorrect.rows, rows);
        const features: usize = word(pc, I.CountCorrect.features);
        let z = address(context, pc, I.CountCorrect.z);
        let t = address(context, pc, I.CountCorrect.t);
        let w = optional(context, pc, I.CountCorrect.w);
        const strideZ = stride(context, pc, I.CountCorrect.z, m * features);
        const strideT = stride(context, pc, I.CountCorrect.t, kind == I.TargetKind.Classes ? m : m * features);
        const strideW = stride(context, pc, I.CountCorrect.w, m);
        for (let g: usize = 0; g < groups; g++, z += strideZ, t += strideT, w += strideW) {
          const sums = sumsOf(context, g);
          laneCountCorrect(
            sums + LaneSums.Correct, z, t, w, kind, m, features, word(pc, I.CountCorrect.each) != 0,
            float(pc, I.CountCorrect.cut), float(pc, I.CountCorrect.targetCut),
          );
          if (w) laneAccumulate(sums + LaneSums.Weight, 0, w, m, 1);
        }
        pc += I.CountCorrect.length << 2;
        break;
      }
      case Form.Sgd: {
        const n = count(pc, I.Sgd.size, rows);
        let w = address(context, pc, I.Sgd.w);
        let dw = address(context, pc, I.Sgd.dw);
        const strideW = stride(context, pc, I.Sgd.w, n);
        const strideG = stride(context, pc, I.Sgd.dw, n);
        for (let g: usize = 0; g < groups; g++, w += strideW, dw += strideG) {
          laneSgd(w, dw, n, laneRates(learningRates(context, g), double(pc, I.Sgd.rateLow)));
        }
        pc += I.Sgd.length << 2;
        break;
      }
      case Form.Momentum: {
        const n = count(pc, I.Momentum.size, rows);
        let w = address(context, pc, I.Momentum.w);
        let dw = address(context, pc, I.Momentum.dw);
        let v = address(context, pc, I.Momentum.v);
        const strideW = stride(context, pc, I.Momentum.w, n);
        const strideG = stride(context, pc, I.Momentum.dw, n);
        const strideV = stride(context, pc, I.Momentum.v, n);
        for (let g: usize = 0; g < groups; g++, w += strideW, dw += strideG, v += strideV) {
          laneMomentum(
            w, dw, v, n, laneRates(learningRates(context, g), double(pc, I.Momentum.rateLow)), float(pc, I.Momentum.momentum),
            word(pc, I.Momentum.nesterov) != 0,
          );
        }
        pc += I.Momentum.length << 2;
        break;
      }
      case Form.Adam: {
        const n = count(pc, I.Adam.size, rows);
        let w = address(context, pc, I.Adam.w);
        let dw = address(context, pc, I.Adam.dw);
        let m = address(context, pc, I.Adam.m);
        let v = address(context, pc, I.Adam.v);
        let powers = address(context, pc, I.Adam.powers);
        const strideW = stride(context, pc, I.Adam.w, n);
        const strideG = stride(context, pc, I.Adam.dw, n);
        const strideM = stride(context, pc, I.Adam.m, n);
        const strideV = stride(context, pc, I.Adam.v, n);
        const stridePowers = stride(context, pc, I.Adam.powers, 4);
        for (let g: usize = 0; g < groups; g++, w += strideW, dw += strideG, m += strideM, v += strideV, powers += stridePowers) {
          laneAdam(
            w, dw, m, v, powers, n, learningRates(context, g), double(pc, I.Adam.rateLow),
            double(pc, I.Adam.beta1Low), double(pc, I.Adam.beta2Low), double(pc, I.Adam.epsilonLow), double(pc, I.Adam.decayLow),
            word(pc, I.Adam.more) == 0,
          );
        }
        pc += I.Adam.length << 2;
        break;
      }
      case Form.ClipNorm: {
        const n = count(pc, I.ClipNorm.size, rows);
        let g = address(context, pc, I.ClipNorm.g);
        const strideG = stride(context, pc, I.ClipNorm.g, n);
        for (let group: usize = 0; group < groups; group++, g += strideG) laneClipNorm(g, n, float(pc, I.ClipNorm.maxNorm));
        pc += I.ClipNorm.length << 2;
        break;
      }
      case Form.Axpy: {
        const n = count(pc, I.Axpy.size, rows);
        let y = address(context, pc, I.Axpy.y);
        let x = address(context, pc, I.Axpy.x);
        const strideY = stride(context, pc, I.Axpy.y, n);
        const strideX = stride(context, pc, I.Axpy.x, n);
        for (let g: usize = 0; g < groups; g++, y += strideY, x += strideX) laneAxpy(y, x, n, float(pc, I.Axpy.alpha));
        pc += I.Axpy.length << 2;
        break;
      }
      case Form.Gather: {
        const features: usize = word(pc, I.Gather.features);
        let y = address(context, pc, I.Gather.y);
        const strideY = stride(context, pc, I.Gather.y, <usize>rows * features);
        let source = <usize>load<u32>(context, Lanes.Sources) + <usize>word(pc, I.Gather.source) * load<u32>(context, Lanes.SourceStride);
        let orders: usize = load<u32>(context, Lanes.Orders);
        for (let g: usize = 0; g < groups; g++, y += strideY, source += 4 * LaneSource.Size) {
          laneGather(y, source, orders, load<u32>(context, Lanes.Position), rows, features);
          if (orders) orders += 16;
        }
        pc += I.Gather.length << 2;
        break;
      }
      case Form.Tile: {
        const first = pc + (I.Tile.length << 2);
        const scratch = address(context, pc, I.Tile.scratch);
        const span = (<usize>word(pc, I.Tile.span) << 4) * groups;
        const tile: usize = word(pc, I.Tile.tile);
        const n = count(pc, I.Tile.size, rows);
        const after = first + (<usize>word(pc, I.Tile.words) << 2);
        for (let g: usize = 0; g < groups; g++) {
          for (let start: usize = 0; start < n; start += tile) {
            for (pc = first; pc < after; ) pc = tiled(context, pc, rows, g, n, start << 4, min(tile, n - start), scratch, span);
          }
        }
        pc = after;
        break;
      }
      default: unreachable();
    }
  }
}

/** The address of what a group adds up. */
function sumsOf(context: usize, group: usize): usize {
  return <usize>load<u32>(context, Lanes.Sums) + group * load<u32>(context, Lanes.SumStride);
}

/** The kernels of form Rows. Sums and copies of whole rows are those of one net with four times as many features. */
function rowwise(opcode: i32, y: usize, x: usize, rows: usize, features: usize, accumulate: bool): void {
  switch (opcode) {
    case Opcode.SumRows: sumRows(y, x, rows, features << 2, features << 2, accumulate); break;
    case Opcode.SumFeatures: laneSumFeatures(y, x, rows, features); break;
    case Opcode.ExpandRows: expandRows(y, x, rows, features << 2); break;
    case Opcode.ExpandFeatures: laneExpandFeatures(y, x, rows, features); break;
    case Opcode.Softmax: laneSoftmax(y, x, rows, features); break;
    case Opcode.LogSumExp: laneLogSumExp(y, x, rows, features); break;
    case Opcode.MaxFeatures: laneMaxFeatures(y, x, rows, features); break;
    case Opcode.OneHot: laneOneHot(y, x, rows, features); break;
    case Opcode.LogSoftmax: laneLogSoftmax(y, x, rows, features); break;
    default: unreachable();
  }
}

/** Runs up to `steps` training steps of the nets of a block, as `train` does of one. Lanes.Position and Lanes.Step count what is done. */
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
 * Runs a program on `rows` rows of all nets: `groups` groups, from those in the context on, `most` at once; the last one has `last` nets. Tensors are
 * taken in and given out net by net, as `tensors` says: inputs first, 16 bytes each: the ref in the workspace; the caller's address; floats; bytes from
 * net to net, 0 where all nets have the same.
 */
export function predict(
  context: usize, pc: usize, end: usize, rows: u32, groups: usize, most: usize, last: usize, tensors: usize, inputs: usize, outputs: usize,
): void {
  const parameters: usize = load<u32>(context, Lanes.Parameters);
  const firstOutput = tensors + (inputs << 4);
  for (let first: usize = 0; first < groups; first += most) {
    const some = min(most, groups - first);
    store<u32>(context, <u32>some, Lanes.Groups);
    store<u32>(context, <u32>(parameters + <usize>load<u32>(context, Lanes.ParameterStride) * first), Lanes.Parameters);
    for (let i: usize = 0; i < inputs; i++) transfer(context, tensors + (i << 4), first, some, groups, last, true);
    run(context, pc, end, rows);
    for (let i: usize = 0; i < outputs; i++) transfer(context, firstOutput + (i << 4), first, some, groups, last, false);
  }
  store<u32>(context, <u32>parameters, Lanes.Parameters);
}

/** Takes in a tensor of `some` groups from number `first` on, or gives it out. */
function transfer(context: usize, tensor: usize, first: usize, some: usize, groups: usize, last: usize, isInput: bool): void {
  const n: usize = load<u32>(tensor, 8);
  const step: usize = load<u32>(tensor, 12);
  const lanes = address(context, tensor, 0);
  const rows = <usize>load<u32>(tensor, 4) + 4 * step * first;
  const nets = first + some == groups ? (some << 2) - 4 + last : some << 2;
  if (isInput) interleave(lanes, rows, n, step, nets);
  else separate(rows, lanes, n, step, nets);
}

/** Bit i: a value or a slot of net i of a block is NaN or infinite: n values of a group from `values` on, m slots from `slots` on. */
export function oddNets(context: usize, values: usize, n: usize, slots: usize, m: usize): u32 {
  let odd: u32 = 0;
  const groups = load<u32>(context, Lanes.Groups);
  for (let g: u32 = 0; g < groups; g++) {
    odd |= (oddLanes(values, n) | oddLanes(slots, m)) << (g << 2);
    values += load<u32>(context, Lanes.ParameterStride);
    slots += load<u32>(context, Lanes.StateStride);
  }
  return odd;
}
