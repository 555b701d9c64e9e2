/**
 * The instruction set: what the compiler writes and the program loop reads.
 * This one file is compiled into both sides, so they cannot disagree.
 *
 * An instruction is a run of u32 words: the opcode, then its operands at the indices that the enum of its
 * form names. The opcode has its form in it: who wants to know it asks `formOf`. Four kinds of operand:
 *   ref    a tensor: block in the top two bits, offset in elements (4 bytes) below; `Ref.None` where there is none
 *   size   a count of elements; with `Size.PerRow` set it is multiplied by the rows of this run
 *   f32    the bits of a float
 *   flag   a small integer
 */

/** The block of a ref, in its top two bits: the base that its offset counts from. */
export enum Block {
  Parameters = 0,
  State = 1,
  Workspace = 2,
  Constants = 3,
}

/** The bits of a ref. */
export enum Ref {
  /** no tensor: an optional operand left out */
  None = -1,
  OffsetMask = 0x3fffffff,
  BlockShift = 30,
}

/** The bits of a size. */
export enum Size {
  /** set: multiply the count by the rows of the run */
  PerRow = -0x80000000,
  CountMask = 0x7fffffff,
}

/** The forms of instructions. The enum below of the same name has the words of each. */
export enum Form {
  Unary,
  Scale,
  Binary,
  Fill,
  Gemm,
  Linear,
  Rows,
  CopyColumns,
  Random,
  Embed,
  Loss,
  FusedLoss,
  AccumulateLoss,
  CountCorrect,
  Sgd,
  Momentum,
  Adam,
  ClipNorm,
  Axpy,
  Magnitude,
  Gather,
  Tile,
  LinearInt8,
}

/** The bits of an opcode: its form, whether it is a function, and in the lowest four what sets it apart from others of both. */
export enum Code {
  FormShift = 5,
  /** set: computes an exponential, a logarithm or the like of each element, which takes several times as long as reading and writing it */
  Function = 16,
}

/** The form of an opcode. */
export function formOf(opcode: Opcode): Form {
  return opcode >> Code.FormShift;
}

/** Whether an opcode computes a function of each element. */
export function isFunction(opcode: Opcode): boolean {
  return (opcode & Code.Function) != 0;
}

/** Whether each element of what instructions of a form write depends on one element of each operand, so that they run tile by tile too. */
export function isElementwise(form: Form): boolean {
  return form == Form.Unary || form == Form.Scale || form == Form.Binary || form == Form.Fill;
}

/** The words of an instruction of a form; of a tile, without those of what runs in it. */
export function lengthOf(form: Form): i32 {
  switch (form) {
    case Form.Unary: return Unary.length;
    case Form.Scale: return Scale.length;
    case Form.Binary: return Binary.length;
    case Form.Fill: return Fill.length;
    case Form.Gemm: return Gemm.length;
    case Form.Linear: return Linear.length;
    case Form.Rows: return Rows.length;
    case Form.CopyColumns: return CopyColumns.length;
    case Form.Random: return Random.length;
    case Form.Embed: return Embed.length;
    case Form.Loss: return Loss.length;
    case Form.FusedLoss: return FusedLoss.length;
    case Form.AccumulateLoss: return AccumulateLoss.length;
    case Form.CountCorrect: return CountCorrect.length;
    case Form.Sgd: return Sgd.length;
    case Form.Momentum: return Momentum.length;
    case Form.Adam: return Adam.length;
    case Form.ClipNorm: return ClipNorm.length;
    case Form.Axpy: return Axpy.length;
    case Form.Magnitude: return Magnitude.length;
    case Form.Gather: return Gather.length;
    case Form.Tile: return Tile.length;
    case Form.LinearInt8: return LinearInt8.length;
    default: return 0;
  }
}

