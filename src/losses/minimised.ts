import type { Mode } from '../graph/modes.js';
import type { Node } from '../graph/node.js';
import type { LossNodes } from './networkLoss.js';
import type { TargetForm } from './targetForm.js';
import type { MinimisedTerm } from './term.js';

/** What has something to minimise: an engine. */
interface Minimising {
  readonly losses: readonly unknown[];
  readonly penalties: readonly Node[];
  lossNodes(call: string, forms: readonly TargetForm[]): readonly LossNodes[];
  inMode(mode: Mode, node: Node): Node;
}

/** All whose sum is minimised, as tools see it, in prediction mode: targets as values, unless forms say otherwise; penalties as they were given. */
export function minimised(engine: Minimising, forms: readonly TargetForm[] = []): readonly MinimisedTerm[] {
  const losses = engine.losses.some((loss) => loss) ? engine.lossNodes('minimised', forms) : [];
  return [
    ...losses.map(({ node, target, weight, scale, factors }) => ({ node, target, weight, scale, mean: factors !== 0 })),
    ...engine.penalties.map((node) => ({
      node: engine.inMode('prediction', node),
      target: undefined,
      weight: undefined,
      scale: 1,
      mean: node.shape.batched,
    })),
  ];
}
