/** Networks in words that both this library and test/torch/derivatives.py build them from: twenty of several parts, and one for each row of the vocabulary. */
import { activations, functions, losses } from '../vocabulary.js';

/** A node: an op of earlier nodes (by their index) and of parameters of its own. */
export interface Step {
  op: string;
  inputs?: number[];
  /** Features of an input, units of a dense layer, length of a parameter, or rows and columns of one. */
  size?: number | [number, number];
  activation?: string;
  bias?: boolean;
  /** The dense layer applied again: the index of its first step. */
  again?: number;
  /** Constants of the op. */
  with?: readonly unknown[];
  /** Where an input or a parameter is drawn; [−1, 1) where left out, and a parameter as its initializer says. */
  domain?: readonly [number, number];
}

export interface Spec {
  title: string;
  rows: number;
  steps: Step[];
  /** A loss of the vocabulary by its name; with `OfLogits` behind it, on an output without its activation. */
  loss: string;
}

const input = (size: number): Step => ({ op: 'input', size });
const dense = (from: number, size: number, activation = 'identity', bias = true): Step => ({ op: 'dense', inputs: [from], size, activation, bias });
const op = (name: string, ...inputs: number[]): Step => ({ op: name, inputs });
const parameter = (size: number | [number, number]): Step => ({ op: 'parameter', size });

const fixed: Spec[] = [
  { title: 'logistic regression', rows: 4, steps: [input(3), dense(0, 1, 'sigmoid')], loss: 'binaryCrossEntropy' },
  { title: 'tanh and softmax', rows: 4, steps: [input(4), dense(0, 5, 'tanh'), dense(1, 3, 'softmax')], loss: 'crossEntropy' },
  { title: 'sigmoid layers, squared error', rows: 3, steps: [input(2), dense(0, 2, 'sigmoid'), dense(1, 2, 'sigmoid')], loss: 'squaredError' },
  { title: 'relu, logits', rows: 5, steps: [input(3), dense(0, 6, 'relu'), dense(1, 4)], loss: 'crossEntropyOfLogits' },
  { title: 'leaky relu and gelu', rows: 3, steps: [input(3), dense(0, 4, 'leakyRelu'), dense(1, 4, 'gelu'), dense(2, 2)], loss: 'meanSquaredError' },
  { title: 'silu and elu', rows: 3, steps: [input(3), dense(0, 4, 'silu'), dense(1, 4, 'elu'), dense(2, 2)], loss: 'meanSquaredError' },
  {
    title: 'selu and softplus',
    rows: 3,
    steps: [input(3), dense(0, 4, 'selu'), dense(1, 4, 'softplus'), dense(2, 1)],
    loss: 'binaryCrossEntropyOfLogits',
  },
  { title: 'softsign and mish', rows: 3, steps: [input(3), dense(0, 4, 'softsign'), dense(1, 4, 'mish'), dense(2, 2)], loss: 'meanSquaredError' },
  {
    title: 'hard sigmoid and tanh, no biases',
    rows: 4,
    steps: [input(3), dense(0, 4, 'hardSigmoid', false), dense(1, 3, 'tanh', false)],
    loss: 'squaredError',
  },
  {
    title: 'a sum of exponentials (S1.14)',
    rows: 5,
    steps: [input(2), dense(0, 3), op('exp', 1), dense(2, 1, 'identity', false)],
    loss: 'squaredError',
  },
  {
    title: 'a residual block',
    rows: 3,
    steps: [input(4), dense(0, 4, 'tanh'), dense(1, 4), op('add', 0, 2), op('relu', 3), dense(4, 3, 'softmax')],
    loss: 'crossEntropy',
  },
  {
    title: 'one layer applied three times',
    rows: 3,
    steps: [input(4), dense(0, 4, 'tanh'), { op: 'dense', inputs: [1], again: 1 }, { op: 'dense', inputs: [2], again: 1 }, dense(3, 2)],
    loss: 'meanSquaredError',
  },
  {
    title: 'two inputs side by side',
    rows: 4,
    steps: [input(2), input(3), dense(0, 3, 'tanh'), op('concat', 2, 1), { op: 'slice', inputs: [3], with: [1, 5] }, dense(4, 2)],
    loss: 'meanSquaredError',
  },
  {
    title: 'a gate',
    rows: 3,
    steps: [input(3), dense(0, 4, 'tanh'), dense(0, 4, 'sigmoid'), op('mul', 1, 2), parameter(4), op('mul', 3, 4), dense(5, 2)],
    loss: 'squaredError',
  },
  {
    title: 'quotients, roots and logarithms',
    rows: 3,
    steps: [
      input(3),
      dense(0, 4, 'softplus'),
      parameter(4),
      op('exp', 2),
      op('add', 1, 3),
      op('log', 4),
      op('sqrt', 4),
      op('div', 5, 6),
      dense(7, 2),
    ],
    loss: 'meanSquaredError',
  },
  {
    title: 'powers, erf, expm1 and log1p',
    rows: 3,
    steps: [
      input(3),
      dense(0, 3, 'sigmoid'),
      { op: 'pow', inputs: [1], with: [1.7] },
      op('erf', 1),
      op('log1p', 3),
      op('expm1', 2),
      op('sub', 5, 4),
      dense(6, 2),
    ],
    loss: 'squaredError',
  },
  {
    title: 'maxima, minima, clips and absolute values',
    rows: 4,
    steps: [
      input(3),
      dense(0, 4),
      dense(0, 4),
      op('maximum', 1, 2),
      op('minimum', 1, 2),
      op('abs', 4),
      { op: 'clip', inputs: [3], with: [-0.6, 0.8] },
      op('add', 5, 6),
      dense(7, 2, 'tanh'),
    ],
    loss: 'meanSquaredError',
  },
  {
    title: 'sums, means and maxima over features',
    rows: 3,
    steps: [input(4), dense(0, 5, 'tanh'), op('sum', 1), op('mean', 0), op('max', 1), op('min', 1), op('concat', 2, 3, 4, 5), dense(6, 2)],
    loss: 'meanSquaredError',
  },
  {
    title: 'attention to features',
    rows: 3,
    steps: [
      input(4),
      dense(0, 4),
      op('softmax', 1),
      op('mul', 2, 0),
      op('dot', 3, 1),
      op('logSumExp', 1),
      op('logSoftmax', 1),
      op('concat', 4, 5, 6),
      dense(7, 3),
    ],
    loss: 'crossEntropyOfLogits',
  },
  {
    title: 'a bilinear form, deep',
    rows: 2,
    steps: [
      input(3),
      parameter([3, 4]),
      op('matmul', 0, 1),
      op('square', 2),
      { op: 'affine', inputs: [3], with: [0.5, -0.2] },
      op('neg', 4),
      dense(5, 3, 'gelu'),
      dense(6, 3, 'silu'),
      dense(7, 1),
    ],
    loss: 'binaryCrossEntropyOfLogits',
  },
];

