/** Files that released versions wrote: they load, to the same bits, and train on from where they were. */
import { readFileSync } from 'node:fs';
import { fromJSON, load, toJSON } from 'neurite';
import { expect, test } from 'vitest';

const read = (name: string) => readFileSync(new URL(`./saved/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(read(name).toString());
/** The numbers that the files were made with. */
const wave = (n: number, k: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * k + 1));

test('version 1: a sequence of layers with Adam and its state', () => {
  const { rows, before, loss, after } = json('sequence.json');
  using net = load(read('sequence.safetensors'));
  const x = wave(6 * rows, 0.7);
  expect(net.metadata).toEqual({ classes: ['a', 'b', 'c'], scaling: { offset: [1, 2, 3] } });
  expect([...net.predict(x)]).toEqual(before);
  const y = Uint8Array.from({ length: rows }, (_, i) => i % 3);
  expect(net.step(x, y)).toBe(loss);
  expect([...net.predict(x)]).toEqual(after);
});

test('version 1: a graph of two inputs and outputs, with Nesterov momentum and its state', () => {
  const { rows, before, loss, after } = json('graph.json');
  using net = load<2, 2>(read('graph.safetensors'));
  const xs = [wave(4 * rows, 0.9), wave(3 * rows, 1.3)] as const;
  const ys = [Float32Array.from({ length: rows }, (_, i) => i % 2), wave(2 * rows, 0.4)];
  const predicted = () => net.predict(xs).map((values) => [...values]);
  expect(predicted()).toEqual(before);
  expect(net.step(xs, ys)).toBe(loss);
  expect(predicted()).toEqual(after);
});

test('version 1: an architecture as JSON', () => {
  using net = fromJSON<2, 2>(json('graph.architecture.json'));
  using same = load<2, 2>(read('graph.safetensors'));
  expect(toJSON(net)).toEqual(toJSON(same));
});

test('version 1: ops and activations that are called otherwise since', () => {
  using net = load<2, 2>(read('renamed.safetensors'));
  const { x, classes, all } = net.metadata as { x: [number[], number[]]; classes: number[]; all: number[] };
  const [probabilities, values] = net.predict([Float32Array.from(x[0]), Float32Array.from(x[1])]);
  expect([[...probabilities], [...values]]).toEqual([classes, all]);
  const text = JSON.stringify(toJSON(net));
  const words = (key: string) => [...new Set(Array.from(text.matchAll(new RegExp(`"${key}":"(\\w+)"`, 'g')), ([, word]) => word as string))];
  expect(words('op')).toEqual(expect.arrayContaining(['heaviside', 'maximum', 'minimum', 'max']));
  expect(words('op').filter((word) => ['step', 'min', 'maxFeatures'].includes(word))).toEqual([]);
  expect(words('activation')).toEqual(['heaviside', 'gelu', 'softmax']);
  // What is read of version 1 is written as version 2, and read again.
  using again = fromJSON<2, 2>(text);
  expect(JSON.stringify(toJSON(again))).toBe(text);
  // In version 2 the old names are none.
  expect(() => fromJSON(text.replace('"op":"maximum"', '"op":"maxFeatures"'))).toThrow(/op is "maxFeatures", expected an op that this version knows/);
});

test('version 2: states, two losses whose options were fewer, and the optimizer’s state', () => {
  const { rows, before, loss, after } = json('states.json');
  using net = load<1, 2>(read('states.safetensors'), { build: 'simd' });
  const x = wave(3 * rows, 0.7);
  const ys = [Uint8Array.from({ length: rows }, (_, i) => i % 3), Float32Array.from({ length: 2 * rows }, (_, i) => i % 2)];
  const predicted = () => net.predict(x).map((values) => [...values]);
  expect(net.metadata).toEqual({ classes: ['a', 'b', 'c'] });
  expect(predicted()).toEqual(before);
  expect(net.step(x, ys)).toBe(loss);
  // That step, with its state as the file has it, where L2 comes behind the clip: the version that wrote the file clipped the sum.
  expect(predicted()).toEqual(after);
});
