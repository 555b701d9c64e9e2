/** Arguments on their way to a worker: arrays are copied or moved, and what is code goes as what it was made by, or is refused. */
import { bufferOf, byteOffsetOf, isNumericArray, KINDS, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import { describe, fieldOf, isList } from '../arguments/describe.js';
import { recipeOf } from '../arguments/recipe.js';
import { isLinear } from '../core/linear.js';
import { Dataset } from '../data/dataset.js';
import { isStreamed } from '../data/rows.js';
import type { Stream } from '../data/stream.js';
import { NeuriteError, ValueError } from '../errors.js';
import type { ScheduleState } from '../training/schedules/schedule.js';
import { handleOf } from './handles.js';
import { wrap } from './packed.js';

/** What begins the rows of a stream. */
export type RowsMaker = () => unknown;

/** What a schedule of the page needs to remember what it has learned in a worker. */
export interface Remembering {
  state(): ScheduleState;
  restore(state: ScheduleState): void;
}

/** What the arguments of one call add up to. */
export interface Packing {
  readonly call: string;
  readonly worker: object;
  /** Whether arrays are moved. */
  readonly move: boolean;
  /** The number of a data set, and whether the worker has yet to get it. */
  dataset(data: Dataset): { readonly number: number; readonly isNew: boolean };
  readonly transfer: Set<ArrayBuffer>;
  /** Schedules that remember something, in their order. */
  readonly schedules: Remembering[];
  readonly sources: RowsMaker[];
}

/** Whether a buffer was transferred. `detached` is not in Node 20, which says nothing of a message that such a buffer was to go with. */
function isDetached(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** An array as it goes: itself, where it may be moved and is all of its memory; else a copy, which is moved. */
function packArray(values: NumericArray, path: string, to: Packing): NumericArray {
  const buffer = bufferOf(values);
  const length = lengthOf(values);
  if (length === 0 && isDetached(buffer))
    throw new ValueError(
      `${to.call}: ${path} is ${describe(values)} whose memory was moved away, expected one that still has it; copy it before`,
      'DETACHED',
    );
  const Kind = KINDS[kindOf(values) as keyof typeof KINDS];
  // Of a kind that is newer than this: the host copies it.
  if (!Kind) return values;
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  const isWhole = byteOffsetOf(values) === 0 && bytes === buffer.byteLength && Object.prototype.toString.call(buffer) === '[object ArrayBuffer]';
  const going = to.move && isWhole && !isLinear(buffer) ? values : new Kind(values);
  to.transfer.add(bufferOf(going));
  return going;
}

/** What is expected in place of a function, by where it is. */
function remedyFor(path: string): string {
  if (path.endsWith('learningRate')) return "a number or one of neurite's schedules, such as cosine(0.1, { epochs: 10 })";
  if (path.endsWith('monitor')) return "a name, such as 'loss'";
  if (path.includes('metrics')) return "one of neurite's metrics";
  return 'data';
}

function refuse(path: string, call: string, what = 'a function'): never {
  throw new ValueError(`${call}: ${path} is ${what}, which cannot go to a worker; expected ${remedyFor(path)}`);
}

/** Whether a list is one of numbers, or of rows of numbers: nothing in it needs a look. */
function isOfNumbers(list: readonly unknown[]): boolean {
  const [first] = list;
  return typeof first !== 'object' && typeof first !== 'function' ? true : isList(first) && first.length > 0 && typeof first[0] === 'number';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype as object) === null;
}

function packAny(value: unknown, path: string, to: Packing): unknown {
  const recipe = recipeOf(value);
  if (recipe) {
    const { state, restore } = value as Partial<Remembering>;
    if (state && restore) to.schedules.push({ state, restore });
    const [name, ...args] = recipe;
    return wrap({ kind: 'made', recipe: [name, ...args.map((one) => packAny(one, path, to))], state: state?.() });
  }
  if (typeof value === 'function') return refuse(path, to.call);
  if (typeof value !== 'object' || value === null) return value;
  if (isNumericArray(value)) return packArray(value, path, to);
  if (isList(value)) return isOfNumbers(value) ? value : value.map((one, i) => packAny(one, `${path}[${i}]`, to));
  if (Dataset.is(value)) {
    const { number, isNew } = to.dataset(value);
    // The data set keeps its arrays: they are copied, whatever is moved besides.
    return wrap({ kind: 'data', handle: number, ...(isNew && { literal: packAny(value.literal(), path, { ...to, move: false }) }) });
  }
  if (isStreamed(value)) {
    const { make, options, buffer, batch } = (value as Stream).parts;
    return wrap({ kind: 'stream', source: to.sources.push(make) - 1, options, buffer, batch });
  }
  const handle = handleOf(value);
  if (handle) {
    if (handle.worker !== to.worker)
      throw new ValueError(`${to.call}: ${path} lies in another worker, expected one of the same: inWorker(network, { worker: net.worker })`);
    const { kind, number } = handle;
    return kind === 'threads' ? refuse(path, to.call, 'threads') : wrap({ kind, handle: number });
  }
  if (typeof fieldOf(value, 'begin') === 'function') return refuse(path, to.call, "a metric of one's own");
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.keys(value).map((key) => [key, packAny((value as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`, to)]),
  );
}

/**
 * An argument as it goes to a worker.
 * @param path what an error calls it
 * @throws ValueError for what cannot go there, and where reading it throws
 */
export function pack(value: unknown, path: string, to: Packing): unknown {
  try {
    return packAny(value, path, to);
  } catch (error) {
    if (error instanceof NeuriteError) throw error;
    throw new ValueError(`${to.call}: ${path || 'the data'} cannot be read: ${String(fieldOf(error, 'message') ?? 'a getter throws')}`);
  }
}
