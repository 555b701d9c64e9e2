/** Results in an array of the caller's: wherever it lies, the numbers are those of a new one. */
import { type AnyNetwork, dense, input, meanSquaredError, network, scale, sequential, sgd } from 'neurite';
import { hessian, hvp, inputGradient, inputHessian, inputHvp, jacobian, jvp, parameterJacobian, perSampleGradients } from 'neurite/derivatives';
import { population } from 'neurite/population';
import { afterAll, describe, expect, test } from 'vitest';

/** More than one run of predictions takes, and of Jacobians. */
const ROWS = 600;
/** Of what runs row by row. */
const FEW = 40;
const made: { dispose(): void }[] = [];
const keep = <T extends { dispose(): void }>(one: T): T => {
  made.push(one);
  return one;
};
afterAll(() => {
  for (const one of made) one.dispose();
});

const bareInput = input(2);
const make = (out: number) =>
  sequential(3, [dense(4, 'tanh'), dense(out, 'tanh')], { loss: meanSquaredError(), optimizer: sgd(), seed: 5, maxRows: ROWS });
const scalar = keep(make(1));
const wide = keep(make(5));
const nets = keep(population(make(5), 3));
const y = new Float32Array(ROWS).map((_, i) => Math.cos(i));
const v = new Float32Array(wide.parameterCount).map((_, i) => Math.sin(i + 1));
const perRow = new Float32Array(ROWS * 3).map((_, i) => Math.sin(3 * i));
const targets = new Float32Array(ROWS * 5).map((_, i) => Math.sin(2 * i) / 2);

type Call = (x: Float32Array, out?: Float32Array<ArrayBuffer>) => Float32Array;
const frozen = keep(wide.freeze());
const calls: Record<string, Call> = {
  predict: (x, out) => (out === undefined ? wide.predict(x) : wide.predict(x, out)),
  logits: (x, out) => (out === undefined ? wide.logits(x) : wide.logits(x, out)),
  'predict of a frozen one': (x, out) => (out === undefined ? frozen.predict(x) : frozen.predict(x, out)),
  'predict of a population': (x, out) => nets.predict(x, out),
  'predictEach of a population': (x, out) => nets.predictEach(x, out),
  jacobian: (x, out) => jacobian(wide, x, { out }),
  parameterJacobian: (x, out) => parameterJacobian(wide, x.subarray(0, FEW * 3), { out }),
  perSampleGradients: (x, out) => perSampleGradients(wide, x.subarray(0, FEW * 3), targets.subarray(0, FEW * 5), { out }),
  inputHessian: (x, out) => inputHessian(scalar, x, { out }),
  inputHvp: (x, out) => inputHvp(scalar, x, perRow, { out }),
  inputGradient: (x, out) => inputGradient(wide, x, targets, { out }),
  hvp: (x, out) => hvp(wide, x, targets, v, { out }),
  hessian: (x, out) => hessian(scalar, x, y, { out }),
};

const rowsOf = (n: number) => new Float32Array(n).map((_, i) => Math.sin(i));
const inputOf = (name: string) => rowsOf(name.startsWith('predictEach') ? 3 * ROWS * 3 : ROWS * 3);

describe.each(Object.entries(calls))('%s', (name, call) => {
  const expected = call(inputOf(name)).slice();

  test('fills out, which is returned', () => {
    const out = new Float32Array(expected.length).fill(Number.NaN);
    expect(call(inputOf(name), out)).toBe(out);
    expect(out).toEqual(expected);
  });

  test.each([0, 1, 900])('out lies where x does, %d numbers on', (offset) => {
    const x = inputOf(name);
    const both = new Float32Array(Math.max(offset + expected.length, x.length) + 8).fill(7);
    const out = both.subarray(offset, offset + expected.length);
    both.set(x);
    call(both.subarray(0, x.length), out);
    expect(out).toEqual(expected);
    const end = offset + expected.length;
    expect(both.subarray(Math.max(end, x.length))).toEqual(new Float32Array(both.length - Math.max(end, x.length)).fill(7));
  });

  test('out before x', () => {
    const x = inputOf(name);
    const both = new Float32Array(x.length + expected.length);
    const at = Math.min(64, expected.length);
    both.set(x, at);
    const out = both.subarray(0, expected.length);
    call(both.subarray(at, at + x.length), out);
    expect(out).toEqual(expected);
  });

  test('another length, another kind', () => {
    const { length } = expected;
    for (const out of [new Float32Array(length + 1), new Float64Array(length), Array.from(expected), 3, null]) {
      // What is no array are the options of a prediction.
      if (name === 'predict' && out === null) continue;
      expect(() => call(inputOf(name), out as never)).toThrow(new RegExp(`out is .*expected a Float32Array of ${length}`));
    }
  });

  test('the methods of a subclass are not called', () => {
    class Odd extends Float32Array<ArrayBuffer> {
      override set(): void {
        throw new Error('called');
      }
      override subarray(): never {
        throw new Error('called');
      }
      override get buffer(): never {
        throw new Error('called');
      }
    }
    const out = new Odd(new ArrayBuffer(expected.length * 4));
    call(inputOf(name), out);
    expect(Float32Array.from(out)).toEqual(expected);
  });
});

