import type { Node } from '../graph/node.js';
import type { Parameter } from '../ops/leaves.js';

/** A layer: a function from node to node. Applied twice, it uses the same parameters twice. */
export type Layer = (x: Node) => Node;

/** What one application of a layer put into a graph. */
export interface LayerNodes {
  readonly kind: string;
  /** The name the user gave. */
  readonly name: string | undefined;
  readonly activation: string;
  readonly input: Node;
  /** Before the activation. */
  readonly z: Node;
  /** After it: the layer's value. */
  readonly u: Node;
  readonly weights: Parameter;
  readonly biases: Parameter | undefined;
}

const applications = new WeakMap<Node, LayerNodes>();

/** Remembers which layer made a node, so that a network can name its layers. */
export function recordLayer(nodes: LayerNodes): Node {
  applications.set(nodes.u, nodes);
  return nodes.u;
}

/** The layer that made a node, if one did. */
export function layerOf(node: Node): LayerNodes | undefined {
  return applications.get(node);
}
