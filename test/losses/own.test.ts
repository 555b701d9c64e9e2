/** A loss of one's own, from one file that is no part of the package: everything that a network does with a loss, it does with this. */
import {
  adam,
  constant,
  crossEntropy,
  dense,
  fromJSON,
  input,
  type LossFunction,
  load,
  log,
  meanSquaredError,
  mul,
  type Network,
  NeuriteError,
  type Node,
  neg,
  network,
  parameter,
  relu,
  ShapeError,
  save,
  scale,
  sequential,
  sgd,
  shift,
  square,
  sub,
  sum,
  type Targets,
  toJSON,
  ValueError,
  type Values,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hessian, hvp, inputGradient, perSampleGradients } from 'neurite/derivatives';
import { explain, summary, toDot, toMermaid, trace } from 'neurite/inspect';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { features } from '../../src/graph/shape.js';
import { defineLoss } from '../../src/losses/loss.js';
import { oneHot } from '../../src/ops/oneHot.js';
import { bitsOf } from '../files/bits.js';
import { charbonnier, charbonnierGradient, charbonnierLoss, charbonnierRow } from './charbonnier.js';

const rows = 7;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(3 * i + 1));
const y = Float32Array.from({ length: rows * 2 }, (_, i) => 3 * Math.cos(2 * i));

/** The forms that the same loss comes in, with what the mean divides by besides the rows. */
const forms: readonly [string, () => Network<Values>, number][] = [
  ['a function', () => sequential(3, [dense(4, 'tanh'), dense(2)], { loss: charbonnierLoss, optimizer: adam({ learningRate: 0.01 }), seed: 3 }), 1],
  ['a definition', () => sequential(3, [dense(4, 'tanh'), dense(2)], { loss: charbonnier(), optimizer: adam({ learningRate: 0.01 }), seed: 3 }), 2],
];

const rowsOf = (flat: ArrayLike<number>, width: number) =>
  Array.from({ length: flat.length / width }, (_, r) => Array.from({ length: width }, (__, k) => flat[r * width + k] as number));

/** The mean in float64 over the outputs of a network. */
function expectedLoss(net: Network<Values>): number {
  const u = rowsOf(net.predict(x), 2);
  const t = rowsOf(y, 2);
  return u.reduce((total, row, i) => total + charbonnierRow(row, t[i] as number[]), 0) / rows;
}

