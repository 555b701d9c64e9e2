import { type Floats, type NumericArray, stretch } from '../arguments/arrays.js';
import { type Batch, writeBatch } from '../data/batch.js';
import { setFloats } from '../data/result.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { Node } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import { fill, inputOp } from '../ops/leaves.js';

/** Tensors on their way into a program of derivatives and out of it. */

/** Rows one run takes at most: longer work is done in pieces. */
const ROWS = 1024;

/** A tensor the caller gives, of a parameter's shape. */
export function given(name: string, like: Node): Node {
  return new Node(inputOp, [], like.shape, {}, name);
}

/** A zero of a node's shape where a derivative does not depend on anything. */
export function orZero(node: Node | undefined, like: Node): Node {
  return node ?? fill(like.shape, 0);
}

/** Copies one row of a batch to several: row `row` goes to rows `at` … `at + times − 1` of a program's inputs. */
export function replicate(program: LoadedProgram, batch: Batch, row: number, at: number, times: number): void {
  for (let i = 0; i < times; i++) writeBatch(program, batch, row, row + 1, at + i);
}

export function read(engine: Engine, program: LoadedProgram, index: number, n: number): Floats {
  const at = program.outputIndex(index);
  return engine.core.f32.slice(at, at + n);
}

/** The first n numbers of an output, to `into` from `offset` on. */
export function readTo(into: Floats, engine: Engine, program: LoadedProgram, index: number, n: number, offset = 0): void {
  const at = program.outputIndex(index);
  setFloats(into, engine.core.f32.subarray(at, at + n), offset);
}

/** Outputs from `index` on, one for each parameter, as one run. */
export function readParameters(engine: Engine, program: LoadedProgram, index: number, into: Floats, offset = 0): Floats {
  engine.parameters.forEach((parameter, i) => {
    readTo(into, engine, program, index + i, elements(parameter.shape), offset + engine.offsetOf(parameter));
  });
  return into;
}

export function writeParameters(engine: Engine, program: LoadedProgram, index: number, v: NumericArray): void {
  const { f32 } = engine.core;
  engine.parameters.forEach((parameter, i) => {
    f32.set(stretch(v, engine.offsetOf(parameter), elements(parameter.shape)), program.inputIndex(index + i));
  });
}

/** `times` identity matrices of order n, one below the other. */
function identity(engine: Engine, at: number, times: number, n: number): void {
  const { f32 } = engine.core;
  f32.fill(0, at, at + times * n * n);
  for (let i = 0; i < times; i++) for (let j = 0; j < n; j++) f32[at + (i * n + j) * n + j] = 1;
}

/**
 * What a program gives for each direction of each row, `[rows, n, width]`: each row stands n times in a batch, its copies seeded with the rows of the
 * identity. As many rows as `ROWS` holds go at once.
 * @param programOf makes the program for so many rows, whose input behind those of the network is the seed
 */
export function forEachDirection(
  engine: Engine,
  batch: Batch,
  { n, width }: { readonly n: number; readonly width: number },
  programOf: (rows: number) => LoadedProgram,
  result: Floats,
): void {
  const { rows } = batch;
  const step = Math.max(1, Math.min(rows, Math.floor(ROWS / n)));
  const program = programOf(step * n);
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    for (let row = from; row < to; row++) replicate(program, batch, row, (row - from) * n, n);
    identity(engine, program.inputIndex(engine.model.inputs.length), to - from, n);
    program.run((to - from) * n);
    readTo(result, engine, program, 0, (to - from) * n * width, from * n * width);
  }
}
