/** What an optimizer is: one definition, from which everything else about it follows. */

import { describe, fieldOf } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import type { Remedies } from '../arguments/foreignNames.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import type { Instruction } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';
import { type Kind, LAYOUT, type ParameterGroups } from './layout.js';
import { checkLearningRate, checkNumber, checkWeightDecay, FLOAT_LEAST, FLOAT_MAX } from './numbers.js';

/** How parameters follow the gradient: a plain description with the options of its optimizer. Its state belongs to the network. */
export interface Optimizer {
  readonly name: string;
  readonly learningRate: number;
  /** λ. An optimizer adds λ·w to each gradient (L2), or takes learningRate·λ·w off each weight where its decay is decoupled. */
  readonly weightDecay: number;
  /** The norm of the loss's gradient over all parameters, without L2, is scaled down to this where it is larger; Infinity for none. */
  readonly clipNorm: number;
  /** The norm of each parameter's gradient is scaled down to this where it is larger, before `clipNorm`. Default none. */
  readonly clipParameterNorm?: number;
  /** Each number of the gradient is brought to between −clipValue and clipValue, before norms are clipped. Default none. */
  readonly clipValue?: number;
  /** Parameters with a learning rate or a decay of their own: what `parameterGroups` or `decayMatrices` gives. Default none. */
  readonly groups?: ParameterGroups;
  /** Options of its own. */
  readonly [option: string]: number | boolean | string | ParameterGroups | undefined;
}

/** What a user may say of an optimizer: each number in the range given, also in float32. */
export type OptimizerOption =
  | {
      /** The default. */
      readonly usual: number;
      /** The least value. */
      readonly from?: number;
      /** Below all values. */
      readonly above?: number;
      /** Above all values. */
      readonly below?: number;
    }
  | { readonly usual: boolean }
  | { readonly usual: string; readonly oneOf: readonly string[] };

/** Own options of an optimizer, by name. */
export type OptimizerOptions = Readonly<Record<string, OptimizerOption>>;

/** What options are worth: their values, by name. */
export type OptionValues<Own extends OptimizerOptions> = string extends keyof Own
  ? unknown
  : {
      readonly [Key in keyof Own]: Own[Key] extends { readonly oneOf: readonly (infer Word)[] }
        ? Word
        : Own[Key]['usual'] extends boolean
          ? boolean
          : number;
    };

/** The description that an optimizer's maker gives. */
export type Described<Name extends string, Own extends OptimizerOptions> = Optimizer & { readonly name: Name } & OptionValues<Own>;

/** What an update is made of: nodes of the parameters' length. */
export interface UpdateInputs<O, Slot extends string, Scalar extends string> {
  readonly options: O;
  /** All parameters, as one vector. */
  readonly weights: Node;
  /** The gradient of each, after clipping and L2. */
  readonly gradient: Node;
  /** −learningRate of the step at hand, for each element. */
  readonly descent: Node;
  readonly slots: Readonly<Record<Slot, Node>>;
  readonly scalars: Readonly<Record<Scalar, Node>>;
}

/** What a search looks for the minimum of: the loss of all rows, which is changed by writing `weights`. All are memory of the network's. */
export interface Objective<Slot extends string = string> {
  readonly weights: Float32Array;
  /** That of the last evaluation. */
  readonly gradient: Float32Array;
  readonly slots: Readonly<Record<Slot, Float32Array>>;
  /** What goes from step to step in float64. */
  readonly powers: Float64Array;
  /** Computes the loss at `weights`, which it returns, and its gradient; Infinity where the loss or an element of the gradient is not finite. */
  evaluate(): number;
}

/** What an update gives: the weights after the step, and every slot that changes. */
export interface UpdateOutputs<Slot extends string> {
  readonly weights: Node;
  readonly slots?: Readonly<Partial<Record<Slot, Node>>>;
}

/** Where an optimizer's kernel finds its operands. */
export interface KernelOperands<Slot extends string> {
  readonly w: Node;
  readonly dw: Node;
  readonly slots: Readonly<Record<Slot, Node>>;
  /** The f64 numbers of `powers`. */
  readonly powers: Node;
  /** Elements of each. */
  readonly n: number;
  /** What the learning rate is multiplied by. */
  readonly rate: number;
  /** Whether the step has more such instructions behind this one: the last one advances the powers. */
  readonly more: boolean;
}

