/** What the tests know of each op, activation, initializer, loss, layer, optimizer, metric and schedule: the only list of them. A test holds it against the library's own tables (vocabulary.test.ts). */
import {
  type ActivationName,
  abs,
  accuracy,
  adagrad,
  adam,
  adamW,
  add,
  affine,
  averagePrecision,
  balancedAccuracy,
  batchNorm,
  binaryCrossEntropy,
  byMode,
  categoricalFocal,
  classificationReport,
  clip,
  cohenKappa,
  concat,
  confusionMatrix,
  constantInit,
  cosine,
  cosineSimilarity,
  crossEntropy,
  dense,
  div,
  dot,
  dropout,
  elu,
  embedding,
  erf,
  erfc,
  exp,
  expm1,
  exponentialDecay,
  f1,
  f1At,
  focal,
  gaussianNll,
  gaussianNoise,
  gelu,
  glorotNormal,
  glorotUniform,
  hardSigmoid,
  heaviside,
  heNormal,
  heUniform,
  hinge,
  huber,
  type Initializer,
  klDivergence,
  type Layer,
  type Loss,
  layerNorm,
  lbfgs,
  leakyRelu,
  lion,
  log,
  log1p,
  logCosh,
  logLoss,
  logSoftmax,
  logSumExp,
  type Metric,
  mae,
  mape,
  matmul,
  matthews,
  max,
  maximum,
  mean,
  meanAbsoluteError,
  meanRows,
  meanSquaredError,
  min,
  minimum,
  mish,
  mul,
  type Node,
  nadam,
  neg,
  normalize,
  type Optimizer,
  type OptimizerMaker,
  oneCycle,
  parameter,
  poisson,
  pow,
  prAuc,
  precision,
  precisionAt,
  quantile,
  r2,
  recall,
  recallAt,
  reduceOnPlateau,
  relu,
  rescale,
  rmse,
  rmsNorm,
  rmsProp,
  rocAuc,
  type Schedule,
  scale,
  selu,
  sgd,
  shift,
  sigmoid,
  silu,
  slice,
  softmax,
  softplus,
  softsign,
  sqrt,
  square,
  squaredError,
  state,
  stepDecay,
  sub,
  sum,
  tanh,
  topK,
  warmup,
  zeros,
} from 'neurite';
import { features } from '../src/graph/shape.js';
import { activations as namedActivations } from '../src/layers/activations.js';
import { binaryCrossEntropy as binaryCrossEntropyRows } from '../src/ops/binaryCrossEntropy.js';
import { pad } from '../src/ops/columns.js';
import { crossEntropy as crossEntropyRows } from '../src/ops/crossEntropy.js';
import { embed } from '../src/ops/embed.js';
import { randomMask, randomNormal } from '../src/ops/random.js';
import type { Derivatives } from './oracle/graph.js';
import * as oracle from './oracle/losses.js';
import * as optimizerOracle from './oracle/optimizers.js';

/** What stands as an operand: an input of the full width or of one feature, a parameter of either, a matrix, or the first operand again. */
export type Operand = 'input' | 'narrow' | 'parameter' | 'scalar' | 'matrix' | 'same';

/** A function of Python, in which `torch`, and `F` for torch.nn.functional, stand for the libraries; or why PyTorch has nothing to say. */
export type Torch = string | { readonly none: string };

/** Bounds of ‖a − b‖∞ / ‖b‖∞ for values and first derivatives, and for second ones. */
export interface Tolerances {
  first: number;
  second: number;
}

/** Where a function is tried: with which constants, on which operands, drawn from where. */
export interface Trial {
  /** What follows the operands, which may depend on the width of the first. */
  readonly with?: readonly unknown[] | ((features: number) => readonly unknown[]);
  /** What the oracle's op calls the same. */
  readonly attributes?: Record<string, unknown> | ((features: number) => Record<string, unknown>);
  /** Where each operand is drawn. */
  readonly domains: readonly [readonly [number, number], (readonly [number, number])?];
  /** Operands that are tried together. */
  readonly operands: readonly (readonly Operand[])[];
  /** Arguments that have no slope: draws keep away from them. */
  readonly kinks?: readonly number[];
  /** What has no slope when equal: the two operands, or the features of one. */
  readonly ties?: 'operands' | 'features';
  /** Whether the function is linear between its kinks, so that its Taylor remainder is nothing but rounding. */
  readonly linear?: boolean;
  readonly tolerances?: Tolerances;
}

/** A function of nodes that users have. */
export interface FunctionRow {
  /** By which it is exported, and named in the README's table. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each has operands and constants of its own
  readonly f: (...operands: any[]) => Node;
  /** The op that it makes, or that most of it is; a composition of others has none. */
  readonly op?: string;
  /** The oracle's word, where it is another; or the function with its first two derivatives. */
  readonly oracle?: string | ((x: number, alpha: number, beta: number) => Derivatives);
  readonly torch: Torch;
  /** The width of the value for operands of width n and m; that of the wider where left out. */
  readonly width?: (n: number, m: number) => number;
  readonly trials: readonly Trial[];
}

/** An op that users do not write: derivatives, losses and broadcasting do. */
export interface InnerRow {
  readonly op: string;
  /** Where its values and derivatives are tried. */
  readonly tried: string;
  /** A value made of it, to be saved, from two batches of one width; or why no file holds it. */
  readonly saved: ((x: Node, t: Node) => Node) | { readonly none: string };
  /** Why `neurite/check` needs no value of it. */
  readonly noValue?: string;
}

/** An activation that has a name. */
export interface ActivationRow {
  readonly name: ActivationName;
  /** The oracle's op, where it is another, with the constants it has here; or the function with its first two derivatives. */
  readonly oracle?: string | ((x: number, alpha: number, beta: number) => Derivatives);
  readonly attributes?: Record<string, unknown>;
  /** A function of the logits z. */
  readonly torch: Torch;
}

