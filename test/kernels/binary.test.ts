import { afterAll, describe, expect, test } from 'vitest';
import { Code, Form, Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { opcodesOf } from '../forms.js';
import { binaryFunctions } from '../oracle/functions.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, close, DENORMAL, EPSILON, filled, numbers } from './numbers.js';
import { ulps } from './ulp.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

type Name = keyof typeof binaryFunctions;

const infinity = Number.POSITIVE_INFINITY;
const largest = 3.4028234663852886e38;
const specials = [0, -0, infinity, -infinity, Number.NaN, DENORMAL, -DENORMAL, 2 ** -126, 1, -1, 0.5, 1 - EPSILON, -3, largest, -largest];
const finite = specials.filter(Number.isFinite);

/** Every pair of two lists, then 4096 pairs of random numbers: a in [lowA, highA), b in [−3, 3). */
function pairs(listA: number[], listB: number[], lowA = -3, highA = 3): [a: Float32Array, b: Float32Array] {
  const nextA = numbers(2, lowA, highA);
  const nextB = numbers(3, -3, 3);
  const a = [...listA.flatMap((value) => listB.map(() => value)), ...filled(4096, nextA)];
  const b = [...listA.flatMap(() => listB), ...filled(4096, nextB)];
  return [Float32Array.from(a), Float32Array.from(b)];
}

const alpha = Math.fround(0.3);

/** Those with a test of their own, and the others, whose values are rounded once. */
const severalRoundings: readonly Name[] = ['SigmoidBackward', 'TanhBackward'];
const roundedOnce = (Object.keys(binaryFunctions) as Name[]).filter((name) => !severalRoundings.includes(name));

test('every opcode of the form is tried', () => {
  const missing = opcodesOf(Form.Binary).filter((name) => !(name in binaryFunctions));
  expect(missing, `add the float64 function of ${missing.join(', ')} to \`binaryFunctions\` of test/oracle/functions.ts`).toEqual([]);
});

describe.each(builds)('binary functions, %s', (build) => {
  const machine = machines.get(build) as Machine;

  /** y = f(a, b); `over` says which operand is overwritten. */
  function apply(name: Name, a: Float32Array, b: Float32Array, shift = 0, over?: 'a' | 'b'): Float32Array {
    machine.clear();
    const left = machine.tensor(a, shift);
    const right = machine.tensor(b, (shift * 3) & 3);
    const target = over === 'a' ? left : over === 'b' ? right : machine.tensor(a.length, (shift * 2 + 1) & 3);
    machine.run([Opcode[name], target, left, right, a.length, bits(alpha)]);
    return machine.read(target, a.length);
  }

  /** y = f(x) by a unary instruction. */
  function map(name: 'Affine' | 'Square' | 'Heaviside', x: Float32Array, factor = 0, offset = 0): Float32Array {
    machine.clear();
    const source = machine.tensor(x);
    const target = machine.tensor(x.length);
    machine.run([Opcode[name], target, source, x.length, bits(factor), bits(offset)]);
    return machine.read(target, x.length);
  }

  test.each(roundedOnce)('%s is rounded once', (name) => {
    const [a, b] = pairs(specials, specials);
    apply(name, a, b).forEach((y, i) => {
      const exact = binaryFunctions[name](a[i] as number, b[i] as number, alpha);
      // the zero of ReluBackward has the sign of du
      const off = name === 'ReluBackward' && exact === 0 ? Math.abs(y) : ulps(y, exact);
      expect(off, `${y} for ${exact} of ${a[i]} and ${b[i]}`).toBeLessThanOrEqual(0.5);
    });
  });

  test('SigmoidBackward for u in [0, 1]', () => {
    const [u, du] = pairs([0, DENORMAL, 2 ** -126, 0.5, 1 - EPSILON, 1], finite, 0, 1);
    apply('SigmoidBackward', u, du).forEach((y, i) => {
      const exact = binaryFunctions.SigmoidBackward(u[i] as number, du[i] as number);
      // three roundings; those of denormals are absolute, and multiplied by du
      const bound = 3.01 * EPSILON * Math.abs(exact) + DENORMAL * (1 + Math.abs(du[i] as number));
      expect(close(y, exact, bound), `${y} for ${exact} of ${u[i]} and ${du[i]}`).toBe(true);
    });
  });

  test('TanhBackward for u in [−1, 1]', () => {
    const [u, du] = pairs([0, -0, DENORMAL, -(2 ** -126), 0.5, 1 - EPSILON, 1, -1], finite, -1, 1);
    apply('TanhBackward', u, du).forEach((y, i) => {
      const exact = binaryFunctions.TanhBackward(u[i] as number, du[i] as number);
      // u² is off by εu², which the difference keeps; then two roundings of the result
      const square = (u[i] as number) ** 2;
      const bound = EPSILON * Math.abs(du[i] as number) * (square + 2.01 * (1 - square)) + DENORMAL;
      expect(close(y, exact, bound), `${y} for ${exact} of ${u[i]} and ${du[i]}`).toBe(true);
    });
  });

  test.each(Object.keys(binaryFunctions) as Name[])('%s at every length and shift, in place too', (name) => {
    const a = filled(67, numbers(4, -3, 3));
    const b = filled(67, numbers(5, -3, 3));
    specials.forEach((value, i) => {
      a[(i * 9) % 67] = value;
      b[(i * 13) % 67] = value;
    });
    const expected = bitsOf(apply(name, a, b));
    for (let n = 0; n <= 67; n++) {
      for (let shift = 0; shift < 4; shift++) {
        for (const over of [undefined, 'a', 'b'] as const) {
          const y = apply(name, a.subarray(0, n), b.subarray(0, n), shift, over);
          expect(bitsOf(y), `n ${n}, shift ${shift}, over ${over}`).toEqual(expected.slice(0, n));
        }
      }
    }
  });

  describe('has the bits of its composition:', () => {
    test('ReluBackward = du · step(u), for finite du', () => {
      const [u, du] = pairs(specials, finite);
      expect(bitsOf(apply('ReluBackward', u, du))).toEqual(bitsOf(apply('Mul', du, map('Heaviside', u))));
    });

    test('SigmoidBackward = du · (u · (−u + 1))', () => {
      const [u, du] = pairs(specials, specials);
      expect(bitsOf(apply('SigmoidBackward', u, du))).toEqual(bitsOf(apply('Mul', du, apply('Mul', u, map('Affine', u, -1, 1)))));
    });

    test('TanhBackward = du · (−u² + 1)', () => {
      const [u, du] = pairs(specials, specials);
      expect(bitsOf(apply('TanhBackward', u, du))).toEqual(bitsOf(apply('Mul', du, map('Affine', map('Square', u), -1, 1))));
    });
  });

  test('an opcode that is none traps', () => {
    const x = machine.tensor([1, 2, 3]);
    expect(() => machine.run([(Form.Binary << Code.FormShift) | 31, x, x, x, 3, 0])).toThrow(WebAssembly.RuntimeError);
  });
});
