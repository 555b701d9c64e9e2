/** Scalings that are part of a model: inputs go in as they come. */
import {
  dense,
  input,
  load,
  meanSquaredError,
  minMax,
  network,
  normalize,
  rescale,
  ShapeError,
  save,
  sequential,
  sgd,
  standardize,
  transform,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';

const rows = 30;
const width = 4;
const bytes = Uint8Array.from({ length: rows * width }, (_, i) => (i * 37) % 256);
const y = filled(rows * 2, numbers(1));
const common = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 3 };

describe.each(builds)('rescale (%s)', (build) => {
  const make = () => sequential(width, [rescale(1 / 255, -0.5), dense(5, 'tanh'), dense(2)], { ...common, build });

  test('bytes are what their numbers are, wherever they come in', () => {
    const net = make();
    const floats = Float32Array.from(bytes);
    const expected = bitsOf(net.predict(floats));
    expect(bitsOf(net.predict(bytes))).toEqual(expected);
    // The last batch's way, and memory of the caller's.
    expect(bitsOf(net.predict(bytes))).toEqual(expected);
    expect(bitsOf(net.predict(bytes, new Float32Array(rows * 2)))).toEqual(expected);
    expect(bitsOf(net.freeze().predict(bytes))).toEqual(expected);
    expect(bitsOf(net.predict(new Uint8ClampedArray(bytes)))).toEqual(expected);
    expect(bitsOf(Float32Array.from(net.predict(Array.from(bytes))))).toEqual(expected);
    expect(net.gradient(bytes, y)).toBe(net.gradient(floats, y));
    expect(net.evaluate({ x: bytes, y })).toEqual(net.evaluate({ x: floats, y }));
  });

  test('it trains to the bits that the scaling of a data set does', async () => {
    for (const [scale, offset] of [
      [1 / 255, 0],
      // The relaxed build rounds a product and a sum at once, where data are read it does not.
      ...(build === 'simd' ? [[1 / 255, -0.5]] : []),
    ] as [number, number][]) {
      const net = sequential(width, [rescale(scale, offset), dense(5, 'tanh'), dense(2)], { ...common, build });
      const other = sequential(width, [dense(5, 'tanh'), dense(2)], { ...common, build });
      await net.fit({ x: bytes, y }, { epochs: 3, batchSize: 8 });
      await other.fit({ x: bytes, y, scale, offset }, { epochs: 3, batchSize: 8 });
      expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
    }
  });
});

describe('normalize', () => {
  const x = Array.from({ length: rows }, (_, i) => [100 + 10 * Math.sin(i), i / 1000, -3 * i, i % 2]);
  const scalings = { standardize: standardize(x), minMax: minMax(x) };

  test.each(Object.entries(scalings))('does what %s found', (_, scaling) => {
    const net = sequential(width, [normalize(scaling), dense(2)], common);
    const plain = sequential(width, [dense(2)], common);
    plain.parameters.set(net.parameters);
    const expected = plain.predict(transform(scaling, x) as number[][]);
    net.predict(x).forEach((row, i) => {
      row.forEach((v, k) => expect(Math.abs(v - (expected[i]?.[k] as number))).toBeLessThanOrEqual(1e-5));
    });
  });

  test('is in the file, not among the parameters, and takes no later change', () => {
    const given = { offset: [1, 2], scale: [2, 4] };
    const net = sequential(2, [normalize(given), dense(2)], common);
    const before = bitsOf(net.predict(Float32Array.of(5, 6)));
    given.offset[0] = 1e6;
    given.scale[1] = 0;
    expect(bitsOf(net.predict(Float32Array.of(5, 6)))).toEqual(before);
    expect(net.parameterNames).toEqual(['dense1.weights', 'dense1.biases']);
    net.step(Float32Array.of(5, 6), Float32Array.of(1, 2));
    expect(bitsOf(load(save(net)).predict(Float32Array.of(5, 6)))).toEqual(bitsOf(net.predict(Float32Array.of(5, 6))));
  });

  test('stands behind each of several inputs', () => {
    const [a, b] = [input(2), input(2)];
    const scaling = normalize({ offset: [1, 1], scale: [2, 2] });
    const net = network({ inputs: [a, b], outputs: [scaling(a), scaling(b)] });
    expect(
      net.predict([
        [3, 5],
        [1, -1],
      ]),
    ).toEqual([
      [1, 2],
      [0, -1],
    ]);
  });
});

test.each<[string, () => unknown, Error]>([
  ['a scale that is none', () => rescale('2' as never), new ValueError('rescale: scale is "2", expected a finite number that float32 holds')],
  ['an offset beyond float32', () => rescale(1, 1e39), new ValueError('rescale: offset is 1e+39, expected a finite number that float32 holds')],
  ['an option', () => rescale(1, 0, { offset: 1 } as never), new ValueError('rescale: there is no option "offset", expected name')],
  [
    'no scaling',
    () => normalize(undefined as never),
    new ValueError('normalize: offset is undefined, expected a finite number for each feature, as standardize() gives them'),
  ],
  [
    'a gap',
    () => normalize({ offset: [0, Number.NaN], scale: [1, 1] }),
    new ValueError('normalize: offset is NaN, expected a finite number for each feature, as standardize() gives them'),
  ],
  ['no features', () => normalize({ offset: [], scale: [] }), new ShapeError('normalize: offset is [], expected a number for each feature')],
  [
    'a scale of 0',
    () => normalize({ offset: [0, 0], scale: [1, 0] }),
    new ValueError('normalize: scale[1] is 0, 0 in float32, expected a number to divide by'),
  ],
  [
    'a scale that float32 takes for 0',
    () => normalize({ offset: [0], scale: [1e-60] }),
    new ValueError('normalize: scale[0] is 1e-60, 0 in float32, expected a number to divide by'),
  ],
  [
    'another number of features',
    () => sequential(3, [normalize({ offset: [0, 0], scale: [1, 1] })]),
    new ShapeError('normalize: a scaling of 2 features came for 3, expected as many'),
  ],
  [
    'lists of two lengths',
    () => sequential(2, [normalize({ offset: [0, 0], scale: [1] })]),
    new ShapeError('normalize: a scaling of 1 features came for 2, expected as many'),
  ],
])('%s is refused', (_, call, error) => {
  expect(call).toThrow(error);
  expect(call).toThrow(error.constructor as never);
});
