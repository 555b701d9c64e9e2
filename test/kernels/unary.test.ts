import { afterAll, describe, expect, test } from 'vitest';
import { Form, Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { opcodesOf } from '../forms.js';
import { unaryFunctions } from '../oracle/functions.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, DENORMAL, EPSILON, filled, numbers } from './numbers.js';
import { spacing, ulps } from './ulp.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const infinity = Number.POSITIVE_INFINITY;

const largest = 3.4028234663852886e38;
const specials = [0, -0, infinity, Number.NaN, -infinity, DENORMAL, -DENORMAL, 2 ** -126, 1, -1, largest, -largest, 89, -104, 1e-6, -1e-6, 8, -16];

/** Numbers with special ones between them, so that those meet every place in a vector. */
const values = filled(67, numbers(1, -6, 6));
specials.forEach((value, i) => {
  values[(i * 11) % 67] = value;
});

interface Case {
  name: keyof typeof unaryFunctions;
  alpha: number;
  beta: number;
}

const cases = (
  [
    ...(['Copy', 'Abs', 'Square', 'Sqrt', 'Exp', 'Expm1', 'Log', 'Log1p', 'Erf', 'Erfc', 'Sigmoid', 'Tanh', 'Relu', 'Softplus'] as const).map(
      (name) => ({
        name,
        alpha: 0.7,
        beta: -0.3,
      }),
    ),
    { name: 'Affine', alpha: 1.7, beta: -3 },
    { name: 'Affine', alpha: -1, beta: 1 },
    { name: 'LeakyRelu', alpha: 0.01, beta: 0 },
    { name: 'LeakyRelu', alpha: -0.5, beta: 0 },
    { name: 'LeakyRelu', alpha: 3, beta: 0 },
    { name: 'Heaviside', alpha: 0, beta: 0 },
    { name: 'Heaviside', alpha: 0.5, beta: 0 },
    { name: 'Heaviside', alpha: 1, beta: 0 },
    { name: 'Pow', alpha: 3, beta: 0 },
    { name: 'Pow', alpha: -1.5, beta: 0 },
    { name: 'Clip', alpha: -1, beta: 0.75 },
    { name: 'Clip', alpha: -infinity, beta: 2 },
  ] as Case[]
).map((one): Case => ({ ...one, alpha: Math.fround(one.alpha), beta: Math.fround(one.beta) }));

const approximated = new Set<Case['name']>(['Exp', 'Expm1', 'Log', 'Log1p', 'Erf', 'Erfc', 'Sigmoid', 'Tanh', 'Softplus']);

/** ½ ulp where the result is rounded once, 2 for the functions whose own bounds functions.test.ts asserts; an Affine rounds its product too. */
function boundOf({ name, alpha }: Case, x: number, exact: number): number {
  if (name === 'Affine' && Number.isFinite(x)) return 0.5 + (Math.abs(alpha * x) * EPSILON) / spacing(exact);
  if (name === 'Pow') return 0.501;
  return approximated.has(name) ? 2 : 0.5;
}

test('every opcode of the form is tried', () => {
  const missing = opcodesOf(Form.Unary).filter((name) => !cases.some((one) => one.name === name));
  expect(missing, `add ${missing.join(', ')} to the cases above, and its float64 function to test/oracle/functions.ts`).toEqual([]);
});

describe.each(builds)('unary functions, %s', (build) => {
  const machine = machines.get(build) as Machine;

  function apply({ name, alpha, beta }: Case, x: Float32Array, shift = 0, inPlace = false): Float32Array {
    machine.clear();
    const source = machine.tensor(x, shift);
    const target = inPlace ? source : machine.tensor(x.length, (shift * 3) & 3);
    machine.run([Opcode[name], target, source, x.length, bits(alpha), bits(beta)]);
    return machine.read(target, x.length);
  }

  test.each(cases)('$name with α = $alpha, β = $beta', (one) => {
    const whole = apply(one, values);
    whole.forEach((y, i) => {
      const x = values[i] as number;
      const exact = unaryFunctions[one.name](x, one.alpha, one.beta);
      expect(ulps(y, exact), `${y} for ${exact} at ${x}`).toBeLessThanOrEqual(boundOf(one, x, exact));
    });

    // an element's bits depend on nothing but its own value
    const expected = bitsOf(whole);
    values.forEach((x, i) => {
      expect(bitsOf(apply(one, Float32Array.of(x)))).toEqual([expected[i]]);
    });
    for (let n = 0; n <= 67; n++) {
      for (let shift = 0; shift < 4; shift++) {
        for (const inPlace of [false, true]) {
          expect(bitsOf(apply(one, values.subarray(0, n), shift, inPlace)), `n ${n}, shift ${shift}, in place ${inPlace}`).toEqual(
            expected.slice(0, n),
          );
        }
      }
    }
  });

  test('an opcode that is none traps', () => {
    const x = machine.tensor([1, 2, 3]);
    expect(() => machine.run([31, x, x, 3, 0, 0])).toThrow(WebAssembly.RuntimeError);
  });
});
