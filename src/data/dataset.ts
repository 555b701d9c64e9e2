import { DataType } from '../../assembly/opcodes.js';
import { isNumericArray, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs, Values } from '../arguments/values.js';
import type { Core } from '../core/core.js';
import type { Columns, TargetShape } from '../engine/columns.js';
import { ValueError } from '../errors.js';
import { areIds, type Batch, checkFinite, checkReach, type ReadTargets, readBatch } from './batch.js';
import { columnName } from './columns.js';
import { copyIn, type Read, readRows } from './values.js';

/** Inputs and targets, row by row. */
export interface DatasetLiteral<T extends AnyTargets = Values, X extends Inputs = Values> {
  /** Inputs: `[rows × features]`; a list of such, where the network has several inputs. Bytes stay bytes in memory. */
  readonly x: X;
  /** Targets: class ids, one a row, or values as wide as the output; a list of such, where the network has several losses. */
  readonly y: T;
  /**
   * Each input element becomes x·scale + offset when `fit` or `evaluate` reads it. Default 1: bytes are not scaled unless this says so. It belongs to
   * the data, not to the network: `predict` and `classify` take numbers as they are, so scale them alike there.
   */
  readonly scale?: number;
  /** Default 0. */
  readonly offset?: number;
  /** Bytes that may be uploaded; larger data stay in JavaScript and are copied in as they are needed, to the same result. Default 512 MiB. */
  readonly budget?: number;
}

/** One column block of a data set, as it lies in memory. */
export interface Column {
  readonly address: number;
  readonly type: DataType;
}

/** A data set on a core: its columns, inputs first. Its memory goes back when it is no longer wanted and nobody reads it. */
export interface Uploaded {
  readonly rows: number;
  /** For each target, whether it is class ids. */
  readonly classes: readonly boolean[];
  /** Of inputs and outputs. */
  readonly widths: readonly number[];
  readonly columns: readonly Column[];
  /** The kinds of networks for which the data were checked. */
  readonly kinds: Set<string>;
  /** How many runs are reading it. */
  readers: number;
  wanted: boolean;
}

const BUDGET = 512 * 2 ** 20;

const FIELDS: readonly (keyof DatasetLiteral)[] = ['x', 'y', 'scale', 'offset', 'budget'];

/**
 * A data set that can be used again and again: read and checked on first use, uploaded once per core.
 * Its fields and lists of columns are copied when it is made. Its arrays are read once and must keep their lengths.
 * `dispose()` gives its memory back; a forgotten one is collected.
 */
