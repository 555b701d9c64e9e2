import { ValueError } from '../errors.js';
import type { Parameter } from '../ops/leaves.js';
import type { LayerNodes } from './layer.js';

/**
 * The names users gave, and `dense1`, `dense2`, … for the rest. Where a layer is applied again, that application is `enc_2`, `enc_3`, ….
 * @throws ValueError when two layers are called the same
 */
export function nameLayers(found: readonly LayerNodes[]): { nodes: LayerNodes; name: string }[] {
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
