import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { rowsOf, tensor, word } from '../graph/instruction.js';
import { apply, type Float64Value, type Instruction, type Node, type Op } from '../graph/node.js';
import { batch, features, matrix, type Shape } from '../graph/shape.js';
import { sliceOp } from './columns.js';

function instruction(opcode: Opcode, y: Node, x: Node, ids: Node, table: Shape): Instruction {
  const [count, width] = table.size as [number, number];
  return {
    opcode,
    operands: { y: tensor(y), x: tensor(x), ids: tensor(ids), rows: rowsOf(ids.shape), features: word(width), count: word(count) },
    writes: ['y'],
    inPlace: [],
  };
}

/** @throws ShapeError unless a table `[count, n]` and ids `[rows, 1]` came */
function checkTable(name: string, table: Shape | undefined, ids: Node | undefined): void {
  if (table?.batched !== false || table.size.length !== 2 || !ids?.shape.batched || features(ids.shape) !== 1)
    throw new ShapeError(`${name}: a table and ${ids} came, expected a table [count, n] and ids [rows, 1]`);
}

/** y[row] = table[id of row]: what a matrix product of one-hot rows would be. ∂table is that product's, ids have no derivative. */
export const embedOp: Op = {
  name: 'embed',
  inputs: 2,
  attributes: {},
  diagonal: false,
  shape([table, ids]) {
    checkTable('embed', table?.shape, ids);
    return batch((table as Node).shape.size[1] as number);
  },
  backward: ({ inputs: [table, ids] }, dy) => {
    const [count, n] = (table as Node).shape.size as [number, number];
    return [apply(embedBackwardOp, [dy, ids as Node], { count, n }), undefined];
  },
  readsIds({ inputs }) {
    const [table, ids] = inputs as [Node, Node];
    const count = table.shape.size[0] as number;
    // One of several ids of a row is a slice of them.
    if (ids.op === sliceOp) return { input: ids.inputs[0] as Node, feature: ids.attributes.start as number, count };
    return { input: ids, feature: 0, count };
  },
  kernel: (y) => {
    const [table, ids] = y.inputs as [Node, Node];
    return [instruction(Opcode.Embed, y, table, ids, table.shape)];
  },
};

export const embedValue: Float64Value = {
  all: (node, [table, ids]) => {
    const n = features(node.shape);
    return Float64Array.from({ length: (ids as Float64Array).length * n }, (_, i) => {
      const id = (ids as Float64Array)[Math.floor(i / n)] as number;
      return (table as Float64Array)[id * n + (i % n)] as number;
    });
  },
};

/** table[id] = Σ of the rows of dy with that id: the transpose of `embed`. */
export const embedBackwardOp: Op = {
  name: 'embedBackward',
  inputs: 2,
  unsaved: true,
  attributes: { count: 'size', n: 'size' },
  diagonal: false,
  shape([dy, ids], { count, n }) {
    checkTable('embedBackward', matrix(count as number, n as number), ids);
    if (!dy?.shape.batched || features(dy.shape) !== n) throw new ShapeError(`embedBackward: ${dy} came, expected [rows, ${n}]`);
    return matrix(count as number, n as number);
  },
  backward: ({ inputs: [, ids] }, dTable) => [embed(dTable, ids as Node), undefined],
  kernel: (y) => {
    const [dy, ids] = y.inputs as [Node, Node];
    return [instruction(Opcode.EmbedBackward, y, dy, ids, y.shape)];
  },
};

export const embedBackwardValue: Float64Value = {
  all: ({ attributes: { count, n } }, [dy, ids]) => {
    const table = new Float64Array((count as number) * (n as number));
    (dy as Float64Array).forEach((v, i) => {
      const at = ((ids as Float64Array)[Math.floor(i / (n as number))] as number) * (n as number) + (i % (n as number));
      table[at] = (table[at] as number) + v;
    });
    return table;
  },
};

/** Rows of a table by their numbers, `[count, n]` and `[rows, 1]` → `[rows, n]`. */
export function embed(table: Node, ids: Node): Node {
  return apply(embedOp, [table, ids]);
}
