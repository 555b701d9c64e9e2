/** The program loop: reads instructions and calls kernels. See `opcodes.ts` for the words, `context.ts` for the record. */
import { binary } from './kernels/binary';
import { Context, Status } from './context';
import { gatherTo } from './gather';
import { largestMagnitude } from './kernels/data';
import { gemm } from './gemm/gemm';
import { linear as linearInt8 } from './int8/linear';
import { linear } from './kernels/linear';
import { binaryCrossEntropy, countCorrect, crossEntropy, sigmoidCrossEntropy, softmaxCrossEntropy, sumLoss } from './kernels/losses';
import * as I from './opcodes';
import { Factor, Form, formOf, GemmFlag, Opcode } from './opcodes';
import { isInBlock } from './blocks';
import { address, count, double, float, operandSize, optional, resultSize, word } from './operands';
import { areApart, isTensor } from './preconditions';
import { adam, axpy, clipNorm, momentum, sgd } from './kernels/optimizers';
import { bytesOf, partsOf, runSpecial, slice, sliceRows } from './parts';
import { copyColumns, expandFeatures, expandRows, fill, maxFeatures, oneHot, sumFeatures, sumRows } from './kernels/rows';
import { logSoftmax, logSumExp, softmax } from './kernels/softmax';
import { embed, embedBackward } from './kernels/embedding';
import { draw } from './random';
import { setScratch } from './scratch';
import { announceGather, awaitJob, contextOfJob, enter, finish, forgetGather, instructionOfJob, join, Own, partsOfJob, publish, rowsOfJob, size, take } from './team';
import { unary } from './kernels/unary';

function learningRate(context: usize): f64 {
  return load<f64>(<usize>load<u32>(context, Context.LearningRates) + (<usize>load<u32>(context, Context.Step) << 3));
}

/** The product of those of the optimizer's scalars of this step whose bits are set. */
function scalars(context: usize, bits: u32): f64 {
  let product: f64 = 1;
  let at = <usize>load<u32>(context, Context.Scalars) + (<usize>(load<u32>(context, Context.Step) * load<u32>(context, Context.ScalarCount)) << 3);
  for (; bits; bits >>>= 1, at += 8) if (bits & 1) product *= load<f64>(at);
  return product;
}

/** `scale` times the factors that only the run knows, multiplied in f64 and rounded once. */
function factored(scale: f32, factors: u32, context: usize, rows: u32): f32 {
  let product = <f64>scale;
  if (factors & Factor.PerRow) product /= <f64>rows;
  if (factors & Factor.Mean) {
    const mean = load<u32>(context, Context.MeanRows);
    product /= <f64>(mean ? mean : rows);
  }
  if (factors & Factor.Descend) product *= -learningRate(context);
  if (factors >= <u32>Factor.Scalars) product *= scalars(context, factors / Factor.Scalars);
  return <f32>product;
}

/** The address a ref stands for, `start` bytes further on; that of a tensor within `span` bytes from `scratch` stays. */
function tileAddress(context: usize, pc: usize, index: i32, start: usize, scratch: usize, span: usize): usize {
  const base = address(context, pc, index);
  return base - scratch < span ? base : base + start;
}

/**
 * Runs one instruction of a tile, of the forms Unary, Scale, Binary or Fill, on `n` elements, `start` bytes into its tensors; where the next one
 * stands. Apart from the loop of whole instructions, whose smallest ones would notice what a tile asks besides.
 */
function tiled(context: usize, pc: usize, rows: u32, start: usize, n: usize, scratch: usize, span: usize): usize {
  const opcode: i32 = load<i32>(pc);
  const form = formOf(opcode);
  const y = tileAddress(context, pc, I.Unary.y, start, scratch, span);
  if (form == Form.Fill) {
    fill(y, n, factored(float(pc, I.Fill.value), word(pc, I.Fill.factors), context, rows));
    return pc + (I.Fill.length << 2);
  }
  const x = tileAddress(context, pc, I.Unary.x, start, scratch, span);
  if (form == Form.Binary) {
    binary(opcode, y, x, tileAddress(context, pc, I.Binary.b, start, scratch, span), n, float(pc, I.Binary.alpha));
    return pc + (I.Binary.length << 2);
  }
  const alpha = float(pc, I.Unary.alpha);
  if (form == Form.Scale) unary(Opcode.Affine, y, x, n, factored(alpha, word(pc, I.Scale.factors), context, rows), 0);
  else unary(opcode, y, x, n, alpha, float(pc, I.Unary.beta));
  return pc + (I.Unary.length << 2);
}

