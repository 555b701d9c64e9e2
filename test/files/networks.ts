/** Networks of every kind for the tests of files: every op, loss, optimizer and kind of leaf is in one of them. */
import {
  type AnyNetwork,
  abs,
  adam,
  adamW,
  add,
  binaryCrossEntropy,
  clip,
  concat,
  constant,
  constantInit,
  crossEntropy,
  decayMatrices,
  dense,
  div,
  dot,
  erf,
  erfc,
  exp,
  expm1,
  glorotNormal,
  heaviside,
  heNormal,
  input,
  type Loss,
  linear,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  meanSquaredError,
  min,
  minimum,
  mul,
  type Network,
  named,
  network,
  type Optimizer,
  parameter,
  pow,
  scale,
  sequential,
  sgd,
  shift,
  slice,
  sqrt,
  square,
  squaredError,
  sub,
  sum,
  tanh,
  toJSON,
} from 'neurite';
import { apply } from '../../src/graph/node.js';
import { batch } from '../../src/graph/shape.js';
import { binaryCrossEntropyOp } from '../../src/ops/binaryCrossEntropy.js';
import { padOp } from '../../src/ops/columns.js';
import { crossEntropyOp } from '../../src/ops/crossEntropy.js';
import { fill } from '../../src/ops/leaves.js';
import {
  activationNames,
  inner,
  type LossRow,
  layers as layerRows,
  losses as lossRows,
  type OpCase,
  opCases,
  optimizers as optimizerRows,
} from '../vocabulary.js';

const losses: readonly [string, Loss, 'softmax' | 'sigmoid' | 'identity' | 'softplus'][] = [
  ...lossRows.map(({ name, make, output }): [string, Loss, LossRow['output']] => [name, make(), output]),
  ['crossEntropy, sum', crossEntropy({ reduction: 'sum' }), 'softmax'],
  ['crossEntropy, logits', crossEntropy({ fromLogits: true }), 'identity'],
  ['binaryCrossEntropy, logits', binaryCrossEntropy({ fromLogits: true, reduction: 'sum' }), 'identity'],
  ['squaredError, halved', squaredError({ scale: 0.5 }), 'identity'],
];

export const optimizers: readonly [string, Optimizer][] = [
  ...optimizerRows.flatMap(({ variants }) => variants.map(([label, optimizer]): [string, Optimizer] => [label, optimizer])),
  ['sgd, all options', sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, clipNorm: 5 })],
  [
    'adamW, groups',
    adamW({ weightDecay: 0.1, clipValue: 1, clipParameterNorm: 2, groups: decayMatrices([{ parameters: 'dense1', learningRateFactor: 0.5 }]) }),
  ],
  ['adam, all options', adam({ learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-7, weightDecay: 0.001, clipNorm: 1 })],
];

function everyOp(): AnyNetwork {
  const x = input(4);
  const t = input(4, 't');
  const w = parameter([3, 4], { init: glorotNormal, name: 'mixing' });
  const free = parameter(4);
  const table = constant([1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45, 0.1, 7, 8, 9, 10, 11, 12], [3, 4]);
  const z = matmul(x, w, false, true);
  const parts = [
    ...[
      abs(x),
      add(x, free),
      mul(x, free),
      sub(x, t),
      div(t, x),
      minimum(x, t),
      maximum(x, t),
      clip(x, Number.NEGATIVE_INFINITY, 0.5),
      linear(0.5, -3)(x),
    ],
    ...[erf(x), erfc(x), exp(x), expm1(x), log(x), log1p(x), pow(x, 1.5), sqrt(x), square(x), heaviside(x, 0.5), named(tanh(x), 'squashed')],
    ...[logSumExp(z), logSoftmax(z), max(x), min(x), mean(x), sum(x), dot(x, t), slice(x, 1, 3), matmul(x, constant([1, 2, 3, 4], [4, 1]))],
    ...[apply(crossEntropyOp, [x, t]), apply(binaryCrossEntropyOp, [x, t]), apply(padOp, [x], { start: 1, width: 6 }), matmul(z, table)],
    ...[matmul(x, matmul(w, w, true), false, true), add(x, fill(batch(4), 0.25))],
  ];
  return network({ inputs: [x, t], outputs: [concat(...parts), z] });
}

/** Every function and op that the tests know, with every trial's constants. */
function everyRow(): AnyNetwork {
  const [x, t] = [input(4), input(4, 't')];
  const second = ({ operands, attributes }: OpCase) => {
    if (operands[0]?.length === 1) return undefined;
    return operands[0]?.[1] === 'matrix' ? parameter(attributes ? [3, 4] : [4, 3]) : t;
  };
  const written = opCases.map((one) => one.apply(x, second(one)));
  const others = inner.flatMap(({ saved }) => (typeof saved === 'function' ? [saved(x, t)] : []));
  return network({ inputs: [x, t], outputs: concat(...written, ...others) });
}

/** Every function, on operands from 0.8 to 1.2, trained: what its derivatives compile to runs wherever a network of this list takes a step. */
function everyFunctionTrained(): AnyNetwork {
  const x = input(3);
  const operand = () => shift(scale(dense(4, 'tanh')(x), 0.2), 1);
  const second = ({ operands, attributes }: OpCase) => {
    if (operands[0]?.length === 1) return undefined;
    return operands[0]?.[1] === 'matrix' ? parameter(attributes ? [3, 4] : [4, 3]) : operand();
  };
  const outputs = concat(...opCases.map((one) => one.apply(operand(), second(one))));
  return network({ inputs: x, outputs, loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e-3 }), seed: 3 });
}

