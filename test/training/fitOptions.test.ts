/** What `fit` does besides: metrics, monitors, rows held back, gradients of several batches, pauses and time slices. */
import {
  adam,
  adamW,
  binaryCrossEntropy,
  confusionMatrix,
  crossEntropy,
  dense,
  f1,
  input,
  type LayerGraph,
  layer,
  type Metric,
  mae,
  meanRows,
  meanSquaredError,
  type Node,
  NotFiniteError,
  network,
  PauseController,
  relu,
  rmse,
  scale,
  sequential,
  sgd,
  square,
  state,
  sum,
} from 'neurite';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 50;
const x = filled(rows * 4, numbers(1));
const ids = Uint8Array.from({ length: rows }, (_, i) => Math.floor(3 * Math.abs(Math.sin(7 * i + 1))));
const y = filled(rows * 2, numbers(2));

const classifier = (options = {}) =>
  sequential(4, [dense(6, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 4, ...options });
const regression = (options = {}) =>
  sequential(4, [dense(6, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 4, ...options });

describe('metrics', () => {
  test('are those of evaluate after each epoch, typed by their names', async () => {
    const net = classifier();
    const found: unknown[] = [];
    const validationData = { x: x.slice(0, 80), y: ids.slice(0, 20) };
    const history = await net.fit(
      { x, y: ids },
      {
        epochs: 3,
        validationData,
        metrics: [f1, confusionMatrix],
        onEpoch: ({ validation }) => {
          expectTypeOf(validation?.f1.macro).toEqualTypeOf<number | undefined>();
        },
      },
    );
    for (const { validation } of history.epochs) found.push(validation);
    const again = classifier();
    for (let epoch = 0; epoch < 3; epoch++) {
      await again.fit({ x, y: ids });
      expect(found[epoch]).toEqual(again.evaluate(validationData, { metrics: [f1, confusionMatrix] }));
    }
    expectTypeOf(history.epochs[0]?.validation?.confusionMatrix).toEqualTypeOf<readonly (readonly number[])[] | undefined>();
  });

  test('are of the training data where there is no other', async () => {
    const net = regression();
    const { epochs } = await net.fit({ x, y }, { metrics: [mae, rmse] });
    expect(epochs[0]?.training).toEqual(net.evaluate({ x, y }, { metrics: [mae, rmse] }));
    expect(epochs[0]?.validation).toBeUndefined();
  });

  test('that are none are refused', async () => {
    const named = (name: string) => ({ ...mae, name });
    for (const taken of ['loss', 'losses'])
      await expect(regression().fit({ x, y }, { metrics: [named('a'), named(taken)] })).rejects.toThrow(
        `fit: metrics[1] is named '${taken}', which another value has`,
      );
    expect(() => regression().evaluate({ x, y }, { metrics: [mae, named('mae')] })).toThrow("evaluate: metrics[1] is named 'mae', which another");
    await expect(regression().fit({ x, y }, { metrics: ['mae'] as never })).rejects.toThrow('fit: metrics[0] is "mae", expected a metric');
  });
});

describe('a monitor', () => {
  /** A metric with a value for each of the epochs, the one before the first included. */
  const scripted = (values: number[], mode?: 'min' | 'max'): Metric<'scripted', number> => {
    let at = 0;
    return { name: 'scripted', ...(mode && { mode }), begin: () => ({ add() {}, value: () => values[at++] as number }) };
  };
  const bestOf = async (metric: Metric, earlyStopping: object) =>
    (await regression().fit({ x, y }, { epochs: 4, metrics: [metric], earlyStopping: { patience: 9, ...earlyStopping } })).best?.epoch;

  test('of a metric takes the direction that the metric says, or the option', async () => {
    const values = [5, 9, 1, 7, 3];
    expect(await bestOf(scripted(values), { monitor: 'scripted' })).toBe(1);
    expect(await bestOf(scripted(values, 'max'), { monitor: 'scripted' })).toBe(1);
    expect(await bestOf(scripted(values, 'min'), { monitor: 'scripted' })).toBe(2);
    expect(await bestOf(scripted(values, 'min'), { monitor: 'scripted', mode: 'max' })).toBe(1);
    expect(await bestOf(scripted(values), { monitor: () => values.shift() as number, mode: 'max' })).toBe(1);
  });

  test('of a metric per class is of its average', async () => {
    const net = classifier();
    const history = await net.fit({ x, y: ids }, { epochs: 6, metrics: [f1], earlyStopping: { patience: 6, monitor: 'f1' } });
    const best = Math.max(...history.epochs.map(({ training }) => training?.f1.macro as number));
    expect(history.best?.training?.f1.macro).toBe(best);
    expect(net.evaluate({ x, y: ids }, { metrics: [f1] }).f1.macro).toBe(best);
  });

  test.each<[object, string]>([
    [
      { monitor: 'scriptd' },
      "earlyStopping.monitor is \"scriptd\", expected 'loss', 'scripted', a metric of { metrics }, or a function; did you mean 'scripted'?",
    ],
    [{ monitor: 'val_loss' }, "earlyStopping.monitor is \"val_loss\", expected 'loss', 'scripted', a metric of { metrics }, or a function"],
    [{ monitor: 5 }, 'earlyStopping.monitor is 5, expected'],
    [{ monitor: 'accuracy' }, "earlyStopping.monitor is 'accuracy', but the loss has no decisions; expected 'loss' or a function"],
    [{ mode: 'auto' }, "earlyStopping.mode is \"auto\", expected 'min' or 'max'"],
  ])('%j is refused', async (earlyStopping, message) => {
    await expect(bestOf(scripted([1]), earlyStopping)).rejects.toThrow(`fit: ${message}`);
  });

  test('whose metric is no number is refused, and the parameters are those before', async () => {
    const net = classifier();
    const before = bitsOf(net.parameters);
    const options = { metrics: [confusionMatrix], earlyStopping: { patience: 1, monitor: 'confusionMatrix' } };
    await expect(net.fit({ x, y: ids }, options)).rejects.toThrow("fit: earlyStopping.monitor is 'confusionMatrix', whose value is");
    expect(bitsOf(net.parameters)).toEqual(before);
  });
});

describe('validationSplit', () => {
  test('holds back the last rows, as if they were validation data', async () => {
    for (const budget of [undefined, 0]) {
      const [net, other] = [classifier(), classifier()];
      const given = budget === undefined ? {} : { budget };
      const split = await net.fit({ x, y: ids, ...given }, { epochs: 2, batchSize: 8, validationSplit: 0.3 });
      const parts = await other.fit(
        { x: x.slice(0, 35 * 4), y: ids.slice(0, 35), ...given },
        { epochs: 2, batchSize: 8, validationData: { x: x.slice(35 * 4), y: ids.slice(35) } },
      );
      expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
      expect(split.epochs.map(({ loss, validation }) => [loss, validation])).toEqual(parts.epochs.map(({ loss, validation }) => [loss, validation]));
    }
  });

  test.each<[object, string]>([
    [{ validationSplit: 0 }, 'validationSplit is 0, expected a number between 0 and 1'],
    [{ validationSplit: '0.2' }, 'validationSplit is "0.2", expected a number between 0 and 1'],
    [{ validationSplit: 0.999 }, 'a validationSplit of 0.999 holds back 50 of 50 rows, expected rows on both sides'],
    [{ validationSplit: 0.2, validationData: { x, y } }, 'validationData and validationSplit both came, expected one of them'],
  ])('%j is refused', async (options, message) => {
    const net = regression();
    await expect(net.fit({ x, y }, options)).rejects.toThrow(`fit: ${message}`);
  });
});

describe('the losses of several outputs', () => {
  const z = input(4);
  const hidden = dense(5, 'tanh')(z);
  const [a, b] = [dense(2)(hidden), dense(1, 'sigmoid')(hidden)];
  const make = (penalty = {}) =>
    network({
      inputs: z,
      outputs: [a, b],
      loss: [meanSquaredError(), { loss: binaryCrossEntropy(), weight: 0.5 }],
      optimizer: sgd(),
      seed: 1,
      ...penalty,
    });
  const labels = Float32Array.from({ length: rows }, (_, i) => i % 2);

  test('are reported one by one, and sum to the loss without penalties', async () => {
    const net = make();
    const single = (i: number) => net.gradient(x, [y, labels], { weight: [0, 1].map((k) => new Float32Array(rows).fill(Number(i === k))) });
    const { loss, losses } = net.evaluate({ x, y: [y, labels] });
    expect(losses).toHaveLength(2);
    for (const i of [0, 1]) expect(Math.abs((losses?.[i] as number) - single(i))).toBeLessThanOrEqual(50 * EPSILON * loss);
    const history = await net.fit({ x, y: [y, labels] }, { learningRate: 0, batchSize: 7, shuffle: false, validationSplit: 0.5 });
    const [end] = history.epochs;
    for (const found of [end, end?.validation])
      expect(Math.abs((found?.losses?.reduce((p, q) => p + q) as number) - (found?.loss as number))).toBeLessThanOrEqual(
        4 * EPSILON * (found?.loss as number),
      );
    expect(end?.losses?.[0]).not.toBe(end?.validation?.losses?.[0]);
  });

  test('are undefined where there is one', () => {
    expect(regression().evaluate({ x, y }).losses).toBeUndefined();
  });
});

describe('accumulationSteps', () => {
  /** A batch norm by hand: what a step leaves in the state depends on the rows of each part. */
  const running = layer('running', (node) => {
    const mean = state(1, { name: 'mean' });
    return { output: relu(node), parameters: { mean }, updates: [{ state: mean, next: () => meanRows(sum(node)) }] };
  });

  test.each([
    ['plain descent', sgd({ learningRate: 0.1 })],
    ['momentum with clipping', sgd({ learningRate: 0.1, momentum: 0.9, clipNorm: 0.1 })],
    ['adam', adam({ learningRate: 0.01 })],
    ['adamW', adamW({ learningRate: 0.01 })],
  ])('make the update of one large batch: %s', async (_, optimizer) => {
    const trained = async (options: object) => {
      const net = regression({ optimizer, penalty: ([first]: readonly LayerGraph[]) => scale(square(first?.weights as Node), 1e-3) });
      const history = await net.fit({ x, y }, { epochs: 3, ...options });
      return { net, history };
    };
    const whole = await trained({ batchSize: 24 });
    const parts = await trained({ batchSize: 8, accumulationSteps: 3 });
    expect(parts.history.epochs.map(({ steps }) => steps)).toEqual([3, 3, 3]);
    const size = Math.max(...whole.net.parameters.map(Math.abs));
    whole.net.parameters.forEach((v, i) => expect(Math.abs(v - (parts.net.parameters[i] as number))).toBeLessThanOrEqual(1e4 * EPSILON * size));
    const uneven = await trained({ batchSize: 7, accumulationSteps: 3 });
    expect(uneven.history.epochs[0]?.steps).toBe(3);
  });
  test('sum where the reduction is a sum, and weights hold', async () => {
    const weight = filled(rows, numbers(5, 0, 2));
    const trained = async (options: object) => {
      const net = classifier({ loss: crossEntropy({ reduction: 'sum' }), optimizer: sgd({ learningRate: 0.01 }) });
      await net.fit({ x, y: ids, weight }, options);
      return net.parameters;
    };
    const whole = await trained({ batchSize: 25 });
    const parts = await trained({ batchSize: 5, accumulationSteps: 5 });
    whole.forEach((v, i) => expect(Math.abs(v - (parts[i] as number))).toBeLessThanOrEqual(1e3 * EPSILON));
  });

  test('leave states as they were where an update fails', async () => {
    const net = sequential(4, [running, dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e38 }), seed: 1 });
    const before = bitsOf(net.parameter('running1.mean').values);
    const huge = { x: x.map((v) => v * 1e10), y: new Float32Array(rows).fill(1e10) };
    await expect(net.fit(huge, { batchSize: 5, accumulationSteps: 2 })).rejects.toThrow(NotFiniteError);
    expect(bitsOf(net.parameter('running1.mean').values)).toEqual(before);
  });

  test('that are no number are refused', async () => {
    await expect(regression().fit({ x, y }, { accumulationSteps: 0 })).rejects.toThrow('fit: accumulationSteps is 0, expected a whole number > 0');
  });
});

