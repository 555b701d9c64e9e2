import type { Sums } from '../data/sums.js';
import type { TargetForm } from '../losses/targetForm.js';
import type { EarlyStop, EarlyStopState } from './earlyStopping.js';
import type { Schedule, ScheduleState } from './schedules.js';

/** Where a `fit` is, between two of its slices: with the parameters and what the optimizer keeps, all that a checkpoint needs. */
export interface FitRun {
  /** Rows of an epoch, where they are known. */
  readonly rows: number | undefined;
  /** Rows of a step. */
  readonly batch: number;
  readonly shuffle: boolean;
  /** The epoch under way, counted from 1. */
  epoch: number;
  /** The stream of the seed that its order is drawn from: the epochs that were trained before. */
  stream: number;
  /** Steps done in it. */
  step: number;
  /** Rows done in it. */
  samples: number;
  /** How the targets of its rows came; none before its first step. */
  forms: readonly TargetForm[];
  /** What it has added up; undefined before its first step. */
  sums: Sums | undefined;
  /** Whether early stopping has ended it. */
  over: boolean;
  readonly stopping?: EarlyStop | undefined;
  readonly schedule?: Schedule | undefined;
  /** What a checkpoint says of early stopping and of the schedule. */
  readonly stoppingState?: EarlyStopState | undefined;
  readonly scheduleState?: ScheduleState | undefined;
}
