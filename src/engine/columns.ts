import type { Range } from '../graph/node.js';
import type { IdCounts } from './ids.js';

/** The form that a loss expects of its targets. */
export interface TargetShape {
  readonly width: number;
  /** Whether class ids are accepted. */
  readonly classes: boolean;
  /** Whether rows of values are probabilities. */
  readonly probabilities: boolean;
  /** Whether each element may have a weight of its own: where a row's loss is a sum over the elements. */
  readonly elements: boolean;
  /** Where values must be from 0 to 1: the loss that takes no others. */
  readonly unit?: string | undefined;
  /** What a bounded output reaches: values of a data set must be within, under a loss that draws the output to them. */
  readonly reach?: Range | undefined;
}

/** The columns that a network expects of a data set: the widths of its inputs, the form of its targets. */
export interface Columns {
  readonly inputs: readonly number[];
  /** Of inputs that have ids, how many of each feature; left out where none has. */
  readonly ids?: readonly (IdCounts | undefined)[];
  readonly targets: readonly TargetShape[];
}