const unaryOperands = [['input'], ['parameter'], ['scalar']] as const;
const binaryOperands = [
  ['input', 'input'],
  ['input', 'parameter'],
  ['parameter', 'input'],
  ['input', 'narrow'],
  ['narrow', 'input'],
  ['input', 'scalar'],
  ['scalar', 'input'],
  ['input', 'same'],
] as const;
/** For functions that have a kink, or nothing to differentiate, where an operand meets itself. */
const distinctOperands = binaryOperands.filter(([, b]) => b !== 'same');

/** One operand, drawn from an interval. */
const on = (low: number, high: number, more: Partial<Trial> = {}): Trial => ({ domains: [[low, high]], operands: unaryOperands, ...more });
/** Two operands, each drawn from its interval. */
const onTwo = (a: readonly [number, number], b: readonly [number, number], more: Partial<Trial> = {}): Trial => ({
  domains: [a, b],
  operands: binaryOperands,
  ...more,
});
const apart = { operands: distinctOperands, linear: true } as const;
const one = () => 1;
const third = (n: number) => [Math.floor(n / 3), Math.ceil(n * 0.7)] as const;

/** Every function of nodes there is. Adding one is adding a row. */
export const functions: readonly FunctionRow[] = [
  { name: 'add', f: add, op: 'add', torch: 'torch.add', trials: [onTwo([0.2, 2], [0.2, 2], { linear: true })] },
  { name: 'sub', f: sub, op: 'sub', torch: 'torch.sub', trials: [onTwo([1, 3], [-3, -1], apart)] },
  { name: 'mul', f: mul, op: 'mul', torch: 'torch.mul', trials: [onTwo([-2, 2], [-2, 2])] },
  { name: 'div', f: div, op: 'div', torch: 'torch.div', trials: [onTwo([-2, 2], [0.5, 3], { operands: distinctOperands })] },
  { name: 'maximum', f: maximum, op: 'maximum', torch: 'torch.maximum', trials: [onTwo([-2, 2], [-2, 2], { ...apart, ties: 'operands' })] },
  { name: 'minimum', f: minimum, op: 'minimum', torch: 'torch.minimum', trials: [onTwo([-2, 2], [-2, 2], { ...apart, ties: 'operands' })] },
  { name: 'neg', f: neg, oracle: 'affine', torch: 'torch.neg', trials: [on(-2, 2, { attributes: { alpha: -1, beta: 0 }, linear: true })] },
  {
    name: 'scale',
    f: scale,
    oracle: 'affine',
    torch: 'torch.mul',
    trials: [on(-2, 2, { with: [0.7], attributes: { alpha: 0.7, beta: 0 }, linear: true })],
  },
  {
    name: 'shift',
    f: shift,
    oracle: 'affine',
    torch: 'torch.add',
    trials: [on(0, 2, { with: [0.7], attributes: { alpha: 1, beta: 0.7 }, linear: true })],
  },
  {
    name: 'affine',
    f: affine,
    op: 'affine',
    torch: 'lambda x, alpha, beta: alpha * x + beta',
    trials: [on(0.4, 2, { with: [-1.5, 0.3], attributes: { alpha: -1.5, beta: 0.3 }, linear: true })],
  },
  { name: 'abs', f: abs, op: 'abs', torch: 'torch.abs', trials: [on(-2, 2, { kinks: [0], linear: true })] },
  { name: 'square', f: square, op: 'square', torch: 'torch.square', trials: [on(-2, 2)] },
  { name: 'sqrt', f: sqrt, op: 'sqrt', torch: 'torch.sqrt', trials: [on(0.2, 4)] },
  { name: 'exp', f: exp, op: 'exp', torch: 'torch.exp', trials: [on(-3, 3)] },
  { name: 'expm1', f: expm1, op: 'expm1', torch: 'torch.expm1', trials: [on(-3, 3)] },
  { name: 'log', f: log, op: 'log', torch: 'torch.log', trials: [on(0.2, 4)] },
  { name: 'log1p', f: log1p, op: 'log1p', torch: 'torch.log1p', trials: [on(-0.7, 3)] },
  { name: 'erf', f: erf, op: 'erf', torch: 'torch.erf', trials: [on(-2, 2)] },
  { name: 'erfc', f: erfc, op: 'erfc', torch: 'torch.erfc', trials: [on(-2, 2)] },
  {
    name: 'pow',
    f: pow,
    op: 'pow',
    torch: 'torch.pow',
    trials: [
      on(-1.5, 1.5, { with: [3], attributes: { alpha: 3 } }),
      on(0.3, 3, { with: [2.5], attributes: { alpha: 2.5 } }),
      on(0.3, 3, { with: [-1.5], attributes: { alpha: -1.5 } }),
      on(-2, 2, { with: [2], attributes: { alpha: 2 } }),
      on(-2, 2, { with: [1], attributes: { alpha: 1 }, linear: true }),
    ],
  },
  {
    name: 'clip',
    f: clip,
    op: 'clip',
    torch: 'torch.clamp',
    trials: [on(-2, 2, { with: [-0.8, 1.1], attributes: { alpha: -0.8, beta: 1.1 }, kinks: [-0.8, 1.1], linear: true })],
  },
  { name: 'sigmoid', f: sigmoid, op: 'sigmoid', torch: 'torch.sigmoid', trials: [on(-4, 4)] },
  { name: 'tanh', f: tanh, op: 'tanh', torch: 'torch.tanh', trials: [on(-3, 3)] },
  { name: 'relu', f: relu, op: 'relu', torch: 'torch.relu', trials: [on(-2, 2, { kinks: [0], linear: true })] },
  {
    name: 'leakyRelu',
    f: leakyRelu,
    op: 'leakyRelu',
    torch: 'lambda x, alpha=0.01: torch.where(x > 0, x, alpha * x)',
    trials: [
      on(-2, 2, { attributes: { alpha: 0.01 }, kinks: [0], linear: true }),
      on(-2, 2, { with: [0.3], attributes: { alpha: 0.3 }, kinks: [0], linear: true }),
      on(-2, 2, { with: [-0.5], attributes: { alpha: -0.5 }, kinks: [0], linear: true }),
    ],
  },
  {
    name: 'heaviside',
    f: heaviside,
    op: 'heaviside',
    torch: 'lambda x: (x >= 0) + 0 * x',
    trials: [on(-2, 2, { attributes: { alpha: 1 }, kinks: [0], linear: true })],
  },
  { name: 'softplus', f: softplus, op: 'softplus', torch: 'F.softplus', trials: [on(-4, 4)] },
  { name: 'softsign', f: softsign, torch: 'F.softsign', trials: [on(-3, 3, { kinks: [0] })] },
  { name: 'gelu', f: gelu, torch: 'F.gelu', trials: [on(-2.5, 3)] },
  { name: 'silu', f: silu, torch: 'F.silu', trials: [on(-4, 4)] },
  {
    name: 'elu',
    f: elu,
    torch: 'F.elu',
    trials: [on(-3, 3, { attributes: { alpha: 1 }, kinks: [0] }), on(-3, 3, { with: [0.5], attributes: { alpha: 0.5 }, kinks: [0] })],
  },
  { name: 'selu', f: selu, torch: 'F.selu', trials: [on(-3, 3, { kinks: [0] })] },
  { name: 'hardSigmoid', f: hardSigmoid, torch: 'lambda x: torch.clamp(x / 6 + 0.5, 0, 1)', trials: [on(-4, 4, { kinks: [-3, 3], linear: true })] },
  { name: 'mish', f: mish, torch: 'lambda x: x * torch.tanh(F.softplus(x))', trials: [on(-4, 4)] },
  {
    name: 'concat',
    f: concat,
    op: 'concat',
    torch: 'lambda *x: torch.cat(x, -1)',
    width: (n, m) => n + m,
    trials: [
      {
        domains: [
          [-2, 2],
          [-2, 2],
        ],
        operands: [
          ['input', 'input'],
          ['input', 'narrow'],
          ['narrow', 'input'],
          ['input', 'same'],
          ['parameter', 'parameter'],
        ],
        linear: true,
      },
    ],
  },
  {
    name: 'slice',
    f: slice,
    op: 'slice',
    torch: 'lambda x, start, end: x[..., int(start) : int(end)]',
    width: (n) => third(n)[1] - third(n)[0],
    trials: [on(-2, 2, { with: third, attributes: (n) => ({ start: third(n)[0], width: third(n)[1] - third(n)[0] }), linear: true })],
  },
  {
    name: 'sum',
    f: sum,
    op: 'sumFeatures',
    oracle: 'sumFeatures',
    torch: 'lambda x: x.sum(-1, keepdim=True)',
    width: one,
    trials: [on(0.1, 2, { linear: true })],
  },
  { name: 'mean', f: mean, oracle: 'meanFeatures', torch: 'lambda x: x.mean(-1, keepdim=True)', width: one, trials: [on(0.1, 2, { linear: true })] },
  {
    name: 'max',
    f: max,
    op: 'max',
    torch: 'lambda x: x.amax(-1, keepdim=True)',
    width: one,
    trials: [on(-2, 2, { ties: 'features', linear: true })],
  },
  { name: 'min', f: min, torch: 'lambda x: x.amin(-1, keepdim=True)', width: one, trials: [on(-2, 2, { ties: 'features', linear: true })] },
  { name: 'dot', f: dot, torch: 'lambda a, b: (a * b).sum(-1, keepdim=True)', width: one, trials: [onTwo([-2, 2], [-2, 2])] },
  {
    name: 'matmul',
    f: matmul,
    op: 'matmul',
    torch: 'lambda a, b, ta=False, tb=False: torch.matmul(a.T if ta else a, b.T if tb else b)',
    width: (_, m) => m,
    trials: [
      onTwo([-2, 2], [-2, 2], { operands: [['input', 'matrix']] }),
      onTwo([-2, 2], [-2, 2], { with: [false, true], attributes: { tb: true }, operands: [['input', 'matrix']] }),
    ],
  },
  { name: 'softmax', f: softmax, op: 'softmax', torch: 'lambda x: torch.softmax(x, -1)', trials: [on(-3, 3)] },
  { name: 'logSoftmax', f: logSoftmax, op: 'logSoftmax', torch: 'lambda x: torch.log_softmax(x, -1)', trials: [on(-3, 3)] },
  { name: 'logSumExp', f: logSumExp, op: 'logSumExp', torch: 'lambda x: torch.logsumexp(x, -1, keepdim=True)', width: one, trials: [on(-3, 3)] },
];

