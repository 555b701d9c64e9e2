/** Ids as an input, and the vectors that they stand for. */
import { adam, dense, embedding, input, load, matmul, meanSquaredError, network, parameter, relu, save, sequential, sgd, ValueError } from 'neurite';
import { checkGradients } from 'neurite/check';
import { hessian, jacobian } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';

const count = 7;
const size = 3;
const rows = 20;
const ids = Uint8Array.from({ length: rows }, (_, i) => (5 * i) % count);
const y = filled(rows * 2, numbers(2));

describe.each(builds)('%s', (build) => {
  test('value, gradient and training are those of one-hot rows times the table', () => {
    const make = (ofIds: boolean) => {
      const x = input(ofIds ? 1 : count);
      const table = parameter([count, size], { name: 'table' });
      const vectors = ofIds ? embedding(count, size)(x) : matmul(x, table);
      const net = network({ inputs: x, outputs: dense(2)(relu(vectors)), loss: meanSquaredError(), optimizer: adam(), seed: 3, build });
      net.parameters.set(filled(net.parameterCount, numbers(9)));
      return net;
    };
    const oneHot = Float32Array.from({ length: rows * count }, (_, i) => Number(ids[Math.floor(i / count)] === i % count));
    const [net, other] = [make(true), make(false)];
    expect(bitsOf(net.predict(new Float32Array(ids)))).toEqual(bitsOf(other.predict(oneHot)));
    expect(net.gradient(ids, y)).toBe(other.gradient(oneHot, y));
    const size1 = Math.max(...other.gradients.map(Math.abs));
    net.gradients.forEach((v, i) => expect(Math.abs(v - (other.gradients[i] as number))).toBeLessThanOrEqual(1e-6 * size1));
    for (let step = 0; step < 5; step++) {
      net.step(ids, y);
      other.step(oneHot, y);
    }
    net.parameters.forEach((v, i) => expect(Math.abs(v - (other.parameters[i] as number))).toBeLessThanOrEqual(1e-4));
    expect(checkGradients(net, ids, y).passed).toBe(true);
    expect(hessian(net, ids, y)).toHaveLength(net.parameterCount ** 2);
    expect(jacobian(net, ids).every((v) => v === 0)).toBe(true);
  });
});

test('several ids of a row stand side by side, beside an input of numbers', () => {
  const [a, b] = [input(2), input(3)];
  const table = embedding(count, size);
  const net = network({ inputs: [a, b], outputs: [table(a), dense(1)(b)], seed: 4 });
  const [vectors] = net.predict([
    [
      [1, 6],
      [0, 0],
    ],
    [
      [0.5, 1, 2],
      [1, 2, 3],
    ],
  ]) as [number[][], number[][]];
  const values = net.parameter('embedding1.table').values;
  const vector = (id: number) => Array.from(values.slice(size * id, size * (id + 1)));
  expect(vectors).toEqual([
    [...vector(1), ...vector(6)],
    [...vector(0), ...vector(0)],
  ]);
});

describe('an id that there is not is refused where it is read', () => {
  const make = () => sequential(2, [embedding(count, size), dense(2)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1 });
  const message = 'x[row 1, feature 0] is 7, expected an id from 0 to 6';
  const bad = [0, 1, 7, 2];
  const t = filled(4, numbers(2));

  test.each([
    ['a network', make],
    ['a network from a file', () => load(save(make()))],
  ])('%s', async (_, made) => {
    const net = made();
    const before = bitsOf(net.parameters);
    expect(() => net.predict(bad)).toThrow(new ValueError(`predict: ${message}`));
    expect(() => net.step(bad, t)).toThrow(`step: ${message}`);
    expect(() => net.gradient(bad, t)).toThrow(`gradient: ${message}`);
    expect(() => net.evaluate({ x: bad, y: t })).toThrow(`evaluate: ${message}`);
    expect(() => net.freeze().predict(bad)).toThrow(`predict: ${message}`);
    await expect(net.fit({ x: bad, y: t })).rejects.toThrow(`fit: ${message}`);
    await expect(net.fit({ x: bad, y: t, budget: 0 })).rejects.toThrow(`fit: ${message}`);
    for (const id of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (let round = 0; round < 3; round++) expect(() => net.predict(Float32Array.of(0, id))).toThrow(`expected an id from 0 to 6`);
      // A batch like the last one is checked all the same.
      net.step(Float32Array.of(1, 2, 3, 4), t, { learningRate: 0 });
      net.step(Float32Array.of(1, 2, 3, 4), t, { learningRate: 0 });
      expect(() => net.step(Float32Array.of(1, 2, id, 4), t)).toThrow('expected an id from 0 to 6');
    }
    expect(bitsOf(net.parameters)).toEqual(before);
    expect(() => net.evaluate({ x: [0, 1, 2, 3], y: t, scale: 0.5 })).toThrow(
      'evaluate: scale is 0.5 and offset 0 for inputs that are ids, expected none',
    );
    // What is written to the memory itself is not checked, and reads no neighbour.
    net.input.set([1e9, Number.NaN]);
    net.run();
    expect(net.output.every(Number.isFinite)).toBe(true);
  });

  test('a layer that is applied to what is no input, or has no sizes', () => {
    expect(() => sequential(2, [dense(1), embedding(5, 2)])).toThrow('embedding: it was applied to');
    expect(() => embedding(0, 2)).toThrow('embedding: count is 0');
    expect(() => embedding(5, 1.5)).toThrow('embedding: size is 1.5');
    expect(() => embedding(2 ** 25, 1)).toThrow('embedding: count is 33554432, expected at most 16777216');
  });
});
