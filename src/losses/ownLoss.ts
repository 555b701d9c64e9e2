import { describe, fieldOf, isOf } from '../arguments/describe.js';
import { NeuriteError, ShapeError, ValueError } from '../errors.js';
import { Node } from '../graph/node.js';
import { features, formatShape } from '../graph/shape.js';
import { target as targetNode, targetOp } from '../ops/leaves.js';
import { defined, type Loss, type LossDefinition, type Reduction } from './loss.js';
import { checkTerm, computed, type Model } from './term.js';

/**
 * A loss of one's own: from an output and its target, both `[rows, out]`, the loss of each row, `[rows, 1]`. It is called once, when the network is
 * made or configured. What it gives is differentiated, checked, traced and saved as the graph it is.
 *
 * Charbonnier's, for instance: `(u, t) => sum(shift(sqrt(shift(square(sub(u, t)), 1)), -1))`
 */
export type LossFunction = (output: Node, target: Node) => Node;

/** The graph of a loss on one output. */
export interface LossGraph {
  readonly output: Node;
  readonly target: Node;
  /** `[rows, 1]`. */
  readonly rows: Node;
}

/** What is known of a loss that comes as a function or as a graph: its targets are values of any size, and it decides nothing. */
const OWN: LossDefinition = {
  name: 'function',
  options: {},
  targets: 'values',
  meanOver: 'rows',
  rows: () => {
    throw new Error('a loss of its own has its graph');
  },
};

const graphs = new WeakMap<Loss, LossGraph>();
const functions = new WeakMap<Loss, LossFunction>();

/** The graph of a loss that came as a function, or from a file; undefined for any other. */
export function graphOf(loss: Loss): LossGraph | undefined {
  return graphs.get(loss);
}

/**
 * Calls a loss of the user's on an output. What it throws passes through.
 * @throws NeuriteError for a result that is no node, or depends on what is not the network's; ShapeError for one that is not `[rows, 1]`
 */
export function ownLoss(call: string, make: LossFunction, output: Node, model: Model, reduction: Reduction): Loss {
  const given = fieldOf(make, 'name');
  const name = typeof given === 'string' && given !== '' ? given : 'function';
  const target = targetNode(features(output.shape), false);
  const rows: unknown = make(output, target);
  const loss = graphLoss(call, name, reduction, { output, target, rows: rows as Node }, model);
  functions.set(loss, make);
  return loss;
}

/** A loss that is a graph already. @throws as `ownLoss` does */
export function graphLoss(call: string, name: string, reduction: Reduction, graph: LossGraph, model: Model): Loss {
  const checked = { ...graph, rows: computed(checkRows(call, name, graph, model)) };
  const loss = defined({ name, reduction, fromLogits: false, scale: 1 }, OWN);
  graphs.set(loss, checked);
  return loss;
}

function checkRows(call: string, name: string, { output, target, rows }: LossGraph, model: Model): Node {
  // The name of an option, where the function has none of its own.
  const what = name === 'loss' ? 'the loss' : `the loss ${name}`;
  if (!isOf(rows, Node))
    throw new NeuriteError('GRAPH', `${call}: ${what} gave ${describe(rows)}, expected a node [rows, 1], such as sum(square(sub(u, t)))`);
  if (!rows.shape.batched || features(rows.shape) !== 1) {
    const remedy = rows.shape.batched ? '; sum(…) or mean(…) over the features makes one number of a row' : '';
    throw new ShapeError(`${call}: ${what} gave ${formatShape(rows.shape)}, expected [rows, 1]${remedy}`);
  }
  if (target.op !== targetOp || target.attributes.classes || features(target.shape) !== features(output.shape))
    throw new ShapeError(`${call}: the target of ${what} is ${target}, expected values as wide as the output ${output}`);
  checkTerm(call, what, rows, model, target);
  return rows;
}

/** A loss that a network held, for the same output of the same network; for another it is made anew, where there is a function to make it. */
export function heldLoss(call: string, loss: Loss, output: Node, model: Model): Loss {
  const graph = graphs.get(loss);
  if (!graph) return loss;
  if (graph.output === output) {
    // Another network may have the same output and not the same parameters.
    checkTerm(call, `the loss ${loss.name}`, graph.rows, model, graph.target);
    return loss;
  }
  const make = functions.get(loss);
  if (make) return ownLoss(call, make, output, model, loss.reduction);
  throw new ValueError(`${call}: the loss ${loss.name} is the graph of another output, expected one of this network, or a function`);
}