const targetsOnly = { none: 'it reads targets, which no saved graph has' };

/** The other ops. */
export const inner: readonly InnerRow[] = [
  { op: 'expandRows', tried: 'a parameter beside an input, in all functions of two operands', saved: (x) => add(x, parameter(features(x.shape))) },
  {
    op: 'sumRows',
    tried: 'the gradients of parameters beside inputs',
    saved: (x) => byMode(add(x, meanRows(x)), x),
    noValue: 'rows are independent in predictions',
  },
  { op: 'expandFeatures', tried: 'a narrow operand, in all functions of two operands', saved: (x) => sub(x, mean(x)) },
  { op: 'pad', tried: 'the derivatives of slice and concat', saved: (x) => pad(x, 1, features(x.shape) + 2) },
  { op: 'scaleBy', tried: 'the mean losses', saved: (x) => byMode(add(x, meanRows(x)), x), noValue: 'its factors are known to a run only' },
  { op: 'byMode', tried: 'layers that differ in training and prediction', saved: (x) => byMode(scale(x, 2), x) },
  { op: 'oneHot', tried: 'cross-entropy with class ids', saved: targetsOnly, noValue: 'no network has it' },
  { op: 'crossEntropy', tried: 'the losses', saved: (x, t) => crossEntropyRows(x, t) },
  { op: 'binaryCrossEntropy', tried: 'the losses', saved: (x, t) => binaryCrossEntropyRows(x, t) },
  {
    op: 'randomMask',
    tried: 'the layer dropout',
    saved: (x) => byMode(mul(x, randomMask(x, state(2), 0.25, 2)), x),
    noValue: 'what is drawn is no function of x',
  },
  {
    op: 'randomNormal',
    tried: 'the layer gaussianNoise',
    saved: (x) => byMode(add(x, randomNormal(x, state(2), 0.5)), x),
    noValue: 'what is drawn is no function of x',
  },
  { op: 'embed', tried: 'the layer embedding', saved: (x) => embed(parameter([5, 3]), slice(x, 0, 1)) },
  { op: 'masked', tried: 'the losses with weights of 0', saved: { none: 'it has weights, which come with the targets' } },
  { op: 'embedBackward', tried: 'the layer embedding', saved: { none: 'it is in gradients alone' } },
];

