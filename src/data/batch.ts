import { isNumericArray, kindOf, lengthOf } from '../arguments/arrays.js';
import { count, describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Weights } from '../arguments/values.js';
import type { Core } from '../core/core.js';
import type { Columns, TargetShape } from '../engine/columns.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError, ValueError } from '../errors.js';
import type { Range } from '../graph/node.js';
import { type TargetForm, targetForm } from '../losses/targetForm.js';
import { asList, columnName } from './columns.js';
import { checkUnchanged, copyIn, type Read, readClassIds, readRows, remedyOf } from './values.js';

/** Numbers that were read: rows of them, or class ids. */
export type ReadValues = Read | Uint32Array;

/** A column of a batch: an input, the targets of a loss, or the weights that came with them. */
export interface ReadColumn {
  /** What an error calls it. */
  readonly what: string;
  /** Numbers of a row. */
  readonly width: number;
  readonly values: ReadValues;
}

/** A batch that was read. All of it is copied or stable: using it runs no code of the caller's. */
export interface Batch {
  readonly expected: Columns;
  readonly rows: number;
  /** In the order of a program's inputs: those of the network, the targets of its losses, the weights that came with these. */
  readonly columns: readonly ReadColumn[];
  /** For each target, how it came. */
  readonly forms: readonly TargetForm[];
}

/** Targets and weights as a caller passes them; left out where none are expected. */
export interface GivenTargets {
  readonly y: unknown;
  readonly weight?: unknown;
  /** What each element of the targets is multiplied by, and what is added, before it is used: checks are of the result. */
  readonly scaling?: Scaled;
}

/** An option of calls that take one batch. */
export interface WeightOption {
  /** Weights of the rows or of the elements of the targets: see `DatasetLiteral.weight`. */
  readonly weight?: Weights;
}

/** Targets, with the weights that an option says. @throws ValueError for another option */
export function givenTargets(call: string, y: unknown, options?: WeightOption): GivenTargets {
  return options === undefined ? { y } : { y, ...checkOptions(call, options, ['weight']) };
}

/** x·scale + offset. */
export interface Scaled {
  readonly scale: number;
  readonly offset: number;
}

const UNSCALED: Scaled = { scale: 1, offset: 0 };

/** Whether values are class ids. */
export function areIds(values: ReadValues): values is Uint32Array {
  return kindOf(values) === 'Uint32Array';
}

/**
 * Reads and checks one batch.
 * @throws ShapeError where x, y or weight does not fit the network, ValueError for a number out of range
 */
export function readBatch(call: string, expected: Columns, x: unknown, given?: GivenTargets): Batch {
  const { inputs, ids, targets } = expected;
  const xs = readInputs(call, x, inputs);
  checkIds(call, xs, inputs, ids);
  const { rows } = xs[0] as Read;
  const several = given ? targets.length : 0;
  const ys = several ? asList<unknown>(call, 'y', given?.y, several, 'loss') : [];
  const ws = several && given?.weight !== undefined ? asList<unknown>(call, 'weight', given.weight, several, 'loss') : [];
  const read = targets.slice(0, several).map((shape, i) => {
    const weight = ws[i] === undefined ? undefined : readWeights(call, columnName('weight', i, several), ws[i], rows, shape);
    const what = columnName('y', i, several);
    const values =
      ys[i] === SAME
        ? sameAsInput(call, what, xs, shape, given?.scaling)
        : readTargets(call, what, ys[i], rows, shape, weight?.values, given?.scaling);
    return { weight, target: { what, width: areIds(values) ? 1 : shape.width, values } };
  });
  const columns: ReadColumn[] = [
    ...xs.map((values, i) => ({ what: columnName('x', i, inputs.length), width: inputs[i] as number, values })),
    ...read.map(({ target }) => target),
    ...read.flatMap(({ weight }) => weight ?? []),
  ];
  const forms = read.map(({ target, weight }, i) => {
    const each = weight && (weight.width === (targets[i] as TargetShape).width && weight.width > 1 ? 'elements' : 'rows');
    return targetForm(areIds(target.values), each);
  });
  const batch = { expected, rows, columns, forms };
  checkBatchUnchanged(call, batch);
  return batch;
}

