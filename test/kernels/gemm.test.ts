import { afterAll, describe, expect, test } from 'vitest';
import { GemmFlag, Opcode } from '../../assembly/opcodes.js';
import { type Matrix, product } from '../oracle/linear.js';
import { type Build, builds, Machine } from './machine.js';

/** Rows and columns of the register tile, and the depth after which a partial sum meets c (assembly/gemm). */
const MR = 4;
const NR = 8;
const KC = 256;

/** The products that training needs: x·wᵀ, dz·w and dzᵀ·x, by how their operands are stored. */
const forms = { nt: GemmFlag.TransposeB, nn: 0, tn: GemmFlag.TransposeA, tt: GemmFlag.TransposeA | GemmFlag.TransposeB };
type Form = keyof typeof forms;
const training: Form[] = ['nt', 'nn', 'tn'];

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build, 1 << 25)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

/** xorshift32: numbers in [−1, 1) with 24 bits, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >> 8) / 8388608;
  };
}

function filled(n: number, next: () => number): Float32Array {
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) values[i] = next();
  return values;
}

interface Case {
  form: Form;
  m: number;
  n: number;
  k: number;
  accumulate?: boolean;
  /** elements that the operands lie off a 16-byte boundary */
  shift?: number;
}

/** Where op(a)'s and op(b)'s elements lie. */
function operands({ form, m, n, k }: Case, a: ArrayLike<number>, b: ArrayLike<number>): [Matrix, Matrix] {
  const ta = forms[form] & GemmFlag.TransposeA;
  const tb = forms[form] & GemmFlag.TransposeB;
  return [
    { data: a, rowStride: ta ? 1 : k, columnStride: ta ? m : 1 },
    { data: b, rowStride: tb ? 1 : n, columnStride: tb ? k : 1 },
  ];
}

/** The core's product; c starts as `c`, or as NaN. */
function multiply(build: Build, one: Case, a: ArrayLike<number>, b: ArrayLike<number>, c?: ArrayLike<number>): Float32Array {
  const { form, m, n, k, accumulate, shift = 0 } = one;
  const machine = machines.get(build) as Machine;
  machine.clear();
  const x = machine.tensor(a, shift);
  const y = machine.tensor(b, (shift * 2) % 4);
  const z = machine.tensor(c ?? m * n, (shift * 3) % 4);
  const flags = forms[form] | (accumulate ? GemmFlag.Accumulate : 0);
  const lda = forms[form] & GemmFlag.TransposeA ? m : k;
  const ldb = forms[form] & GemmFlag.TransposeB ? k : n;
  machine.run([Opcode.Gemm, z, x, y, m, n, k, lda, ldb, flags]);
  return machine.read(z, m * n);
}

/**
 * The first element of `actual` off the float64 product by more than (k + 1)·ε·Σ|terms|, or undefined: k products and k sums
 * stand in a chain of at most k + ⌈k/KC⌉ roundings for an element's first term (Higham 2002, §3.1: γ_k), ε = 2⁻²⁴.
 */
function wrong(one: Case, a: ArrayLike<number>, b: ArrayLike<number>, actual: Float32Array, c?: ArrayLike<number>): string | undefined {
  const { m, n, k } = one;
  const { value, magnitude } = product(...operands(one, a, b), m, n, k, one.accumulate ? c : undefined);
  const roundings = k + 1 + Math.ceil(k / KC);
  for (let i = 0; i < m * n; i++) {
    const expected = value[i] as number;
    const got = actual[i] as number;
    if (!(Math.abs(got - expected) <= roundings * 2 ** -24 * (magnitude[i] as number) * 1.001)) {
      return `${JSON.stringify(one)}: element ${i} is ${got}, expected ${expected}`;
    }
  }
  return undefined;
}

/** Runs a case on random numbers and says what is wrong with it. */
function check(build: Build, one: Case): string | undefined {
  const { m, n, k } = one;
  const next = numbers(m * 73856093 + n * 19349663 + k * 83492791 + 7);
  const a = filled(m * k, next);
  const b = filled(k * n, next);
  const c = one.accumulate ? filled(m * n, next) : undefined;
  return wrong(one, a, b, multiply(build, one, a, b, c), c);
}

/** Every k-th case in another form, alignment and mode, so that a sweep meets all of them. */
function rotate(i: number, m: number, n: number, k: number): Case {
  return { form: training[i % 3] as Form, m, n, k, accumulate: (i / 3) % 2 >= 1, shift: i % 4 };
}

const edges = [1, 3, MR - 1, MR + 1, NR - 1, NR + 1, 33];

describe.each(builds)('gemm, %s build', (build) => {
  test('m, n and k through 1 … 67 beside the edges of the tile', () => {
    let i = 0;
    for (let long = 1; long <= 67; long++) {
      for (const s of edges) {
        for (const t of edges) {
          for (const [m, n, k] of [[long, s, t], [s, long, t], [s, t, long]] as const) {
            expect(check(build, rotate(i++, m, n, k))).toBeUndefined();
          }
        }
      }
    }
  });

  test('500 random triples up to 200', () => {
    const next = numbers(12345);
    const size = () => 1 + Math.floor((next() + 1) * 100);
    for (let i = 0; i < 500; i++) expect(check(build, rotate(i, size(), size(), size()))).toBeUndefined();
  });
});
