import { isNumericArray, kindOf, lengthOf } from '../arguments/arrays.js';
import { count, describe, isList } from '../arguments/describe.js';
import type { Core } from '../core/core.js';
import type { Columns, TargetShape } from '../engine/columns.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError, ValueError } from '../errors.js';
import type { Range } from '../graph/node.js';
import { asList, columnName } from './columns.js';
import { checkUnchanged, copyIn, type Read, readClassIds, readRows } from './values.js';

/** The targets of one loss: values as wide as the output, or class ids. */
export type ReadTargets = Read | Uint32Array;

/** A batch that was read. All of it is copied or stable: using it runs no code of the caller's. */
export interface Batch {
  readonly columns: Columns;
  readonly rows: number;
  readonly xs: readonly Read[];
  readonly ys: readonly ReadTargets[];
  /** For each target, whether it is class ids. */
  readonly classes: readonly boolean[];
}

/** Whether targets are class ids. */
export function areIds(targets: ReadTargets): targets is Uint32Array {
  return kindOf(targets) === 'Uint32Array';
}

/**
 * Reads and checks one batch; without targets where none are expected.
 * @throws ShapeError where x or y does not fit the network, ValueError for a number out of range
 */
export function readBatch(call: string, { inputs, targets }: Columns, x: unknown, y: unknown): Batch {
  const xs = readInputs(call, x, inputs);
  const { rows } = xs[0] as Read;
  const list = targets.length === 0 ? [] : asList<unknown>(call, 'y', y, targets.length, 'loss');
  const name = (i: number) => columnName('y', i, targets.length);
  const ys = targets.map((shape, i) => readTargets(call, name(i), list[i], rows, shape));
  const batch = { columns: { inputs, targets }, rows, xs, ys, classes: ys.map(areIds) };
  checkBatchUnchanged(call, batch);
  return batch;
}

/** Checks that no array of a batch has become shorter since it was read. @throws ValueError */
export function checkBatchUnchanged(call: string, { columns: { inputs, targets }, xs, ys }: Batch): void {
  xs.forEach((read, i) => {
    checkUnchanged(call, columnName('x', i, inputs.length), read, inputs[i] as number);
  });
  ys.forEach((read, i) => {
    if (!areIds(read)) checkUnchanged(call, columnName('y', i, targets.length), read, (targets[i] as TargetShape).width);
  });
}

/**
 * Reads a batch for an engine. Reading may run code of the caller's, so check afterwards what that did to the engine.
 * @throws what `readBatch` throws; DisposedError or ValueError where reading the data disposed or configured the network
 */
export function readBatchOf(call: string, engine: Engine, x: unknown, y: unknown, withTargets = true): Batch {
  const { columns } = engine;
  const batch = readBatch(call, withTargets ? columns : { inputs: columns.inputs, targets: [] }, x, y);
  engine.checkAlive(call);
  if (engine.columns !== columns) throw new ValueError(`${call}: reading the data configured the network, expected data without side effects`);
  return batch;
}

/** Reads the targets of one loss: class ids where there is one per row, else values. */
export function readTargets(call: string, what: string, y: unknown, rows: number, shape: TargetShape): ReadTargets {
  const { width, classes, unit } = shape;
  if (typeof y === 'number') {
    if (classes && rows === 1) return readClassIds(call, what, y, rows, width);
    throw new ShapeError(`${call}: ${what} is the number ${y}, expected ${classes ? `${rows} class ids, or ` : ''}${rows} × ${width} values`);
  }
  const typed = isNumericArray(y);
  const first: unknown = isList(y) ? y[0] : undefined;
  if (typed || (isList(y) && (y.length === 0 || typeof first === 'number'))) {
    const length = typed ? lengthOf(y) : y.length;
    if (length !== rows * width) {
      if (classes && length === rows) return readClassIds(call, what, y, rows, width);
      const ids = classes ? `${count(rows, 'class id')}, or ` : '';
      throw new ShapeError(`${call}: ${what} has ${length} numbers for ${count(rows, 'row')} of x, expected ${ids}${rows} × ${width} values`);
    }
  } else if (classes && isList(y)) {
    if (typeof first !== 'object') {
      throw new ValueError(
        `${call}: ${what}[0] is ${describe(first)}, expected a class id from 0 to ${width - 1}, or a row of ${width} probabilities`,
      );
    }
    if (isList(first) && first.length === 1) {
      throw new ShapeError(`${call}: row 0 of ${what} has 1 number, expected ${width} probabilities; class ids are passed flat, with flat()`);
    }
  }
  const read = readRows(call, what, y, width);
  if (read.rows !== rows) throw new ShapeError(`${call}: ${what} has ${read.rows} rows and x has ${rows}, expected the same number`);
  if (unit !== undefined) checkWithin(call, what, read, width, [0, 1], `as ${unit} takes`);
  if (classes) checkProbabilities(call, what, read, width);
  return read;
}

