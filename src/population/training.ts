/** How a population is trained and evaluated: all nets take each step, and a net that cannot stops where it is. */
import { LaneSums } from '../../assembly/population/context.js';
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
import { type Cohort, type Groups, LANES } from './cohort.js';
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

/** Runs some of the steps of a block from number `from` on. @returns bit i: the loss of its net i was not finite */
type Advance = (from: number, count: number) => number;

/** Runs the steps of all nets so that none makes a value of its net NaN or infinite: such a step is not done, and that net stops. */
class Runner {
  readonly #cohort: Cohort;
  readonly #isAlive: Uint8Array;
  /** The values and state of nets that stopped. */
  readonly #kept = new Map<number, { readonly values: Float32Array; readonly state: ReturnType<Cohort['readState']> }>();
  /** What each group has added up. */
  readonly sums: Float64Array;
  readonly stopped: Stop[] = [];

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
    this.#isAlive = new Uint8Array(cohort.count).fill(1);
    this.sums = new Float64Array(cohort.groups * cohort.sumCount);
  }

  get isOver(): boolean {
    return this.#isAlive.every((alive) => alive === 0);
  }

  isAlive(net: number): boolean {
    return this.#isAlive[net] === 1;
  }

  clear(): void {
    this.sums.fill(0);
  }

  /** The nets of a block that go on, a bit each. */
  #aliveIn({ first, groups }: Groups): number {
    let bits = 0;
    for (let index = 0; index < groups * LANES; index++) if (this.#isAlive[first * LANES + index] === 1) bits |= 1 << index;
    return bits;
  }

  /**
   * Runs `count` steps of a block by `advance`. Where one fails, all are taken back and run one by one: a step depends only on the state before it, so
   * the bits are the same.
   */
  run(block: Groups, count: number, advance: Advance, where: (step: number) => Omit<Stop, 'net'>): void {
    const alive = this.#aliveIn(block);
    if (alive === 0) return;
    const cohort = this.#cohort;
    const { first, groups } = block;
    const sums = this.sums.subarray(first * cohort.sumCount, (first + groups) * cohort.sumCount);
    cohort.enter(block);
    cohort.take(block);
    cohort.setSums(sums);
    const odd = (advance(0, count) | cohort.odd(block)) & alive;
    if (odd === 0) cohort.readSums(sums);
    else {
      cohort.restore(block);
      this.#oneByOne(block, sums, count, advance, where);
    }
    if (this.#kept.size === 0) return;
    // Whatever their lanes have computed meanwhile.
    for (let net = first * LANES; net < (first + groups) * LANES; net++) {
      const kept = this.#kept.get(net);
      if (!kept) continue;
      cohort.writeValues(net, kept.values);
      cohort.writeState(net, kept.state);
    }
  }

  #oneByOne(block: Groups, sums: Float64Array, count: number, advance: Advance, where: (step: number) => Omit<Stop, 'net'>): void {
    const cohort = this.#cohort;
    for (let step = 0; step < count; step++) {
      cohort.take(block);
      const before = sums.slice();
      cohort.setSums(sums);
      const odd = (advance(step, 1) | cohort.odd(block)) & this.#aliveIn(block);
      cohort.readSums(sums);
      for (let index = 0; index < block.groups * LANES; index++) {
        if (!(odd & (1 << index))) continue;
        const net = block.first * LANES + index;
        cohort.restoreNet(block, index);
        const group = Math.floor(index / LANES) * cohort.sumCount;
        for (let i = group + (index % LANES); i < group + cohort.sumCount; i += LANES) sums[i] = before[i] as number;
        this.#kept.set(net, { values: cohort.readValues(net), state: cohort.readState(net) });
        this.#isAlive[net] = 0;
        this.stopped.push({ net, ...where(step) });
      }
      if (this.#aliveIn(block) === 0) return;
    }
  }
}