describe.each(forms)('Charbonnier as %s', (_, make, elements) => {
  test('the loss of gradient, step, evaluate and trace is that of float64', () => {
    const net = make();
    const expected = expectedLoss(net) / elements;
    const near = (loss: number) => expect(Math.abs(loss - expected)).toBeLessThan(1e-6 * expected);
    near(net.gradient(x, y));
    near(net.evaluate({ x, y }).loss);
    near(trace(net, x, y).loss);
    near(net.step(x, y));
    expect(net.evaluate({ x, y }).loss).toBeLessThan(expected);
  });

  test('the gradient at the output is that of float64, and trace shows the loss', () => {
    const net = make();
    const traced = trace(net, x, y);
    const u = rowsOf(net.predict(x), 2);
    const t = rowsOf(y, 2);
    const expected = u.flatMap((row, i) => charbonnierGradient(row, t[i] as number[]).map((d) => d / (rows * elements)));
    const found = traced.layers[1]?.du?.values as Float32Array;
    expected.forEach((d, i) => {
      expect(Math.abs((found[i] as number) - d)).toBeLessThan(1e-6);
    });
    expect(traced.toString()).toContain('loss ');
  });

  test('neurite/check finds its gradients right', () => {
    expect(checkGradients(make(), x, y, { entries: Number.POSITIVE_INFINITY }).passed).toBe(true);
  });

  test('fit learns by it', async () => {
    const net = make();
    const before = net.evaluate({ x, y }).loss;
    const { epochs } = await net.fit({ x, y }, { epochs: 80, batchSize: 3 });
    expect(epochs.at(-1)?.loss).toBeLessThan(before / 2);
    expect(epochs.at(-1)?.accuracy).toBeUndefined();
  });

  test('derivatives of the loss agree with the gradient', () => {
    const net = make();
    net.gradient(x, y);
    const gradient = Float32Array.from(net.gradients);
    const n = net.parameterCount;
    const each = perSampleGradients(net, x, y);
    for (let p = 0; p < n; p++) {
      let mean = 0;
      for (let row = 0; row < rows; row++) mean += (each[row * n + p] as number) / rows;
      expect(Math.abs(mean - (gradient[p] as number))).toBeLessThan(1e-5);
    }
    const v = Float32Array.from({ length: n }, (_, i) => Math.sin(i));
    const h = hessian(net, x, y);
    const product = hvp(net, x, y, v);
    for (let i = 0; i < n; i++) {
      let sumOf = 0;
      for (let j = 0; j < n; j++) sumOf += (h[i * n + j] as number) * (v[j] as number);
      expect(Math.abs(sumOf - (product[i] as number))).toBeLessThan(1e-4);
    }
    expect(inputGradient(net, x, y)).toHaveLength(rows * 3);
  });

  test('summary, explain and diagrams name it', () => {
    const net = make();
    const name = elements === 1 ? 'charbonnierLoss' : 'charbonnier';
    expect(summary(net)).toContain(`${name}, adam`);
    expect(toMermaid(net)).toContain(name);
    expect(toDot(net)).toContain(name);
    expect(explain(net, 'step')).toMatch(/Sqrt/);
    expect(net.loss?.name).toBe(name);
  });

  test('a file holds it as the graph it is: loaded, it trains on with the same bits', () => {
    const net = make();
    net.step(x, y);
    const bytes = save(net, { optimizerState: true });
    const loaded = load(bytes) as Network<Values>;
    expect(loaded.loss).toMatchObject({ name: elements === 1 ? 'charbonnierLoss' : 'charbonnier', reduction: 'mean' });
    for (let i = 0; i < 5; i++) expect(loaded.step(x, y)).toBe(net.step(x, y));
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    expect(loaded.evaluate({ x, y })).toEqual(net.evaluate({ x, y }));
    expect(bitsOf(load(save(loaded, { optimizerState: true })).parameters)).toEqual(bitsOf(net.parameters));
    expect(new Uint8Array(save(load(bytes), { optimizerState: true }))).toEqual(new Uint8Array(bytes));
    const again = fromJSON(JSON.parse(JSON.stringify(toJSON(net)))) as Network<Values>;
    expect(again.gradient(x, y)).toBe(make().gradient(x, y));
    expect(checkGradients(again, x, y).passed).toBe(true);
  });
});