/** Every activation that has a name. Adding one is adding a row. */
export const activations: readonly ActivationRow[] = [
  { name: 'identity', torch: 'lambda z: z' },
  { name: 'heaviside', attributes: { alpha: 1 }, torch: 'lambda z: (z >= 0) + 0 * z' },
  { name: 'sigmoid', torch: 'torch.sigmoid' },
  { name: 'tanh', torch: 'torch.tanh' },
  { name: 'relu', torch: 'torch.relu' },
  { name: 'leakyRelu', attributes: { alpha: 0.01 }, torch: 'lambda z: F.leaky_relu(z, 0.01)' },
  { name: 'softmax', torch: 'lambda z: torch.softmax(z, -1)' },
  { name: 'gelu', torch: 'F.gelu' },
  { name: 'silu', torch: 'F.silu' },
  { name: 'elu', attributes: { alpha: 1 }, torch: 'F.elu' },
  { name: 'selu', torch: 'F.selu' },
  { name: 'softplus', torch: 'F.softplus' },
  { name: 'softsign', torch: 'F.softsign' },
  { name: 'hardSigmoid', torch: 'lambda z: torch.clamp(z / 6 + 0.5, 0, 1)' },
  { name: 'mish', torch: 'lambda z: z * torch.tanh(F.softplus(z))' },
  { name: 'exp', torch: 'torch.exp' },
];

/** A loss. */
export interface LossRow {
  readonly name: string;
  readonly make: (options?: { readonly fromLogits?: boolean }) => Loss;
  /** An activation of the output that it fits. */
  readonly output: 'softmax' | 'sigmoid' | 'identity' | 'softplus';
  /** Targets of a row, of numbers in [0, 1): one for each output, or fewer. */
  targets(draws: readonly number[]): number[];
  /** The loss of a row in float64, from what goes into the output's activation; and ∂/∂ of that. */
  row(v: number[], t: number[]): number;
  gradient(v: number[], t: number[]): number[];
  /** What the sum over the rows is divided by for a mean besides the rows: 1, the outputs, or the targets of a row. */
  readonly divisor: 'one' | 'outputs' | 'targets';
  /** Set where a row's loss is no sum over its elements: weights for each element are then refused. */
  readonly whole?: true;
  /** Of the logits where there is a head, else of the output, and of the targets: class ids where the loss takes these. */
  readonly torch: Torch;
}

const asDrawn = (draws: readonly number[]) => [...draws];

function probabilities(draws: readonly number[]): number[] {
  const total = draws.reduce((a, b) => a + b, 0);
  return draws.map((v) => v / total);
}

/** Every loss. Adding one is adding a row. */
export const losses: readonly LossRow[] = [
  {
    name: 'crossEntropy',
    make: crossEntropy,
    output: 'softmax',
    targets: probabilities,
    row: oracle.crossEntropy,
    gradient: oracle.crossEntropyGradient,
    divisor: 'one',
    whole: true,
    torch: 'F.cross_entropy',
  },
  {
    name: 'binaryCrossEntropy',
    make: binaryCrossEntropy,
    output: 'sigmoid',
    targets: asDrawn,
    row: oracle.binaryCrossEntropy,
    gradient: oracle.binaryCrossEntropyGradient,
    divisor: 'outputs',
    torch: 'F.binary_cross_entropy_with_logits',
  },
  {
    name: 'meanSquaredError',
    make: () => meanSquaredError(),
    output: 'identity',
    targets: asDrawn,
    row: oracle.squaredError,
    gradient: oracle.squaredErrorGradient,
    divisor: 'outputs',
    torch: 'F.mse_loss',
  },
  {
    name: 'squaredError',
    make: () => squaredError(),
    output: 'identity',
    targets: asDrawn,
    row: oracle.squaredError,
    gradient: oracle.squaredErrorGradient,
    divisor: 'one',
    torch: 'lambda u, t: torch.sum((u - t) ** 2)',
  },
  {
    name: 'meanAbsoluteError',
    make: () => meanAbsoluteError(),
    output: 'identity',
    targets: asDrawn,
    ...oracle.absoluteError,
    divisor: 'outputs',
    torch: 'F.l1_loss',
  },
  {
    name: 'huber',
    make: () => huber({ delta: 0.75 }),
    output: 'identity',
    targets: asDrawn,
    ...oracle.huber(0.75),
    divisor: 'outputs',
    torch: 'lambda u, t: F.huber_loss(u, t, delta=0.75)',
  },
  {
    name: 'logCosh',
    make: () => logCosh(),
    output: 'identity',
    targets: asDrawn,
    ...oracle.logCosh,
    divisor: 'outputs',
    torch: 'lambda u, t: torch.mean(torch.log(torch.cosh(u - t)))',
  },
  {
    name: 'focal',
    make: focal,
    output: 'sigmoid',
    targets: (draws) => draws.map(Math.round),
    ...oracle.focal(2, 0.25),
    divisor: 'outputs',
    torch:
      'lambda z, t: torch.mean(F.binary_cross_entropy_with_logits(z, t, reduction="none") * (0.25 * t + 0.75 * (1 - t)) * (1 - (torch.sigmoid(z) * t + (1 - torch.sigmoid(z)) * (1 - t))) ** 2)',
  },
  {
    name: 'categoricalFocal',
    make: categoricalFocal,
    output: 'softmax',
    targets: probabilities,
    ...oracle.categoricalFocal(2, 0.25),
    divisor: 'one',
    whole: true,
    torch: 'lambda z, t: torch.mean(0.25 * (1 - torch.softmax(z, 1).gather(1, t[:, None])[:, 0]) ** 2 * F.cross_entropy(z, t, reduction="none"))',
  },
  {
    name: 'hinge',
    make: () => hinge(),
    output: 'identity',
    targets: (draws) => draws.map(Math.round),
    ...oracle.hinge,
    divisor: 'outputs',
    torch: 'lambda u, t: torch.mean(torch.clamp(1 - (2 * t - 1) * u, min=0))',
  },
  {
    name: 'klDivergence',
    make: klDivergence,
    output: 'softmax',
    targets: probabilities,
    row: oracle.klDivergence,
    gradient: oracle.crossEntropyGradient,
    divisor: 'one',
    whole: true,
    torch: 'lambda z, t: F.kl_div(F.log_softmax(z, 1), F.one_hot(t, z.shape[1]).to(z.dtype), reduction="batchmean")',
  },
  {
    name: 'poisson',
    make: () => poisson(),
    output: 'identity',
    targets: (draws) => draws.map((v) => Math.round(4 * v)),
    ...oracle.poisson,
    divisor: 'outputs',
    torch: 'F.poisson_nll_loss',
  },
  {
    name: 'quantile',
    make: () => quantile({ tau: 0.9 }),
    output: 'identity',
    targets: asDrawn,
    ...oracle.quantile(0.9),
    divisor: 'outputs',
    torch: 'lambda u, t: torch.mean(torch.maximum(0.9 * (t - u), -0.1 * (t - u)))',
  },
  {
    name: 'gaussianNll',
    make: () => gaussianNll(),
    output: 'softplus',
    targets: (draws) => draws.slice(0, draws.length / 2),
    ...oracle.gaussianNll,
    divisor: 'targets',
    torch: 'lambda u, t: F.gaussian_nll_loss(u[:, : t.shape[1]], t, u[:, t.shape[1] :])',
  },
  {
    name: 'cosineSimilarity',
    make: () => cosineSimilarity(),
    output: 'identity',
    targets: asDrawn,
    ...oracle.cosineSimilarity,
    divisor: 'one',
    whole: true,
    torch: 'lambda u, t: torch.mean(1 - F.cosine_similarity(u, t))',
  },
];

