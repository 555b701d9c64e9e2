/** Data that change, or that lie where they may move: a data set reads them once, and says so where it can't. */
import {
  adam,
  crossEntropy,
  type DatasetLiteral,
  dataset,
  dense,
  meanSquaredError,
  type Network,
  type Predictor,
  sequential,
  sgd,
  ValueError,
} from 'neurite';
import { describe, expect, test, vi } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { MAX_STEPS, Workspace } from '../../src/engine/workspace.js';

const rows = 24;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.fround(Math.sin(i * 2.3)));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * 7) % 3);
const make = (): Network =>
  sequential(3, [dense(4, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 6, build: 'simd' });
const nested = () => Array.from({ length: rows }, (_, i) => Array.from(x.subarray(3 * i, 3 * i + 3)));

describe('past the budget', () => {
  test.each([1, 2, 3])('batches of %i: no run takes more steps than there are learning rates for, and no neighbour changes', async (batchSize) => {
    const many = 20_000;
    const xs = Float32Array.from({ length: many }, (_, i) => Math.fround(Math.cos(i)));
    const regression = () => sequential(1, [dense(2, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1, build: 'simd' });
    const nets = Array.from({ length: 21 }, regression);
    const before = Array.from((nets[0] as Network).parameters);
    const net = nets.splice(10, 1)[0] as Network;
    const twin = regression();
    const rates = vi.spyOn(Workspace.prototype, 'setLearningRates');
    // A clock that stands still: every slice is as long as it may be.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    const learningRate = (epoch: number, step: number) => 0.01 / (epoch + (step % 7));
    await net.fit({ x: xs, y: xs, budget: 0 }, { batchSize, learningRate });
    expect(Math.max(...rates.mock.calls.map(([given]) => given.length))).toBe(MAX_STEPS);
    rates.mockRestore();
    clock.mockRestore();
    await twin.fit({ x: xs, y: xs }, { batchSize, learningRate });
    expect(Array.from(net.parameters)).toEqual(Array.from(twin.parameters));
    for (const one of nets) expect(Array.from(one.parameters)).toEqual(before);
    for (const one of [net, twin, ...nets]) one.dispose();
  });

  test('an array that is detached between two chunks ends the fit with an error', async () => {
    const many = 9000;
    const xs = new Float32Array(many * 3).fill(0.5);
    const net = make();
    let steps = 0;
    const fitting = net.fit(
      { x: xs, y: new Uint8Array(many), budget: 0 },
      { batchSize: 100, learningRate: () => (++steps === 60 ? structuredClone(0.1, { transfer: [xs.buffer] }) : 0.1) },
    );
    await expect(fitting).rejects.toThrow('fit: x had 27000 numbers and now has 0');
    net.step(x, y);
  });

  test('lists are read once, however many chunks and epochs', async () => {
    let reads = 0;
    const list = nested();
    Object.defineProperty(list[7], 0, {
      get: () => {
        reads++;
        return 0.5;
      },
    });
    const data = dataset({ x: list, y: Array.from(y), budget: 0 });
    const net = make();
    await net.fit(data, { epochs: 3, batchSize: 5, validationData: data });
    net.evaluate(data);
    expect(reads).toBe(1);
    data.dispose();
    net.evaluate(data);
    expect(reads).toBe(2);
  });
});

describe('arrays that change their length after the data set was made are refused', () => {
  const changes: [string, () => { literal: DatasetLiteral; change: () => void }, string][] = [
    [
      'rows pushed into x and y',
      () => {
        const literal = { x: nested(), y: Array.from(y) };
        const change = () => {
          literal.x.push([1, 2, 3]);
          literal.y.push(0);
        };
        return { literal, change };
      },
      'x had length 24 and now has 25',
    ],
    [
      'class ids taken away',
      () => {
        const ids = Array.from(y);
        return { literal: { x, y: ids }, change: () => void ids.pop() };
      },
      'y had length 24 and now has 23',
    ],
    [
      'a flat list that grows',
      () => {
        const flat = Array.from(x);
        return { literal: { x: flat, y }, change: () => void flat.push(1, 2, 3) };
      },
      'x had length 72 and now has 75',
    ],
    [
      'a row that grows',
      () => {
        const list = nested();
        return { literal: { x: list, y }, change: () => void list[4]?.push(1) };
      },
      'x[4] had length 3 and now has 4',
    ],
    [
      'a buffer that is detached',
      () => {
        const floats = x.slice();
        return { literal: { x: floats, y }, change: () => void structuredClone(0, { transfer: [floats.buffer] }) };
      },
      'x had length 72 and now has 0',
    ],
  ];
  test.each(changes)('%s', async (_, given, message) => {
    for (const budget of [0, 2 ** 20]) {
      for (const used of [true, false]) {
        const { literal, change } = given();
        const net = make();
        const data = dataset({ ...literal, budget });
        if (used) net.evaluate(data);
        change();
        expect(() => net.evaluate(data)).toThrow(ValueError);
        expect(() => net.evaluate(data)).toThrow(`evaluate: ${message}`);
        await expect(net.fit(data)).rejects.toThrow(`fit: ${message}`);
        net.step(x, y);
      }
    }
  });
});

test('the literal and its list of columns are copied', () => {
  const two = { x: x.slice(), y };
  const net = make();
  const expected = net.evaluate(two);
  const data = dataset(two);
  Object.assign(two, { x: new Float32Array(rows * 3), y: new Uint8Array(rows), scale: 5 });
  expect(net.evaluate(data)).toEqual(expected);
});

describe('views of a network’s own memory', () => {
  /** Makes memory grow, which detaches every view there is. */
  const detach = () => {
    const core = coreOf('simd');
    core.memory.grow(0);
    core.free(core.allocate(16, 'a look at the new buffer'));
  };
  const teacher = sequential(3, [dense(3, 'softmax')], { seed: 4, maxRows: rows, build: 'simd' });
  teacher.input.set(x);
  teacher.run(rows);

  test.each([0, 2 ** 20])('as inputs and targets: copied when they come, with a budget of %i', async (budget) => {
    const copies = { x: teacher.input.slice(), y: teacher.output.slice(), budget };
    const views = () => ({ x: teacher.input, y: teacher.output, budget });
    const [net, twin] = [make(), make()];
    const data = dataset(views());
    detach();
    expect(net.evaluate(data)).toEqual(twin.evaluate(copies));
    expect(net.evaluate(views())).toEqual(twin.evaluate(copies));
    await net.fit(views(), { epochs: 3, validationData: views() });
    await twin.fit(copies, { epochs: 3, validationData: copies });
    expect(Array.from(net.parameters)).toEqual(Array.from(twin.parameters));
    const { epochs } = await net.fit(views(), { epochs: 2, onEpoch: detach, validationData: views() });
    expect(epochs).toHaveLength(2);
  });
});

test('one data set for two networks with other losses is uploaded once', () => {
  const core = coreOf('simd');
  const targets = Float32Array.from({ length: rows * 3 }, (_, i) => Number(i % 3 === 0));
  const data = dataset({ x, y: targets });
  const columns = (classes: boolean, unit: boolean) => ({
    inputs: [3],
    targets: [{ width: 3, classes, probabilities: classes, elements: false, unit: unit ? 'binaryCrossEntropy' : undefined }],
  });
  const first = data.upload('test', core, columns(true, false));
  expect(data.upload('test', core, columns(false, true))).toBe(first);
  expect(data.upload('test', core, columns(true, false))).toBe(first);
  data.dispose();
});

describe('a structured clone fails instead of making an empty shell', () => {
  test.each<[string, () => Network | Predictor | ReturnType<typeof dataset>]>([
    ['of a network', make],
    ['of a frozen predictor', () => make().freeze()],
    ['of a data set', () => dataset({ x, y })],
  ])('%s', (_, of) => {
    using thing = of();
    expect(() => structuredClone(thing)).toThrow('could not be cloned');
  });
});

test.each<[unknown, string]>([
  [
    { x, y, sampleWeight: [1] },
    'there is no option "sampleWeight", expected x, y, weight, scale, offset, targetScale, targetOffset, budget; weights are data',
  ],
  [{ x, y: 'x', targetScale: 3 }, "targetScale is 3 and targetOffset 0 for y: 'x', expected none"],
  [{ x, y: 'x', targetOffset: 1 }, "targetScale is 1 and targetOffset 1 for y: 'x', expected none"],
  [{ x, y, sclae: 2 }, 'there is no option "sclae"'],
  [{ x, y, budget: '5' }, 'budget is "5", expected a number of bytes ≥ 0'],
  [{ x, y, budget: Number.NaN }, 'budget is NaN'],
  [null, 'got null, expected { x, y }'],
  ['', 'got "", expected { x, y }'],
])('%j is refused', async (literal, message) => {
  const net = make();
  const before = Array.from(net.parameters);
  expect(() => dataset(literal as DatasetLiteral)).toThrow(`dataset: ${message}`);
  expect(() => net.evaluate(literal as DatasetLiteral)).toThrow(`evaluate: ${message}`);
  await expect(net.fit(literal as DatasetLiteral)).rejects.toThrow(`fit: ${message}`);
  expect(Array.from(net.parameters)).toEqual(before);
});