export class Dataset {
  readonly scale: number;
  readonly offset: number;
  readonly budget: number;
  readonly #x: Given;
  readonly #y: Given;
  readonly #uploads = new Map<Core, Uploaded>();
  /** Data past the budget as they were read, for each kind of network. */
  readonly #read = new Map<string, Batch>();
  /** Gives the memory on every core back, as soon as no `fit` reads it. The handle stays usable: it reads and uploads again when used again. */
  // A field, so that a structured clone fails instead of making an empty shell.
  readonly dispose = (): void => {
    // Out of the list first: what fails half-way is not given back twice.
    const uploads = [...this.#uploads];
    this.#uploads.clear();
    this.#read.clear();
    forgotten?.unregister(this);
    for (const [core, uploaded] of uploads) release(core, uploaded);
  };

  /**
   * Whether a value is a data set: one that was made, no proxy of it and nothing that inherits from it.
   * @internal
   */
  static is(value: unknown): value is Dataset {
    return typeof value === 'object' && value !== null && #x in value;
  }

  /**
   * @param call whom an error names
   * @internal
   */
  constructor(literal: DatasetLiteral<AnyTargets, Inputs>, call = 'dataset') {
    if (typeof literal !== 'object' || literal === null || isList(literal) || kindOf(literal))
      throw new ValueError(`${call}: got ${describe(literal)}, expected ${EXPECTED}`);
    const { x, y, scale = 1, offset = 0, budget = BUDGET } = checkOptions(call, literal, FIELDS, {}, 'the data');
    if (x === undefined || y === undefined) throw new ValueError(`${call}: got ${describe(literal)}, expected ${EXPECTED}`);
    for (const [name, value] of Object.entries({ scale, offset })) {
      if (!Number.isFinite(value)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a finite number`);
    }
    if (!(typeof budget === 'number' && budget >= 0)) {
      throw new ValueError(`${call}: budget is ${describe(budget)}, expected a number of bytes ≥ 0`);
    }
    this.#x = new Given(call, 'x', x);
    this.#y = new Given(call, 'y', y);
    this.scale = scale;
    this.offset = offset;
    this.budget = budget;
  }

  /**
   * The data on a core, or undefined where they are beyond the budget. Nothing is kept when something is wrong with them.
   * @internal
   */
  upload(call: string, core: Core, expected: Columns): Uploaded | undefined {
    this.#x.checkLengths(call, 'x');
    this.#y.checkLengths(call, 'y');
    const kind = JSON.stringify(expected);
    const used = this.#uploads.get(core);
    if (used?.kinds.has(kind)) return used;
    if (this.#read.has(kind)) return undefined;
    const batch = readBatch(call, expected, this.#x.value, this.#y.value);
    checkReach(call, batch);
    // Reading may have run code that used this data set. From here on none runs.
    const known = this.#uploads.get(core);
    const { rows, classes } = batch;
    const widths = [...expected.inputs, ...expected.targets.map(({ width }) => width)];
    // Class ids were checked against the width of the output they were uploaded for.
    if (known && known.rows === rows && known.classes.join() === classes.join() && known.widths.join() === widths.join()) {
      known.kinds.add(kind);
      return known;
    }
    if (bytesOf(batch, expected) > this.budget) {
      checkNumbers(call, batch, expected);
      this.#read.set(kind, batch);
      return undefined;
    }
    const uploaded: Uploaded = {
      rows,
      classes,
      widths,
      columns: uploadAll(call, core, batch, expected),
      kinds: new Set([kind]),
      readers: 0,
      wanted: true,
    };
    if (known) release(core, known);
    else forgotten?.register(this, { core, uploads: this.#uploads }, this);
    this.#uploads.set(core, uploaded);
    return uploaded;
  }

  /**
   * Data past the budget, as `upload` has read them.
   * @internal
   */
  rowsFor(expected: Columns): Batch {
    return this.#read.get(JSON.stringify(expected)) as Batch;
  }

  get [Symbol.toStringTag](): string {
    return 'Dataset';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const EXPECTED = '{ x, y } with inputs and targets';

/** Lists up to this long may be lists of columns, and are copied: as many inputs as a network may have. */
const MAX_COLUMNS = 1024;

/** What a caller gave for x or y: the list of its columns copied, views of linear memory too, and how long each array was. */
class Given {
  readonly value: unknown;
  readonly #given: unknown;
  readonly #length: number;
  readonly #columns: readonly number[];

  constructor(call: string, what: string, given: unknown) {
    this.#given = given;
    const stable = (value: unknown) => (isNumericArray(value) && lengthOf(value) > 0 ? readRows(call, what, value, 1).values : value);
    const columns: unknown[] = [];
    if (isList(given) && typeof given[0] === 'object') {
      const { length } = given;
      if (length <= MAX_COLUMNS) for (let i = 0; i < length; i++) columns.push(stable(given[i]));
    }
    this.value = columns.length > 0 ? columns : stable(given);
    if (isNumericArray(given)) this.#given = this.value;
    this.#length = lengthIn(this.#given);
    this.#columns = columns.map(lengthIn);
  }

  /** @throws ValueError where an array is longer or shorter than it was when the data set was made */
  checkLengths(call: string, what: string): void {
    const check = (name: string, had: number, has: number) => {
      if (had !== has)
        throw new ValueError(`${call}: ${name} had a length of ${had} and has ${has} now, expected data that stay; make a new data set of them`);
    };
    check(what, this.#length, lengthIn(this.#given));
    this.#columns.forEach((length, i) => check(`${what}[${i}]`, length, lengthIn((this.value as readonly unknown[])[i])));
  }
}

/** The length of an array, 0 for what is none. */
function lengthIn(value: unknown): number {
  return isNumericArray(value) ? lengthOf(value) : isList(value) ? value.length : 0;
}

function release(core: Core, uploaded: Uploaded): void {
  uploaded.wanted = false;
  if (uploaded.readers === 0) for (const { address } of uploaded.columns) core.free(address);
}

/** A run that has read the data to its end. */
export function endReading(core: Core, uploaded: Uploaded): void {
  uploaded.readers--;
  if (!uploaded.wanted) release(core, uploaded);
}

const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ core: Core; uploads: Map<Core, Uploaded> }>(({ core, uploads }) => {
        const uploaded = uploads.get(core);
        if (uploaded) release(core, uploaded);
      });

function isBytes(values: NumericArray): boolean {
  return kindOf(values)?.startsWith('Uint8') === true;
}

/** What an upload takes. */
function bytesOf({ rows, xs, ys }: Batch, { inputs, targets }: Columns): number {
  const ofInputs = xs.reduce((sum, { values }, i) => sum + rows * (inputs[i] as number) * (isBytes(values) ? 1 : 4), 0);
  return ys.reduce((sum, y, i) => sum + rows * 4 * (areIds(y) ? 1 : (targets[i] as TargetShape).width), ofInputs);
}

/** Copies all columns into linear memory. */
function uploadAll(call: string, core: Core, { rows, xs, ys }: Batch, { inputs, targets }: Columns): Column[] {
  const columns: Column[] = [];
  try {
    xs.forEach((x, i) => columns.push(uploadValues(call, columnName('x', i, xs.length), core, x, inputs[i] as number)));
    ys.forEach((y, i) => columns.push(uploadTargets(call, columnName('y', i, ys.length), core, y, rows, (targets[i] as TargetShape).width)));
  } catch (error) {
    for (const { address } of columns) core.free(address);
    throw error;
  }
  return columns;
}

function uploadValues(call: string, what: string, core: Core, read: Read, width: number): Column {
  const { rows, values } = read;
  const n = rows * width;
  const bytes = isBytes(values);
  const address = core.allocate(Math.max(4, bytes ? n : n * 4), `${call}: ${what}, ${rows} × ${width}`);
  try {
    if (bytes) {
      core.u8.set(values as Uint8Array, address);
    } else {
      copyIn(read, width, 0, rows, core.f32, address >>> 2);
      checkFinite(call, what, values, 0, core, address, rows, width);
    }
  } catch (error) {
    core.free(address);
    throw error;
  }
  return { address, type: bytes ? DataType.Uint8 : DataType.Float32 };
}

function uploadTargets(call: string, what: string, core: Core, targets: ReadTargets, rows: number, width: number): Column {
  if (!areIds(targets)) return uploadValues(call, what, core, targets, width);
  const address = core.allocate(rows * 4, `${call}: ${what}, ${rows} class ids`);
  core.u32.set(targets, address >>> 2);
  return { address, type: DataType.Uint32 };
}

/** Checks data that stay in JavaScript as an upload would. @throws ValueError naming the first number that is not finite as float32 */
function checkNumbers(call: string, { xs, ys }: Batch, { inputs, targets }: Columns): void {
  const check = (what: string, { values }: Read, width: number) => {
    for (let i = 0, n = lengthOf(values); i < n; i++) {
      const value = values[i] as number;
      if (Number.isFinite(Math.fround(value))) continue;
      const large = Number.isFinite(value) ? ', too large for float32' : '';
      throw new ValueError(`${call}: ${what}[row ${Math.floor(i / width)}, feature ${i % width}] is ${value}${large}, expected finite numbers`);
    }
  };
  xs.forEach((x, i) => check(columnName('x', i, xs.length), x, inputs[i] as number));
  ys.forEach((y, i) => {
    if (!areIds(y)) check(columnName('y', i, ys.length), y, (targets[i] as TargetShape).width);
  });
}

/**
 * A reusable handle on data: `fit` and `evaluate` take it, or the same literal.
 * @throws ValueError when x or y is missing or scale or offset is not finite
 */
export function dataset(literal: DatasetLiteral<AnyTargets, Inputs>): Dataset {
  return new Dataset(literal);
}
