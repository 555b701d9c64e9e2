/** Data for any network, by the widths and kinds of its inputs and targets. */
import { type AnyNetwork, load, save } from 'neurite';
import type { Columns } from '../../src/engine/columns.js';
import { internals } from '../../src/network/network.js';
import { generator } from './bits.js';

function columnsOf(net: AnyNetwork): Columns {
  return internals('test', net).engine.columns;
}

/** A batch: rows of each input and of each output's targets. */
export interface Data {
  readonly x: Float32Array[];
  readonly y: (Float32Array | Uint32Array)[];
}

/** Rows that suit a network: ids where these are expected, targets from 0 to 1. */
export function dataFor(net: AnyNetwork, rows: number, seed: number, asValues = false): Data {
  const { inputs, ids, targets } = columnsOf(net);
  const next = generator(seed);
  const uniform = () => (next() >>> 8) / 2 ** 24;
  return {
    x: inputs.map((width, i) =>
      Float32Array.from({ length: rows * width }, (_, at) => {
        const count = ids?.[i]?.[at % width] ?? 0;
        return count > 0 ? Math.floor(uniform() * count) : 2 * uniform() - 1;
      }),
    ),
    y: targets.map(({ width, classes }) => {
      if (classes && !asValues) return Uint32Array.from({ length: rows }, () => Math.floor(uniform() * width));
      const values = Float32Array.from({ length: rows * width }, () => uniform());
      if (classes) for (let row = 0; row < rows; row++) values.set(normed(values.subarray(row * width, (row + 1) * width)), row * width);
      return values;
    }),
  };
}

function normed(values: Float32Array): Float32Array {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}

/** The only one of a list, as calls take it of a network with one input or output; else the list. */
export const oneOrList = <T>(list: readonly T[]) => (list.length === 1 ? (list[0] as T) : list);

/** The network on the build that has the same bits everywhere. */
export function reproducible(net: AnyNetwork): AnyNetwork {
  const again = load(save(net), { build: 'simd' }) as AnyNetwork;
  net.dispose();
  return again;
}
