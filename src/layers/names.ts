import { ValueError } from '../errors.js';
import { uniqueNames } from '../graph/names.js';
import { type Node, topological } from '../graph/node.js';
import { Constant, Parameter } from '../ops/leaves.js';
import type { LayerNodes } from './layer.js';

/** A layer of a network, by the name it has there. */
export interface NamedLayer {
  readonly nodes: LayerNodes;
  readonly name: string;
}

/** What names are given to: the nodes that lead to these outputs, and the layers among them. */
export interface Named {
  readonly outputs: readonly Node[];
  readonly layers: readonly NamedLayer[];
}

/**
 * The names users gave, and `dense1`, `dense2`, … for the rest. Where a layer is applied again, that application is `enc_2`, `enc_3`, ….
 * @throws ValueError when two layers are called the same
 */
export function nameLayers(found: readonly LayerNodes[]): NamedLayer[] {
  const counts = new Map<string, number>();
  const applied = new Map<Parameter, { name: string; given: string | undefined; times: number }>();
  const taken = new Set<string>();
  return found.map((nodes) => {
    const before = applied.get(nodes.weights);
    const number = (counts.get(nodes.kind) ?? 0) + (before ? 0 : 1);
    counts.set(nodes.kind, number);
    if (before) before.times++;
    const again = before && (nodes.name === undefined || nodes.name === before.given);
    const name = again ? `${before.name}_${before.times}` : (nodes.name ?? `${nodes.kind}${number}`);
    if (!before) applied.set(nodes.weights, { name, given: nodes.name, times: 1 });
    if (taken.has(name)) throw new ValueError(`network: two layers are called ${JSON.stringify(name)}, expected different names`);
    taken.add(name);
    return { nodes, name };
  });
}

/**
 * Names for the tensors of parameters and constants: `dense1.weights`, `dense1.biases` after the layer that uses them first; others
 * by their own names, else `parameter1`, `constant1`, …. Each name comes once.
 */
export function nameTensors({ outputs, layers }: Named, reserved: readonly string[] = []): Map<Parameter | Constant, string> {
  const names = new Map<Parameter | Constant, string>();
  const unique = uniqueNames(['__metadata__', ...reserved]);
  const give = (node: Parameter | Constant, wish: string) => {
    if (names.has(node)) return;
    // Half a surrogate pair is no character, and some readers refuse it.
    names.set(node, unique(wish.replace(/\p{Surrogate}/gu, '\ufffd')));
  };
  for (const { nodes, name } of layers) {
    give(nodes.weights, `${name}.weights`);
    if (nodes.biases) give(nodes.biases, `${name}.biases`);
  }
  let parameters = 0;
  let constants = 0;
  for (const node of topological(outputs)) {
    if (node instanceof Parameter && !names.has(node)) give(node, node.name ?? `parameter${++parameters}`);
    else if (node instanceof Constant) give(node, node.name ?? `constant${++constants}`);
  }
  return names;
}

/** What the nodes of layers, parameters and constants are called: `dense1` for a layer's output, `dense1.z` for what its activation is applied to. */
export function nameParts(named: Named): Map<Node, string> {
  const names = new Map<Node, string>(nameTensors(named));
  for (const { nodes, name } of named.layers) {
    names.set(nodes.z, `${name}.z`);
    if (nodes.u !== nodes.z) names.set(nodes.u, name);
  }
  return names;
}
