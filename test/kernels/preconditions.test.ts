/** What kernels demand of their operands: on the debug build, an instruction that violates it is an error with the file and line. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataType, GemmFlag, Opcode, TargetKind } from '../../assembly/opcodes.js';
import { coreOf, useCore } from '../../src/core/core.js';
import { CoreError } from '../../src/errors.js';
import { debugCore } from '../debugCore.js';
import { bits, Machine, words64 } from './machine.js';

const before = coreOf('simd');
let m: Machine;
beforeEach(() => {
  useCore(debugCore('simd'));
  m = new Machine('simd', 1 << 16);
});
afterEach(() => {
  useCore(before);
});

/** Runs an instruction that is to fail; the source line that its error names. */
function blame(words: number[], rows = 1): string {
  try {
    m.core.exports.run(m.context, program(words), program.end, rows);
  } catch (error) {
    const failure = m.core.fail(error) as Error;
    expect(failure).toBeInstanceOf(CoreError);
    const [, file, line] = failure.message.match(/ at (assembly\/\S+\.ts):(\d+):\d+/) ?? [];
    expect(failure.message).toContain(`${file}:${line}`);
    return `${file} ${readFileSync(file as string, 'utf8').split('\n')[Number(line) - 1]}`;
  }
  throw new Error('nothing was violated');
}

function program(words: number[]): number {
  const at = m.core.allocate(words.length * 4, 'test');
  m.core.u32.set(
    words.map((word) => word >>> 0),
    at >> 2,
  );
  program.end = at + words.length * 4;
  return at;
}
program.end = 0;

/** A ref to a place that no block holds. */
const NOWHERE = 0x20000000;
const f64s = [0.9, 0.999, 1e-8, 0, 1].flatMap(words64);

/** Four tensors of n numbers. */
const four = (n: number) => [1, 2, 3, 4].map(() => m.tensor(new Float32Array(n).fill(0.5))) as [number, number, number, number];

describe('sizes: an operand lies in one block of the heap, as it was asked for', () => {
  test.each<[string, string, (a: number, b: number) => number[], number?]>([
    ['a unary', 'kernels/unary.ts', (a) => [Opcode.Exp, NOWHERE, a, 4, 0, 0]],
    ['a unary beyond the block', 'kernels/unary.ts', (a, b) => [Opcode.Exp, a, b, 1 << 20, 0, 0]],
    ['a binary', 'kernels/binary.ts', (a, b) => [Opcode.Add, a, b, NOWHERE, 4, 0]],
    ['a softmax', 'program.ts', (a) => [Opcode.Softmax, a, NOWHERE, 1, 4, 0]],
    ['a row of no features', 'program.ts', (a, b) => [Opcode.SumFeatures, a, b, 1, 0, 0]],
    ['columns beyond the rows', 'kernels/rows.ts', (a, b) => [Opcode.CopyColumns, a, b, 1, 3, 4, 2, 4, 0]],
    ['a product', 'gemm/gemm.ts', (a, b) => [Opcode.Gemm, a, b, NOWHERE, 2, 2, 2, 2, 2, GemmFlag.TransposeB]],
    ['a layer', 'kernels/linear.ts', (a, b) => [Opcode.Linear, a, b, NOWHERE, -1, 1, 2, 2, Opcode.Copy, 0, 0, -1]],
    ['a bias', 'kernels/linear.ts', (a, b) => [Opcode.Linear, a, b, b, NOWHERE, 1, 2, 2, Opcode.Copy, 0, 0, -1]],
    ['targets', 'kernels/losses.ts', (a, b) => [Opcode.CrossEntropy, a, b, NOWHERE, TargetKind.Values, 1, 4]],
    ['an update', 'kernels/optimizers.ts', (a) => [Opcode.Sgd, a, NOWHERE, 4, ...words64(1)]],
    ['a norm', 'kernels/optimizers.ts', () => [Opcode.ClipNorm, NOWHERE, 4, bits(1)]],
    ['drawn numbers', 'random.ts', (a) => [Opcode.Random, NOWHERE, a, 2, 2, 0, bits(1), bits(0.5)]],
    ['a key', 'random.ts', (a) => [Opcode.Random, a, NOWHERE, 2, 2, 0, bits(1), bits(0.5)]],
    ['ids', 'kernels/embedding.ts', (a, b) => [Opcode.Embed, a, b, NOWHERE, 2, 2, 2]],
    ['a table beyond the block', 'kernels/embedding.ts', (a, b) => [Opcode.Embed, a, b, b, 2, 2, 1 << 20]],
    ['the gradient of a table', 'kernels/embedding.ts', (a, b) => [Opcode.EmbedBackward, NOWHERE, a, b, 2, 2, 2]],
  ])('%s', (_, file, words) => {
    const [a, b] = four(4);
    expect(blame(words(a, b))).toMatch(new RegExp(`^assembly/${file} .*assert\\(`));
  });

  test('the rows of a column', () => {
    const [y] = four(4);
    const column = m.core.allocate(16, 'test');
    const sources = m.core.allocate(4, 'test');
    m.core.u32[sources >> 2] = column;
    m.core.u32[(m.context + 16) >> 2] = sources;
    const words = [Opcode.Gather, y, 0, 0, 1, DataType.Float32, bits(1), 0];
    m.core.exports.run(m.context, program(words), program.end, 4);
    expect(blame(words, 5)).toMatch(/^assembly\/kernels\/data\.ts .*the rows lie in the column/);
  });
});

