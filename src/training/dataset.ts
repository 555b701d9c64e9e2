import { DataType } from '../../assembly/opcodes.js';
import type { Core } from '../core/core.js';
import { ShapeError, ValueError } from '../errors.js';
import { type ClassIds, copyClassIds, copyRows, countRows, describe, isNumericArray, type Values } from '../values.js';

/** Inputs and targets, row by row. */
export interface DatasetLiteral {
  /** Inputs: `[rows × features]`. Bytes stay bytes in memory. */
  readonly x: Values;
  /** Targets: class ids, one a row, or values as wide as the output. */
  readonly y: Values | ClassIds;
  /** Each input element becomes x·scale + offset when it is used. Default 1: bytes are not scaled unless this says so. */
  readonly scale?: number;
  /** Default 0. */
  readonly offset?: number;
}

/** What a network wants to know of its targets. */
export interface TargetShape {
  readonly width: number;
  /** Whether class ids are welcome. */
  readonly classes: boolean;
}

/** One column block of a data set, as it lies in memory. */
export interface Column {
  readonly address: number;
  readonly type: DataType;
}

/** A data set on a core. */
export interface Uploaded {
  readonly rows: number;
  readonly x: Column;
  readonly y: Column;
  /** Whether the targets are class ids. */
  readonly classes: boolean;
}

/**
 * A data set that can be used again and again: checked once, uploaded once per core, on first use.
 * `dispose()` gives its memory back; a forgotten one is collected.
 */
export class Dataset {
  readonly scale: number;
  readonly offset: number;
  readonly #literal: DatasetLiteral;
  readonly #uploads = new Map<Core, Uploaded>();

  constructor(literal: DatasetLiteral) {
    if (typeof literal !== 'object' || literal === null || literal.x === undefined || literal.y === undefined) {
      throw new ValueError(`dataset: got ${describe(literal)}, expected { x, y } with inputs and targets`);
    }
    const { scale = 1, offset = 0 } = literal;
    for (const [name, value] of Object.entries({ scale, offset })) {
      if (!Number.isFinite(value)) throw new ValueError(`dataset: ${name} is ${describe(value)}, expected a finite number`);
    }
    this.#literal = literal;
    this.scale = scale;
    this.offset = offset;
  }

  /** How many rows of `features` inputs there are. @throws ShapeError when the numbers are no whole rows */
  rows(call: string, features: number): number {
    return countRows(call, 'x', this.#literal.x, features);
  }

  /** Whether the targets are class ids: one number a row where the network takes ids. @throws ShapeError when they are neither ids nor rows */
  targetsAreClasses(call: string, rows: number, target: TargetShape): boolean {
    return readTargets(call, this.#literal.y, rows, target).classes;
  }

  /** The data on a core. Nothing is kept when something is wrong with them. */
  upload(call: string, core: Core, features: number, target: TargetShape): Uploaded {
    const known = this.#uploads.get(core);
    const rows = this.rows(call, features);
    if (known) {
      if (known.rows !== rows) throw new ShapeError(`${call}: the data set was used with ${known.rows} rows before, expected networks of the same shape`);
      readTargets(call, this.#literal.y, rows, target);
      return known;
    }
    const { classes } = readTargets(call, this.#literal.y, rows, target);
    const x = uploadValues(call, 'x', core, this.#literal.x, rows, features);
    let y: Column | undefined;
    try {
      y = classes ? uploadIds(call, core, this.#literal.y as ClassIds, rows, target.width) : uploadValues(call, 'y', core, this.#literal.y as Values, rows, target.width);
    } finally {
      if (!y) core.free(x.address);
    }
    const uploaded: Uploaded = { rows, x, y, classes };
    this.#uploads.set(core, uploaded);
    forgotten?.register(this, { core, uploaded }, this);
    return uploaded;
  }

  /** Gives the memory on every core back. The handle stays usable: it uploads again when used again. */
  dispose(): void {
    for (const [core, uploaded] of this.#uploads) release(core, uploaded);
    this.#uploads.clear();
    forgotten?.unregister(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function release(core: Core, { x, y }: Uploaded): void {
  core.free(x.address);
  core.free(y.address);
}

const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ core: Core; uploaded: Uploaded }>(({ core, uploaded }) => release(core, uploaded));

/** Checks targets against the rows and the output: class ids or values? */
export function readTargets(call: string, y: Values | ClassIds, rows: number, { width, classes }: TargetShape): { classes: boolean } {
  if (typeof y === 'number') {
    if (classes && rows === 1) return { classes: true };
    throw new ShapeError(`${call}: y is the number ${y}, expected ${classes ? `${rows} class ids, or ` : ''}${rows} × ${width} values`);
  }
  const flat = isNumericArray(y) || (Array.isArray(y) && (y.length === 0 || typeof y[0] === 'number'));
  if (flat && (y as readonly number[]).length !== rows * width) {
    if (classes && (y as readonly number[]).length === rows) return { classes: true };
    const ids = classes ? `${rows} class ids, or ` : '';
    throw new ShapeError(`${call}: y has ${(y as readonly number[]).length} numbers for ${rows} rows of x, expected ${ids}${rows} × ${width} values`);
  }
  const found = countRows(call, 'y', y as Values, width);
  if (found !== rows) throw new ShapeError(`${call}: y has ${found} rows and x has ${rows}, expected as many`);
  return { classes: false };
}

function uploadValues(call: string, what: string, core: Core, values: Values, rows: number, width: number): Column {
  const n = rows * width;
  const bytes = Object.prototype.toString.call(values).includes('Uint8');
  const address = core.allocate(Math.max(4, bytes ? n : n * 4), `${call}: ${what}, ${rows} × ${width}`);
  try {
    if (bytes) core.u8.set(values as Uint8Array, address);
    else copyRows(call, what, values, width, 0, rows, core.f32, address >>> 2);
  } catch (error) {
    core.free(address);
    throw error;
  }
  return { address, type: bytes ? DataType.Uint8 : DataType.Float32 };
}

function uploadIds(call: string, core: Core, ids: ClassIds, rows: number, classes: number): Column {
  const address = core.allocate(rows * 4, `${call}: y, ${rows} class ids`);
  try {
    copyClassIds(call, ids, 0, rows, classes, core.u32, address >>> 2);
  } catch (error) {
    core.free(address);
    throw error;
  }
  return { address, type: DataType.Uint32 };
}

/**
 * A reusable handle on data: `fit` and `evaluate` take it, or the same literal.
 * @throws ValueError when x or y is missing or scale or offset is not finite
 */
export function dataset(literal: DatasetLiteral): Dataset {
  return new Dataset(literal);
}
