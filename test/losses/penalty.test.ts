/** What is minimised besides the losses: of parameters alone, of a batch, several at once. */
import {
  abs,
  adam,
  add,
  concat,
  constant,
  crossEntropy,
  dense,
  exp,
  fromJSON,
  input,
  load,
  log,
  matmul,
  mean,
  meanSquaredError,
  mul,
  type Network,
  NeuriteError,
  type Node,
  network,
  type Optimizer,
  type Penalty,
  parameter,
  ShapeError,
  save,
  scale,
  sequential,
  sgd,
  shift,
  square,
  squaredError,
  sub,
  sum,
  toJSON,
  type Values,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hessian, perSampleGradients } from 'neurite/derivatives';
import { explain, graph, summary, toDot, toMermaid, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../files/bits.js';

const rows = 7;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(3 * i + 1));
const y = Float32Array.from({ length: rows * 2 }, (_, i) => Math.cos(2 * i));
const lambda = 0.01;

const made = (penalty?: Penalty, optimizer: Optimizer = adam({ learningRate: 0.01 })): Network<Values> =>
  sequential(3, [dense(4, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer, seed: 3, ...(penalty !== undefined && { penalty }) });

/** λ·Σ|w| over the weights of every layer. */
const lasso: Penalty = (layers) => layers.map(({ weights }) => scale(abs(weights as Node), lambda));
/** λ·Σ|u| over the hidden layer, a mean over the rows. */
const activity: Penalty = ([hidden]) => sum(scale(abs(hidden?.output as Node), lambda));

/** What they are in float64. */
const lassoValue = (net: Network<Values>) =>
  lambda * net.layers.reduce((total, { weights }) => total + weights.reduce((a, b) => a + Math.abs(b), 0), 0);
const activityValue = (net: Network<Values>) => {
  const u = trace(net, x).layers[0]?.u.values as Float32Array;
  return (lambda * u.reduce((a, b) => a + Math.abs(b), 0)) / rows;
};

const penalties: readonly [string, Penalty, (net: Network<Values>) => number][] = [
  ['of parameters alone', lasso, lassoValue],
  ['of a batch', activity, activityValue],
  [
    'several',
    (layers) => [...(lasso as (l: typeof layers) => Node[])(layers), (activity as (l: typeof layers) => Node)(layers)],
    (net) => lassoValue(net) + activityValue(net),
  ],
];

describe.each(penalties)('a penalty %s', (_, penalty, inFloat64) => {
  test('is in every loss that is reported', async () => {
    const [net, plain] = [made(penalty), made()];
    const near = (found: number, expected: number) => expect(Math.abs(found - expected)).toBeLessThan(2e-6 * expected);
    const expected = plain.gradient(x, y) + inFloat64(net);
    near(net.gradient(x, y), expected);
    near(net.evaluate({ x, y }).loss, expected);
    near((await net.evaluateAsync({ x, y })).loss, expected);
    near(trace(net, x, y).loss, expected);
    near(net.step(x, y), expected);
    // Batches of 3, 3 and 1 that change nothing: their mean is the mean over the rows.
    const still = made(penalty, sgd({ learningRate: 0 }));
    const { epochs } = await still.fit({ x, y }, { batchSize: 3, validationData: { x, y } });
    near(epochs[0]?.loss as number, expected);
    near(epochs[0]?.validation?.loss as number, expected);
  });

  test('is differentiated right, for parameters and inputs, and twice', () => {
    const net = made(penalty);
    expect(checkGradients(net, x, y, { entries: Number.POSITIVE_INFINITY }).passed).toBe(true);
    const n = net.parameterCount;
    net.gradient(x, y);
    const gradient = Float32Array.from(net.gradients);
    const each = perSampleGradients(net, x, y);
    for (let p = 0; p < n; p++) {
      let total = 0;
      for (let row = 0; row < rows; row++) total += (each[row * n + p] as number) / rows;
      expect(Math.abs(total - (gradient[p] as number))).toBeLessThan(1e-5);
    }
    const h = hessian(net, x, y);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(Math.abs((h[i * n + j] as number) - (h[j * n + i] as number))).toBeLessThan(1e-4);
  });

  test.each<[string, Optimizer]>([
    ['plain descent', sgd({ learningRate: 0.125 })],
    ['momentum', sgd({ learningRate: 0.125, momentum: 0.5 })],
  ])('a step of %s goes along its gradient', (__, optimizer) => {
    const net = made(penalty, optimizer);
    net.gradient(x, y);
    const expected = net.parameters.map((w, i) => w - 0.125 * (net.gradients[i] as number));
    net.step(x, y);
    net.parameters.forEach((w, i) => {
      expect(Math.abs(w - (expected[i] as number))).toBeLessThan(1e-6);
    });
  });

  test('fit gives the bits of step', async () => {
    const [fitted, stepped] = [made(penalty), made(penalty)];
    await fitted.fit({ x, y }, { epochs: 5, batchSize: 4, shuffle: false });
    for (let i = 0; i < 5; i++)
      for (const [from, to] of [
        [0, 4],
        [4, 7],
      ] as const)
        stepped.step(x.slice(from * 3, to * 3), y.slice(from * 2, to * 2));
    expect(bitsOf(fitted.parameters)).toEqual(bitsOf(stepped.parameters));
  });

  test('a file holds it: loaded, the network trains on with the same bits', () => {
    const net = made(penalty);
    net.step(x, y);
    const bytes = save(net, { optimizerState: true });
    const loaded = load(bytes) as Network<Values>;
    for (let i = 0; i < 3; i++) expect(loaded.step(x, y)).toBe(net.step(x, y));
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    expect(new Uint8Array(save(load(bytes), { optimizerState: true }))).toEqual(new Uint8Array(bytes));
    expect((fromJSON(toJSON(net)) as Network<Values>).gradient(x, y)).toBe(made(penalty).gradient(x, y));
  });

  test('predictions know nothing of it', () => {
    const [net, plain] = [made(penalty), made()];
    expect(bitsOf(net.predict(x))).toEqual(bitsOf(plain.predict(x)));
    expect(bitsOf(net.freeze().predict(x))).toEqual(bitsOf(plain.predict(x)));
    expect(graph(net).penalties.length).toBeGreaterThan(0);
  });

  test('summary, explain, trace and diagrams show it', () => {
    const net = made(penalty);
    expect(summary(net)).toContain('meanSquaredError + penalty, adam');
    expect(explain(net, 'step')).toContain('Abs');
    expect(toMermaid(net)).toContain('penalty');
    expect(toDot(net)).toContain('penalty');
    const traced = trace(net, x, y).nodes.find(({ op }) => op === 'abs');
    expect(traced?.gradient?.values.length).toBe(traced?.value.values.length);
    expect(trace(net, x).nodes.map(({ op }) => op)).not.toContain('abs');
  });

  test('configure sets it, leaves it, and takes it away', () => {
    const [net, plain] = [made(), made()];
    const before = plain.gradient(x, y);
    const withPenalty = made(penalty).gradient(x, y);
    net.configure({ penalty });
    expect(net.gradient(x, y)).toBe(withPenalty);
    net.configure({ optimizer: sgd() });
    expect(net.gradient(x, y)).toBe(withPenalty);
    net.configure({ penalty: [] });
    expect(net.gradient(x, y)).toBe(before);
    expect(summary(net)).not.toContain('penalty');
  });
});

test("the gradient of λ·Σ|w| is λ·sign w to the bit, beside the loss'", () => {
  const net = sequential(3, [dense(2, { bias: false })], {
    loss: squaredError({ scale: 1e-30 }),
    penalty: ([layer]) => scale(abs(layer?.weights as Node), 0.1),
    seed: 5,
  });
  net.gradient(x, new Float32Array(rows * 2));
  expect(Array.from(net.gradients)).toEqual(Array.from(net.parameters, (w) => Math.sign(w) * Math.fround(0.1)));
});

test('a penalty is the mean over the rows beside a loss that is a sum', () => {
  const make = (penalty?: Penalty) => sequential(3, [dense(2)], { loss: squaredError(), seed: 1, ...(penalty !== undefined && { penalty }) });
  const net = make(([layer]) => mean(square((layer as { output: Node }).output)));
  const plain = make();
  const u = plain.predict(x);
  const expected = plain.gradient(x, y) + u.reduce((a, b) => a + b * b, 0) / 2 / rows;
  expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThan(1e-5);
  expect(checkGradients(net, x, y).passed).toBe(true);
});

test('an entropy beside cross-entropy: the fused kernel stays, and the output has both gradients', () => {
  const a = input(3);
  const u = dense(3, 'softmax')(a);
  const confident = scale(sum(mul(u, log(shift(u, 1e-6)))), 0.1);
  const net = network({ inputs: a, outputs: u, loss: crossEntropy(), penalty: confident, optimizer: sgd() });
  const ids = Uint8Array.from({ length: rows }, (_, i) => i % 3);
  expect(explain(net, 'step')).toContain('SoftmaxCrossEntropy');
  expect(checkGradients(net, x, ids).passed).toBe(true);
  expect(checkGradients(load(save(net)), x, ids).passed).toBe(true);
});

test('the divergence of a variational head, whose parts are outputs', () => {
  const a = input(3);
  const [mu, logVariance] = [dense(2, { name: 'mu' })(a), dense(2, { name: 'logVariance' })(a)];
  // ½ Σ (μ² + σ² − 1 − log σ²).
  const divergence = scale(sum(shift(sub(add(square(mu), exp(logVariance)), logVariance), -1)), 0.5);
  const net = network({
    inputs: a,
    outputs: [dense(3)(mu), logVariance],
    loss: [meanSquaredError(), undefined],
    penalty: divergence,
    optimizer: adam(),
  });
  expect(checkGradients(net, x, x).passed).toBe(true);
});

test('free parameters: numbers, vectors, matrices, the same node twice, and constants of its own', () => {
  const a = input(3);
  const gain = parameter(1, { name: 'gain' });
  const shiftBy = parameter(1, { name: 'shift' });
  const table = parameter([2, 3], { name: 'table' });
  const u = add(mul(matmul(a, table, false, true), gain), shiftBy);
  const both = add(gain, shiftBy);
  const weighted = mul(square(gain), constant(3));
  for (const optimizer of [sgd({ learningRate: 0.1 }), adam()]) {
    const net = network({
      inputs: a,
      outputs: u,
      loss: meanSquaredError(),
      penalty: [both, both, weighted, gain, square(table), matmul(table, table, false, true)],
      optimizer,
    });
    const plain = network({ inputs: a, outputs: u, loss: meanSquaredError(), optimizer });
    const [g] = net.parameter('gain').values as unknown as [number];
    const [s] = net.parameter('shift').values as unknown as [number];
    const t = Array.from(net.parameter('table').values);
    const squares = t.reduce((total, v) => total + v * v, 0);
    const gram = [0, 1].flatMap((i) =>
      [0, 1].map((j) => [0, 1, 2].reduce((total, k) => total + (t[i * 3 + k] as number) * (t[j * 3 + k] as number), 0)),
    );
    const expected = plain.gradient(x, y) + 2 * (g + s) + 3 * g * g + g + squares + gram.reduce((p, q) => p + q, 0);
    expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThan(1e-5);
    expect(checkGradients(net, x, y).passed).toBe(true);
    const loaded = load(save(net));
    for (let i = 0; i < 3; i++) expect(loaded.step(x, y)).toBe(net.step(x, y));
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
  }
});

test('gradients that are one number for several parameters', () => {
  const a = input(2);
  const [p, q] = [parameter(1, { name: 'p' }), parameter(1, { name: 'q' })];
  const net = network({ inputs: a, outputs: add(mul(concat(a), p), q), loss: squaredError({ scale: 1e-30 }), penalty: add(p, q), optimizer: adam() });
  net.gradient([1, 1], [0, 0]);
  expect(Array.from(net.gradients)).toEqual([1, 1]);
  net.step([1, 1], [0, 0]);
});

test('without a loss it waits for one', () => {
  const net = sequential(3, [dense(2)], { penalty: lasso, optimizer: sgd(), seed: 1 });
  expect(() => net.gradient(x, y)).toThrow('the network has no loss');
  expect(net.predict(x)).toHaveLength(rows * 2);
  expect(() => trace(net, x)).not.toThrow();
  const loaded = load(save(net));
  net.configure({ loss: meanSquaredError() });
  const expected = sequential(3, [dense(2)], { loss: meanSquaredError(), penalty: lasso, seed: 1 }).gradient(x, y);
  expect(net.gradient(x, y)).toBe(expected);
  expect(loaded.configure({ loss: meanSquaredError() }).gradient(x, y)).toBe(expected);
});

test('a penalty that is not finite stops a step, and debug names it', () => {
  const make = (debug: boolean) => {
    const net = sequential(1, [dense(1, { bias: false })], {
      loss: meanSquaredError(),
      optimizer: sgd(),
      debug,
      penalty: ([layer]) => log((layer as { weights: Node }).weights),
    });
    net.parameters.set([-1]);
    return net;
  };
  expect(() => make(false).step([1], [1])).toThrow('the loss became NaN or infinite');
  expect(() => make(true).step([1], [1])).toThrow(/log\d? \[1, 1\] is NaN/);
  expect(() => make(true).predict([1])).not.toThrow();
});

describe('refused', () => {
  const a = input(3);
  const u = dense(2)(a);
  const make = (penalty: unknown) => () => network({ inputs: a, outputs: u, loss: meanSquaredError(), penalty: penalty as never });
  const stray = parameter(2, { name: 'stray' });

  test.each<[string, unknown, new (...args: never[]) => Error, string]>([
    ['a number', 0.1, NeuriteError, 'network: the penalty is 0.1, expected a node'],
    ['null', null, NeuriteError, 'network: the penalty is null, expected a node'],
    ['one of several that is none', [sum(u), 'l2'], NeuriteError, 'network: penalty 1 is "l2", expected a node'],
    ['a batch as wide as the output', u, ShapeError, 'expected [rows, 1]; sum(…) or mean(…)'],
    ['a new parameter', abs(stray), NeuriteError, 'the penalty depends on the parameter stray [2], which no output depends on'],
    ['an input of its own', sum(input(3, 'other')), NeuriteError, "depends on the input other [rows, 3], which is none of the network's"],
    ['a constant', constant([1, 2]), NeuriteError, 'depends on no parameter'],
    ['a sum over the rows', matmul(u, u, true), NeuriteError, 'adds up over the rows'],
    ['a function that gives none', () => undefined, NeuriteError, 'the penalty is undefined, expected a node'],
  ])('%s', (_, penalty, kind, message) => {
    expect(make(penalty)).toThrow(kind);
    expect(make(penalty)).toThrow(message);
  });

  test('what its function throws passes through', () => {
    const mine = new RangeError('mine');
    expect(
      make(() => {
        throw mine;
      }),
    ).toThrow(mine);
  });
});