/** A product by weights of eight bits. Apart from the loop, which cores on one thread share: there it is a module of its own. */
function quantized(context: usize, pc: usize, rows: u32): void {
  const u = address(context, pc, I.LinearInt8.u);
  const m = count(pc, I.LinearInt8.m, rows);
  const n = count(pc, I.LinearInt8.n, rows);
  const activation: i32 = word(pc, I.LinearInt8.activation);
  linearInt8(
    u, address(context, pc, I.LinearInt8.x), address(context, pc, I.LinearInt8.panels), optional(context, pc, I.LinearInt8.b),
    m, n, count(pc, I.LinearInt8.k, rows), activation == Opcode.Relu, address(context, pc, I.LinearInt8.room),
  );
  if (activation != Opcode.Relu && activation != Opcode.Copy)
    unary(activation, u, u, m * n, float(pc, I.LinearInt8.alpha), float(pc, I.LinearInt8.beta));
}

/** Runs the instructions from `pc` up to `end` on `rows` rows. Both may be any address between two instructions, so a run can stop and go on later. */
export function run(context: usize, pc: usize, end: usize, rows: u32): i32 {
  if (!ASC_NO_ASSERT) {
    assert((context & 7) == 0 && isInBlock(context, Context.Size), 'run: the context is a record in the heap, aligned to 8');
    assert((pc & 3) == 0 && pc <= end && isInBlock(pc, end - pc), 'run: the program is words in the heap');
  }
  let isRoomy = false;
  if (ASC_FEATURE_THREADS && threads > 1) forgetGather();
  while (pc < end) {
    if (ASC_FEATURE_THREADS && threads > 1) {
      const isCopied = load<i32>(pc) == Opcode.Gather && announceGather(pc, (<usize>rows * <usize>word(pc, I.Gather.features)) << 2);
      const parts = isCopied ? 1 : partsOf(pc, rows, threads, least);
      if (parts > 1) {
        if (!isRoomy) isRoomy = reserveStack(STACK_CALLS) > 0;
        share(context, pc, rows, parts);
        pc += bytesOf(pc);
        continue;
      }
    }
    const opcode: i32 = load<i32>(pc);
    if (ASC_FEATURE_THREADS && opcode == Opcode.LinearInt8) {
      quantized(context, pc, rows);
      pc += I.LinearInt8.length << 2;
      continue;
    }
    switch (formOf(opcode)) {
      case Form.Unary:
      case Form.Scale: {
        const size = count(pc, I.Unary.size, rows);
        const y = address(context, pc, I.Unary.y);
        const x = address(context, pc, I.Unary.x);
        const alpha = float(pc, I.Unary.alpha);
        if (opcode == Opcode.Scale) unary(Opcode.Affine, y, x, size, factored(alpha, word(pc, I.Scale.factors), context, rows), 0);
        else unary(opcode, y, x, size, alpha, float(pc, I.Unary.beta));
        pc += I.Unary.length << 2;
        break;
      }
      case Form.Gemm: {
        const flags = word(pc, I.Gemm.flags);
        const lda: usize = word(pc, I.Gemm.lda);
        const ldb: usize = word(pc, I.Gemm.ldb);
        const ta = (flags & GemmFlag.TransposeA) != 0;
        const tb = (flags & GemmFlag.TransposeB) != 0;
        gemm(
          address(context, pc, I.Gemm.c), address(context, pc, I.Gemm.a), address(context, pc, I.Gemm.b),
          count(pc, I.Gemm.m, rows), count(pc, I.Gemm.n, rows), count(pc, I.Gemm.k, rows),
          ta ? 1 : lda, ta ? lda : 1, tb ? 1 : ldb, tb ? ldb : 1,
          (flags & GemmFlag.Accumulate) != 0,
        );
        pc += I.Gemm.length << 2;
        break;
      }
      case Form.Linear:
        linear(
          address(context, pc, I.Linear.u), address(context, pc, I.Linear.x), address(context, pc, I.Linear.w), optional(context, pc, I.Linear.b),
          count(pc, I.Linear.m, rows), count(pc, I.Linear.n, rows), count(pc, I.Linear.k, rows),
          word(pc, I.Linear.activation), float(pc, I.Linear.alpha), float(pc, I.Linear.beta), optional(context, pc, I.Linear.panels),
        );
        pc += I.Linear.length << 2;
        break;
      case Form.Rows:
        rowwise(
          opcode, address(context, pc, I.Rows.y), address(context, pc, I.Rows.x),
          count(pc, I.Rows.rows, rows), count(pc, I.Rows.features, rows), word(pc, I.Rows.accumulate) != 0,
        );
        pc += I.Rows.length << 2;
        break;
      case Form.Fill: {
        const value = factored(float(pc, I.Fill.value), word(pc, I.Fill.factors), context, rows);
        fill(address(context, pc, I.Fill.y), count(pc, I.Fill.size, rows), value);
        pc += I.Fill.length << 2;
        break;
      }
      case Form.CopyColumns:
        copyColumns(
          address(context, pc, I.CopyColumns.y), address(context, pc, I.CopyColumns.x), count(pc, I.CopyColumns.rows, rows), word(pc, I.CopyColumns.width),
          word(pc, I.CopyColumns.yStride), word(pc, I.CopyColumns.yOffset), word(pc, I.CopyColumns.xStride), word(pc, I.CopyColumns.xOffset),
        );
        pc += I.CopyColumns.length << 2;
        break;
      case Form.Loss: {
        const loss = address(context, pc, I.Loss.loss);
        const z = address(context, pc, I.Loss.z);
        const t = address(context, pc, I.Loss.t);
        const m = count(pc, I.Loss.rows, rows);
        const features: usize = word(pc, I.Loss.features);
        if (opcode == Opcode.CrossEntropy) crossEntropy(loss, z, t, word(pc, I.Loss.kind), m, features);
        else binaryCrossEntropy(loss, z, t, m, features);
        pc += I.Loss.length << 2;
        break;
      }
      case Form.FusedLoss: {
        const loss = address(context, pc, I.FusedLoss.loss);
        const u = optional(context, pc, I.FusedLoss.u);
        const dz = address(context, pc, I.FusedLoss.dz);
        const z = address(context, pc, I.FusedLoss.z);
        const t = address(context, pc, I.FusedLoss.t);
        const m = count(pc, I.FusedLoss.rows, rows);
        const features: usize = word(pc, I.FusedLoss.features);
        const scale = factored(float(pc, I.FusedLoss.scale), word(pc, I.FusedLoss.factors), context, rows);
        if (opcode == Opcode.SoftmaxCrossEntropy) softmaxCrossEntropy(loss, u, dz, z, t, word(pc, I.FusedLoss.kind), m, features, scale);
        else sigmoidCrossEntropy(loss, u, dz, z, t, m, features, scale);
        pc += I.FusedLoss.length << 2;
        break;
      }
      case Form.Random: {
        const features = word(pc, I.Random.features);
        draw(
          address(context, pc, I.Random.y), count(pc, I.Random.rows, rows) * features, address(context, pc, I.Random.key),
          load<u32>(context, Context.FirstStep) + load<u32>(context, Context.Step), load<u32>(context, Context.FirstRow) * features,
          word(pc, I.Random.kind) != 0, float(pc, I.Random.alpha), float(pc, I.Random.rate),
        );
        pc += I.Random.length << 2;
        break;
      }
      case Form.Embed: {
        const y = address(context, pc, I.Embed.y);
        const x = address(context, pc, I.Embed.x);
        const ids = address(context, pc, I.Embed.ids);
        const m = count(pc, I.Embed.rows, rows);
        const features: usize = word(pc, I.Embed.features);
        if (opcode == Opcode.Embed) embed(y, x, ids, m, features, word(pc, I.Embed.count));
        else embedBackward(y, x, ids, m, features, word(pc, I.Embed.count));
        pc += I.Embed.length << 2;
        break;
      }
      case Form.AccumulateLoss: {
        const sum = <f64>float(pc, I.AccumulateLoss.scale) * sumLoss(address(context, pc, I.AccumulateLoss.loss), count(pc, I.AccumulateLoss.rows, rows));
        if (!isFinite(sum) && word(pc, I.AccumulateLoss.goOn) == 0) return Status.NotFinite;
        store<f64>(context, load<f64>(context, Context.LossSum) + sum, Context.LossSum);
        const part: usize = word(pc, I.AccumulateLoss.part);
        if (part) {
          const at = <usize>load<u32>(context, Context.Parts) + ((part - 1) << 3);
          store<f64>(at, load<f64>(at) + sum);
        }
        pc += I.AccumulateLoss.length << 2;
        break;
      }
      case Form.CountCorrect: {
        const w = optional(context, pc, I.CountCorrect.w);
        const correct = countCorrect(
          address(context, pc, I.CountCorrect.z), address(context, pc, I.CountCorrect.t), w, word(pc, I.CountCorrect.kind),
          count(pc, I.CountCorrect.rows, rows), word(pc, I.CountCorrect.features),
          word(pc, I.CountCorrect.each) != 0, float(pc, I.CountCorrect.cut), float(pc, I.CountCorrect.targetCut),
        );
        store<f64>(context, load<f64>(context, Context.Correct) + correct, Context.Correct);
        if (w) store<f64>(context, load<f64>(context, Context.Weight) + sumLoss(w, count(pc, I.CountCorrect.rows, rows)), Context.Weight);
        pc += I.CountCorrect.length << 2;
        break;
      }
      case Form.Sgd:
        sgd(address(context, pc, I.Sgd.w), address(context, pc, I.Sgd.dw), count(pc, I.Sgd.size, rows), learningRate(context) * double(pc, I.Sgd.rateLow));
        pc += I.Sgd.length << 2;
        break;
      case Form.Momentum:
        momentum(
          address(context, pc, I.Momentum.w), address(context, pc, I.Momentum.dw), address(context, pc, I.Momentum.v), count(pc, I.Momentum.size, rows),
          learningRate(context) * double(pc, I.Momentum.rateLow), float(pc, I.Momentum.momentum), word(pc, I.Momentum.nesterov) != 0,
        );
        pc += I.Momentum.length << 2;
        break;
      case Form.Adam:
        adam(
          address(context, pc, I.Adam.w), address(context, pc, I.Adam.dw), address(context, pc, I.Adam.m), address(context, pc, I.Adam.v),
          address(context, pc, I.Adam.powers), count(pc, I.Adam.size, rows),
          learningRate(context) * double(pc, I.Adam.rateLow),
          double(pc, I.Adam.beta1Low), double(pc, I.Adam.beta2Low), double(pc, I.Adam.epsilonLow), double(pc, I.Adam.decayLow),
          word(pc, I.Adam.more) == 0,
        );
        pc += I.Adam.length << 2;
        break;
      case Form.ClipNorm:
        clipNorm(address(context, pc, I.ClipNorm.g), count(pc, I.ClipNorm.size, rows), float(pc, I.ClipNorm.maxNorm));
        pc += I.ClipNorm.length << 2;
        break;
      case Form.Axpy:
        axpy(address(context, pc, I.Axpy.y), address(context, pc, I.Axpy.x), count(pc, I.Axpy.size, rows), float(pc, I.Axpy.alpha));
        pc += I.Axpy.length << 2;
        break;
      case Form.Magnitude: {
        const magnitude = largestMagnitude(address(context, pc, I.Magnitude.x), count(pc, I.Magnitude.size, rows));
        store<u32>(context, max(load<u32>(context, Context.Magnitude), magnitude), Context.Magnitude);
        pc += I.Magnitude.length << 2;
        break;
      }
      case Form.Gather:
        gatherTo(address(context, pc, I.Gather.y), context, pc, rows);
        pc += I.Gather.length << 2;
        break;
      case Form.Tile: {
        const first = pc + (I.Tile.length << 2);
        const scratch = address(context, pc, I.Tile.scratch);
        const span = <usize>word(pc, I.Tile.span) << 2;
        const tile: usize = word(pc, I.Tile.tile);
        const n = count(pc, I.Tile.size, rows);
        const after = first + (<usize>word(pc, I.Tile.words) << 2);
        for (let start: usize = 0; start < n; start += tile) {
          for (pc = first; pc < after; ) pc = tiled(context, pc, rows, start << 2, min(tile, n - start), scratch, span);
        }
        pc = after;
        break;
      }
      case Form.Binary:
        binary(
          opcode, address(context, pc, I.Binary.y), address(context, pc, I.Binary.a), address(context, pc, I.Binary.b),
          count(pc, I.Binary.size, rows), float(pc, I.Binary.alpha),
        );
        pc += I.Binary.length << 2;
        break;
      default: unreachable();
    }
  }
  if (!ASC_NO_ASSERT) assert(pc == end, 'run: the program ends between two instructions');
  return Status.Done;
}