/** What an update of some parameters is composed of: nodes of their length. */
export interface ComposedParts {
  readonly options: Optimizer;
  readonly weights: Node;
  readonly gradient: Node;
  /** The slots, and what they are called. */
  readonly names: readonly string[];
  readonly kept: readonly Node[];
  /** What the learning rate is multiplied by. */
  readonly rate: number;
  readonly scalars: readonly string[];
  /** The number of the first of them among all scalars of the step. */
  readonly firstScalar: number;
}

/** How nodes become instructions (`src/compile`). */
export interface ComposingTools {
  lower(roots: readonly Node[]): Instruction[];
  shareCommon(roots: readonly Node[]): ReadonlyMap<Node, Node>;
}

/** Where a tensor lies that has room for one tile only: so many elements into another. */
export interface TilePlace {
  readonly scratch: Node;
  readonly offset: number;
}

/** Groups instructions that run tile by tile: see `tileRuns`. */
export type Tiling = (
  parts: readonly (readonly Instruction[])[],
  isKept: (node: Node) => boolean,
  rows: number,
  tile: number | undefined,
) => { readonly parts: readonly (readonly Instruction[])[]; readonly inside: ReadonlyMap<Node, TilePlace> };

/** How updates that are made of ops run. */
export interface Composition {
  readonly tiling: Tiling;
  /**
   * What its scalars are called.
   * @param kinds how many groups of parameters have scalars of their own
   * @throws ValueError where one is no number, or a power no finite number; where there are too many
   */
  scalarNames(optimizer: Optimizer, powers: Float64Array, kinds: number): string[];
  /** The scalars of a step for each rate, with the powers after each of these steps. */
  scalarTable(
    kinds: readonly Kind<Optimizer>[],
    names: readonly string[],
    rates: ArrayLike<number>,
    powers: Float64Array,
  ): { readonly table: Float64Array; readonly after: Float64Array };
  /** @throws ValueError where an op of the update has no kernel */
  instructions(definition: OptimizerDefinition, parts: ComposedParts, tools: ComposingTools): Instruction[];
}

/**
 * An optimizer: its options, its state and its update. All that the rest of neurite knows of it follows from here: the checks of its options,
 * the programs, the bound under which a step needs no trial, the tensors of a file.
 */
export interface OptimizerDefinition<
  Name extends string = string,
  Own extends OptimizerOptions = OptimizerOptions,
  Slot extends string = string,
  Scalar extends string = string,
> {
  /** What descriptions and files call it. */
  readonly name: Name;
  /** The default learning rate. */
  readonly learningRate: number;
  /** The default weight decay. Default 0. */
  readonly weightDecay?: number;
  /** Whether `update` itself applies weightDecay; otherwise weightDecay·w is added to the gradient before. Default false. */
  readonly decouplesDecay?: boolean;
  /** Options of its own, beside learningRate, weightDecay and clipNorm. */
  readonly options: Own;
  /** What other libraries call these, and the remedies. @internal */
  readonly remedies?: Remedies;
  /** What is wrong with options that do not fit each other, in words; undefined where nothing is. */
  check?(options: Described<Name, Own>): string | undefined;
  /** Names of the vectors it keeps, each as long as the parameters; they start at 0. */
  slots?(options: Described<Name, Own>): readonly Slot[];
  /** Those of them that are sums or means of squares: a state with a value below 0 in one is refused. Default none. */
  readonly squares?: readonly string[];
  /** Numbers in float64 that go from step to step, such as β₁ᵗ: as they are before the first step, and the range a file may have them in. */
  readonly powers?: { readonly start: readonly number[]; readonly from?: number; readonly upTo?: number };
  /**
   * The scalars of one step, by name, in float64; each is rounded to float32 once, together with what multiplies it. Advances `powers`. It uses
   * + − × ÷ and √ alone: other functions differ from engine to engine in their last bits. Groups of parameters call it once for each learning rate and
   * decay: the powers must not depend on these.
   */
  scalars?(options: Described<Name, Own>, learningRate: number, powers: Float64Array): Readonly<Record<Scalar, number>>;
  /**
   * A step that evaluates the loss of all rows as often as it needs, in place of one update from one gradient. It leaves `weights` as they are where the
   * first evaluation is not finite.
   */
  search?(options: Described<Name, Own>, objective: Objective<Slot>, learningRate: number): void;
  /** What runs the steps of a search (`src/training/search`): it comes with the definition, so that a page without searches carries none of it. @internal */
  readonly searching?: object;
  /** The update, as elementwise ops of nodes. */
  update(inputs: UpdateInputs<Described<Name, Own>, Slot, Scalar>): UpdateOutputs<Slot>;
  /** The instruction that does the whole update, and advances `powers`. Without one the update runs as it is composed. */
  kernel?(options: Described<Name, Own>, operands: KernelOperands<Slot>): Instruction;
  /** What runs a composed update (`composed.ts`): it comes with the definition, so that a page of kernels carries none of it. @internal */
  readonly composition?: Composition;
  /**
   * An upper bound of what a step changes any weight or slot by, where all gradients and slots were below `magnitude` so far and learning rates
   * are at most 1. Weights times weightDecay are below it too; any other weights may be of any size. Without a bound, a network of many
   * parameters tries every step on a copy first.
   */
  bound?(options: Described<Name, Own>, magnitude: number): number;
  /** Whether the update is just w − learningRate·gradient: it is then folded into the products that make the gradient. Default never. */
  descends?(options: Described<Name, Own>): boolean;
}

