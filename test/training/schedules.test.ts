/** Schedules against their formulas, and as a fit uses them. */
import {
  cosine,
  dense,
  type EpochEnd,
  exponentialDecay,
  type Metric,
  meanSquaredError,
  oneCycle,
  reduceOnPlateau,
  type Schedule,
  sequential,
  sgd,
  stepDecay,
  stream,
  ValueError,
  warmup,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import * as table from '../../src/training/schedules/table.generated.js';
import { expectExport, expectInReadme, expectRows } from '../rows.js';
import { schedules } from '../vocabulary.js';

test('each schedule has a row, its export and its place in the README', () => {
  expectRows(
    'schedules',
    schedules.map(({ name }) => name),
    Object.keys(table),
  );
  for (const { name, variants } of schedules) {
    expectExport(name, 'its file in src/training/schedules exports a function of that name, which gives what `made` makes');
    expectInReadme(name, 'schedules', '[` ]');
    for (const [, make] of variants) expect(make()(1, 0, 5)).toBeGreaterThan(0);
  }
});

test('exponentialDecay: a factor less after each epoch', () => {
  const schedule = exponentialDecay(0.5, { factor: 0.25 });
  expect([1, 2, 3].map((epoch) => schedule(epoch, 3, 4))).toEqual([0.5, 0.125, 0.03125]);
});

test('oneCycle rises to its rate, falls to a small one, and stays there', () => {
  const schedule = oneCycle(1, { epochs: 2, pctStart: 0.25, divFactor: 4, finalDivFactor: 10, anneal: 'linear' });
  // 20 steps: up to number 4, down to number 19.
  const rates = Array.from({ length: 24 }, (_, i) => schedule(1 + Math.floor(i / 10), i % 10, 10));
  expect(rates.slice(0, 5)).toEqual([0.25, 0.4375, 0.625, 0.8125, 1]);
  rates.slice(4, 20).forEach((rate, i) => expect(rate).toBeCloseTo(1 - (0.975 * i) / 15, 14));
  expect(rates.slice(19)).toEqual([0.025, 0.025, 0.025, 0.025, 0.025]);
  // By half cosines it has the same ends; without a rise it begins at the top.
  const smooth = oneCycle(1, { epochs: 2, pctStart: 0.25, divFactor: 4, finalDivFactor: 10 });
  expect([0, 4].map((step) => smooth(1, step, 10))).toEqual([0.25, 1]);
  expect(smooth(2, 9, 10)).toBe(0.025);
  expect(oneCycle(1, { epochs: 1, pctStart: 0.1 })(1, 0, 10)).toBe(1);
  expect(oneCycle(1, { epochs: 1 })(1, 0, 1)).toBeGreaterThan(0);
});

/** The end of an epoch of such a validation loss. */
const ended = (loss: number) => ({ validation: { loss, accuracy: 1 - loss }, loss: 0 }) as unknown as EpochEnd;

describe('reduceOnPlateau', () => {
  /** The rate after each of these losses. */
  const after = (schedule: ReturnType<typeof reduceOnPlateau>, losses: readonly number[]) =>
    losses.map((loss) => {
      schedule.observe(ended(loss));
      return schedule(1, 0, 1);
    });

  test('waits patience epochs more, then cools down', () => {
    const schedule = reduceOnPlateau(1, { factor: 0.5, patience: 1, cooldown: 2 });
    expect(after(schedule, [3, 2, 2, 2, 2, 2, 2, 2])).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
  });

  test('takes only what is better by minDelta for better, and NaN never', () => {
    expect(after(reduceOnPlateau(1, { factor: 0.5, patience: 0, minDelta: 0.1 }), [10, 9.1, 8.9])).toEqual([1, 0.5, 0.5]);
    expect(after(reduceOnPlateau(1, { factor: 0.5, patience: 0, minDelta: 1, relative: false }), [10, 9.1, 8.9])).toEqual([1, 0.5, 0.5]);
    expect(after(reduceOnPlateau(1, { factor: 0.5, patience: 0 }), [1, Number.NaN, 0.5])).toEqual([1, 0.5, 0.5]);
  });

  test('never goes below minLearningRate, nor by less than 1e-8', () => {
    expect(after(reduceOnPlateau(1, { patience: 0, minLearningRate: 0.05 }), [1, 1, 1, 1])).toEqual([1, 0.1, 0.05, 0.05]);
    expect(after(reduceOnPlateau(5e-9, { patience: 0 }), [1, 1, 1])).toEqual([5e-9, 5e-9, 5e-9]);
  });

  test('watches the accuracy upwards, or what a function says', () => {
    expect(after(reduceOnPlateau(1, { patience: 0, monitor: 'accuracy' }), [0.5, 0.4, 0.6])).toEqual([1, 1, 0.1]);
    const own = reduceOnPlateau(1, { patience: 0, mode: 'max', monitor: ({ validation }) => validation?.loss ?? 0 });
    expect(after(own, [0.5, 0.6, 0.4])).toEqual([1, 1, 0.1]);
    expect(() => reduceOnPlateau(1, { monitor: 'auc' }).observe(ended(1))).toThrow(
      "learningRate.monitor is 'auc', whose value is undefined, expected a number",
    );
    expect(() => reduceOnPlateau(1, { monitor: (() => 'x') as never }).observe(ended(1))).toThrow('monitor gave "x", expected a number');
  });

  test('its state can be read, kept as JSON says it, and restored: another goes on as this one', () => {
    const losses = [3, 2, 2.5, 2.5, 2.4, 1, 1.5, 1.4, 1.3, 1.2, 1.1];
    const options = { factor: 0.5, patience: 1, cooldown: 1 };
    const whole = after(reduceOnPlateau(1, options), losses);
    for (let at = 1; at < losses.length; at++) {
      const first = reduceOnPlateau(1, options);
      const before = after(first, losses.slice(0, at));
      const next = reduceOnPlateau(1, options);
      next.restore(JSON.parse(JSON.stringify(first.state())));
      expect([...before, ...after(next, losses.slice(at))]).toEqual(whole);
    }
    const fresh = reduceOnPlateau(1);
    const state = fresh.state();
    expect(state).toEqual({ learningRate: 1, best: Number.POSITIVE_INFINITY, badEpochs: 0, cooldownLeft: 0 });
    for (const wrong of [{ ...state, best: Number.NaN }, { ...state, badEpochs: 0.5 }, { ...state, learningRate: -1 }, { best: 1 }, 5, null])
      expect(() => fresh.restore(wrong as never)).toThrow(ValueError);
    expect(fresh.state()).toEqual(state);
  });

  test('warms up to it and follows on', () => {
    const schedule = warmup(1, reduceOnPlateau(1, { patience: 0, factor: 0.5 }));
    expect(schedule(1, 0, 2)).toBe(0.5);
    for (const loss of [1, 1]) schedule.observe?.(ended(loss));
    expect(schedule(2, 0, 2)).toBe(0.5);
    expect(schedule.state?.().learningRate).toBe(0.5);
    expect('state' in cosine(1, { epochs: 1 })).toBe(false);
  });
});

test('stepDecay: a factor less every so many epochs', () => {
  const schedule = stepDecay(0.5, { every: 2, factor: 0.25 });
  expect([1, 2, 3, 4, 5, 6, 7].map((epoch) => schedule(epoch, 0, 1))).toEqual([0.5, 0.5, 0.125, 0.125, 0.03125, 0.03125, 0.0078125]);
  expect(stepDecay(1, { every: 1 })(3, 0, 1)).toBe(0.1 * 0.1);
});

describe('cosine', () => {
  test('is ½(1 + cos πt) to a few roundings, and exact at its ends and its middle', () => {
    const steps = 1000;
    const schedule = cosine(1, { epochs: 1 });
    for (let step = 0; step <= steps; step++) {
      const expected = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
      // A few roundings of values up to 1, in ours and in the formula above.
      expect(Math.abs(schedule(1, step, steps) - expected)).toBeLessThan(8 * 2 ** -53);
    }
    expect(schedule(1, 0, steps)).toBe(1);
    expect(schedule(2, 0, steps)).toBe(0);
    expect(schedule(1, 500, steps)).toBeCloseTo(0.5, 15);
  });

  test('falls from rate to final over its epochs, step by step, and stays there', () => {
    const schedule = cosine(0.1, { epochs: 4, final: 0.02 });
    expect(schedule(1, 0, 10)).toBe(0.1);
    const rates = Array.from({ length: 50 }, (_, i) => schedule(1 + Math.floor(i / 10), i % 10, 10));
    rates.slice(1, 41).forEach((rate, i) => expect(rate).toBeLessThan(rates[i] as number));
    rates.slice(40).forEach((rate) => expect(rate).toBeCloseTo(0.02, 16));
  });
});

test('warmup rises in equal steps to the rate or schedule it leads to', () => {
  const flat = warmup(2, 0.8);
  expect([0, 1, 2, 3, 4, 7].map((i) => flat(1 + Math.floor(i / 4), i % 4, 4))).toEqual([0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.8]);
  expect(flat(3, 0, 4)).toBe(0.8);
  const then = cosine(1, { epochs: 10 });
  expect(warmup(1, then)(4, 2, 4)).toBe(then(4, 2, 4));
  expect(warmup(0.5, 1)(1, 0, 4)).toBe(0.5);
  expect(warmup(0, 1)(1, 0, 4)).toBe(1);
});

test('a fit asks for each step by epoch, step and number of steps, and takes that rate', async () => {
  const net = sequential(1, [dense(1, 'identity', { bias: false })], { loss: meanSquaredError(), optimizer: sgd(), reproducible: true });
  const asked: number[][] = [];
  const x = Float32Array.from({ length: 10 }, (_, i) => i / 8);
  const learningRate = (epoch: number, step: number, steps: number) => {
    asked.push([epoch, step, steps]);
    return epoch === 1 ? 0 : 2 ** -step;
  };
  const before = net.parameters[0] as number;
  await net.fit({ x, y: x }, { epochs: 1, batchSize: 4, learningRate, shuffle: false });
  expect(net.parameters[0]).toBe(before);
  expect(asked).toEqual([0, 1, 2].map((step) => [1, step, 3]));

  // By hand: w ← w − rate·mean 2(wx − x)x, in doubles, whose roundings are far below those of floats.
  await net.fit({ x, y: x }, { epochs: 2, batchSize: 4, learningRate, shuffle: false });
  let w = before;
  for (const step of [0, 1, 2]) {
    const batch = Array.from(x.slice(4 * step, 4 * step + 4));
    w -= (2 ** -step * batch.reduce((sum, v) => sum + 2 * (w * v - v) * v, 0)) / batch.length;
  }
  expect(net.parameters[0]).toBeCloseTo(w, 5);
});

describe('fit', () => {
  const x = Float32Array.from({ length: 10 }, (_, i) => i / 8);
  const made = () => sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), reproducible: true });

  test('initialEpoch: schedules and reports go on, and two fits are one, bit for bit', async () => {
    const learningRate = cosine(0.5, { epochs: 5 });
    const [whole, parts] = [made(), made()];
    const all = await whole.fit({ x, y: x }, { epochs: 5, batchSize: 4, learningRate });
    const first = await parts.fit({ x, y: x }, { epochs: 2, batchSize: 4, learningRate });
    const second = await parts.fit({ x, y: x }, { initialEpoch: 2, epochs: 5, batchSize: 4, learningRate });
    expect([...first.epochs, ...second.epochs].map(({ epoch, loss }) => [epoch, loss])).toEqual(all.epochs.map(({ epoch, loss }) => [epoch, loss]));
    expect(second.epochs.map(({ epoch, epochs }) => [epoch, epochs])).toEqual([3, 4, 5].map((epoch) => [epoch, 5]));
    expect(second.epochs.at(-1)?.secondsLeft).toBe(0);
    expect(Array.from(parts.parameters)).toEqual(Array.from(whole.parameters));
    // The parameters before it are its candidate number `initialEpoch`.
    const stopped = await parts.fit({ x, y: x }, { initialEpoch: 5, epochs: 7, learningRate: 0, earlyStopping: { patience: 1 } });
    expect(stopped.best?.epoch).toBe(5);
  });

  test('a plateau ends where it is restored, in one fit or in several', async () => {
    const options = { patience: 0, factor: 0.5, minDelta: 0.5 };
    const rates = (schedule: Schedule, into: number[]): Schedule =>
      Object.assign(
        (epoch: number, step: number, steps: number) => {
          const rate = schedule(epoch, step, steps);
          if (step === 0) into.push(rate);
          return rate;
        },
        { observe: schedule.observe },
      );
    const [whole, parts] = [made(), made()];
    const [ofWhole, ofParts]: [number[], number[]] = [[], []];
    const validationData = { x, y: x };
    await whole.fit({ x, y: x }, { epochs: 6, learningRate: rates(reduceOnPlateau(0.2, options), ofWhole), validationData });
    const first = reduceOnPlateau(0.2, options);
    await parts.fit({ x, y: x }, { epochs: 3, learningRate: rates(first, ofParts), validationData });
    const second = reduceOnPlateau(0.7, options);
    second.restore(first.state());
    await parts.fit({ x, y: x }, { initialEpoch: 3, epochs: 6, learningRate: rates(second, ofParts), validationData });
    expect(ofParts).toEqual(ofWhole);
    expect(new Set(ofWhole).size).toBeGreaterThan(1);
    expect(Array.from(parts.parameters)).toEqual(Array.from(whole.parameters));
  });

  test('an observer hears of each epoch before onEpoch; without validation data the training counts', async () => {
    const heard: (string | number)[] = [];
    const learningRate = Object.assign(() => 0.1, { observe: (end: EpochEnd) => void heard.push(end.epoch) });
    await made().fit({ x, y: x }, { epochs: 2, learningRate, onEpoch: ({ epoch }) => void heard.push(`epoch ${epoch}`) });
    expect(heard).toEqual([1, 'epoch 1', 2, 'epoch 2']);
    const schedule = reduceOnPlateau(0.1, { patience: 0, minDelta: 0.99 });
    const { epochs } = await made().fit({ x, y: x }, { epochs: 2, learningRate: schedule });
    expect(schedule.state()).toMatchObject({ best: epochs[0]?.loss, learningRate: expect.closeTo(0.01, 15) });
  });

  test.each<[string, object, string]>([
    ['an initialEpoch that is none', { initialEpoch: 0.5 }, 'fit: initialEpoch is 0.5, expected a whole number below epochs, 1'],
    ['epochs that are done already', { initialEpoch: 3, epochs: 3 }, 'fit: initialEpoch is 3, expected a whole number below epochs, 3'],
    [
      'a monitor that there is not',
      { learningRate: reduceOnPlateau(1, { monitor: 'accuracy' }) },
      "learningRate.monitor is 'accuracy', but the loss has no decisions",
    ],
    ['an observer that is none', { learningRate: Object.assign(() => 1, { observe: 5 }) }, 'learningRate.observe is 5, expected a function'],
    [
      'an observer that is asynchronous',
      { learningRate: Object.assign(() => 0, { observe: async () => {} }) },
      'learningRate.observe gave a promise',
    ],
  ])('%s is refused', async (_, options, message) => {
    const net = made();
    const before = Array.from(net.parameters);
    await expect(net.fit({ x, y: x }, options)).rejects.toThrow(message);
    expect(Array.from(net.parameters)).toEqual(before);
  });
});

