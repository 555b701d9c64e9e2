/** What a population refuses, before anything changes. */
import { adam, crossEntropy, dataset, dense, input, lbfgs, network, sequential, sgd, stream } from 'neurite';
import { loadPopulation, type Population, population, savePopulation } from 'neurite/population';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const make = (seed = 1) => sequential(3, [dense(4, 'tanh'), dense(2, 'softmax')], { build: 'simd', seed, loss: crossEntropy(), optimizer: adam() });
const net = make();
const x = Float32Array.from({ length: 18 }, (_, i) => Math.sin(i));
const y = Uint32Array.from({ length: 6 }, (_, i) => i % 2);
const lists = (rows: number) => Array.from({ length: 5 }, () => ({ x: x.subarray(0, 3 * rows), y: y.subarray(0, rows) }));

describe('a population', () => {
  test.each([0, -1, 1.5, Number.NaN, '3', 2 ** 30])('of %s nets', (count) => {
    expect(() => population(net, count as number)).toThrow(/^population: count is .+, expected /);
  });

  test('with seeds of another number, or what are no seeds', () => {
    expect(() => population(net, 3, { seeds: [1, 2] })).toThrow('population: 2 seeds came for 3 nets, expected 3, one for each');
    expect(() => population(net, 2, { seeds: [1, -2] })).toThrow('population: seeds[1] is -2, expected a whole number from 0 to 4294967295');
    expect(() => population(net, 2, { seeds: 7 as never })).toThrow('population: seeds is 7, expected a list of 2');
    expect(() => population(net, 2, { seeed: 7 } as never)).toThrow('population: there is no option "seeed"');
  });

  test('of what is no network, or whose optimizer searches', () => {
    expect(() => population({} as never, 2)).toThrow('population: network is an object without fields');
    const searching = sequential(3, [dense(2, 'softmax')], { loss: crossEntropy(), optimizer: lbfgs() });
    expect(() => population(searching, 2)).toThrow('population: the optimizer is lbfgs, which searches by itself');
  });
});

