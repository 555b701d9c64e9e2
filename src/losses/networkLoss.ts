import { Factor } from '../../assembly/opcodes.js';
import { count, describe, fieldOf, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Values } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import { resolver } from '../graph/modes.js';
import type { Node } from '../graph/node.js';
import { features, sameShape } from '../graph/shape.js';
import { activationIn, layerOf } from '../layers/layer.js';
import { sumFeatures, sumFeaturesOp } from '../ops/expandFeatures.js';
import { heavisideOp } from '../ops/heaviside.js';
import { target } from '../ops/leaves.js';
import { masked } from '../ops/masked.js';
import { mul } from '../ops/mul.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softmaxOp } from '../ops/softmax.js';
import { named, readDescription } from '../optimizers/optimizers.js';
import {
  type AnyLossMaker,
  definitionIn,
  definitionOf,
  isFactor,
  knownMakers,
  type Loss,
  type Reduction,
  reductionOption,
  type TargetsOfLoss,
  targetFeaturesOf,
  targetsOf,
} from './loss.js';
import { graphOf, heldLoss, type LossFunction, ownLoss } from './ownLoss.js';
import { hasIds, type TargetForm, type Weighting, weightingOf } from './targetForm.js';
import type { Model, Term } from './term.js';

/** A loss on one of several outputs, or one of one's own with a reduction. */
export interface WeightedLoss {
  readonly loss: Loss | LossFunction;
  /** A factor on this loss in the sum over the outputs. Default 1. */
  readonly weight?: number;
  /** Of a loss that is a function: whether it is a mean over the rows or a sum. Default `'mean'`. */
  readonly reduction?: Reduction;
}

/** A loss as a network holds it. */
export interface LossWithWeight {
  readonly loss: Loss;
  readonly weight: number;
}

/** What one output may have as its loss. */
type LossOfOutput = Loss | LossFunction | WeightedLoss;

/** What a network is given as `loss`: one, or a list where there are several outputs. */
export type NetworkLoss = LossOfOutput | readonly (LossOfOutput | undefined)[];

/** The targets of a network, as its loss has it: class ids or probabilities for `crossEntropy`, else values; a list where there are several losses. */
export type TargetsOf<L> = [L] extends [LossOfOutput]
  ? TargetsOfOne<LossOf<L>>
  : [L] extends [readonly [infer Only extends LossOfOutput]]
    ? TargetsOfOne<LossOf<Only>>
    : [L] extends [readonly [unknown, unknown, ...unknown[]] & readonly LossOfOutput[]]
      ? readonly TargetsOfOne<LossOf<L[number]>>[]
      : AnyTargets;

/** The targets of one loss. */
type TargetsOfOne<L> = [L] extends [LossFunction] ? Values : TargetsOfLoss<Exclude<L, LossFunction>>;

/** The loss of an entry of a list of losses, with a weight or without. */
type LossOf<Entry> = Entry extends WeightedLoss ? Entry['loss'] : Entry;

/** A copy of a loss' description that its maker checked and completed. @throws ValueError for what is none */
function describedLoss(call: string, description: unknown): Loss {
  const called = typeof description === 'function' ? definitionIn(description) : undefined;
  if (!called && definitionIn(description)) return description as Loss;
  const makers = Object.fromEntries(knownMakers());
  const names = Object.keys(makers).map((name) => `${name}()`);
  const list = names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : names.join();
  const expected = `what ${list} gives, or a function (output, target) => node${called ? `; call it, as in ${called.name}()` : ''}`;
  const { name, fields } = readDescription(call, 'loss', description, makers, expected);
  return named(call, () => (makers[name] as AnyLossMaker)(fields));
}

/** Whether a loss is a function of the user's: a maker that was not called is none. */
function isOwn(loss: unknown): loss is LossFunction {
  return typeof loss === 'function' && !definitionIn(loss);
}