describe('applyGradients', () => {
  test.each([
    ['plain descent', sgd({ learningRate: 0.1 })],
    ['L2 and clipping', sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, clipNorm: 0.01 })],
    ['adam', adam()],
    ['adamW', adamW({ learningRate: 0.01 })],
  ])('does with the last gradient what a step does: %s', (_, optimizer) => {
    const [net, other] = [regression({ optimizer }), regression({ optimizer })];
    for (let step = 0; step < 3; step++) {
      net.gradient(x, y);
      net.applyGradients();
      other.step(x, y);
    }
    const size = Math.max(...other.parameters.map(Math.abs));
    other.parameters.forEach((v, i) => expect(Math.abs(v - (net.parameters[i] as number))).toBeLessThanOrEqual(20 * EPSILON * size));
  });

  test('takes gradients that the caller changed in place, or passes', () => {
    const [net, other] = [regression(), regression()];
    net.gradient(x, y);
    const g = net.gradients.slice();
    net.gradients.forEach((v, i) => {
      net.gradients[i] = 2 * v;
    });
    net.applyGradients();
    other.applyGradients(
      Array.from(g, (v) => 2 * v),
      { learningRate: 0.1 },
    );
    expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
    expect(bitsOf(other.gradients)).toEqual(bitsOf(g.map((v) => 2 * v)));
  });

  test('refuses what is none, and changes nothing', () => {
    const net = regression();
    net.gradient(x, y);
    const before = [bitsOf(net.parameters), bitsOf(net.gradients)];
    const n = net.parameterCount;
    expect(() => net.applyGradients([1, 2])).toThrow(`applyGradients: gradients has 2 numbers, expected ${n}, one for each parameter`);
    expect(() => net.applyGradients(5 as never)).toThrow(`applyGradients: gradients is 5, expected ${n} numbers, one for each parameter`);
    expect(() => net.applyGradients(new Float64Array(n).fill(1e39))).toThrow('applyGradients: gradients[0] is Infinity, expected finite numbers');
    expect(() => net.applyGradients(new Float32Array(n), { learningRate: -1 })).toThrow('applyGradients: learningRate is -1');
    expect([bitsOf(net.parameters), bitsOf(net.gradients)]).toEqual(before);
    expect(() => net.applyGradients(new Float32Array(n).fill(3e38), { learningRate: 1e5 })).toThrow(NotFiniteError);
    expect(bitsOf(net.parameters)).toEqual(before[0]);
    expect(() => sequential(4, [dense(1)], { loss: meanSquaredError() }).applyGradients()).toThrow('applyGradients: the network has no optimizer');
  });
});

