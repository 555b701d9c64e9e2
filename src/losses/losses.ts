import { Factor } from '../../assembly/opcodes.js';
import { count, describe, fieldOf, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Targets, Values } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { layerOf } from '../layers/layer.js';
import { binaryCrossEntropy as binaryCrossEntropyRows } from '../ops/binaryCrossEntropy.js';
import { crossEntropy as crossEntropyRows } from '../ops/crossEntropy.js';
import { target } from '../ops/leaves.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softmaxOp } from '../ops/softmax.js';
import { squaredError as squaredErrorRows } from '../ops/squaredError.js';
import { stepOp } from '../ops/step.js';
import { named, readDescription } from '../optimizers/optimizers.js';

/** `mean` over the batch, as the field does; `sum` over it (notes 16). */
export type Reduction = 'mean' | 'sum';

/**
 * What a network minimises: a plain description, to be passed as `loss`. Gradients are those of the reduced loss. The loss that `step`, `fit`,
 * `evaluate` and `trace` report is the mean over the rows in either reduction: times the rows, it is the sum (notes 16).
 */
export interface Loss {
  readonly name: 'crossEntropy' | 'binaryCrossEntropy' | 'meanSquaredError' | 'squaredError';
  readonly reduction: Reduction;
  /** The output is logits: the loss applies softmax or sigmoid itself. */
  readonly fromLogits: boolean;
  /** A factor on the loss. */
  readonly scale: number;
}

/** A loss whose targets may be class ids. */
export interface ClassLoss extends Loss {
  readonly name: 'crossEntropy';
}

/** A loss whose targets are values, as wide as the output. */
export interface ValueLoss extends Loss {
  readonly name: 'binaryCrossEntropy' | 'meanSquaredError' | 'squaredError';
}

/** What a network is given as `loss`: one, or a list where there are several outputs. */
export type NetworkLoss = Loss | readonly (Loss | WeightedLoss | undefined)[];

/** The targets of a network, as its loss has it: class ids or probabilities for `crossEntropy`, else values; a list where there are several losses. */
export type TargetsOf<L> = [L] extends [Loss]
  ? TargetsOfOne<L>
  : [L] extends [readonly [infer Only extends Loss | WeightedLoss]]
    ? TargetsOfOne<LossOf<Only>>
    : [L] extends [readonly [unknown, unknown, ...unknown[]] & readonly (Loss | WeightedLoss)[]]
      ? readonly TargetsOfOne<LossOf<L[number]>>[]
      : AnyTargets;

/** The targets of one loss. */
type TargetsOfOne<L> = [L] extends [ValueLoss] ? Values : Targets;

/** The loss of an entry of a list of losses, with a weight or without. */
type LossOf<Entry> = Entry extends WeightedLoss ? Entry['loss'] : Entry;

/** Options of the losses on logits. */
export interface CrossEntropyOptions {
  /** Default `'mean'`. */
  readonly reduction?: Reduction;
  /** The output has no softmax or sigmoid, and the loss is of the logits it gives. Default false. */
  readonly fromLogits?: boolean;
}

function crossEntropyOptions(loss: string, options: CrossEntropyOptions): Required<CrossEntropyOptions> {
  const { reduction = 'mean', fromLogits = false } = checkOptions(loss, options, ['reduction', 'fromLogits'], { name: loss, scale: 1 });
  if (reduction !== 'mean' && reduction !== 'sum') throw new ValueError(`${loss}: reduction is ${describe(reduction)}, expected 'mean' or 'sum'`);
  if (typeof fromLogits !== 'boolean') throw new ValueError(`${loss}: fromLogits is ${describe(fromLogits)}, expected true or false`);
  return { reduction, fromLogits };
}

/**
 * Categorical cross-entropy, −Σ_k t_k log softmax(z)_k = log Σ_l e^{z_l} − Σ_k t_k z_k (notes 18), for an output with softmax.
 * Targets: class ids 0 … K−1, or rows of K probabilities. The mean divides by the rows.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): ClassLoss {
  return Object.freeze({ name: 'crossEntropy', ...crossEntropyOptions('crossEntropy', options), scale: 1 });
}

/**
 * Binary cross-entropy, −[t log a + (1 − t) log(1 − a)] = log(1 + e^z) − t·z (notes 17), for an output with sigmoid.
 * Targets: as wide as the output, in [0, 1]. The mean divides by rows × outputs.
 */
export function binaryCrossEntropy(options: CrossEntropyOptions = {}): ValueLoss {
  return Object.freeze({ name: 'binaryCrossEntropy', ...crossEntropyOptions('binaryCrossEntropy', options), scale: 1 });
}

/** Mean squared error, Σ (u − t)² / (rows × outputs). Targets: as wide as the output. */
export function meanSquaredError(options: Readonly<Record<never, never>> = {}): ValueLoss {
  const fixed = { name: 'meanSquaredError', reduction: 'mean', fromLogits: false, scale: 1 } as const;
  checkOptions('meanSquaredError', options, [], fixed);
  return Object.freeze(fixed);
}

/** scale · Σ (u − t)² over outputs and batch (notes 20; with scale ½, notes 38). Targets: as wide as the output. */
export function squaredError(options: { readonly scale?: number } = {}): ValueLoss {
  const fixed = { name: 'squaredError', reduction: 'sum', fromLogits: false } as const;
  const { scale = 1 } = checkOptions('squaredError', options, ['scale'], fixed);
  if (!isFactor(scale)) throw new ValueError(`squaredError: scale is ${describe(scale)}, expected a positive number that float32 holds`);
  return Object.freeze({ ...fixed, scale });
}

