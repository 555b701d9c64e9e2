import { GemmFlag, Opcode } from '../../assembly/opcodes.js';
import { type Matrix, product } from '../oracle/linear.js';
import type { Machine } from './machine.js';
import { close, DENORMAL, EPSILON, filled, numbers } from './numbers.js';

/** Rows (low and high) and columns of the register tile, and the terms that are summed before they meet c (assembly/gemm). */
export const MR = [4, 6] as const;
export const NR = 8;
export const KC = 512;

/** How the operands are stored: n as they are, t as the transpose. x·wᵀ is nt, dz·w nn, dzᵀ·x tn. */
const flags = { nt: GemmFlag.TransposeB, nn: 0, tn: GemmFlag.TransposeA, tt: GemmFlag.TransposeA | GemmFlag.TransposeB };
export type Form = keyof typeof flags;

/** The forms that training needs. */
export const training: Form[] = ['nt', 'nn', 'tn'];

/** A product of op(a)[m, k] and op(b)[k, n]. */
export interface Case {
  form: Form;
  m: number;
  n: number;
  k: number;
  accumulate?: boolean;
  /** elements by which the operands lie off a 16-byte boundary */
  shift?: number;
}

export interface Operands {
  a: Float32Array;
  b: Float32Array;
  /** what c holds before; NaNs where nothing is accumulated */
  c: Float32Array | undefined;
}

export function operands({ m, n, k, accumulate }: Case): Operands {
  const next = numbers(m * 73856093 + n * 19349663 + k * 83492791);
  return { a: filled(m * k, next), b: filled(k * n, next), c: accumulate ? filled(m * n, next) : undefined };
}

/** Element (i, p) of op(a) and (p, j) of op(b). */
function matrices({ form, m, n, k }: Case, { a, b }: Operands): [Matrix, Matrix] {
  const ta = flags[form] & GemmFlag.TransposeA;
  const tb = flags[form] & GemmFlag.TransposeB;
  return [
    { data: a, rowStride: ta ? 1 : k, columnStride: ta ? m : 1 },
    { data: b, rowStride: tb ? 1 : n, columnStride: tb ? k : 1 },
  ];
}

/** The core's product. */
export function multiply(machine: Machine, one: Case, { a, b, c }: Operands): Float32Array {
  const { form, m, n, k, accumulate, shift = 0 } = one;
  machine.clear();
  const x = machine.tensor(a, shift);
  const y = machine.tensor(b, (shift * 2) % 4);
  const z = machine.tensor(c ?? m * n, (shift * 3) % 4);
  const lda = flags[form] & GemmFlag.TransposeA ? m : k;
  const ldb = flags[form] & GemmFlag.TransposeB ? k : n;
  machine.run([Opcode.Gemm, z, x, y, m, n, k, lda, ldb, flags[form] | (accumulate ? GemmFlag.Accumulate : 0)]);
  return machine.read(z, m * n);
}

/**
 * What is wrong with the core's product, if anything. A term takes part in at most one product, k sums and one sum per 512 terms and
 * with c, so with ε = 2⁻²⁴ an element may be off by (k + ⌈k/512⌉ + 1)·ε·Σ|terms| to first order (Higham 2002, §3.1), of which 1 % more
 * covers the rest, and each product may lose half the smallest denormal.
 */
export function check(machine: Machine, one: Case, inputs = operands(one)): string | undefined {
  const { m, n, k } = one;
  const actual = multiply(machine, one, inputs);
  const { value, magnitude } = product(...matrices(one, inputs), m, n, k, inputs.c);
  const roundings = (k + Math.ceil(k / KC) + 1) * 1.01;
  for (let i = 0; i < m * n; i++) {
    const expected = value[i] as number;
    if (!close(actual[i], expected, roundings * EPSILON * (magnitude[i] as number) + k * DENORMAL)) {
      return `${JSON.stringify(one)}: element ${i} is ${actual[i]}, expected ${expected}`;
    }
  }
  return undefined;
}

/** The first element in which two results differ by a bit, or undefined. NaNs are one value. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): string | undefined {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    if (!Object.is(actual[i], expected[i])) return `element ${i} is ${actual[i]}, expected ${expected[i]}`;
  }
  return undefined;
}

/** The product in float32 as `gemm` specifies it for the baseline build, bit by bit: partial sums of 512 terms from +0, added in turn. */
export function specified(one: Case, inputs: Operands): Float32Array {
  const { m, n, k } = one;
  const [a, b] = matrices(one, inputs);
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = inputs.c?.[i * n + j];
      for (let first = 0; first < k; first += KC) {
        let sum = 0;
        for (let p = first; p < Math.min(k, first + KC); p++) {
          const x = a.data[i * a.rowStride + p * a.columnStride] as number;
          const y = b.data[p * b.rowStride + j * b.columnStride] as number;
          sum = Math.fround(sum + Math.fround(x * y));
        }
        total = total === undefined ? sum : Math.fround(total + sum);
      }
      c[i * n + j] = total ?? 0;
    }
  }
  return c;
}
