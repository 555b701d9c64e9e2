/** Views of shared memory, which nothing detaches: a block that one may show is not given to another network. */
import { adam, dense, meanSquaredError, type Network, sequential, sgd } from 'neurite';
import type { Threads } from 'neurite/threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SharedCore } from '../../src/threads/sharedCore.js';
import { neighbours, unchanged, viewsOf } from '../network/neighbours.js';
import { collected } from './collected.js';
import { debugTeam } from './debugTeam.js';

let threads: Threads;
beforeAll(async () => {
  threads = await debugTeam('simd', 2);
});
afterAll(() => threads.dispose());

const core = () => threads.coreFor('test') as SharedCore;
const make = (units = 50): Network =>
  sequential(units, [dense(units)], { loss: meanSquaredError(), optimizer: adam(), build: 'simd', threads }) as Network;

const disposeAll = (nets: readonly Network[]) => nets.forEach((net) => net.dispose());

/** What is made of a view and outlives it. */
const derivations: [string, (view: Float32Array) => Float32Array | DataView][] = [
  ['itself', (view) => view],
  ['a subarray', (view) => view.subarray(1)],
  ['an array on its buffer', ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length)],
  ['an array on the buffer of a subarray', (view) => new Float32Array(view.subarray(3).buffer, view.byteOffset, view.length)],
  ['a DataView', ({ buffer, byteOffset, byteLength }) => new DataView(buffer, byteOffset, byteLength)],
];

const write = (view: Float32Array | DataView) => {
  if (view instanceof DataView) for (let at = 0; at < view.byteLength; at += 4) view.setFloat32(at, 7, true);
  else view.fill(7);
};

describe.each(derivations)('%s of a view', (_, derive) => {
  test('shows its own network after dispose, and what is made next is not changed by it', async () => {
    const kept = (() => {
      const net = make();
      net.gradient(new Float32Array(50), new Float32Array(50));
      const views = viewsOf(net).map(derive);
      net.dispose();
      return views;
    })();
    // More than was ever held back by bytes, and with a collection in between.
    expect(await collected(() => false, 5)).toBe(false);
    for (let i = 0; i < 10; i++) make(1000).dispose();
    const others = neighbours(make, 20);
    for (const view of kept) write(view);
    expect(unchanged(others)).toBe(true);
    expect(kept.every((view) => (view instanceof DataView ? view.getFloat32(0, true) : (view[0] as number)) === 7)).toBe(true);
    disposeAll(others);
  }, 60_000);
});

describe('memory that a view may show', () => {
  test('is kept while it may, and given back when nothing shows it any more', async () => {
    expect(await collected(() => core().waiting === 0)).toBe(true);
    const bytes = core().memory.buffer.byteLength;
    await (async () => {
      const kept: Float32Array[] = [];
      for (let i = 0; i < 500; i++) {
        const net = make(100);
        kept.push(net.parameters.subarray(5));
        net.dispose();
      }
      expect(core().waiting).toBe(500 * 10_100 * 4);
      expect(await collected(() => core().waiting < 500 * 10_100 * 4, 5)).toBe(false);
      for (const view of kept) view.fill(7);
    })();
    expect(await collected(() => core().waiting === 0)).toBe(true);
    expect(core().exports.damaged()).toBe(0);
    const grown = core().memory.buffer.byteLength;
    expect(grown).toBeGreaterThan(bytes);
    const others = neighbours(() => make(100), 100);
    expect(core().memory.buffer.byteLength).toBe(grown);
    disposeAll(others);
  }, 60_000);

  test('is bounded where a program makes networks, views them and disposes of them one after another', async () => {
    const bytes = core().memory.buffer.byteLength;
    // 800 MB in all.
    for (let i = 0; i < 200; i++) {
      const net = make(1000);
      net.parameters[0] = 1;
      net.dispose();
      await new Promise(setImmediate);
    }
    expect(core().memory.buffer.byteLength - bytes).toBeLessThan(2 ** 28);
  }, 60_000);

  test('of what moves with configure or a larger batch is kept as well', () => {
    const net = make();
    const { gradients, input, output } = net;
    net.configure({ optimizer: sgd({ momentum: 0.9 }) });
    net.predict(new Float32Array(50 * 256));
    const others = neighbours(make, 20);
    for (const view of [gradients, input, output]) view.fill(7);
    expect(unchanged(others)).toBe(true);
    expect(net.input).not.toBe(input);
    disposeAll([net, ...others]);
  });

  test('is named by the error, where there is none left', async () => {
    const core = threads.coreFor('test') as SharedCore;
    const net = make(100);
    const view = net.parameters;
    net.dispose();
    const { allocate } = core.exports;
    core.exports = { ...core.exports, allocate: () => 0 };
    expect(() => make()).toThrow(/views may still show [\d,]+ bytes of what was given back/);
    core.exports = { ...core.exports, allocate };
    expect(view.length).toBe(10_100);
  });

  test('belongs to no other network: each view has a buffer of its own', () => {
    const nets = [make(), make()] as const;
    expect(nets[0].parameters.buffer).not.toBe(nets[1].parameters.buffer);
    expect(nets[0].parameters.buffer).toBe(nets[0].parameters.buffer);
    nets[0].parameters.fill(3);
    expect(nets[0].parameter('dense1.biases').values[0]).toBe(3);
    expect(nets[1].parameters[0]).not.toBe(3);
    disposeAll(nets);
  });
});
