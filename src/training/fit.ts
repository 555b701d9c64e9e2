import { Status } from '../../assembly/context.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import { checkRows } from '../data/batch.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { DatasetRows, isStreamed, OPEN, type Rows, type Streamed } from '../data/rows.js';
import { RowSource } from '../data/source.js';
import { meansOf, type Sums } from '../data/sums.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { Snapshot } from '../engine/snapshot.js';
import { type NonFiniteValue, NotFiniteError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import { runAll } from './callbacks.js';
import { EVALUATION_ROWS, evaluateRows, evaluationProgram, inTurns } from './evaluate.js';
import { type FitOptions, heldBack, type ReadFitOptions, readOptions } from './fitOptions.js';
import type { Interrupted, LiveRun } from './fitRun.js';
import type { EpochEnd, FitProgress, History } from './history.js';
import type { Metric } from './metrics/metric.js';
import { wait } from './pause.js';
import { searchingOf } from './search/searching.js';
import { type StepRunner, Steps } from './steps.js';
import { now, Pace, Turns } from './turns.js';

/** What `fit` trains: an engine, and the counts that outlive one call. */
export interface Trainee {
  readonly engine: Engine;
  readonly seed: number;
  /** Epochs trained so far. A later `fit` continues with the next shuffle. */
  epochsTrained: number;
  /** Steps done so far. */
  stepsDone: number;
  /** Where the `fit` is that is under way, or that was ended on the way. */
  run?: LiveRun | undefined;
  /** Where the next `fit` goes on, from a checkpoint. */
  resume?: Interrupted | undefined;
  /** Finds the first value that became NaN or infinite in the batch that a step stopped at. Only with `debug`. */
  readonly locate?: (stopped: LoadedProgram, rows: number, forms: readonly TargetForm[]) => NonFiniteValue | undefined;
}

/** What `fit` takes its rows from. */
export type TrainingData = Dataset | DatasetLiteral<AnyTargets, Inputs> | Streamed;

/** The first stream of the seed for shuffles; no parameter uses it. */
export const SHUFFLE_STREAM = 0x40000000;

type Ends = EpochEnd<readonly Metric[]>;

/** Trains a network on data; see `Network.fit`. */
export async function fit(trainee: Trainee, data: TrainingData, given: FitOptions<readonly Metric[]>): Promise<History<readonly Metric[]>> {
  const { engine, seed } = trainee;
  const called = now();
  // Reads the literal before the options: both may run code of the caller's.
  const set = isStreamed(data) || Dataset.is(data) ? data : new Dataset(data, 'fit');
  const options = readOptions(engine, given, isStreamed(data) ? data : undefined);
  const { epochs, initialEpoch, batchSize, accumulationSteps, shuffle, metrics, signal, onProgress, onEpoch, rateOf, stopping } = options;
  const turns = new Turns(options.budget);
  const pause = async () => {
    await turns.pause();
    if (options.pause) await wait(options.pause, signal);
    signal?.throwIfAborted();
  };
  signal?.throwIfAborted();
  const most = batchSize * accumulationSteps;
  const held = options.validationSplit === undefined ? undefined : (count: number) => heldBack(count, options.validationSplit as number);
  let opened: Rows | undefined;
  let validation: RowSource | undefined;
  let pending: LiveRun | undefined;
  try {
    // Allocate everything first, so that a failure changes nothing.
    const rows = isStreamed(set)
      ? set[OPEN]('fit', engine, most, seed, { turns, pause, now })
      : new DatasetRows('fit', engine, set, most, seed, held);
    opened = rows;
    validation = validationOf(engine, options, rows instanceof DatasetRows ? rows : undefined);
    const batch = Math.min(searchingOf(engine.optimizer) ? Number.POSITIVE_INFINITY : most, rows.total ?? most);
    const steps = rows.total === undefined ? Number.POSITIVE_INFINITY : Math.ceil(rows.total / batch);
    const judgesTraining = !validation && (stopping !== undefined || metrics.length > 0);
    for (const evaluated of [validation, (stopping || judgesTraining) && rows.source]) if (evaluated) evaluationProgram(engine, evaluated);
    let slices = rows.source && stepsOn(engine, rows.source, batch, batchSize);
    const begun = { rows: rows.total, batch, options, held: validation?.rows };
    const resume = trainee.resume?.changes === engine.memory.changes ? trainee.resume : undefined;
    const start = { epoch: initialEpoch + 1, stream: trainee.epochsTrained, step: 0, samples: 0, forms: [], sums: undefined, over: false };
    const run: LiveRun = resume ? resume.goOn(begun) : { ...begun, ...start, changes: 0 };
    turns.worked(now() - called);
    const report = (progress: FitProgress) => onProgress && turns.call(() => onProgress(progress));
    const evaluationPace = new Pace(options.budget);
    const evaluated = (source: RowSource) =>
      inTurns(evaluateRows(engine, source, metrics, undefined, evaluationPace, 'fit'), turns, evaluationPace, pause);
    const ends: Ends[] = [];
    let trainingSeconds = 0;
    let trained = -run.samples;
    if (stopping && !resume) {
      const training = rows.source && (await evaluated(rows.source));
      const held = validation && (await evaluated(validation));
      const start = { epoch: initialEpoch, epochs, step: 0, steps, seconds: 0, samplesPerSecond: 0, secondsLeft: Number.POSITIVE_INFINITY };
      const own = (training ?? held) as NonNullable<typeof held>;
      stopping.begin({ ...start, ...own, longestBlock: turns.longest, validation: held, training: validation ? undefined : training });
    }
    trainee.resume = undefined;
    trainee.run = pending = run;
    run.changes = ++engine.memory.changes;
    const pace = new Pace(options.budget);
    for (; run.epoch <= epochs && !run.over; ) {
      const drawn = now();
      const pieces = rows.pieces(shuffle ? (SHUFFLE_STREAM + run.stream) >>> 0 : undefined, run.samples);
      let began = now();
      turns.worked(began - drawn);
      let seconds = 0;
      const { epoch } = run;
      const progress = (): FitProgress => {
        const { step, samples, sums, forms } = run;
        const samplesPerSecond = samples / seconds;
        return {
          epoch,
          epochs,
          step,
          steps: Math.max(step, steps),
          ...meansOf(engine, forms, sums as Sums, samples),
          seconds,
          samplesPerSecond,
          secondsLeft: ((rows.total ?? Number.POSITIVE_INFINITY) - samples + (epochs - epoch) * (rows.total ?? 0)) / samplesPerSecond,
          longestBlock: turns.longest,
        };
      };
      for await (const { source, first } of pieces) {
        if (source !== rows.source) slices = stepsOn(engine, source, batch, batchSize);
        run.forms = source.forms;
        // Waiting for rows is no training.
        began = now() - seconds;
        for (let position = first; position < source.rows; ) {
          const count = pace.next(Math.min(Math.ceil((source.rows - position) / batch), source.steps(batch)), batch);
          if (options.pause?.paused || turns.isOver(pace.secondsFor(count * batch))) {
            if (run.step > 0) await report(progress());
            await pause();
          }
          const start = now();
          const rates = rateOf(epoch, run.step, steps, count);
          const slice = (slices as StepRunner).run(position, rates, run.sums, trainee.stepsDone);
          const { status, done } = slice;
          trainee.stepsDone += done;
          if (status !== Status.Done) {
            const at = position + done * batch;
            const where = trainee.locate?.(slice.program, Math.min(batch, source.rows - at, slice.program.program.rows), source.forms);
            throw new NotFiniteError('fit', run.step + done + 1, epoch, where, status === Status.BadUpdate);
          }
          const end = now();
          const from = position;
          position = Math.min(source.rows, position + done * batch);
          run.step += done;
          run.samples += position - from;
          run.sums = slice;
          seconds = end - began;
          pace.took(position - from, end - start);
          turns.worked(end - start);
        }
      }
      trainee.epochsTrained = run.stream + 1;
      trainingSeconds += seconds;
      trained += run.samples;
      await report(progress());
      const judged = validation && (await evaluated(validation));
      const training = judgesTraining && rows.source ? await evaluated(rows.source) : undefined;
      const end: Ends = { ...progress(), validation: judged, training };
      ends.push(end);
      run.over = stopping?.stops(end) === true;
      options.observe?.(end);
      // What a checkpoint in onEpoch holds goes on with the next epoch.
      Object.assign(run, { epoch: epoch + 1, stream: run.stream + 1, step: 0, samples: 0, sums: undefined });
      const goOn = onEpoch && (await turns.call(() => onEpoch(end)));
      signal?.throwIfAborted();
      if (goOn === false) break;
    }
    trainee.run = undefined;
    return {
      epochs: ends,
      seconds: trainingSeconds,
      samplesPerSecond: trained / trainingSeconds || 0,
      best: stopping?.best as Ends | undefined,
    };
  } finally {
    runAll(
      () => {
        if (!stopping?.best || !pending || pending !== trainee.run) return;
        // The parameters of the best epoch are not those of the step that the run is at. Where there is no memory for these, it ends.
        trainee.run = undefined;
        const point = new Snapshot(engine);
        point.take();
        trainee.run = Object.assign(pending, { point });
      },
      () => stopping?.restore(),
      () => engine.judgeState(),
      () => opened?.free(),
      () => validation?.free(),
      () => !isStreamed(set) && set !== data && set.dispose(),
    );
  }
}

/** The steps on a source: of `batch` rows, of which `part` at once. */
function stepsOn(engine: Engine, source: RowSource, batch: number, part: number): StepRunner {
  const rows = Math.min(batch, source.rows);
  // Of the last step, and of the last part of each.
  for (const last of [source.rows % rows, rows % part, (source.rows % rows) % part]) if (last > 0) checkRows('fit', engine, last, source.rows);
  const most = Math.min(part, rows);
  checkRows('fit', engine, most);
  return searchingOf(engine.optimizer)?.steps(engine, source, most) ?? new Steps(engine, source, rows, most);
}

/** What is evaluated after each epoch. */
function validationOf(engine: Engine, { validationData, validationSplit }: ReadFitOptions, rows: DatasetRows | undefined): RowSource | undefined {
  if (validationData) return new RowSource('fit: validationData', engine, validationData, EVALUATION_ROWS);
  if (validationSplit === undefined || !rows) return undefined;
  return new RowSource('fit', engine, rows.dataset, EVALUATION_ROWS, (count) => [rows.total, count]);
}