/** A layer. */
export interface LayerRow {
  readonly name: string;
  readonly make: () => Layer;
  /** Where it takes ids: below which number. */
  readonly ids?: number;
  /** A row in float64, from a row of inputs and the layer's parameters, by their names. */
  row(x: readonly number[], parameters: Readonly<Record<string, readonly number[]>>): number[];
  readonly torch: Torch;
}

/** Every layer. Adding one is adding a row. */
export const layers: readonly LayerRow[] = [
  {
    name: 'dense',
    make: () => dense(4, 'tanh'),
    row: (x, { weights = [], biases = [] }) =>
      biases.map((b, j) => Math.tanh(x.reduce((sum, v, k) => sum + v * (weights[j * x.length + k] as number), b))),
    torch: 'lambda n: torch.nn.Sequential(torch.nn.Linear(n, 4), torch.nn.Tanh())',
  },
  {
    name: 'layerNorm',
    make: () => layerNorm(),
    row: (x, { gains = [], offsets = [] }) => {
      const mean = average(x);
      const deviation = Math.sqrt(average(x.map((v) => (v - mean) ** 2)) + 1e-5);
      return x.map((v, j) => ((v - mean) / deviation) * (gains[j] as number) + (offsets[j] as number));
    },
    torch: 'lambda n: torch.nn.LayerNorm(n)',
  },
  {
    name: 'rmsNorm',
    make: () => rmsNorm(),
    row: (x, { gains = [] }) => {
      const size = Math.sqrt(average(x.map((v) => v * v)) + 2 ** -23);
      return x.map((v, j) => (v / size) * (gains[j] as number));
    },
    torch: 'lambda n: RMSNorm(n)',
  },
  {
    name: 'batchNorm',
    make: () => batchNorm(),
    row: (x, { gains = [], offsets = [], mean = [], variance = [] }) =>
      x.map((v, j) => ((v - (mean[j] as number)) / Math.sqrt((variance[j] as number) + 1e-5)) * (gains[j] as number) + (offsets[j] as number)),
    torch: 'lambda n: torch.nn.BatchNorm1d(n)',
  },
  {
    name: 'rescale',
    make: () => rescale(0.5, 1),
    row: (x) => x.map((v) => 0.5 * v + 1),
    torch: { none: 'it is an affine op' },
  },
  {
    name: 'normalize',
    make: () => normalize({ offset: [1, 2, 3], scale: [2, 4, 0.5] }),
    row: (x) => x.map((v, j) => (v - (j + 1)) / ([2, 4, 0.5][j] as number)),
    torch: { none: 'it is an affine op' },
  },
  {
    name: 'embedding',
    make: () => embedding(5, 2),
    ids: 5,
    row: (x, { table = [] }) => x.flatMap((id) => table.slice(2 * id, 2 * id + 2)),
    torch: 'lambda n: torch.nn.Embedding(5, 2)',
  },
  { name: 'dropout', make: () => dropout(0.25), row: (x) => [...x], torch: { none: 'it draws other numbers' } },
  { name: 'gaussianNoise', make: () => gaussianNoise(0.5), row: (x) => [...x], torch: { none: 'it has no such layer' } },
];

/** An initializer. */
export interface InitializerRow {
  readonly name: string;
  readonly init: Initializer;
  /** How its numbers are spread, for a layer of so many inputs and outputs. */
  law(
    fanIn: number,
    fanOut: number,
  ): { readonly kind: 'uniform' | 'normal'; readonly deviation: number } | { readonly kind: 'constant'; readonly value: number };
}

