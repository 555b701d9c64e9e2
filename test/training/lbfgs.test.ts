/** L-BFGS: its direction and its line search in float64, its steps on networks. test/torch/lbfgs.slow.test.ts compares it with PyTorch's. */
import { readdirSync, readFileSync } from 'node:fs';
import * as neurite from 'neurite';
import {
  type AnyNetwork,
  add,
  checkpoint,
  crossEntropy,
  dense,
  dropout,
  FileError,
  type FitOptions,
  lbfgs,
  load,
  meanSquaredError,
  NotConfiguredError,
  NotFiniteError,
  optimizerState,
  restore,
  ShapeError,
  save,
  scale,
  sequential,
  setOptimizerState,
  sgd,
  square,
  squaredError,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import type { Objective } from '../../src/optimizers/optimizer.js';
import { OPTIMIZERS } from '../../src/optimizers/optimizers.js';
import { type Point, strongWolfe } from '../../src/training/search/strongWolfe.js';
import { filled, numbers } from '../kernels/numbers.js';
import { Lbfgs } from '../oracle/lbfgs.js';
import { norm } from '../own/norm.js';
import { searches } from '../vocabulary.js';

const rows = 24;
const x = filled(rows * 5, numbers(11));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * i) % 3);
const made = (optimizer = lbfgs({ maxIterations: 3, maxEvaluations: 30 }), seed = 8) =>
  sequential(5, [dense(7, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), build: 'simd', seed, optimizer });

describe('its direction', () => {
  /** A strictly convex function with its gradient. */
  const value = (w: ArrayLike<number>) => Array.from(w, (v, i) => (i + 1) * (v - i) ** 2 + 0.1 * (v - i) ** 4).reduce((a, b) => a + b);
  const slope = (w: ArrayLike<number>) => Array.from(w, (v, i) => 2 * (i + 1) * (v - i) + 0.4 * (v - i) ** 3);

  test.each([100, 3, 1])('is −H·g of the BFGS matrices from the last %i pairs', (historySize) => {
    const n = 6;
    const options = lbfgs({ maxIterations: 1, historySize, lineSearch: 'none', learningRate: 0.1, toleranceGradient: 0, toleranceChange: 0 });
    const floats = () => new Float32Array(n);
    const slots = Object.fromEntries((lbfgs.definition.slots?.(options) ?? []).map((name) => [name, floats()]));
    const objective: Objective = {
      weights: floats(),
      gradient: floats(),
      slots,
      powers: Float64Array.from(lbfgs.definition.powers?.start ?? []),
      evaluate() {
        objective.gradient.set(slope(objective.weights));
        return value(objective.weights);
      },
    };
    const oracle = new Lbfgs(historySize);
    let w = new Array<number>(n).fill(0);
    for (let step = 0; step < 20; step++) {
      const g = slope(w);
      const d = oracle.direction(w, g);
      const t = (step === 0 ? Math.min(1, 1 / g.reduce((sum, v) => sum + Math.abs(v), 0)) : 1) * 0.1;
      w = w.map((v, i) => v + t * (d[i] as number));
      lbfgs.definition.search?.(options, objective, 0.1);
      expect([...objective.weights]).toEqual(w.map((v) => expect.closeTo(v, 4)));
    }
    expect(objective.powers[0]).toBe(20);
  });
});

