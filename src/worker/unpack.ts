/** Arguments as they came to a worker, and what is made of them. */
import { isList } from '../arguments/describe.js';
import { Dataset } from '../data/dataset.js';
import { type StreamRow, stream } from '../data/stream.js';
import { ValueError } from '../errors.js';
import type { AnyNetwork } from '../network/network.js';
import * as metrics from '../training/metrics/table.generated.js';
import type { Schedule, ScheduleState } from '../training/schedules/schedule.js';
import * as schedules from '../training/schedules/table.generated.js';
import type { StreamedRows } from './message.js';
import { unwrap } from './packed.js';

/** What neurite calls so: a metric, or what makes one or a schedule of a recipe's arguments; undefined where there is none. */
function calledSo(name: string): unknown {
  const tables: readonly Readonly<Record<string, unknown>>[] = [metrics, schedules];
  return tables.find((table) => Object.hasOwn(table, name))?.[name];
}

/** What a worker has. */
export interface Stock {
  readonly networks: Map<number, AnyNetwork>;
  readonly data: Map<number, Dataset>;
}

/** What a call needs besides its arguments. */
export interface Unpacking {
  readonly call: string;
  readonly stock: Stock;
  /** Schedules that remember something, in their order. */
  readonly schedules: Schedule[];
  /** Asks the page for rows of a stream. */
  rows(source: number, epoch: number): Promise<StreamedRows>;
  close(epoch: number): void;
}

let epochs = 0;

/** The rows of an epoch of a stream in the page, some at once. */
async function* pulled({ rows, close }: Unpacking, source: number): AsyncGenerator<StreamRow> {
  const epoch = epochs++;
  try {
    for (;;) {
      const next = await rows(source, epoch);
      yield* next.rows as readonly StreamRow[];
      if (next.done) return;
    }
  } finally {
    close(epoch);
  }
}

function make([name, ...args]: readonly unknown[], state: unknown, to: Unpacking): unknown {
  const known = calledSo(name as string);
  if (known === undefined) throw new ValueError(`${to.call}: the worker knows no ${name}, expected the same version of neurite in both`);
  if (typeof known !== 'function') return known;
  const value: unknown = known(...args.map((one) => unpack(one, to)));
  if (state !== undefined) {
    const schedule = value as Schedule;
    schedule.restore?.(state as ScheduleState);
    to.schedules.push(schedule);
  }
  return value;
}

/** What came, with what it stands for in its place. @throws ValueError for what this worker does not have any more */
export function unpack(value: unknown, to: Unpacking): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isList(value)) return typeof value[0] === 'object' && !isList(value[0]) ? value.map((one) => unpack(one, to)) : value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const packed = unwrap(value);
  if (!packed) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpack(one, to)]));
  if (packed.kind === 'made') return make(packed.recipe, packed.state, to);
  if (packed.kind === 'stream') {
    const { source, options, buffer, batch } = packed;
    const made = stream(() => pulled(to, source), options as object).shuffle(buffer);
    return batch === undefined ? made : made.batch(batch);
  }
  const { handle } = packed;
  if (packed.kind === 'data' && packed.literal !== undefined) to.stock.data.set(handle, new Dataset(packed.literal as never, to.call));
  const found = to.stock[packed.kind === 'data' ? 'data' : 'networks'].get(handle);
  if (!found) throw new ValueError(`${to.call}: the ${packed.kind === 'data' ? 'data set' : 'network'} was disposed of, expected one that is there`);
  return found;
}