/** Every initializer. Adding one is adding a row. */
export const initializers: readonly InitializerRow[] = [
  { name: 'glorotUniform', init: glorotUniform, law: (fanIn, fanOut) => ({ kind: 'uniform', deviation: Math.sqrt(2 / (fanIn + fanOut)) }) },
  { name: 'glorotNormal', init: glorotNormal, law: (fanIn, fanOut) => ({ kind: 'normal', deviation: Math.sqrt(2 / (fanIn + fanOut)) }) },
  { name: 'heUniform', init: heUniform, law: (fanIn) => ({ kind: 'uniform', deviation: Math.sqrt(2 / fanIn) }) },
  { name: 'heNormal', init: heNormal, law: (fanIn) => ({ kind: 'normal', deviation: Math.sqrt(2 / fanIn) }) },
  { name: 'zeros', init: zeros, law: () => ({ kind: 'constant', value: 0 }) },
  { name: 'constantInit', init: constantInit(0.25), law: () => ({ kind: 'constant', value: 0.25 }) },
];

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

type Run = Float64Array;

/** One step of an optimizer in float64: the weights, their gradient, the vectors of state, and the step's number from 1. */
export type OptimizerStep = (w: Run, g: ArrayLike<number>, slots: readonly Run[], t: number) => void;

/** An optimizer. */
export interface OptimizerRow {
  readonly name: string;
  /** Ways to set it, each with its step. */
  readonly variants: readonly (readonly [label: string, optimizer: Optimizer, step: OptimizerStep])[];
  /** A function of the parameters and of the description's options. */
  readonly torch: Torch;
}

const adamStep =
  (beta1: number, beta2: number, epsilon: number, decay: number): OptimizerStep =>
  (w, g, [m, v], t) =>
    optimizerOracle.adam(w, g, m as Run, v as Run, t, { learningRate: 0.01, beta1, beta2, epsilon, decay });

const adamInTorch = "lr=o['learningRate'], betas=(o['beta1'], o['beta2']), eps=o['epsilon'], weight_decay=o['weightDecay']";

const rmsPropStep =
  (options: optimizerOracle.RmsPropOptions): OptimizerStep =>
  (w, g, slots) =>
    optimizerOracle.rmsProp(w, g, slots, options);

const adagradStep =
  (options: optimizerOracle.AdagradOptions): OptimizerStep =>
  (w, g, [sum], t) =>
    optimizerOracle.adagrad(w, g, sum as Run, t, options);

const nadamStep =
  (options: optimizerOracle.NadamOptions): OptimizerStep =>
  (w, g, [m, v], t) =>
    optimizerOracle.nadam(w, g, m as Run, v as Run, t, options);

/** Optimizers that search, with a description of each: a network with one is loaded by who passes it. Their steps are in test/training and test/torch. */
export const searches: readonly (readonly [name: string, maker: OptimizerMaker, optimizer: Optimizer])[] = [
  ['lbfgs', lbfgs, lbfgs({ historySize: 3 })],
];

/** Every optimizer that does not search. Adding one is adding a row. */
export const optimizers: readonly OptimizerRow[] = [
  {
    name: 'sgd',
    variants: [
      ['sgd', sgd({ learningRate: 0.1, clipNorm: 1e9 }), (w, g) => optimizerOracle.sgd(w, g, 0.1)],
      ['momentum', sgd({ learningRate: 0.05, momentum: 0.9 }), (w, g, [v]) => optimizerOracle.momentum(w, g, v as Run, 0.05, 0.9)],
      [
        'nesterov',
        sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
        (w, g, [v]) => optimizerOracle.momentum(w, g, v as Run, 0.05, 0.9, true),
      ],
    ],
    torch: "lambda p, o: torch.optim.SGD(p, lr=o['learningRate'], momentum=o['momentum'], nesterov=o['nesterov'], weight_decay=o['weightDecay'])",
  },
  {
    name: 'adam',
    variants: [['adam', adam({ learningRate: 0.01 }), adamStep(0.9, 0.999, 1e-8, 0)]],
    torch: `lambda p, o: torch.optim.Adam(p, ${adamInTorch})`,
  },
  {
    name: 'adamW',
    variants: [['adamW', adamW({ learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1 }), adamStep(0.8, 0.95, 1e-4, 0.1)]],
    torch: `lambda p, o: torch.optim.AdamW(p, ${adamInTorch})`,
  },
  {
    name: 'rmsProp',
    variants: [
      ['rmsProp', rmsProp(), rmsPropStep({ learningRate: 0.01, alpha: 0.99, epsilon: 1e-8, momentum: 0, centered: false })],
      [
        'rmsProp, centered, with momentum',
        rmsProp({ learningRate: 1e-3, alpha: 0.9, epsilon: 1e-3, momentum: 0.8, centered: true }),
        rmsPropStep({ learningRate: 1e-3, alpha: 0.9, epsilon: 1e-3, momentum: 0.8, centered: true }),
      ],
    ],
    torch:
      "lambda p, o: torch.optim.RMSprop(p, lr=o['learningRate'], alpha=o['alpha'], eps=o['epsilon'], momentum=o['momentum'], centered=o['centered'], weight_decay=o['weightDecay'])",
  },
  {
    name: 'adagrad',
    variants: [
      ['adagrad', adagrad(), adagradStep({ learningRate: 0.01, learningRateDecay: 0, initialAccumulatorValue: 0, epsilon: 1e-10 })],
      [
        'adagrad, all options',
        adagrad({ learningRate: 0.1, learningRateDecay: 0.05, initialAccumulatorValue: 0.1, epsilon: 1e-6 }),
        adagradStep({ learningRate: 0.1, learningRateDecay: 0.05, initialAccumulatorValue: 0.1, epsilon: 1e-6 }),
      ],
    ],
    torch:
      "lambda p, o: torch.optim.Adagrad(p, lr=o['learningRate'], lr_decay=o['learningRateDecay'], initial_accumulator_value=o['initialAccumulatorValue'], eps=o['epsilon'], weight_decay=o['weightDecay'])",
  },
  {
    name: 'lion',
    variants: [
      ['lion', lion(), (w, g, [m]) => optimizerOracle.lion(w, g, m as Run, 1e-4, 0.9, 0.99, 0)],
      [
        'lion, all options',
        lion({ learningRate: 0.003, beta1: 0.8, beta2: 0.95, weightDecay: 0.1 }),
        (w, g, [m]) => optimizerOracle.lion(w, g, m as Run, 0.003, 0.8, 0.95, 0.1),
      ],
    ],
    torch: { none: 'it has no Lion' },
  },
  {
    name: 'nadam',
    variants: [
      ['nadam', nadam(), nadamStep({ learningRate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentumDecay: 0.004 })],
      [
        'nadam, all options',
        nadam({ learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, momentumDecay: 2.5 }),
        nadamStep({ learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, momentumDecay: 2.5 }),
      ],
    ],
    // Up to PyTorch 1.13, NAdam without `foreach` multiplies by μₜ twice.
    torch: `lambda p, o: torch.optim.NAdam(p, ${adamInTorch}, momentum_decay=o['momentumDecay'], foreach=True)`,
  },
];

