import type { Node } from '../graph/node.js';
import { minimised } from '../losses/minimised.js';
import type { LossWithWeight } from '../losses/networkLoss.js';
import type { MinimisedTerm } from '../losses/term.js';
import { type AnyNetwork, internals } from '../network/network.js';

/** A network's graph as it is, for tools that look at it. */
export interface GraphView {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** The loss of each output, with its weight. */
  readonly losses: readonly (LossWithWeight | undefined)[];
  /** What is minimised besides. */
  readonly penalties: readonly Node[];
  /** All that is minimised, as nodes: the losses with their targets, then the penalties. */
  readonly terms: readonly MinimisedTerm[];
  /** In the order of `parameters` and `parameterNames`. */
  readonly parameters: readonly Node[];
}

/** The nodes that a network is made of: what tools start from. */
export function graph(network: AnyNetwork): GraphView {
  const { engine } = internals('graph', network);
  const { model, losses, penalties, parameters } = engine;
  return { ...model, losses, penalties, terms: minimised(engine), parameters };
}