/** A definition as a maker has it: neurite's own with a kernel have no `update`. The tests have one, which the kernel must come to. */
export type MadeDefinition<
  Name extends string = string,
  Own extends OptimizerOptions = OptimizerOptions,
  Slot extends string = string,
  Scalar extends string = string,
> = Omit<OptimizerDefinition<Name, Own, Slot, Scalar>, 'update'> & Partial<Pick<OptimizerDefinition<Name, Own, Slot, Scalar>, 'update'>>;

/** An optimizer as users have it: a function from options to a description. */
export interface OptimizerMaker<Name extends string = string, Own extends OptimizerOptions = OptimizerOptions> {
  /** @throws ValueError for an option that is unknown or out of its range */
  (options?: Partial<Pick<Optimizer, CommonOption> & OptionValues<Own>>): Described<Name, Own>;
  readonly definition: MadeDefinition;
}

/** The key under which a description carries its maker. */
const MAKER = /* @__PURE__ */ Symbol.for('neurite.optimizer');

/** All that `defineOptimizer` gave: nothing else counts as a maker. */
const makers = new WeakSet<object>();

/** Options of every optimizer that a description has only where they are given. */
export const OPTIONAL = ['clipParameterNorm', 'clipValue', 'groups'] as const;

/** Options of every optimizer. */
export type CommonOption = 'learningRate' | 'weightDecay' | 'clipNorm' | (typeof OPTIONAL)[number];

export function checkCommon(call: string, description: Optimizer): void {
  checkLearningRate(call, description.learningRate);
  checkWeightDecay(call, description.weightDecay);
  for (const name of ['clipNorm', 'clipParameterNorm', 'clipValue']) {
    const { [name]: limit = Number.POSITIVE_INFINITY } = description;
    const allows = (value: number) => value >= FLOAT_LEAST && (value <= FLOAT_MAX || value === Number.POSITIVE_INFINITY);
    checkNumber(call, name, limit, allows, 'a number > 0 that float32 holds, or Infinity');
  }
  const { groups } = description;
  if (groups !== undefined && typeof fieldOf(groups, LAYOUT) !== 'function')
    throw new ValueError(`${call}: groups is ${describe(groups)}, expected what parameterGroups() gives`);
}