/** The kernels of form Rows. Which of y and x is wide, [rows, features], is the opcode's. */
function rowwise(opcode: i32, y: usize, x: usize, rows: usize, features: usize, accumulate: bool): void {
  if (!ASC_NO_ASSERT) assertRows(opcode, y, x, rows, features);
  switch (opcode) {
    case Opcode.SumRows: sumRows(y, x, rows, features, features, accumulate); break;
    case Opcode.SumFeatures: sumFeatures(y, x, rows, features); break;
    case Opcode.ExpandRows: expandRows(y, x, rows, features); break;
    case Opcode.ExpandFeatures: expandFeatures(y, x, rows, features); break;
    case Opcode.Softmax: softmax(y, x, rows, features); break;
    case Opcode.LogSumExp: logSumExp(y, x, rows, features); break;
    case Opcode.MaxFeatures: maxFeatures(y, x, rows, features); break;
    case Opcode.OneHot: oneHot(y, x, rows, features); break;
    case Opcode.LogSoftmax: logSoftmax(y, x, rows, features); break;
    default: unreachable();
  }
}

function assertRows(opcode: i32, y: usize, x: usize, rows: usize, features: usize): void {
  const ny = resultSize(opcode, rows, features);
  const nx = operandSize(opcode, rows, features);
  assert(features > 0, 'rows: there is a feature');
  assert(isTensor(y, ny) && isTensor(x, nx), 'rows: y and x are words in the heap');
  const inPlace = (opcode == Opcode.Softmax || opcode == Opcode.LogSoftmax) && y == x;
  assert(inPlace || areApart(y, ny, x, nx), 'rows: y is apart from x, or is x in a softmax');
}

