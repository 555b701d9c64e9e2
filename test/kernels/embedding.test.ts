/** Rows of a table by their numbers, and the sums of what goes back to them. */
import { afterAll, describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { builds, Machine } from './machine.js';
import { bitsOf, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const shapes = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33].flatMap((features) =>
  [1, 2, 3, 9, 40].flatMap((rows) => [1, 2, 5, 64].map((count) => ({ rows, features, count }))),
);

const idsOf = (rows: number, count: number) => Float32Array.from({ length: rows }, (_, i) => (i * 7 + (i >> 2)) % count);

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  function run(opcode: Opcode, x: Float32Array, ids: Float32Array, size: number, features: number, count: number, shift: number): Float32Array {
    machine.clear();
    const [y, from, by] = [machine.tensor(size, shift), machine.tensor(x, shift), machine.tensor(ids, shift)];
    machine.run([opcode, y, from, by, ids.length, features, count]);
    expect(bitsOf(machine.read(from, x.length))).toEqual(bitsOf(x));
    return machine.read(y, size);
  }

  test('Embed copies the rows that ids name, bit by bit', () => {
    for (const { rows, features, count } of shapes) {
      const table = filled(count * features, numbers(features));
      // What a table holds is copied, whatever it is.
      table.set([Number.NaN, Number.NEGATIVE_INFINITY, -0, 2 ** -149].slice(0, table.length));
      const ids = idsOf(rows, count);
      const y = run(Opcode.Embed, table, ids, rows * features, features, count, (rows + features) % 4);
      const expected = Float32Array.from({ length: rows * features }, (_, i) => {
        return table[(ids[Math.floor(i / features)] as number) * features + (i % features)] as number;
      });
      expect(bitsOf(y)).toEqual(bitsOf(expected));
    }
  });

  test('EmbedBackward adds up the rows of each id in their order, and leaves 0 for the others', () => {
    for (const { rows, features, count } of shapes) {
      const dy = filled(rows * features, numbers(rows + 100 * features));
      const ids = idsOf(rows, count);
      const table = run(Opcode.EmbedBackward, dy, ids, count * features, features, count, (rows + features) % 4);
      // Each sum in float32, as it is documented.
      const expected = new Float32Array(count * features);
      dy.forEach((v, i) => {
        const at = (ids[Math.floor(i / features)] as number) * features + (i % features);
        expected[at] = (expected[at] as number) + v;
      });
      expect(bitsOf(table)).toEqual(bitsOf(expected));
    }
  });

  test('what is no id reads and writes no neighbour', () => {
    const count = 5;
    const odd = Float32Array.of(-1, 5, 4.9, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 2 ** 32, 1e38);
    const table = filled(count * 3, numbers(1));
    const rowOf = (id: number) => (id >= 0 && id < count ? Math.floor(id) : 0);
    const y = run(Opcode.Embed, table, odd, odd.length * 3, 3, count, 1);
    expect(bitsOf(y)).toEqual([...odd].flatMap((id) => bitsOf(table.slice(3 * rowOf(id), 3 * rowOf(id) + 3))));
    const dy = new Float32Array(odd.length * 3).fill(1);
    const sums = run(Opcode.EmbedBackward, dy, odd, count * 3, 3, count, 1);
    expect([...sums]).toEqual([8, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  });
});
