import { ValueError } from './errors.js';
import { checkSize } from './layers/dense.js';
import type { Layer } from './layers/layer.js';
import type { NetworkLoss, TargetsOf } from './losses.js';
import { Network, type NetworkGraph, type NetworkOptions } from './network.js';
import { input } from './ops/leaves.js';
import { describe } from './values.js';

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
): Network<TargetsOf<L>> {
  checkSize('sequential', 'inFeatures', inFeatures);
  if (!Array.isArray(layers) || layers.length === 0 || layers.some((layer) => typeof layer !== 'function')) {
    throw new ValueError(`sequential: layers is ${describe(layers)}, expected a list of at least one layer, such as dense(10)`);
  }
  const x = input(inFeatures);
  return new Network({ inputs: x, outputs: layers.reduce((node, layer) => layer(node), x) }, options);
}

/**
 * A network of any graph: inputs made by `input`, layers and ops applied to nodes, one or several outputs.
 *
 * @throws NeuriteError when an output depends on an input that isn't listed, an input is used by none, or a loss doesn't fit its output
 */
export function network<L extends NetworkLoss = NetworkLoss>({
  inputs,
  outputs,
  ...options
}: NetworkGraph & NetworkOptions<L>): Network<TargetsOf<L>> {
  return new Network({ inputs, outputs }, options);
}