/** Checks that no array of a batch has become shorter since it was read. @throws ValueError */
export function checkBatchUnchanged(call: string, { columns }: Batch): void {
  for (const { what, width, values } of columns) if (!areIds(values)) checkUnchanged(call, what, values, width);
}

/**
 * Reads a batch for an engine. Reading may run code of the caller's, so check afterwards what that did to the engine.
 * @throws what `readBatch` throws; DisposedError or ValueError where reading the data disposed or configured the network
 */
export function readBatchOf(call: string, engine: Engine, x: unknown, given?: GivenTargets): Batch {
  const { columns } = engine;
  const batch = readBatch(call, columns, x, given);
  engine.checkAlive(call);
  if (engine.columns !== columns) throw new ValueError(`${call}: reading the data configured the network, expected data without side effects`);
  return batch;
}

/**
 * @param all the rows that the batch is the last of
 * @throws ShapeError for a batch of fewer rows than a training step takes
 */
export function checkRows(call: string, { minRows }: { readonly minRows: number }, rows: number, all = rows): void {
  if (rows >= minRows) return;
  const batch = `a batch of ${count(rows, 'row')}`;
  throw new ShapeError(
    `${call}: ${all > rows ? `${all} rows leave ${batch}` : `${batch} came`}, expected at least ${minRows}: a batch norm has a variance`,
  );
}

/** What stands for targets that are the input. */
const SAME = 'x';

/** The input once more, as targets. @throws where the network has several inputs, or an output of another width */
function sameAsInput(call: string, what: string, xs: readonly Read[], shape: TargetShape, scaling: Scaled = UNSCALED): Read {
  const [x] = xs;
  if (!x || xs.length > 1) throw new ValueError(`${call}: ${what} is 'x' for ${xs.length} inputs, expected values, or a network of one input`);
  const width = lengthOf(x.values) / x.rows;
  if (width !== shape.width)
    throw new ShapeError(`${call}: ${what} is 'x', whose rows have ${count(width, 'number')}, expected ${shape.width}, the output's features`);
  checkTargets(call, what, x, shape, scaling);
  return x;
}

/**
 * Reads weights: one for each row, or one for each element where the loss is a sum over these.
 * @throws ShapeError for another number of them, ValueError for one that is negative or not finite
 */
function readWeights(
  call: string,
  what: string,
  w: unknown,
  rows: number,
  { width, elements }: TargetShape,
): { what: string; width: number; values: Read } {
  const wide = elements && width > 1;
  const expected = `${count(rows, 'weight')}, one for each row${wide ? `, or ${rows} × ${width}, one for each element` : ''}`;
  const given = typeof w === 'number' ? [w] : w;
  const [first] = isList(given) ? given : [];
  const nested = isList(first) || isNumericArray(first);
  const each = nested ? lengthIn(first) : lengthIn(given) / rows;
  if (each !== 1 && !(wide && each === width)) {
    const flat = isList(given) || isNumericArray(given);
    const found = nested ? `has rows of ${count(each, 'number')}` : flat ? `has ${count(lengthIn(given), 'number')}` : `is ${describe(w)}`;
    throw new ShapeError(`${call}: ${what} ${found}, expected ${expected}`);
  }
  const read = readRows(call, what, given, each);
  if (read.rows !== rows) throw new ShapeError(`${call}: ${what} has ${count(read.rows, 'row')}, expected ${expected}`);
  const values = new Float32Array(read.values);
  values.forEach((value, i) => {
    if (value >= 0 && value < Number.POSITIVE_INFINITY) return;
    const at = each === 1 ? `${i}` : `row ${Math.floor(i / each)}, feature ${i % each}`;
    throw new ValueError(`${call}: ${what}[${at}] is ${read.values[i]}, expected a finite number ≥ 0`);
  });
  return { what, width: each, values: { rows, form: 'typed', values } };
}

/** The length of an array; 0 for anything else. */
export function lengthIn(list: unknown): number {
  return isNumericArray(list) ? lengthOf(list) : isList(list) ? list.length : 0;
}

/**
 * Reads the targets of one loss: class ids where there is one per row, else values. A target of weight 0 may be any number, as it has no loss.
 */