/** Whether float32 holds a factor without making it 0 or infinite. */
function isFactor(value: unknown): boolean {
  return typeof value === 'number' && Math.fround(value) > 0 && Number.isFinite(Math.fround(value));
}

/** A loss on one of several outputs. */
export interface WeightedLoss {
  readonly loss: Loss;
  /** A factor on this loss in the sum over the outputs. Default 1. */
  readonly weight?: number;
}

const MAKERS = { crossEntropy, binaryCrossEntropy, meanSquaredError, squaredError };

/** A copy of a loss' description that its maker checked and completed. @throws ValueError for what is none */
function lossOf(call: string, description: unknown): Loss {
  const expected = 'crossEntropy(), binaryCrossEntropy(), meanSquaredError() or squaredError()';
  const { name, fields } = readDescription(call, 'loss', description, MAKERS, expected);
  return named(call, () => MAKERS[name as Loss['name']](fields));
}

/** The loss and the weight that an entry of a list says. */
function weighted(call: string, entry: Loss | WeightedLoss, i: number, output: Node): Required<WeightedLoss> {
  const isWeighted = typeof entry === 'object' && entry !== null && fieldOf(entry, 'loss') !== undefined;
  const { loss: description, weight = 1 } = isWeighted
    ? checkOptions(`${call}: loss ${i}`, entry as WeightedLoss, ['loss', 'weight'])
    : { loss: entry };
  const loss = lossOf(call, description);
  checkLoss(loss, output);
  if (!isFactor(weight) || !isFactor((weight * loss.scale) / (loss.reduction === 'mean' ? features(output.shape) : 1))) {
    throw new ValueError(
      `${call}: the weight of loss ${i} is ${describe(weight)}, expected a positive number that float32 holds, times the loss' scale`,
    );
  }
  return Object.freeze({ loss, weight });
}

/** The loss of each output, in their order, as a network holds them: nobody can change them. `undefined` for an output without one. */
export function lossesOf(
  loss: Loss | readonly (Loss | WeightedLoss | undefined)[] | undefined,
  outputs: readonly Node[],
  call = 'network',
): readonly (Required<WeightedLoss> | undefined)[] {
  if (loss === undefined) return outputs.map(() => undefined);
  const list = isList(loss) ? (Array.from(loss) as (Loss | WeightedLoss | undefined)[]) : [loss as Loss];
  if (list.length !== outputs.length) {
    throw new ValueError(
      `${call}: ${count(list.length, 'loss', 'losses')} came for ${count(outputs.length, 'output')}, expected a list of one for each, or undefined for none`,
    );
  }
  return Object.freeze(list.map((entry, i) => (entry === undefined ? undefined : weighted(call, entry, i, outputs[i] as Node))));
}

/** A loss as part of a graph. */
export interface LossNodes {
  readonly target: Node;
  /** The loss of each row, before `scale`. */
  readonly rows: Node;
  /** What a row's value is multiplied by: the user's scale, and 1/outputs where the mean is over these too. */
  readonly scale: number;
  /** What the gradient has besides: `Factor.PerRow` for a mean. */
  readonly factors: number;
  /** What the loss is of: the logits, or the output itself. */
  readonly logits: Node;
  readonly loss: Loss;
  readonly output: Node;
}

/** The node before a final softmax, sigmoid or hard threshold, else the output itself: what decisions are made on. */
export function logitsOf(output: Node): Node {
  return output.op === softmaxOp || output.op === sigmoidOp || output.op === stepOp ? (output.inputs[0] as Node) : output;
}

/**
 * Checks that a loss fits an output: crossEntropy wants softmax, binaryCrossEntropy wants sigmoid, unless they are told to take logits.
 * @throws ValueError naming both remedies
 */
export function checkLoss(loss: Loss, output: Node): void {
  const wanted = { crossEntropy: softmaxOp, binaryCrossEntropy: sigmoidOp, meanSquaredError: undefined, squaredError: undefined }[loss.name];
  if (wanted === undefined) return;
  if (loss.fromLogits && (output.op === softmaxOp || output.op === sigmoidOp)) {
    throw new ValueError(
      `${loss.name}({ fromLogits: true }): the output already has ${output.op.name}; remove that activation, or leave fromLogits out`,
    );
  }
  if (!loss.fromLogits && output.op !== wanted) {
    throw new ValueError(
      `${loss.name}: the output's activation is ${layerOf(output)?.activation ?? output.op.name}, expected '${wanted.name}'; ` +
        `give the last layer '${wanted.name}', or use ${loss.name}({ fromLogits: true }) on an output without activation`,
    );
  }
  if (loss.name === 'crossEntropy' && features(output.shape) < 2) {
    throw new ValueError(
      `crossEntropy: the output has 1 feature, expected one for each of at least 2 classes; for one probability use 'sigmoid' with binaryCrossEntropy()`,
    );
  }
}

/** The nodes of a loss on an output, for targets given as class ids or as values. */
export function lossNodes({ loss, weight }: Required<WeightedLoss>, output: Node, classes: boolean): LossNodes {
  const width = features(output.shape);
  const t = target(width, classes);
  const z = logitsOf(output);
  const factors = loss.reduction === 'mean' ? Factor.PerRow : 0;
  if (loss.name === 'crossEntropy') return { target: t, rows: crossEntropyRows(z, t), scale: weight * loss.scale, factors, logits: z, loss, output };
  const rows = loss.name === 'binaryCrossEntropy' ? binaryCrossEntropyRows(z, t) : squaredErrorRows(output, t);
  const scale = (weight * loss.scale) / (loss.reduction === 'mean' ? width : 1);
  return { target: t, rows, scale, factors, logits: z, loss, output };
}
