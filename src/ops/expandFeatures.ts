import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { apply, checkNodes, type Float64Value, type Node } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { repeatUniform } from './leaves.js';
import { oneFeature, rowsOp } from './rowsOp.js';

/** y[row, f] = x[row] for `width` features. Adjoint of sumFeatures. */
export const expandFeaturesOp = rowsOp('expandFeatures', Opcode.ExpandFeatures, {
  attributes: { width: 'size' },
  diagonal: true,
  repeats: 'features',
  shape([x], { width }) {
    if (elements((x as Node).shape) !== 1) throw new ShapeError(`expandFeatures: ${x} has more than the one feature expected`);
    return { batched: (x as Node).shape.batched, size: [width as number] };
  },
  backward: (_, dy) => [sumFeatures(dy)],
});

export const expandFeaturesValue: Float64Value = {
  all(node, [x]) {
    const [from, n] = [x as Float64Array, features(node.shape)];
    return Float64Array.from({ length: from.length * n }, (_, i) => from[Math.floor(i / n)] as number);
  },
};

export function expandFeatures(x: Node, width: number): Node {
  if (width === 1) return x;
  return repeatUniform(x, { batched: x.shape.batched, size: [width] }) ?? apply(expandFeaturesOp, [x], { width });
}

/** y[row] = Σ_f x[row, f]. Adjoint of expandFeatures. */
export const sumFeaturesOp = rowsOp('sumFeatures', Opcode.SumFeatures, {
  diagonal: true,
  shape: ([x]) => oneFeature('sumFeatures', x as Node),
  backward: (y, dy) => [expandFeatures(dy, features((y.inputs[0] as Node).shape))],
});

export const sumFeaturesValue: Float64Value = {
  all(node, [x]) {
    const [from, n] = [x as Float64Array, features((node.inputs[0] as Node).shape)];
    return Float64Array.from({ length: from.length / n }, (_, r) => from.subarray(r * n, (r + 1) * n).reduce((a, b) => a + b, 0));
  },
};

/** The sum over the features: `[rows, n]` → `[rows, 1]`. */
export function sumFeatures(x: Node): Node {
  checkNodes('sum', [x]);
  const width = features(x.shape);
  if (width === 1) return x;
  return repeatUniform(x, { batched: x.shape.batched, size: [1] }, width) ?? apply(sumFeaturesOp, [x]);
}