test('steps that nobody knows are refused where a schedule counts them', async () => {
  const rows = () => Array.from({ length: 20 }, (_, i) => ({ x: [i / 20], y: [1] }));
  const fit = (learningRate: Schedule, known?: number) =>
    sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1 }).fit(
      known === undefined ? stream(rows) : stream(rows, { rows: known }),
      { epochs: 2, batchSize: 4, learningRate },
    );
  for (const [name, schedule] of [
    ['oneCycle', oneCycle(0.1, { epochs: 2 })],
    ['warmup', warmup(1, 0.1)],
  ] as const) {
    await expect(fit(schedule)).rejects.toThrow(`${name}: nobody knows the steps of an epoch of this stream, expected its rows`);
    await expect(fit(schedule, 20)).resolves.toBeDefined();
  }
  await expect(fit(warmup(0, cosine(0.1, { epochs: 2 })))).resolves.toBeDefined();
});

const one = () => sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 1 });
const few = { x: [0.1, 0.2, 0.3], y: [1, 2, 3] };

test('a plateau of a metric improves as the metric does, unless a mode says otherwise', async () => {
  const rising = { name: 'score', mode: 'max' as const, begin: () => ({ add() {}, value: () => score++ }) };
  const falling = { ...rising, mode: 'min' as const };
  let score = 0;
  const rateAfter = async (metric: Metric, mode?: 'min' | 'max') => {
    score = 0;
    const schedule = reduceOnPlateau(1, { monitor: 'score', patience: 0, ...(mode && { mode }) });
    await one().fit(few, { epochs: 3, metrics: [metric], learningRate: warmup(0, schedule) });
    return schedule.state().learningRate;
  };
  expect(await rateAfter(rising)).toBe(1);
  expect(await rateAfter(falling)).toBeCloseTo(0.01, 12);
  expect(await rateAfter(rising, 'min')).toBeCloseTo(0.01, 12);
  expect(await rateAfter(falling, 'max')).toBe(1);
});