function severalOutputs(): AnyNetwork {
  const x = input(5, 'x');
  const side = input(2, 'side');
  const body = dense(6, 'relu', { name: 'body', init: heNormal })(concat(x, side));
  const twice = dense(6, 'tanh', { init: constantInit(0.25) });
  const head = dense(3, 'softmax', { name: 'classes' })(twice(twice(body)));
  const value = dense(1, linear(2, 0.5), { name: 'value', bias: false })(body);
  return network({
    inputs: [x, side],
    outputs: [head, value, body],
    loss: [crossEntropy(), { loss: meanSquaredError(), weight: 0.3 }, undefined],
    optimizer: adam(),
    seed: 4_000_000_000,
  });
}

/** A sum of exponentials as a graph of one's own (notes 29). */
function sumOfExponentials(): Network {
  const x = input(2);
  const u = dense(5, 'exp')(x);
  return network({
    inputs: x,
    outputs: matmul(u, parameter([1, 5], { name: 'alpha' }), false, true),
    loss: squaredError(),
    optimizer: sgd(),
    reproducible: true,
  });
}

/** Losses that no file can name, one with constants, beside one that it can, and penalties of every kind. */
function ownLosses(): AnyNetwork {
  const x = input(3, 'x');
  const h = dense(32, 'tanh', { name: 'hidden' })(x);
  const gain = parameter(2, { name: 'gain' });
  const outputs = [mul(dense(2)(h), gain), dense(3, 'softmax')(h), dense(2)(h), dense(1)(h)];
  return network({
    inputs: x,
    outputs,
    loss: [
      function weighted(u, t) {
        return sum(mul(abs(sub(u, t)), constant([1, 0.25])));
      },
      crossEntropy(),
      { loss: (u) => sum(square(sub(u, slice(x, 0, 2)))), weight: 0.5, reduction: 'sum' },
      undefined,
    ],
    penalty: [sum(scale(abs(h), 0.01)), mul(square(gain), constant(0.125)), gain],
    optimizer: adam(),
    seed: 9,
  });
}

function collidingNames(): Network {
  const x = input(2);
  const a = dense(2, 'identity', { name: 'a' })(x);
  const free = ['a.weights', 'a.weights', 'a.weights_2', 'optimizer.m', '__metadata__', 'parameter1'].map((name) => parameter(2, { name }));
  const outputs = [...free, parameter(2)].reduce((sum, b) => add(sum, b), a);
  return network({ inputs: x, outputs, loss: meanSquaredError(), optimizer: adam() });
}

/** Name and maker of each. */
export const networks: readonly [string, () => AnyNetwork][] = [
  ...activationNames.map((activation): [string, () => AnyNetwork] => [
    activation,
    () => sequential(3, [dense(7, activation), dense(2, 'identity', { bias: false })], { seed: 5 }),
  ]),
  ...layerRows.map(({ name, make }): [string, () => AnyNetwork] => [
    `the layer ${name}`,
    () => sequential(3, [make(), dense(2)], { loss: meanSquaredError(), optimizer: adam(), seed: 6 }),
  ]),
  ...losses.map(([name, loss, output]): [string, () => AnyNetwork] => [
    name,
    () => sequential(5, [dense(3, 'tanh'), dense(4, output)], { loss, optimizer: adam(), seed: 1 }),
  ]),
  ...optimizers.map(([name, optimizer]): [string, () => AnyNetwork] => [
    name,
    () => sequential(2, [dense(3, 'relu')], { loss: meanSquaredError(), optimizer }),
  ]),
  ['one unit', () => sequential(1, [dense(1)])],
  ['no loss, an optimizer', () => sequential(1, [dense(1)], { optimizer: sgd() })],
  [
    'deep',
    () =>
      sequential(
        3,
        Array.from({ length: 40 }, () => dense(3, 'gelu')),
      ),
  ],
  ['wide', () => sequential(300, [dense(500, 'relu'), dense(10, 'softmax')], { build: 'simd' })],
  [
    'strange names',
    () => sequential(2, [dense(2, 'relu', { name: '__proto__' }), dense(2, 'relu', { name: 'é"\\\n😀\ud800' }), dense(1, 'relu', { name: '' })]),
  ],
  ['names that collide', collidingNames],
  ['every op', everyOp],
  ['every row of the vocabulary', everyRow],
  ['every function, trained', everyFunctionTrained],
  ['several inputs and outputs, a layer twice', severalOutputs],
  ['a sum of exponentials', sumOfExponentials],
  ['losses of its own, and penalties', ownLosses],
];

let used:
  | { readonly losses: ReadonlySet<string | undefined>; readonly optimizers: ReadonlySet<string | undefined>; readonly layers: ReadonlySet<string> }
  | undefined;

/** The names of what the networks above have. They are made once, for all who ask. */
export function usedInNetworks(): NonNullable<typeof used> {
  if (used) return used;
  const losses = new Set<string | undefined>();
  const optimizers = new Set<string | undefined>();
  const layers = new Set<string>();
  for (const [, make] of networks) {
    using net = make();
    losses.add(net.loss?.name);
    optimizers.add(net.optimizer?.name);
    for (const { kind } of toJSON(net).layers) layers.add(kind);
  }
  used = { losses, optimizers, layers };
  return used;
}