/** What a metric judges: classes, among which a row may be undecided; a single output; independent labels; values. */
export type Judged = 'classes' | 'undecided' | 'single' | 'labels' | 'values';

/** A metric. */
export interface MetricRow {
  /** Of its function or constant. */
  readonly name: string;
  readonly metric: Metric;
  readonly judges: readonly Judged[];
  /**
   * A function of Python, in which `m` is `sklearn.metrics`, of a case: `y` the classes, `p` the decisions, `z` the logits, `u` the outputs, `t` the
   * targets, `w` the weights, `k` all classes, `seen` those that occur. `each(f, scores)` is f of each class against all others, and the mean.
   */
  readonly sklearn: string;
}

const decided: readonly Judged[] = ['classes', 'undecided', 'single', 'labels'];
const agreeing: readonly Judged[] = ['classes', 'undecided', 'single'];
const ranked: readonly Judged[] = ['classes', 'single', 'labels'];

/** Precision, recall or F1 of each class, and the mean. */
const perClassInSklearn = (name: string) =>
  `lambda c: [m.${name}(c.y, c.p, labels=l, average=a, sample_weight=c.w, zero_division=0) for l, a in ((c.k, None), (c.seen, 'macro'))]`;

/** The same at a threshold of 0.4. */
const atThresholdInSklearn = (name: string) =>
  `lambda c: c.each(lambda y, u, w: m.${name}(y, u >= 0.4, sample_weight=w, zero_division=0), c.u, skip=False)`;

/** Every metric. Adding one is adding a row. */
export const metrics: readonly MetricRow[] = [
  { name: 'accuracy', metric: accuracy, judges: decided, sklearn: 'lambda c: m.accuracy_score(c.y, c.p, sample_weight=c.w)' },
  { name: 'topK', metric: topK(2), judges: ['classes'], sklearn: 'lambda c: m.top_k_accuracy_score(c.y, c.z, k=2, labels=c.k, sample_weight=c.w)' },
  { name: 'precision', metric: precision, judges: decided, sklearn: perClassInSklearn('precision_score') },
  { name: 'recall', metric: recall, judges: decided, sklearn: perClassInSklearn('recall_score') },
  { name: 'f1', metric: f1, judges: decided, sklearn: perClassInSklearn('f1_score') },
  { name: 'precisionAt', metric: precisionAt(0.4), judges: ranked, sklearn: atThresholdInSklearn('precision_score') },
  { name: 'recallAt', metric: recallAt(0.4), judges: ranked, sklearn: atThresholdInSklearn('recall_score') },
  { name: 'f1At', metric: f1At(0.4), judges: ranked, sklearn: atThresholdInSklearn('f1_score') },
  {
    name: 'classificationReport',
    metric: classificationReport,
    judges: decided,
    sklearn: `lambda c: [
      [list(row) for row in zip(*m.precision_recall_fscore_support(c.y, c.p, labels=c.k, zero_division=0, sample_weight=c.w))],
      m.accuracy_score(c.y, c.p, sample_weight=c.w),
      [list(m.classification_report(c.y, c.p, labels=c.seen, output_dict=True, zero_division=0, sample_weight=c.w)[a].values())
        for a in ('macro avg', 'weighted avg')],
    ]`,
  },
  {
    name: 'confusionMatrix',
    metric: confusionMatrix,
    judges: ['classes', 'single'],
    sklearn: 'lambda c: m.confusion_matrix(c.y, c.p, labels=c.k, sample_weight=c.w)',
  },
  {
    name: 'balancedAccuracy',
    metric: balancedAccuracy,
    judges: agreeing,
    sklearn: 'lambda c: m.balanced_accuracy_score(c.y, c.p, sample_weight=c.w)',
  },
  { name: 'cohenKappa', metric: cohenKappa, judges: agreeing, sklearn: 'lambda c: m.cohen_kappa_score(c.y, c.p, sample_weight=c.w)' },
  { name: 'matthews', metric: matthews, judges: agreeing, sklearn: 'lambda c: m.matthews_corrcoef(c.y, c.p, sample_weight=c.w)' },
  {
    name: 'rocAuc',
    metric: rocAuc,
    judges: ranked,
    sklearn: 'lambda c: c.each(lambda y, s, w: m.roc_auc_score(y, s, sample_weight=w), c.scores)',
  },
  {
    name: 'prAuc',
    metric: prAuc,
    judges: ranked,
    sklearn: 'lambda c: c.each(lambda y, s, w: m.auc(*m.precision_recall_curve(y, s, sample_weight=w)[1::-1]), c.scores)',
  },
  {
    name: 'averagePrecision',
    metric: averagePrecision,
    judges: ranked,
    sklearn: 'lambda c: c.each(lambda y, s, w: m.average_precision_score(y, s, sample_weight=w), c.scores)',
  },
  {
    name: 'logLoss',
    metric: logLoss,
    judges: ['classes', 'single'],
    sklearn: 'lambda c: m.log_loss(c.y, c.scores, labels=c.k, sample_weight=c.w)',
  },
  { name: 'mae', metric: mae, judges: ['values'], sklearn: 'lambda c: m.mean_absolute_error(c.t, c.u, sample_weight=c.w)' },
  { name: 'rmse', metric: rmse, judges: ['values'], sklearn: 'lambda c: m.mean_squared_error(c.t, c.u, sample_weight=c.w) ** 0.5' },
  { name: 'mape', metric: mape, judges: ['values'], sklearn: 'lambda c: m.mean_absolute_percentage_error(c.t, c.u, sample_weight=c.w)' },
  { name: 'r2', metric: r2, judges: ['values'], sklearn: 'lambda c: m.r2_score(c.t, c.u, sample_weight=c.w, force_finite=False)' },
];

