import { afterAll, describe, expect, test } from 'vitest';
import { Context } from '../../assembly/context.js';
import { DataType, Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const counts = Array.from({ length: 67 }, (_, i) => i + 1);
const total = 9;

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;
  const word = (field: Context, value: number) => {
    machine.core.u32[(machine.context + field) >> 2] = value;
  };

  interface Gather {
    data: Float32Array | Uint8Array | Uint32Array;
    features: number;
    rows: number;
    position?: number;
    order?: number[];
    scale?: number;
    offset?: number;
    shift?: number;
    source?: 0 | 1;
  }

  function gather({ data, features, rows, position = 0, order, scale = 1, offset = 0, shift = 0, source = 0 }: Gather): Float32Array {
    machine.clear();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const ref = machine.tensor(Math.ceil(bytes.length / 4), shift);
    machine.core.u8.set(bytes, machine.address(ref));
    word(Context.Sources, machine.address(machine.ids(source ? [0, machine.address(ref)] : [machine.address(ref), 0])));
    word(Context.Order, order ? machine.address(machine.ids(order)) : 0);
    word(Context.Position, position);
    const y = machine.tensor(rows * features, shift);
    const type = data instanceof Uint8Array ? DataType.Uint8 : data instanceof Uint32Array ? DataType.Uint32 : DataType.Float32;
    machine.run([Opcode.Gather, y, source, 0, features, type, bits(scale), bits(offset)], rows);
    return machine.read(y, rows * features);
  }

  /** The rows as they lie, in the order given. */
  const expectedRows = ({ data, features, rows, position = 0, order }: Gather) =>
    Array.from({ length: rows }, (_, i) => order?.[position + i] ?? position + i).flatMap((row) => [
      ...data.subarray(row * features, (row + 1) * features),
    ]);

  const orders: Pick<Gather, 'order' | 'position' | 'rows'>[] = [
    { rows: 4 },
    { rows: 3, position: 5 },
    { rows: 1, position: 8 },
    { rows: 9, order: [8, 3, 0, 5, 1, 7, 2, 6, 4] },
    { rows: 4, position: 5, order: [8, 3, 0, 5, 1, 7, 2, 6, 4] },
    { rows: 3, order: [2, 2, 2] },
  ];

  test('floats are copied bit for bit, or scaled with one rounding of each operation', () => {
    for (const features of counts) {
      const data = filled(total * features, numbers(features, -100, 100));
      data[0] = -0;
      data[data.length - 1] = Number.NaN;
      for (const one of orders) {
        const call = { ...one, data, features, shift: features % 4 };
        expect(bitsOf(gather(call))).toEqual(bitsOf(Float32Array.from(expectedRows(call))));
        const scale = Math.fround(0.3);
        const offset = Math.fround(-0.7);
        const expected = expectedRows(call).map((x) => Math.fround(Math.fround(x * scale) + offset));
        expect(bitsOf(gather({ ...call, scale, offset, source: 1 }))).toEqual(bitsOf(Float32Array.from(expected)));
      }
    }
  });

  test('bytes become floats, scaled with one rounding of each operation', () => {
    for (const features of counts) {
      const next = numbers(features, 0, 256);
      const data = Uint8Array.from({ length: total * features }, (_, i) => (i < 2 ? i * 255 : Math.floor(next())));
      for (const one of orders) {
        const call = { ...one, data, features, shift: features % 4 };
        expect([...gather(call)]).toEqual(expectedRows(call));
        const scale = Math.fround(1 / 255);
        const offset = Math.fround(-0.1307);
        const expected = expectedRows(call).map((x) => Math.fround(Math.fround(x * scale) + offset));
        expect([...gather({ ...call, scale, offset })]).toEqual(expected);
      }
    }
  });

  test('every byte converts exactly', () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect([...gather({ data, features: 256, rows: 1 })]).toEqual([...data]);
  });

  test('ids are copied as they are, whatever scale says', () => {
    for (const features of [1, 2, 5]) {
      const data = Uint32Array.from({ length: total * features }, (_, i) => i * 0x10000001);
      for (const one of orders) {
        const call = { ...one, data, features, scale: 2, offset: 1, source: 1 as const };
        const y = gather(call);
        expect([...new Uint32Array(y.buffer)]).toEqual(expectedRows(call));
      }
    }
  });
});
