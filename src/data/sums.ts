import type { Engine } from '../engine/engine.js';
import type { Workspace } from '../engine/workspace.js';
import { type TargetForm, weightingOf } from '../losses/targetForm.js';

/** What a run over a data set adds up, row by row. */
export interface Sums {
  readonly lossSum: number;
  /** Of each loss, where there are several. */
  readonly lossParts: ArrayLike<number>;
  /** Rows decided rightly, each counted by its weight. */
  readonly correct: number;
  /** The weights of the rows that were judged; 0 where they have none. */
  readonly weight: number;
}

export function sumsOf({ lossSum, lossParts, correct, weight }: Workspace): Sums {
  return { lossSum, lossParts, correct, weight };
}

/** Sets what a run goes on adding to; all begin at 0. */
export function writeSums(workspace: Workspace, sums: Sums | undefined): void {
  workspace.lossSum = sums?.lossSum ?? 0;
  workspace.lossParts = sums?.lossParts ?? workspace.lossParts.fill(0);
  workspace.correct = sums?.correct ?? 0;
  workspace.weight = sums?.weight ?? 0;
}

/** What a run says of its rows. */
export interface Means {
  readonly loss: number;
  /** That of each loss, where there are several. */
  readonly losses: readonly number[] | undefined;
  readonly accuracy: number | undefined;
}

/** Mean losses and accuracy of `rows` rows. A mean divides by the rows, however they are weighted; an accuracy by their weights. */
export function meansOf(engine: Engine, forms: readonly TargetForm[], { lossSum, lossParts, correct, weight }: Sums, rows: number): Means {
  const weighted = weightingOf(forms[Math.max(0, engine.deciding)] as TargetForm) !== undefined;
  return {
    loss: lossSum / rows,
    losses: forms.length > 1 ? forms.map((_, i) => (lossParts[i] as number) / rows) : undefined,
    accuracy: engine.decidesFor(forms) ? correct / (weighted ? weight : rows) : undefined,
  };
}