function readTargets(
  call: string,
  what: string,
  y: unknown,
  rows: number,
  shape: TargetShape,
  weights?: Read,
  scaling: Scaled = UNSCALED,
): ReadValues {
  const { width, classes } = shape;
  const ids = () => readClassIds(call, what, y, rows, width, (row) => weights?.values[row] === 0);
  if (typeof y === 'number') {
    if (classes && rows === 1) return ids();
    throw new ShapeError(
      `${call}: ${what} is the number ${y}, expected a list of ${classes ? `${rows} class ids, or ` : ''}${rows} × ${width} values`,
    );
  }
  const typed = isNumericArray(y);
  const first: unknown = isList(y) ? y[0] : undefined;
  if (typed || (isList(y) && (y.length === 0 || typeof first === 'number'))) {
    const length = typed ? lengthOf(y) : y.length;
    if (length !== rows * width) {
      if (classes && length === rows) return ids();
      const expected = classes ? `${count(rows, 'class id')}, or ` : '';
      const remedy = length === rows ? '; class ids go with crossEntropy()' : '';
      throw new ShapeError(
        `${call}: ${what} has ${count(length, 'number')} for ${count(rows, 'row')} of x, expected ${expected}${rows} × ${width} values${remedy}`,
      );
    }
  } else if (classes && isList(y)) {
    if (typeof first !== 'object') {
      throw new ValueError(
        `${call}: ${what}[0] is ${describe(first)}, expected a class id from 0 to ${width - 1}, or a row of ${width} probabilities${remedyOf(first)}`,
      );
    }
    if (isList(first) && first.length === 1) {
      throw new ShapeError(`${call}: row 0 of ${what} has 1 number, expected ${width} probabilities; class ids are passed flat, with flat()`);
    }
  }
  const given = readRows(call, what, y, width);
  if (given.rows !== rows) throw new ShapeError(`${call}: ${what} has ${count(given.rows, 'row')} and x has ${rows}, expected the same number`);
  const read = weights ? withoutMasked(given, weights, shape, scaling) : given;
  checkTargets(call, what, read, shape, scaling);
  return read;
}

/** Targets with those of weight 0 replaced by what the loss takes: 0, or the first class. */
function withoutMasked(read: Read, weights: Read, { width, classes, reach = [0, 0] }: TargetShape, { scale, offset }: Scaled): Read {
  const each = lengthOf(weights.values) / read.rows;
  const harmless = (Math.min(Math.max(0, reach[0]), reach[1]) - offset) / scale || 0;
  const values = new Float64Array(read.values);
  for (let i = 0; i < values.length; i++) {
    if (weights.values[each === 1 ? Math.floor(i / width) : i] === 0) values[i] = classes ? Number(i % width === 0) : harmless;
  }
  return { ...read, values };
}

function checkTargets(call: string, what: string, read: Read, { width, probabilities, unit }: TargetShape, scaling: Scaled): void {
  if (unit !== undefined) checkWithin(call, what, read, width, [0, 1], `as ${unit} takes`, scaling);
  if (probabilities) checkProbabilities(call, what, read, width);
}

/**
 * Checks that the outputs can reach the targets of a data set: a target of 4 after a sigmoid is a mistake.
 * @throws ValueError naming the first target out of range
 */
export function checkReach(call: string, { expected: { inputs, targets }, columns }: Batch, scaling: Scaled): void {
  targets.forEach(({ width, reach }, i) => {
    const { what, values } = columns[inputs.length + i] as ReadColumn;
    if (reach && !areIds(values)) checkWithin(call, what, values, width, reach, "the range of the output's activation", scaling);
  });
}

/** @throws ValueError for a number outside a range; NaN passes, and is found by `checkFinite` */
function checkWithin(
  call: string,
  what: string,
  { rows, values }: Read,
  width: number,
  [low, high]: Range,
  why: string,
  { scale, offset }: Scaled,
): void {
  for (let i = 0; i < rows * width; i++) {
    const value = (values[i] as number) * scale + offset;
    if (value < low || value > high) {
      const expected = low === high ? `${low}` : `a number from ${low} to ${high}`;
      throw new ValueError(`${call}: ${what}[row ${Math.floor(i / width)}, feature ${i % width}] is ${value}, expected ${expected}, ${why}`);
    }
  }
}

