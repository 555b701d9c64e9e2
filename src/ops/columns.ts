import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError, ValueError } from '../errors.js';
import { fillInstruction, rowsOf, tensor, word } from '../graph/instruction.js';
import { apply, checkConstants, checkNodes, type Float64Value, type Instruction, type Node, type Op } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { oneFeature } from './rowsOp.js';

/** The width of the features `start` … `start` + `width` − 1 of `of`. @throws ValueError when there are no such features */
function checkRange(op: string, start: number, width: number, of: number): number {
  if (!(Number.isInteger(start) && Number.isInteger(width) && 0 <= start && width > 0 && start + width <= of)) {
    throw new ValueError(`${op}: features ${start} to ${start + width} of ${of}, expected whole numbers 0 ≤ start < end ≤ ${of}`);
  }
  return width;
}

/** The kernel that copies `width` columns of x, from `xOffset` on, to those of y from `yOffset` on. */
function copyColumns(y: Node, x: Node, width: number, yOffset: number, xOffset: number): Instruction {
  return {
    opcode: Opcode.CopyColumns,
    operands: {
      y: tensor(y),
      x: tensor(x),
      rows: rowsOf(y.shape),
      width: word(width),
      yStride: word(features(y.shape)),
      yOffset: word(yOffset),
      xStride: word(features(x.shape)),
      xOffset: word(xOffset),
    },
    writes: ['y'],
    inPlace: [],
  };
}

/** The same in float64. */
function copied(y: Float64Array, yWidth: number, yOffset: number, x: Float64Array, xWidth: number, xOffset: number, width: number): Float64Array {
  for (let r = 0; r < y.length / yWidth; r++) y.set(x.subarray(r * xWidth + xOffset, r * xWidth + xOffset + width), r * yWidth + yOffset);
  return y;
}

/** y = the inputs side by side. Its gradient is a slice for each. */
export const concatOp: Op = {
  name: 'concat',
  inputs: Number.POSITIVE_INFINITY,
  attributes: {},
  diagonal: false,
  shape(nodes) {
    const [first] = nodes;
    if (!first) throw new ShapeError('concat: no nodes came, expected at least one');
    for (const node of nodes) {
      if (node.shape.batched !== first.shape.batched || node.shape.size.length !== 1)
        throw new ShapeError(`concat: ${first} and ${node} cannot stand side by side`);
    }
    return { batched: first.shape.batched, size: [nodes.reduce((sum, node) => sum + features(node.shape), 0)] };
  },
  backward(node, dy) {
    let start = 0;
    return node.inputs.map((x) => {
      const width = features(x.shape);
      start += width;
      return slice(dy, start - width, start);
    });
  },
  kernel(y) {
    let start = 0;
    return y.inputs.map((x) => {
      const width = features(x.shape);
      start += width;
      return copyColumns(y, x, width, start - width, 0);
    });
  },
};

export const concatValue: Float64Value = {
  all(node, inputs, rows) {
    const y = new Float64Array(elements(node.shape) * (node.shape.batched ? rows : 1));
    let start = 0;
    node.inputs.forEach((x, i) => {
      const width = features(x.shape);
      copied(y, features(node.shape), start, inputs[i] as Float64Array, width, 0, width);
      start += width;
    });
    return y;
  },
};

/** The features of all nodes side by side: `[rows, Σ nᵢ]`. @throws ShapeError when batches and vectors are mixed */
export function concat(...nodes: Node[]): Node {
  checkNodes('concat', nodes);
  return nodes.length === 1 ? (nodes[0] as Node) : apply(concatOp, nodes);
}

/** y = the features from `start` on. Adjoint of pad. */
export const sliceOp: Op = {
  name: 'slice',
  inputs: 1,
  attributes: { start: 'number', width: 'size' },
  diagonal: false,
  shape([x], { start, width }) {
    oneFeature('slice', x as Node);
    return { batched: (x as Node).shape.batched, size: [checkRange('slice', start as number, width as number, features((x as Node).shape))] };
  },
  backward: (node, dy) => [pad(dy, node.attributes.start as number, features((node.inputs[0] as Node).shape))],
  kernel: (y) => [copyColumns(y, y.inputs[0] as Node, features(y.shape), 0, y.attributes.start as number)],
  constants: ({ attributes: { start }, shape }) => `${start} to ${(start as number) + features(shape)}`,
};

export const sliceValue: Float64Value = {
  all(node, [x], rows) {
    const n = features(node.shape);
    const y = new Float64Array(n * (node.shape.batched ? rows : 1));
    return copied(y, n, 0, x as Float64Array, features((node.inputs[0] as Node).shape), node.attributes.start as number, n);
  },
};

/** The features `start` … `end` − 1. @throws ValueError when they are not 0 ≤ start < end ≤ features */
export function slice(x: Node, start: number, end: number): Node {
  checkConstants('slice', [start, end]);
  const sliced = apply(sliceOp, [x], { start, width: end - start });
  return features(sliced.shape) === features(x.shape) ? x : sliced;
}

/** y = zeros with x from feature `start` on. Adjoint of slice. */
export const padOp: Op = {
  name: 'pad',
  inputs: 1,
  attributes: { start: 'number', width: 'size' },
  diagonal: false,
  shape([x], { start, width }) {
    oneFeature('pad', x as Node);
    checkRange('pad', start as number, features((x as Node).shape), width as number);
    return { batched: (x as Node).shape.batched, size: [width as number] };
  },
  backward: (node, dy) => {
    const start = node.attributes.start as number;
    return [slice(dy, start, start + features((node.inputs[0] as Node).shape))];
  },
  kernel(y) {
    const x = y.inputs[0] as Node;
    return [fillInstruction(y, 0, 0), copyColumns(y, x, features(x.shape), y.attributes.start as number, 0)];
  },
};

export const padValue: Float64Value = {
  all(node, [x], rows) {
    const n = features((node.inputs[0] as Node).shape);
    const y = new Float64Array(features(node.shape) * (node.shape.batched ? rows : 1));
    return copied(y, features(node.shape), node.attributes.start as number, x as Float64Array, n, 0, n);
  },
};

/** x within `width` features, from `start` on; the others are 0. */
export function pad(x: Node, start: number, width: number): Node {
  if (features(x.shape) === width) return x;
  return apply(padOp, [x], { start, width });
}