/**
 * Runs `steps` training steps. Each takes the next `batch` rows of the order, fewer at the end of the `total` rows, and runs the program on
 * them. Context.Position and Context.Step count what is done.
 */
export function train(context: usize, pc: usize, end: usize, steps: u32, batch: u32, total: u32): i32 {
  for (let i: u32 = 0; i < steps; i++) {
    const position = load<u32>(context, Context.Position);
    if (position >= total) break;
    const rows = min(batch, total - position);
    const status = run(context, pc, end, rows);
    if (status != Status.Done) return status;
    store<u32>(context, position + rows, Context.Position);
    store<u32>(context, load<u32>(context, Context.Step) + 1, Context.Step);
  }
  return Status.Done;
}

/** Threads of the team that this instance leads; 0 for one that leads none, or runs its own part. */
let threads: u32 = 0;

/** The least work of a part, in ns. */
let least: f64 = 0;

/** What this thread has to itself. */
let own: usize = 0;

/** Makes this instance the leader of a team. `waits`: whether its thread may sleep. `leastWork`: of a part, in ns. */
export function lead(team: usize, members: u32, waits: bool, leastWork: f64): void {
  own = enter(team, 0, waits);
  setScratch(own);
  threads = members;
  least = leastWork;
}

/** Runs parts of what the leader shares out, as member number `member`, until the team ends. */
export function work(team: usize, member: u32): void {
  own = enter(team, member, true);
  setScratch(own);
  while (awaitJob()) {
    for (let part = take(); part >= 0; part = take()) {
      runPart(contextOfJob(), instructionOfJob(), rowsOfJob(), part, partsOfJob());
      finish();
    }
  }
}

