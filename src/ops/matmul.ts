import { GemmFlag, Opcode } from '../../assembly/opcodes.js';
import { checkFlag } from '../arguments/flag.js';
import { ShapeError } from '../errors.js';
import { size, tensor, word } from '../graph/instruction.js';
import { apply, type Float64Value, type Instruction, type Node, type Op, type Operand } from '../graph/node.js';
import { batch, features, formatShape, matrix, type Shape } from '../graph/shape.js';

/** A matrix' axis: a number, or the rows of the batch. */
export type Axis = number | 'rows';

/** The two axes of a batched tensor or a matrix. @throws ShapeError for a vector */
export function axes(op: string, shape: Shape): [Axis, Axis] {
  if (shape.batched) return ['rows', shape.size[0] as number];
  if (shape.size.length !== 2) throw new ShapeError(`${op}: ${formatShape(shape)} is a vector, expected a batch or a matrix`);
  return [shape.size[0] as number, shape.size[1] as number];
}

function sizeOf(n: Axis): Operand {
  return n === 'rows' ? size(1, true) : size(n);
}

/** The product of a matmul node, written to `into` where given (a parameter to accumulate on), else to the node itself. */
export function gemm(node: Node, accumulate: boolean, into: Node = node): Instruction {
  const [a, b] = node.inputs as [Node, Node];
  const { ta, tb } = node.attributes as { ta: boolean; tb: boolean };
  const [ar, ac] = axes('matmul', a.shape);
  const [br, bc] = axes('matmul', b.shape);
  return {
    opcode: Opcode.Gemm,
    operands: {
      c: tensor(into),
      a: tensor(a),
      b: tensor(b),
      m: sizeOf(ta ? ac : ar),
      n: sizeOf(tb ? br : bc),
      k: sizeOf(ta ? ar : ac),
      lda: word(ac as number),
      ldb: word(bc as number),
      flags: word((ta ? GemmFlag.TransposeA : 0) | (tb ? GemmFlag.TransposeB : 0) | (accumulate ? GemmFlag.Accumulate : 0)),
    },
    writes: ['c'],
    inPlace: [],
  };
}

/** y = op(a)·op(b), where op transposes if asked. A product over the rows of a batch has no rows left. */
export const matmulOp: Op = {
  name: 'matmul',
  inputs: 2,
  attributes: { ta: 'boolean', tb: 'boolean' },
  diagonal: false,
  shape([a, b], { ta, tb }) {
    const [am, ak] = ta ? axes('matmul', (a as Node).shape).reverse() : axes('matmul', (a as Node).shape);
    const [bk, bn] = tb ? axes('matmul', (b as Node).shape).reverse() : axes('matmul', (b as Node).shape);
    if (ak !== bk) {
      const count = (n: Axis | undefined) => (n === 'rows' ? 'the batch as its' : n);
      const remedy = ak === 'rows' || bk === 'rows' ? '; a batch comes first: matmul(x, w, false, true) is x·Wᵀ' : '';
      throw new ShapeError(
        `matmul: ${a}${ta ? ' transposed' : ''} has ${count(ak)} columns and ${b}${tb ? ' transposed' : ''} has ${count(bk)} rows; they must be equal${remedy}`,
      );
    }
    if (bn === 'rows' || bn === undefined || am === undefined)
      throw new ShapeError(`matmul: ${a} by ${b} transposed would have the batch as its columns`);
    return am === 'rows' ? batch(bn) : matrix(am, bn);
  },
  backward(node, dy) {
    const [a, b] = node.inputs as [Node, Node];
    const { ta, tb } = node.attributes as { ta: boolean; tb: boolean };
    // y = A·B: dA = dy·Bᵀ, dB = Aᵀ·dy; for a transposed operand, the transpose of that.
    return [ta ? product(b, dy, tb, true) : product(dy, b, false, !tb), tb ? product(dy, a, true, ta) : product(a, dy, !ta, false)];
  },
  kernel: (node) => [gemm(node, false)],
};

export const matmulValue: Float64Value = {
  all(node, [a, b], rows) {
    const { ta, tb } = node.attributes as { ta: boolean; tb: boolean };
    const axesOf = ({ shape }: Node) => (shape.batched ? [rows, features(shape)] : shape.size) as [number, number];
    const [ar, ac] = axesOf(node.inputs[0] as Node);
    const [br, bc] = axesOf(node.inputs[1] as Node);
    const [m, n, k] = [ta ? ac : ar, tb ? br : bc, ta ? ar : ac];
    const [x, w] = [a as Float64Array, b as Float64Array];
    const y = new Float64Array(m * n);
    const [xStep, wStep] = [ta ? ac : 1, tb ? 1 : bc];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let l = 0, p = ta ? i : i * ac, q = tb ? j * bc : j; l < k; l++, p += xStep, q += wStep) total += (x[p] as number) * (w[q] as number);
        y[i * n + j] = total;
      }
    }
    return y;
  },
};

/**
 * The matrix product op(a)·op(b); `ta` and `tb` transpose. X·Wᵀ of a batch and a `[out, in]` matrix is `matmul(x, w, false, true)`.
 * @throws ValueError for flags that are no booleans; ShapeError when the inner axes differ, or the result would have the rows as its second axis
 */
export function matmul(a: Node, b: Node, ta = false, tb = false): Node {
  for (const [name, flag] of Object.entries({ ta, tb })) checkFlag('matmul', name, flag);
  return product(a, b, ta, tb);
}

/** The same, for flags that are some. */
export function product(a: Node, b: Node, ta: boolean, tb: boolean): Node {
  return apply(matmulOp, [a, b], { ta, tb });
}