describe('pause', () => {
  test('holds a training until it is resumed, to the same bits', async () => {
    const [net, other] = [classifier(), classifier()];
    const pause = new PauseController();
    const options = { epochs: 4, batchSize: 5 };
    let epochs = 0;
    pause.pause();
    const running = net.fit(
      { x, y: ids },
      {
        ...options,
        pause,
        onEpoch: ({ epoch }) => {
          epochs = epoch;
          if (epoch === 2) pause.pause();
        },
      },
    );
    const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
    await turn();
    expect([pause.paused, epochs]).toEqual([true, 0]);
    pause.resume();
    await turn();
    expect(epochs).toBe(2);
    const held = bitsOf(net.parameters);
    await turn();
    expect(bitsOf(net.parameters)).toEqual(held);
    pause.resume();
    await running;
    await other.fit({ x, y: ids }, options);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
  });

  test('ends with an abort', async () => {
    const pause = new PauseController();
    pause.pause();
    const abort = new AbortController();
    const running = regression().fit({ x, y }, { pause, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 5);
    await expect(running).rejects.toThrow('enough');
    await expect(pause.paused ? 'still paused' : '').toBe('still paused');
  });

  test('that is none is refused', async () => {
    await expect(regression().fit({ x, y }, { pause: true as never })).rejects.toThrow('fit: pause is true, expected a PauseController');
  });
});

describe('budgetMs', () => {
  test('is how long a slice takes', async () => {
    const net = sequential(64, [dense(64, 'relu'), dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e-3 }) });
    const data = { x: filled(4000 * 64, numbers(1)), y: filled(4000, numbers(2)) };
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const { epochs } = await net.fit(data, { epochs: 3, budgetMs: 1 });
    clearInterval(count);
    // How long is not for a test to say: that others had their turns is.
    expect(turns).toBeGreaterThan(3);
    expect(epochs[2]?.longestBlock).toBeGreaterThan(0);
  });

  test.each([0, -1, Number.NaN, '8'])('%j is refused', async (budgetMs) => {
    await expect(regression().fit({ x, y }, { budgetMs: budgetMs as number })).rejects.toThrow('fit: budgetMs is');
  });
});
