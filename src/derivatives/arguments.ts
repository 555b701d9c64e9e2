import { type Floats, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import { count, describe } from '../arguments/describe.js';
import { areIds, type Batch, checkBatchUnchanged, readBatchOf } from '../data/batch.js';
import { fillResult } from '../data/result.js';
import { type Read, readEachParameter, readRows } from '../data/values.js';
import type { Engine } from '../engine/engine.js';
import { ShapeError } from '../errors.js';
import type { Node } from '../graph/node.js';

/** What callers of derivatives pass, read and checked. */

/** Options that choose among several inputs and outputs; both default to the first. */
export interface JacobianOptions {
  readonly output?: number;
  readonly input?: number;
}

/** The option of calls that return one array. */
export interface ResultOption {
  /** Where the result goes, which is returned: a Float32Array of as many numbers. It may be what the call reads. Default: a new one. */
  readonly out?: Floats;
}

/** What options are called that choose among lists. */
export const REMEDIES = { outputs: 'use output, the index of one', inputs: 'use input, the index of one' };

export function outputOf(call: string, engine: Engine, index: number): Node {
  const node = Number.isInteger(index) ? engine.model.outputs[index] : undefined;
  if (!node) throw new ShapeError(`${call}: output is ${describe(index)}, expected one of 0 … ${engine.model.outputs.length - 1}`);
  return node;
}

export function inputOf(call: string, engine: Engine, index: number): Node {
  const node = Number.isInteger(index) ? engine.model.inputs[index] : undefined;
  if (!node) throw new ShapeError(`${call}: input is ${describe(index)}, expected one of 0 … ${engine.model.inputs.length - 1}`);
  return node;
}

/** The rows of each input, and what else goes in with them, all read before any memory is touched. */
export function readAll<T>(call: string, engine: Engine, x: unknown, besides: (rows: number) => T): { rows: number; batch: Batch; besides: T } {
  const batch = readBatchOf(call, engine, x);
  const found = besides(batch.rows);
  // Reading may have run code of the caller's.
  checkBatchUnchanged(call, batch);
  engine.checkAlive(call);
  return { rows: batch.rows, batch, besides: found };
}

export function readVector(call: string, what: string, v: unknown, rows: number, width: number): Read {
  const read = readRows(call, what, v, width);
  if (read.rows !== rows) throw new ShapeError(`${call}: ${what} has ${count(read.rows, 'row')} and x has ${rows}, expected as many`);
  return read;
}

/** A number for each parameter: check when all is read that it is unchanged. @throws ShapeError unless there are as many; ValueError for what is no number */
export function readDirection(call: string, engine: Engine, v: unknown): Read {
  return readEachParameter(call, 'v', v, engine.parameterCount);
}

/** The numbers of a batch that derivatives read. */
export function valuesOf({ columns }: Batch): NumericArray[] {
  return columns.map(({ values }) => (areIds(values) ? values : values.values));
}

/**
 * Fills the result of a call: the array `out` of the caller's, which is returned, or a new one.
 *
 * @param sizes of the result
 * @param reads what `fill` reads of the caller's
 * @throws ShapeError unless `out` is a Float32Array of that many numbers; MemoryError
 */
export function resultOf(
  call: string,
  sizes: readonly number[],
  out: Floats | undefined,
  reads: readonly NumericArray[],
  fill: (into: Floats) => void,
): Floats {
  const n = sizes.reduce((product, size) => product * size, 1);
  const shown = sizes.join(' × ');
  const check = (one: Float32Array) => {
    if (kindOf(one) === 'Float32Array' && lengthOf(one) === n) return;
    throw new ShapeError(`${call}: out is ${describe(one)}, expected a Float32Array of ${n}${sizes.length > 1 ? `, ${shown}` : ''}`);
  };
  return fillResult(`${call}: a result of ${shown}`, n, out, reads, check, fill);
}
