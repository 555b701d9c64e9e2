import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Targets, Values } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import type { Node, Op } from '../graph/node.js';

/** `mean` over the batch, as the field does; `sum` over it (notes 16). */
export type Reduction = 'mean' | 'sum';

declare const targets: unique symbol;

/**
 * What a network minimises: a plain description, to be passed as `loss`. Gradients are those of the reduced loss. The loss that `step`, `fit`,
 * `evaluate` and `trace` report is the mean over the rows in either reduction: times the rows, it is the sum (notes 16).
 */
export interface Loss<T extends Targets = Targets> {
  readonly name: string;
  readonly reduction: Reduction;
  /** The output is logits: the loss applies softmax or sigmoid itself. */
  readonly fromLogits: boolean;
  /** A factor on the loss. */
  readonly scale: number;
  /** What its targets are: for types alone, no description has it. */
  readonly [targets]?: T;
}

/** A loss whose targets may be class ids. */
export type ClassLoss = Loss<Targets>;

/** A loss whose targets are values, as wide as the output. */
export type ValueLoss = Loss<Values>;

/** The type of a loss' targets; those of any loss where a description by hand does not say. */
export type TargetsOfLoss<L> = [L] extends [{ readonly [targets]?: infer T }] ? (T extends Targets ? T : Targets) : Targets;

/** An option of a loss: what it is where it is left out, and which values it takes. */
export interface LossOption<T> {
  readonly usual: T;
  accepts(value: unknown): boolean;
  /** What `accepts` wants, in words. */
  readonly expected: string;
}

/** Whether float32 holds a factor without making it 0 or infinite. */
export function isFactor(value: unknown): boolean {
  return typeof value === 'number' && Math.fround(value) > 0 && Number.isFinite(Math.fround(value));
}

/** Over the batch. */
export const reductionOption: LossOption<Reduction> = {
  usual: 'mean',
  accepts: (value) => value === 'mean' || value === 'sum',
  expected: "'mean' or 'sum'",
};

/** What every loss has as an option, but for `squaredError`, which is a sum. */
export interface ReductionOptions {
  /** Whether the rows are averaged or added up. Default `'mean'`. */
  readonly reduction?: Reduction;
}

/** Yes or no. */
export function flagOption(usual: boolean): LossOption<boolean> {
  return { usual, accepts: (value) => typeof value === 'boolean', expected: 'true or false' };
}

/** For a loss with a head. */
export const fromLogitsOption: LossOption<boolean> = /* @__PURE__ */ flagOption(false);

/** A share of 1. */
export function shareOption(usual: number): LossOption<number> {
  return { usual, accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1, expected: 'a number from 0 to 1' };
}

/** A factor for each class; none leave all as they are. */
export const classWeightsOption: LossOption<readonly number[]> = {
  usual: [],
  accepts: (value) => isList(value) && value.every((one) => one === 0 || isFactor(one)),
  expected: 'a list of numbers ≥ 0 that float32 holds, one for each class',
};

/** A positive number, such as a factor or a width. */
export function factorOption(usual: number): LossOption<number> {
  return { usual, accepts: isFactor, expected: 'a positive number that float32 holds' };
}

/** An option is a number, a word, a flag or a list of numbers: what a file can say. */
type OptionValue = number | string | boolean | readonly number[];

/** What the targets of a loss are: see `LossDefinition.targets`. */
export type TargetsKind = 'classes' | 'scores' | 'unit' | 'reach' | 'values';

/**
 * A loss: all that is known of it. Its maker, its checks, its decisions, the programs, `trace`, diagrams and files follow from this.
 *
 * Reduction, scale and weight are applied outside, to every loss alike.
 */
