/** A network of every kind, with every op, layer, loss, optimizer and activation that the vocabulary has: the bits of one thread on three. */
import { copyParameters } from 'neurite';
import { expect, test } from 'vitest';
import { bitsOf, canonical } from '../files/bits.js';
import { dataFor, oneOrList, reproducible } from '../files/dataFor.js';
import { networks } from '../files/networks.js';
import { onThreads } from './debugTeam.js';

/** Every NaN is one: its sign and payload are free in WebAssembly. */
const bits = (values: ArrayLike<number>) => canonical(bitsOf(Float32Array.from(values)));

/** More rows than threads, and not a multiple of them. */
const ROWS = 17;

/** What a network predicts, and what a step makes of its parameters and states. */
function computed(make: (typeof networks)[number][1]): unknown[] {
  using net = reproducible(make());
  const { x, y } = dataFor(net, ROWS, 1);
  const predicted = [net.predict(oneOrList(x) as Float32Array)].flat() as Float32Array[];
  const all: unknown[] = predicted.map(bits);
  if (!net.loss || !net.optimizer) return all;
  all.push(net.step(oneOrList(x) as Float32Array, oneOrList(y) as Float32Array));
  all.push(bits(net.gradients), bits(copyParameters(net)));
  return all;
}

// Before the first test, which puts a core of threads in the place of the one for one thread.
const alone = networks.map(([, make]) => computed(make));

test('every network', async () => {
  await onThreads('simd', 3, () => {
    networks.forEach(([name, make], i) => {
      expect(computed(make), name).toEqual(alone[i]);
    });
  });
});
