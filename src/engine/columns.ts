import type { Range } from '../losses/decisions.js';

/** The form that a loss expects of its targets. */
export interface TargetShape {
  readonly width: number;
  /** Whether class ids are accepted. */
  readonly classes: boolean;
  /** Whether values must be from 0 to 1. */
  readonly unit?: boolean;
  /** The range of a bounded output under a squared error. Targets of a data set must lie in it. */
  readonly reach?: Range | undefined;
}

/** The columns that a network expects of a data set: the widths of its inputs, the form of its targets. */
export interface Columns {
  readonly inputs: readonly number[];
  readonly targets: readonly TargetShape[];
}