describe('a function as a loss', () => {
  const made = (loss: LossFunction, outputs: Node, inputs: Node | Node[]) => network({ inputs, outputs, loss, optimizer: sgd() });

  test('is called once, with the output and its target', () => {
    const a = input(3);
    const u = dense(2)(a);
    const calls: (readonly Node[])[] = [];
    const net = made(
      (...given) => {
        calls.push(given);
        return charbonnierLoss(...given);
      },
      u,
      a,
    );
    net.step(x, y);
    net.evaluate({ x, y });
    hvp(net, x, y, new Float32Array(net.parameterCount));
    save(net);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]).toBe(u);
    expect(calls[0]?.[1]?.shape).toEqual(u.shape);
  });

  test('its targets are values', () => {
    expectTypeOf(sequential(3, [dense(2)], { loss: charbonnierLoss })).toEqualTypeOf<Network<Values>>();
    expectTypeOf(sequential(3, [dense(2)], { loss: (u, t) => sum(square(sub(u, t))) })).toEqualTypeOf<Network<Values>>();
    expectTypeOf(sequential(3, [dense(2)], { loss: { loss: charbonnierLoss, reduction: 'sum' } })).toEqualTypeOf<Network<Values>>();
    expect(() => sequential(3, [dense(2)], { loss: charbonnierLoss }).step([1, 2, 3], 1 as never)).toThrow(NeuriteError);
    // Whatever the output's range: what the targets mean is the function's affair.
    expect(sequential(3, [dense(2, 'sigmoid')], { loss: charbonnierLoss }).evaluate({ x, y }).loss).toBeGreaterThan(0);
  });

  test('a squared error by hand has the bits of meanSquaredError and squaredError', () => {
    const byHand = (u: Node, t: Node) => sum(square(sub(u, t)));
    const pair = [meanSquaredError(), { loss: byHand, weight: 0.5 }] as const;
    const [own, theirs] = pair.map((loss) => sequential(3, [dense(4, 'tanh'), dense(2)], { loss, optimizer: adam(), seed: 1 }) as Network<Values>);
    for (let i = 0; i < 3; i++) expect(own?.step(x, y)).toBe(theirs?.step(x, y));
    expect(bitsOf(own?.parameters as Float32Array)).toEqual(bitsOf(theirs?.parameters as Float32Array));
  });

  test('reduction: the gradient is of the mean over the rows, or of their sum; what is reported is the mean', () => {
    const net = (reduction: 'mean' | 'sum') => sequential(3, [dense(2)], { loss: { loss: charbonnierLoss, reduction }, seed: 1 });
    const [mean, total] = [net('mean'), net('sum')];
    expect(mean.gradient(x, y)).toBe(total.gradient(x, y));
    total.gradients.forEach((d, i) => {
      expect(Math.abs(d - rows * (mean.gradients[i] as number))).toBeLessThan(1e-5);
    });
    expect((load(save(total)) as Network<Values>).loss?.reduction).toBe('sum');
  });

  test('several outputs have each its own, with weights; some none', () => {
    const a = input(3);
    const h = dense(4, 'tanh')(a);
    const outputs = [dense(2)(h), dense(2, 'softmax')(h), dense(1)(h)] as const;
    const net = network({ inputs: a, outputs, loss: [{ loss: charbonnierLoss, weight: 0.5 }, crossEntropy(), undefined], optimizer: adam() });
    const ids = Uint8Array.from({ length: rows }, (_, i) => i % 2);
    const apart = (loss: readonly (LossFunction | ReturnType<typeof crossEntropy> | undefined)[], targets: unknown) =>
      network({ inputs: a, outputs, loss }).gradient(x, targets as never);
    const total = net.gradient(x, [y, ids] as never);
    const parts = 0.5 * apart([charbonnierLoss, undefined, undefined], y) + apart([undefined, crossEntropy(), undefined], ids);
    expect(Math.abs(total - parts)).toBeLessThan(1e-6 * parts);
    expect(checkGradients(net as never, x as never, [y, ids] as never).passed).toBe(true);
    const loaded = load<1, 3>(save(net));
    expect(loaded.step(x, [y, ids])).toBe(net.step(x, [y, ids] as never));
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
  });

  test("may use the network's inputs, inner nodes and parameters, and ignore the target", () => {
    const a = input(2);
    const w = parameter(2, { name: 'w' });
    const h = dense(3, 'tanh')(mul(a, w));
    const u = dense(2)(h);
    const net = made((output) => sum(square(sub(mul(output, w), a))), u, a);
    expect(checkGradients(net, [1, 2, 3, 4], [0, 0, 0, 0]).passed).toBe(true);
    const leaf = input(1);
    const same = made(() => leaf, dense(1)(leaf), leaf);
    expect(same.gradient([1, 2, 6], [0, 0, 0])).toBe(3);
  });

  test('is decided as the range of the output says', () => {
    const entropy = (u: Node, t: Node) => sum(neg(mul(t, log(shift(u, 1e-6)))));
    const net = sequential(3, [dense(2, 'softmax')], { loss: entropy });
    expect(net.classify(x)).toHaveLength(rows);
    expect(sequential(3, [dense(1, 'sigmoid')], { loss: entropy }).classify([1, 2, 3])).toBeTypeOf('number');
    expect(() => sequential(3, [dense(2)], { loss: charbonnierLoss }).classify(x)).toThrow('a regression under charbonnierLoss');
  });

  test('configure takes one, gives it up for another, and takes back what the network held', () => {
    const net = sequential(3, [dense(2)], { loss: meanSquaredError(), optimizer: sgd(), seed: 2 });
    const before = net.gradient(x, y);
    const own = net.configure({ loss: charbonnierLoss });
    const held = own.loss;
    const charbonnierValue = own.gradient(x, y);
    expect(own.configure({ loss: meanSquaredError() }).gradient(x, y)).toBe(before);
    expect(own.configure({ loss: held as never }).gradient(x, y)).toBe(charbonnierValue);
    // Of another network's output it is made anew.
    expect(sequential(3, [dense(2)], { loss: held as never, seed: 2 }).gradient(x, y)).toBe(charbonnierValue);
    const loaded = load(save(own));
    expect(() => sequential(3, [dense(2)], { loss: loaded.loss as never })).toThrow('the graph of another output');
  });

  test('constants of many losses take turns in memory', () => {
    const net = sequential(3, [dense(2)], { optimizer: adam(), loss: meanSquaredError(), seed: 4 });
    const weighted = (weights: number[]) => (u: Node, t: Node) => sum(mul(square(sub(u, t)), constant(weights)));
    for (const weights of [
      [1, 0],
      [0, 1],
      [2, 2],
    ]) {
      net.configure({ loss: weighted(weights) });
      const u = rowsOf(net.predict(x), 2);
      const t = rowsOf(y, 2);
      const expected =
        u.reduce((total, row, i) => total + row.reduce((s, v, k) => s + (weights[k] as number) * (v - (t[i]?.[k] as number)) ** 2, 0), 0) / rows;
      expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
      net.step(x, y);
      net.reset();
      expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
    }
  });

  test('debug names the node of it that is no number', () => {
    const net = sequential(1, [dense(1, { bias: false })], { loss: (u, t) => log(sub(u, t)), optimizer: sgd(), debug: true });
    net.parameters.set([1]);
    expect(() => net.step([1], [2])).toThrow(/log\d? \[rows, 1\] is NaN in row 0/);
  });
});

