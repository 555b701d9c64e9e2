/** How a population is trained: all nets take each step, and a net that cannot, or need not, stops where it is. */
import { checkRows } from '../data/batch.js';
import { MAX_STEPS } from '../engine/workspace.js';
import type { TargetForm } from '../losses/targetForm.js';
import { runAll } from '../training/callbacks.js';
import { EarlyStop } from '../training/earlyStopping.js';
import { inTurns } from '../training/evaluate.js';
import { SHUFFLE_STREAM } from '../training/fit.js';
import { heldBack } from '../training/fitOptions.js';
import type { EpochEnd } from '../training/history.js';
import type { Metric } from '../training/metrics/metric.js';
import { wait } from '../training/pause.js';
import { now, Pace, Turns } from '../training/turns.js';
import type { Cohort, Groups, Loaded } from './cohort.js';
import { evaluateAll, meansOf } from './evaluation.js';
import { type PopulationFitOptions, readOptions } from './fitOptions.js';
import { type Batches, epochOf, type PopulationEpoch, PopulationHistory, type PopulationProgress } from './history.js';
import { portionsOf } from './portions.js';
import type { Rates } from './rates.js';
import { Runner } from './runner.js';
import { Given, type PopulationData, Sources } from './sources.js';
import { Stepper } from './stepper.js';

/** What a population has besides its cohort, and goes on counting: of each net the epochs and steps that it was trained. */
export interface Trainees {
  readonly cohort: Cohort;
  readonly seeds: readonly number[];
  readonly epochsTrained: number[];
  readonly stepsDone: number[];
}

/** A copy of a net's values and of what the optimizer keeps of it. */
class NetCopy {
  #values: Float32Array;
  #state: ReturnType<Cohort['readState']>;

  constructor(
    readonly cohort: Cohort,
    readonly net: number,
  ) {
    this.#values = cohort.readValues(net);
    this.#state = cohort.readState(net);
  }

  take(): void {
    this.#values = this.cohort.readValues(this.net);
    this.#state = this.cohort.readState(this.net);
  }