/** A schedule, over eight epochs of five steps. */
export interface ScheduleRow {
  readonly name: string;
  /** Ways to set it at a rate of 0.1, each with a function of PyTorch's optimizer. */
  readonly variants: readonly (readonly [label: string, make: () => Schedule, torch: string])[];
  /** What PyTorch's takes a step for. */
  readonly each: 'step' | 'epoch' | 'observed epoch';
}

/** Every schedule. Adding one is adding a row. */
export const schedules: readonly ScheduleRow[] = [
  {
    name: 'stepDecay',
    each: 'epoch',
    variants: [['stepDecay', () => stepDecay(0.1, { every: 3, factor: 0.5 }), 'lambda o: S.StepLR(o, 3, 0.5)']],
  },
  {
    name: 'exponentialDecay',
    each: 'epoch',
    variants: [['exponentialDecay', () => exponentialDecay(0.1, { factor: 0.8 }), 'lambda o: S.ExponentialLR(o, 0.8)']],
  },
  {
    name: 'cosine',
    each: 'step',
    variants: [['cosine', () => cosine(0.1, { epochs: 8, final: 0.01 }), 'lambda o: S.CosineAnnealingLR(o, 40, 0.01)']],
  },
  {
    name: 'warmup',
    each: 'step',
    variants: [
      ['warmup', () => warmup(2, 0.1), 'lambda o: S.LambdaLR(o, lambda step: min(1, (step + 1) / 10))'],
      [
        'warmup to another',
        () => warmup(0.6, stepDecay(0.1, { every: 3 })),
        'lambda o: S.LambdaLR(o, lambda step: min(1, (step + 1) / 3) * 0.1 ** (step // 15))',
      ],
    ],
  },
  {
    name: 'oneCycle',
    each: 'step',
    variants: [
      ['oneCycle', () => oneCycle(0.1, { epochs: 8 }), 'lambda o: S.OneCycleLR(o, 0.1, total_steps=40)'],
      [
        'oneCycle, all options',
        () => oneCycle(0.1, { epochs: 8, pctStart: 0.55, divFactor: 10, finalDivFactor: 50, anneal: 'linear' }),
        "lambda o: S.OneCycleLR(o, 0.1, total_steps=40, pct_start=0.55, div_factor=10, final_div_factor=50, anneal_strategy='linear')",
      ],
    ],
  },
  {
    name: 'reduceOnPlateau',
    each: 'observed epoch',
    variants: [
      ['reduceOnPlateau', () => reduceOnPlateau(0.1, { patience: 1 }), 'lambda o: S.ReduceLROnPlateau(o, patience=1)'],
      [
        'reduceOnPlateau, all options',
        () =>
          reduceOnPlateau(0.1, {
            mode: 'max',
            factor: 0.5,
            patience: 0,
            cooldown: 1,
            minDelta: 0.03,
            relative: false,
            minLearningRate: 0.02,
          }),
        "lambda o: S.ReduceLROnPlateau(o, mode='max', factor=0.5, patience=0, cooldown=1, threshold=0.03, threshold_mode='abs', min_lr=0.02)",
      ],
      [
        'reduceOnPlateau, relative',
        () => reduceOnPlateau(0.1, { mode: 'max', patience: 0, minDelta: 0.2 }),
        "lambda o: S.ReduceLROnPlateau(o, mode='max', patience=0, threshold=0.2)",
      ],
    ],
  },
];

/** One trial of a function, under a name of its own. */
export interface OpCase extends Trial {
  readonly name: string;
  readonly row: FunctionRow;
  /** The function of two operands, constants filled in. */
  readonly apply: (a: Node, b?: Node) => Node;
}

/** All trials of all functions. */
export const opCases: readonly OpCase[] = functions.flatMap((row) =>
  row.trials.map((trial): OpCase => {
    const constants = (a: Node) => (typeof trial.with === 'function' ? trial.with(features(a.shape)) : (trial.with ?? []));
    const label = Array.isArray(trial.with) && row.trials.length > 1 ? `${row.name} ${trial.with.join(', ')}` : row.name;
    return { ...trial, name: label, row, apply: (a, b) => row.f(a, ...(b ? [b] : []), ...constants(a)) };
  }),
);

/** The names of all activations, typed as `dense` takes them. */
export const activationNames = Object.keys(namedActivations) as ActivationName[];

/** What the oracle's graph says for a row: a word of its own, or a function. */
export function oracleOf({ name, oracle = name }: Pick<FunctionRow, 'name' | 'oracle'>): { op: string; f?: Exclude<typeof oracle, string> } {
  return typeof oracle === 'string' ? { op: oracle } : { op: name, f: oracle };
}

/** The same for an op by its name; an op that users do not write is called as the oracle calls it. */
export function oracleOfOp(op: string): ReturnType<typeof oracleOf> {
  return oracleOf(functions.find((row) => row.op === op) ?? { name: op });
}

export const answered = (torch: Torch) => (typeof torch === 'string' ? torch : torch.none) !== '';