describe('the line search', () => {
  const C1 = 1e-4;
  const C2 = 0.9;
  /** A smooth function of t, bounded below, that falls at 0; and its slope. */
  const curve = (next: () => number) => {
    const [a, b, c, e] = [0.5 + Math.abs(next()), next() * 3, 1 + 4 * Math.abs(next()), 10 ** (4 * next())];
    const f = (t: number) => a * (t / e) ** 2 - (b * b + 0.1) * (t / e) + Math.sin((c * t) / e);
    const df = (t: number) => (2 * a * (t / e) - (b * b + 0.1) + c * Math.cos((c * t) / e)) / e;
    return df(0) < 0 ? { f, df } : { f: (t: number) => f(-t), df: (t: number) => -df(-t) };
  };
  const pointOf = (f: (t: number) => number, df: (t: number) => number) => (t: number) => ({
    t,
    loss: f(t),
    slope: df(t),
    gradient: new Float32Array(1),
  });

  test('ends where the loss has fallen enough and the slope is flat', () => {
    const next = numbers(3);
    let most = 0;
    for (let i = 0; i < 500; i++) {
      const { f, df } = curve(next);
      const at = pointOf(f, df);
      const start = at(0);
      const { found, evaluations } = strongWolfe(start, 1, 1, at);
      most = Math.max(most, evaluations);
      // It may also give up, as PyTorch's does; then it has not risen.
      expect(found.loss).toBeLessThanOrEqual(start.loss + 1e-4 * Math.abs(start.loss));
      if (evaluations >= 26 || found.t === 0) continue;
      expect(Math.abs(found.slope)).toBeLessThanOrEqual(-C2 * start.slope);
      expect(found.loss).toBeLessThanOrEqual(start.loss + C1 * found.t * start.slope + 1e-4 * Math.abs(start.loss));
    }
    expect(most).toBeLessThanOrEqual(26);
  });

  test('what is not finite bounds it, and is never the answer', () => {
    const f = (t: number) => (t < 0.01 ? (t - 0.008) ** 2 : Number.POSITIVE_INFINITY);
    const df = (t: number) => (t < 0.01 ? 2 * (t - 0.008) : Number.NaN);
    const { found } = strongWolfe(pointOf(f, df)(0), 1, 1, pointOf(f, df));
    expect(found.t).toBeGreaterThan(0);
    expect(found.t).toBeLessThan(0.01);
    const never = (t: number): Point => ({
      t,
      loss: t === 0 ? 1 : Number.POSITIVE_INFINITY,
      slope: t === 0 ? -1 : Number.NaN,
      gradient: new Float32Array(1),
    });
    expect(strongWolfe(never(0), 1, 1, never).found.t).toBe(0);
  });
});

describe('a step', () => {
  test('is an epoch of fit on the same rows, bit for bit, and gives the loss before it', async () => {
    using net = made();
    using fitted = made();
    for (let i = 0; i < 3; i++) {
      const loss = net.step(x, y);
      const { epochs } = await fitted.fit({ x, y });
      expect(epochs[0]?.loss).toBe(loss);
      expect(epochs[0]?.steps).toBe(1);
    }
    expect([...fitted.parameters]).toEqual([...net.parameters]);
    expect(net.evaluate({ x, y }).loss).toBeLessThan(0.8);
  });

  test('of rows that are computed in parts is one of them all', async () => {
    using net = made();
    using parts = made();
    net.step(x, y);
    await parts.fit({ x, y }, { batchSize: 7 });
    expect([...parts.parameters]).toEqual(Array.from(net.parameters, (v) => expect.closeTo(v, 4)));
  });

  test('takes the penalty and the weights of rows in', () => {
    const options = { loss: meanSquaredError(), optimizer: lbfgs({ maxIterations: 100 }), build: 'simd' } as const;
    using net = sequential(1, [dense(1, { bias: false })], { ...options, penalty: ([layer]) => scale(square(layer?.weights as never), 0.5) });
    // (Σ weight·(w·x − y)²) / 3 + ½w² is least at Σ weight·x·y / (Σ weight·x² + 1.5).
    net.step([1, 2, 3], [2, 3, 9], { weight: [1, 2, 0] });
    expect(net.parameters[0]).toBeCloseTo((2 + 12) / (1 + 8 + 1.5), 5);
    using sums = sequential(1, [dense(1, { bias: false })], { ...options, loss: squaredError() });
    sums.step([1, 2, 3], [2, 3, 9]);
    expect(sums.parameters[0]).toBeCloseTo((2 + 6 + 27) / 14, 5);
  });

  test('draws the same numbers in each of its evaluations, and leaves what is not trained', async () => {
    const noisy = () => {
      const layers = [dense(7, 'tanh', { trainable: false }), dropout(0.3), dense(3, 'softmax')];
      return sequential(5, layers, { loss: crossEntropy(), build: 'simd', optimizer: lbfgs({ maxIterations: 5, maxEvaluations: 50 }) });
    };
    using net = noisy();
    using fitted = noisy();
    const frozen = [...net.parameter('dense1.weights').values];
    const losses = [net.step(x, y), net.step(x, y)];
    const { epochs } = await fitted.fit({ x, y }, { epochs: 2 });
    expect(epochs.map(({ loss }) => loss)).toEqual(losses);
    expect([...fitted.parameters]).toEqual([...net.parameters]);
    expect([...net.parameter('dense1.weights').values]).toEqual(frozen);
    expect(optimizerState(net).powers[0]).toBe(10);
  });

  test('moves states as any training step does', () => {
    using net = sequential(5, [norm(), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: lbfgs({ maxIterations: 1 }) });
    net.step(x, y);
    expect(net.parameter('norm1.mean').values.some((v) => v !== 0)).toBe(true);
  });

  test('whose loss is not finite changes nothing', () => {
    using net = made();
    net.step(x, y);
    net.parameters[0] = Number.NaN;
    const before = [...net.parameters];
    const state = optimizerState(net);
    expect(() => net.step(x, y)).toThrow(NotFiniteError);
    expect([...net.parameters]).toEqual(before);
    expect(optimizerState(net).slots).toEqual(state.slots);
  });

  test('that would spoil a parameter changes nothing, and the state begins anew', () => {
    using net = made(lbfgs({ lineSearch: 'none', learningRate: 3e38, maxIterations: 3 }));
    const before = [...net.parameters];
    for (let i = 0; i < 2; i++) {
      try {
        net.step(x, y);
      } catch (error) {
        expect(error).toBeInstanceOf(NotFiniteError);
        expect([...net.parameters]).toEqual(before);
        expect(optimizerState(net).powers).toEqual([0, 0, 0, 0, 0, 1]);
        return;
      }
    }
    expect(net.parameters.every(Number.isFinite)).toBe(true);
  });
});

