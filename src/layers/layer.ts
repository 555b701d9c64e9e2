import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import { checkNodes, type Node, named as rename } from '../graph/node.js';
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

/**
 * The same node under a name, by which `trace`, `summary` and errors show it. The output of a layer stays the layer's, which takes the
 * name where it has none.
 */
export function named(node: Node, name: string): Node {
  checkNodes('named', [node]);
  if (typeof name !== 'string') throw new ValueError(`named: name is ${describe(name)}, expected a string`);
  const copy = rename(node, name);
  const layer = layerOf(node);
  return layer ? recordLayer({ ...layer, name: layer.name ?? name, z: layer.z === node ? copy : layer.z, u: copy }) : copy;
}
