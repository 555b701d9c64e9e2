import type { Sums } from '../data/sums.js';
import type { Snapshot } from '../engine/snapshot.js';
import type { TargetForm } from '../losses/targetForm.js';
import type { EarlyStopState } from './earlyStopping.js';
import type { ReadFitOptions } from './fitOptions.js';
import type { ScheduleState } from './schedules/schedule.js';

/** What a run is of: the same where it goes on from a checkpoint. */
export interface FitBegun {
  /** Rows of an epoch, where they are known. */
  readonly rows: number | undefined;
  /** Rows of a step. */
  readonly batch: number;
  readonly options: ReadFitOptions;
  /** Rows that are evaluated after each epoch, besides or in place of those trained on. */
  readonly held: number | undefined;
}

/** Of a `fit`, by the names of its options: what it shares with the one that goes on in its place. */
export type FitFacts = Readonly<Record<string, number | string | boolean>>;

/** Where a `fit` is, between two of its slices: with the parameters and what the optimizer keeps, all that a checkpoint needs. */
export interface FitRun {
  readonly rows: number | undefined;
  readonly batch: number;
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
  /** The `changes` of the parameters' memory: another number there says that they are no longer those of this run. */
  changes: number;
  /** Parameters and optimizer's state where the network has those of the best epoch in place of them. */
  point?: Snapshot | undefined;
}

/** A run that a `fit` is at, or was ended in. */
export type LiveRun = FitRun & FitBegun;

/** A run as a checkpoint has it. */
export interface Interrupted extends FitRun {
  readonly facts: FitFacts;
  /** What the checkpoint says of early stopping and of the schedule. */
  readonly stoppingState?: EarlyStopState | undefined;
  readonly scheduleState?: ScheduleState | undefined;
  /** The run of a `fit` that goes on from here. It comes with the checkpoint, so that other pages carry none of it. @throws ValueError for another fit */
  goOn(begun: FitBegun): LiveRun;
}