describe('refused', () => {
  const a = input(3);
  const u = dense(2)(a);
  const make = (loss: unknown) => () => network({ inputs: a, outputs: u, loss: loss as never });
  const other = input(2, 'other');
  const stray = parameter(2, { name: 'stray' });

  test.each<[string, unknown, new (...args: never[]) => Error, string]>([
    [
      'a result as wide as the output',
      (v: Node, t: Node) => square(sub(v, t)),
      ShapeError,
      'network: the loss function gave [rows, 2], expected [rows, 1]; sum(…) or mean(…)',
    ],
    ['a vector', () => sum(stray), ShapeError, 'gave [1], expected [rows, 1]'],
    ['no node', function lossy() {}, NeuriteError, 'network: the loss lossy gave undefined, expected a node [rows, 1]'],
    ['a promise', async (v: Node) => v, NeuriteError, 'gave a Promise, expected a node'],
    [
      'a new parameter',
      (v: Node, t: Node) => sum(mul(sub(v, t), stray)),
      NeuriteError,
      'depends on the parameter stray [2], which no output depends on',
    ],
    [
      'an input of another network',
      (v: Node) => sum(sub(v, other)),
      NeuriteError,
      "depends on the input other [rows, 2], which is none of the network's",
    ],
    ['the target alone', (_: Node, t: Node) => sum(t), NeuriteError, 'depends on no input'],
    ['a maker that was not called', crossEntropy, ValueError, 'network: loss is a function, expected what binaryCrossEntropy(), categoricalFocal()'],
    ['a weight of 0', { loss: charbonnierLoss, weight: 0 }, ValueError, 'the weight of loss 0 is 0'],
    ['an odd reduction', { loss: charbonnierLoss, reduction: 'none' }, ValueError, "the reduction of loss 0 is \"none\", expected 'mean' or 'sum'"],
    [
      'a reduction beside a description',
      { loss: meanSquaredError(), reduction: 'sum' },
      ValueError,
      'expected "mean", as meanSquaredError itself says',
    ],
    ['a copy of what a network held', { ...make(charbonnierLoss)().loss }, ValueError, 'network: loss is an object with name'],
  ])('%s', (_, loss, kind, message) => {
    expect(make(loss)).toThrow(kind);
    expect(make(loss)).toThrow(message);
  });

  test('what the function throws passes through, and nothing is changed', () => {
    const net = sequential(3, [dense(2)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1 });
    const before = net.gradient(x, y);
    const mine = new RangeError('mine');
    expect(() =>
      net.configure({
        loss: () => {
          throw mine;
        },
      }),
    ).toThrow(mine);
    expect(() => net.configure({ loss: (v) => relu(scale(v, 2)) })).toThrow(ShapeError);
    expect(net.gradient(x, y)).toBe(before);
  });

  test('a function that disposes of its network', () => {
    const net = sequential(3, [dense(2)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1 });
    expect(() =>
      net.configure({
        loss: (v, t) => {
          net.dispose();
          return charbonnierLoss(v, t);
        },
      }),
    ).toThrow('the network was disposed');
  });

  test("another loss' target", () => {
    let first: Node | undefined;
    const keep = (v: Node, t: Node) => {
      first = t;
      return charbonnierLoss(v, t);
    };
    const two = () => network({ inputs: a, outputs: [u, dense(2)(a)], loss: [keep, (v: Node) => charbonnierLoss(v, first as Node)] });
    expect(two).toThrow('depends on a target y [rows, 2] of another loss');
  });
});

