import { Factor } from '../../assembly/opcodes.js';
import { describe, fieldOf, isOf } from '../arguments/describe.js';
import { NeuriteError } from '../errors.js';
import { resolver } from '../graph/modes.js';
import { acrossRows, dependents, Node, topological } from '../graph/node.js';
import { constantOp, fillOp, inputOp, parameterOp, stateOp, targetOp } from '../ops/leaves.js';

/** The ends that a network's graph may have. */
const LEAVES: ReadonlySet<unknown> = new Set([inputOp, parameterOp, stateOp, constantOp, fillOp]);

/**
 * Checks that a network can be made of a graph; each node is looked at once.
 * @throws NeuriteError when an output is no batch, an input is none or unused, or something else is needed
 */
export function checkGraph(inputs: readonly Node[], outputs: readonly Node[], updates: readonly Node[] = []): void {
  const refuse = (problem: string): never => {
    throw new NeuriteError('GRAPH', `network: ${problem}`);
  };
  if (inputs.length === 0 || outputs.length === 0)
    refuse(`${inputs.length} inputs and ${outputs.length} outputs came, expected at least one of each`);
  for (const x of inputs) if (fieldOf(x, 'op') !== inputOp) refuse(`an input is ${describe(x)}, expected a node made by input(features)`);
  for (const y of outputs) {
    if (!isOf(y, Node)) refuse(`the output is ${describe(y)}, expected a node`);
    if (!y.shape.batched) refuse(`the output ${y} is no batch, expected [rows, features]`);
  }
  const nodes = topological(outputs);
  const ofInputs = nodes.filter((node) => node.op === inputOp);
  const fromInputs = dependents(nodes, ofInputs);
  const constant = outputs.find((y) => !fromInputs.has(y));
  if (constant) refuse(`the output ${constant} depends on no input; it is the same for every row`);
  const listed = new Set(inputs);
  const other = ofInputs.find((node) => !listed.has(node));
  if (other) refuse(`the outputs depend on the input ${other}, which is not among the inputs; each call of input() makes another one`);
  const unused = inputs.find((node) => !fromInputs.has(node));
  if (unused) refuse(`no output depends on the input ${unused}; leave it out, or use it`);
  if (listed.size !== inputs.length) refuse('one input came twice, expected each once');
  // Predictions run in chunks, Jacobians on rows that stand there several times: what a row gives may not depend on the others.
  const predicted = topological(outputs.map(resolver('prediction')));
  const across = acrossRows(predicted);
  if (across)
    refuse(
      `${across} adds up over the rows of ${across.inputs.join(' and ')}, expected rows that are independent in predictions; byMode(training, prediction) tells them apart`,
    );
  const all = topological([...outputs, ...updates]);
  const target = all.find((node) => node.op === targetOp);
  if (target) refuse(`the outputs depend on the target ${target}, expected inputs, parameters and constants only`);
  const stranger = all.find((node) => node.inputs.length === 0 && !(LEAVES.has(node.op) && (node.op !== inputOp || listed.has(node))));
  if (stranger) refuse(`a layer or an output depends on ${stranger}, expected the network's inputs, parameters, states and constants only`);
  // Known to a run only: the rows of its batch, which a mean over rows takes in training, and an optimizer's scalars.
  const scaled = predicted.find((node) => node.attributes.factors) ?? all.find((node) => ((node.attributes.factors as number) ?? 0) > Factor.PerRow);
  if (scaled) refuse(`an output depends on ${scaled}, which is another number in each run, expected one that is the same for a row in any batch`);
}
