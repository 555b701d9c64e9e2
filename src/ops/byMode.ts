import { NeuriteError } from '../errors.js';
import { apply, commonShape, type Float64Value, type Node, type Op } from '../graph/node.js';

function resolved(): never {
  throw new NeuriteError('GRAPH', 'byMode: a graph is resolved to one mode before it is differentiated');
}

/** A node that is one thing in training steps and another everywhere else. Programs are made of resolved graphs, which have none of it. */
export const byModeOp: Op = {
  name: 'byMode',
  inputs: 2,
  attributes: {},
  diagonal: true,
  byMode: true,
  shape: (inputs) => commonShape('byMode', inputs),
  backward: resolved,
  range: (y, rangeOf) => {
    const [[a, b], [c, d]] = y.inputs.map(rangeOf) as [readonly [number, number], readonly [number, number]];
    return [Math.min(a, c), Math.max(b, d)];
  },
};

/** In prediction mode. */
export const byModeValue: Float64Value = { all: (_, [, prediction]) => Float64Array.from(prediction as Float64Array) };

/**
 * The first node in training steps (`fit`, `step`, `gradient`), the second in everything else: predictions, evaluations, traces and derivatives.
 * Both have one shape. Dropout and normalisation over a batch are made of it.
 */
export function byMode(training: Node, prediction: Node): Node {
  return apply(byModeOp, [training, prediction]);
}
