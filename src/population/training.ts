/** How a population is trained and evaluated: all nets take each step, and a net that cannot stops where it is. */
import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike } from '../arguments/values.js';
import { checkRows } from '../data/batch.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { ValueError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import { weightingOf } from '../losses/targetForm.js';
import { checkCallbacks } from '../training/callbacks.js';
import { EVALUATION_ROWS } from '../training/evaluate.js';
import { now, Pace, TURN_SECONDS, Turns } from '../training/turns.js';
import { type Cohort, LANES } from './cohort.js';
import { type PopulationRates, type Rates, readRates } from './rates.js';
import { type PopulationData, Sources } from './sources.js';

/** The first stream of a seed for shuffles, as a network's `fit` has it. */
const SHUFFLE_STREAM = 0x40000000;

/** Where the random numbers of evaluations begin, as a network's has it. */
const EVALUATION_STEP = 0x80000000;

/** What a pass over data found of each net. */
export interface PopulationEvaluation {
  /** The mean loss of each net. */
  readonly loss: Float64Array;
  /** That of each loss by itself, where there are several: a list in the order of the outputs. */
  readonly losses: readonly Float64Array[] | undefined;
  /** The share of the rows that each net decides rightly, where the loss has decisions. */
  readonly accuracy: Float64Array | undefined;
}

/** Where a net stopped: the step that would have made its loss or a parameter NaN or infinite, which was not done. */
export interface Stop {
  /** The index of the net. */
  readonly net: number;
  /** Both counted from 1; the step within its epoch. */
  readonly epoch: number;
  readonly step: number;
}

/** How an epoch ended. Of a net that stopped, loss and accuracy are NaN from that epoch on. */
export interface PopulationEpoch extends PopulationEvaluation {
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Since the epoch began. */
  readonly seconds: number;
}

/** What `fit` gives. */
export interface PopulationHistory {
  readonly epochs: readonly PopulationEpoch[];
  /** Nets that stopped on the way, with the parameters they had before. */
  readonly stopped: readonly Stop[];
  readonly seconds: number;
}

/** Options of a population's `fit`. */
export interface PopulationFitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Rows of an update. Default 32. */
  readonly batchSize?: number;
  /** Whether each net draws a new order of its rows for each epoch, from its own seed. Default true. */
  readonly shuffle?: boolean;
  /** In place of the optimizer's rate: a number or a schedule for all nets, or a list with one for each. */
  readonly learningRate?: PopulationRates;
  /** The longest time in milliseconds to run without giving the event loop a turn; one step of all nets may take longer. Default 10. */
  readonly budgetMs?: number;
  /** Aborts after the current steps; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Called after each epoch. Returning false ends the training. A promise is awaited for its value. */
  readonly onEpoch?: (epoch: PopulationEpoch) => unknown;
}

/** What a population has besides its cohort, and goes on counting. */
export interface Trainees {
  readonly cohort: Cohort;
  readonly seeds: readonly number[];
  epochsTrained: number;
  stepsDone: number;
}

