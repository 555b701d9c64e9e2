import { Context, Status } from '../../assembly/context.js';
import { Block, Factor, Opcode } from '../../assembly/opcodes.js';
import type { Floats } from '../arguments/arrays.js';
import { gradients, type Seed } from '../compile/differentiate.js';
import type { Place } from '../compile/encode.js';
import { type Panels, panelsOf } from '../compile/prepack.js';
import { compile, type Recipe, type Report } from '../compile/program.js';
import { HARMLESS, planUpdate, TAME, type Update } from '../compile/update.js';
import type { Core } from '../core/core.js';
import { DisposedError, NotConfiguredError, ValueError } from '../errors.js';
import { f32, type Instruction, rowsOf, size, tensor, word } from '../graph/instruction.js';
import { type Mode, resolver } from '../graph/modes.js';
import { Node, named, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { type Decision, decisionOf, rangeOf } from '../losses/decisions.js';
import { targetFeaturesOf, targetsOf } from '../losses/loss.js';
import { dataOf, type LossNodes, type LossWithWeight, logitsOf, lossElements, lossNodes } from '../losses/networkLoss.js';
import { penaltyTerm } from '../losses/penalty.js';
import { type TargetForm, weightingOf } from '../losses/targetForm.js';
import { computed, type MinimisedTerm, type Term } from '../losses/term.js';
import { Constant, fill, fillOp, Parameter, State } from '../ops/leaves.js';
import { run as runOf } from '../ops/run.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { Columns, TargetShape } from './columns.js';
import { type IdCounts, idsOf } from './ids.js';
import { LoadedProgram } from './loadedProgram.js';
import { ParameterMemory } from './parameterMemory.js';
import { type OptimizerState, Snapshot } from './snapshot.js';
import { release, Workspace } from './workspace.js';

/** A network as a graph: its inputs and outputs. */
export interface Model {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** A network as the user made it: in both modes at once, with what a training step leaves in its states. */
export interface ModelGraph extends Model {
  readonly updates?: ReadonlyMap<State, Node>;
  /** The largest norm of each row of a parameter. */
  readonly maxNorms?: ReadonlyMap<Parameter, number>;
}

/** All nodes of a graph, inputs before users. */
export function nodesOf({ outputs, updates }: ModelGraph): Node[] {
  return topological([...outputs, ...(updates?.keys() ?? []), ...(updates?.values() ?? [])]);
}

/** The most rows a prediction runs on at once; longer inputs are taken in chunks. */
export const PREDICTION_ROWS = 256;

/** An empty list for calls without targets, so that predictions allocate nothing. */
const NO_TARGETS: readonly TargetForm[] = [];

/** The kinds of programs. Those with targets have one form for each form of targets. */
export type ProgramKind =
  | 'predict'
  | 'logits'
  | 'gradient'
  | 'accumulate'
  | 'regularize'
  | 'update'
  | 'shorten'
  | 'step'
  | 'guarded'
  | 'evaluate'
  | 'evaluateTraining';

/**
 * A model on a core: its blocks of memory and its programs. It handles addresses and instructions; values of users are read in `src/data`.
 * Parameters are allocated at construction and never move. State is allocated when loss and optimizer are set, workspaces as programs need them.
 */
export class Engine {
  /** What predictions, evaluations, traces and derivatives run: the graph in prediction mode. */
  readonly model: Model;
  readonly parameters: readonly Parameter[];
  readonly parameterCount: number;
  /** What belongs to the model and is not trained. Their values lie behind the parameters. */
  readonly states: readonly State[];
  /** Numbers of parameters and states. */
  readonly valueCount: number;
  /** Where the first of them lies. */
  readonly parametersAddress: number;
  readonly memory: ParameterMemory;
  /** Whether all values lie one behind the other, as offsets say: those of shared parameters may be apart. */
  readonly isRun: boolean;
  readonly #places = new Map<Node, Place>();
  readonly #constants: number;
  readonly #all: Node;
  readonly #offsets = new Map<Parameter | State, number>();
  readonly #resolve = { training: resolver('training'), prediction: resolver('prediction') };
  #stateAddress = 0;
  #stateSize = 0;
  #stateViewed = false;
  #panels: readonly Panels[] = [];
  #wild = false;
  #prediction: Workspace | undefined;
  #training: Workspace | undefined;
  #programs = new Map<string, LoadedProgram>();
  #columns: Columns = { inputs: [], targets: [] };
  /** The parameters that training leaves as they are. */
  frozen: ReadonlySet<Node> = new Set();
  /** The loss of each output. */
  losses: readonly (LossWithWeight | undefined)[] = [];
  /** What is minimised besides. */
  penalties: readonly Node[] = [];
  /** Each loss as nodes, by the form of its targets. */
  #lossNodes: readonly ((form: TargetForm) => LossNodes)[] = [];
  #penaltyTerms: readonly Term[] = [];
  /** The constants of losses and penalties alone, which lie behind the optimizer's state. */
  #ownConstants: readonly Constant[] = [];
  #update: Update | undefined;
  /** Whether each step needs `scalarsFor` first. */
  hasScalars = false;
  /** The powers after each of the steps that scalars were made for. */
  #powersAfter: Float64Array = new Float64Array(0);
  /** Incremented whenever a program or workspace may have moved. Addresses remembered from another version are stale. */
  version = 0;
  freed = false;

  constructor(
    /** The graph as the user made it, in both modes. */
    readonly graph: ModelGraph,
    readonly core: Core,
    /** Another engine on that core, whose parameters and states the graph is made of: their memory is then the same. */
    shared?: Engine,
  ) {
    const nodes = nodesOf(graph);
    this.model = { inputs: graph.inputs, outputs: graph.outputs.map(this.#resolve.prediction) };
    this.parameters = nodes.filter((node) => node instanceof Parameter);
    this.states = nodes.filter((node) => node instanceof State);
    const ids = graph.inputs.map((node) => idsOf(node, nodes));
    if (ids.some((one) => one)) this.ids = ids;
    this.minRows = nodes.some(({ op, attributes }) => op === fillOp && (attributes.factors as number) & Factor.PerRow) ? 2 : 1;
    const stored = [...this.parameters, ...this.states];
    let count = 0;
    for (const values of stored) {
      this.#offsets.set(values, count);
      count += elements(values.shape);
    }
    this.valueCount = count;
    this.parameterCount = this.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
    this.#all = runOf('parameters', this.parameterCount);
    this.#places.set(this.#all, { block: Block.Parameters, offset: 0 });
    const addresses = shared && stored.map((values) => shared.addressOf(values));
    const constants = nodes.filter((node) => node instanceof Constant);
    const constantCount = constants.reduce((sum, node) => sum + elements(node.shape), 0);
    const bytes = Math.max(4, count * 4);
    this.memory = shared ? shared.memory.hold() : new ParameterMemory(core, core.allocate(bytes, `${count} parameters`), bytes);
    this.parametersAddress = addresses?.length ? Math.min(...addresses) : this.memory.address;
    let isRun = true;
    stored.forEach((values, i) => {
      const own = this.offsetOf(values);
      const offset = addresses ? ((addresses[i] as number) - this.parametersAddress) / 4 : own;
      isRun &&= offset === own;
      this.#places.set(values, { block: Block.Parameters, offset });
    });
    this.isRun = isRun;
    try {
      this.#constants = core.allocate(Math.max(4, constantCount * 4), 'constants');
    } catch (error) {
      this.memory.free();
      throw error;
    }
    let offset = 0;
    for (const constant of constants) {
      this.#places.set(constant, { block: Block.Constants, offset });
      core.f32.set(constant.values, (this.#constants >>> 2) + offset);
      offset += constant.values.length;
    }
  }

  /** Whether training steps run another graph than predictions. */
  get hasModes(): boolean {
    const { training, prediction } = this.#resolve;
    return [...this.graph.outputs, ...this.penalties].some((node) => training(node) !== prediction(node));
  }

  /** Of inputs that have ids, how many of each feature; undefined where none has. */
  readonly ids: readonly (IdCounts | undefined)[] | undefined;

  /** The fewest rows of a training step: two where a variance is divided by rows − 1. */
  readonly minRows: number;

  /** The node that a node of the graph stands for in a mode. */
  inMode(mode: Mode, node: Node): Node {
    return this.#resolve[mode](node);
  }

  /** The first element of a parameter within the parameter run, as of its gradient among the gradients; of a state behind it. */
  offsetOf(values: Parameter | State): number {
    return this.#offsets.get(values) as number;
  }

  /** The address of the values of a parameter or state. */
  addressOf(values: Parameter | State): number {
    return this.parametersAddress + (this.#places.get(values) as Place).offset * 4;
  }

  /** Whether a parameter or state is one of the graph's. */
  has(values: Parameter | State): boolean {
    return this.#offsets.has(values);
  }

  /** Draws every parameter afresh: parameter i from stream i of the seed; states begin behind them. */
  initialize(seed: number): void {
    const { exports, f32 } = this.core;
    [...this.parameters, ...this.states].forEach((parameter, stream) => {
      const at = this.addressOf(parameter);
      const n = elements(parameter.shape);
      const { initial } = parameter;
      if (initial.kind === 'uniform') exports.uniform(at, n, seed, stream, initial.low, initial.high);
      else if (initial.kind === 'normal') exports.normal(at, n, seed, stream, initial.mean, initial.deviation);
      else f32.fill(initial.value, at >>> 2, (at >>> 2) + n);
    });
  }

  /** Packs the weights for batches. Only for an engine that is never configured, and whose parameters `replace` alone changes from then on. */
  prepack(): void {
    const panels = panelsOf(this.model.outputs, this.core.exports.packedSize);
    let room = 0;
    for (const { panels: node } of panels) {
      this.#places.set(node, { block: Block.State, offset: room });
      room += elements(node.shape);
    }
    // Room for all values: `replace` looks at them there.
    this.#stateSize = Math.max(1, room, this.valueCount) * 4;
    this.#stateAddress = this.core.allocate(this.#stateSize, 'packed weights');
    this.#panels = panels;
    this.#pack();
  }

  #pack(): void {
    for (let i = 0; i < this.#panels.length; i++) {
      const { weights, n, k, panels } = this.#panels[i] as Panels;
      this.core.exports.packWeights(this.#stateAddress + (this.#places.get(panels) as Place).offset * 4, this.addressOf(weights), n, k);
    }
  }

  /**
   * Replaces the values of the first `n` parameters and states of an engine that is packed, and packs them anew. Nothing is allocated.
   * @returns the index of the first that is not finite, and nothing is replaced; −1 where all are
   */
  replace(values: Float32Array, n: number): number {
    const { f32, exports } = this.core;
    // Packed weights can be had again: their place is where values are looked at before anything depends on them.
    const at = this.#stateAddress;
    f32.set(values, at >>> 2);
    const odd = exports.firstNonFinite(at, n);
    if (odd < 0) f32.copyWithin(this.parametersAddress >>> 2, at >>> 2, (at >>> 2) + n);
    this.#pack();
    return odd;
  }

  get optimizer(): Optimizer | undefined {
    return this.#update?.optimizer;
  }

  /**
   * What an optimizer does to these parameters. Runs code of its definition's, and of groups.
   * @param names what parameters are called
   * @throws ValueError where the parameters are shared and lie apart
   */
  planUpdate(optimizer: Optimizer | undefined, names?: () => ReadonlyMap<Node, string>): Update | undefined {
    if (optimizer && !this.isRun)
      throw new ValueError('optimizer: the parameters that are shared do not lie side by side there, expected none; train the network they are of');
    const known = optimizer?.groups && names?.();
    const parameters = this.parameters.map((node) => ({ name: known?.get(node) ?? node.label, shape: node.shape, frozen: this.frozen.has(node) }));
    return optimizer && planUpdate(optimizer, this.#all, parameters);
  }

  /** Sets loss, optimizer and penalties and clears the optimizer's state. Nothing is changed when memory is refused. */
  configure(losses: readonly (LossWithWeight | undefined)[], update: Update | undefined, penalties: readonly Node[] = []): void {
    const nodes = losses.flatMap((loss, i) => (loss ? [lossNodes(loss, this.graph.outputs[i] as Node)] : []));
    const shapes = this.#targets(losses, nodes);
    const forms = nodes.flatMap((of, i) => [
      of('values'),
      ...(shapes[i]?.classes ? [of('ids')] : []),
      ...(shapes[i]?.elements ? [of('values, weighted elements')] : []),
    ]);
    const terms = penalties.map(penaltyTerm);
    const known = new Set(nodesOf(this.graph));
    const constants = topological([...forms, ...terms].map(({ node }) => node)).filter(
      (node): node is Constant => node instanceof Constant && !known.has(node),
    );
    const bytes = this.#stateBytes(update) + constants.reduce((sum, { values }) => sum + values.length * 4, 0);
    const state = nodes.length > 0 || update ? this.core.allocate(bytes, 'gradients and optimizer state') : 0;
    this.#releaseState();
    this.#stateAddress = state;
    this.#stateSize = bytes;
    this.#stateViewed = false;
    this.version++;
    this.#training?.setBase(Block.State, state);
    this.losses = losses;
    this.penalties = penalties;
    this.#lossNodes = nodes;
    this.#penaltyTerms = terms;
    this.#placeConstants(constants, this.#stateBytes(update) / 4);
    this.#columns = { inputs: this.model.inputs.map((node) => features(node.shape)), ...(this.ids && { ids: this.ids }), targets: shapes };
    this.#update = update;
    this.hasScalars = update !== undefined && update.scalarCount > 0;
    this.#dropPrograms();
    this.resetOptimizer();
  }

  /** Writes the constants of losses and penalties into the state, from element `offset` on. */
  #placeConstants(constants: readonly Constant[], offset: number): void {
    for (const constant of this.#ownConstants) this.#places.delete(constant);
    this.#ownConstants = this.#stateAddress ? constants : [];
    for (const constant of this.#ownConstants) {
      this.#places.set(constant, { block: Block.State, offset });
      this.core.f32.set(constant.values, (this.#stateAddress >>> 2) + offset);
      offset += constant.values.length;
    }
  }

  /** The optimizer's state as before its first step. */
  resetOptimizer(): void {
    this.#wild = false;
    if (!this.#stateAddress) return;
    const update = this.#update;
    if (!update) return;
    const n = this.parameterCount;
    const at = this.#stateAddress >>> 2;
    this.core.f32.fill(0, at + n, at + n * (1 + update.slots.length));
    this.core.f64.set(update.start, (this.#stateAddress + this.#powersOffset(update) * 4) >>> 3);
  }

  /**
   * The optimizer's scalars of the next steps, a row for each learning rate; undefined where it has none in tables. Runs code of its
   * definition's: to be called before programs and addresses are taken.
   */
  scalarsFor(rates: ArrayLike<number>): Float64Array | undefined {
    const update = this.#update;
    if (!update?.composition || !this.hasScalars) return undefined;
    const at = (this.optimizerState?.powers as number) >>> 3;
    const powers = this.core.f64.slice(at, at + update.start.length);
    const { table, after } = update.composition.scalarTable(update.kinds, update.scalars, rates, powers);
    this.#powersAfter = after;
    return table;
  }

  /** Puts the scalars of the next steps where a program reads them. */
  setScalars({ workspace }: LoadedProgram, table: Float64Array | undefined): void {
    if (table && this.#update) workspace.setScalars(table, this.#update.scalarCount);
  }

  /** Advances the powers behind step number `step` of those that scalars were made for. A kernel advances its own. */
  advance(step: number): void {
    const update = this.#update;
    if (!update || !this.hasScalars || step < 0) return;
    const n = update.start.length;
    const at = (this.optimizerState?.powers as number) >>> 3;
    this.core.f64.set(this.#powersAfter.subarray(step * n, (step + 1) * n), at);
  }

  /**
   * Runs a guarded step from instruction number `first` on. An update that would make a parameter or the optimizer's state NaN or infinite is
   * not done. @returns the status
   *
   * The inputs of the update are bounded before it is written. Below the bounds nothing can overflow, since a change below 2¹⁰⁰ is rounded
   * away beside the largest float. Above them, the update is done and undone from a copy where it fails.
   *
   * @param careful whether to copy in any case
   */
  runGuarded(program: LoadedProgram, rows: number, first: number, careful = false): Status {
    const { workspace } = program;
    workspace.set(Context.Magnitude, 0);
    const status = program.runBody(rows, first);
    if (status !== Status.Done) return status;
    const at = (workspace.context + Context.Magnitude) >>> 2;
    const tame = !careful && this.#isTame(this.core.f32[at] as number, rows, workspace);
    if (!tame) return this.#tryUpdate(program, rows);
    program.runCommit(rows);
    if (this.hasScalars) this.advance(workspace.get(Context.Step));
    return Status.Done;
  }

  /**
   * Updates the parameters from the gradients as they are. @returns the status
   *
   * Plain descent is bounded for rates up to 1, since its rate is in no gradient here.
   */
  update(program: LoadedProgram): Status {
    return this.runGuarded(program, 1, 0, program.workspace.learningRate > 1);
  }

  /** Writes all gradients; none: 0. */
  writeGradients(values?: ArrayLike<number>): void {
    const at = this.#stateAddress >>> 2;
    if (values) this.core.f32.set(values, at);
    else this.core.f32.fill(0, at, at + this.parameterCount);
  }

  #isTame(magnitude: number, rows: number, workspace: Workspace): boolean {
    const update = this.#update;
    if (!update) return false;
    // The rate is in the deltas already.
    if (update.descends) return magnitude * magnitude * rows < HARMLESS;
    return update.bounded && !this.#wild && workspace.learningRate * update.rate <= 1 && magnitude * (1 + update.weightDecay) < TAME;
  }

  #tryUpdate(program: LoadedProgram, rows: number): Status {
    const before = new Snapshot(this);
    before.take();
    program.runCommit(rows);
    this.advance(program.workspace.get(Context.Step));
    if (this.isFinite) {
      this.judgeState();
      return Status.Done;
    }
    before.restore();
    return Status.BadUpdate;
  }

  /** Whether every parameter and state is finite, and all that the optimizer keeps: an infinite mean of squares would stop its parameter for good. */
  get isFinite(): boolean {
    const { firstNonFinite } = this.core.exports;
    const slots = this.optimizerState?.slots ?? [];
    return firstNonFinite(this.parametersAddress, this.valueCount) < 0 && slots.every((address) => firstNonFinite(address, this.parameterCount) < 0);
  }

  /** Finds out whether the optimizer's state is so large that a small gradient may make a large update. */
  judgeState(): void {
    const slots = this.optimizerState?.slots ?? [];
    const least = new Uint32Array(Float32Array.of(TAME).buffer)[0] as number;
    this.#wild = slots.some((address) => this.core.exports.largestMagnitude(address, this.parameterCount) >>> 0 >= least);
  }

  /**
   * Where the optimizer's state is, in bytes: its vectors, each as long as the parameters, and its f64 numbers, with how many there are;
   * undefined without an optimizer.
   */
  get optimizerState(): OptimizerState | undefined {
    const update = this.#update;
    if (!update) return undefined;
    const slots = update.slots.map((_, i) => this.#stateAddress + this.parameterCount * (1 + i) * 4);
    return { slotNames: update.slotNames, slots, powers: this.#stateAddress + this.#powersOffset(update) * 4, powerCount: update.start.length };
  }

  /** Gradients, slots, then f64 numbers on a boundary of 8 bytes, in elements. */
  #powersOffset(update: Update | undefined): number {
    return Math.ceil((this.parameterCount * (1 + (update?.slots.length ?? 0))) / 2) * 2;
  }

  #stateBytes(update: Update | undefined): number {
    return this.#powersOffset(update) * 4 + (update?.start.length ?? 2) * 8;
  }

  /** A live view of the values of a parameter or state. */
  viewValues(values: Parameter | State): Floats {
    this.memory.viewed = true;
    return this.#view(this.addressOf(values), 0, elements(values.shape));
  }

  /** A live view of all parameters. @throws ValueError where they are shared and lie apart */
  viewParameters(): Floats {
    if (!this.isRun)
      throw new ValueError(
        'parameters: those that are shared do not lie side by side, expected a single one; parameter(name).values is a view of each',
      );
    this.memory.viewed = true;
    return this.#view(this.parametersAddress, 0, this.parameterCount);
  }

  /** A live view of their gradients. Needs a loss. */
  viewGradients(offset: number, n: number): Floats {
    this.#stateViewed = true;
    return this.#view(this.#stateAddress, offset, n);
  }

  #view(address: number, offset: number, n: number): Floats {
    const at = (address >>> 2) + offset;
    return this.core.f32.subarray(at, at + n);
  }

  #releaseState(): void {
    if (this.#stateAddress) release(this.core, this.#stateAddress, this.#stateSize, this.#stateViewed);
  }

  /** Address of the gradients, in the order of the parameters; 0 where there is no loss. */
  get gradientsAddress(): number {
    return this.#stateAddress;
  }

  /** The losses as nodes; `forms` tells for each how its targets came. In `both` modes they are nodes of the graph as the user made it. */
  lossNodes(call: string, forms: readonly TargetForm[], mode: Mode | 'both' = 'prediction'): LossNodes[] {
    if (this.#lossNodes.length === 0) throw new NotConfiguredError(call, 'loss');
    const at = mode === 'both' ? (node: Node) => node : this.#resolve[mode];
    return this.#lossNodes.map((of, i) => {
      const { rows, node, output, ...rest } = of(forms[i] ?? 'values');
      return { ...rest, rows: at(rows), node: at(node), output: at(output), logits: logitsOf(at(output)) };
    });
  }

  /** All whose sum is minimised: these losses, then the penalties. */
  terms(losses: readonly LossNodes[], mode: Mode = 'prediction'): readonly Term[] {
    const at = this.#resolve[mode];
    return [...losses, ...this.#penaltyTerms.map((term) => ({ ...term, rows: at(term.rows), node: at(term.node) }))];
  }

  /** What differentiation of that sum starts from; `besides`: more of `Factor`. */
  seeds(losses: readonly LossNodes[], besides = 0, mode: Mode = 'prediction'): readonly Seed[] {
    return seedsOf(this.terms(losses, mode), besides);
  }

  /** Whether something is minimised that is there once, however many rows there are. */
  get regularizes(): boolean {
    return this.#penaltyTerms.some(({ node }) => !node.shape.batched);
  }

  /** The same for tools, in prediction mode: targets as values, unless forms say otherwise; penalties as they were given. */
  minimised(forms: readonly TargetForm[] = []): readonly MinimisedTerm[] {
    const at = this.#resolve.prediction;
    return [
      ...this.#lossNodes.map((of, i) => {
        const { node, target, weight, scale, factors } = of(forms[i] ?? 'values');
        return { node: at(node), target, weight, scale, mean: factors !== 0 };
      }),
      ...this.penalties.map((node) => ({ node: at(node), target: undefined, weight: undefined, scale: 1, mean: node.shape.batched })),
    ];
  }

  /** The columns of a batch, as the losses expect them. */
  get columns(): Columns {
    return this.#columns;
  }

  #targets(losses: readonly (LossWithWeight | undefined)[], nodes: readonly ((form: TargetForm) => LossNodes)[]): TargetShape[] {
    let next = 0;
    return losses.flatMap((loss, i) => {
      if (!loss) return [];
      const elements = lossElements((nodes[next++] as (form: TargetForm) => LossNodes)('values')) !== undefined;
      const output = this.model.outputs[i] as Node;
      const { name } = loss.loss;
      const targets = targetsOf(loss.loss);
      const range = targets === 'reach' ? rangeOf(output) : undefined;
      const reach = range?.every(Number.isFinite) ? range : undefined;
      const width = targetFeaturesOf(loss.loss, features(output.shape));
      return [
        {
          width,
          classes: targets === 'classes' || targets === 'scores',
          probabilities: targets === 'classes',
          elements,
          unit: targets === 'unit' ? name : undefined,
          reach,
        },
      ];
    });
  }

  /** The program of a kind for at least `rows` rows, compiled on first use and again when more rows are needed. */
  program(kind: ProgramKind, rows: number, forms: readonly TargetForm[] = NO_TARGETS): LoadedProgram {
    const key = forms.length === 0 ? kind : `${kind}:${forms}`;
    const prediction = kind === 'predict' || kind === 'logits';
    return this.#ready(key, rows) ?? this.#load(key, rows, this.#programs.get(key)?.recipe ?? this.recipe(kind, forms), prediction);
  }

  /** A program of another recipe, compiled on first use under its key. Dropped when the loss changes, as the others are. */
  derived(key: string, rows: number, make: () => Recipe): LoadedProgram {
    return this.#ready(key, rows) ?? this.#load(key, rows, this.#programs.get(key)?.recipe ?? make(), false);
  }

  #ready(key: string, rows: number): LoadedProgram | undefined {
    const known = this.#programs.get(key);
    return known && known.program.rows >= rows ? known : undefined;
  }

  #load(key: string, rows: number, recipe: Recipe, prediction: boolean): LoadedProgram {
    const known = this.#programs.get(key);
    // The workspace may move even where the program's own allocation fails.
    this.version++;
    const workspace = this.#workspace(prediction);
    if (!prediction) workspace.reserveScalars(this.#update?.scalarCount ?? 0);
    const loaded = new LoadedProgram(recipe, compile(recipe, rows), workspace);
    known?.free();
    this.#programs.set(key, loaded);
    return loaded;
  }

  /** Places of parameters and constants, for recipes made elsewhere. */
  get places(): ReadonlyMap<Node, Place> {
    return this.#places;
  }

  /** The workspace of predictions, or that of all other programs. */
  #workspace(prediction: boolean): Workspace {
    const known = prediction ? this.#prediction : this.#training;
    if (known) return known;
    const { inputs, outputs } = this.model;
    const made = new Workspace(
      this.core,
      [this.parametersAddress, this.#stateAddress, 0, this.#constants],
      inputs.length + 2 * outputs.length,
      outputs.length,
    );
    if (prediction) this.#prediction = made;
    else this.#training = made;
    return made;
  }

  /** The recipe of a kind of program. */
  recipe(kind: ProgramKind, forms: readonly TargetForm[]): Recipe {
    const { inputs, outputs } = this.model;
    const panels = this.#panels;
    if (kind === 'predict') return { roots: outputs, inputs, outputs, places: this.#places, panels };
    if (kind === 'logits') {
      const logits = outputs.map(logitsOf);
      return { roots: logits, inputs, outputs: logits, places: this.#places, panels };
    }
    if (kind === 'shorten') {
      const { places, instructions } = this.#projections();
      return { roots: [], inputs: [], outputs: [], places, epilogue: instructions };
    }
    if (kind === 'update') {
      const { places, epilogue, guards } = this.updateRecipe();
      return { roots: [], inputs: [], outputs: [], places, epilogue, guards };
    }
    const evaluates = kind === 'evaluate' || kind === 'evaluateTraining';
    const mode = kind === 'evaluate' ? 'prediction' : 'training';
    const losses = this.lossNodes(kind, forms, mode);
    const deciding = kind !== 'regularize' && this.decidesFor(forms) ? this.deciding : -1;
    const terms = this.terms(losses, mode);
    const reports: Report[] = terms.map(({ rows, scale }, i) => ({
      rows,
      scale,
      part: losses.length > 1 && i < losses.length ? i + 1 : 0,
      goOn: evaluates,
      ...(i === deciding && { decide: decideOn(losses[i] as LossNodes) }),
    }));
    const data = [...inputs, ...dataOf(losses)];
    // These gather rows of a data set. A call with rows of its own starts after them.
    const prologue = data.map((node, source) => gatherInstruction(node, source));
    const common: Recipe = { roots: [], inputs: data, outputs: [], places: this.#places, reports, prologue };
    if (evaluates) return common;
    const update = this.#update;
    const steps = kind === 'step' || kind === 'guarded';
    if (steps && !update) throw new NotConfiguredError('step', 'optimizer');
    const descend = steps && update?.descends === true;
    const adds = kind === 'accumulate' || kind === 'regularize';
    // Of a batch in parts, each adds what is of its rows; what is there once is added once.
    const minimised = adds ? terms.filter(({ node }) => node.shape.batched === (kind === 'accumulate')) : terms;
    const trained = this.parameters.filter((parameter) => !this.frozen.has(parameter));
    const found = gradients(seedsOf(minimised, descend ? Factor.Descend : 0), trained);
    const gradientOf = new Map(trained.map((parameter, i) => [parameter, found[i]]));
    const products = this.parameters.map((parameter) => gradientOf.get(parameter));
    const states = steps || kind === 'accumulate' ? this.#stateUpdates() : [];
    if (adds) {
      const places = new Map(this.#places);
      const accumulate = this.parameters.flatMap((parameter, i) => {
        const product = products[i];
        if (!product) return [];
        const into = new Node(this.#all.op, [], parameter.shape, {}, `d${parameter.label}`);
        places.set(into, { block: Block.State, offset: this.offsetOf(parameter) });
        return [{ product, into }];
      });
      if (kind === 'regularize') return { roots: [], inputs: [], outputs: [], accumulate, places };
      return { ...common, accumulate: accumulate.reverse(), states, places };
    }
    if (descend) {
      const accumulate = this.parameters.flatMap((into, i) => {
        const product = products[i];
        return product ? [{ product, into }] : [];
      });
      // The last layer's first: the backward pass then meets each delta once, on its way down.
      const { places, instructions } = this.#projections();
      return {
        ...common,
        accumulate: accumulate.reverse(),
        states,
        places,
        epilogue: instructions,
        ...(kind === 'guarded' && { guards: [] }),
      };
    }
    const places = new Map(this.#places);
    const roots: Node[] = [];
    this.parameters.forEach((parameter, i) => {
      // A parameter that the loss does not depend on has gradient 0. Write it each time: L2 and clipping change gradients in place.
      let product = products[i] ?? fill(parameter.shape, 0);
      // Two parameters may have the very same gradient; each has its own place all the same.
      if (places.has(product)) product = another(product, `d${parameter.label}`);
      roots.push(product);
      places.set(product, { block: Block.State, offset: this.offsetOf(parameter) });
    });
    if (kind === 'gradient' || !update) return { ...common, roots: roots.reverse(), places };
    const updating = this.updateRecipe();
    return {
      ...common,
      roots: roots.reverse(),
      places: new Map([...places, ...updating.places]),
      epilogue: updating.epilogue,
      states,
      ...(kind === 'guarded' && { guards: updating.guards }),
    };
  }

  /** The update by itself: its instructions, and where parameters, gradients and the optimizer's state lie. */
  updateRecipe(): { readonly places: Map<Node, Place>; readonly epilogue: readonly Instruction[]; readonly guards: readonly Node[] } {
    const { places, instructions } = this.#projections();
    const update = this.#update;
    if (!update) return { places, epilogue: [], guards: [] };
    const n = this.parameterCount;
    places.set(update.dw, { block: Block.State, offset: 0 });
    update.slots.forEach((slot, i) => {
      places.set(slot, { block: Block.State, offset: n * (i + 1) });
    });
    places.set(update.powers, { block: Block.State, offset: this.#powersOffset(update) });
    for (const [part, { of, from }] of update.parts) {
      const { block, offset } = places.get(of) as Place;
      places.set(part, { block, offset: offset + from });
    }
    // A decay changes parameters by their own size.
    const guards = update.weightDecay > 0 ? [update.dw, this.#all] : [update.dw];
    return { places, epilogue: [...update.instructions, ...instructions], guards };
  }

  /** What shortens the rows of parameters that have a largest norm, and the places of these rows beside all others. */
  #projections(): { places: Map<Node, Place>; instructions: Instruction[] } {
    const places = new Map(this.#places);
    const instructions: Instruction[] = [];
    for (const [parameter, maxNorm] of this.graph.maxNorms ?? []) {
      const n = parameter.shape.size.at(-1) as number;
      for (let from = 0; from < elements(parameter.shape) && !this.frozen.has(parameter); from += n) {
        const row = runOf(`${parameter.label}[${from / n}]`, n);
        places.set(row, { block: Block.Parameters, offset: (this.#places.get(parameter) as Place).offset + from });
        const operands = { g: tensor(row), size: size(n), maxNorm: f32(maxNorm) };
        instructions.push({ opcode: Opcode.ClipNorm, operands, writes: ['g'], inPlace: [] });
      }
    }
    return { places, instructions };
  }

  /** Sets which parameters training leaves as they are, with the update that leaves them. The optimizer's state stays. */
  freeze(frozen: ReadonlySet<Node>, plan: () => Update | undefined): void {
    const before = this.frozen;
    this.frozen = frozen;
    try {
      this.#update = plan();
    } catch (error) {
      this.frozen = before;
      throw error;
    }
    this.version++;
    this.#dropPrograms();
  }

  #dropPrograms(): void {
    for (const [key, program] of this.#programs) {
      if (key.startsWith('predict') || key.startsWith('logits')) continue;
      program.free();
      this.#programs.delete(key);
    }
  }

  /** What a training step leaves in each state, as nodes. */
  #stateUpdates(): { state: State; next: Node }[] {
    return [...(this.graph.updates ?? [])].map(([state, next]) => {
      const value = this.#resolve.training(next);
      // A parameter or another state is taken as it is before the step: a copy of it is made ahead of every change.
      return { state, next: value instanceof Parameter || value instanceof State ? computed(value) : value };
    });
  }

  /** The index of the loss whose decisions are counted: the first whose output has decisions; −1 for none. */
  get deciding(): number {
    const decisions = this.losses.flatMap((loss, i) => (loss ? [decisionOf(this.model.outputs[i] as Node, loss.loss)] : []));
    return decisions.findIndex((decision) => decision);
  }

  get decides(): boolean {
    return this.deciding >= 0;
  }

  /** Whether decisions are counted for targets of these forms: a row with a weight for each element is neither right nor wrong as a whole. */
  decidesFor(forms: readonly TargetForm[]): boolean {
    const { deciding } = this;
    return deciding >= 0 && weightingOf(forms[deciding] as TargetForm) !== 'elements';
  }

  /** @throws DisposedError once the memory was freed */
  checkAlive(call: string): void {
    if (this.freed) throw new DisposedError(call);
  }

  /** Frees all memory. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.version++;
    for (const program of this.#programs.values()) program.free();
    this.#programs.clear();
    this.#prediction?.free();
    this.#training?.free();
    this.#releaseState();
    this.core.free(this.#constants);
    this.memory.free();
  }
}

/** What differentiation of a sum of terms starts from; `besides`: more of `Factor`. */
function seedsOf(terms: readonly Term[], besides: number): readonly Seed[] {
  return terms.map(({ node, scale, factors }) => ({ node, gradient: fill(node.shape, scale, factors | besides) }));
}

/** Where decisions on a loss' output are counted. */
function decideOn({ output, loss, target, weight }: LossNodes): NonNullable<Report['decide']> {
  return { decision: decisionOf(output, loss) as Decision, target, weight };
}

/** The same tensor as a node of its own. */
function another(node: Node, name: string): Node {
  return node.inputs.length > 0 ? named(node, name) : new Node(node.op, [], node.shape, node.attributes, name);
}

/** Takes the next rows of a data set into an input; how its elements are stored is filled in when there is one. */
function gatherInstruction(node: Node, source: number): Instruction {
  return {
    opcode: Opcode.Gather,
    operands: {
      y: tensor(node),
      source: word(source),
      rows: rowsOf(node.shape),
      features: word(features(node.shape)),
      type: word(0),
      scale: f32(1),
      offset: f32(0),
    },
    writes: ['y'],
    inPlace: [],
  };
}
