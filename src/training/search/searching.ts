import type { Status } from '../../../assembly/context.js';
import type { RowSource } from '../../data/source.js';
import type { Sums } from '../../data/sums.js';
import type { Engine } from '../../engine/engine.js';
import type { LoadedProgram } from '../../engine/loadedProgram.js';
import { definitionOf, type Optimizer } from '../../optimizers/optimizer.js';
import type { StepRunner } from '../steps.js';

/** How an optimizer that searches is trained with: it evaluates the loss of all rows as often as it needs. */
export interface Searching {
  /** Rows computed at once, where nothing else is said. */
  readonly rows: number;
  /** @throws ValueError saying that a call is for optimizers that follow a gradient */
  refuse(call: string, optimizer: Optimizer): never;
  /** @throws ValueError where `fit` was given what a search has no use for */
  checkFit(optimizer: Optimizer, isStream: boolean, accumulationSteps: number): void;
  /** Runs one step: see `searchStep`. */
  step(
    call: string,
    engine: Engine,
    program: LoadedProgram,
    rows: number,
    learningRate: number,
    stepsDone: number,
    pass: () => number,
  ): { readonly status: Status; readonly sums: Sums };
  /** The steps of a `fit` on all rows of a source, of which `part` are computed at once. */
  steps(engine: Engine, source: RowSource, part: number): StepRunner;
}

/** What an optimizer that searches brings with it; undefined for one that follows a gradient. */
export function searchingOf(optimizer: Optimizer | undefined): Searching | undefined {
  return optimizer && (definitionOf(optimizer).searching as Searching | undefined);
}
