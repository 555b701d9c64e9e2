import type { Op } from '../graph/node.js';
import { absOp } from '../ops/abs.js';
import { addOp } from '../ops/add.js';
import { affineOp, scaleByOp } from '../ops/affine.js';
import { binaryCrossEntropyOp } from '../ops/binaryCrossEntropy.js';
import { expandFeaturesOp, expandRowsOp, sumFeaturesOp } from '../ops/broadcast.js';
import { clipOp } from '../ops/clip.js';
import { concatOp, padOp, sliceOp } from '../ops/columns.js';
import { crossEntropyOp } from '../ops/crossEntropy.js';
import { divOp } from '../ops/div.js';
import { erfOp } from '../ops/erf.js';
import { erfcOp } from '../ops/erfc.js';
import { expOp } from '../ops/exp.js';
import { expm1Op } from '../ops/expm1.js';
import { leakyReluOp } from '../ops/leakyRelu.js';
import { logOp } from '../ops/log.js';
import { log1pOp } from '../ops/log1p.js';
import { logSoftmaxOp } from '../ops/logSoftmax.js';
import { logSumExpOp } from '../ops/logSumExp.js';
import { matmulOp } from '../ops/matmul.js';
import { maxOp } from '../ops/max.js';
import { maxFeaturesOp } from '../ops/maxFeatures.js';
import { minOp } from '../ops/min.js';
import { mulOp } from '../ops/mul.js';
import { powOp } from '../ops/pow.js';
import { reluOp } from '../ops/relu.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softmaxOp } from '../ops/softmax.js';
import { softplusOp } from '../ops/softplus.js';
import { sqrtOp } from '../ops/sqrt.js';
import { squareOp } from '../ops/square.js';
import { stepOp } from '../ops/step.js';
import { subOp } from '../ops/sub.js';
import { tanhOp } from '../ops/tanh.js';

/** What an attribute may be: any number, a size of a tensor, the flags of `Factor`, true or false. */
export type AttributeKind = 'number' | 'size' | 'factors' | 'boolean';

/** How a file says an op: how many inputs it has, and which attributes. Whether these fit is for the op's own shape rule. */
export interface OpForm {
  readonly op: Op;
  /** Infinity for any number from one on. */
  readonly inputs: number;
  readonly attributes: Readonly<Record<string, AttributeKind>>;
}

const rows = (op: Op): OpForm => ({ op, inputs: 1, attributes: {} });
const unary = (op: Op): OpForm => ({ op, inputs: 1, attributes: { alpha: 'number', beta: 'number' } });
const binary = (op: Op): OpForm => ({ op, inputs: 2, attributes: {} });

const forms: readonly OpForm[] = [
  ...[absOp, affineOp, clipOp, erfOp, erfcOp, expOp, expm1Op, leakyReluOp, logOp, log1pOp, powOp, reluOp].map(unary),
  ...[sigmoidOp, softplusOp, sqrtOp, squareOp, stepOp, tanhOp].map(unary),
  ...[addOp, subOp, mulOp, divOp, minOp, maxOp, crossEntropyOp, binaryCrossEntropyOp].map(binary),
  ...[expandRowsOp, sumFeaturesOp, softmaxOp, logSoftmaxOp, logSumExpOp, maxFeaturesOp].map(rows),
  { op: expandFeaturesOp, inputs: 1, attributes: { width: 'size' } },
  { op: matmulOp, inputs: 2, attributes: { ta: 'boolean', tb: 'boolean' } },
  { op: concatOp, inputs: Number.POSITIVE_INFINITY, attributes: {} },
  { op: sliceOp, inputs: 1, attributes: { start: 'number', width: 'size' } },
  { op: padOp, inputs: 1, attributes: { start: 'number', width: 'size' } },
  { op: scaleByOp, inputs: 1, attributes: { alpha: 'number', factors: 'factors' } },
];

/**
 * The ops that files may name, besides leaves. Class ids are targets, which no saved graph has, so `oneHot` is none of them; nor is
 * `sumRows`, since the rows of a network's graph are independent.
 */
export const opForms: ReadonlyMap<string, OpForm> = new Map(forms.map((form) => [form.op.name, form]));
