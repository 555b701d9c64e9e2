/** A frame of a game: a row of each net, written to memory and read from it. */
import { dense, embedding, input, network, ShapeError, sequential } from 'neurite';
import { population } from 'neurite/population';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';

describe.each(builds)('%s', (build) => {
  const make = (count: number) => population(sequential(3, [dense(5, 'tanh'), dense(2, 'sigmoid')], { build, seed: 4 }), count);

  test.each([1, 3, 4, 5, 33])('the bits of predictEach, of %i nets', (count) => {
    const herd = make(count);
    const x = filled(count * 3, numbers(count));
    herd.input.set(x);
    herd.run();
    expect(bitsOf(herd.output as Float32Array<ArrayBuffer>)).toEqual(bitsOf(herd.predictEach(x)));
    expect(bitsOf(herd.input as Float32Array<ArrayBuffer>)).toEqual(bitsOf(x));
    herd.dispose();
  });

  test('run moves and allocates nothing', () => {
    const herd = make(9);
    const { input, output } = herd;
    expect([input.length, output.length]).toEqual([27, 18]);
    for (let frame = 0; frame < 5; frame++) {
      input.fill(frame / 5);
      herd.run();
      expect(bitsOf(output as Float32Array<ArrayBuffer>)).toEqual(
        bitsOf(herd.predictEach(new Float32Array(27).fill(frame / 5), new Float32Array(18))),
      );
    }
    expect([herd.input.byteOffset, herd.output.byteOffset]).toEqual([input.byteOffset, output.byteOffset]);
    herd.dispose();
    expect(() => herd.run()).toThrow(/disposed/);
    expect(() => herd.input).toThrow(/disposed/);
  });

  test('a view that is kept past dispose shows nothing of another population', () => {
    // Memory that was given back and need not grow, which would detach the views.
    make(4000).dispose();
    const herd = make(900);
    const kept = [herd.input, herd.output];
    herd.dispose();
    const others = Array.from({ length: 3 }, () => make(900));
    const all = () =>
      others.map((other) => [
        bitsOf(other.input as Float32Array<ArrayBuffer>),
        ...Array.from({ length: 900 }, (_, i) => bitsOf(other.parameters(i))),
      ]);
    const before = all();
    // Element by element: to a view that is detached, that does nothing.
    for (const view of kept) for (let i = 0; i < view.length; i++) view[i] = 7;
    expect(all()).toEqual(before);
    for (const other of others) other.dispose();
  });
});

test('a graph of several inputs, or with ids, is refused', () => {
  const [a, b] = [input(2), input(3)];
  const two = population(network({ inputs: [a, b], outputs: [dense(2)(a), dense(1)(b)] }), 2);
  const ids = population(sequential(1, [embedding(4, 2), dense(1)]), 2);
  for (const call of [() => two.input, () => two.output, () => two.run()]) {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(/the graph has 2 inputs and 2 outputs, expected one of each/);
  }
  expect(() => ids.input).toThrow(/the graph has 1 input, with ids, and 1 output, expected/);
});
