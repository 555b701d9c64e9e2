/** Weights of rows and of elements, and what else a data set says of its targets. */
import {
  accuracy,
  adam,
  binaryCrossEntropy,
  crossEntropy,
  type DatasetLiteral,
  dataset,
  dense,
  div,
  input,
  log,
  meanSquaredError,
  type Network,
  network,
  ShapeError,
  sequential,
  sgd,
  square,
  sub,
  sum,
  trainValidationSplit,
  ValueError,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hessian, hvp, inputGradient, perSampleGradients } from 'neurite/derivatives';
import { trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../files/bits.js';
import { EPSILON, filled, numbers } from '../kernels/numbers.js';
import { losses } from '../vocabulary.js';

const rows = 9;
const outputs = 4;
const x = filled(rows * 4, numbers(1));
const weight = Float32Array.of(0, 1, 2, 0.5, 0, 3, 1, 0.25, 7);

/** A network under a loss of the vocabulary, with targets that the loss takes. */
function caseOf({ make, output, targets }: (typeof losses)[number]) {
  const net = sequential(4, [dense(5, 'tanh'), dense(outputs, output)], { loss: make(), optimizer: sgd(), seed: 2 });
  const draw = numbers(3, 0.05, 0.95);
  const y = Float32Array.from(Array.from({ length: rows }, () => targets(Array.from({ length: outputs }, draw))).flat());
  return { net: net as Network, y };
}

/** Σ wᵢ·gᵢ over the rows in float64, of a number or of a vector for each row; over the rows where the loss is a mean. */
function weighted(net: Network, each: ArrayLike<number>, weights: ArrayLike<number> = weight): Float64Array {
  const n = each.length / rows;
  const found = new Float64Array(n);
  for (let i = 0; i < each.length; i++) found[i % n] = (found[i % n] as number) + (weights[Math.floor(i / n)] as number) * (each[i] as number);
  return net.loss?.reduction === 'mean' ? found.map((v) => v / rows) : found;
}

/** Expects two vectors to be equal up to the rounding of so many operations, by the size of the largest element. */
function expectClose(found: ArrayLike<number>, expected: Float64Array): void {
  const size = Math.max(...expected.map(Math.abs));
  const error = Math.max(...Array.from(expected, (v, i) => Math.abs((found[i] as number) - v)));
  expect(error).toBeLessThanOrEqual(100 * EPSILON * size);
}

describe.each(losses.map((row) => [row.name, row] as const))('%s with a weight for each row', (_, row) => {
  const rowsOf = (values: Float32Array, i: number, width: number) => values.slice(i * width, (i + 1) * width);

  test('has the weighted sum of the rows as loss and gradient', () => {
    const { net, y } = caseOf(row);
    const lossOf = Array.from({ length: rows }, (_, i) => net.gradient(rowsOf(x, i, 4), rowsOf(y, i, y.length / rows)));
    const loss = net.gradient(x, y, { weight });
    const expected = lossOf.reduce((sum, v, i) => sum + v * (weight[i] as number), 0) / rows;
    expect(Math.abs(loss - expected)).toBeLessThanOrEqual(100 * EPSILON * Math.abs(expected));
    expectClose(net.gradients, weighted(net, perSampleGradients(net, x, y)));
    net.dispose();
  });

  test('has derivatives that agree with differences, of every order', () => {
    const { net, y } = caseOf(row);
    const check = checkGradients(net, x, y, { weight });
    expect(check.passed, String(check)).toBe(true);
    const v = filled(net.parameterCount, numbers(5));
    const h = hessian(net, x, y, { weight });
    const n = net.parameterCount;
    const product = Float64Array.from({ length: n }, (_, i) => v.reduce((sum, vj, j) => sum + (h[i * n + j] as number) * vj, 0));
    expectClose(hvp(net, x, y, v, { weight }), product);
    const traced = trace(net, x, y, { weight });
    expect(traced.loss).toBe(net.gradient(x, y, { weight }));
    expectClose(traced.layers[0]?.dw?.values as Float32Array, Float64Array.from(net.layers[0]?.weightGradients ?? []));
    net.dispose();
  });

  test('ignores the targets of rows of weight 0', () => {
    const { net, y } = caseOf(row);
    const masked = y.map((v, i) => (weight[Math.floor(i / (y.length / rows))] === 0 ? Number.NaN : v));
    const [loss, gradients] = [net.gradient(x, y, { weight }), net.gradients.slice()];
    expect(net.gradient(x, masked, { weight })).toBe(loss);
    expect(bitsOf(net.gradients)).toEqual(bitsOf(gradients));
    net.dispose();
  });

  test('counts weight 3 as three rows, times rows by their sum', () => {
    const { net, y } = caseOf(row);
    const thrice = Float32Array.of(1, 3, 1, 1, 1, 1, 1, 1, 1);
    const repeat = (values: Float32Array, width: number) =>
      Float32Array.from([
        ...values.slice(0, width),
        ...Array(3)
          .fill([...rowsOf(values, 1, width)])
          .flat(),
        ...values.slice(2 * width),
      ]);
    const more = net.gradient(repeat(x, 4), repeat(y, y.length / rows));
    const loss = net.gradient(x, y, { weight: thrice });
    expect(Math.abs(loss - (more * (rows + 2)) / rows)).toBeLessThanOrEqual(100 * EPSILON * loss);
    net.dispose();
  });

  test('trains to the same bits by fit as by steps, uploaded or in chunks', async () => {
    const trained = async (train: (net: Network, y: Float32Array) => unknown) => {
      const { net, y } = caseOf(row);
      net.configure({ optimizer: adam() });
      await train(net, y);
      const bits = bitsOf(net.parameters);
      net.dispose();
      return bits;
    };
    const stepped = await trained((net, y) => {
      for (let from = 0; from < rows; from += 4) {
        const part = (values: Float32Array, width: number) => values.slice(from * width, (from + 4) * width);
        net.step(part(x, 4), part(y, y.length / rows), { weight: part(weight, 1) });
      }
    });
    const options = { batchSize: 4, shuffle: false };
    expect(await trained((net, y) => net.fit({ x, y, weight }, options))).toEqual(stepped);
    expect(await trained((net, y) => net.fit({ x, y, weight, budget: 0 }, options))).toEqual(stepped);
  });
});

describe('a weight for each element', () => {
  const wideOf = (n: number) => filled(n, numbers(8, 0, 2)).map((v, i) => (i === 4 || i === 11 ? 0 : v));
  const wide = wideOf(rows * outputs);

  test.each(losses.map((row) => [row.name, row] as const))('%s: is taken where the vocabulary says so', (name, row) => {
    const { net, y } = caseOf(row);
    const give = () => net.gradient(x, y, { weight: wideOf(y.length) });
    if (row.whole) {
      expect(give, `${name} takes a weight for each element: remove \`whole\` from its row among the \`losses\` of test/vocabulary.ts`).toThrow(
        ShapeError,
      );
    } else {
      const remedy = `set \`whole: true\` in its row among the \`losses\` of test/vocabulary.ts, or give its definition \`elements\``;
      expect(give, `${name} is no sum over the elements of a row, so it takes no weight for each element: ${remedy}`).not.toThrow();
    }
    net.dispose();
  });

  test.each(losses.filter(({ whole }) => !whole).map((row) => [row.name, row] as const))('%s: is the sum over the elements', (_, row) => {
    const { net, y } = caseOf(row);
    const wide = wideOf(y.length);
    // Alone, an element of weight 1 has its own loss; all together they add up.
    const single = wide.map((_, k) => {
      const one = new Float32Array(y.length);
      one[k] = 1;
      return net.gradient(x, y, { weight: one });
    });
    const expected = single.reduce((sum, v, k) => sum + v * (wide[k] as number), 0);
    const masked = y.map((v, k) => (wide[k] === 0 ? Number.NaN : v));
    for (const targets of [y, masked])
      expect(Math.abs(net.gradient(x, targets, { weight: wide }) - expected)).toBeLessThanOrEqual(100 * EPSILON * Math.abs(expected));
    const check = checkGradients(net, x, y, { weight: wide });
    expect(check.passed, String(check)).toBe(true);
    net.dispose();
  });

  test('of a loss of one\u2019s own that is a sum over the features', () => {
    const net = sequential(4, [dense(outputs)], { loss: (u, t) => sum(square(sub(u, t))) });
    const y = filled(rows * outputs, numbers(4));
    const check = checkGradients(net, x, y, { weight: wide });
    expect(check.passed, String(check)).toBe(true);
    net.dispose();
  });

  test('has no accuracy, and metrics refuse it', () => {
    const { net, y } = caseOf(losses.find(({ name }) => name === 'binaryCrossEntropy') as (typeof losses)[number]);
    expect(net.evaluate({ x, y, weight: wide }).accuracy).toBeUndefined();
    expect(() => net.evaluate({ x, y, weight: wide }, { metrics: [accuracy] })).toThrow(
      'evaluate: weight has a number for each element, expected one for each row, which metrics take',
    );
    net.dispose();
  });
});

describe('an evaluation with weights', () => {
  test('has the weighted mean loss, and the accuracy by weights', async () => {
    const net = sequential(4, [dense(outputs, 'softmax')], { loss: crossEntropy(), optimizer: sgd() });
    const ids = Uint32Array.from({ length: rows }, (_, i) => i % 3);
    const decided = net.classify(x) as Uint32Array;
    const right = decided.reduce((total, c, i) => total + (c === ids[i] ? (weight[i] as number) : 0), 0);
    const total = weight.reduce((a, b) => a + b, 0);
    for (const budget of [0, 1e6]) {
      const found = net.evaluate({ x, y: ids, weight, budget });
      expect(found.accuracy).toBe(right / total);
      expect(Math.abs(found.loss - net.gradient(x, ids, { weight }))).toBeLessThanOrEqual(4 * EPSILON * found.loss);
      expect(await net.evaluateAsync({ x, y: ids, weight, budget })).toEqual(found);
    }
    const history = await net.fit({ x, y: ids, weight }, { learningRate: 0, validationData: { x, y: ids, weight } });
    expect(history.epochs[0]?.accuracy).toBe(right / total);
    expect(history.epochs[0]?.validation?.accuracy).toBe(right / total);
    net.dispose();
  });

  test('takes class ids that are none in rows of weight 0', () => {
    const net = sequential(4, [dense(outputs, 'softmax')], { loss: crossEntropy(), optimizer: sgd() });
    const ids = Array.from({ length: rows }, (_, i) => (weight[i] === 0 ? Number.NaN : i % 3));
    const filledIn = ids.map((id) => (Number.isNaN(id) ? 2 : id));
    expect(net.step(x, ids, { weight, learningRate: 0 })).toBe(net.step(x, filledIn, { weight, learningRate: 0 }));
    expect(net.evaluate({ x, y: ids, weight })).toEqual(net.evaluate({ x, y: filledIn, weight }));
    expect(() => net.step(x, ids)).toThrow(ValueError);
    net.dispose();
  });
});

test('several losses have weights of their own', () => {
  const z = input(4);
  const make = () =>
    network({ inputs: z, outputs: [dense(2)(z), dense(1)(z)], loss: [meanSquaredError(), meanSquaredError()], optimizer: sgd(), seed: 1 });
  const net = make();
  const y = [filled(rows * 2, numbers(2)), filled(rows, numbers(3))];
  const only = (i: number) => net.gradient(x, y, { weight: y.map((_, k) => (k === i ? weight : new Float32Array(rows))) });
  const both = net.gradient(x, y, { weight: [weight, weight] });
  expect(Math.abs(only(0) + only(1) - both)).toBeLessThanOrEqual(8 * EPSILON * both);
  const first = net.gradient(x, y, { weight: [weight, undefined] });
  const ones = net.gradient(x, y, { weight: [weight, new Float32Array(rows).fill(1)] });
  expect(Math.abs(first - ones)).toBeLessThanOrEqual(8 * EPSILON * first);
  net.dispose();
});

describe('targets that are the input', () => {
  const bytes = Uint8Array.from({ length: rows * 4 }, (_, i) => (37 * i) % 256);

  test('train to the bits of a copy, scaled as the input is, without its memory', async () => {
    const trained = async (data: DatasetLiteral) => {
      const net = sequential(4, [dense(2, 'tanh'), dense(4, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam(), seed: 3 });
      await net.fit(data, { epochs: 2, batchSize: 4 });
      const bits = bitsOf(net.parameters);
      net.dispose();
      return bits;
    };
    const scale = 1 / 255;
    const copied = await trained({ x: bytes, y: bytes, scale, targetScale: scale });
    expect(await trained({ x: bytes, y: 'x', scale })).toEqual(copied);
    expect(await trained({ x: bytes, y: 'x', scale, budget: 0 })).toEqual(copied);
    // The input counts once.
    expect(await trained({ x: bytes, y: 'x', scale, budget: bytes.length })).toEqual(copied);
  });

  test('are kept by a split', () => {
    const { training, validation } = trainValidationSplit({ x: bytes, y: 'x', weight }, { rows, fraction: 1 / 3 });
    expect([training.y, validation.y]).toEqual(['x', 'x']);
    expect([training.weight.length, validation.weight.length]).toEqual([6, 3]);
    expect([...training.weight, ...validation.weight].sort()).toEqual([...weight].sort());
  });

  test('are refused where they do not fit', () => {
    const net = sequential(4, [dense(3)], { loss: meanSquaredError() });
    expect(() => net.evaluate({ x, y: 'x' })).toThrow(
      new ShapeError("evaluate: y is 'x', whose rows have 4 numbers, expected 3, the output's features"),
    );
    net.dispose();
  });
});

test('targets are scaled', () => {
  const net = sequential(4, [dense(1)], { loss: meanSquaredError() });
  const y = filled(rows, numbers(2));
  expect(net.evaluate({ x, y, targetScale: 2, targetOffset: -1 }).loss).toBe(net.evaluate({ x, y: y.map((v) => Math.fround(v * 2 - 1)) }).loss);
  expect(() => dataset({ x, y, targetScale: Number.NaN })).toThrow('dataset: targetScale is NaN, expected a finite number');
  net.dispose();
});

describe('bad weights are refused before anything changes', () => {
  const net = sequential(4, [dense(outputs, 'softmax')], { loss: crossEntropy(), optimizer: sgd() });
  const ids = new Uint32Array(rows);
  const bad: readonly [unknown, string][] = [
    [new Float32Array(rows - 1), 'weight has 8 numbers, expected 9 weights, one for each row'],
    [new Float32Array(rows * outputs), 'weight has 36 numbers, expected 9 weights, one for each row'],
    [weight.map((v, i) => (i === 2 ? -1 : v)), 'weight[2] is -1, expected a finite number ≥ 0'],
    [weight.map((v, i) => (i === 3 ? Number.NaN : v)), 'weight[3] is NaN, expected a finite number ≥ 0'],
    [Array.from(weight, (v, i) => (i === 3 ? 1e39 : v)), 'weight[3] is 1e+39, expected a finite number ≥ 0'],
    ['1', 'weight is "1", expected 9 weights, one for each row'],
    [{}, 'weight is an object without fields, expected 9 weights, one for each row'],
  ];
  test.each(bad)('%s', async (given, message) => {
    const before = bitsOf(net.parameters);
    const w = given as number[];
    expect(() => net.step(x, ids, { weight: w })).toThrow(`step: ${message}`);
    expect(() => net.gradient(x, ids, { weight: w })).toThrow(`gradient: ${message}`);
    expect(() => net.evaluate({ x, y: ids, weight: w })).toThrow(`evaluate: ${message}`);
    expect(() => inputGradient(net, x, ids, { weight: w })).toThrow(`inputGradient: ${message}`);
    await expect(net.fit({ x, y: ids, weight: w })).rejects.toThrow(`fit: ${message}`);
    await expect(net.fit({ x, y: ids }, { validationData: { x, y: ids, weight: w } })).rejects.toThrow(`fit: validationData: ${message}`);
    expect(bitsOf(net.parameters)).toEqual(before);
  });

  test('an option that is none', () => {
    expect(() => net.gradient(x, ids, { weights: weight } as never)).toThrow('gradient: there is no option ');
  });
});

describe('where a weight is 0, a loss that overflows counts for nothing', () => {
  /**
   * Outputs that are those of the input and of a bias: some wild where the weights are 0. By rows the input is, as of a value that stands for a missing
   * one; by elements the bias of one column.
   */
  function wildCase({ make, output, targets }: (typeof losses)[number], wide: boolean) {
    const draw = numbers(3, 0.05, 0.95);
    const y = Float32Array.from(Array.from({ length: rows }, () => targets(Array.from({ length: outputs }, draw))).flat());
    const width = y.length / rows;
    const masks = wide ? filled(y.length, numbers(8, 0.1, 2)).map((v, i) => (i % width === 1 ? 0 : v)) : weight;
    const tame = filled(rows * outputs, numbers(6, 0.1, 0.9));
    const wild = wide ? tame : tame.map((v, i) => (weight[Math.floor(i / outputs)] === 0 ? (i % 2 ? -1e38 : 3e38) : v));
    const made = (isWild: boolean) => {
      const net = sequential(outputs, [dense(outputs, output)], { loss: make(), optimizer: sgd(), seed: 2 }) as Network;
      net.setParameters({
        'dense1.weights': Float32Array.from({ length: outputs ** 2 }, (_, i) => Number(i % (outputs + 1) === 0)),
        'dense1.biases': Float32Array.from({ length: outputs }, (_, k) => (wide && isWild && k % width === 1 ? -3e38 : 0)),
      });
      return { net, x: isWild ? wild : tame };
    };
    return { made, y, masks, isKept: (i: number) => !(wide && i >= outputs ** 2 && i % width === 1) };
  }
  const ways = losses.flatMap((row) => [
    [row.name, row, false] as const,
    ...(row.whole ? [] : [[`${row.name}, element by element`, row, true] as const]),
  ]);

  test.each(ways)('%s', async (_, row, wide) => {
    const { made, y, masks, isKept } = wildCase(row, wide);
    const v = filled(made(false).net.parameterCount, numbers(5));
    const options = { weight: masks };
    // Without the sign of 0.
    const bits = (values: ArrayLike<number>) => bitsOf(Float32Array.from(values, (g) => g + 0));
    const all = (isWild: boolean) => {
      const { net, x } = made(isWild);
      const loss = net.gradient(x, y, options);
      return {
        loss,
        gradients: bits(net.gradients),
        evaluated: net.evaluate({ x, y, weight: masks }).loss,
        hvp: bits(hvp(net, x, y, v, options)),
        each: bits(perSampleGradients(net, x, y, options)),
        inputs: bits(inputGradient(net, x, y, options) as Float32Array),
        traced: trace(net, x, y, options).loss,
      };
    };
    const expected = all(false);
    expect(Number.isFinite(expected.loss)).toBe(true);
    expect(all(true)).toEqual(expected);
    const trained = async (isWild: boolean) => {
      const { net, x } = made(isWild);
      const data = { x, y, weight: masks };
      net.step(x, y, options);
      await net.fit(data, { batchSize: 4, epochs: 2, validationData: data });
      await net.configure({ optimizer: adam() }).fit(data, { batchSize: 2, accumulationSteps: 2 });
      return bitsOf(net.parameters.filter((_, i) => isKept(i)));
    };
    expect(await trained(true)).toEqual(await trained(false));
  });

  test('of a function, whose slope is infinite there', async () => {
    const own = () =>
      sequential(2, [dense(2)], { loss: (u, t) => sum(sub(div(t, u), log(u))), optimizer: sgd(), seed: 1 }).setParameters({
        'dense1.weights': [1, 0, 0, 1],
        'dense1.biases': [0, 0],
      });
    const net = own();
    const y = [1, 2, 3, 4];
    for (const mask of [
      [0, 1],
      [0, 0, 1, 1],
    ]) {
      const loss = net.gradient(
        [
          [1, 1],
          [1, 2],
        ],
        [1, 2, 3, 4],
        { weight: mask },
      );
      const gradients = [...net.gradients];
      expect(
        net.gradient(
          [
            [0, 0],
            [1, 2],
          ],
          y,
          { weight: mask },
        ),
      ).toBe(loss);
      expect([...net.gradients]).toEqual(gradients);
      expect(
        net.gradient(
          [
            [1, 0],
            [1, 2],
          ],
          y,
          { weight: mask.length > 2 ? [0, 0, 1, 1] : mask },
        ),
      ).toBe(loss);
      expect(
        Number.isFinite(
          net.step(
            [
              [0, -0],
              [1, 2],
            ],
            y,
            { weight: mask },
          ),
        ),
      ).toBe(true);
    }
    // One element of a row, whose other one counts.
    net.setParameters({ 'dense1.weights': [1, 0, 0, 1], 'dense1.biases': [0, 0] });
    expect(Number.isFinite(net.gradient([0, 1, 1, 2], y, { weight: [0, 1, 1, 1] }))).toBe(true);
    expect([...net.gradients].every(Number.isFinite)).toBe(true);
  });
});