describe('a call', () => {
  let herd: Population;
  let before: Float32Array[];
  const all = () => Array.from({ length: 5 }, (_, i) => herd.parameters(i));
  beforeAll(() => {
    herd = population(net, 5);
    before = all();
  });
  afterAll(() => {
    expect(all()).toEqual(before);
  });

  test('with rows of another width or number', () => {
    expect(() => herd.predict([1, 2])).toThrow('predict: x has 2 numbers, expected a multiple of 3');
    expect(() => herd.predictEach(x)).toThrow('predictEach: x has 6 rows for 5 nets, expected a multiple of 5');
    expect(() => herd.predict(x, new Float32Array(3))).toThrow('predict: out is a Float32Array of 3, expected a Float32Array of 60, 5 × 6 × 2');
    expect(() => herd.step(x, y.subarray(1))).toThrow('step: y has 5 numbers for 6 rows of x');
    expect(() => herd.stepEach(x, y)).toThrow('stepEach: x has 6 rows for 5 nets, expected a multiple of 5');
    expect(() => herd.step([1, Number.NaN, 3], [1])).toThrow('step: x[row 0, feature 1] is NaN, expected finite numbers');
  });

  test('with learning rates of another number', async () => {
    expect(() => herd.step(x, y, { learningRate: [1, 2] })).toThrow('step: learningRate has 2 entries for 5 nets, expected 5');
    expect(() => herd.step(x, y, { learningRate: [1, 2, 3, 4, -5] })).toThrow('step: learningRate[4] is -5, expected a finite number ≥ 0');
    expect(() => herd.step(x, y, { learningRate: () => 1 })).toThrow('step: learningRate is a schedule');
    await expect(herd.fit({ x, y }, { learningRate: [1] })).rejects.toThrow('fit: learningRate has 1 entries for 5 nets');
  });

  test('with data for another number of nets, or that it cannot take', async () => {
    await expect(herd.fit(lists(6).slice(1))).rejects.toThrow('fit: 4 data sets came for 5 nets, expected 5, one for each, or one for all');
    expect(() => herd.evaluate([])).toThrow('evaluate: 0 data sets came for 5 nets');
    const mixed = [...lists(6).slice(1), { x, y: Float32Array.from({ length: 12 }, () => 0.5) }];
    await expect(herd.fit(mixed)).rejects.toThrow('fit: data[4] has targets as values and data[0] as ids, expected the same');
    await expect(herd.fit([...lists(6).slice(1), { x } as never])).rejects.toThrow('fit: data[4]: got');
    const rows = async function* () {
      yield { x: [1, 2, 3], y: 1 };
    };
    await expect(herd.fit(stream(rows) as never)).rejects.toThrow('fit: the data are a stream');
    await expect(herd.fit(dataset({ x, y, budget: 8 }))).rejects.toThrow('larger than their budget of 8 bytes');
    await expect(herd.fit({ x, y }, { epochs: 0 })).rejects.toThrow('fit: epochs is 0, expected a whole number > 0');
    await expect(herd.fit({ x, y }, { accumulationSteps: 2 } as never)).rejects.toThrow('fit: there is no option "accumulationSteps"');
    await expect(herd.fit({ x, y }, { validationSplit: 0.01 })).rejects.toThrow('fit: a validationSplit of 0.01 holds back 0 of 6 rows');
    await expect(herd.fit({ x, y }, { validationSplit: 1 })).rejects.toThrow('fit: validationSplit is 1, expected a number between 0 and 1');
    await expect(herd.fit({ x, y }, { validationData: lists(6).slice(1) })).rejects.toThrow('fit: validationData: 4 data sets came for 5 nets');
    await expect(herd.fit({ x, y }, { validationData: stream(rows) as never })).rejects.toThrow('fit: validationData: the data are a stream');
    await expect(herd.fit({ x, y }, { earlyStopping: { patience: 0 } })).rejects.toThrow('fit: earlyStopping.patience is 0');
    await expect(herd.fit({ x, y }, { earlyStopping: { patience: 1, monitor: 'f1' } })).rejects.toThrow('fit: earlyStopping.monitor is "f1"');
    await expect(herd.fit({ x, y }, { metrics: 'f1' as never })).rejects.toThrow('fit: metrics is "f1", expected a list');
    await expect(herd.fit({ x, y }, { initialEpoch: 1 })).rejects.toThrow('fit: initialEpoch is 1, expected a whole number below epochs, 1');
    expect(() => herd.evaluate({ x, y }, { threshold: 0.5 } as never)).toThrow('evaluate: threshold came for an output of classes');
  });

  test('with a net that there is not, or other parameters', () => {
    expect(() => herd.parameters(5)).toThrow('parameters: net is 5, expected a whole number from 0 to 4');
    expect(() => herd.network(-1)).toThrow('network: net is -1');
    expect(() => herd.setParameters(0, [1])).toThrow(`setParameters: parameters has 1 number, expected ${herd.parameterCount}`);
    const odd = new Float32Array(herd.parameterCount).fill(Number.NaN, 3);
    expect(() => herd.setParameters(0, odd)).toThrow('setParameters: parameters[3] is NaN, expected a finite number');
    expect(() => herd.setNetwork(0, sequential(3, [dense(2)]))).toThrow(
      'setNetwork: the network has dense1.weights 2 × 3, dense1.biases 2, expected',
    );
    expect(() => herd.crossover(0, 1, 9)).toThrow('crossover: b is 9');
    expect(() => herd.crossover(0, 1, 2, { rate: 2 })).toThrow('crossover: rate is 2, expected a number from 0 to 1');
    expect(() => herd.mutate({ nets: [0, 7] })).toThrow('mutate: net is 7');
    expect(() => herd.mutate({ deviation: Number.POSITIVE_INFINITY })).toThrow('mutate: deviation is Infinity');
    expect(() => herd.copy(0, 5)).toThrow('copy: to is 5');
  });
});

test('without loss or optimizer', async () => {
  const bare = population(sequential(3, [dense(2)]), 2);
  await expect(bare.fit({ x, y })).rejects.toThrow('fit: the population has no loss; make it of a network with { loss }');
  expect(() => bare.evaluate({ x, y })).toThrow('evaluate: the population has no loss');
  expect(bare.predict(x.subarray(0, 3))).toHaveLength(4);
});