test('a warm-up calls what it leads to as its own object', async () => {
  const then = Object.assign(() => 0.1, {
    seen: 0,
    observe() {
      this.seen++;
    },
  });
  await one().fit(few, { epochs: 2, learningRate: warmup(1, then) });
  expect(then.seen).toBe(2);
});

test.each<[string, () => unknown, string]>([
  ['a rate below 0', () => cosine(-1, { epochs: 1 }), 'cosine: rate is -1, expected a finite number ≥ 0'],
  ['no epochs', () => cosine(1, { epochs: 0 }), 'cosine: epochs is 0, expected a number > 0'],
  ['every 0 epochs', () => stepDecay(1, { every: 0 }), 'stepDecay: every is 0, expected a number of epochs ≥ 1'],
  ['a growing exponential without end', () => exponentialDecay(1, { factor: Number.POSITIVE_INFINITY }), 'exponentialDecay: factor is Infinity'],
  ['a cycle that rises only', () => oneCycle(1, { epochs: 1, pctStart: 1 }), 'oneCycle: pctStart is 1, expected a share of the steps in [0, 1)'],
  [
    'a cycle of another shape',
    () => oneCycle(1, { epochs: 1, anneal: 'cos' as never }),
    "oneCycle: anneal is \"cos\", expected 'cosine' or 'linear'",
  ],
  ['a plateau that raises', () => reduceOnPlateau(1, { factor: 1.5 }), 'reduceOnPlateau: factor is 1.5, expected a number in [0, 1)'],
  ['a patience of halves', () => reduceOnPlateau(1, { patience: 0.5 }), 'reduceOnPlateau: patience is 0.5, expected a whole number ≥ 0'],
  ['a share of all', () => reduceOnPlateau(1, { minDelta: 1 }), 'reduceOnPlateau: minDelta is 1, expected a share in [0, 1)'],
  ['a mode that is none', () => reduceOnPlateau(1, { mode: 'up' as never }), "reduceOnPlateau: mode is \"up\", expected 'min' or 'max'"],
  ['a monitor that is none', () => reduceOnPlateau(1, { monitor: 5 as never }), 'reduceOnPlateau: monitor is 5, expected a name'],
  ['a warm-up of NaN', () => warmup(Number.NaN, 1), 'warmup: epochs is NaN, expected a number of epochs ≥ 0'],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(message);
});