/** Each function at x + p, whose parameters p are small, so that second derivatives to parameters are its own. */
const ofFunctions = functions.flatMap(({ name, torch, trials }) =>
  typeof torch !== 'string'
    ? []
    : trials.map((trial, i): Spec => {
        const constants = typeof trial.with === 'function' ? trial.with(4) : trial.with;
        const second = trial.operands[0]?.[1];
        const b: Step | undefined =
          second === undefined
            ? undefined
            : second === 'matrix'
              ? { ...parameter(constants ? [3, 4] : [4, 3]), domain: trial.domains[1] as [number, number] }
              : { ...input(4), domain: trial.domains[1] as [number, number] };
        const steps: Step[] = [{ ...input(4), domain: trial.domains[0] }, { ...parameter(4), domain: [-0.01, 0.01] }, op('add', 0, 1)];
        if (b) steps.push(b);
        steps.push({ op: name, inputs: b ? [2, 3] : [2], ...(constants && { with: constants }) });
        steps.push(dense(steps.length - 1, 2));
        return { title: `the function ${name}, ${i}`, rows: 3, steps, loss: 'meanSquaredError' };
      }),
);

const ofActivations = activations.flatMap(({ name, torch }): Spec[] =>
  typeof torch === 'string'
    ? [{ title: `the activation ${name}`, rows: 3, steps: [input(3), dense(0, 4, name), dense(1, 2)], loss: 'meanSquaredError' }]
    : [],
);

const ofLosses = losses.flatMap(({ name, output, torch }): Spec[] =>
  typeof torch === 'string' ? [{ title: `the loss ${name}`, rows: 4, steps: [input(3), dense(0, 4, 'tanh'), dense(1, 4, output)], loss: name }] : [],
);

export const networks: readonly Spec[] = [...fixed, ...ofFunctions, ...ofActivations, ...ofLosses];
