import type { Range } from '../graph/node.js';

/** What a network wants to know of its targets. */
export interface TargetShape {
  readonly width: number;
  /** Whether class ids are welcome. */
  readonly classes: boolean;
  /** Whether values must be from 0 to 1. */
  readonly unit?: boolean;
  /** What a bounded output reaches under a squared error: values of a data set must be within. */
  readonly reach?: Range | undefined;
}

/** What a network expects of a data set: the widths of its inputs, the form of its targets. */
export interface Columns {
  readonly inputs: readonly number[];
  readonly targets: readonly TargetShape[];
}
