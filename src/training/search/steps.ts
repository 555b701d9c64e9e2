/** Steps of an optimizer that searches: it evaluates the loss of all rows as often as it needs. */

import { Context, Status } from '../../../assembly/context.js';
import type { RowSource } from '../../data/source.js';
import { type Sums, sumsOf, writeSums } from '../../data/sums.js';
import type { Engine } from '../../engine/engine.js';
import type { LoadedProgram } from '../../engine/loadedProgram.js';
import type { OptimizerState } from '../../engine/snapshot.js';
import { ValueError } from '../../errors.js';
import { elements } from '../../graph/shape.js';
import { minimised } from '../../losses/minimised.js';
import { definitionOf, type Optimizer } from '../../optimizers/optimizer.js';
import type { Slice } from '../steps.js';
import type { Searching } from './searching.js';

/**
 * What the sum of the rows' losses is divided by, so that it is what the gradients are of.
 * @throws ValueError where no one number does that
 */
function divisorOf(call: string, engine: Engine, rows: number): number {
  const terms = minimised(engine);
  const losses = terms.slice(0, terms.length - engine.penalties.length);
  if (losses.every(({ mean }) => mean)) return rows;
  if (losses.length < terms.length || losses.some(({ mean }) => mean))
    throw new ValueError(`${call}: the losses are sums beside means or a penalty, expected reduction 'mean' of each loss`);
  return 1;
}

/**
 * Runs one step. Where its first evaluation is not finite, or a parameter would not be, parameters and states are as before; in the latter case the
 * optimizer's state begins anew.
 *
 * @param program of the kind `accumulate`
 * @param stepsDone steps of the network before this one, by which random numbers are drawn: the same in every evaluation of a step
 * @param pass adds up losses and gradients of all rows
 * @returns the sums of the first evaluation
 */
function searchStep(
  call: string,
  engine: Engine,
  program: LoadedProgram,
  rows: number,
  learningRate: number,
  stepsDone: number,
  pass: () => number,
): { readonly status: Status; readonly sums: Sums } {
  const divisor = divisorOf(call, engine, rows);
  // Compiled before addresses are taken.
  const regularize = engine.regularizes ? engine.program('regularize', 1) : undefined;
  const shorten = engine.graph.maxNorms?.size ? engine.program('shorten', 1) : undefined;
  const { core, workspace } = program;
  const { parameterCount: n, gradientsAddress } = engine;
  const optimizer = engine.optimizer as Optimizer;
  const { slotNames, slots, powers, powerCount } = engine.optimizerState as OptimizerState;
  const floats = (address: number, count = n) => core.f32.subarray(address >>> 2, (address >>> 2) + count);
  // Random numbers are those of the step, in each evaluation.
  workspace.set(Context.Step, 0);
  workspace.set(Context.FirstStep, stepsDone);
  const values = [floats(engine.parametersAddress), floats(engine.statesAddress, engine.valueCount - n)];
  // What a search remembers of parameters that are frozen now, from steps before or from a file, would move them.
  const held = engine.parameters.filter((node) => engine.frozen.has(node)).map((node) => [engine.offsetOf(node) * 4, elements(node.shape)] as const);
  if (held.some(([offset, count]) => slots.some((slot) => floats(slot + offset, count).some((value) => value !== 0)))) engine.resetOptimizer();
  const before = values.map((one) => one.slice());
  let first: { readonly status: Status; readonly sums: Sums } | undefined;
  const evaluate = () => {
    engine.writeGradients();
    writeSums(workspace, undefined);
    workspace.set(Context.MeanRows, rows);
    workspace.set(Context.FirstStep, stepsDone);
    workspace.set(Context.Step, 0);
    let status: Status = pass();
    workspace.set(Context.MeanRows, 0);
    if (regularize && status === Status.Done) status = regularize.run(1);
    if (status === Status.Done && core.exports.firstNonFinite(gradientsAddress, n) >= 0) status = Status.BadUpdate;
    first ??= { status, sums: sumsOf(workspace) };
    return status === Status.Done ? workspace.lossSum / divisor : Number.POSITIVE_INFINITY;
  };
  const objective = {
    weights: floats(engine.parametersAddress),
    gradient: floats(gradientsAddress),
    slots: Object.fromEntries(slotNames.map((name, i) => [name, floats(slots[i] as number)])),
    powers: core.f64.subarray(powers >>> 3, (powers >>> 3) + powerCount),
    evaluate,
  };
  definitionOf(optimizer).search?.(optimizer, objective, learningRate);
  const { status, sums } = first as unknown as { status: Status; sums: Sums };
  if (status === Status.Done) shorten?.run(1);
  if (status === Status.Done && engine.isFinite) return { status, sums };
  values.forEach((one, i) => one.set(before[i] as Float32Array));
  if (status !== Status.Done) return { status, sums };
  engine.resetOptimizer();
  return { status: Status.BadUpdate, sums };
}

/** The steps of a `fit`, each on all rows of a source, of which `part` are computed at once. */
class SearchSteps {
  readonly #engine: Engine;
  readonly #source: RowSource;
  readonly #part: number;

  /** Compiles its programs now, so that a failed allocation comes before the first step. */
  constructor(engine: Engine, source: RowSource, part: number) {
    this.#engine = engine;
    this.#source = source;
    this.#part = part;
    if (engine.regularizes) engine.program('regularize', 1);
    if (engine.graph.maxNorms?.size) engine.program('shorten', 1);
    engine.program('accumulate', part, source.forms);
  }

  /** Runs one step. */
  run(_position: number, rates: ArrayLike<number>, _sums: Sums | undefined, stepsDone: number): Slice {
    const source = this.#source;
    const part = this.#part;
    const program = this.#engine.program('accumulate', part, source.forms);
    const pass = () => {
      let status: number = Status.Done;
      for (let position = 0; position < source.rows && status === Status.Done; position += part) {
        source.place(program, position, 1, part);
        program.workspace.set(Context.FirstRow, position);
        status = program.run(Math.min(part, source.rows - position));
      }
      program.workspace.set(Context.FirstRow, 0);
      return status;
    };
    const found = searchStep('fit', this.#engine, program, source.rows, rates[0] as number, stepsDone, pass);
    program.workspace.set(Context.FirstRow, 0);
    const { status, sums } = found;
    return { status, done: status === Status.Done ? 1 : 0, ...sums, program };
  }
}

/** Rows that a search computes at once, where nothing else is said: it takes them all. */
const SEARCHED_ROWS = 256;

/** What an optimizer that searches brings with it. */
export const searching: Searching = {
  rows: SEARCHED_ROWS,
  refuse(call, optimizer) {
    throw new ValueError(`${call}: ${optimizer.name} evaluates the loss by itself, expected an optimizer that follows a gradient`);
  },
  checkFit(optimizer, isStream, accumulationSteps) {
    if (isStream || accumulationSteps > 1)
      throw new ValueError(
        `fit: ${isStream ? 'a stream' : 'accumulationSteps'} came for ${optimizer.name}, which takes all rows at once, expected a data set without`,
      );
  },
  step: searchStep,
  steps: (engine, source, part) => new SearchSteps(engine, source, part),
};