describe('its state', () => {
  test('goes into a file and comes back: the same bits as without', () => {
    using net = made();
    for (let i = 0; i < 3; i++) net.step(x, y);
    const bytes = save(net, { optimizerState: true });
    expect(() => load(bytes)).toThrow(FileError);
    using loaded = load(bytes, { optimizers: [lbfgs] });
    expect(loaded.optimizer).toEqual(net.optimizer);
    for (let i = 0; i < 3; i++) expect(loaded.step(x, y)).toBe(net.step(x, y));
    expect([...loaded.parameters]).toEqual([...net.parameters]);
    expect(optimizerState(loaded)).toEqual(optimizerState(net));
  });

  test('is in a checkpoint', async () => {
    const options: FitOptions = { epochs: 6 };
    using net = made();
    using whole = made();
    await whole.fit({ x, y }, options);
    let bytes = new Uint8Array();
    const stopping = ({ epoch }: { epoch: number }) => {
      if (epoch === 3) bytes = checkpoint(net);
      return epoch < 3;
    };
    await net.fit({ x, y }, { ...options, onEpoch: stopping });
    using resumed = restore(bytes, { optimizers: [lbfgs] });
    await resumed.fit({ x, y }, options);
    expect([...resumed.parameters]).toEqual([...whole.parameters]);
  });

  test('is read and put back', () => {
    using net = made();
    net.step(x, y);
    const [parameters, state] = [net.parameters.slice(), optimizerState(net)];
    expect(state.powers[0]).toBe(3);
    expect(state.powers[1]).toBeGreaterThan(3);
    expect(Object.keys(state.slots)).toHaveLength(202);
    net.step(x, y);
    const after = [...net.parameters];
    net.parameters.set(parameters);
    setOptimizerState(net, state);
    net.step(x, y);
    expect([...net.parameters]).toEqual(after);
  });

  test('of another optimizer, or damaged, is refused, and changes nothing', () => {
    using net = made();
    net.step(x, y);
    const state = optimizerState(net);
    using other = sequential(5, [dense(3)], { loss: meanSquaredError(), optimizer: sgd({ momentum: 0.9 }) });
    using none = sequential(5, [dense(3)]);
    expect(() => setOptimizerState(net, optimizerState(other))).toThrow(ValueError);
    expect(() => setOptimizerState(net, { ...state, powers: [1] })).toThrow(/expected those of lbfgs/);
    expect(() => setOptimizerState(net, { ...state, powers: [Number.NaN, 0, 0, 0, 0, 1] })).toThrow(/powers\[0\] is NaN/);
    expect(() => setOptimizerState(net, { ...state, slots: { ...state.slots, direction: [1] as never } })).toThrow(ShapeError);
    expect(() => setOptimizerState(net, { ...state, slots: {} })).toThrow(ValueError);
    expect(() => optimizerState(none)).toThrow(NotConfiguredError);
    expect(optimizerState(net)).toEqual(state);
    // Counts that are none begin anew.
    setOptimizerState(net, { ...state, powers: [5, 5, 1e9, -3, 1, 1] });
    net.step(x, y);
    expect(optimizerState(net).powers[0]).toBe(3);
  });
});