export enum Opcode {
  // y = f(x)
  Copy = (Form.Unary << Code.FormShift) | 1,
  /** α·x + β */
  Affine = (Form.Unary << Code.FormShift) | 2,
  Abs = (Form.Unary << Code.FormShift) | 3,
  Square = (Form.Unary << Code.FormShift) | 4,
  Sqrt = (Form.Unary << Code.FormShift) | 5,
  Relu = (Form.Unary << Code.FormShift) | 6,
  /** x > 0 ? x : α·x */
  LeakyRelu = (Form.Unary << Code.FormShift) | 7,
  /** x > 0 ? 1 : x = 0 ? α : 0 */
  Heaviside = (Form.Unary << Code.FormShift) | 8,
  /** min(max(x, α), β) */
  Clip = (Form.Unary << Code.FormShift) | 9,
  Exp = (Form.Unary << Code.FormShift) | Code.Function,
  Expm1 = (Form.Unary << Code.FormShift) | Code.Function | 1,
  Log = (Form.Unary << Code.FormShift) | Code.Function | 2,
  Log1p = (Form.Unary << Code.FormShift) | Code.Function | 3,
  Erf = (Form.Unary << Code.FormShift) | Code.Function | 4,
  /** 1 − erf x */
  Erfc = (Form.Unary << Code.FormShift) | Code.Function | 5,
  Sigmoid = (Form.Unary << Code.FormShift) | Code.Function | 6,
  Tanh = (Form.Unary << Code.FormShift) | Code.Function | 7,
  /** max(x, 0) + log1p(e^−|x|) */
  Softplus = (Form.Unary << Code.FormShift) | Code.Function | 8,
  /** x^(α + β), where β is what the exponent lost in rounding to a float */
  Pow = (Form.Unary << Code.FormShift) | Code.Function | 9,

  /** α·x, changed by the factors of `Factor` */
  Scale = Form.Scale << Code.FormShift,

  // y = f(a, b)
  Add = Form.Binary << Code.FormShift,
  Sub = (Form.Binary << Code.FormShift) | 1,
  Mul = (Form.Binary << Code.FormShift) | 2,
  Div = (Form.Binary << Code.FormShift) | 3,
  Minimum = (Form.Binary << Code.FormShift) | 4,
  Maximum = (Form.Binary << Code.FormShift) | 5,
  /** dz = du where u > 0, else 0: a = u, b = du */
  ReluBackward = (Form.Binary << Code.FormShift) | 6,
  /** dz = du where u > 0, else α·du; for α = 0 that is 0 where du is no number too */
  LeakyReluBackward = (Form.Binary << Code.FormShift) | 7,
  /** dz = du · (u·(1 − u)) */
  SigmoidBackward = (Form.Binary << Code.FormShift) | 8,
  /** dz = du · (1 − u²) */
  TanhBackward = (Form.Binary << Code.FormShift) | 9,

  // matrix products
  Gemm = Form.Gemm << Code.FormShift,
  Linear = Form.Linear << Code.FormShift,
  /** by weights of eight bits, in the core of threads alone */
  LinearInt8 = Form.LinearInt8 << Code.FormShift,

  // over rows and features
  /** y[f] = Σ_rows x[row, f] */
  SumRows = Form.Rows << Code.FormShift,
  /** y[row] = Σ_f x[row, f] */
  SumFeatures = (Form.Rows << Code.FormShift) | 1,
  /** y[row, f] = x[f] */
  ExpandRows = (Form.Rows << Code.FormShift) | 2,
  /** y[row, f] = x[row] */
  ExpandFeatures = (Form.Rows << Code.FormShift) | 3,
  /** y[row] = max_f x[row, f] */
  MaxFeatures = (Form.Rows << Code.FormShift) | 4,
  /** y[row, f] = 1 where f = ids[row] (u32), else 0 */
  OneHot = (Form.Rows << Code.FormShift) | 5,
  Softmax = (Form.Rows << Code.FormShift) | Code.Function,
  LogSumExp = (Form.Rows << Code.FormShift) | Code.Function | 1,
  /** y[row, f] = x[row, f] − log Σ e^{x[row, l]} */
  LogSoftmax = (Form.Rows << Code.FormShift) | Code.Function | 2,