/** Rates and scalars of the steps of one block. */
class Stepper {
  readonly #cohort: Cohort;
  #table = new Float64Array(0);
  /** Scalars and the powers behind each step, by the rates and powers they follow from: nets mostly share them. */
  readonly #scalars = new Map<string, { readonly table: Float64Array; readonly after: Float64Array }>();
  #rates: readonly Float64Array[] = [];
  #constant = true;

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
  }

  /** Sets the rates of the next slice: those of all nets, for each step, or one entry for all steps. */
  set(rates: readonly Float64Array[], constant: boolean): void {
    this.#rates = rates;
    this.#constant = constant;
    this.#scalars.clear();
  }

  /** Writes rates and scalars of steps `from` … of a block. @returns what is to be called when so many of them are done */
  write({ first, groups }: Groups, from: number, count: number): () => void {
    const cohort = this.#cohort;
    const { update } = cohort;
    const nets = groups * LANES;
    // Lanes without a net repeat the last one's.
    const netOf = (index: number) => Math.min(first * LANES + index, cohort.count - 1);
    const rateOf = (step: number, index: number) => (this.#rates[this.#constant ? 0 : from + step] as Float64Array)[netOf(index)] as number;
    const steps = this.#constant ? 1 : count;
    if (this.#table.length < steps * nets) this.#table = new Float64Array(steps * nets);
    for (let step = 0; step < steps; step++) for (let index = 0; index < nets; index++) this.#table[step * nets + index] = rateOf(step, index);
    cohort.setRates(this.#table.subarray(0, steps * nets), nets);
    if (!update?.composition || update.scalarCount === 0) return () => {};
    const { scalarCount, start } = update;
    const table = new Float64Array(count * scalarCount * nets);
    const after: Float64Array[] = [];
    for (let index = 0; index < nets; index++) {
      const powers = cohort.readPowers(netOf(index));
      const rates = Float64Array.from({ length: count }, (_, step) => rateOf(step, index));
      const key = `${this.#constant ? rates[0] : rates}|${count}|${powers}`;
      const known = this.#scalars.get(key) ?? update.composition.scalarTable(update.kinds, update.scalars, rates, powers);
      this.#scalars.set(key, known);
      for (let i = 0; i < count * scalarCount; i++) table[i * nets + index] = known.table[i] as number;
      after.push(known.after.subarray((count - 1) * start.length, count * start.length));
    }
    cohort.setScalars(table);
    return () => {
      after.forEach((powers, index) => {
        const at = cohort.powerIndexOf(first * LANES + index);
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
        for (const block of cohort.blocks(program)) {
          sources.enter(block, shuffle ? seeds : undefined);
          const advance = (from: number, some: number) => {
            const done = stepper.write(block, from, some);
            const odd = cohort.train(program, (step + from) * batch, some, batch, rows, trainees.stepsDone + from);
            done();
            return odd;
          };
          runner.run(block, count, advance, (from) => ({ epoch, step: step + from + 1 }));
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
    const sums = new Float64Array(cohort.groups * cohort.sumCount);
    for (const block of cohort.blocks(program)) {
      const own = sums.subarray(block.first * cohort.sumCount, (block.first + block.groups) * cohort.sumCount);
      sources.enter(block, undefined);
      cohort.enter(block);
      cohort.setSums(own);
      cohort.train(program, 0, Math.ceil(rows / batch), batch, rows, EVALUATION_STEP);
      cohort.readSums(own);
    }
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
  write: (block: Groups) => void,
): Float64Array {
  const { cohort } = trainees;
  const runner = new Runner(cohort);
  const stepper = new Stepper(cohort);
  stepper.set(ratesOf(learningRate, 1, 0, 1, 1), true);
  const program = cohort.program('step', rows, forms);
  for (const block of cohort.blocks(program)) {
    const advance = () => {
      const done = stepper.write(block, 0, 1);
      write(block);
      const odd = cohort.run(program, rows, trainees.stepsDone);
      done();
      return odd;
    };
    runner.run(block, 1, advance, () => ({ epoch: 1, step: 1 }));
  }
  trainees.stepsDone++;
  return meansOf(cohort, forms, runner.sums, rows, (net) => runner.isAlive(net)).loss;
}

/** Mean losses and accuracies of `rows` rows; NaN for nets that are not alive. */
function meansOf(
  cohort: Cohort,
  forms: readonly TargetForm[],
  sums: Float64Array,
  rows: number,
  isAlive: (net: number) => boolean,
): PopulationEvaluation {
  const sumOf = (net: number, bytes: LaneSums) => sums[Math.floor(net / LANES) * cohort.sumCount + bytes / 8 + (net % LANES)] as number;
  const of = (bytes: LaneSums, divisor: (net: number) => number) =>
    Float64Array.from({ length: cohort.count }, (_, net) => (isAlive(net) ? sumOf(net, bytes) / divisor(net) : Number.NaN));
  const weighted = weightingOf(forms[Math.max(0, cohort.deciding)] as TargetForm) !== undefined;
  return {
    loss: of(LaneSums.Loss, () => rows),
    losses: forms.length > 1 ? forms.map((_, i) => of(LaneSums.Parts + (i + 1) * LaneSums.Size, () => rows)) : undefined,
    accuracy: cohort.decidesFor(forms) ? of(LaneSums.Correct, (net) => (weighted ? sumOf(net, LaneSums.Weight) : rows)) : undefined,
  };
}