test('hvp into its own direction, as conjugate gradients do', () => {
  const out = v.slice();
  hvp(wide, rowsOf(ROWS * 3), targets, out, { out });
  expect(out).toEqual(hvp(wide, rowsOf(ROWS * 3), targets, v));
});

test('hvp in float64 is rounded as before, and a list of numbers is taken', () => {
  const expected = hvp(wide, rowsOf(9), targets.subarray(0, 15), v);
  expect(hvp(wide, rowsOf(9), targets.subarray(0, 15), Float64Array.from(v))).toEqual(expected);
  expect(hvp(wide, rowsOf(9), targets.subarray(0, 15), Array.from(v))).toEqual(expected);
});

test('several inputs take no out', async () => {
  const { add } = await import('neurite');
  const [a, b] = [input(2), input(2)];
  using net: AnyNetwork = network({ inputs: [a, b], outputs: dense(1)(add(a, b)), loss: meanSquaredError() });
  const of = inputGradient as (...given: unknown[]) => unknown;
  expect(() =>
    of(
      net,
      [
        [1, 2],
        [3, 4],
      ],
      [1],
      { out: new Float32Array(2) },
    ),
  ).toThrow('inputGradient: out came for a network of 2 inputs, expected none');
});

describe('reading what comes after detaches what came before', () => {
  /** A list that detaches an array when it is read. */
  const detaching = (numbers: number[], victim: Float32Array<ArrayBuffer>) =>
    new Proxy(numbers, {
      get(target, name, receiver) {
        if (name === '0' && victim.byteLength > 0) structuredClone(victim, { transfer: [victim.buffer] });
        return Reflect.get(target, name, receiver);
      },
    });

  test('hvp: y takes v', () => {
    const direction = v.slice();
    expect(() => hvp(wide, rowsOf(3), detaching([1, 1, 1, 1, 1], direction), direction)).toThrow(/hvp: v had 41 numbers and now has 0/);
  });

  test('jvp: direction.parameters takes direction.x', () => {
    const x = rowsOf(99);
    const parameters = detaching(Array.from(v), x);
    expect(() => jvp(wide, rowsOf(99), { x, parameters })).toThrow(/jvp: direction.x had 99 numbers and now has 0/);
  });

  test('hvp: y takes out', () => {
    const out = v.slice();
    expect(() => hvp(wide, rowsOf(3), detaching([1, 1, 1, 1, 1], out), v, { out })).toThrow(/hvp: out is .*expected a Float32Array of 41/);
  });
});

test('two SharedArrayBuffers may be one memory', () => {
  const one = new SharedArrayBuffer(4 * 5 * ROWS);
  const other = structuredClone(one);
  const x = new Float32Array(one, 0, 3 * ROWS);
  const out = new Float32Array(other, 0, 5 * ROWS);
  x.set(rowsOf(3 * ROWS));
  const expected = wide.predict(rowsOf(3 * ROWS));
  wide.predict(x, out);
  expect(Float32Array.from(out)).toEqual(expected);
  // So few numbers are not copied where they are read.
  const few = new Float32Array(one, 0, 6);
  few.set(rowsOf(6));
  const slopes = parameterJacobian(wide, rowsOf(6));
  const into = new Float32Array(other, 0, slopes.length);
  parameterJacobian(wide, few, { out: into as never });
  expect(Float32Array.from(into)).toEqual(slopes);
});

test('an out of no numbers that was detached is filled with them', () => {
  const bare = network({ inputs: bareInput, outputs: scale(bareInput, 2), loss: meanSquaredError() });
  const out = new Float32Array(0);
  structuredClone(out, { transfer: [out.buffer] });
  expect(perSampleGradients(bare, [[1, 2]], [[1, 2]], { out })).toBe(out);
});

test('a view of the network is an out: its parameters, its output', () => {
  const x = rowsOf(ROWS * 3);
  using net = make(5);
  const expected = hvp(net, x, targets, v);
  const out = net.parameters as Float32Array<ArrayBuffer>;
  hvp(net, x, targets, v, { out });
  expect(net.parameters).toEqual(expected);
  using other = make(5);
  const predicted = other.predict(x);
  const output = other.output;
  expect(other.predict(x, output)).toEqual(predicted);
});
