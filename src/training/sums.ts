import type { Workspace } from '../engine/workspace.js';

/** What a run over a data set adds up, row by row. */
export interface Sums {
  readonly lossSum: number;
  /** Rows decided rightly, each counted by its weight. */
  readonly correct: number;
  /** The weights of the rows that were judged; 0 where they have none. */
  readonly weight: number;
}

export const NO_SUMS: Sums = { lossSum: 0, correct: 0, weight: 0 };

export function sumsOf({ lossSum, correct, weight }: Workspace): Sums {
  return { lossSum, correct, weight };
}

/** Sets what a run goes on adding to. */
export function writeSums(workspace: Workspace, { lossSum, correct, weight }: Sums): void {
  workspace.lossSum = lossSum;
  workspace.correct = correct;
  workspace.weight = weight;
}

/** Mean loss and accuracy of `rows` rows. A mean divides by the rows, however they are weighted; an accuracy by their weights. */
export function meansOf({ lossSum, correct, weight }: Sums, rows: number, decides: boolean, weighted: boolean) {
  return { loss: lossSum / rows, accuracy: decides ? correct / (weighted ? weight : rows) : undefined };
}
