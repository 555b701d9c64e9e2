import { DataType } from '../../assembly/opcodes.js';
import { isNumericArray, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs, Values, Weights } from '../arguments/values.js';
import type { Core } from '../core/core.js';
import type { Columns } from '../engine/columns.js';
import { ValueError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import { areIds, type Batch, checkFinite, checkReach, lengthIn, notFinite, type ReadColumn, type ReadValues, readBatch } from './batch.js';
import { copyIn, readRows } from './values.js';

/** Inputs and targets, row by row. */
export interface DatasetLiteral<T extends AnyTargets = Values, X extends Inputs = Values> {
  /** Inputs, `[rows × features]`; a list of them for several inputs. Bytes stay bytes in memory. */
  readonly x: X;
  /**
   * Targets: class ids, one per row, or values as wide as the output; a list of them for several losses. `'x'` stands for the input itself, as it is
   * scaled, which takes no more memory.
   */
  readonly y: T | 'x';
  /**
   * What the loss of each row is multiplied by, or that of each element, `[rows, out]`, where a row's loss is a sum over these; a list for several
   * losses, `undefined` for none. A mean divides by the rows all the same (Keras' rule): weight 3 is the row three times, times rows / (rows + 2).
   * Finite numbers ≥ 0; where it is 0, the target may be any number, NaN too, and the loss infinite. The network's own values are finite there too.
   * Default 1.
   */
  readonly weight?: Weights;
  /**
   * Scales each input element to x·scale + offset when `fit` or `evaluate` reads it. Default 1: bytes are not scaled. The scale belongs to the
   * data, not to the network: `predict` and `classify` do not apply it, so scale their inputs yourself.
   */
  readonly scale?: number;
  /** Default 0. */
  readonly offset?: number;
  /** Scales each target to y·targetScale + targetOffset in the same way; class ids have none. Default 1. */
  readonly targetScale?: number;
  /** Default 0. */
  readonly targetOffset?: number;
  /** Most bytes to upload. Larger data stay in JavaScript and are copied in chunks, with the same result. Default 512 MiB. */
  readonly budget?: number;
}

/** One column of a data set in linear memory. */
export interface Column {
  readonly address: number;
  readonly type: DataType;
  /** Whether the memory is another column's. */
  readonly isShared?: boolean;
}

/** A data set on a core: its columns, inputs first. Freed when it is no longer wanted and no run reads it. */
export interface Uploaded {
  readonly rows: number;
  readonly forms: readonly TargetForm[];
  /** Of inputs and outputs. */
  readonly widths: readonly number[];
  readonly columns: readonly Column[];
  /** The networks, by their columns, for which the data were checked. */
  readonly kinds: Set<string>;
  /** Runs that are reading it. */
  readers: number;
  wanted: boolean;
}

const BUDGET = 512 * 2 ** 20;

const FIELDS: readonly (keyof DatasetLiteral)[] = ['x', 'y', 'weight', 'scale', 'offset', 'targetScale', 'targetOffset', 'budget'];

/**
 * A reusable data set: read and checked on first use, uploaded once per core. Its fields and lists of columns are copied when it is made.
 * Its arrays are read once and must keep their lengths. `dispose()` frees its memory; a forgotten data set is collected.
 */
export class Dataset {
  readonly scale: number;
  readonly offset: number;
  readonly targetScale: number;
  readonly targetOffset: number;
  readonly budget: number;
  readonly #x: Given;
  readonly #y: Given;
  readonly #weight: Given | undefined;
  readonly #uploads = new Map<Core, Uploaded>();
  /** Data above the budget as they were read, for each kind of network. */
  readonly #read = new Map<string, Batch>();
  /** Frees the memory on every core, once no `fit` reads it. The handle stays usable: the next use reads and uploads again. */
  // A field, so that a structured clone fails instead of copying an empty object.
  readonly dispose = (): void => {
    // Clear the list first, so that a failure does not free a block twice.
    const uploads = [...this.#uploads];
    this.#uploads.clear();
    this.#read.clear();
    forgotten?.unregister(this);
    for (const [core, uploaded] of uploads) release(core, uploaded);
  };

  /**
   * Whether a value is a data set; false for a proxy of one, and for an object that inherits from one.
   * @internal
   */
  static is(value: unknown): value is Dataset {
    return typeof value === 'object' && value !== null && #x in value;
  }

  /**
   * @param call the call that an error names
   * @internal
   */
  constructor(literal: DatasetLiteral<AnyTargets, Inputs>, call = 'dataset') {
    if (typeof literal !== 'object' || literal === null || isList(literal) || kindOf(literal))
      throw new ValueError(`${call}: got ${describe(literal)}, expected ${EXPECTED}`);
    const {
      x,
      y,
      weight,
      scale = 1,
      offset = 0,
      targetScale = 1,
      targetOffset = 0,
      budget = BUDGET,
    } = checkOptions(call, literal, FIELDS, {}, 'the data');
    const got = describe(literal);
    if (x === undefined || y === undefined)
      throw new ValueError(`${call}: got ${got}, expected ${EXPECTED}${got === 'a Stream' ? '; a stream is for the rows of fit alone' : ''}`);
    for (const [name, value] of Object.entries({ scale, offset, targetScale, targetOffset })) {
      if (!Number.isFinite(value)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a finite number`);
    }
    if (y === 'x' && (targetScale !== 1 || targetOffset !== 0))
      throw new ValueError(
        `${call}: targetScale is ${targetScale} and targetOffset ${targetOffset} for y: 'x', expected none: the targets are the input as it is scaled`,
      );
    if (!(typeof budget === 'number' && budget >= 0)) {
      throw new ValueError(`${call}: budget is ${describe(budget)}, expected a number of bytes ≥ 0`);
    }
    this.#x = new Given(call, 'x', x);
    this.#y = new Given(call, 'y', y);
    this.#weight = weight === undefined ? undefined : new Given(call, 'weight', weight);
    this.scale = scale;
    this.offset = offset;
    this.targetScale = targetScale;
    this.targetOffset = targetOffset;
    this.budget = budget;
  }

  /**
   * The data on a core, uploaded on first use; undefined where they exceed the budget. Keeps nothing of data that fail a check.
   * @internal
   */
  upload(call: string, core: Core, expected: Columns): Uploaded | undefined {
    this.#x.checkLengths(call, 'x');
    this.#y.checkLengths(call, 'y');
    this.#weight?.checkLengths(call, 'weight');
    const kind = JSON.stringify(expected);
    const used = this.#uploads.get(core);
    if (used?.kinds.has(kind)) return used;
    if (this.#read.has(kind)) return undefined;
    if (expected.ids && (this.scale !== 1 || this.offset !== 0))
      throw new ValueError(`${call}: scale is ${this.scale} and offset ${this.offset} for inputs that are ids, expected none`);
    const ofTargets = { scale: this.targetScale, offset: this.targetOffset };
    const scaling = this.#y.value === 'x' ? this : ofTargets;
    const batch = readBatch(call, expected, this.#x.value, { y: this.#y.value, weight: this.#weight?.value, scaling });
    checkReach(call, batch, scaling);
    // Reading may have run code that used this data set. From here on, none of the caller's code runs.
    const known = this.#uploads.get(core);
    const { rows, forms } = batch;
    const widths = [...expected.inputs, ...expected.targets.map(({ width }) => width)];
    // Class ids were checked against the width of the output that they were uploaded for.
    if (known && known.rows === rows && known.forms.join() === forms.join() && known.widths.join() === widths.join()) {
      known.kinds.add(kind);
      return known;
    }
    if (bytesOf(batch) > this.budget) {
      checkNumbers(call, batch);
      this.#read.set(kind, batch);
      return undefined;
    }
    const uploaded: Uploaded = {
      rows,
      forms,
      widths,
      columns: columnsOf(core, batch.columns, (column) => upload(call, core, column, rows)),
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
   * Data above the budget, as `upload` read them.
   * @internal
   */
  rowsFor(expected: Columns): Batch {
    return this.#read.get(JSON.stringify(expected)) as Batch;
  }

  /**
   * What it was made of, for another realm to make it again.
   * @internal
   */
  literal(): DatasetLiteral<AnyTargets, Inputs> {
    const { scale, offset, targetScale, targetOffset, budget } = this;
    const values = { x: this.#x.value, y: this.#y.value, weight: this.#weight?.value };
    return { ...(values as Pick<DatasetLiteral, 'x' | 'y'>), scale, offset, targetScale, targetOffset, budget };
  }

  get [Symbol.toStringTag](): string {
    return 'Dataset';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const EXPECTED = '{ x, y } with inputs and targets';

/** Most inputs of a network. A list up to this long may be a list of columns, and is copied. */
const MAX_COLUMNS = 1024;

/** The x or y of a caller: its list of columns and its views of linear memory are copied, and the length of each array is kept. */
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

  /** @throws ValueError where an array has another length than when the data set was made */
  checkLengths(call: string, what: string): void {
    const check = (name: string, had: number, has: number) => {
      if (had !== has) throw new ValueError(`${call}: ${name} had length ${had} and now has ${has}, expected the same length; make a new data set`);
    };
    check(what, this.#length, lengthIn(this.#given));
    this.#columns.forEach((length, i) => check(`${what}[${i}]`, length, lengthIn((this.value as readonly unknown[])[i])));
  }
}

function release(core: Core, uploaded: Uploaded): void {
  uploaded.wanted = false;
  if (uploaded.readers === 0) freeColumns(core, uploaded.columns);
}

/** Ends a run that read the data. */
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

/** The bytes of each number of a column in memory: bytes stay bytes. */
function bytesPerNumber(values: ReadValues): number {
  return !areIds(values) && isBytes(values.values) ? 1 : 4;
}

/** Whether a column is one that came before it: the input as targets. */
function isShared({ columns }: Batch, i: number): boolean {
  return columns.findIndex(({ values }) => values === columns[i]?.values) < i;
}

/** Bytes of an upload. */
function bytesOf(batch: Batch): number {
  const { columns, rows } = batch;
  return columns.reduce((sum, { width, values }, i) => sum + (isShared(batch, i) ? 0 : rows * width * bytesPerNumber(values)), 0);
}

/** Columns of a batch in linear memory, one that is there already once. Frees those that were made where one cannot be. */
export function columnsOf(core: Core, columns: readonly ReadColumn[], make: (column: ReadColumn) => Column): Column[] {
  const made: Column[] = [];
  try {
    columns.forEach((column, i) => {
      const first = columns.findIndex(({ values }) => values === column.values);
      made.push(first < i ? { ...(made[first] as Column), isShared: true } : make(column));
    });
  } catch (error) {
    freeColumns(core, made);
    throw error;
  }
  return made;
}

/** Gives the memory of columns back. */
export function freeColumns(core: Core, columns: readonly Column[]): void {
  for (const { address, isShared } of columns) if (!isShared) core.free(address);
}

function upload(call: string, core: Core, { what, width, values }: ReadColumn, rows: number): Column {
  const n = rows * width;
  const size = bytesPerNumber(values);
  const address = core.allocate(
    Math.max(4, n * size),
    areIds(values) ? `${call}: ${what}, ${rows} class ids` : `${call}: ${what}, ${rows} × ${width}`,
  );
  try {
    if (areIds(values)) {
      core.u32.set(values, address >>> 2);
      return { address, type: DataType.Uint32 };
    }
    if (size === 1) {
      core.u8.set(values.values as Uint8Array, address);
      return { address, type: DataType.Uint8 };
    }
    copyIn(values, width, 0, rows, core.f32, address >>> 2);
    checkFinite(call, what, values.values, core, address, rows, width);
    return { address, type: DataType.Float32 };
  } catch (error) {
    core.free(address);
    throw error;
  }
}

/** Checks data that stay in JavaScript, as an upload does. @throws ValueError naming the first number that is not finite in float32 */
function checkNumbers(call: string, { columns }: Batch): void {
  for (const { what, width, values } of columns) {
    if (areIds(values)) continue;
    const numbers = values.values;
    for (let i = 0, n = lengthOf(numbers); i < n; i++) {
      if (!Number.isFinite(Math.fround(numbers[i] as number))) throw notFinite(call, what, numbers, i, width);
    }
  }
}

/**
 * A reusable handle on data: `fit` and `evaluate` take it, or the same literal.
 * @throws ValueError when x or y is missing or scale or offset is not finite
 */
export function dataset(literal: DatasetLiteral<AnyTargets, Inputs>): Dataset {
  return new Dataset(literal);
}
