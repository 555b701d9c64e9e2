import type { Sums } from '../data/sums.js';
import type { TargetForm } from '../losses/targetForm.js';
import type { EarlyStop, EarlyStopState } from './earlyStopping.js';
import type { Schedule, ScheduleState } from './schedules.js';

/** What a run is of: the same where it goes on from a checkpoint. */
export interface FitBegun {
  /** Rows of an epoch, where they are known. */
  readonly rows: number | undefined;
  /** Rows of a step. */
  readonly batch: number;
  readonly shuffle: boolean;
  readonly stopping?: EarlyStop | undefined;
  readonly schedule?: Schedule | undefined;
}

/** Where a `fit` is, between two of its slices: with the parameters and what the optimizer keeps, all that a checkpoint needs. */
export interface FitRun extends FitBegun {
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
}

/** A run as a checkpoint has it. */
export interface Interrupted extends FitRun {
  /** What the checkpoint says of early stopping and of the schedule. */
  readonly stoppingState?: EarlyStopState | undefined;
  readonly scheduleState?: ScheduleState | undefined;
  /** The run of a `fit` that goes on from here. It comes with the checkpoint, so that other pages carry none of it. @throws ValueError for another fit */
  goOn(begun: FitBegun): FitRun;
}
