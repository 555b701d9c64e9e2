import { Factor } from '../../assembly/opcodes.js';
import { NeuriteError } from '../errors.js';
import { apply, type Node, topological } from '../graph/node.js';
import { affineOp } from '../ops/affine.js';
import { constantOp, fillOp, inputOp, parameterOp, targetOp } from '../ops/leaves.js';

/** A network as far as a term needs to know it. */
export interface Model {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** One of the things whose sum is minimised, as part of a graph: a loss on an output, or a penalty. */
export interface Term {
  /** What is reported: the value of each row, `[rows, 1]`, before `scale`. */
  readonly rows: Node;
  /** What is differentiated: `rows` itself, or a number that is there once and that `rows` repeats. */
  readonly node: Node;
  /** What a row's value is multiplied by. */
  readonly scale: number;
  /** What the gradient has besides: `Factor.PerRow` for a mean over the rows. */
  readonly factors: number;
}

/** A term as tools see it: Σ of the node's elements times `scale`, divided by the rows where it is a mean. */
export interface MinimisedTerm {
  /** A loss of each row, or a penalty. */
  readonly node: Node;
  /** The targets that it is made of, as rows of values; undefined for a penalty. */
  readonly target: Node | undefined;
  readonly scale: number;
  readonly mean: boolean;
}

/** A term that is a mean over the rows. */
export function meanTerm(rows: Node, scale: number): Term {
  return { rows, node: rows, scale, factors: Factor.PerRow };
}

/** A node that some instruction makes: a report stands behind the instruction that makes what it reports. */
export function inCompute(node: Node): Node {
  return node.inputs.length > 0 || node.op === fillOp ? node : apply(affineOp, [node], { alpha: 1, beta: 0 });
}

/**
 * Checks that a node can be minimised in a network, without changing what the network is: it is made of the network's inputs and parameters, of
 * constants, and of its target where it has one; rows stay independent.
 * @throws NeuriteError naming what else there is
 */
export function checkTerm(call: string, what: string, root: Node, { inputs, outputs }: Model, target?: Node): void {
  const refuse = (problem: string): never => {
    throw new NeuriteError('GRAPH', `${call}: ${what} ${problem}`);
  };
  const own = new Set([...inputs, ...topological(outputs)]);
  const nodes = topological([root]);
  const moving = new Set<Node>();
  const kind = root.shape.batched ? inputOp : parameterOp;
  for (const node of nodes) {
    if (node.op === kind || node.inputs.some((x) => moving.has(x))) moving.add(node);
    if (node.inputs.length > 0 || node.op === constantOp || node.op === fillOp || node === target || own.has(node)) continue;
    if (node.op === parameterOp) refuse(`depends on the parameter ${node}, which no output depends on; expected parameters of the network`);
    if (node.op === inputOp) refuse(`depends on the input ${node}, which is none of the network's; expected its own inputs`);
    if (node.op === targetOp) refuse(`depends on a target ${node} of another loss, expected its own`);
    refuse(`depends on ${node}, expected nodes made of the network's inputs and parameters, and of constants`);
  }
  if (!moving.has(root)) refuse(`depends on no ${root.shape.batched ? 'input' : 'parameter'}, expected what training can change`);
  const across = nodes.find((node) => !node.shape.batched && node.inputs.some((x) => x.shape.batched));
  if (across) refuse(`depends on ${across}, which adds up over the rows of ${across.inputs.join(' and ')}; expected rows that are independent`);
}
