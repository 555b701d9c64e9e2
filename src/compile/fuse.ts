import { Opcode } from '../../assembly/opcodes.js';
import { binaryInstruction, f32, rowsOf, targetKind, tensor, word } from '../graph/instruction.js';
import type { Instruction, Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { addOp } from '../ops/add.js';
import { affineOp } from '../ops/affine.js';
import { binaryCrossEntropyOp } from '../ops/binaryCrossEntropy.js';
import { clipOp } from '../ops/clip.js';
import { crossEntropyOp } from '../ops/crossEntropy.js';
import { expandRowsOp } from '../ops/expandRows.js';
import { heavisideOp } from '../ops/heaviside.js';
import { matmulOp } from '../ops/matmul.js';
import { mulOp } from '../ops/mul.js';
import { oneHotOp } from '../ops/oneHot.js';
import { scaleByOp } from '../ops/scaleBy.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softmaxOp } from '../ops/softmax.js';
import { squareOp } from '../ops/square.js';
import { subOp } from '../ops/sub.js';

/** Several nodes made by one instruction. */
interface Fusion {
  readonly instruction: Instruction;
  /** All nodes that the instruction makes; the anchor, at whose place it stands, is one of them. */
  readonly products: readonly Node[];
}

export interface Fusions {
  readonly anchors: ReadonlyMap<Node, Fusion>;
  /** Nodes that no instruction makes any more: a fusion computes them on the way. */
  readonly absorbed: ReadonlySet<Node>;
}

/**
 * Finds the patterns that one kernel makes in one pass. Every fused kernel gives the bits of the separate ones, so fusing is
 * invisible but for its speed. A node is absorbed only if nothing outside its pattern uses it and it is no root.
 */
export function findFusions(order: readonly Node[], roots: ReadonlySet<Node>): Fusions {
  const users = new Map<Node, Node[]>();
  for (const node of order) {
    for (const x of node.inputs) {
      const known = users.get(x);
      if (!known) users.set(x, [node]);
      else if (known[known.length - 1] !== node) known.push(node);
    }
  }
  const anchors = new Map<Node, Fusion>();
  const absorbed = new Set<Node>();
  const places = new Map(order.map((node, at) => [node, at]));
  /** Whether all users of a node but these come after another node. */
  const after = (node: Node, other: Node, but: readonly Node[]) =>
    (users.get(node) ?? []).every((user) => but.includes(user) || (places.get(user) as number) > (places.get(other) as number));
  /** Whether all users of a node are among these. */
  const only = (node: Node, ...by: Node[]) => !roots.has(node) && (users.get(node) ?? []).every((user) => by.includes(user));

  for (const node of order) {
    if (node.op === crossEntropyOp || node.op === binaryCrossEntropyOp) {
      const fusion = lossAndDelta(node, users, only, after);
      if (!fusion) continue;
      anchors.set(node, fusion);
      for (const x of fusion.absorbed) absorbed.add(x);
      // The delta's last node may stand before the loss in the order; it is made at the loss.
      for (const product of fusion.products) if (product !== node) absorbed.add(product);
    }
  }
  for (const node of order) {
    if (absorbed.has(node) || anchors.has(node)) continue;
    const backward = activationBackward(node);
    if (backward) {
      anchors.set(node, { instruction: backward.instruction, products: [node] });
      // The slope goes from the outside in, as far as nothing else uses it.
      let outer = node;
      for (const x of backward.slope) {
        if (!only(x, outer)) break;
        absorbed.add(x);
        outer = x;
      }
    }
  }
  for (const node of [...order].reverse()) {
    if (absorbed.has(node) || anchors.has(node)) continue;
    const linear = linearLayer(node, only);
    if (!linear) continue;
    anchors.set(node, linear);
    for (const x of linear.absorbed) absorbed.add(x);
  }
  return { anchors, absorbed };
}

/** linear + bias + activation, or as much of it as there is: anchored at the last node of the three. */
function linearLayer(node: Node, only: (node: Node, ...by: Node[]) => boolean): (Fusion & { absorbed: Node[] }) | undefined {
  const absorbed: Node[] = [];
  let at = node;
  let activation: Opcode = Opcode.Copy;
  const { inLinear } = node.op;
  if (inLinear !== undefined && node.shape.batched) {
    at = node.inputs[0] as Node;
    if (!only(at, node)) return undefined;
    activation = inLinear;
    absorbed.push(at);
  }
  let bias: Node | undefined;
  if (at.op === addOp) {
    const [product, expanded] = at.inputs as [Node, Node];
    if (expanded.op !== expandRowsOp || !only(product, at)) return undefined;
    bias = expanded.inputs[0] as Node;
    absorbed.push(product);
    if (only(expanded, at)) absorbed.push(expanded);
    at = product;
  }
  // A lone product is a Gemm already.
  if (at === node || at.op !== matmulOp || at.attributes.ta || !at.attributes.tb || !at.shape.batched) return undefined;
  const [x, w] = at.inputs as [Node, Node];
  const { alpha = 0, beta = 0 } = (activation === Opcode.Copy ? {} : node.attributes) as { alpha?: number; beta?: number };
  return {
    products: [node],
    absorbed,
    instruction: {
      opcode: Opcode.Linear,
      operands: {
        u: tensor(node),
        x: tensor(x),
        w: tensor(w),
        b: tensor(bias),
        m: rowsOf(x.shape),
        n: { kind: 'size', count: features(at.shape), perRow: false },
        k: { kind: 'size', count: features(x.shape), perRow: false },
        activation: word(activation),
        alpha: f32(alpha),
        beta: f32(beta),
        panels: tensor(undefined),
      },
      writes: ['u'],
      inPlace: [],
    },
  };
}

/** dz = du ⊙ g'(z), for the activations whose slope follows from their value u. */
function activationBackward(node: Node): { instruction: Instruction; slope: Node[] } | undefined {
  if (node.op !== mulOp) return undefined;
  const [du, slope] = node.inputs as [Node, Node];
  // The slope itself as du is wanted as a tensor.
  if (du === slope) return undefined;
  const inner = slope.inputs[0];
  if (slope.op === heavisideOp && inner && slope.attributes.alpha === 0) {
    return { instruction: binaryInstruction(Opcode.ReluBackward, node, inner, du, 0), slope: [slope] };
  }
  if (slope.op === clipOp && inner?.op === heavisideOp && inner.attributes.alpha === 0 && slope.attributes.beta === 1) {
    const alpha = slope.attributes.alpha as number;
    // The kernel's 0 is no product there.
    if (alpha === 0) return undefined;
    return { instruction: binaryInstruction(Opcode.LeakyReluBackward, node, inner.inputs[0] as Node, du, alpha), slope: [slope, inner] };
  }
  const oneMinus = (x: Node | undefined) => x?.op === affineOp && x.attributes.alpha === -1 && x.attributes.beta === 1;
  if (slope.op === mulOp) {
    const complement = slope.inputs[1] as Node;
    if (oneMinus(complement) && complement.inputs[0] === inner && inner?.op === sigmoidOp) {
      return { instruction: binaryInstruction(Opcode.SigmoidBackward, node, inner, du, 0), slope: [slope, complement] };
    }
  }
  if (oneMinus(slope) && inner?.op === squareOp) {
    return { instruction: binaryInstruction(Opcode.TanhBackward, node, inner.inputs[0] as Node, du, 0), slope: [slope, inner] };
  }
  return undefined;
}

/** A loss of the logits together with (g(z) − t)·scale, and g(z) itself if something else wants it. */
function lossAndDelta(
  loss: Node,
  users: ReadonlyMap<Node, Node[]>,
  only: (node: Node, ...by: Node[]) => boolean,
  after: (node: Node, other: Node, but: readonly Node[]) => boolean,
): (Fusion & { absorbed: Node[] }) | undefined {
  const [z, t] = loss.inputs as [Node, Node];
  const softmax = loss.op === crossEntropyOp;
  const output = users.get(z)?.find((user) => user.op === (softmax ? softmaxOp : sigmoidOp));
  const difference =
    output &&
    users.get(output)?.find((user) => {
      const [left, right] = user.inputs;
      return user.op === subOp && left === output && (right === t || (right?.op === oneHotOp && right.inputs[0] === t));
    });
  if (!output || !difference) return undefined;
  const absorbed: Node[] = [];
  const hot = difference.inputs[1] as Node;
  if (hot !== t && only(hot, difference)) absorbed.push(hot);
  const scaled = users.get(difference)?.find((user) => user.op === scaleByOp || (user.op === affineOp && user.attributes.beta === 0));
  let delta = difference;
  let factor = { alpha: 1, factors: 0 };
  if (scaled && only(difference, scaled)) {
    absorbed.push(difference);
    delta = scaled;
    factor = { alpha: scaled.attributes.alpha as number, factors: (scaled.attributes.factors as number | undefined) ?? 0 };
  }
  // All that is made at the loss's place is wanted after it only: another head, whose loss comes before, may take g(z) as its input.
  if (!after(output, loss, [difference]) || !after(delta, loss, [])) return undefined;
  const keep = !only(output, difference);
  return {
    products: keep ? [loss, delta, output] : [loss, delta],
    absorbed: keep ? absorbed : [...absorbed, output],
    instruction: {
      opcode: softmax ? Opcode.SoftmaxCrossEntropy : Opcode.SigmoidCrossEntropy,
      operands: {
        loss: tensor(loss),
        u: tensor(keep ? output : undefined),
        dz: tensor(delta),
        z: tensor(z),
        t: tensor(t),
        kind: word(targetKind(t)),
        rows: rowsOf(z.shape),
        features: word(features(z.shape)),
        scale: f32(factor.alpha),
        factors: word(factor.factors),
      },
      writes: keep ? ['loss', 'u', 'dz'] : ['loss', 'dz'],
      inPlace: [],
    },
  };
}
