import { afterAll, describe, expect, test } from 'vitest';
import { Opcode, Tile } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const PER_ROW = 0x80000000;

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  /** y = 2·erf(x² + tanh x) − a with what is made on the way in `s` and `t`, of `n` elements for the instructions; each in words. */
  const program = (y: number, x: number, a: number, s: number, t: number, n: number) => [
    [Opcode.Square, s, x, n, 0, 0],
    [Opcode.Tanh, t, x, n, 0, 0],
    [Opcode.Add, s, s, t, n, 0],
    [Opcode.Erf, s, s, n, 0, 0],
    [Opcode.Fill, t, n, bits(2), 0],
    [Opcode.Mul, t, t, s, n, 0],
    [Opcode.Sub, y, t, a, n, 0],
  ];

  function outcome(n: number, tile: number, shift: number, inPlace: boolean, rows = 1): number[] {
    machine.clear();
    const x = machine.tensor(filled(n, numbers(n)), shift);
    const a = machine.tensor(filled(n, numbers(n + 1)), (shift + 1) % 4);
    const y = inPlace ? x : machine.tensor(n, (shift + 2) % 4);
    const size = rows === 1 ? n : n / rows + PER_ROW;
    if (tile === 0) {
      const [s, t] = [machine.tensor(n), machine.tensor(n)];
      machine.run(program(y, x, a, s, t, size).flat(), rows);
    } else {
      const scratch = machine.tensor(2 * tile);
      const words = program(y, x, a, scratch, scratch + tile, size).flat();
      const header: number[] = [];
      header[Tile.op] = Opcode.Tile;
      header[Tile.size] = size;
      header[Tile.words] = words.length;
      header[Tile.tile] = tile;
      header[Tile.scratch] = scratch;
      header[Tile.span] = 2 * tile;
      machine.run([...header, ...words], rows);
    }
    return bitsOf(machine.read(y, n));
  }

  // The machine has guards on both sides of every tensor, those of one tile too.
  test.each([
    [4, Array.from({ length: 25 }, (_, i) => i + 1)],
    [16, [1, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49]],
    [512, [1, 511, 512, 513, 1023, 1024, 1025, 3000]],
  ])('tiles of %d give the bits of the whole, and nothing else is written', (tile, sizes) => {
    for (const n of sizes) {
      for (const inPlace of [false, true]) {
        for (const shift of [0, 1, 2, 3]) expect(outcome(n, tile, shift, inPlace), `${n} elements`).toEqual(outcome(n, 0, shift, inPlace));
      }
    }
  });

  test('a size that is one of a row counts the rows of the run', () => {
    for (const [rows, width] of [
      [1, 700],
      [3, 100],
      [7, 64],
      [130, 5],
    ] as const) {
      expect(outcome(rows * width, 64, 0, false, rows)).toEqual(outcome(rows * width, 0, 0, false));
    }
  });

  test('a batch without elements runs nothing', () => {
    machine.clear();
    const y = machine.tensor([1, 2, 3]);
    const fill = [Opcode.Fill, y, PER_ROW, bits(2), 0];
    machine.run([Opcode.Tile, PER_ROW, fill.length, 4, y, 0, ...fill], 5);
    expect([...machine.read(y, 3)]).toEqual([1, 2, 3]);
  });
});
