/** Every op users have, with the oracle's name for it and where it is tried. Adding an op is adding a row. */
import {
  abs,
  add,
  affine,
  clip,
  concat,
  div,
  dot,
  elu,
  erf,
  erfc,
  exp,
  expm1,
  gelu,
  hardSigmoid,
  heaviside,
  leakyRelu,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mish,
  mul,
  type Node,
  neg,
  pow,
  relu,
  scale,
  selu,
  shift,
  sigmoid,
  silu,
  slice,
  softmax,
  softplus,
  softsign,
  sqrt,
  square,
  sub,
  sum,
  tanh,
} from 'neurite';
import { features } from '../../src/graph/shape.js';
import type { Tolerances } from './compare.js';

/** What stands as an operand: an input of the full width or of one feature, a parameter of either, a matrix, or the first operand again. */
export type Operand = 'input' | 'narrow' | 'parameter' | 'scalar' | 'matrix' | 'same';

export interface OpRow {
  name: string;
  /** The op of the library on its operands. */
  apply: (a: Node, b: Node) => Node;
  /** The oracle's op and its constants, which may depend on the width of the first operand. */
  oracle: string;
  attributes?: Record<string, unknown> | ((features: number) => Record<string, unknown>);
  /** The width of the value for operands of width n; n where left out. */
  width?: (n: number, second: number) => number;
  /** Where each operand is drawn. */
  domains: readonly [readonly [number, number], (readonly [number, number])?];
  /** Operands that are tried together. */
  operands: readonly (readonly Operand[])[];
  /** Arguments of a unary op that have no slope: draws keep away from them. */
  kinks?: readonly number[];
  /** What the op has no slope for when equal: its two operands, or the features of one. */
  ties?: 'operands' | 'features';
  /** Whether the op is linear between its kinks, so that its Taylor remainder is nothing but rounding. */
  linear?: boolean;
  tolerances?: Tolerances;
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
/** For ops that have a kink, or nothing to differentiate, where an operand meets itself. */
const distinctOperands = binaryOperands.filter(([, b]) => b !== 'same');

function unary(name: string, apply: (x: Node) => Node, low: number, high: number, more: Partial<OpRow> = {}): OpRow {
  return { name, apply, oracle: name, domains: [[low, high]], operands: unaryOperands, ...more };
}

function binary(
  name: string,
  apply: (a: Node, b: Node) => Node,
  a: readonly [number, number],
  b: readonly [number, number],
  more: Partial<OpRow> = {},
): OpRow {
  return { name, apply, oracle: name, domains: [a, b], operands: binaryOperands, ...more };
}

export const opTable: readonly OpRow[] = [
  binary('add', add, [0.2, 2], [0.2, 2], { linear: true }),
  binary('sub', sub, [1, 3], [-3, -1], { linear: true, operands: distinctOperands }),
  binary('mul', mul, [-2, 2], [-2, 2]),
  binary('div', div, [-2, 2], [0.5, 3], { operands: distinctOperands }),
  binary('maximum', maximum, [-2, 2], [-2, 2], { linear: true, ties: 'operands', operands: distinctOperands }),
  binary('minimum', minimum, [-2, 2], [-2, 2], { linear: true, ties: 'operands', operands: distinctOperands }),
  unary('neg', neg, -2, 2, { oracle: 'affine', attributes: { alpha: -1, beta: 0 }, linear: true }),
  unary('scale', (x) => scale(x, 0.7), -2, 2, { oracle: 'affine', attributes: { alpha: 0.7, beta: 0 }, linear: true }),
  unary('shift', (x) => shift(x, 0.7), 0, 2, { oracle: 'affine', attributes: { alpha: 1, beta: 0.7 }, linear: true }),
  unary('affine', (x) => affine(x, -1.5, 0.3), 0.4, 2, { attributes: { alpha: -1.5, beta: 0.3 }, linear: true }),
  unary('abs', abs, -2, 2, { kinks: [0], linear: true }),
  unary('square', square, -2, 2),
  unary('sqrt', sqrt, 0.2, 4),
  unary('exp', exp, -3, 3),
  unary('expm1', expm1, -3, 3),
  unary('log', log, 0.2, 4),
  unary('log1p', log1p, -0.7, 3),
  unary('erf', erf, -2, 2),
  unary('erfc', erfc, -2, 2),
  unary('pow 3', (x) => pow(x, 3), -1.5, 1.5, { oracle: 'pow', attributes: { alpha: 3 } }),
  unary('pow 2.5', (x) => pow(x, 2.5), 0.3, 3, { oracle: 'pow', attributes: { alpha: 2.5 } }),
  unary('pow −1.5', (x) => pow(x, -1.5), 0.3, 3, { oracle: 'pow', attributes: { alpha: -1.5 } }),
  unary('pow 2', (x) => pow(x, 2), -2, 2, { oracle: 'pow', attributes: { alpha: 2 } }),
  unary('pow 1', (x) => pow(x, 1), -2, 2, { oracle: 'pow', attributes: { alpha: 1 }, linear: true }),
  unary('clip', (x) => clip(x, -0.8, 1.1), -2, 2, { attributes: { alpha: -0.8, beta: 1.1 }, kinks: [-0.8, 1.1], linear: true }),
  unary('sigmoid', sigmoid, -4, 4),
  unary('tanh', tanh, -3, 3),
  unary('relu', relu, -2, 2, { kinks: [0], linear: true }),
  unary('leakyRelu', leakyRelu, -2, 2, { attributes: { alpha: 0.01 }, kinks: [0], linear: true }),
  unary('leakyRelu 0.3', (x) => leakyRelu(x, 0.3), -2, 2, { oracle: 'leakyRelu', attributes: { alpha: 0.3 }, kinks: [0], linear: true }),
  unary('leakyRelu −0.5', (x) => leakyRelu(x, -0.5), -2, 2, { oracle: 'leakyRelu', attributes: { alpha: -0.5 }, kinks: [0], linear: true }),
  unary('heaviside', (x) => heaviside(x), -2, 2, { attributes: { alpha: 1 }, kinks: [0], linear: true }),
  unary('softplus', softplus, -4, 4),
  unary('softsign', softsign, -3, 3, { kinks: [0] }),
  unary('gelu', gelu, -2.5, 3),
  unary('silu', silu, -4, 4),
  unary('elu', elu, -3, 3, { attributes: { alpha: 1 }, kinks: [0] }),
  unary('elu 0.5', (x) => elu(x, 0.5), -3, 3, { oracle: 'elu', attributes: { alpha: 0.5 }, kinks: [0] }),
  unary('selu', selu, -3, 3, { kinks: [0] }),
  unary('hardSigmoid', hardSigmoid, -4, 4, { kinks: [-3, 3], linear: true }),
  unary('mish', mish, -4, 4),
  {
    name: 'concat',
    apply: (a, b) => concat(a, b),
    oracle: 'concat',
    width: (n, m) => n + m,
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
  {
    name: 'slice',
    apply: (x) => slice(x, Math.floor(features(x.shape) / 3), Math.ceil(features(x.shape) * 0.7)),
    oracle: 'slice',
    attributes: (n) => ({ start: Math.floor(n / 3), width: Math.ceil(n * 0.7) - Math.floor(n / 3) }),
    width: (n) => Math.ceil(n * 0.7) - Math.floor(n / 3),
    domains: [[-2, 2]],
    operands: unaryOperands,
    linear: true,
  },
  unary('sum', sum, 0.1, 2, { oracle: 'sumFeatures', width: () => 1, linear: true }),
  unary('mean', mean, 0.1, 2, { oracle: 'meanFeatures', width: () => 1, linear: true }),
  unary('max', max, -2, 2, { width: () => 1, ties: 'features', linear: true }),
  unary('min', min, -2, 2, { width: () => 1, ties: 'features', linear: true }),
  binary('dot', dot, [-2, 2], [-2, 2], { width: () => 1 }),
  {
    name: 'matmul',
    apply: (x, w) => matmul(x, w),
    oracle: 'matmul',
    width: (_, m) => m,
    domains: [
      [-2, 2],
      [-2, 2],
    ],
    operands: [['input', 'matrix']],
  },
  {
    name: 'matmul, transposed',
    apply: (x, w) => matmul(x, w, false, true),
    oracle: 'matmul',
    attributes: { tb: true },
    width: (_, m) => m,
    domains: [
      [-2, 2],
      [-2, 2],
    ],
    operands: [['input', 'matrix']],
  },
  unary('softmax', softmax, -3, 3),
  unary('logSoftmax', logSoftmax, -3, 3),
  unary('logSumExp', logSumExp, -3, 3, { width: () => 1 }),
];