/** Most difference of a row's sum of probabilities from 1: the error of rounding them to three or four digits. */
const PROBABILITY_SLACK = 1e-3;

/** @throws ValueError where a row is not a distribution over the classes */
function checkProbabilities(call: string, what: string, { rows, values }: Read, width: number): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) {
      const value = values[j] as number;
      if (value < 0) throw new ValueError(`${call}: ${what}[row ${i}, class ${j % width}] is ${value}, expected a probability from 0 to 1`);
      sum += value;
    }
    if (!(Math.abs(sum - 1) <= PROBABILITY_SLACK)) {
      const shown = Number.isFinite(sum) ? Number(sum.toPrecision(6)) : sum;
      throw new ValueError(`${call}: row ${i} of ${what} sums to ${shown}, expected probabilities that sum to 1, or class ids, one per row`);
    }
  }
}

/** Copies rows `from` … `to` − 1 to row `row` on of a program whose first inputs are the columns of the batch. */
export function writeBatch(program: LoadedProgram, { columns }: Batch, from: number, to: number, row = 0): void {
  const { f32, u32 } = program.core;
  columns.forEach(({ width, values }, i) => {
    const at = program.inputIndex(i) + row * width;
    if (areIds(values)) u32.set(values.subarray(from, to), at);
    else copyIn(values, width, from, to, f32, at);
  });
}

/** Checks that the values written to a program are finite. @throws ValueError naming the first that is not */
export function checkBatchFinite(call: string, program: LoadedProgram, { columns, rows }: Batch): void {
  columns.forEach(({ what, width, values }, i) => {
    if (!areIds(values)) checkFinite(call, what, values.values, program.core, program.inputIndex(i) * 4, rows, width);
  });
}

/** Checks that the floats at `address`, which are those of `values`, are finite. @throws ValueError naming the first that is not, by its row and feature */
export function checkFinite(call: string, what: string, values: ArrayLike<number>, core: Core, address: number, rows: number, width: number): void {
  const at = core.exports.firstNonFinite(address, rows * width);
  if (at >= 0) throw notFinite(call, what, values, at, width);
}

/** What is wrong with the number at `at`, which float32 does not hold. */
export function notFinite(call: string, what: string, values: ArrayLike<number>, at: number, width: number): ValueError {
  const value = values[at] as number;
  const large = Number.isFinite(value) ? ', too large for float32' : '';
  return new ValueError(`${call}: ${what}[row ${Math.floor(at / width)}, feature ${at % width}] is ${value}${large}, expected finite numbers`);
}

/** @throws ValueError naming the first number that is no id, where inputs have ids */
export function checkIds(call: string, xs: readonly Read[], widths: readonly number[], ids: Columns['ids']): void {
  ids?.forEach((counts, input) => {
    const { rows, values } = xs[input] as Read;
    const width = widths[input] as number;
    counts?.forEach((count, j) => {
      for (let i = 0; count > 0 && i < rows; i++) {
        const id = values[i * width + j] as number;
        if (Number.isInteger(id) && id >= 0 && id < count) continue;
        const name = columnName('x', input, xs.length);
        throw new ValueError(`${call}: ${name}[row ${i}, feature ${j}] is ${id}, expected an id from 0 to ${count - 1}`);
      }
    });
  });
}

/** Reads the rows of each input. @throws ShapeError unless all have the same number of rows */
export function readInputs(call: string, x: unknown, widths: readonly number[], what = 'x'): Read[] {
  const list = widths.length === 1 ? [x] : asList<unknown>(call, what, x, widths.length, 'input');
  const name = (i: number) => columnName(what, i, widths.length);
  const xs = widths.map((width, i) => readRows(call, name(i), list[i], width));
  const { rows } = xs[0] as Read;
  xs.forEach((read, i) => {
    if (read.rows !== rows)
      throw new ShapeError(`${call}: ${name(i)} has ${count(read.rows, 'row')} and ${name(0)} has ${rows}, expected the same number`);
    checkUnchanged(call, name(i), read, widths[i] as number);
  });
  return xs;
}
