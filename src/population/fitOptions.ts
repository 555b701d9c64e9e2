/** Options of a population's `fit`. */
import { checkOptions } from '../arguments/options.js';
import { readEarlyStopping } from '../training/earlyStopping.js';
import type { FitOptions } from '../training/fitOptions.js';
import { FIT_OPTIONS, observerOf, readLoop } from '../training/fitOptions.js';
import type { EpochEnd } from '../training/history.js';
import type { Metric } from '../training/metrics/metric.js';
import type { Cohort } from './cohort.js';
import type { PopulationEpoch, PopulationProgress } from './history.js';
import { type PopulationRates, readRates } from './rates.js';
import type { PopulationData } from './sources.js';

/** Options of a population's `fit`: those of `Network.fit`, where what differs from net to net is a list with one for each. */
export interface PopulationFitOptions<M extends readonly Metric[] = readonly []>
  extends Pick<
    FitOptions<M>,
    'epochs' | 'initialEpoch' | 'batchSize' | 'validationSplit' | 'metrics' | 'earlyStopping' | 'pause' | 'budgetMs' | 'signal'
  > {
  /** Whether each net draws a new order of its rows for each epoch, from its own seed. Default true. */
  readonly shuffle?: boolean;
  /** Data to evaluate after each epoch: one data set for all nets, or a list with one for each. */
  readonly validationData?: PopulationData;
  /**
   * In place of the optimizer's rate: a number or a schedule for all nets, or a list with one for each. A schedule that follows the training, as
   * `reduceOnPlateau` does, comes as a list: each net has losses of its own.
   */
  readonly learningRate?: PopulationRates;
  /** Called between slices of steps: up to 100 times a second, or once in `budgetMs`. A promise is awaited; its rejection rejects `fit`. */
  readonly onProgress?: (progress: PopulationProgress) => unknown;
  /** Called after each epoch. Returning false ends the training of all. A promise is awaited for its value; its rejection rejects `fit`. */
  readonly onEpoch?: (epoch: PopulationEpoch<M>) => unknown;
}

const OPTIONS = FIT_OPTIONS.filter((name) => name !== 'accumulationSteps');

type AnyFitOptions = PopulationFitOptions<readonly Metric[]>;

/** Reads each option once and fills in defaults. @throws ValueError for one that there cannot be; ShapeError for a list of another length */
export function readOptions(cohort: Cohort, options: AnyFitOptions) {
  const given = checkOptions('fit', options, OPTIONS);
  const { learningRate = cohort.update?.optimizer.learningRate, earlyStopping, validationData } = given;
  const loop = readLoop(given, { batchSize: 32, shuffle: true });
  const { metrics } = loop;
  const rates = readRates('fit', learningRate, cohort.count);
  const stopping = earlyStopping === undefined ? undefined : readEarlyStopping(earlyStopping, metrics, cohort.decides);
  const observers = Array.from({ length: cohort.count }, (_, net) => observerOf(rates.ruleOf(net), metrics, cohort.decides)) as readonly (
    | ((end: EpochEnd) => void)
    | undefined
  )[];
  const { onProgress, onEpoch } = given;
  return { ...loop, validationData, rates, stopping, observers, onProgress, onEpoch };
}
