import { gradients } from '../compile/differentiate.js';
import { NeuriteError, ShapeError } from '../errors.js';
import type { Mode } from '../graph/modes.js';
import { checkNodes, type Node, topological } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { byMode } from '../ops/byMode.js';
import { fill } from '../ops/leaves.js';

/**
 * ∂y/∂x as a node, `[rows, n]`, of y `[rows, 1]` to x `[rows, n]`: what a loss, a penalty or an output is made of that has derivatives in it, such as
 * the residual of a differential equation. It is differentiated, checked and saved as the graph that it is, and may be derived again:
 * `derivative(derivative(u, x), x)` is u″ where x has one feature. Where rows depend on each other, as by the batch's statistics in training steps, it is
 * the slope of the sum of y over all rows.
 *
 * A network finds the layers of y by y: make it an output or part of the loss, besides what is made of its derivative.
 *
 * @throws NeuriteError where y does not depend on x; ShapeError unless y is `[rows, 1]` and x `[rows, n]`
 */
export function derivative(y: Node, x: Node): Node {
  checkNodes('derivative', [y, x]);
  if (!y.shape.batched || features(y.shape) !== 1)
    throw new ShapeError(`derivative: y is ${y}, expected [rows, 1]; slice(y, k, k + 1) is one of several features, sum(y) all of them`);
  if (!x.shape.batched) throw new ShapeError(`derivative: x is ${x}, expected [rows, features]`);
  const nodes = topological([y]);
  if (!nodes.includes(x))
    throw new NeuriteError(
      'GRAPH',
      `derivative: ${y} is not made of ${x}, expected a node that it is computed from; of one feature of x take slice(derivative(y, x), k, k + 1)`,
    );
  const seed = { node: y, gradient: fill(y.shape, 1) };
  const of = (mode?: Mode): Node => gradients([seed], [x], undefined, mode)[0] ?? fill(x.shape, 0);
  // The nodes stay those of y, so that a derivative of this one finds x in it, and a network its layers.
  return nodes.some(({ op }) => op.byMode) ? byMode(of('training'), of('prediction')) : of();
}