test('during a fit, and once disposed', async () => {
  const herd = population(make(), 2);
  let error: unknown;
  await herd.fit(
    { x, y },
    {
      onEpoch: () => {
        expect(herd.predict(x)).toHaveLength(24);
        try {
          herd.mutate();
        } catch (caught) {
          error = caught;
        }
        return false;
      },
    },
  );
  expect(String(error)).toContain('mutate');
  herd.dispose();
  herd.dispose();
  expect(() => herd.predict(x)).toThrow('predict');
  expect(() => herd.parameters(0)).toThrow(/disposed|freed|gave/);
});

test('abort rejects with the reason, and the parameters stay valid', async () => {
  const herd = population(make(), 3);
  const controller = new AbortController();
  const fit = herd.fit(
    { x, y },
    { epochs: 1000, signal: controller.signal, onEpoch: ({ epoch }) => void (epoch === 3 && controller.abort('enough')) },
  );
  await expect(fit).rejects.toBe('enough');
  expect(herd.parameters(2).every(Number.isFinite)).toBe(true);
  expect(herd.step(x, y)).toHaveLength(3);
});

describe('nets by themselves', () => {
  test('a net as a network trains on as the net does, and comes back', async () => {
    const herd = population(make(), 5);
    await herd.fit({ x, y }, { epochs: 2, batchSize: 4 });
    const third = herd.network(3);
    expect(third.seed).toBe(4);
    await third.fit({ x, y }, { epochs: 2, batchSize: 4 });
    const other = population(make(), 5);
    await other.fit({ x, y }, { epochs: 2, batchSize: 4 });
    await herd.fit({ x, y }, { epochs: 2, batchSize: 4 });
    expect(herd.parameters(3)).toEqual(Float32Array.from(third.parameters));
    other.setNetwork(0, third);
    expect(other.parameters(0)).toEqual(herd.parameters(3));
    expect(other.step(x, y)[0]).toBe(herd.step(x, y)[3]);
    expect(other.parameters(0)).toEqual(herd.parameters(3));
  });

  test('a copy, a reset, parameters', () => {
    const herd = population(make(), 3);
    const first = herd.parameters(0);
    herd.copy(0, 2);
    expect(herd.parameters(2)).toEqual(first);
    herd.setParameters(1, first);
    expect(herd.parameters(1)).toEqual(first);
    herd.step(x, y);
    expect(herd.parameters(1)).toEqual(herd.parameters(0));
    herd.reset();
    expect(herd.parameters(1)).toEqual(population(make(), 3).parameters(1));
  });

  test('what is drawn follows from the seed alone', () => {
    const [a, b, c] = [population(make(), 4), population(make(), 4), population(make(), 4, { seed: 5 })];
    for (const herd of [a, b, c]) {
      herd.mutate({ nets: [1, 2], rate: 0.5, deviation: 0.25 });
      herd.crossover(3, 0, 1, { rate: 0.25 });
    }
    const untouched = population(make(), 4);
    for (const i of [1, 2, 3]) {
      expect(a.parameters(i)).toEqual(b.parameters(i));
      expect(a.parameters(i)).not.toEqual(c.parameters(i));
      expect(a.parameters(i)).not.toEqual(untouched.parameters(i));
    }
    expect(a.parameters(0)).toEqual(untouched.parameters(0));
    const child = a.parameters(3);
    const [mother, father] = [a.parameters(0), a.parameters(1)];
    expect(child.every((value, i) => value === mother[i] || value === father[i])).toBe(true);
    const changed = a.parameters(1).filter((value, i) => value !== untouched.parameters(1)[i]).length / a.parameterCount;
    expect(changed).toBeGreaterThan(0.2);
    expect(changed).toBeLessThan(0.8);
  });

  test('a mutation is as wide as it was asked, and as often', () => {
    const herd = population(sequential(40, [dense(100)], { build: 'simd' }), 2);
    const before = herd.parameters(0);
    herd.mutate({ rate: 0.3, deviation: 0.5 });
    const changes = Array.from(herd.parameters(0), (value, i) => value - (before[i] as number)).filter((change) => change !== 0);
    const n = herd.parameterCount;
    expect(Math.abs(changes.length / n - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / n));
    const deviation = Math.sqrt(changes.reduce((sum, change) => sum + change * change, 0) / changes.length);
    expect(Math.abs(deviation / 0.5 - 1)).toBeLessThan(5 / Math.sqrt(2 * changes.length));
    expect(Math.abs(changes.reduce((a, b) => a + b, 0) / changes.length)).toBeLessThan((5 * 0.5) / Math.sqrt(changes.length));
  });
});

