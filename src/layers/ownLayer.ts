import { describe, fieldOf, isOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkNodes, Node } from '../graph/node.js';
import { formatShape, sameShape } from '../graph/shape.js';
import { Parameter, State } from '../ops/leaves.js';
import { layer as builtLayer, type Layer, type LayerOptions, type LayerParts, type OwnParts, type StateUpdate } from './layer.js';
import { checkPositive } from './options.js';

/**
 * A layer of one's own: `trace`, `summary`, diagrams, files and views show it by its kind, and what `apply` names of it by those names.
 *
 * `apply` is called for each node that the layer is applied to. Its parameters are made outside of it, or on the first call, so that every application has
 * the same: a `parameter` that each call makes anew is another one each time. Its result is the layer's value, or `{ output, parameters, nodes, attributes, updates }`. An output that is the input itself is refused.
 *
 * @param kind what it is called where the user gives no name: `scale1`, `scale2`, … for `scale`
 * @throws ValueError for a kind that is no word, or parts that are none
 */
export function layer(kind: string, apply: (x: Node) => Node | LayerParts, options: LayerOptions = {}): Layer {
  if (typeof kind !== 'string' || kind === '') throw new ValueError(`layer: kind is ${describe(kind)}, expected a word, such as 'scale'`);
  if (typeof apply !== 'function') throw new ValueError(`layer: apply is ${describe(apply)}, expected a function of a node`);
  const { name, trainable } = checkOptions('layer', options ?? {}, ['name', 'trainable']);
  // Its own: what stands for a name is checked there.
  const call = name ?? kind;
  return builtLayer(
    kind,
    (x) => {
      const made = apply(x);
      return readParts(call, isOf(made, Node) ? { output: made as Node } : (made as LayerParts));
    },
    { name, trainable },
  );
}

/** Parts as they are now. @throws ValueError naming the one that is none */
function readParts(call: string, parts: LayerParts): OwnParts {
  const output = fieldOf(parts, 'output') as Node;
  if (!isOf(output, Node)) throw new ValueError(`${call}: apply gave ${describe(parts)}, expected a node, or { output, parameters, … }`);
  const entries = (what: 'parameters' | 'nodes' | 'attributes' | 'maxNorms') => Object.entries((fieldOf(parts, what) ?? {}) as object);
  const parameters = entries('parameters');
  for (const [name, node] of parameters) {
    if (!isOf(node, Parameter) && !isOf(node, State))
      throw new ValueError(`${call}: parameters.${name} is ${describe(node)}, expected a node of parameter() or state()`);
  }
  const nodes = entries('nodes');
  for (const [name, node] of nodes) if (!isOf(node, Node)) throw new ValueError(`${call}: nodes.${name} is ${describe(node)}, expected a node`);
  const attributes = entries('attributes');
  for (const [name, value] of attributes)
    if (typeof value !== 'string') throw new ValueError(`${call}: attributes.${name} is ${describe(value)}, expected a string`);
  const maxNorms = entries('maxNorms');
  for (const [name, value] of maxNorms) {
    if (!isOf(fieldOf(fieldOf(parts, 'parameters'), name), Parameter))
      throw new ValueError(`${call}: maxNorms.${name} is of no parameter, expected one of ${parameters.map(([key]) => key).join(', ')}`);
    checkPositive(call, name === 'weights' ? 'maxNorm' : `maxNorms.${name}`, value);
  }
  const updates = Array.from((fieldOf(parts, 'updates') ?? []) as readonly StateUpdate[], (update) => {
    const [state, next] = [fieldOf(update, 'state'), fieldOf(update, 'next')];
    if (!isOf(state, State) || typeof next !== 'function')
      throw new ValueError(`${call}: updates has ${describe(update)}, expected { state, next }, a node of state() and a function of a node`);
    return { state: state as State, next: (current: Node) => checkNext(call, state as State, next.call(update, current)) };
  });
  return {
    output,
    parameters: Object.fromEntries(parameters),
    nodes: Object.fromEntries(nodes),
    attributes: Object.fromEntries(attributes),
    updates,
    penalties: Array.from((fieldOf(parts, 'penalties') ?? []) as readonly Node[]),
    maxNorms: Object.fromEntries(maxNorms),
  };
}

/** @throws ShapeError where a state would become a tensor of another shape */
function checkNext(call: string, state: State, next: unknown): Node {
  checkNodes(call, [next]);
  if (!sameShape((next as Node).shape, state.shape))
    throw new ShapeError(`${call}: ${next} came as the next value of ${state}, expected the shape ${formatShape(state.shape)}`);
  return next as Node;
}
