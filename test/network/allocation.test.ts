import { adam, crossEntropy, dataset, dense, load, MemoryError, type Network, sequential, sgd } from 'neurite';
import { afterEach, describe, expect, test } from 'vitest';
import { type Core, coreOf } from '../../src/core/core.js';

/** Counts the blocks a core has given out, and refuses one of them. */
class Allocator {
  live = 0;
  count = 0;
  failAt = Number.POSITIVE_INFINITY;
  readonly #core: { exports: Core['exports'] };
  readonly #exports: Core['exports'];

  constructor(core: Core) {
    this.#core = core as { exports: Core['exports'] };
    this.#exports = core.exports;
    this.#core.exports = {
      ...this.#exports,
      allocate: (bytes: number) => {
        this.count++;
        if (this.count === this.failAt) return 0;
        const address = this.#exports.allocate(bytes);
        if (address) this.live++;
        return address;
      },
      free: (address: number) => {
        this.live--;
        this.#exports.free(address);
      },
    };
  }

  restore(): void {
    this.#core.exports = this.#exports;
  }
}

const x = Float32Array.from({ length: 40 }, (_, i) => Math.fround(Math.sin(i)));
const y = Uint8Array.from({ length: 10 }, (_, i) => i % 3);
const make = () => sequential(4, [dense(5, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1, build: 'simd' });
const trained = make();
const file = trained.save();
trained.dispose();

/** What may be refused memory: each on a network made before, which it must leave as it was. */
const calls: Record<string, (net: Network) => unknown> = {
  'predict one row': (net) => net.predict(x.subarray(0, 4)),
  'predict many rows': (net) => net.predict(x),
  logits: (net) => net.logits(x),
  classify: (net) => net.classify(x),
  run: (net) => net.run(),
  gradient: (net) => net.gradient(x, y),
  step: (net) => net.step(x, y),
  fit: (net) => net.fit({ x, y }, { epochs: 2, batchSize: 4, validationData: { x, y } }),
  'fit on a handle': async (net) => {
    using data = dataset({ x, y });
    await net.fit(data);
  },
  'fit beyond the budget': (net) => net.fit(dataset({ x, y, budget: 0 })),
  'fit with early stopping': (net) => net.fit({ x, y }, { earlyStopping: { patience: 1 } }),
  evaluate: (net) => net.evaluate({ x, y }),
  trace: (net) => net.trace(x, y),
  jacobian: (net) => net.jacobian(x),
  hvp: (net) => net.hvp(x, y, new Float32Array(net.parameterCount)),
  configure: (net) => net.configure({ optimizer: sgd({ momentum: 0.9 }) }),
  freeze: (net) => net.freeze().dispose(),
  save: (net) => net.save(),
};

/** Calls that change the parameters when they succeed; all others never do. */
const trains = /^(step|fit)/;

let allocator: Allocator | undefined;
afterEach(() => allocator?.restore());

describe('refused memory', () => {
  test.each(['create', 'load'] as const)('%s: a typed error, and no block is left behind', (what) => {
    allocator = new Allocator(coreOf('simd'));
    const build = what === 'create' ? make : () => load(file, { build: 'simd' });
    let refused = 0;
    for (let n = 1; ; n++) {
      allocator.count = 0;
      allocator.failAt = n;
      try {
        build().dispose();
        break;
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(MemoryError);
        expect(allocator.live).toBe(0);
      }
    }
    expect(refused).toBeGreaterThan(2);
  });

  test.each(Object.keys(calls))('%s: a typed error, the network as it was and usable, and no block is left behind', async (name) => {
    const call = calls[name] as (net: Network) => unknown;
    allocator = new Allocator(coreOf('simd'));
    for (let n = 1; ; n++) {
      allocator.failAt = Number.POSITIVE_INFINITY;
      const net = make();
      const before = net.parameters.slice();
      const prediction = net.predict(x.subarray(0, 4));
      allocator.count = 0;
      allocator.failAt = n;
      let error: unknown;
      try {
        await call(net);
      } catch (thrown) {
        error = thrown;
      }
      const refused = allocator.count >= n;
      allocator.failAt = Number.POSITIVE_INFINITY;
      if (refused) {
        expect(error).toBeInstanceOf(MemoryError);
        expect(net.parameters.slice()).toEqual(before);
        expect(net.predict(x.subarray(0, 4))).toEqual(prediction);
        await call(net);
      } else {
        expect(error).toBeUndefined();
        if (!trains.test(name)) expect(net.parameters.slice()).toEqual(before);
      }
      net.dispose();
      expect(allocator.live).toBe(0);
      if (!refused) break;
      expect(n).toBeLessThan(100);
    }
  });
});
