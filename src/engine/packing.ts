import type { Program, Recipe } from '../compile/program.js';
import type { Core } from '../core/core.js';
import type { LoadedProgram } from './loadedProgram.js';
import type { Workspace } from './workspace.js';

/** How the weights of an engine that does not train are packed for batches. The core itself is one, `CoreExports`. */
export interface Packing {
  /** Elements that packed w[n, k] takes. */
  packedSize(n: number, k: number): number;
  /** Packs w[n, k]. Addresses are bytes. */
  packWeights(y: number, w: number, n: number, k: number): void;
  /** Puts a program on its core that multiplies by weights so packed. Default: as the core runs it. */
  load?(recipe: Recipe, program: Program, workspace: Workspace): LoadedProgram;
}

/** Weights of fewer bits, for `freeze` and `load`: `int8` of `neurite/int8`. */
export interface Quantization {
  readonly name: 'int8';
  /** @internal */
  on(core: Core): Packing;
}
