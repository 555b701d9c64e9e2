import { ValueError } from '../errors.js';
import { uniqueNames } from '../graph/names.js';
import { type Node, topological } from '../graph/node.js';
import { Constant, Parameter, State } from '../ops/leaves.js';
import type { LayerRecord } from './layer.js';

/** A layer of a network, by the name it has there. */
export interface NamedLayer {
  readonly record: LayerRecord;
  readonly name: string;
  /** What a training step leaves in its states. */
  readonly updates: readonly { readonly state: State; readonly next: Node }[];
}

/** What names are given to: the nodes that lead to these roots, and the layers among them. */
export interface Named {
  readonly roots: readonly Node[];
  readonly layers: readonly NamedLayer[];
}

/** A node with values of its own. */
export type Stored = Parameter | State | Constant;

/** What tells a layer from others: its first parameter. One without parameters is another wherever it is applied. */
function identityOf({ parameters, output }: LayerRecord): Node {
  return Object.values(parameters)[0] ?? output;
}

/**
 * The names users gave, and `dense1`, `dense2`, … for the rest. Where a layer is applied again, that application is `enc_2`, `enc_3`, ….
 * @throws ValueError when two layers are called the same
 */
export function nameLayers(found: readonly LayerRecord[]): NamedLayer[] {
  const counts = new Map<string, number>();
  const applied = new Map<Node, { name: string; given: string | undefined; times: number }>();
  const taken = new Set<string>();
  const left = new Map<State, Node>();
  return found.map((record) => {
    const before = applied.get(identityOf(record));
    const number = (counts.get(record.kind) ?? 0) + (before ? 0 : 1);
    counts.set(record.kind, number);
    if (before) before.times++;
    const again = before && (record.name === undefined || record.name === before.given);
    const name = again ? `${before.name}_${before.times}` : (record.name ?? `${record.kind}${number}`);
    if (!before) applied.set(identityOf(record), { name, given: record.name, times: 1 });
    if (taken.has(name)) throw new ValueError(`network: two layers are called ${JSON.stringify(name)}, expected different names`);
    taken.add(name);
    // A layer that is applied again goes on from what its earlier application leaves.
    const updates = record.updates.map(({ state, next }) => {
      left.set(state as State, next(left.get(state as State) ?? state));
      return { state: state as State, next: left.get(state as State) as Node };
    });
    return { record, name, updates };
  });
}

/** What a training step leaves in each state of a network. */
export function stateUpdates(layers: readonly NamedLayer[]): Map<State, Node> {
  return new Map(layers.flatMap(({ updates }) => updates.map(({ state, next }) => [state, next] as const)));
}

/** The layers without their further applications, whose parameters are those of the first. */
export function ownLayers(layers: readonly NamedLayer[]): NamedLayer[] {
  const seen = new Set<Node>();
  return layers.filter(({ record }) => !seen.has(identityOf(record)) && seen.add(identityOf(record)));
}

/**
 * Names for the tensors of parameters, states and constants: `dense1.weights`, `dense1.biases` after the layer that uses them first; others
 * by their own names, else `parameter1`, `state1`, `constant1`, …. Each name comes once.
 */
export function nameTensors({ roots, layers }: Named, reserved: readonly string[] = []): Map<Stored, string> {
  const names = new Map<Stored, string>();
  const unique = uniqueNames(['__metadata__', ...reserved]);
  const give = (node: Stored, wish: string) => {
    if (names.has(node)) return;
    // Half a surrogate pair is no character, and some readers refuse it.
    names.set(node, unique(wish.replace(/\p{Surrogate}/gu, '\ufffd')));
  };
  for (const { record, name } of layers) for (const [key, node] of Object.entries(record.parameters)) give(node, `${name}.${key}`);
  const counts = new Map<string, number>();
  for (const node of topological(roots)) {
    if (!(node instanceof Parameter || node instanceof State || node instanceof Constant) || names.has(node)) continue;
    const count = (counts.get(node.op.name) ?? 0) + 1;
    if (node.name === undefined) counts.set(node.op.name, count);
    give(node, node.name ?? `${node.op.name}${count}`);
  }
  return names;
}

/** What the nodes of layers, parameters and constants are called: `dense1` for a layer's output, `dense1.z` for what its activation is applied to. */
export function nameParts(named: Named): Map<Node, string> {
  const names = new Map<Node, string>(nameTensors(named));
  for (const { record, name } of named.layers) {
    const inner = Object.entries(record.nodes);
    for (const [key, node] of inner) names.set(node, `${name}.${key}`);
    if (!inner.some(([, node]) => node === record.output)) names.set(record.output, name);
  }
  return names;
}
