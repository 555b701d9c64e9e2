import {
  type AnyNetwork,
  add,
  batchNorm,
  concat,
  copyParameters,
  DisposedError,
  dense,
  embedding,
  input,
  layerNorm,
  load,
  MemoryError,
  network,
  relu,
  ShapeError,
  save,
  sequential,
  ValueError,
} from 'neurite';
import { int8 } from 'neurite/int8';
import { describe, expect, test, vi } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { MOST_INPUTS } from '../../src/int8/limits.js';
import { builds } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { filled, numbers } from '../kernels/numbers.js';
import { linearInt8 } from '../oracle/int8.js';
import { sweep } from '../sweep.js';

/** Rows around a strip's four, one, and more than one program runs on. */
const ROWS = [1, 2, 3, 4, 5, 7, 8, 13, 64, 256, 257, 300];

describe.each(builds)('quantized predictors, %s build', (build) => {
  test('dense layers have the bits of the oracle', () => {
    const widths = [9, 33, 20, 3] as const;
    using net = sequential(9, [dense(33, 'relu'), dense(20, 'relu', { bias: false }), dense(3)], { build, seed: 1 });
    using fixed = net.freeze({ quantize: int8 });
    for (const rows of [1, 2, 5, 64]) {
      const x = filled(rows * 9, numbers(rows));
      let expected = x;
      net.layers.forEach((layer, l) => {
        const [k, n] = [widths[l] as number, widths[l + 1] as number];
        const z = linearInt8(expected, layer.weights, l === 1 ? undefined : layer.biases, [rows, n, k]);
        expected = l < 2 ? z.map((value) => (value < 0 ? 0 : value)) : z;
      });
      expect(difference(fixed.predict(x), expected), `${rows} rows`).toBeUndefined();
    }
  });

  const cases: Record<string, () => AnyNetwork> = {
    'activations in and out of the kernel': () =>
      sequential(5, [dense(16, 'tanh'), dense(9, 'gelu'), dense(12, 'leakyRelu'), dense(3, 'softmax')], { build }),
    'many inputs': () => sequential(700, [dense(33, 'relu'), dense(1)], { build }),
    'norms between': () => sequential(4, [dense(7), batchNorm(), relu, dense(5), layerNorm(), dense(2, 'sigmoid')], { build }),
    'a layer used twice, a product used raw': () => {
      const [x, y] = [input(7), input(7)];
      const shared = dense(10, { bias: false });
      const [a, b] = [shared(x), shared(y)];
      return network({ inputs: [x, y], outputs: [dense(2)(concat(relu(a), add(a, b)))], build });
    },
    'nothing to quantize': () => sequential(3, [layerNorm()], { build }),
  };

  test.each(Object.entries(cases))('%s: near the floats, a row the same in any number of rows', (_, make) => {
    using net = make();
    using fixed = net.freeze({ quantize: int8 });
    const widths = fixed.inFeatures;
    const [width] = fixed.outFeatures as readonly [number];
    const given = widths.map((features, i) => filled(300 * features, numbers(i + 1)));
    const x = (rows: number) => {
      const xs = given.map((values, i) => values.slice(0, rows * (widths[i] as number)));
      return (xs.length === 1 ? xs[0] : xs) as Float32Array;
    };
    const floats = net.predict(x(300)) as Float32Array;
    const all = fixed.predict(x(300)) as Float32Array;
    const largest = Math.max(...floats.map(Math.abs));
    const off = all.map((value, i) => Math.abs(value - (floats[i] as number)));
    expect(Math.max(...off) / largest).toBeLessThan(0.05);
    for (const rows of ROWS) expect(difference(fixed.predict(x(rows)) as Float32Array, all.slice(0, rows * width)), `${rows} rows`).toBeUndefined();
    const logits = fixed.logits(x(300)) as Float32Array;
    expect(difference(fixed.logits(x(5)) as Float32Array, logits.slice(0, (logits.length / 300) * 5))).toBeUndefined();
  });

  test('ids, classes, and the memory of `run`', () => {
    using net = sequential(2, [embedding(10, 6), dense(8, 'relu'), dense(4, 'softmax')], { build, maxRows: 3 });
    using fixed = net.freeze({ quantize: int8 });
    const ids = [1, 2, 9, 0, 5, 5];
    expect(fixed.classify(Uint32Array.from(ids))).toEqual(net.classify(Uint32Array.from(ids)));
    const expected = fixed.predict(Float32Array.from(ids));
    fixed.input.set(ids);
    fixed.run(3);
    expect(fixed.output).toEqual(expected);
  });

  test('update has the bits of another freeze', () => {
    const make = (seed: number) => sequential(6, [dense(9, 'relu'), dense(5, 'tanh')], { build, seed });
    using net = make(1);
    using other = make(2);
    using fixed = net.freeze({ quantize: int8 });
    using expected = other.freeze({ quantize: int8 });
    const x = filled(12 * 6, numbers(3));
    expect(fixed.predict(x)).not.toEqual(expected.predict(x));
    fixed.update(copyParameters(other));
    expect(difference(fixed.predict(x), expected.predict(x))).toBeUndefined();
  });

  test('a row that is not finite makes itself NaN alone', () => {
    using net = sequential(4, [dense(6, 'relu'), dense(2)], { build });
    using fixed = net.freeze({ quantize: int8 });
    const x = filled(5 * 4, numbers(4));
    const clean = fixed.predict(x);
    x[9] = Number.POSITIVE_INFINITY;
    const found = fixed.predict(x);
    found.forEach((value, i) => {
      expect(value).toBe(Math.floor(i / 2) === 2 ? Number.NaN : clean[i]);
    });
  });

  test('all memory is given back', () => {
    using net = sequential(40, [dense(60, 'tanh'), dense(50, 'relu'), dense(10, 'softmax')], { build });
    const { memory } = coreOf(build);
    const x = filled(256 * 40, numbers(5));
    const once = () => {
      using fixed = net.freeze({ quantize: int8 });
      fixed.predict(x.slice(0, 40));
      fixed.predict(x);
    };
    once();
    const bytes = memory.buffer.byteLength;
    for (let i = 0; i < sweep(300, 40); i++) once();
    expect(memory.buffer.byteLength).toBe(bytes);
  });

  test('it outlives its network, says what it is, and after its end says so', () => {
    const net = sequential(4, [dense(3, 'softmax')], { build });
    const fixed = net.freeze({ quantize: int8 });
    const x = filled(8, numbers(8));
    const expected = fixed.predict(x);
    net.dispose();
    expect(fixed.predict(x)).toEqual(expected);
    expect(String(fixed)).toBe('Predictor 4 → 3');
    fixed.dispose();
    for (const call of [() => fixed.predict(x), () => fixed.update(new Float32Array(15)), () => save(fixed), () => fixed.run()])
      expect(call).toThrow(DisposedError);
    expect(() => fixed.predict(x)).toThrow('predict: the predictor was disposed');
  });

  test('memory refused at any allocation is a MemoryError, and all that was allocated is freed', () => {
    using net = sequential(6, [dense(9, 'tanh'), dense(5, 'relu')], { build });
    const core = coreOf(build);
    const x = filled(12 * 6, numbers(6));
    const once = () => {
      using fixed = net.freeze({ quantize: int8 });
      fixed.predict(x);
      using again = load(save(fixed), { quantize: int8, build });
      again.predict(x);
    };
    let refused = 0;
    for (let isDone = false; !isDone; ) {
      let calls = 0;
      const live = new Set<number>();
      const [allocate, free] = [core.allocate.bind(core), core.free.bind(core)];
      vi.spyOn(core, 'free').mockImplementation((address) => {
        live.delete(address);
        free(address);
      });
      vi.spyOn(core, 'allocate').mockImplementation((bytes, what) => {
        if (calls++ === refused) throw new MemoryError(what, bytes, bytes);
        const address = allocate(bytes, what);
        live.add(address);
        return address;
      });
      try {
        once();
        isDone = true;
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        refused++;
      } finally {
        vi.restoreAllMocks();
      }
      expect([...live], `refused number ${refused}`).toEqual([]);
    }
    expect(refused).toBeGreaterThan(15);
  });

  test('what is no quantization, and a layer of too many inputs, are refused', () => {
    using net = sequential(4, [dense(2)], { build });
    // @ts-expect-error a name is not enough
    expect(() => net.freeze({ quantize: 'int8' })).toThrow(new ValueError('freeze: quantize is "int8", expected int8 of neurite/int8'));
    // @ts-expect-error int8 in place of the options
    expect(() => net.freeze(int8)).toThrow(new ValueError('freeze: there is no option "name", expected quantize; pass it as { quantize: int8 }'));
    // @ts-expect-error the same
    expect(() => net.freeze({ quantize: null })).toThrow(ValueError);
    // @ts-expect-error there is none
    expect(() => net.freeze({ quantise: int8 })).toThrow(ValueError);
    using wide = sequential(MOST_INPUTS + 1, [dense(1)], { build });
    expect(() => wide.freeze({ quantize: int8 })).toThrow(
      new ShapeError('int8: a layer has 133145 inputs, expected at most 133144, whose sums 32 bits hold'),
    );
    using most = sequential(MOST_INPUTS, [dense(1)], { build });
    using fixed = most.freeze({ quantize: int8 });
    const x = new Float32Array(MOST_INPUTS).fill(1);
    const expected = most.predict(x)[0] as number;
    expect(Math.abs((fixed.predict(x)[0] as number) - expected)).toBeLessThan(0.05);
  });
});
