import type { Node } from '../graph/node.js';
import type { WeightedLoss } from '../losses/losses.js';
import { type AnyNetwork, internals } from '../network/network.js';

/** A network's graph as it is, for tools that look at it. */
export interface GraphView {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** The loss of each output, with its weight. */
  readonly losses: readonly (Required<WeightedLoss> | undefined)[];
  /** In the order of `parameters` and `parameterNames`. */
  readonly parameters: readonly Node[];
}

/** The nodes that a network is made of: what tools start from. */
export function graph(network: AnyNetwork): GraphView {
  const { engine } = internals('graph', network);
  return { ...engine.model, losses: engine.losses, parameters: engine.parameters };
}