describe('a definition that is none of the package', () => {
  const a = input(3);

  test('has the checks of its options, and is found by name', () => {
    expect(charbonnier({ delta: 2 })).toMatchObject({ name: 'charbonnier', delta: 2, reduction: 'mean', scale: 1, fromLogits: false });
    expect(() => charbonnier({ delta: 0 })).toThrow('charbonnier: delta is 0, expected a positive number that float32 holds');
    expect(() => charbonnier({ sigma: 1 } as never)).toThrow('charbonnier: there is no option "sigma", expected delta, reduction');
    expect(() => charbonnier({ scale: 2 } as never)).toThrow('charbonnier: scale is 2, expected 1');
    const net = (loss: unknown) => network({ inputs: a, outputs: dense(2)(a), loss: loss as never });
    expect(net({ name: 'charbonnier', delta: 3 }).loss).toEqual(charbonnier({ delta: 3 }));
    expect(net({ ...charbonnier(), reduction: 'sum' }).loss).toEqual(charbonnier({ reduction: 'sum' }));
    expect(() => net(charbonnier)).toThrow('; call it, as in charbonnier()');
  });

  test('its options are in the graph', () => {
    const u = dense(2)(a);
    const net = network({ inputs: a, outputs: u, loss: charbonnier({ delta: 0.25, reduction: 'sum' }), seed: 2 });
    const t = rowsOf(y, 2);
    const expected = rowsOf(net.predict(x), 2).reduce((total, row, i) => total + charbonnierRow(row, t[i] as number[], 0.25), 0) / rows;
    expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThan(1e-6 * expected);
  });

  test('of classes: ids and probabilities, decided by the largest; a file takes probabilities', async () => {
    const brier = defineLoss<object, Targets>({
      name: 'brier',
      options: {},
      targets: 'classes',
      meanOver: 'rows',
      decides: 'largest',
      rows: (u, t) => sum(square(sub(u, t.attributes.classes ? oneHot(t, features(u.shape)) : t))),
    });
    const make = () => sequential(3, [dense(4, 'tanh'), dense(3, 'softmax')], { loss: brier(), optimizer: adam({ learningRate: 0.02 }), seed: 6 });
    const ids = Uint8Array.from({ length: rows }, (_, i) => i % 3);
    const rowsOfIds = Float32Array.from({ length: rows * 3 }, (_, i) => Number(ids[Math.floor(i / 3)] === i % 3));
    const net = make();
    expect(net.gradient(x, ids)).toBe(net.gradient(x, rowsOfIds));
    expect(checkGradients(net, x, ids).passed).toBe(true);
    const { epochs } = await net.fit({ x, y: ids }, { epochs: 100 });
    expect(epochs.at(-1)?.accuracy).toBeGreaterThan(0.8);
    const loaded = load(save(net));
    expect(loaded.step(x, rowsOfIds)).toBe(net.step(x, rowsOfIds));
    expect(() => loaded.step(x, ids)).toThrow(ShapeError);
  });
});

test('a loss that another network held for the same output, with a parameter that this one has not', () => {
  const a = input(3);
  const u = dense(2)(a);
  const only = parameter(2, { name: 'only' });
  const both = network({ inputs: a, outputs: [u, mul(u, only)], loss: [(v, t) => sum(square(sub(mul(v, only), t))), undefined] });
  expect(() => network({ inputs: a, outputs: u, loss: both.loss as never })).toThrow('depends on the parameter only [2]');
});