/** Frames of calls, more than any instruction takes. */
const STACK_CALLS: u32 = 200;

/**
 * Throws the host's stack overflow unless there is room for so many calls. Asked before a run shares out its first instruction: a stack that
 * ended while helpers work would leave their parts to nobody, and this team to one thread.
 */
function reserveStack(calls: u32): u32 {
  return calls > 0 ? 1 + reserveStack(calls - 1) : 0;
}

/** Runs an instruction with the team. */
function share(context: usize, pc: usize, rows: u32, parts: u32): void {
  threads = 0;
  publish(context, pc, rows, parts);
  for (let part = take(); part >= 0; part = take()) {
    runPart(context, pc, rows, part, parts);
    finish();
  }
  join();
  // Read again from the record. Kept over the loops it would be a value on WebAssembly's operand stack, because Binaryen compiles it so, and V8 11.3 (Node 20) loses that value
  // in the code of its first compiler, Liftoff: the team computed on one thread from then on.
  threads = size();
  if (load<i32>(pc) == Opcode.Adam && word(pc, I.Adam.more) == 0) {
    adam(
      address(context, pc, I.Adam.w), address(context, pc, I.Adam.dw), address(context, pc, I.Adam.m), address(context, pc, I.Adam.v),
      address(context, pc, I.Adam.powers), 0, 0, double(pc, I.Adam.beta1Low), double(pc, I.Adam.beta2Low), 1, 0, true,
    );
  }
}

function runPart(context: usize, pc: usize, rows: u32, part: u32, parts: u32): void {
  if (runSpecial(context, pc, rows, part, parts)) return;
  const bytes = slice(own + Own.Instruction, own + Own.OwnContext, context, pc, rows, part, parts);
  if (bytes) run(own + Own.OwnContext, own + Own.Instruction, own + Own.Instruction + bytes, sliceRows);
}
