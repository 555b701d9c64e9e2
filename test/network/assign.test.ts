/** Parameters from elsewhere: by their names, and from another network. */
import {
  BusyError,
  DisposedError,
  dense,
  input,
  meanSquaredError,
  network,
  normalize,
  readSafetensors,
  type SafetensorsTensor,
  ShapeError,
  save,
  sequential,
  sgd,
  transposed,
  ValueError,
  writeSafetensors,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { bitsOf, randomRows } from '../files/bits.js';
import { norm } from '../own/norm.js';

const made = (seed = 1, build: 'simd' | 'relaxed' = 'simd') =>
  sequential(3, [dense(4, 'tanh'), dense(2)], { seed, build, loss: meanSquaredError(), optimizer: sgd({ momentum: 0.9 }) });
const values = () => ({
  'dense1.weights': [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
    [10, 11, 12],
  ],
  'dense1.biases': [1, 2, 3, 4],
  'dense2.weights': Float64Array.from({ length: 8 }, (_, i) => i / 8),
  'dense2.biases': { shape: [2], data: Float32Array.of(0.5, -0.5) },
});
const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.5, -0.5];

describe('setParameters', () => {
  test('takes flat lists, rows, typed arrays and tensors', () => {
    using net = made();
    expect(net.setParameters(values())).toBe(net);
    expect([...net.parameters]).toEqual(expected);
  });

  test('takes what readSafetensors gives of a saved network', () => {
    using net = made(1);
    using other = made(2);
    other.setParameters(readSafetensors(save(net)));
    expect([...bitsOf(other.parameters)]).toEqual([...bitsOf(net.parameters)]);
  });

  test('counts states in', () => {
    using net = sequential(3, [norm(), dense(2)]);
    const names = ['norm1.mean', 'norm1.variance'];
    expect(() => net.setParameters(Object.fromEntries(net.parameterNames.map((name) => [name, [...net.parameter(name).values]])))).toThrow(
      /norm1.mean, norm1.variance did not come/,
    );
    net.setParameters({ 'norm1.mean': [1, 2, 3] }, { partial: true });
    expect([...net.parameter('norm1.mean').values]).toEqual([1, 2, 3]);
    using other = sequential(3, [norm(), dense(2)], { seed: 3 });
    other.copyParametersFrom(net);
    for (const name of [...net.parameterNames, ...names]) expect([...other.parameter(name).values]).toEqual([...net.parameter(name).values]);
  });

  test('partial: names may be missing, and stay', () => {
    using net = made();
    const before = [...net.parameters];
    net.setParameters({ 'dense2.biases': [3, 4] }, { partial: true });
    expect([...net.parameters]).toEqual([...before.slice(0, -2), 3, 4]);
    net.setParameters({}, { partial: true });
  });

  const { 'dense1.biases': _, ...lacking } = values();
  test.each<[string, unknown, unknown, typeof ValueError | typeof ShapeError, string]>([
    [
      'a missing and a surplus name',
      { ...lacking, 'fc.bias': [1] },
      {},
      ValueError,
      'setParameters: there is no fc.bias; dense1.biases did not come; expected dense1.weights [4, 3], dense1.biases [4], dense2.weights [2, 4], dense2.biases [2]',
    ],
    ['a value that is undefined', { ...values(), 'dense1.biases': undefined }, {}, ValueError, 'dense1.biases did not come'],
    ['a surplus name of a part', { 'fc.bias': [1] }, { partial: true }, ValueError, 'there is no fc.bias'],
    ['another number', { ...values(), 'dense2.biases': [1] }, {}, ShapeError, 'setParameters: dense2.biases has 1 number, expected 2, as [2]'],
    ['rows of another width', { ...values(), 'dense2.weights': [[1], [2]] }, {}, ShapeError, 'row 0 of dense2.weights has 1 number, expected 4'],
    [
      'a matrix the other way round',
      { ...values(), 'dense2.weights': { shape: [4, 2], data: new Float32Array(8) } },
      {},
      ShapeError,
      'setParameters: dense2.weights is [4, 2], expected [2, 4]: transpose it',
    ],
    [
      'another shape',
      { ...values(), 'dense2.weights': { shape: [8], data: new Float32Array(8) } },
      {},
      ShapeError,
      'dense2.weights is [8], expected [2, 4]',
    ],
    [
      'too few bigints',
      { ...values(), 'dense1.biases': { shape: [1], data: BigInt64Array.of(1n) } },
      {},
      ShapeError,
      'dense1.biases is [1], expected [4]',
    ],
    ['NaN', { ...values(), 'dense2.biases': [0, Number.NaN] }, {}, ValueError, 'dense2.biases[1] is NaN'],
    ['what float32 does not hold', { ...values(), 'dense2.biases': [0, 1e39] }, {}, ValueError, 'dense2.biases[1] is 1e+39'],
    ['no values', null, {}, ValueError, 'setParameters: values is null, expected an object, such as { dense1.weights }'],
    ['a list', [1, 2], {}, ValueError, 'setParameters: values is an array of 2, expected an object, such as { dense1.weights }'],
    [
      'an array',
      new Float32Array(26),
      {},
      ValueError,
      'setParameters: values is a Float32Array of 26, expected an object, such as { dense1.weights }',
    ],
    ['a map', new Map(Object.entries(values())), { partial: true }, ValueError, 'setParameters: values is a Map, expected an object'],
    [
      'options in a map',
      values(),
      new Map([['partial', true]]),
      ValueError,
      'setParameters: options is a Map, expected an object, such as { partial }',
    ],
    ['PyTorch’s option', values(), { strict: false }, ValueError, 'use partial'],
    ['an option that is no flag', values(), { partial: 1 }, ValueError, 'partial is 1, expected true or false'],
  ])('refuses %s, and changes nothing', (_, given, options, kind, message) => {
    using net = made();
    const before = [...net.parameters];
    const call = () => net.setParameters(given as never, options as never);
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
    expect([...net.parameters]).toEqual(before);
  });

  test('takes integers of 64 bits, as a file has them', () => {
    using net = made();
    const data = BigInt64Array.of(3n, -4n);
    const { tensor } = readSafetensors(writeSafetensors({ tensor: { data } }));
    net.setParameters({ 'dense2.biases': tensor as SafetensorsTensor }, { partial: true });
    expect([...net.parameter('dense2.biases').values]).toEqual([3, -4]);
    net.parameter('dense2.biases').set({ shape: [2], data: BigUint64Array.of(2n ** 40n, 7n) });
    expect([...net.parameter('dense2.biases').values]).toEqual([2 ** 40, 7]);
  });

  test('takes the constants of a file, with the values that they have', () => {
    const made = (offset: number) => sequential(2, [normalize({ offset: [offset, 0.1], scale: [2, 3] }), dense(2)], { seed: offset });
    const [net, same, other] = [made(1), made(1), made(2)];
    net.parameters.fill(7);
    same.setParameters(readSafetensors(save(net)));
    expect([...same.parameters]).toEqual([...net.parameters]);
    same.setParameters({ 'dense1.biases': [1, 2] }, { partial: true });
    const before = [...other.parameters];
    expect(() => other.setParameters(readSafetensors(save(net)))).toThrow(
      new ValueError('setParameters: constant1[0] is 1, expected 2: it is a constant here'),
    );
    expect([...other.parameters]).toEqual(before);
  });

  test('is refused while another call trains, and when disposed', async () => {
    const net = made();
    const training = net.fit({ x: randomRows(3000, 1), y: randomRows(2000, 2) }, { epochs: 3 });
    expect(() => net.setParameters(values())).toThrow(BusyError);
    await training;
    const disposing = { ...values() };
    Object.defineProperty(disposing, 'dense2.biases', {
      enumerable: true,
      get: () => {
        net.dispose();
        return [1, 2];
      },
    });
    expect(() => net.setParameters(disposing)).toThrow(DisposedError);
    expect(() => net.setParameters(values())).toThrow(DisposedError);
  });
});