  restore(): void {
    this.cohort.writeValues(this.net, this.#values);
    this.cohort.writeState(this.net, this.#state);
  }
}

type AnyEpoch = PopulationEpoch<readonly Metric[]>;

/** Trains all nets; see `Population.fit`. */
export async function fitAll(
  trainees: Trainees,
  data: PopulationData,
  given: PopulationFitOptions<readonly Metric[]>,
): Promise<PopulationHistory<readonly Metric[]>> {
  const call = 'fit';
  const { cohort, seeds, epochsTrained, stepsDone } = trainees;
  const called = now();
  // Reads the literals before the options: both may run code of the caller's.
  const training = new Given(call, data, cohort.count);
  const options = readOptions(cohort, given);
  const { epochs, initialEpoch, batchSize, shuffle, metrics, rates, observers, signal, onProgress, onEpoch } = options;
  const turns = new Turns(options.budget);
  const pause = async () => {
    await turns.pause();
    if (options.pause) await wait(options.pause, signal);
    signal?.throwIfAborted();
  };
  signal?.throwIfAborted();
  const held = (rows: number) => (options.validationSplit === undefined ? 0 : heldBack(rows, options.validationSplit));
  let opened: Sources | undefined;
  let validation: { readonly sources: Sources; free(): void } | undefined;
  let stopping: EarlyStop<NetCopy>[] | undefined;
  try {
    // Allocate everything first, so that a failure changes nothing.
    const sources = new Sources(training, cohort, (rows) => [0, rows - held(rows)]);
    opened = sources;
    validation = validationOf(cohort, options.validationData, options.validationSplit === undefined ? undefined : training, held);
    const { most, forms } = sources;
    const batch = Math.min(batchSize, most);
    const steps = Math.ceil(most / batch);
    sources.eachRows((what, rows) => {
      if (rows % batch > 0) checkRows(what, cohort, rows % batch, rows);
      checkRows(what, cohort, Math.min(batch, rows), rows);
    });
    if (shuffle) sources.reserve(seeds, epochsTrained);
    cohort.program('step', batch, forms);
    stopping =
      options.stopping && seeds.map((_, net) => new EarlyStop(options.stopping as NonNullable<typeof options.stopping>, new NetCopy(cohort, net)));
    const counts = seeds.map((_, net) => sources.rowsOf(net));
    const rowsOf = (net: number) => counts[net] as number;
    const runner = new Runner(cohort, stepsDone);
    const { isAlive } = runner;
    const stepper = new Stepper(cohort);
    const batches: Batches = { rowsOf, batchSize };
    const judgesTraining = !validation && (stopping !== undefined || metrics.length > 0);
    turns.worked(now() - called);
    const evaluationPace = new Pace(options.budget);
    const evaluated = (of: Sources) =>
      inTurns(evaluateAll(cohort, of, { call, metrics }, isAlive, evaluationPace), turns, evaluationPace, pause) as Promise<
        NonNullable<AnyEpoch['training']>
      >;
    const alive = () => seeds.flatMap((_, net) => (isAlive(net) ? [net] : []));
    if (stopping) {
      const own = await evaluated(sources);
      const held = validation && (await evaluated(validation.sources));
      const start = { epoch: initialEpoch, epochs, step: 0, steps, seconds: 0, samplesPerSecond: 0, secondsLeft: Number.POSITIVE_INFINITY };
      const end: AnyEpoch = { ...start, ...own, longestBlock: turns.longest, validation: held, training: validation ? undefined : own };
      stopping.forEach((stop, net) => {
        stop.begin(epochOf(end, net, batches) as EpochEnd);
      });
    }
    const pace = new Pace(options.budget);
    const ends: AnyEpoch[] = [];
    let trainingSeconds = 0;
    let trained = 0;
    let over = false;
    for (let epoch = initialEpoch + 1; epoch <= epochs && !runner.isOver && !over; epoch++) {
      const began = now();
      if (shuffle) sources.shuffle(SHUFFLE_STREAM, epoch - initialEpoch - 1);
      runner.sums.fill(0);
      turns.worked(now() - began);
      let seconds = 0;
      let step = 0;
      const taking = alive();
      const samples = () => taking.reduce((sum, net) => sum + Math.min(rowsOf(net), step * batch), 0);
      const progress = (): PopulationProgress => {
        const samplesPerSecond = samples() / seconds;
        const all = taking.reduce((sum, net) => sum + rowsOf(net), 0);
        return {
          epoch,
          epochs,
          step,
          steps,
          ...meansOf(cohort, forms, runner.sums, (net) => Math.min(rowsOf(net), step * batch), isAlive),
          seconds,
          samplesPerSecond,
          secondsLeft: (all * (epochs - epoch + 1) - samples()) / samplesPerSecond,
          longestBlock: turns.longest,
        };
      };
      while (step < steps) {
        const count = Math.min(steps - step, pace.next(MAX_STEPS, batch));
        if (options.pause?.paused || turns.isOver(pace.secondsFor(count * batch))) {
          if (step > 0 && onProgress) await turns.call(() => onProgress(progress()));
          await pause();
        }
        const start = now();
        const stepsOf = (net: number) => Math.ceil(rowsOf(net) / batch);
        // Schedules are code of the caller's: programs and addresses are taken behind it.
        stepper.set(ratesOf(rates, epoch, step, count, { isAlive, stepsOf }), rates.constant);
        const program = cohort.program('step', batch, forms);
        for (const block of cohort.blocks(program)) {
          const work = { rowsOf, doneOf: doneOf(program, stepsDone), batch };
          for (const { nets, from, count: some, rows, done } of portionsOf(block, runner.aliveIn(block), step, count, work)) {
            // Those of its nets that stopped in the portion before have no more steps.
            const going = nets & runner.aliveIn(block);
            if (going === 0) continue;
            sources.enter(block, going, shuffle);
            const advance = (at: number, some: number) => {
              const finish = stepper.write(block, from + at, some);
              const odd = cohort.train(program, (step + from + at) * batch, some, batch, rows, done + from + at);
              finish();
              return odd;
            };
            runner.run(block, going, some, advance, (at) => ({ epoch, step: step + from + at + 1 }));
          }
        }
        step += count;
        const end = now();
        seconds = end - began;
        pace.took(count * batch, end - start);
        turns.worked(end - start);
      }
      for (const net of alive()) epochsTrained[net] = (epochsTrained[net] as number) + 1;
      trainingSeconds += seconds;
      trained += samples();
      if (onProgress) await turns.call(() => onProgress(progress()));
      const judged = validation && (await evaluated(validation.sources));
      const own = judgesTraining ? await evaluated(sources) : undefined;
      const end: AnyEpoch = { ...progress(), validation: judged, training: own };
      ends.push(end);
      for (const net of alive()) {
        const its = epochOf(end, net, batches) as EpochEnd;
        if (stopping?.[net]?.stops(its)) {
          stopping[net]?.restore();
          runner.stop({ net, epoch, step: its.steps, reason: 'early' });
        }
        observers[net]?.(its);
      }
      const goOn = onEpoch && (await turns.call(() => onEpoch(end)));
      signal?.throwIfAborted();
      over = goOn === false;
    }
    const best = seeds.map((_, net) => stopping?.[net]?.best as EpochEnd<readonly Metric[]> | undefined);
    return new PopulationHistory(ends, runner.stopped, best, trainingSeconds, trained / trainingSeconds || 0, batches);
  } finally {
    runAll(
      ...(stopping ?? []).map((stop) => () => stop.restore()),
      () => opened?.free(),
      () => validation?.free(),
      () => training.free(),
    );
  }
}

/** Steps that each net has done: where random numbers follow from them, nets with other numbers run apart. */
function doneOf({ draws }: Loaded, stepsDone: readonly number[]): (net: number) => number {
  return draws ? (net) => stepsDone[net] as number : () => 0;
}

function ratesOf(
  rates: Rates,
  epoch: number,
  step: number,
  count: number,
  { isAlive, stepsOf }: { readonly isAlive: (net: number) => boolean; readonly stepsOf: (net: number) => number },
): Float64Array[] {
  const takers = (at: number) => ({ takes: (net: number) => isAlive(net) && at < stepsOf(net), stepsOf });
  if (rates.constant) return [rates.of(epoch, step, takers(step))];
  return Array.from({ length: count }, (_, i) => rates.of(epoch, step + i, takers(step + i)));
}

/** What is evaluated after each epoch: data of its own, or the rows that were held back of those that are trained on. */
function validationOf(
  cohort: Cohort,
  data: PopulationData | undefined,
  training: Given | undefined,
  held: (rows: number) => number,
): { readonly sources: Sources; free(): void } | undefined {
  if (data !== undefined) {
    const given = new Given('fit: validationData', data, cohort.count);
    try {
      const sources = new Sources(given, cohort);
      return {
        sources,
        free: () =>
          runAll(
            () => sources.free(),
            () => given.free(),
          ),
      };
    } catch (error) {
      given.free();
      throw error;
    }
  }
  if (!training) return undefined;
  const sources = new Sources(training, cohort, (rows) => [rows - held(rows), rows]);
  return { sources, free: () => sources.free() };
}

/** Takes one step of all nets on rows that lie in memory. @returns the loss of each net; NaN where its step was not done */
export function stepAll(
  { cohort, stepsDone }: Trainees,
  rows: number,
  forms: readonly TargetForm[],
  learningRate: Rates,
  write: (block: Groups) => void,
): Float64Array {
  const runner = new Runner(cohort, stepsDone);
  const { isAlive } = runner;
  const stepper = new Stepper(cohort);
  stepper.set(ratesOf(learningRate, 1, 0, 1, { isAlive, stepsOf: () => 1 }), true);
  const program = cohort.program('step', rows, forms);
  for (const block of cohort.blocks(program)) {
    const work = { rowsOf: () => rows, doneOf: doneOf(program, stepsDone), batch: rows };
    for (const { nets, done } of portionsOf(block, runner.aliveIn(block), 0, 1, work)) {
      const advance = () => {
        const finish = stepper.write(block, 0, 1);
        write(block);
        const odd = cohort.run(program, rows, done);
        finish();
        return odd;
      };
      runner.run(block, nets, 1, advance, () => ({ epoch: 1, step: 1 }));
    }
  }
  return meansOf(cohort, forms, runner.sums, () => rows, isAlive).loss;
}
