import { GemmFlag, Opcode, TargetKind } from '../../assembly/opcodes.js';
import { NeuriteError } from '../errors.js';
import {
  binaryInstruction,
  count,
  f32,
  type Instruction,
  type Operand,
  rowsOf,
  size,
  targetKind,
  tensor,
  unaryInstruction,
  word,
} from '../graph/instruction.js';
import { type Node, topological } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { crossEntropyOp } from '../ops/crossEntropy.js';
import { axes, matmulOp } from '../ops/matmul.js';
import { findFusions } from './fuse.js';

function axis(n: number | 'rows'): Operand {
  return n === 'rows' ? size(1, true) : size(n);
}

/**
 * Chooses kernels: the instructions that make `roots`, inputs before users, those of an earlier root first.
 * With `fuse`, whole patterns of nodes become one instruction (`fuse.ts`), with the same bits.
 */
export function lower(roots: readonly Node[], fuse: boolean): Instruction[] {
  const order = topological(roots);
  const fusions = fuse ? findFusions(order, new Set(roots)) : undefined;
  const made = new Set<Node>();
  const instructions: Instruction[] = [];
  for (const node of order) {
    if (made.has(node) || fusions?.absorbed.has(node)) continue;
    const fused = fusions?.anchors.get(node);
    if (fused) {
      instructions.push(fused.instruction);
      for (const product of fused.products) made.add(product);
    } else {
      instructions.push(...kernels(node));
    }
    made.add(node);
  }
  return instructions;
}

/** Ops whose kernel has the form Rows: y and x, over the rows and the features of the wider of the two. */
const ROWWISE = new Set<Opcode>([
  Opcode.SumRows,
  Opcode.SumFeatures,
  Opcode.ExpandRows,
  Opcode.ExpandFeatures,
  Opcode.Softmax,
  Opcode.LogSumExp,
  Opcode.MaxFeatures,
  Opcode.OneHot,
  Opcode.LogSoftmax,
]);

/** The kernels of one node by itself. Leaves but fills come from outside and have none. */
function kernels(node: Node): Instruction[] {
  const [a, b] = node.inputs;
  if (a === undefined)
    return node.op.name === 'fill' ? [fillInstruction(node, node.attributes.value as number, node.attributes.factors as number)] : [];
  if (node.op === matmulOp) return [gemm(node, false)];
  switch (node.op.name) {
    case 'concat': {
      let start = 0;
      return node.inputs.map((x) => {
        const copy = copyColumns(node, x, features(x.shape), start, 0);
        start += features(x.shape);
        return copy;
      });
    }
    case 'slice':
      return [copyColumns(node, a, features(node.shape), 0, node.attributes.start as number)];
    case 'pad':
      return [fillInstruction(node, 0, 0), copyColumns(node, a, features(a.shape), node.attributes.start as number, 0)];
  }
  const opcode = opcodeOf(node);
  if (opcode === Opcode.CrossEntropy || opcode === Opcode.BinaryCrossEntropy) {
    const t = b as Node;
    return [
      {
        opcode,
        operands: {
          loss: tensor(node),
          z: tensor(a),
          t: tensor(t),
          kind: word(node.op === crossEntropyOp ? targetKind(t) : TargetKind.Values),
          rows: rowsOf(a.shape),
          features: word(features(a.shape)),
        },
        writes: ['loss'],
        inPlace: [],
      },
    ];
  }
  if (ROWWISE.has(opcode)) {
    const wide = features(a.shape) > features(node.shape) || opcode === Opcode.SumRows ? a : node;
    return [
      {
        opcode,
        operands: { y: tensor(node), x: tensor(a), rows: rowsOf(wide.shape), features: size(features(wide.shape)), accumulate: word(0) },
        writes: ['y'],
        inPlace: opcode === Opcode.Softmax ? ['x'] : [],
      },
    ];
  }
  if (opcode === Opcode.Scale) {
    const { alpha, factors } = node.attributes as { alpha: number; factors: number };
    return [
      {
        opcode,
        operands: { y: tensor(node), x: tensor(a), size: count(node.shape), alpha: f32(alpha), factors: word(factors) },
        writes: ['y'],
        inPlace: ['x'],
      },
    ];
  }
  const { alpha = 0, beta = 0 } = node.attributes as { alpha?: number; beta?: number };
  if (b === undefined) return [unaryInstruction(opcode, node, a, alpha, beta)];
  return [binaryInstruction(opcode, node, a, b, alpha)];
}

function opcodeOf(node: Node): Opcode {
  const { opcode } = node.op as { opcode?: Opcode };
  if (opcode === undefined) throw new NeuriteError('GRAPH', `no kernel makes ${node}`);
  return opcode;
}

function fillInstruction(y: Node, value: number, factors: number): Instruction {
  return {
    opcode: Opcode.Fill,
    operands: { y: tensor(y), size: count(y.shape), value: f32(value), factors: word(factors) },
    writes: ['y'],
    inPlace: [],
  };
}

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
      m: axis(ta ? ac : ar),
      n: axis(tb ? br : bc),
      k: axis(ta ? ar : ac),
      lda: word(ac as number),
      ldb: word(bc as number),
      flags: word((ta ? GemmFlag.TransposeA : 0) | (tb ? GemmFlag.TransposeB : 0) | (accumulate ? GemmFlag.Accumulate : 0)),
    },
    writes: ['c'],
    inPlace: [],
  };
}