export function checkOption(call: string, name: string, value: unknown, option: OptimizerOption): void {
  if (typeof option.usual === 'boolean') {
    checkFlag(call, name, value);
    return;
  }
  if ('oneOf' in option) {
    if (!option.oneOf.includes(value as string))
      throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${option.oneOf.map((word) => describe(word)).join(' or ')}`);
    return;
  }
  const { from, above, below } = option as Exclude<OptimizerOption, { usual: boolean | string }>;
  const allows = (value: number) => {
    const rounded = Math.fround(value);
    return (
      Number.isFinite(rounded) &&
      (from === undefined || (value >= from && rounded >= from)) &&
      (above === undefined || (rounded > above && (value >= FLOAT_LEAST || above !== 0))) &&
      (below === undefined || rounded < below)
    );
  };
  checkNumber(call, name, value, allows, rangeInWords(from, above, below));
}

function rangeInWords(from?: number, above?: number, below?: number): string {
  if (below === undefined) {
    const float = ` that float32 holds${above === 0 ? `, at least ${FLOAT_LEAST}` : ''}`;
    return `a finite number${above !== undefined ? ` > ${above}` : from !== undefined ? ` ≥ ${from}` : ''}${float}`;
  }
  const low = from !== undefined ? `[${from}` : above !== undefined ? `(${above}` : '(−∞';
  return `a number in ${low}, ${below}), in float32 too`;
}

/** The maker of a definition that is sound: what `defineOptimizer` checked, or one of neurite's own. */
export function optimizerMaker<Name extends string, Own extends OptimizerOptions, Slot extends string = never, Scalar extends string = never>(
  definition: MadeDefinition<Name, Own, Slot, Scalar>,
): OptimizerMaker<Name, Own> {
  const { name, learningRate, weightDecay = 0, options: own, check: checkAll } = definition as unknown as MadeDefinition;
  const known = ['learningRate', ...Object.keys(own), 'weightDecay', 'clipNorm', ...OPTIONAL];
  const usual: Record<string, unknown> = { learningRate };
  for (const [key, option] of Object.entries(own)) usual[key] = option.usual;
  Object.assign(usual, { weightDecay, clipNorm: Number.POSITIVE_INFINITY });
  const make = (options: object = {}) => {
    const given = checkOptions(name, options, known, { name, [MAKER]: make }, 'options', definition.remedies);
    const description = Object.freeze({ name, ...usual, ...given, [MAKER]: make }) as unknown as Optimizer;
    checkCommon(name, description);
    for (const [key, option] of Object.entries(own)) checkOption(name, key, description[key], option);
    const wrong = checkAll?.(description);
    if (wrong !== undefined) throw new ValueError(`${name}: ${wrong}`);
    return description;
  };
  Object.defineProperties(make, { name: { value: name }, definition: { value: Object.freeze(definition), enumerable: true } });
  makers.add(make);
  return make as unknown as OptimizerMaker<Name, Own>;
}

/** Whether something is what `defineOptimizer` gave. */
export function isMaker(value: unknown): value is OptimizerMaker {
  return typeof value === 'function' && makers.has(value);
}

/** The maker that a description carries; undefined where it carries none. */
export function makerIn(fields: Readonly<Record<PropertyKey, unknown>>): OptimizerMaker | undefined {
  const maker = fields[MAKER];
  return isMaker(maker) ? maker : undefined;
}

/** The maker of a description that it gave. */
export function makerOf(optimizer: Optimizer): OptimizerMaker {
  return makerIn(optimizer as unknown as Record<PropertyKey, unknown>) as OptimizerMaker;
}

/** The definition of a description that its maker gave. */
export function definitionOf(optimizer: Optimizer): MadeDefinition {
  return makerOf(optimizer).definition;
}

/** The vectors of state that an optimizer keeps, by their names. */
export function slotsOf(optimizer: Optimizer): readonly string[] {
  return [...(definitionOf(optimizer).slots?.(optimizer) ?? [])];
}

/** How many numbers in float64 an optimizer has room for: its powers, and at least the two that files of every version have. */
export function powerCount(optimizer: Optimizer): number {
  return Math.max(2, definitionOf(optimizer).powers?.start.length ?? 0);
}

/** Those numbers before the first step. */
export function startingPowers(optimizer: Optimizer): readonly number[] {
  const { start = [] } = definitionOf(optimizer).powers ?? {};
  return Array.from({ length: powerCount(optimizer) }, (_, i) => start[i] ?? 1);
}

/**
 * The first value that a vector of the optimizer's state cannot have, by its place: one below 0 where it is made of squares, whose root would be NaN.
 * −1 where there is none.
 */
export function oddIn(optimizer: Optimizer, slot: string, values: Float32Array): number {
  return definitionOf(optimizer).squares?.includes(slot) ? values.findIndex((value) => value < 0) : -1;
}

/** The range that number i of the powers is in. Where the optimizer has fewer, what stands for the rest is a power of 1. */
export function rangeOfPower(optimizer: Optimizer, i: number): readonly [number, number] {
  const { start = [], from = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY } = definitionOf(optimizer).powers ?? {};
  return i < start.length ? [from, upTo] : [0, 1];
}