/**
 * Checks that the outputs can reach the targets of a data set: a target of 4 after a sigmoid is a mistake.
 * @throws ValueError naming the first target out of range
 */
export function checkReach(call: string, { columns: { targets }, ys }: Batch): void {
  ys.forEach((read, i) => {
    const { width, reach } = targets[i] as TargetShape;
    if (reach && !areIds(read)) checkWithin(call, columnName('y', i, ys.length), read, width, reach, "the range of the output's activation");
  });
}

/** @throws ValueError for a number outside a range; NaN passes, and is found by `checkFinite` */
function checkWithin(call: string, what: string, { rows, values }: Read, width: number, [low, high]: Range, why: string): void {
  for (let i = 0; i < rows * width; i++) {
    const value = values[i] as number;
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

/** Copies rows `from` … `to` − 1 to row `row` on of a program whose first inputs are the network's and the targets. */
export function writeBatch(program: LoadedProgram, { columns: { inputs, targets }, xs, ys }: Batch, from: number, to: number, row = 0): void {
  const { f32, u32 } = program.core;
  xs.forEach((read, i) => {
    const width = inputs[i] as number;
    copyIn(read, width, from, to, f32, program.inputIndex(i) + row * width);
  });
  ys.forEach((read, i) => {
    const at = program.inputIndex(xs.length + i);
    const { width } = targets[i] as TargetShape;
    if (areIds(read)) u32.set(read.subarray(from, to), at + row);
    else copyIn(read, width, from, to, f32, at + row * width);
  });
}

/** Checks that the values written to a program are finite. @throws ValueError naming the first that is not */
export function checkBatchFinite(call: string, program: LoadedProgram, { columns: { inputs, targets }, rows, xs, ys }: Batch): void {
  const { core } = program;
  xs.forEach((read, i) => {
    checkFinite(call, columnName('x', i, xs.length), read.values, 0, core, program.inputIndex(i) * 4, rows, inputs[i] as number);
  });
  ys.forEach((read, i) => {
    if (areIds(read)) return;
    const { width } = targets[i] as TargetShape;
    checkFinite(call, columnName('y', i, ys.length), read.values, 0, core, program.inputIndex(xs.length + i) * 4, rows, width);
  });
}

/**
 * Checks that the `rows` × `width` floats at `address` are finite: those of `values` from row `first` on.
 * @throws ValueError naming the first that is not, by its row and feature
 */
export function checkFinite(
  call: string,
  what: string,
  values: ArrayLike<number>,
  first: number,
  core: Core,
  address: number,
  rows: number,
  width: number,
): void {
  const at = core.exports.firstNonFinite(address, rows * width);
  if (at < 0) return;
  const row = first + Math.floor(at / width);
  const value = values[first * width + at] as number;
  const large = Number.isFinite(value) ? ', too large for float32' : '';
  throw new ValueError(`${call}: ${what}[row ${row}, feature ${at % width}] is ${value}${large}, expected finite numbers`);
}

/** Reads the rows of each input. @throws ShapeError unless all have the same number of rows */
export function readInputs(call: string, x: unknown, widths: readonly number[], what = 'x'): Read[] {
  const list = widths.length === 1 ? [x] : asList<unknown>(call, what, x, widths.length, 'input');
  const name = (i: number) => columnName(what, i, widths.length);
  const xs = widths.map((width, i) => readRows(call, name(i), list[i], width));
  const { rows } = xs[0] as Read;
  xs.forEach((read, i) => {
    if (read.rows !== rows) throw new ShapeError(`${call}: ${name(i)} has ${read.rows} rows and ${name(0)} has ${rows}, expected the same number`);
    checkUnchanged(call, name(i), read, widths[i] as number);
  });
  return xs;
}
