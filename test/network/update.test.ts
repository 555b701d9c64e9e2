import { runInNewContext } from 'node:vm';
import {
  type AnyNetwork,
  adam,
  add,
  batchNorm,
  concat,
  copyParameters,
  DisposedError,
  dense,
  dropout,
  embedding,
  input,
  layerNorm,
  meanSquaredError,
  network,
  relu,
  ShapeError,
  sequential,
  softmax,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { builds } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { filled, numbers } from '../kernels/numbers.js';
import { sweep } from '../sweep.js';

/** Rows around the tile's four and six, one, and more than one program runs on. */
const ROWS = [1, 2, 3, 4, 5, 7, 8, 13, 64, 257];

/** Networks of each seed, with all that a predictor keeps apart: packed weights, weights that are not packed, states. */
const cases: Record<string, (build: 'simd' | 'relaxed', seed: number) => AnyNetwork> = {
  'a sequence': (build, seed) => sequential(5, [dense(16, 'tanh'), dense(9, 'relu'), dense(3, 'softmax')], { build, seed }),
  'partial sums': (build, seed) => sequential(700, [dense(33, 'relu'), dense(1)], { build, seed }),
  'no bias': (build, seed) => sequential(6, [dense(4, { bias: false }), dense(8, 'relu', { bias: false })], { build, seed }),
  'norms and dropout': (build, seed) => sequential(4, [dense(7), batchNorm(), relu, dropout(0.5), dense(5), layerNorm(), dense(2)], { build, seed }),
  'a layer used twice, a product used raw': (build, seed) => {
    const [x, y] = [input(7), input(7)];
    const shared = dense(10, { bias: false });
    const [a, b] = [shared(x), shared(y)];
    return network({ inputs: [x, y], outputs: [dense(2)(concat(relu(a), add(a, b)))], build, seed });
  },
  'no weights to pack': (build, seed) => sequential(3, [layerNorm()], { build, seed }),
  'no parameters': (build, seed) => sequential(3, [(x) => softmax(x)], { build, seed }),
};

/** Other values for everything that a network has. */
function redraw(net: AnyNetwork, seed: number): void {
  const next = numbers(seed, 0.1, 1);
  const all = copyParameters(net);
  for (const name of names(net)) {
    const view = net.parameter(name).values;
    view.set(filled(view.length, next));
  }
  if (all.length > 0) expect(copyParameters(net)).not.toEqual(all);
}

/** The names of parameters, and of the states of the layers. */
function names(net: AnyNetwork): string[] {
  return [...new Set(net.layers.flatMap((layer) => Object.values(layer.parameters).map(({ name }) => name)))];
}

function rowsFor(widths: readonly number[], rows: number, seed: number): Float32Array {
  const next = numbers(seed);
  const xs = widths.map((width) => filled(rows * width, next));
  return (xs.length === 1 ? xs[0] : xs) as Float32Array;
}

describe.each(builds)('update, %s build', (build) => {
  test.each(Object.entries(cases))('%s: the bits of a new freeze(), for any number of rows', (_, make) => {
    using net = make(build, 1);
    using player = net.freeze();
    const widths = player.inFeatures;
    // Programs that were compiled before go on with the new parameters.
    for (const rows of ROWS) player.predict(rowsFor(widths, rows, rows));
    const { memory } = coreOf(build);
    for (let round = 0; round < 3; round++) {
      redraw(net, round);
      const values = copyParameters(net);
      const bytes = memory.buffer.byteLength;
      player.update(values);
      expect(memory.buffer.byteLength).toBe(bytes);
      using expected = net.freeze();
      for (const rows of ROWS) {
        const x = rowsFor(widths, rows, rows + round);
        expect(difference(player.predict(x) as Float32Array, expected.predict(x) as Float32Array), `${rows} rows`).toBeUndefined();
        expect(difference(player.logits(x) as Float32Array, expected.logits(x) as Float32Array), `${rows} rows`).toBeUndefined();
      }
    }
  });

  test('ids: an embedding is replaced too', () => {
    using net = sequential(2, [embedding(20, 3), dense(4)], { build, seed: 3 });
    using player = net.freeze();
    const ids = Float32Array.of(3, 19, 0, 7);
    player.predict(ids);
    redraw(net, 4);
    player.update(net.parameters);
    using expected = net.freeze();
    expect(player.predict(ids)).toEqual(expected.predict(ids));
  });

  test('run() on a view taken before has the new parameters', () => {
    using net = sequential(2, [dense(3)], { build, seed: 1, maxRows: 2 });
    using player = net.freeze();
    const { input: given, output } = player;
    given.set([1, 2, 3, 4]);
    player.run(2);
    redraw(net, 1);
    player.update(net.parameters);
    player.run(2);
    expect(output).toEqual(net.predict(Float32Array.of(1, 2, 3, 4)));
  });

  test('without the states, those stay; with them, they are replaced', () => {
    const make = (seed: number) => sequential(3, [dense(4), batchNorm(), dense(2)], { build, seed });
    using net = make(1);
    using player = net.freeze();
    const before = copyParameters(net);
    redraw(net, 9);
    const after = copyParameters(net);
    expect(after.length).toBe(net.parameterCount + 2 * 4);
    expect(after.subarray(0, net.parameterCount)).toEqual(net.parameters);
    player.update(after.subarray(0, net.parameterCount));
    using mixed = make(2);
    const x = filled(3 * 6, numbers(1));
    // What was trained is new, the statistics are old.
    mixed.parameters.set(net.parameters);
    const states = names(net).filter((name) => !net.parameterNames.includes(name));
    let from = net.parameterCount;
    for (const name of states) {
      const { values } = mixed.parameter(name);
      values.set(before.subarray(from, from + values.length));
      from += values.length;
    }
    expect(from).toBe(after.length);
    expect(player.predict(x)).toEqual(mixed.predict(x));
    player.update(after);
    expect(player.predict(x)).toEqual(net.predict(x));
  });

  test('arrays from anywhere: a view, another memory, another thread, another realm, shared, a subclass', async () => {
    using net = sequential(3, [dense(8, 'tanh'), dense(1)], { build, seed: 1 });
    using other = sequential(3, [dense(8, 'tanh'), dense(1)], { build: 'simd', seed: 2 });
    using player = net.freeze();
    const x = filled(3 * 5, numbers(2));
    const wanted = other.parameters.slice();
    const n = wanted.length;
    const padded = new Float32Array(n + 2);
    padded.set(wanted, 1);
    const { port1, port2 } = new MessageChannel();
    const sent = wanted.slice();
    const arrived = new Promise<Float32Array>((resolve) => {
      port2.onmessage = ({ data }) => resolve(data);
    });
    port1.postMessage(sent, [sent.buffer]);
    class Own extends Float32Array {
      override set(): never {
        throw new Error('not to be called');
      }
      override get length(): number {
        return 1;
      }
    }
    const own = new Own(n);
    Float32Array.prototype.set.call(own, wanted);
    const shared = new Float32Array(new SharedArrayBuffer(4 * n));
    shared.set(wanted);
    const forms: Record<string, Float32Array> = {
      view: padded.subarray(1, n + 1),
      'linear memory': other.parameters,
      transferred: await arrived,
      'another realm': runInNewContext('Float32Array.from(values)', { values: [...wanted] }),
      shared,
      subclass: own,
    };
    port1.close();
    const expected = load(other, build, x);
    for (const [form, values] of Object.entries(forms)) {
      player.update(net.parameters);
      expect(player.predict(x), form).not.toEqual(expected);
      player.update(values);
      expect(player.predict(x), form).toEqual(expected);
    }
    expect(sent.length).toBe(0);
    expect(() => player.update(sent)).toThrow(new ShapeError(`update: parameters is a Float32Array of 0, expected a Float32Array of ${n}`));
  });

  test('the predictor’s own memory may hold them', () => {
    using net = sequential(9, [dense(1)], { build, seed: 1, maxRows: 2 });
    using player = net.freeze();
    const { input: given } = player;
    given.set(filled(18, numbers(4)));
    const own = given.subarray(3, 13);
    const wanted = own.slice();
    player.update(own);
    net.parameters.set(wanted);
    const x = filled(9, numbers(5));
    expect(player.predict(x)).toEqual(net.predict(x));
  });

  test('bad input is a typed error, and nothing is changed', () => {
    using net = sequential(5, [dense(16, 'tanh'), batchNorm(), dense(9, 'relu'), dense(3, 'softmax')], { build, seed: 1 });
    using player = net.freeze();
    const x = filled(5 * 20, numbers(1));
    const before = player.predict(x);
    const n = net.parameterCount;
    const all = n + 2 * 16;
    const with_ = (value: number, at: number, length = n) =>
      copyParameters(net)
        .subarray(0, length)
        .fill(value, at, at + 1);
    const expected = `expected a Float32Array of ${n}, or of ${all} with the states`;
    const wrong: [unknown, new (...args: never[]) => Error, string][] = [
      [undefined, ShapeError, `update: parameters is undefined, ${expected}`],
      [new Float32Array(n - 1), ShapeError, `update: parameters is a Float32Array of ${n - 1}, ${expected}`],
      [new Float32Array(n + 1), ShapeError, `update: parameters is a Float32Array of ${n + 1}, ${expected}`],
      [new Float32Array(0), ShapeError, `update: parameters is a Float32Array of 0, ${expected}`],
      [new Float64Array(n), ShapeError, `update: parameters is a Float64Array of ${n}, ${expected}`],
      [Array(n).fill(0), ShapeError, `update: parameters is an array of ${n}, ${expected}`],
      [new Float32Array(n).buffer, ShapeError, `update: parameters is an ArrayBuffer, ${expected}`],
      [new Proxy(new Float32Array(n), {}), ShapeError, 'update: parameters is '],
      [net, ShapeError, 'update: parameters is '],
      [with_(Number.NaN, 0), ValueError, 'update: parameters[0] is NaN, expected a finite number'],
      [with_(Number.POSITIVE_INFINITY, n - 1), ValueError, `update: parameters[${n - 1}] is Infinity, expected a finite number`],
      [with_(Number.NEGATIVE_INFINITY, all - 1, all), ValueError, `update: parameters[${all - 1}] is -Infinity, expected a finite number`],
    ];
    for (const [given, kind, message] of wrong) {
      expect(() => player.update(given as never)).toThrow(kind as never);
      expect(() => player.update(given as never)).toThrow(message);
      expect(player.predict(x)).toEqual(before);
    }
    player.dispose();
    expect(() => player.update(net.parameters.slice())).toThrow(DisposedError);
  });

  test('code of the caller’s that runs while rows are read: before the prediction, never amid it', () => {
    using net = sequential(2, [dense(3, 'tanh'), dense(1)], { build, seed: 1 });
    using player = net.freeze();
    redraw(net, 1);
    // More rows than one program runs on: each has the new parameters.
    const rows = Array.from({ length: 600 }, (_, i) => [i, 1]);
    Object.defineProperty(rows[400], 0, {
      get: () => {
        player.update(net.parameters);
        return 400;
      },
    });
    const x = Array.from({ length: 600 }, (_, i) => [i, 1]);
    expect(player.predict(rows)).toEqual(net.predict(x));
  });

  test('during a fit, from its callbacks, a predictor follows', async () => {
    using net = sequential(2, [dense(8, 'tanh'), dense(1)], { build, seed: 1, loss: meanSquaredError(), optimizer: adam() });
    using player = net.freeze();
    const x = filled(2 * 64, numbers(1));
    const y = x.filter((_, i) => i % 2 === 0);
    const values = copyParameters(net);
    let epochs = 0;
    await net.fit(
      { x, y },
      {
        epochs: 5,
        onEpoch: () => {
          player.update(copyParameters(net, values));
          expect(player.predict(x)).toEqual(net.predict(x));
          epochs++;
        },
      },
    );
    expect(epochs).toBe(5);
  });

  test('fuzz: any sizes, any order of updates, refused ones and predictions', () => {
    const next = numbers(77, 0, 1);
    const upTo = (n: number) => 1 + Math.floor(next() * n);
    for (let round = 0; round < sweep(60, 8); round++) {
      const widths = Array.from({ length: upTo(3) }, () => upTo(40));
      const inFeatures = upTo(40);
      const make = (seed: number) =>
        sequential(
          inFeatures,
          widths.flatMap((width, i) => [
            dense(width, i % 2 ? 'relu' : 'tanh', { bias: next() < 2 && (width + i) % 3 !== 0 }),
            ...(width % 4 ? [] : [batchNorm()]),
          ]),
          { build, seed },
        );
      using net = make(round);
      using player = net.freeze();
      let current = net.freeze();
      for (let i = 0; i < 12; i++) {
        const act = next();
        const values = copyParameters(net);
        if (act < 0.4) {
          redraw(net, round * 100 + i);
          player.update(copyParameters(net, values));
          current.dispose();
          current = net.freeze();
        } else if (act < 0.7 && values.length > 0) {
          const odd = filled(values.length, numbers(i));
          odd[Math.floor(next() * odd.length)] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][upTo(3) - 1] as number;
          expect(() => player.update(odd)).toThrow(ValueError);
          expect(() => player.update(odd.subarray(1))).toThrow();
        }
        const rows = upTo(300);
        const x = filled(rows * inFeatures, numbers(i));
        expect(difference(player.predict(x), current.predict(x)), `round ${round}: ${inFeatures}-${widths}, ${rows} rows`).toBeUndefined();
      }
      current.dispose();
    }
  });
});