  /** y = α·factors */
  Fill = Form.Fill << Code.FormShift,
  /** copies columns between tensors of different widths (concat, slice, and their gradients) */
  CopyColumns = Form.CopyColumns << Code.FormShift,
  /** numbers drawn anew in each step: 0 or α (a mask), or normal deviates times α */
  Random = Form.Random << Code.FormShift,
  /** y[row] = table[id of row] */
  Embed = Form.Embed << Code.FormShift,
  /** y = 0, then y[id of row] += dy[row] */
  EmbedBackward = (Form.Embed << Code.FormShift) | 1,

  // losses
  /** loss per row: logsumexp(z) − Σ t·z */
  CrossEntropy = Form.Loss << Code.FormShift,
  /** loss per row: Σ softplus(z) − t·z */
  BinaryCrossEntropy = (Form.Loss << Code.FormShift) | 1,
  /** CrossEntropy, softmax and (softmax − t)·scale in one pass */
  SoftmaxCrossEntropy = Form.FusedLoss << Code.FormShift,
  /** BinaryCrossEntropy, sigmoid and (sigmoid − t)·scale in one pass */
  SigmoidCrossEntropy = (Form.FusedLoss << Code.FormShift) | 1,
  /** adds Σ loss · scale to the run's loss; ends the run where the sum is not finite */
  AccumulateLoss = Form.AccumulateLoss << Code.FormShift,
  /** adds the weights of the rows classified correctly to the run's count, and those of all rows to its weight */
  CountCorrect = Form.CountCorrect << Code.FormShift,

  // over the parameter run
  Sgd = Form.Sgd << Code.FormShift,
  Momentum = Form.Momentum << Code.FormShift,
  Adam = Form.Adam << Code.FormShift,
  /** g ·= min(1, maxNorm / ‖g‖₂) */
  ClipNorm = Form.ClipNorm << Code.FormShift,
  /** y += α·x */
  Axpy = Form.Axpy << Code.FormShift,
  /** raises Context.Magnitude to the largest |x| */
  Magnitude = Form.Magnitude << Code.FormShift,

  // data
  Gather = Form.Gather << Code.FormShift,

  // control
  /** runs the elementwise instructions behind it tile by tile */
  Tile = Form.Tile << Code.FormShift,
}

/** y = f(x) over `size` elements. In place where y = x. */
export enum Unary { op, y, x, size, alpha, beta, length }

/** Factors of a scale that are known only when the program runs. */
export enum Factor {
  /** 1 / rows of the run */
  PerRow = 1,
  /** −learningRate */
  Descend = 2,
  /** what a mean over the rows of a step has: 1 / rows, those of the run or Context.MeanRows */
  Mean = 4,
  /** the optimizer's first scalar of this step; each further bit is the next scalar */
  Scalars = 8,
}

/** y = alpha·factors·x over `size` elements; factors: the flags of `Factor`. As long as Unary. */
export enum Scale { op, y, x, size, alpha, factors, length }

/** y = f(a, b) over `size` elements. In place where y = a or y = b. */
export enum Binary { op, y, a, b, size, alpha, length }

/**
 * c[m, n] = op(a)·op(b), row-major and tight. A transposed operand is stored as its transpose:
 * `lda` and `ldb` are the stored row lengths.
 */
export enum Gemm { op, c, a, b, m, n, k, lda, ldb, flags, length }

/** Flags of Gemm. */
export enum GemmFlag { TransposeA = 1, TransposeB = 2, Accumulate = 4 }

/**
 * u[m, n] = activation(x[m, k] · w[n, k]ᵀ + b[n]); `activation` is the opcode of a unary, Copy for none; b may be Ref.None.
 * `panels` is w once more, packed (`packWeights`), for more rows than one; Ref.None where it is not.
 */
export enum Linear { op, u, x, w, b, m, n, k, activation, alpha, beta, panels, length }

/**
 * The same by weights of eight bits, which `panels` has (`assembly/int8/pack.ts`); `room` is for x quantized. The operands stand where those of Linear do.
 */
export enum LinearInt8 { op, u, x, room, b, m, n, k, activation, alpha, beta, panels, length }

