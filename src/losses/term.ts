import { Factor } from '../../assembly/opcodes.js';
import { NeuriteError } from '../errors.js';
import { acrossRows, apply, dependents, type Node, topological } from '../graph/node.js';
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
  /** What the gradient has besides: `Factor.Mean` for a mean over the rows. */
  readonly factors: number;
}

/** A term as tools see it: Σ of the node's elements times `scale`, divided by the rows where it is a mean. */
export interface MinimisedTerm {
  /** A loss of each row, or a penalty. */
  readonly node: Node;
  /** The targets that it is made of, as rows of values; undefined for a penalty. */
  readonly target: Node | undefined;
  /** The weights of its rows or elements, as part of it; undefined where there are none. */
  readonly weight: Node | undefined;
  readonly scale: number;
  readonly mean: boolean;
}

/** A term that is a mean over the rows. */
export function meanTerm(rows: Node, scale: number): Term {
  return { rows, node: rows, scale, factors: Factor.Mean };
}

/** A node that some instruction makes: a report stands behind the instruction that makes what it reports. */
export function computed(node: Node): Node {
  return node.inputs.length > 0 || node.op === fillOp ? node : apply(affineOp, [node], { alpha: 1, beta: 0 });
}

/** The nodes of a network, and which of them depend on an input, which on a parameter. */
interface Known {
  readonly all: ReadonlySet<Node>;
  readonly onInputs: ReadonlySet<Node>;
  readonly onParameters: ReadonlySet<Node>;
}

/** Of each model, found once: a network may have a thousand losses. */
const known = new WeakMap<Model, Known>();

function knownOf(model: Model): Known {
  const found = known.get(model);
  if (found) return found;
  const nodes = topological([...model.inputs, ...model.outputs]);
  const made = { all: new Set(nodes), onInputs: dependentsOf(nodes, inputOp), onParameters: dependentsOf(nodes, parameterOp) };
  known.set(model, made);
  return made;
}

/** Which of these nodes are of an op or depend on one that is; `before`: what is known of others. */
function dependentsOf(nodes: readonly Node[], op: Node['op'], before?: ReadonlySet<Node>): ReadonlySet<Node> {
  return dependents(
    nodes,
    nodes.filter((node) => node.op === op),
    before,
  );
}

/**
 * Checks that a node can be minimised in a network, without changing what the network is: it is made of the network's inputs and parameters, of
 * constants, and of its target where it has one; rows stay independent.
 * @throws NeuriteError naming what else there is
 */
export function checkTerm(call: string, what: string, root: Node, model: Model, target?: Node): void {
  const refuse = (problem: string): never => {
    throw new NeuriteError('GRAPH', `${call}: ${what} ${problem}`);
  };
  const { all, onInputs, onParameters } = knownOf(model);
  const nodes = topological([root], all);
  for (const node of nodes) {
    if (node.inputs.length > 0 || node.op === constantOp || node.op === fillOp || node === target) continue;
    if (node.op === parameterOp) refuse(`depends on the parameter ${node}, which no output depends on; expected parameters of the network`);
    if (node.op === inputOp) refuse(`depends on the input ${node}, which is none of the network's; expected its own inputs`);
    if (node.op === targetOp) refuse(`depends on a target ${node} of another loss, expected its own`);
    refuse(`depends on ${node}, expected nodes made of the network's inputs and parameters, and of constants`);
  }
  const [op, before] = root.shape.batched ? [inputOp, onInputs] : [parameterOp, onParameters];
  if (!before.has(root) && !dependentsOf(nodes, op, before).has(root))
    refuse(`depends on no ${root.shape.batched ? 'input' : 'parameter'}, expected what training can change`);
  // Those of the network itself were found to have none.
  const across = acrossRows(nodes);
  if (across) refuse(`depends on ${across}, which adds up over the rows of ${across.inputs.join(' and ')}; expected rows that are independent`);
}