export interface LossDefinition<Options = Readonly<Record<string, OptionValue>>> {
  readonly name: string;
  /** What a user may set. `reduction`, `fromLogits` and `scale` are options like others; where they are none they are fixed. */
  readonly options: { readonly [K in keyof Options]-?: LossOption<NonNullable<Options[K]>> };
  /** Other than mean, false and 1, where they are no options. */
  readonly fixed?: Partial<Pick<Loss, 'reduction' | 'fromLogits' | 'scale'>>;
  /**
   * What the targets are, or how the options say it. `classes`: class ids, or rows of probabilities. `scores`: class ids, or rows of any numbers. `unit`:
   * from 0 to 1. `reach`: what the output can reach, where its activation is bounded. `values`: any.
   */
  readonly targets: TargetsKind | ((options: Required<Options>) => TargetsKind);
  /** How wide the targets are for an output of so many features. Default: as wide. */
  readonly targetFeatures?: (outputs: number, options: Required<Options>) => number;
  /** Whether a mean divides by the rows, by rows × outputs (`elements`), or by rows × targets. */
  readonly meanOver: 'rows' | 'elements' | 'targets';
  /** The activation that the loss is of the logits of: an output has it, or `fromLogits` says that it is left out. */
  readonly head?: Op;
  /**
   * The loss of each row, `[rows, 1]`, from the logits where there is a head, else from the output. Targets of classes come as rows of probabilities
   * or as ids `[rows, 1]`, for which `target.attributes.classes` is true: `oneHot(target, width)` makes rows of them.
   */
  rows(value: Node, target: Node, options: Required<Options>): Node;
  /**
   * The loss of each element, `[rows, out]`, from the same, where `rows` is their sum and does not end in it as a node: weights may then come for
   * each element.
   */
  elements?(value: Node, target: Node, options: Required<Options>): Node;
  /** With a head: ∂rows/∂u of the output u, which `rows` goes past. Only `trace` shows it. Targets are rows of values. */
  outputGradient?(u: Node, target: Node, options: Required<Options>): Node;
  /** How rows are decided: by the largest logit, or each logit by itself at 0. Left out: as the output's range says. */
  readonly decides?: 'largest' | 'each';
  /** What else an output must be. @throws ValueError for one that isn't */
  check?(output: Node, options: Required<Options>): void;
}

/** Makes a loss' description. */
export type LossMaker<Options, T extends Targets> = (options?: Options) => Loss<T>;

// biome-ignore lint/suspicious/noExplicitAny: makers of every kind of options
export type AnyLossMaker = LossMaker<any, any>;

/** What each maker and each description is of. */
const definitions = new WeakMap<object, LossDefinition>();

/** The makers a program has, by name: for descriptions written by hand. Of two with one name, the first. */
const makers = new Map<string, AnyLossMaker>();

/**
 * The maker of a loss. A network takes what it gives. A file names the losses of neurite and holds any other as its graph, on targets as values:
 * what was checked of targets, and how rows were decided, is then no more known than of a function.
 * @param definition its only source
 */
export function defineLoss<Options, T extends Targets = Values>(definition: LossDefinition<Options>): LossMaker<Options, T> {
  const { name } = definition;
  const general = definition as unknown as LossDefinition;
  const maker = (options: Options = {} as Options) => descriptionOf(general, options as object) as Loss<T>;
  definitions.set(maker, general);
  if (!makers.has(name)) makers.set(name, maker);
  return maker;
}

/** A checked and completed description, which nobody can change. @throws ValueError for an option that is unknown or out of range */
function descriptionOf(definition: LossDefinition, given: object): Loss {
  const { name, options } = definition;
  const fields: Record<string, unknown> = { name, reduction: 'mean', fromLogits: false, scale: 1, ...definition.fixed };
  const known = Object.keys(options);
  const closed = Object.fromEntries(Object.entries(fields).filter(([key]) => !known.includes(key)));
  const read = checkOptions<Record<string, unknown>>(name, given as Record<string, unknown>, known, closed);
  for (const [key, { usual, accepts, expected }] of Object.entries(options)) {
    const given = key in read ? read[key] : usual;
    // Copy first: what is checked is what is kept.
    const value = isList(given) ? Object.freeze(Array.from(given)) : given;
    if (!accepts(value)) throw new ValueError(`${name}: ${key} is ${describe(value)}, expected ${expected}`);
    fields[key] = value;
  }
  return defined(fields as unknown as Loss, definition);
}

/** Freezes a description and remembers what it is of. */
export function defined(description: Loss, definition: LossDefinition): Loss {
  definitions.set(description, definition);
  return Object.freeze(description);
}

/** What a maker or a description is of; undefined for whatever else there is. */
export function definitionIn(given: unknown): LossDefinition | undefined {
  return definitions.get(given as object);
}

/** What the targets of a loss are. */
export function targetsOf(loss: Loss): TargetsKind {
  const { targets } = definitionOf(loss);
  return typeof targets === 'function' ? targets(loss as never) : targets;
}

/** How wide the targets of a loss are on an output of so many features. */
export function targetFeaturesOf(loss: Loss, outputs: number): number {
  return definitionOf(loss).targetFeatures?.(outputs, loss as never) ?? outputs;
}

/** The same of a maker, or of a loss that a network holds. */
export function definitionOf(loss: Loss | AnyLossMaker): LossDefinition {
  return definitions.get(loss) as LossDefinition;
}

/** The makers there are, by name. */
export function knownMakers(): ReadonlyMap<string, AnyLossMaker> {
  return makers;
}