/** The loss of an output, and its weight, that an entry of a list says. */
function weighted(call: string, entry: LossOfOutput, i: number, output: Node, model: Model): LossWithWeight {
  const isWeighted = typeof entry === 'object' && entry !== null && fieldOf(entry, 'loss') !== undefined;
  const given: WeightedLoss = isWeighted
    ? checkOptions(`${call}: loss ${i}`, entry as WeightedLoss, ['loss', 'weight', 'reduction'])
    : { loss: entry as Loss | LossFunction };
  const { weight = 1, reduction = 'mean' } = given;
  if (!reductionOption.accepts(reduction))
    throw new ValueError(`${call}: the reduction of loss ${i} is ${describe(reduction)}, expected ${reductionOption.expected}`);
  let loss: Loss;
  if (isOwn(given.loss)) {
    loss = ownLoss(call, given.loss, output, model, reduction);
  } else {
    loss = heldLoss(call, describedLoss(call, given.loss), output, model);
    if (given.reduction !== undefined && given.reduction !== loss.reduction)
      throw new ValueError(
        `${call}: the reduction of loss ${i} is ${describe(reduction)}, expected ${describe(loss.reduction)}, as ${loss.name} itself says`,
      );
    checkLoss(loss, output);
  }
  if (!isFactor(weight) || !isFactor(rowFactor(loss, weight, output))) {
    throw new ValueError(
      `${call}: the weight of loss ${i} is ${describe(weight)}, expected a positive number that float32 holds, times the loss' scale`,
    );
  }
  return Object.freeze({ loss, weight });
}

/** The factor on a row's loss: the user's, and 1/outputs where the mean is over these too. */
function rowFactor(loss: Loss, weight: number, output: Node): number {
  const { meanOver } = definitionOf(loss);
  const outputs = features(output.shape);
  const divisors = { rows: 1, elements: outputs, targets: targetFeaturesOf(loss, outputs) };
  return (weight * loss.scale) / (loss.reduction === 'mean' ? divisors[meanOver] : 1);
}

/** The loss of each output, in their order, as a network holds them: nobody can change them. `undefined` for an output without one. */
export function lossesOf(call: string, loss: NetworkLoss | undefined, model: Model): readonly (LossWithWeight | undefined)[] {
  const { outputs } = model;
  if (loss === undefined) return outputs.map(() => undefined);
  const list = isList(loss) ? (Array.from(loss) as (LossOfOutput | undefined)[]) : [loss as LossOfOutput];
  if (list.length !== outputs.length) {
    throw new ValueError(
      `${call}: ${count(list.length, 'loss', 'losses')} came for ${count(outputs.length, 'output')}, expected a list of one for each, or undefined for none`,
    );
  }
  return Object.freeze(list.map((entry, i) => (entry === undefined ? undefined : weighted(call, entry, i, outputs[i] as Node, model))));
}

/** A loss as part of a graph. */
export interface LossNodes extends Term {
  readonly target: Node;
  /** What each row, or each element, is multiplied by, where weights come with the targets. */
  readonly weight: Node | undefined;
  /** The logits of the output, or the output itself. */
  readonly logits: Node;
  readonly loss: Loss;
  readonly output: Node;
}

/** The node before a final softmax, sigmoid or hard threshold, else the output itself: what decisions are made on. */
export function logitsOf(output: Node): Node {
  return output.op === softmaxOp || output.op === sigmoidOp || output.op === heavisideOp ? (output.inputs[0] as Node) : output;
}

/** The activations that make probabilities of logits. */
const HEADS: readonly unknown[] = [softmaxOp, sigmoidOp];

/**
 * Checks that a loss fits an output: one with a head, as crossEntropy has softmax, wants an output with just that, unless it is told to take logits.
 * @throws ValueError naming both remedies
 */
