/** What another system is to the benchmarks, in Node and in a page. */
import type { Split } from '../data.js';
import type { Contender } from '../measure.js';
import type { Agents } from '../populations.js';
import type { Prediction, Training } from '../workloads.js';

/** A contender whose outputs can be looked at: who is fast and wrong has no result. */
export interface Predicting extends Contender {
  /** The outputs for the first input, row by row. */
  readonly outputs: () => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** A product to measure: c = a·b, all three square of size n, without copies in and out. */
export interface Multiplying extends Contender {
  readonly product: () => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/**
 * Another system at the same work. Parameters come as W¹ b¹ W² b² …, weights as `[out, in]`, so that everyone begins at the same point
 * and gives the same outputs. What a system has no method for it cannot do.
 */
export interface Peer {
  /** Where it isn't that of a package of this folder. */
  readonly version?: string;
  readonly train?: (work: Training, data: Split, parameters: Float32Array) => Contender | Promise<Contender>;
  readonly predict?: (work: Prediction, parameters: Float32Array, inputs: readonly Float32Array[]) => Predicting | Promise<Predicting>;
  readonly multiply?: (n: number, a: Float32Array, b: Float32Array) => Multiplying | Promise<Multiplying>;
  /** What many small networks answer, a row each, one network after the other. */
  readonly agents?: (work: Agents) => Predicting;
  readonly close?: () => void;
}

/** `[rows, columns]` becomes `[columns, rows]`. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j] as number;
  return result;
}