describe('a file', () => {
  test('of the whole trains on with the same bits', async () => {
    const herd = population(make(), 5, { seeds: [9, 8, 7, 6, 5] });
    await herd.fit({ x, y }, { epochs: 2, batchSize: 4 });
    herd.mutate({ nets: 2 });
    const again = loadPopulation(savePopulation(herd), { build: 'simd' });
    expect(again.seeds).toEqual(herd.seeds);
    for (const one of [herd, again]) {
      await one.fit({ x, y }, { epochs: 2, batchSize: 4 });
      one.mutate({ nets: 1 });
    }
    for (let i = 0; i < 5; i++) expect(again.parameters(i)).toEqual(herd.parameters(i));
    expect(savePopulation(again)).toEqual(savePopulation(herd));
  });

  test('without an optimizer, and one that is damaged', () => {
    const herd = population(sequential(3, [dense(2)], { build: 'simd' }), 3);
    const bytes = savePopulation(herd);
    expect(loadPopulation(bytes).parameters(2)).toEqual(herd.parameters(2));
    expect(() => loadPopulation(bytes.subarray(0, 40))).toThrow(/loadPopulation|load:/);
    const text = new TextDecoder('latin1').decode(bytes);
    const at = text.indexOf('\\"count\\":3');
    const other = bytes.slice();
    other[at + '\\"count\\":'.length] = '4'.charCodeAt(0);
    expect(() => loadPopulation(other)).toThrow('loadPopulation: the population');
    expect(() => loadPopulation(new Uint8Array(8))).toThrow();
    expect(() => savePopulation({} as never)).toThrow('savePopulation: population is an object without fields, expected what population() gave');
  });
});

test('how it shows itself', () => {
  const herd = population(make(), 12);
  expect(String(herd)).toBe('Population of 12 × Network 3 → 4 tanh → 2 softmax, 26 parameters');
  expect(herd.optimizer?.name).toBe('adam');
  expect(herd.parameterNames).toEqual(['dense1.weights', 'dense1.biases', 'dense2.weights', 'dense2.biases']);
  expect(population(sequential(2, [dense(1)], { loss: undefined, optimizer: sgd() }), 1).optimizer?.name).toBe('sgd');
});

test('what nets say together', () => {
  for (const herd of [population(make(), 1), population(make(), 5)]) {
    const outputs = herd.predict(x);
    const { mean, deviation } = herd.ensemble(x);
    expect([mean.length, deviation.length]).toEqual([12, 12]);
    for (let i = 0; i < 12; i++) {
      const own = Array.from({ length: herd.count }, (_, net) => outputs[12 * net + i] as number);
      const average = own.reduce((a, b) => a + b, 0) / herd.count;
      const variance = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / herd.count;
      expect(Math.abs((mean[i] as number) - average)).toBeLessThan(2 ** -23);
      expect(Math.abs((deviation[i] as number) - Math.sqrt(variance))).toBeLessThan(2 ** -23);
    }
    herd.dispose();
    expect(() => herd.ensemble(x)).toThrow('ensemble: the population was disposed');
  }
  const a = input(3);
  const two = population(network({ inputs: a, outputs: [dense(1)(a), dense(2)(a)] }), 3);
  const { mean } = two.ensemble(x) as unknown as { mean: Float32Array[] };
  expect(mean.map(({ length }) => length)).toEqual([6, 12]);
});