/** Runs the steps of all nets so that none makes a value of its net NaN or infinite: such a step is not done, and that net stops. */
class Runner {
  readonly #cohort: Cohort;
  /** For each group, the lanes that go on, a bit each. */
  readonly #alive: Uint8Array;
  /** The values and state of nets that stopped. */
  readonly #kept = new Map<number, { readonly values: Float32Array; readonly state: ReturnType<Cohort['readState']> }>();
  /** What each group has added up. */
  readonly sums: readonly Float64Array[];
  readonly stopped: Stop[] = [];
  readonly #before: Float64Array;

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
    this.#alive = Uint8Array.from({ length: cohort.groups }, (_, group) => 2 ** cohort.netsOf(group) - 1);
    this.sums = Array.from({ length: cohort.groups }, () => new Float64Array(cohort.sumCount));
    this.#before = new Float64Array(cohort.sumCount);
  }

  get isOver(): boolean {
    return this.#alive.every((lanes) => lanes === 0);
  }

  /**
   * Runs `count` steps of a group by `advance(from, count)`, which runs some of them and says which lanes were odd. Where one fails, all are taken
   * back and run one by one: a step depends only on the state before it, so the bits are the same.
   */
  run(group: number, count: number, advance: (from: number, count: number) => number, where: (step: number) => Omit<Stop, 'net'>): void {
    const alive = this.#alive[group] as number;
    if (alive === 0) return;
    const cohort = this.#cohort;
    const sums = this.sums[group] as Float64Array;
    cohort.enter(group);
    cohort.take(group);
    cohort.setSums(sums);
    const odd = (advance(0, count) | cohort.oddIn(group)) & alive;
    if (odd === 0) cohort.readSums(sums);
    else {
      cohort.restore(group);
      this.#oneByOne(group, count, advance, where);
    }
    // Whatever their lanes have computed meanwhile.
    for (let lane = 0; lane < LANES; lane++) {
      const net = group * LANES + lane;
      const kept = this.#kept.get(net);
      if (!kept) continue;
      cohort.writeValues(net, kept.values);
      cohort.writeState(net, kept.state);
    }
  }

  #oneByOne(group: number, count: number, advance: (from: number, count: number) => number, where: (step: number) => Omit<Stop, 'net'>): void {
    const cohort = this.#cohort;
    const sums = this.sums[group] as Float64Array;
    for (let step = 0; step < count; step++) {
      cohort.take(group);
      this.#before.set(sums);
      cohort.setSums(sums);
      const odd = (advance(step, 1) | cohort.oddIn(group)) & (this.#alive[group] as number);
      cohort.readSums(sums);
      for (let lane = 0; lane < LANES; lane++) {
        if (!(odd & (1 << lane))) continue;
        const net = group * LANES + lane;
        cohort.restoreNet(group, lane);
        for (let i = lane; i < sums.length; i += LANES) sums[i] = this.#before[i] as number;
        this.#kept.set(net, { values: cohort.readValues(net), state: cohort.readState(net) });
        this.#alive[group] = (this.#alive[group] as number) & ~(1 << lane);
        this.stopped.push({ net, ...where(step) });
      }
      if (this.#alive[group] === 0) return;
    }
  }

  /** The lanes of a group that go on. */
  isAlive(net: number): boolean {
    return ((this.#alive[Math.floor(net / LANES)] as number) & (1 << (net % LANES))) !== 0;
  }

  clear(): void {
    for (const sums of this.sums) sums.fill(0);
  }
}

/** Scalars and rates of the steps of one group. */
class Stepper {
  readonly #cohort: Cohort;
  readonly #table: Float64Array;
  /** Scalars and the powers behind each step, by the rates and powers they follow from: nets mostly share them. */
  readonly #scalars = new Map<string, { readonly table: Float64Array; readonly after: Float64Array }>();
  #rates: readonly Float64Array[] = [];
  #constant = true;

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
    this.#table = new Float64Array(MAX_STEPS * LANES);
  }

  /** Sets the rates of the next slice: those of all nets, for each step, or one entry for all steps. */
  set(rates: readonly Float64Array[], constant: boolean): void {
    this.#rates = rates;
    this.#constant = constant;
    this.#scalars.clear();
  }

  /** Writes rates and scalars of steps `from` … of a group. @returns what is to be called when so many of them are done */
  write(group: number, from: number, count: number): () => void {
    const cohort = this.#cohort;
    const { update } = cohort;
    const nets = cohort.netsOf(group);
    const rateOf = (step: number, lane: number) =>
      (this.#rates[this.#constant ? 0 : from + step] as Float64Array)[group * LANES + Math.min(lane, nets - 1)] as number;
    const steps = this.#constant ? 1 : count;
    for (let step = 0; step < steps; step++) for (let lane = 0; lane < LANES; lane++) this.#table[step * LANES + lane] = rateOf(step, lane);
    cohort.setRates(this.#table.subarray(0, steps * LANES));
    if (!update?.composition || update.scalarCount === 0) return () => {};
    const { scalarCount, start } = update;
    const table = new Float64Array(count * scalarCount * LANES);
    const after: Float64Array[] = [];
    for (let lane = 0; lane < LANES; lane++) {
      const { powers } = cohort.readState(group * LANES + Math.min(lane, nets - 1));
      const rates = Float64Array.from({ length: count }, (_, step) => rateOf(step, lane));
      const key = `${this.#constant ? rates[0] : rates}|${count}|${powers}`;
      const known = this.#scalars.get(key) ?? update.composition.scalarTable(update.kinds, update.scalars, rates, powers);
      this.#scalars.set(key, known);
      for (let i = 0; i < count * scalarCount; i++) table[i * LANES + lane] = known.table[i] as number;
      after.push(known.after.subarray((count - 1) * start.length, count * start.length));
    }
    cohort.setScalars(table);
    return () => {
      after.forEach((powers, lane) => {
        const at = cohort.powerIndexOf(group * LANES + lane);
        powers.forEach((power, i) => {
          cohort.core.f64[at + i * LANES] = power;
        });
      });
    };
  }
}

/** Trains all nets; see `Population.fit`. */
export async function fitAll(trainees: Trainees, data: PopulationData, given: PopulationFitOptions): Promise<PopulationHistory> {
  const call = 'fit';
  const { cohort, seeds } = trainees;
  const called = now();
  const options = checkOptions(call, given, ['epochs', 'batchSize', 'shuffle', 'learningRate', 'budgetMs', 'signal', 'onEpoch']);
  const { epochs = 1, batchSize = 32, shuffle = true, budgetMs, signal, onEpoch } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (typeof shuffle !== 'boolean') throw new ValueError(`${call}: shuffle is ${describe(shuffle)}, expected true or false`);
  if (budgetMs !== undefined && !(typeof budgetMs === 'number' && budgetMs > 0))
    throw new ValueError(`${call}: budgetMs is ${describe(budgetMs)}, expected a number of milliseconds > 0`);
  checkCallbacks(call, { onEpoch }, signal);
  const rates = readRates(call, options.learningRate ?? cohort.update?.optimizer.learningRate, cohort.count);
  const budget = budgetMs === undefined ? TURN_SECONDS : budgetMs / 1000;
  const turns = new Turns(budget);
  const pace = new Pace(budget);
  signal?.throwIfAborted();
  const sources = new Sources(call, cohort, data);
  try {
    const { rows, forms } = sources;
    const batch = Math.min(batchSize, rows);
    const steps = Math.ceil(rows / batch);
    if (rows % batch > 0) checkRows(call, cohort, rows % batch, rows);
    checkRows(call, cohort, batch);
    // Allocate everything first, so that a failure changes nothing.
    if (shuffle) sources.reserve(seeds);
    cohort.program('step', batch, forms);
    const runner = new Runner(cohort);
    const stepper = new Stepper(cohort);
    const ends: PopulationEpoch[] = [];
    let trainingSeconds = 0;
    turns.worked(now() - called);
    for (let epoch = 1; epoch <= epochs && !runner.isOver; epoch++) {
      const began = now();
      if (shuffle) sources.shuffle((SHUFFLE_STREAM + trainees.epochsTrained) >>> 0);
      runner.clear();
      turns.worked(now() - began);
      for (let step = 0; step < steps; ) {
        const count = Math.min(steps - step, pace.next(MAX_STEPS, batch));
        if (turns.isOver(pace.secondsFor(count * batch))) {
          await turns.pause();
          signal?.throwIfAborted();
        }
        const start = now();
        // Schedules are code of the caller's: programs and addresses are taken behind it.
        stepper.set(ratesOf(rates, epoch, step, steps, count), rates.constant);
        const program = cohort.program('step', batch, forms);
        for (let group = 0; group < cohort.groups; group++) {
          sources.enter(group, shuffle ? seeds : undefined);
          const advance = (from: number, some: number) => {
            const done = stepper.write(group, from, some);
            const odd = cohort.train(program, (step + from) * batch, some, batch, rows, trainees.stepsDone + from);
            done();
            return odd;
          };
          runner.run(group, count, advance, (from) => ({ epoch, step: step + from + 1 }));
        }
        step += count;
        trainees.stepsDone += count;
        const end = now();
        pace.took(count * batch, end - start);
        turns.worked(end - start);
      }
      trainees.epochsTrained++;
      const seconds = now() - began;
      trainingSeconds += seconds;
      const end: PopulationEpoch = { epoch, epochs, ...meansOf(cohort, forms, runner.sums, rows, (net) => runner.isAlive(net)), seconds };
      ends.push(end);
      const goOn = onEpoch && (await turns.call(() => onEpoch(end)));
      signal?.throwIfAborted();
      if (goOn === false) break;
    }
    return { epochs: ends, stopped: runner.stopped, seconds: trainingSeconds };
  } finally {
    sources.free();
  }
}

function ratesOf(rates: Rates, epoch: number, step: number, steps: number, count: number): Float64Array[] {
  if (rates.constant) return [rates.of(epoch, step, steps)];
  return Array.from({ length: count }, (_, i) => rates.of(epoch, step + i, steps).slice());
}

/** Finds loss and accuracy of all nets; see `Population.evaluate`. */
export function evaluateAll(cohort: Cohort, data: PopulationData): PopulationEvaluation {
  const sources = new Sources('evaluate', cohort, data);
  try {
    const { rows, forms } = sources;
    const batch = Math.min(rows, EVALUATION_ROWS);
    const program = cohort.program('evaluate', batch, forms);
    const sums = Array.from({ length: cohort.groups }, (_, group) => {
      const own = new Float64Array(cohort.sumCount);
      sources.enter(group, undefined);
      cohort.enter(group);
      cohort.setSums(own);
      cohort.train(program, 0, Math.ceil(rows / batch), batch, rows, EVALUATION_STEP);
      cohort.readSums(own);
      return own;
    });
    return meansOf(cohort, forms, sums, rows, () => true);
  } finally {
    sources.free();
  }
}

/** Takes one step of all nets on rows that lie in memory from `at` on. @returns the loss of each net; NaN where its step was not done */
export function stepAll(
  trainees: Trainees,
  rows: number,
  forms: readonly TargetForm[],
  learningRate: Rates,
  write: (group: number) => void,
): Float64Array {
  const { cohort } = trainees;
  const runner = new Runner(cohort);
  const stepper = new Stepper(cohort);
  stepper.set(ratesOf(learningRate, 1, 0, 1, 1), true);
  const program = cohort.program('step', rows, forms);
  for (let group = 0; group < cohort.groups; group++) {
    const advance = () => {
      const done = stepper.write(group, 0, 1);
      write(group);
      const odd = cohort.run(program, rows, trainees.stepsDone);
      done();
      return odd;
    };
    runner.run(group, 1, advance, () => ({ epoch: 1, step: 1 }));
  }
  trainees.stepsDone++;
  return meansOf(cohort, forms, runner.sums, rows, (net) => runner.isAlive(net)).loss;
}

/** Mean losses and accuracies of `rows` rows; NaN for nets that are not alive. */
function meansOf(
  cohort: Cohort,
  forms: readonly TargetForm[],
  sums: readonly Float64Array[],
  rows: number,
  isAlive: (net: number) => boolean,
): PopulationEvaluation {
  const of = (field: number, divisor: (net: number) => number) =>
    Float64Array.from({ length: cohort.count }, (_, net) => (isAlive(net) ? (sumOf(sums, field, net) as number) / divisor(net) : Number.NaN));
  const weighted = weightingOf(forms[Math.max(0, cohort.deciding)] as TargetForm) !== undefined;
  return {
    loss: of(0, () => rows),
    losses: forms.length > 1 ? forms.map((_, i) => of(3 + i, () => rows)) : undefined,
    accuracy: cohort.decidesFor(forms) ? of(1, (net) => (weighted ? sumOf(sums, 2, net) : rows)) : undefined,
  };
}

function sumOf(sums: readonly Float64Array[], field: number, net: number): number {
  return (sums[Math.floor(net / LANES)] as Float64Array)[field * LANES + (net % LANES)] as number;
}
