import { describe, fieldOf, isList } from '../arguments/describe.js';
import { checkSize } from '../arguments/size.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import type { Layer } from '../layers/layer.js';
import type { NetworkLoss, TargetsOf } from '../losses/networkLoss.js';
import { input } from '../ops/leaves.js';
import { Network, type NetworkGraph, type NetworkOptions } from './network.js';

/**
 * A network of layers one behind the other: a graph with one path.
 *
 * @param inFeatures the width of the input
 * @param layers from the input to the output
 * @throws ValueError for a size that is no positive integer, or for no layers
 */
export function sequential<L extends NetworkLoss = NetworkLoss>(
  inFeatures: number,
  layers: readonly Layer[],
  options?: NetworkOptions<L>,
): Network<TargetsOf<L>, 1, 1> {
  if (typeof inFeatures !== 'number') {
    throw new ValueError(`sequential: inFeatures is ${describe(inFeatures)}, expected the number of inputs, as in sequential(784, [dense(10)])`);
  }
  checkSize('sequential', 'inFeatures', inFeatures);
  if (!isList(layers) || layers.length === 0) {
    throw new ValueError(`sequential: layers is ${describe(layers)}, expected a list of at least one layer, as in sequential(784, [dense(10)])`);
  }
  const odd = layers.findIndex((layer) => typeof layer !== 'function');
  if (odd >= 0) {
    throw new ValueError(`sequential: layers[${odd}] is ${describe(layers[odd])}, expected a layer, such as dense(10) or dense(10, 'relu')`);
  }
  const x = input(inFeatures);
  return new Network<TargetsOf<L>, 1, 1>({ inputs: x, outputs: layers.reduce((node, layer, i) => applied(layer, node, i), x) }, options);
}

/** The node that a layer makes. @throws ValueError that says so for what was to be called first, such as `dropout` in place of `dropout(0.5)` */
function applied(layer: Layer, x: Node, i: number): Node {
  try {
    return layer(x);
  } catch (error) {
    const name = fieldOf(layer, 'name');
    // Minified code has other names, and this error then says no more than the layer's own.
    if (!(error instanceof ValueError && typeof name === 'string' && name !== '' && error.message.startsWith(`${name}: `))) throw error;
    throw new ValueError(`sequential: layers[${i}] is ${name} itself, expected what a call gives, ${name}(…) (${error.message})`);
  }
}

/** How many nodes were given: `number` for a list whose length is not known. */
export type CountOf<Nodes extends Node | readonly Node[]> = Nodes extends readonly Node[] ? Nodes['length'] : 1;

/**
 * A network of any graph: inputs made by `input`, layers and ops applied to nodes, one or several outputs.
 *
 * @throws NeuriteError when an output depends on an input that isn't listed, an input is used by none, or a loss doesn't fit its output
 */
export function network<const In extends Node | readonly Node[], const Out extends Node | readonly Node[], const L extends NetworkLoss = NetworkLoss>(
  graph: NetworkGraph<In, Out> & NetworkOptions<L>,
): Network<TargetsOf<L>, CountOf<In>, CountOf<Out>> {
  if (!hasGraph(graph)) throw new ValueError(`network: got ${describe(graph)}, expected an object with inputs, outputs and options`);
  const { inputs, outputs, ...options } = graph;
  return new Network<TargetsOf<L>, CountOf<In>, CountOf<Out>>({ inputs, outputs }, options);
}

function hasGraph(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && 'inputs' in value && 'outputs' in value;
  } catch {
    return false;
  }
}
