/** Calls that are refused: with which error, and that nothing is changed by them. */

import {
  accuracy,
  adam,
  adamW,
  BusyError,
  binaryCrossEntropy,
  crossEntropy,
  DisposedError,
  dataset,
  dense,
  MemoryError,
  meanSquaredError,
  type Network,
  NeuriteError,
  NotConfiguredError,
  ShapeError,
  save,
  sequential,
  sgd,
  squaredError,
  ValueError,
} from 'neurite';
import { hessian, hvp, inputGradient, jacobian, jvp, perSampleGradients, vjp } from 'neurite/derivatives';
import { explain, summary, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../kernels/numbers.js';

// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is what is tested
const any = (value: unknown) => value as any;

type ErrorClass = abstract new (...args: never) => NeuriteError;

/** What is thrown, or rejected with. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

async function expectRefused(call: () => unknown, kind: ErrorClass, message: string | RegExp): Promise<void> {
  const error = await thrownBy(call);
  expect(error).toBeInstanceOf(kind);
  expect((error as NeuriteError).name).toBe(kind.name);
  const codes = {
    ShapeError: 'SHAPE',
    ValueError: 'VALUE',
    BusyError: 'BUSY',
    DisposedError: 'DISPOSED',
    NotConfiguredError: 'NOT_CONFIGURED',
    MemoryError: 'MEMORY',
    NeuriteError: 'GRAPH',
  };
  expect((error as NeuriteError).code).toBe(codes[kind.name as keyof typeof codes]);
  if (typeof message === 'string') expect((error as NeuriteError).message).toContain(message);
  else expect((error as NeuriteError).message).toMatch(message);
}

const rows = 6;
const X = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(i));
const IDS = Uint8Array.from([0, 1, 2, 0, 1, 2]);
const VALUES = Float32Array.from({ length: rows }, (_, i) => Math.cos(i));

/** X with one element changed. */
function spoilt(values: Float32Array, at: number, value: number): Float32Array {
  const copy = values.slice();
  copy[at] = value;
  return copy;
}

const nets: Record<string, () => Network> = {
  classifier: () => sequential(2, [dense(4, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 2, maxRows: 4 }),
  regression: () => sequential(2, [dense(4, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: sgd({ momentum: 0.5 }), seed: 3 }),
};

/** On a network that goes on as if nothing had been. */
const calls: [net: keyof typeof nets, what: string, call: (net: Network) => unknown, kind: ErrorClass, message: string | RegExp][] = [
  // Shapes
  ['classifier', 'predict', (n) => n.predict([1, 2, 3]), ShapeError, "predict: x has 3 numbers, expected a multiple of 2, the input's features"],
  ['classifier', 'predict nothing', (n) => n.predict([]), ShapeError, 'predict: x has 0 numbers, expected rows of 2'],
  ['classifier', 'predict typed', (n) => n.predict(new Float64Array(5)), ShapeError, 'predict: x has 5 numbers'],
  ['classifier', 'predict a wide row', (n) => n.predict([[1, 2, 3]]), ShapeError, 'predict: row 0 of x has 3 numbers, expected 2'],
  [
    'classifier',
    'predict into too little',
    (n) => n.predict([1, 2], new Float32Array(2)),
    ShapeError,
    'out is a Float32Array of 2, expected a Float32Array of 3',
  ],
  [
    'classifier',
    'predict rows into too much',
    (n) => n.predict(X, new Float32Array(19)),
    ShapeError,
    'out is a Float32Array of 19, expected a Float32Array of 18',
  ],
  [
    'classifier',
    'predict into bytes',
    (n) => n.predict([1, 2], any(new Uint8Array(3))),
    ShapeError,
    'out is a Uint8Array of 3, expected a Float32Array of 3',
  ],
  ['classifier', 'predict into a list', (n) => n.predict([1, 2], any([0, 0, 0])), ShapeError, 'out is an array of 3, expected a Float32Array of 3'],
  ['classifier', 'logits', (n) => n.logits([1]), ShapeError, 'logits: x has 1 number'],
  ['classifier', 'classify', (n) => n.classify([1, 2, 3]), ShapeError, 'classify: x has 3 numbers'],
  ['classifier', 'step x', (n) => n.step(X.subarray(1), IDS), ShapeError, 'step: x has 11 numbers'],
  [
    'classifier',
    'step y',
    (n) => n.step(X, IDS.subarray(1)),
    ShapeError,
    'step: y has 5 numbers for 6 rows of x, expected 6 class ids, or 6 × 3 values',
  ],
  ['classifier', 'step y, empty', (n) => n.step(X, []), ShapeError, 'step: y has 0 numbers for 6 rows'],
  ['classifier', 'step y, rows', (n) => n.step(X, [[1, 0, 0]]), ShapeError, 'step: y has 1 row and x has 6'],
  ['classifier', 'step y, one id', (n) => n.step(X, 1), ShapeError, 'step: y is the number 1, expected a list of 6 class ids'],
  [
    'regression',
    'gradient y',
    (n) => n.gradient(X, new Float32Array(7)),
    ShapeError,
    'gradient: y has 7 numbers for 6 rows of x, expected 6 × 1 values',
  ],
  [
    'regression',
    'gradient y, wide',
    (n) =>
      n.gradient(
        X,
        Array.from(VALUES, (v) => [v, v]),
      ),
    ShapeError,
    'gradient: row 0 of y has 2 numbers, expected 1',
  ],
  ['regression', 'fit x', (n) => n.fit({ x: X.subarray(1), y: VALUES }), ShapeError, 'fit: x has 11 numbers'],
  ['regression', 'fit y', (n) => n.fit({ x: X, y: VALUES.subarray(1) }), ShapeError, 'fit: y has 5 numbers for 6 rows of x'],
  ['regression', 'fit nothing', (n) => n.fit({ x: [], y: [] }), ShapeError, 'fit: x has 0 numbers'],
  [
    'regression',
    'fit validation',
    (n) => n.fit({ x: X, y: VALUES }, { validationData: { x: X, y: [1] } }),
    ShapeError,
    'fit: validationData: y has 1 number',
  ],
  ['regression', 'evaluate', (n) => n.evaluate({ x: X, y: [1, 2] }), ShapeError, 'evaluate: y has 2 numbers for 6 rows of x'],
  ['regression', 'trace', (n) => trace(n, [1]), ShapeError, 'trace: x has 1 number'],
  ['regression', 'trace y', (n) => trace(n, X, [1]), ShapeError, 'trace: y has 1 number'],
  ['regression', 'jacobian', (n) => jacobian(n, [1]), ShapeError, 'jacobian: x has 1 number'],
  ['regression', 'vjp', (n) => vjp(n, X, [1]), ShapeError, 'vjp: v has 1 row and x has 6'],
  ['regression', 'hvp', (n) => hvp(n, X, VALUES, [1]), ShapeError, /hvp: v has 1 numbers?, expected 17/],
  ['classifier', 'a list where no list is', (n) => n.predict(any([X, X])), ShapeError, /predict: row 0 of x has 12 numbers, expected 2/],

  // Values
  ['classifier', 'predict undefined', (n) => n.predict(any(undefined)), ValueError, 'predict: x is undefined'],
  ['classifier', 'predict text', (n) => n.predict(any('12')), ValueError, 'predict: x is "12"'],
  ['classifier', 'predict big integers', (n) => n.predict(any(new BigInt64Array(2))), ValueError, 'predict: x is a BigInt64Array of 2'],
  ['classifier', 'predict a hole', (n) => n.predict(any([1, undefined])), ValueError, 'predict: element 1 of x is undefined, expected a number'],
  ['classifier', 'step nothing', (n) => any(n).step(), ValueError, 'step: x is undefined'],
  ['classifier', 'step without y', (n) => any(n).step(X), ValueError, 'step: y is undefined'],
  ['classifier', 'an id too large', (n) => n.step(X, [0, 1, 2, 3, 0, 1]), ValueError, 'step: y[3] is 3, expected a class id from 0 to 2'],
  ['classifier', 'a negative id', (n) => n.gradient(X, [0, 1, -1, 2, 0, 1]), ValueError, 'gradient: y[2] is -1, expected a class id from 0 to 2'],
  ['classifier', 'half an id', (n) => n.step(X, [0.5, 1, 1, 2, 0, 1]), ValueError, 'step: y[0] is 0.5, expected a class id from 0 to 2'],
  ['classifier', 'an id of NaN', (n) => n.step(X, [0, 1, 1, 2, 0, Number.NaN]), ValueError, 'step: y[5] is NaN, expected a class id from 0 to 2'],
  ['classifier', 'an id too large, in fit', (n) => n.fit({ x: X, y: [0, 1, 2, 3, 0, 1] }), ValueError, 'fit: y[3] is 3'],
  [
    'classifier',
    'an id too large, in fit by chunks',
    (n) => n.fit({ x: X, y: [0, 1, 2, 0, 1, 9], budget: 0 }, { batchSize: 2 }),
    ValueError,
    'fit: y[5] is 9',
  ],
  ['classifier', 'rows that are no probabilities', (n) => n.step(X, new Float32Array(18).fill(1)), ValueError, 'step: row 0 of y sums to 3'],
  ['classifier', 'NaN in x', (n) => n.step(spoilt(X, 9, Number.NaN), IDS), ValueError, 'step: x[row 4, feature 1] is NaN, expected finite numbers'],
  [
    'regression',
    'NaN in nested x',
    (n) =>
      n.step(
        [
          [1, 2],
          [3, Number.NaN],
        ],
        [1, 2],
      ),
    ValueError,
    'step: x[row 1, feature 1] is NaN',
  ],
  [
    'regression',
    'infinity in x',
    (n) => n.gradient(spoilt(X, 2, Number.NEGATIVE_INFINITY), VALUES),
    ValueError,
    'gradient: x[row 1, feature 0] is -Infinity',
  ],
  [
    'regression',
    'beyond float32 in x',
    (n) => n.step([1, 2, 3, 1e39], [1, 2]),
    ValueError,
    'step: x[row 1, feature 1] is 1e+39, too large for float32',
  ],
  [
    'regression',
    'NaN in y',
    (n) => n.step(X, spoilt(VALUES, 5, Number.NaN)),
    ValueError,
    'step: y[row 5, feature 0] is NaN, expected finite numbers',
  ],
  [
    'regression',
    'infinity in y',
    (n) => n.gradient(X, spoilt(VALUES, 0, Number.POSITIVE_INFINITY)),
    ValueError,
    'gradient: y[row 0, feature 0] is Infinity',
  ],
  ['regression', 'NaN in a fit', (n) => n.fit({ x: spoilt(X, 11, Number.NaN), y: VALUES }), ValueError, 'fit: x[row 5, feature 1] is NaN'],
  [
    'regression',
    'infinity in the targets of a fit',
    (n) => n.fit({ x: X, y: spoilt(VALUES, 3, -1 / 0) }),
    ValueError,
    'fit: y[row 3, feature 0] is -Infinity',
  ],
  [
    'regression',
    'NaN in a fit by chunks',
    (n) => n.fit({ x: spoilt(X, 11, Number.NaN), y: VALUES, budget: 0 }, { batchSize: 2 }),
    ValueError,
    'fit: x[row 5, feature 1] is NaN',
  ],
  [
    'regression',
    'NaN in the targets of a fit by chunks',
    (n) => n.fit({ x: X, y: spoilt(VALUES, 5, Number.NaN), budget: 0 }, { batchSize: 2 }),
    ValueError,
    'fit: y[row 5, feature 0] is NaN',
  ],
  [
    'regression',
    'NaN in the validation data',
    (n) => n.fit({ x: X, y: VALUES }, { validationData: { x: X, y: spoilt(VALUES, 1, Number.NaN) } }),
    ValueError,
    'fit: validationData: y[row 1, feature 0] is NaN',
  ],
  [
    'regression',
    'NaN in a data set',
    (n) => n.fit(dataset({ x: spoilt(X, 0, Number.NaN), y: VALUES })),
    ValueError,
    'fit: x[row 0, feature 0] is NaN',
  ],
  [
    'regression',
    'NaN in evaluate',
    (n) => n.evaluate({ x: X, y: spoilt(VALUES, 1, Number.NaN) }),
    ValueError,
    'evaluate: y[row 1, feature 0] is NaN',
  ],
  ['regression', 'a scale of NaN', (n) => n.fit({ x: X, y: VALUES, scale: Number.NaN }), ValueError, 'scale is NaN, expected a finite number'],

  // Options
  [
    'regression',
    'step with a negative rate',
    (n) => n.step(X, VALUES, { learningRate: -1 }),
    ValueError,
    'step: learningRate is -1, expected a finite number ≥ 0',
  ],
  ['regression', 'batchSize 0', (n) => n.fit({ x: X, y: VALUES }, { batchSize: 0 }), ValueError, 'fit: batchSize is 0, expected a whole number > 0'],
  ['regression', 'batchSize 1.5', (n) => n.fit({ x: X, y: VALUES }, { batchSize: 1.5 }), ValueError, 'fit: batchSize is 1.5'],
  ['regression', 'epochs −1', (n) => n.fit({ x: X, y: VALUES }, { epochs: -1 }), ValueError, 'fit: epochs is -1'],
  ['regression', 'a rate of NaN in fit', (n) => n.fit({ x: X, y: VALUES }, { learningRate: Number.NaN }), ValueError, 'fit: learningRate is NaN'],
  [
    'regression',
    'a schedule that gives none',
    (n) => n.fit({ x: X, y: VALUES }, { learningRate: any(() => undefined) }),
    ValueError,
    'fit: learningRate is undefined',
  ],
  ['regression', 'shuffle by word', (n) => n.fit({ x: X, y: VALUES }, { shuffle: any('yes') }), ValueError, 'fit: shuffle is "yes"'],
  [
    'regression',
    'onProgress',
    (n) => n.fit({ x: X, y: VALUES }, { onProgress: any('x') }),
    ValueError,
    'fit: onProgress is "x", expected a function',
  ],
  ['regression', 'earlyStopping false', (n) => n.fit({ x: X, y: VALUES }, { earlyStopping: any(false) }), ValueError, 'fit: earlyStopping'],
  [
    'regression',
    'validationData by an empty text',
    (n) => n.fit({ x: X, y: VALUES }, { validationData: any('') }),
    ValueError,
    'fit: validationData is "", expected a data set or { x, y }',
  ],
  ['regression', 'a rate of null in fit', (n) => n.fit({ x: X, y: VALUES }, { learningRate: any(null) }), ValueError, 'fit: learningRate is null'],
  ['regression', 'signal of null', (n) => n.fit({ x: X, y: VALUES }, { signal: any(null) }), ValueError, 'fit: signal is null'],
  ['regression', 'signal', (n) => n.fit({ x: X, y: VALUES }, { signal: any({}) }), ValueError, 'fit: signal is an object'],
  ['regression', 'patience', (n) => n.fit({ x: X, y: VALUES }, { earlyStopping: { patience: 0 } }), ValueError, 'earlyStopping.patience is 0'],
  ['classifier', 'run', (n) => n.run(0), ValueError, 'run: rows is 0, expected a whole number from 1 to 4'],
  ['classifier', 'run of too many', (n) => n.run(5), ValueError, 'run: rows is 5, expected a whole number from 1 to 4'],
  ['classifier', 'layer', (n) => n.layer('dense3'), ValueError, 'layer: name is "dense3", expected one of dense1, dense2'],
  [
    'regression',
    'a loss that does not fit',
    (n) => n.configure({ loss: crossEntropy() }),
    ValueError,
    /crossEntropy: .*expected 'softmax'; give the last layer 'softmax', or use crossEntropy\({ fromLogits: true }\)/,
  ],
  ['classifier', 'two losses', (n) => n.configure({ loss: [crossEntropy(), crossEntropy()] }), ValueError, '2 losses came for 1 output'],
  ['regression', 'an optimizer by name', (n) => n.configure({ optimizer: any('adam') }), ValueError, 'optimizer is "adam"'],
  ['regression', 'explain', (n) => explain(n, any('all')), ValueError, 'explain: kind is "all"'],
  ['regression', 'explain no rows', (n) => explain(n, 'predict', 0), ValueError, 'explain: rows is 0'],
  ['regression', 'metrics', (n) => n.evaluate({ x: X, y: VALUES }, { metrics: any(accuracy) }), ValueError, 'evaluate: metrics is'],

  ['classifier', 'predict what only has a length', (n) => n.predict(any({ length: 2 ** 31 })), ValueError, 'predict: x is an object with length'],
];

describe('a refused call says why, changes nothing, and the network goes on:', () => {
  test.each(calls)('%s, %s', async (name, _, call, kind, message) => {
    const make = nets[name] as () => Network;
    const targets = name === 'classifier' ? IDS : VALUES;
    const net = make();
    const twin = make();
    for (const one of [net, twin]) one.step(X, targets);
    const before = bitsOf(net.parameters);
    await expectRefused(() => call(net), kind, message);
    expect(bitsOf(net.parameters)).toEqual(before);
    // What comes after is what would have come without it: parameters, optimizer's state, shuffles.
    for (const one of [net, twin]) {
      one.step(X, targets);
      await one.fit({ x: X, y: targets }, { epochs: 2, batchSize: 4 });
    }
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    expect(net.predict(X)).toEqual(twin.predict(X));
    for (const one of [net, twin]) one.dispose();
  });
});

test('predict, logits and run let NaN and infinity through', () => {
  const net = nets.regression?.() as Network;
  const bad = [Number.NaN, 1, Number.POSITIVE_INFINITY, 1];
  expect(net.predict(bad)[0]).toBeNaN();
  expect(net.logits(Float32Array.from(bad))[0]).toBeNaN();
  net.input.set([Number.NaN, 0]);
  net.run();
  expect(net.output[0]).toBeNaN();
  expect(net.predict([1, 2])[0]).not.toBeNaN();
  net.dispose();
});

describe('a network that cannot be is not made:', () => {
  const make = (inFeatures: unknown, layers: unknown, options?: unknown) => () => sequential(any(inFeatures), any(layers), any(options));
  const size = 'expected a whole number from 1 to 268435455';
  const made: [what: string, call: () => unknown, kind: ErrorClass, message: string | RegExp][] = [
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 28, 2 ** 53].map((n): [string, () => unknown, ErrorClass, string] => [
      `inFeatures ${n}`,
      make(n, [dense(1)]),
      ValueError,
      `sequential: inFeatures is ${n}, ${size}`,
    ]),
    ...[0, -3, 2.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 28, 2 ** 53].map((n): [string, () => unknown, ErrorClass, string] => [
      `units ${n}`,
      () => dense(n),
      ValueError,
      `dense: units is ${n}, ${size}`,
    ]),
    ['inFeatures by text', make('4', [dense(1)]), ValueError, 'sequential: inFeatures is "4"'],
    ['weights whose count overflows', make(2 ** 27, [dense(2 ** 27)]), MemoryError, /cannot allocate [\d,]+ bytes for \d+ parameters/],
    ['weights beyond the memory', make(100_000, [dense(100_000)]), MemoryError, 'cannot allocate 40,000,400,000 bytes for 10000100000 parameters'],
    [
      'layers that are together',
      make(20_000, [dense(20_000), dense(20_000), dense(20_000)]),
      MemoryError,
      /cannot allocate 4,800,240,000 bytes for 1200060000 parameters/,
    ],
    ['no layers', make(2, []), ValueError, 'sequential: layers is an array of 0'],
    ['an unknown activation', () => dense(2, any('relux')), ValueError, 'dense: activation is "relux", expected'],
    ['an inherited name for an activation', () => dense(2, any('toString')), ValueError, 'dense: activation is "toString", expected'],
    [
      'an activation that gives no node',
      make(2, [
        dense(
          2,
          any(() => 5),
        ),
      ]),
      NeuriteError,
      'dense: the activation: its operand is 5, expected a node',
    ],
    [
      'softmax for binary targets',
      make(2, [dense(2, 'softmax')], { loss: binaryCrossEntropy() }),
      ValueError,
      /softmax.*expected 'sigmoid'.*fromLogits: true/,
    ],
    ['sigmoid for classes', make(2, [dense(2, 'sigmoid')], { loss: crossEntropy() }), ValueError, /sigmoid.*expected 'softmax'.*fromLogits: true/],
    ['no activation for classes', make(2, [dense(2)], { loss: crossEntropy() }), ValueError, /expected 'softmax'.*fromLogits: true/],
    [
      'logits after softmax',
      make(2, [dense(2, 'softmax')], { loss: crossEntropy({ fromLogits: true }) }),
      ValueError,
      /already has softmax; remove that activation, or leave fromLogits out/,
    ],
    [
      'a single class',
      make(2, [dense(1, 'softmax')], { loss: crossEntropy() }),
      ValueError,
      /has 1 feature.*at least 2 classes.*binaryCrossEntropy\(\)/,
    ],
    ['two layers of a name', make(2, [dense(2, 'relu', { name: 'a' }), dense(2, 'relu', { name: 'a' })]), ValueError, 'two layers are called "a"'],
    [
      'a layer where it does not fit',
      () => {
        const layer = dense(3);
        sequential(2, [layer, layer]);
      },
      ShapeError,
      'has 3 features, expected 2',
    ],
    ['a seed of 1.5', make(2, [dense(2)], { seed: 1.5 }), ValueError, 'network: seed is 1.5, expected a whole number from 0 to 4294967295'],
    ['a seed of −1', make(2, [dense(2)], { seed: -1 }), ValueError, 'network: seed is -1'],
    ['an unknown build', make(2, [dense(2)], { build: 'fast' }), ValueError, 'network: build is "fast"'],
    ['a reproducible relaxed build', make(2, [dense(2)], { build: 'relaxed', reproducible: true }), ValueError, 'reproducible'],
    ['maxRows 0', make(2, [dense(2)], { maxRows: 0 }), ValueError, 'network: maxRows is 0'],
    ['sgd learningRate −1', () => sgd({ learningRate: -1 }), ValueError, 'sgd: learningRate is -1, expected a finite number ≥ 0'],
    ['adam learningRate NaN', () => adam({ learningRate: Number.NaN }), ValueError, 'adam: learningRate is NaN'],
    ['adamW learningRate ∞', () => adamW({ learningRate: 1 / 0 }), ValueError, 'adamW: learningRate is Infinity'],
    ['sgd learningRate by text', () => sgd({ learningRate: any('0.1') }), ValueError, 'sgd: learningRate is "0.1"'],
    ['momentum 1', () => sgd({ momentum: 1 }), ValueError, 'sgd: momentum is 1, expected a number in [0, 1)'],
    ['nesterov alone', () => sgd({ nesterov: true }), ValueError, 'sgd: nesterov came without momentum'],
    ['beta1 1', () => adam({ beta1: 1 }), ValueError, 'adam: beta1 is 1, expected a number in [0, 1)'],
    ['beta2 −0.1', () => adamW({ beta2: -0.1 }), ValueError, 'adamW: beta2 is -0.1'],
    ['epsilon 0', () => adam({ epsilon: 0 }), ValueError, 'adam: epsilon is 0, expected a finite number > 0'],
    ['weightDecay −1', () => sgd({ weightDecay: -1 }), ValueError, 'sgd: weightDecay is -1'],
    ['clipNorm 0', () => sgd({ clipNorm: 0 }), ValueError, 'sgd: clipNorm is 0, expected a number > 0'],
    ['clipNorm by text', () => adam({ clipNorm: any('1') }), ValueError, 'adam: clipNorm is "1"'],
    ['scale 0', () => squaredError({ scale: 0 }), ValueError, 'squaredError: scale is 0, expected a positive number'],
    ['reduction none', () => crossEntropy({ reduction: any('none') }), ValueError, `crossEntropy: reduction is "none", expected 'mean' or 'sum'`],
    ['data without targets', () => dataset(any({ x: X })), ValueError, 'expected { x, y }'],
    ['an offset of ∞', () => dataset({ x: X, y: IDS, offset: 1 / 0 }), ValueError, 'offset is Infinity, expected a finite number'],
  ];
  test.each(made)('%s', (_, call, kind, message) => expectRefused(call, kind, message));
});

/** Every call there is, but for those that only look at what was given when the network was made. */
const everything: Record<string, (net: Network) => unknown> = {
  predict: (n) => n.predict(X),
  logits: (n) => n.logits(X),
  classify: (n) => n.classify(X),
  run: (n) => n.run(),
  input: (n) => n.input,
  output: (n) => n.output,
  freeze: (n) => n.freeze(),
  gradient: (n) => n.gradient(X, IDS),
  step: (n) => n.step(X, IDS),
  fit: (n) => n.fit({ x: X, y: IDS }),
  evaluate: (n) => n.evaluate({ x: X, y: IDS }),
  evaluateAsync: (n) => n.evaluateAsync({ x: X, y: IDS }),
  trace: (n) => trace(n, X, IDS),
  vjp: (n) => vjp(n, X, new Float32Array(18)),
  jvp: (n) => jvp(n, X, { x: X }),
  jacobian: (n) => jacobian(n, X),
  inputGradient: (n) => inputGradient(n, X, IDS),
  hvp: (n) => hvp(n, X, IDS, new Float32Array(n.parameterCount)),
  hessian: (n) => hessian(n, X, IDS),
  perSampleGradients: (n) => perSampleGradients(n, X, IDS),
  configure: (n) => n.configure({ optimizer: sgd() }),
  reset: (n) => n.reset(),
  parameters: (n) => n.parameters,
  gradients: (n) => n.gradients,
  layers: (n) => n.layers,
  'the view of a layer': (n) => n.layer('dense1').weights,
  summary: (n) => summary(n),
  explain: (n) => explain(n),
  save: (n) => save(n),
};

describe('after dispose every call is a DisposedError:', () => {
  test.each(Object.entries(everything))('%s', async (_, call) => {
    const net = nets.classifier?.() as Network;
    const layer = net.layer('dense1');
    net.dispose();
    await expectRefused(() => call(net), DisposedError, /: the network was disposed/);
    await expectRefused(() => layer.weights, DisposedError, /: the network was disposed/);
  });

  test('and dispose again is none', () => {
    const net = nets.classifier?.() as Network;
    net.dispose();
    net.dispose();
    net[Symbol.dispose]();
  });

  test('a frozen predictor lives on, until it is disposed of itself', async () => {
    const net = nets.classifier?.() as Network;
    const expected = net.predict(X);
    const frozen = net.freeze();
    net.dispose();
    expect(frozen.predict(X)).toEqual(expected);
    frozen.dispose();
    await expectRefused(() => frozen.predict(X), DisposedError, 'predict');
    await expectRefused(() => frozen.run(), DisposedError, 'run');
  });
});

describe('during a fit, what would disturb it is a BusyError:', () => {
  const disturbing = ['gradient', 'step', 'fit', 'trace', 'hvp', 'hessian', 'configure', 'reset'];

  test.each([...disturbing, 'dispose'])('%s', async (what) => {
    const make = nets.classifier as () => Network;
    const [net, twin] = [make(), make()];
    const call = what === 'dispose' ? (n: Network) => n.dispose() : (everything[what] as (net: Network) => unknown);
    let refused = 0;
    const fitting = net.fit(
      { x: X, y: IDS },
      {
        epochs: 3,
        batchSize: 2,
        onEpoch: async () => {
          refused++;
        },
      },
    );
    await expectRefused(() => call(net), BusyError, /the network is being trained by fit; wait for its promise, or abort it through its signal/);
    await fitting;
    expect(refused).toBe(3);
    await twin.fit({ x: X, y: IDS }, { epochs: 3, batchSize: 2 });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    call(net);
  });

  test('from within its callbacks too', async () => {
    const net = nets.classifier?.() as Network;
    const errors: unknown[] = [];
    await net.fit(
      { x: X, y: IDS },
      {
        onEpoch: async () => {
          for (const what of disturbing) errors.push(await thrownBy(() => everything[what]?.(net)));
        },
      },
    );
    for (const error of errors) expect(error).toBeInstanceOf(BusyError);
  });

  test.each(['predict', 'logits', 'classify', 'run', 'evaluate', 'freeze', 'parameters', 'summary', 'explain', 'save'])(
    '%s is let through and changes nothing',
    async (what) => {
      const make = nets.classifier as () => Network;
      const [net, twin] = [make(), make()];
      const options = { epochs: 4, batchSize: 2 };
      await net.fit({ x: X, y: IDS }, { ...options, onEpoch: () => void everything[what]?.(net) });
      await twin.fit({ x: X, y: IDS }, options);
      expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    },
  );

  test('what is refused before the fit begins leaves the network free', async () => {
    const net = nets.classifier?.() as Network;
    await expectRefused(() => net.fit({ x: X, y: [1] }), ShapeError, 'fit');
    await expectRefused(() => net.fit({ x: X, y: IDS }, { epochs: -1 }), ValueError, 'epochs');
    net.step(X, IDS);
    net.dispose();
  });
});

describe('without loss or optimizer, what needs them is a NotConfiguredError:', () => {
  const bare = () => sequential(2, [dense(3, 'softmax')]);
  test.each(['gradient', 'step', 'fit', 'evaluate', 'evaluateAsync', 'hvp', 'hessian', 'inputGradient', 'perSampleGradients', 'gradients'])(
    '%s without a loss',
    async (what) => {
      const net = bare();
      await expectRefused(
        () => everything[what]?.(net),
        NotConfiguredError,
        /: the network has no loss; pass { loss } when it is made, or call configure\({ loss }\)/,
      );
      net.configure({ loss: crossEntropy(), optimizer: sgd() });
      await everything[what]?.(net);
    },
  );

  test.each(['step', 'fit'])('%s without an optimizer', async (what) => {
    const net = sequential(2, [dense(3, 'softmax')], { loss: crossEntropy() });
    await expectRefused(() => everything[what]?.(net), NotConfiguredError, /: the network has no optimizer; pass { optimizer }/);
    net.configure({ optimizer: sgd() });
    await everything[what]?.(net);
  });

  test.each(['predict', 'logits', 'classify', 'run', 'jacobian', 'vjp', 'jvp', 'freeze', 'parameters', 'layers', 'summary', 'explain', 'save'])(
    '%s needs neither',
    (what) => {
      everything[what]?.(bare());
    },
  );

  test('every error is a NeuriteError', () => {
    for (const kind of [ShapeError, ValueError, BusyError, DisposedError, NotConfiguredError, MemoryError]) {
      expect(kind.prototype).toBeInstanceOf(NeuriteError);
      expect(kind.prototype).toBeInstanceOf(Error);
    }
  });
});