describe('overlap', () => {
  test.each<[string, string, (a: number, b: number, c: number, d: number) => number[]]>([
    ['a unary, a word apart', 'kernels/unary.ts', (a) => [Opcode.Exp, a + 1, a, 4, 0, 0]],
    ['a binary and its second operand', 'kernels/binary.ts', (a, b) => [Opcode.Add, a, b, a + 1, 4, 0]],
    ['a sum in place', 'program.ts', (a) => [Opcode.SumFeatures, a, a, 2, 2, 0]],
    ['a product in place', 'gemm/gemm.ts', (a, b) => [Opcode.Gemm, a, a, b, 2, 2, 2, 2, 2, 0]],
    ['a layer in place', 'kernels/linear.ts', (a, b) => [Opcode.Linear, a, a, b, -1, 1, 2, 2, Opcode.Copy, 0, 0, -1]],
    ['a loss in its logits', 'kernels/losses.ts', (a, b) => [Opcode.BinaryCrossEntropy, a, a, b, TargetKind.Values, 1, 4]],
    ['a delta in its targets', 'kernels/losses.ts', (a, b, c) => [Opcode.SigmoidCrossEntropy, a, -1, c, b, c, TargetKind.Values, 1, 4, bits(1), 0]],
    ['a velocity in its gradient', 'kernels/optimizers.ts', (a, b) => [Opcode.Momentum, a, b, b, 4, bits(0.9), 0, ...words64(1)]],
    ['moments in one another', 'kernels/optimizers.ts', (a, b, c, d) => [Opcode.Adam, a, b, c, c + 2, d, 4, ...f64s, 0]],
  ])('%s', (_, file, words) => {
    expect(blame(words(...four(4)))).toMatch(new RegExp(`^assembly/${file} .*assert\\(`));
  });
});

test('alignment of what is f64', () => {
  const [w, dw, first, second] = four(4);
  const powers = m.tensor(5);
  expect(blame([Opcode.Adam, w, dw, first, second, powers + 1, 4, ...f64s, 0])).toMatch(/^assembly\/kernels\/optimizers\.ts .*aligned to 8/);
});

test('a program ends between two instructions', () => {
  const [y, x] = four(4);
  expect(blame([Opcode.Exp, y, x, 4, 0])).toMatch(/^assembly\/program\.ts .*between two instructions/);
});

test('the error says what is violated, where, and that the core has failed', () => {
  const [a] = four(4);
  const words = program([Opcode.Exp, a + 1, a, 4, 0, 0]);
  let error: unknown;
  try {
    m.core.exports.run(m.context, words, program.end, 1);
  } catch (thrown) {
    error = m.core.fail(thrown);
  }
  expect((error as Error).message).toMatch(/^the core failed \(unary: y is x, or apart from it at assembly\/kernels\/unary\.ts:\d+:\d+\) /);
  expect(() => m.core.allocate(16, 'test')).toThrow(CoreError);
});