describe('setTrainable after steps', () => {
  test.each<[string, (net: ReturnType<typeof made>) => AnyNetwork]>([
    ['in the network', (net) => net],
    ['in the network of a file', (net) => load(save(net, { optimizerState: true }), { optimizers: [lbfgs] })],
  ])('keeps the bits of what it leaves: %s', (_, of) => {
    using net = made();
    net.step(x, y);
    net.step(x, y);
    net.setTrainable('dense1', false);
    const trained = of(net);
    const bits = (name: string) => [...new Uint32Array(trained.parameter(name).values.slice().buffer)];
    const names = ['dense1.weights', 'dense1.biases', 'dense2.weights'];
    const before = names.map(bits);
    for (let i = 0; i < 3; i++) trained.step(x, y);
    const after = names.map(bits);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    // Its pairs are of the others alone from then on, and go on from step to step.
    expect(optimizerState(trained).powers[0]).toBe(9);
    trained.dispose();
  });
});

test('each optimizer that searches is in the vocabulary, in the README and exported, and in no list that files read', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const files = readdirSync(new URL('../../src/training/search/', import.meta.url)).map((file) =>
    readFileSync(new URL(`../../src/training/search/${file}`, import.meta.url), 'utf8'),
  );
  const names = files.flatMap((text) => Array.from(text.matchAll(/^export const (\w+) = .*composedOptimizer\(/gm), ([, name]) => name));
  expect(searches.map(([name]) => name)).toEqual(names);
  for (const [name, maker, optimizer] of searches) {
    expect((neurite as Record<string, unknown>)[name]).toBe(maker);
    expect(maker.definition.search).toBeTypeOf('function');
    expect(Object.keys(OPTIMIZERS)).not.toContain(name);
    expect(/^\| optimizers \|.*$/m.exec(readme)?.[0]).toContain(`\`${name}(`);
    using net = sequential(2, [dense(1)], { loss: meanSquaredError(), optimizer });
    expect(() => load(save(net))).toThrow('or one that is passed: { optimizers: [lbfgs] }');
    using loaded = load(save(net), { optimizers: [maker] });
    expect(loaded.optimizer).toEqual(optimizer);
  }
});

describe('bad input', () => {
  test.each<[object, RegExp]>([
    [{ maxIterations: 0 }, /maxIterations is 0/],
    [{ maxIterations: 1.5 }, /maxIterations is 1.5, expected a whole number/],
    [{ historySize: 1e6 }, /historySize is 1000000/],
    [{ toleranceChange: -1 }, /toleranceChange is -1/],
    [{ lineSearch: 'armijo' }, /lineSearch is "armijo", expected "strongWolfe" or "none"/],
    [{ weightDecay: 0.1 }, /weightDecay is 0.1, expected none; a penalty/],
    [{ clipNorm: 1 }, /clipNorm is 1, expected none/],
    [{ clipValue: 1 }, /clipValue came, expected none/],
    [{ momentum: 0.9 }, /no option "momentum"/],
  ])('%j is refused', (options, message) => {
    expect(() => lbfgs(options)).toThrow(ValueError);
    expect(() => lbfgs(options)).toThrow(message);
  });

  test('what does not fit a search is refused, and nothing changes', async () => {
    using net = made();
    const before = [...net.parameters];
    await expect(net.fit({ x, y }, { accumulationSteps: 2 })).rejects.toThrow(/accumulationSteps came for lbfgs, which takes all rows at once/);
    expect(() => net.applyGradients()).toThrow(/lbfgs evaluates the loss by itself/);
    using mixed = sequential(5, [dense(3)], {
      loss: squaredError(),
      optimizer: lbfgs(),
      penalty: ([layer]) => add(scale(square(layer?.weights as never), 0.5), scale(square(layer?.weights as never), 0.5)),
    });
    expect(() => mixed.step(x, new Float32Array(rows * 3))).toThrow(/sums beside means or a penalty/);
    expect([...net.parameters]).toEqual(before);
  });
});