test('transposed', () => {
  const matrix = { shape: [2, 3], dtype: 'F32' as const, data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  expect(transposed(matrix)).toEqual({ shape: [3, 2], dtype: 'F32', data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  expect(transposed(transposed(matrix))).toEqual(matrix);
  expect(() => transposed({ ...matrix, shape: [6] })).toThrow(/transposed: the tensor is \[6\] of 6 numbers, expected a matrix/);
});

describe('copyParametersFrom', () => {
  test('copies the bits, of another build too', () => {
    using net = made(1, 'relaxed');
    using other = made(2);
    expect(other.copyParametersFrom(net)).toBe(other);
    expect([...bitsOf(other.parameters)]).toEqual([...bitsOf(net.parameters)]);
    // What follows in one is not seen in the other.
    const before = [...other.parameters];
    net.step([1, 2, 3], [1, 2]);
    expect([...other.parameters]).toEqual(before);
  });

  test('averages in float64, rounded once', () => {
    using net = made(1);
    using other = made(2);
    for (const tau of [0.005, 0.3, 0]) {
      const [a, b] = [[...net.parameters], [...other.parameters]];
      other.copyParametersFrom(net, { tau });
      expect([...other.parameters]).toEqual(a.map((v, i) => Math.fround(tau * v + (1 - tau) * (b[i] as number))));
    }
    const before = [...net.parameters];
    net.copyParametersFrom(net, { tau: 0.5 });
    expect([...net.parameters]).toEqual(before);
  });

  test('goes by names, in whichever order they lie', () => {
    const layersOf = () => [dense(2, { name: 'a' }), dense(2, { name: 'b' })] as const;
    const x = input(3);
    const [a, b] = layersOf();
    using net = network({ inputs: x, outputs: [a(x), b(x)] });
    const z = input(3);
    const [c, d] = layersOf();
    using other = network({ inputs: z, outputs: [d(z), c(z)] });
    expect(other.parameterNames).not.toEqual(net.parameterNames);
    other.copyParametersFrom(net);
    for (const name of net.parameterNames) expect([...other.parameter(name).values]).toEqual([...net.parameter(name).values]);
  });

  test.each<[string, () => unknown, typeof ValueError | typeof ShapeError, string]>([
    [
      'another shape',
      () => made().copyParametersFrom(sequential(3, [dense(4), dense(3)])),
      ShapeError,
      'copyParametersFrom: dense2.weights is [3, 4] there and [2, 4] here, expected the same names and shapes',
    ],
    ['one less', () => made().copyParametersFrom(sequential(3, [dense(4)])), ShapeError, 'dense2.weights is not there and [2, 4] here'],
    [
      'one more',
      () => made().copyParametersFrom(sequential(3, [dense(4), dense(2), dense(1)])),
      ShapeError,
      'dense3.weights is [1, 2] there and is not here',
    ],
    ['no network', () => made().copyParametersFrom({} as never), ValueError, 'copyParametersFrom: network is an object without fields'],
    ['τ beyond 1', () => made().copyParametersFrom(made(), { tau: 1.5 }), ValueError, 'tau is 1.5, expected a number from 0 to 1'],
    ['τ that is none', () => made().copyParametersFrom(made(), { tau: Number.NaN }), ValueError, 'tau is NaN'],
    [
      'values that are not finite',
      () => {
        const net = made();
        net.parameters[3] = Number.NaN;
        made().copyParametersFrom(net);
      },
      ValueError,
      'NaN or infinite',
    ],
    [
      'a disposed network',
      () => {
        const net = made();
        net.dispose();
        made().copyParametersFrom(net);
      },
      DisposedError as never,
      'copyParametersFrom: the network was disposed',
    ],
  ])('refuses %s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});