/** Between x[rows, features] and y; which of the two is wide is the opcode's. `accumulate` (SumRows only): y += . */
export enum Rows { op, y, x, rows, features, accumulate, length }

/** y = value·factors over `size` elements. */
export enum Fill { op, y, size, value, factors, length }

/** y[row, yOffset + j] = x[row, xOffset + j] for j < width; yStride and xStride are the row lengths. */
export enum CopyColumns { op, y, x, rows, width, yStride, yOffset, xStride, xOffset, length }

/** y[rows, features] from `key`, two floats whose bits are the key, and the step: `kind` 0 is α where a uniform number reaches `rate`, else 0; 1 is normal. */
export enum Random { op, y, key, rows, features, kind, alpha, rate, length }

/** Between y and x, one of which is [rows, features], by `ids` [rows, 1], floats below `count`. */
export enum Embed { op, y, x, ids, rows, features, count, length }

/** How targets are given: rows of values as wide as the output, or one u32 class id per row. */
export enum TargetKind { Values = 0, Classes = 1 }

/** loss[rows, 1] from logits z[rows, features] and targets t. */
export enum Loss { op, loss, z, t, kind, rows, features, length }

/** The same with u = softmax or sigmoid of z (Ref.None: not kept) and dz = (u − t)·scale·factors. */
export enum FusedLoss { op, loss, u, dz, z, t, kind, rows, features, scale, factors, length }

/**
 * Context.lossSum += scale · Σ loss, and so for number `part` of Context.Parts, counted from 1; 0 for none. A sum that is not finite ends the run
 * before that, unless `goOn` is set.
 */
export enum AccumulateLoss { op, loss, rows, scale, goOn, part, length }

/** Counts rows classified correctly: by the largest number, or (`each` = 1) by whether each number reaches `cut` where its target reaches `targetCut`. Each counts by its weight, or once where w is Ref.None. */
export enum CountCorrect { op, z, t, w, kind, rows, features, each, cut, targetCut, length }

/** w −= rate·learningRate · dw; `rate` is f64, low word first. */
export enum Sgd { op, w, dw, size, rateLow, rateHigh, length }

/** v = μ·v + dw; w −= rate·learningRate · (nesterov ? dw + μ·v : v); `rate` is f64, low word first. */
export enum Momentum { op, w, dw, v, size, momentum, nesterov, rateLow, rateHigh, length }

/**
 * Adam (Kingma & Ba 2015, algorithm 1), with decoupled decay (Loshchilov & Hutter 2019) where decay ≠ 0.
 * `powers` refers to two f64: β₁ᵗ and β₂ᵗ of the steps done so far, which are advanced unless `more` updates of the step follow. Constants are f64,
 * low word first; `rate` multiplies the learning rate.
 */
export enum Adam {
  op, w, dw, m, v, powers, size,
  beta1Low, beta1High, beta2Low, beta2High, epsilonLow, epsilonHigh, decayLow, decayHigh, rateLow, rateHigh, more, length
}

/** g of `size` elements. */
export enum ClipNorm { op, g, size, maxNorm, length }

/** y += alpha·x */
export enum Axpy { op, y, x, size, alpha, length }

/** Context.Magnitude = max(Context.Magnitude, |x|); NaN is kept. */
export enum Magnitude { op, x, size, length }

/** What a data set's elements are stored as. */
export enum DataType { Float32 = 0, Uint8 = 1, Uint32 = 2 }

/** y[row, :] = data[order[position + row], :]·scale + offset; `source` is the column's number in Context.Sources. Ids (Uint32) are copied as they are. */
export enum Gather { op, y, source, rows, features, type, scale, offset, length }

/**
 * Runs the instructions of the next `words` words on `tile` elements after another of the `size` that each of them has: what one makes for the next
 * stays in the first-level cache. They are of the forms Unary, Scale, Binary and Fill. Tensors within `span` elements from `scratch` are of one tile:
 * their address does not advance.
 */
export enum Tile { op, size, words, tile, scratch, span, length }