function checkLoss(loss: Loss, output: Node): void {
  const { head, check } = definitionOf(loss);
  if (head && loss.fromLogits && HEADS.includes(output.op)) {
    throw new ValueError(
      `${loss.name}({ fromLogits: true }): the output already has ${output.op.name}; remove that activation, or leave fromLogits out`,
    );
  }
  if (head && !loss.fromLogits && output.op !== head) {
    throw new ValueError(
      `${loss.name}: the output's activation is ${activationOf(output)}, expected '${head.name}'; ` +
        `give the last layer '${head.name}', or use ${loss.name}({ fromLogits: true }) on an output without activation`,
    );
  }
  check?.(output, loss as never);
}

function activationOf(output: Node): string {
  const record = layerOf(output);
  return record ? activationIn(record) : output.op.name;
}

/** The nodes of a loss on an output for each form of its targets; each is made once. */
export function lossNodes(loss: LossWithWeight, output: Node): (form: TargetForm) => LossNodes {
  const made = new Map<TargetForm, LossNodes>();
  const nodes = (form: TargetForm): LossNodes => {
    const known = made.get(form);
    if (known) return known;
    const weighting = weightingOf(form);
    const plain = weighting && nodes(hasIds(form) ? 'ids' : 'values');
    const found = weighting && plain ? weightedNodes(plain, weighting) : plainNodes(loss, output, form === 'ids');
    made.set(form, found);
    return found;
  };
  return nodes;
}

function plainNodes({ loss, weight }: LossWithWeight, output: Node, ids: boolean): LossNodes {
  const logits = logitsOf(output);
  const scale = rowFactor(loss, weight, output);
  const factors = loss.reduction === 'mean' ? Factor.Mean : 0;
  const common = { scale, factors, logits, loss, output, weight: undefined };
  const graph = graphOf(loss);
  if (graph) return { target: graph.target, rows: graph.rows, node: graph.rows, ...common };
  const { head, rows: make } = definitionOf(loss);
  const t = target(targetFeaturesOf(loss, features(output.shape)), ids);
  const rows = make(head ? logits : output, t, loss as never);
  return { target: t, rows, node: rows, ...common };
}

/** The nodes of one element's loss each, `[rows, out]`, where a row's loss is their sum; undefined where it is none. */
export function lossElements({ loss, rows, target, output, logits }: Omit<LossNodes, 'weight'>): Node | undefined {
  const { elements, head } = definitionOf(loss);
  if (elements) return elements(head ? logits : output, target, loss as never);
  const [terms] = rows.op === sumFeaturesOp ? rows.inputs : [];
  // The elements of classes are no losses: a class by itself has none.
  return terms && targetsOf(loss) !== 'classes' && targetsOf(loss) !== 'scores' && features(terms.shape) === features(target.shape)
    ? terms
    : undefined;
}

function weightedNodes(plain: LossNodes, weighting: Weighting): LossNodes {
  const weight = target(weighting === 'rows' ? 1 : features(plain.target.shape), false, 'weight');
  const each = weighting === 'rows' ? plain.rows : (lossElements(plain) as Node);
  const rows = sumFeatures(masked(weight, mul(resolver(undefined, maskedInputs(each, plain, weight))(each), weight)));
  return { ...plain, rows, node: rows, weight };
}

/**
 * What the loss of each row, or of each element, is made of, masked by the weights: 0 times an infinite slope is NaN, so the gradient is cut off where it
 * enters the network. Elements follow from those at their place, as far down as there are only ops that work so.
 */
function maskedInputs(each: Node, { loss, output, logits }: LossNodes, weight: Node): Map<Node, Node> {
  const value = definitionOf(loss).head ? logits : output;
  const known = new Map<Node, Node>();
  const stack = [features(weight.shape) === 1 ? value : each];
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { op, inputs, shape } = node;
    if (node !== value && (inputs.length === 0 || op.diagonal) && inputs.every((x) => sameShape(x.shape, shape))) stack.push(...inputs);
    else known.set(node, masked(weight, node));
  }
  return known;
}

/** What goes into a program besides the inputs: the targets of the losses, then the weights that came with them. */
export function dataOf(losses: readonly LossNodes[]): readonly Node[] {
  return [...losses.map(({ target }) => target), ...losses.flatMap(({ weight }) => weight ?? [])];
}
