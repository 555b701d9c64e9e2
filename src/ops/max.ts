import { Opcode } from '../../assembly/opcodes.js';
import { isOf } from '../arguments/describe.js';
import { NeuriteError } from '../errors.js';
import { apply, checkNodes, type Float64Value, Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { div } from './div.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { comparable } from './extremum.js';
import { heaviside } from './heaviside.js';
import { mul } from './mul.js';
import { oneFeature, rowsOp } from './rowsOp.js';
import { sub } from './sub.js';

/** 1/(number of maxima) where x is the largest of its row, else 0. */
function share(y: Node): Node {
  const x = y.inputs[0] as Node;
  const largest = heaviside(sub(comparable(x), expandFeatures(comparable(y), features(x.shape))), 1);
  return div(largest, expandFeatures(sumFeatures(largest), features(x.shape)));
}

/** y = max_l x_l over the features; the gradient goes to the largest, evenly on ties. */
export const maxOp = rowsOp('max', Opcode.MaxFeatures, {
  diagonal: true,
  shape: ([x]) => oneFeature('max', x as Node),
  backward(y, dy) {
    const slope = share(y);
    return [mul(expandFeatures(dy, features(slope.shape)), slope)];
  },
});

function rowsOf(node: Node, x: Float64Array): Float64Array[] {
  const n = features((node.inputs[0] as Node).shape);
  return Array.from({ length: x.length / n }, (_, r) => x.subarray(r * n, (r + 1) * n));
}

const largest = (row: Float64Array) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

export const maxValue: Float64Value = {
  all: (node, [x]) => Float64Array.from(rowsOf(node, x as Float64Array), largest),
  sides: (node, [x]) => rowsOf(node, x as Float64Array).map((row) => row.indexOf(largest(row))),
};

/** @throws NeuriteError where a second node came: of two nodes, element by element, it is another op */
export function checkOne(op: 'max' | 'min', more: readonly unknown[]): void {
  if (isOf(more[0], Node)) throw new NeuriteError('GRAPH', `${op}: two nodes came, expected one; of two, element by element, it is ${op}imum(a, b)`);
}

/** The largest feature of each row: `[rows, n]` → `[rows, 1]`. @throws NeuriteError for two nodes, which `maximum` takes */
export function max(x: Node): Node;
export function max(x: Node, ...more: readonly unknown[]): Node {
  checkNodes('max', [x]);
  checkOne('max', more);
  if (features(x.shape) === 1) return x;
  return apply(maxOp, [x]);
}
