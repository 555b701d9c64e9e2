import { describe, isList, isOf } from '../arguments/describe.js';
import { NeuriteError, ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import { batch, features, matrix, type Shape } from '../graph/shape.js';
import type { NamedLayer } from '../layers/names.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { expandRows } from '../ops/expandRows.js';
import { fill } from '../ops/leaves.js';
import { product } from '../ops/matmul.js';
import { checkTerm, computed, type Model, meanTerm, type Term } from './term.js';

/** One application of a layer, as nodes to make a penalty of. */
export interface LayerGraph {
  readonly name: string;
  readonly kind: string;
  readonly input: Node;
  readonly output: Node;
  /** Its parameters and states by their names: `weights`, `biases`. */
  readonly parameters: Readonly<Record<string, Node>>;
  /** Named nodes within it: `z`, before the activation. */
  readonly nodes: Readonly<Record<string, Node>>;
  /** Before the activation; the output of a layer that names none. */
  readonly z: Node;
  /** W, `[out, in]`; undefined where the layer has none. */
  readonly weights: Node | undefined;
  /** b, `[out]`; undefined where the layer has none. */
  readonly biases: Node | undefined;
}

/** What is minimised besides the losses: see `NetworkOptions.penalty`. */
export type Penalty = Node | readonly Node[] | ((layers: readonly LayerGraph[]) => Node | readonly Node[]);

/**
 * The penalties of a network, as it holds them. What a function of the user's throws passes through.
 * @throws NeuriteError for what is no node, or depends on what is not the network's; ShapeError for a batch with more than one number a row
 */
export function penaltiesOf(call: string, penalty: unknown, model: Model, layers: readonly NamedLayer[]): readonly Node[] {
  if (penalty === undefined) return [];
  const given = typeof penalty === 'function' ? penalty(layers.map(layerGraph)) : penalty;
  const list: unknown[] = isList(given) ? Array.from(given) : [given];
  return Object.freeze(
    list.map((node, i) => {
      const what = list.length === 1 ? 'the penalty' : `penalty ${i}`;
      if (!isOf(node, Node)) throw new NeuriteError('GRAPH', `${call}: ${what} is ${describe(node)}, expected a node`);
      if (node.shape.batched && features(node.shape) !== 1) {
        throw new ShapeError(`${call}: ${what} is ${node}, expected [rows, 1]; sum(…) or mean(…) over the features makes one number of a row`);
      }
      checkTerm(call, what, node, model);
      return node;
    }),
  );
}

function layerGraph({ name, record }: NamedLayer): LayerGraph {
  const { kind, input, output, parameters, nodes } = record;
  return { name, kind, input, output, parameters, nodes, z: nodes.z ?? output, weights: parameters.weights, biases: parameters.biases };
}

/** A penalty as part of a graph: the mean over the rows of a batch; of parameters alone, the sum of all elements. */
export function penaltyTerm(penalty: Node): Term {
  if (penalty.shape.batched) return meanTerm(computed(penalty), 1);
  return { rows: computed(totalOnRows(penalty)), node: penalty, scale: 1, factors: 0 };
}

/** The sum of the elements of a vector or a matrix, on each row. */
function totalOnRows(x: Node): Node {
  const [m, n] = x.shape.size as [number, number?];
  if (n === undefined) return expandRows(sumFeatures(x));
  const ones = (shape: Shape) => fill(shape, 1);
  const times = (a: Node, b: Node) => product(a, b, false, false);
  return times(ones(batch(1)), times(times(ones(matrix(1, m)), x), ones(matrix(n, 1))));
}