/** What a network of another build predicts with its parameters in this one. */
function load(net: AnyNetwork, build: 'simd' | 'relaxed', x: Float32Array): Float32Array {
  using same = sequential(3, [dense(8, 'tanh'), dense(1)], { build });
  same.parameters.set(net.parameters);
  return same.predict(x);
}

describe.each(builds)('copyParameters, %s build', (build) => {
  test('all values in their order, into an array of either length', () => {
    using net = sequential(3, [dense(4), batchNorm(), dense(2)], { build, seed: 1 });
    redraw(net, 1);
    const all = names(net)
      .map((name) => net.parameter(name))
      .sort((a, b) => a.offset - b.offset)
      .flatMap(({ values }) => [...values]);
    expect([...copyParameters(net)]).toEqual(all);
    const out = new Float32Array(net.parameterCount);
    expect(copyParameters(net, out)).toBe(out);
    expect(out).toEqual(net.parameters);
    const whole = new Float32Array(all.length);
    expect(copyParameters(net, whole)).toBe(whole);
    expect([...whole]).toEqual(all);
    // The other length again, and after memory grew.
    redraw(net, 2);
    expect(copyParameters(net, out)).toEqual(net.parameters);
    net.predict(new Float32Array(3 * 100_000));
    using large = sequential(2000, [dense(2000)], { build });
    redraw(net, 3);
    expect(copyParameters(net, out)).toEqual(net.parameters);
    expect(large.parameterCount).toBe(2000 * 2001);
  });

  test('shared parameters that lie apart', () => {
    const x = input(3);
    const [a, b, c] = [dense(4), dense(5), dense(2)];
    const first = a(x);
    using owner = network({ inputs: x, outputs: c(b(first)), build, seed: 1 });
    using part = network({ inputs: x, outputs: first, parametersOf: owner });
    expect(copyParameters(part)).toEqual(owner.parameters.slice(0, part.parameterCount));
    const deep = network({ inputs: x, outputs: c(relu(b(first))), parametersOf: owner });
    expect(copyParameters(deep)).toEqual(copyParameters(owner));
    const input5 = input(5);
    using last = network({ inputs: input5, outputs: c(input5), parametersOf: owner });
    expect(copyParameters(last)).toEqual(owner.parameters.slice(-last.parameterCount));
    // c before a: apart, and in another order.
    using apart = network({ inputs: [input5, x], outputs: [c(input5), first], parametersOf: owner });
    expect(() => apart.parameters).toThrow(ValueError);
    const values = copyParameters(apart);
    using player = apart.freeze();
    const rows = [filled(5, numbers(1)), filled(3, numbers(2))];
    const expected = apart.predict(rows as never);
    player.update(new Float32Array(values.length));
    expect(player.predict(rows as never)).not.toEqual(expected);
    player.update(values);
    expect(player.predict(rows as never)).toEqual(expected);
    deep.dispose();
  });

  test('bad input is a typed error', () => {
    const net = sequential(3, [dense(4)], { build });
    const wrong = [null, 3, new Float32Array(15), new Float64Array(16), Array(16).fill(0), {}];
    for (const out of wrong) expect(() => copyParameters(net, out as never)).toThrow('expected a Float32Array of 16');
    for (const out of wrong.slice(1)) expect(() => copyParameters(net, out as never)).toThrow(ShapeError);
    expect(() => copyParameters({} as never)).toThrow(ValueError);
    net.dispose();
    expect(() => copyParameters(net)).toThrow(DisposedError);
  });
});
