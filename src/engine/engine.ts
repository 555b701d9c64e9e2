import { Context, Status } from '../../assembly/context.js';
import { Block } from '../../assembly/opcodes.js';
import type { Floats } from '../arguments/arrays.js';
import type { Place } from '../compile/encode.js';
import { type Panels, panelsOf } from '../compile/prepack.js';
import { compile, type Recipe } from '../compile/program.js';
import { HARMLESS, planUpdate, TAME, type Update } from '../compile/update.js';
import type { Core } from '../core/core.js';
import { DisposedError, ValueError } from '../errors.js';
import { type Node, topological } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import type { LossWithWeight } from '../losses/networkLoss.js';
import type { TargetForm } from '../losses/targetForm.js';
import { Constant, type Parameter, type State } from '../ops/leaves.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { LoadedProgram } from './loadedProgram.js';
import type { Packing } from './packing.js';
import { ParameterMemory } from './parameterMemory.js';
import { type ModelGraph, nodesOf, type ProgramKind, Recipes } from './recipes.js';
import { type OptimizerState, Snapshot } from './snapshot.js';
import { release, Workspace } from './workspace.js';

/** The most rows a prediction runs on at once; longer inputs are taken in chunks. */
export const PREDICTION_ROWS = 256;

/** An empty list for calls without targets, so that predictions allocate nothing. */
const NO_TARGETS: readonly TargetForm[] = [];

/**
 * A model on a core: its blocks of memory and its programs. It handles addresses and instructions; values of users are read in `src/data`.
 * Parameters are allocated at construction and never move. State is allocated when loss and optimizer are set, workspaces as programs need them.
 */
export class Engine extends Recipes {
  /** Where the first of the parameters lies. */
  readonly parametersAddress: number;
  readonly memory: ParameterMemory;
  /** Where the first of the states lies: behind the parameters, but where these are shared. */
  readonly statesAddress: number;
  /** Whether parameters lie one behind the other, and states so, as offsets say: shared ones may be apart. */
  readonly isRun: boolean;
  readonly #constants: number;
  #stateAddress = 0;
  #stateSize = 0;
  #stateViewed = false;
  #wild = false;
  /** Where a step that has no bound is tried from: kept, since fresh arrays of this size cost more than the copies. */
  #trial: Snapshot | undefined;
  #prediction: Workspace | undefined;
  #training: Workspace | undefined;
  #packing: Packing | undefined;
  readonly #programs = new Map<string, LoadedProgram>();
  /** The constants of losses and penalties alone, which lie behind the optimizer's state. */
  #ownConstants: readonly Constant[] = [];
  /** Whether each step needs `scalarsFor` first. */
  hasScalars = false;
  /** The powers after each of the steps that scalars were made for. */
  #powersAfter: Float64Array = new Float64Array(0);
  /** Incremented whenever a program or workspace may have moved. Addresses remembered from another version are stale. */
  version = 0;
  freed = false;

  constructor(
    graph: ModelGraph,
    readonly core: Core,
    /** Another engine on that core, whose parameters and states the graph is made of: their memory is then the same. */
    shared?: Engine,
  ) {
    super(graph);
    const { stored, valueCount } = this;
    const addresses = shared && stored.map((values) => shared.addressOf(values));
    const constants = nodesOf(graph).filter((node) => node instanceof Constant);
    const bytes = Math.max(4, valueCount * 4);
    this.memory = shared ? shared.memory.hold() : new ParameterMemory(core, core.allocate(bytes, `${valueCount} parameters`), bytes);
    this.parametersAddress = addresses?.length ? Math.min(...addresses) : this.memory.address;
    let isRun = true;
    let gap: number | undefined;
    stored.forEach((values, i) => {
      const own = this.offsetOf(values);
      const offset = addresses ? ((addresses[i] as number) - this.parametersAddress) / 4 : own;
      if (i >= this.parameters.length) gap ??= offset - own;
      isRun &&= offset - own === (gap ?? 0);
      this.places.set(values, { block: Block.Parameters, offset });
    });
    this.isRun = isRun;
    this.statesAddress = this.parametersAddress + (this.parameterCount + (gap ?? 0)) * 4;
    try {
      this.#constants = core.allocate(Math.max(4, bytesOf(constants)), 'constants');
    } catch (error) {
      this.memory.free();
      throw error;
    }
    this.#placeConstants(constants, Block.Constants, this.#constants, 0);
  }

  /** The address of the values of a parameter or state. */
  addressOf(values: Parameter | State): number {
    return this.parametersAddress + (this.places.get(values)?.offset as number) * 4;
  }

  /** Draws every parameter afresh: parameter i from stream i of the seed; states begin behind them. */
  initialize(seed: number): void {
    const { exports, f32 } = this.core;
    this.stored.forEach((parameter, stream) => {
      const at = this.addressOf(parameter);
      const n = elements(parameter.shape);
      const { initial } = parameter;
      if (initial.kind === 'uniform') exports.uniform(at, n, seed, stream, initial.low, initial.high);
      else if (initial.kind === 'normal') exports.normal(at, n, seed, stream, initial.mean, initial.deviation);
      else f32.fill(initial.value, at >>> 2, (at >>> 2) + n);
    });
  }

  /**
   * Packs the weights for batches, as the core does or in another way. Only for an engine that is never configured, and whose parameters `replace`
   * alone changes from then on.
   */
  prepack(packing: Packing = this.core.exports): void {
    this.#packing = packing;
    const panels = panelsOf(this.model.outputs, packing.packedSize);
    let room = 0;
    for (const { panels: node } of panels) {
      this.places.set(node, { block: Block.State, offset: room });
      room += elements(node.shape);
    }
    // Room for all values: `replace` looks at them there.
    this.#stateSize = Math.max(1, room, this.valueCount) * 4;
    this.#stateAddress = this.core.allocate(this.#stateSize, 'packed weights');
    this.panels = panels;
    this.#pack();
  }

  #pack(): void {
    for (let i = 0; i < this.panels.length; i++) {
      const { weights, n, k, panels } = this.panels[i] as Panels;
      (this.#packing as Packing).packWeights(this.#stateAddress + (this.places.get(panels) as Place).offset * 4, this.addressOf(weights), n, k);
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
    return this.plannedUpdate?.optimizer;
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
    return optimizer && planUpdate(optimizer, this.all, parameters);
  }

  /** Sets loss, optimizer and penalties and clears the optimizer's state. Nothing is changed when memory is refused. */
  configure(losses: readonly (LossWithWeight | undefined)[], update: Update | undefined, penalties: readonly Node[] = []): void {
    const { roots, use } = this.formulate(losses, penalties);
    const known = new Set(nodesOf(this.graph));
    const constants = topological(roots).filter((node): node is Constant => node instanceof Constant && !known.has(node));
    const used = this.#stateBytes(update);
    const bytes = used + bytesOf(constants);
    const state = losses.some((loss) => loss) || update ? this.core.allocate(bytes, 'gradients and optimizer state') : 0;
    this.#releaseState();
    this.#stateAddress = state;
    this.#stateSize = bytes;
    this.#stateViewed = false;
    this.version++;
    this.#training?.setBase(Block.State, state);
    use();
    for (const constant of this.#ownConstants) this.places.delete(constant);
    this.#ownConstants = state ? constants : [];
    this.#placeConstants(this.#ownConstants, Block.State, state, used / 4);
    this.plannedUpdate = update;
    this.hasScalars = update !== undefined && update.scalarCount > 0;
    this.#dropPrograms();
    this.resetOptimizer();
  }

  /** Writes constants into a block, from element `offset` on. */
  #placeConstants(constants: readonly Constant[], block: Block, address: number, offset: number): void {
    for (const constant of constants) {
      this.places.set(constant, { block, offset });
      this.core.f32.set(constant.values, (address >>> 2) + offset);
      offset += constant.values.length;
    }
  }

  /** The optimizer's state as before its first step. */
  resetOptimizer(): void {
    this.#wild = false;
    if (!this.#stateAddress) return;
    const update = this.plannedUpdate;
    if (!update) return;
    const n = this.parameterCount;
    const at = this.#stateAddress >>> 2;
    this.core.f32.fill(0, at + n, at + n * (1 + update.slots.length));
    this.core.f64.set(update.start, (this.#stateAddress + this.powersOffset(update) * 4) >>> 3);
  }

  /**
   * The optimizer's scalars of the next steps, a row for each learning rate; undefined where it has none in tables. Runs code of its
   * definition's: to be called before programs and addresses are taken.
   */
  scalarsFor(rates: ArrayLike<number>): Float64Array | undefined {
    const update = this.plannedUpdate;
    if (!update?.composition || !this.hasScalars) return undefined;
    const at = (this.optimizerState?.powers as number) >>> 3;
    const powers = this.core.f64.slice(at, at + update.start.length);
    const { table, after } = update.composition.scalarTable(update.kinds, update.scalars, rates, powers);
    this.#powersAfter = after;
    return table;
  }

  /** Puts the scalars of the next steps where a program reads them. */
  setScalars({ workspace }: LoadedProgram, table: Float64Array | undefined): void {
    if (table && this.plannedUpdate) workspace.setScalars(table, this.plannedUpdate.scalarCount);
  }

  /** Advances the powers behind step number `step` of those that scalars were made for. A kernel advances its own. */
  advance(step: number): void {
    const update = this.plannedUpdate;
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
    const update = this.plannedUpdate;
    if (!update) return false;
    // The rate is in the deltas already.
    if (update.descends) return magnitude * magnitude * rows < HARMLESS;
    return update.bounded && !this.#wild && workspace.learningRate * update.rate <= 1 && magnitude * (1 + update.weightDecay) < TAME;
  }

  #tryUpdate(program: LoadedProgram, rows: number): Status {
    this.#trial ??= new Snapshot(this);
    const before = this.#trial;
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
    const { parameterCount: n } = this;
    return firstNonFinite(this.statesAddress, this.valueCount - n) < 0 && [this.parametersAddress, ...slots].every((at) => firstNonFinite(at, n) < 0);
  }

  /** Finds out whether the optimizer's state is so large that a small gradient may make a large update. */
  judgeState(): void {
    // An update without a bound is tried whatever the state is.
    const slots = this.plannedUpdate?.bounded ? (this.optimizerState?.slots ?? []) : [];
    const least = new Uint32Array(Float32Array.of(TAME).buffer)[0] as number;
    this.#wild = slots.some((address) => this.core.exports.largestMagnitude(address, this.parameterCount) >>> 0 >= least);
  }

  /**
   * Where the optimizer's state is, in bytes: its vectors, each as long as the parameters, and its f64 numbers, with how many there are;
   * undefined without an optimizer.
   */
  get optimizerState(): OptimizerState | undefined {
    const update = this.plannedUpdate;
    if (!update) return undefined;
    const slots = update.slots.map((_, i) => this.#stateAddress + this.parameterCount * (1 + i) * 4);
    return { slotNames: update.slotNames, slots, powers: this.#stateAddress + this.powersOffset(update) * 4, powerCount: update.start.length };
  }

  #stateBytes(update: Update | undefined): number {
    return this.powersOffset(update) * 4 + (update?.start.length ?? 2) * 8;
  }

  /** A live view of the values of a parameter or state. */
  viewValues(values: Parameter | State): Floats {
    this.memory.viewed = true;
    return this.#view(this.memory.address, this.addressOf(values), 0, elements(values.shape));
  }

  /** A live view of all parameters. @throws ValueError where they are shared and lie apart */
  viewParameters(): Floats {
    if (!this.isRun)
      throw new ValueError(
        'parameters: those that are shared do not lie side by side, expected a single one; parameter(name).values is a view of each',
      );
    this.memory.viewed = true;
    return this.#view(this.memory.address, this.parametersAddress, 0, this.parameterCount);
  }

  /** A live view of their gradients. Needs a loss. */
  viewGradients(offset: number, n: number): Floats {
    this.#stateViewed = true;
    return this.#view(this.#stateAddress, this.#stateAddress, offset, n);
  }

  #view(block: number, address: number, offset: number, n: number): Floats {
    return this.core.view(block, (address >>> 2) + offset, n);
  }

  #releaseState(): void {
    this.#trial = undefined;
    if (this.#stateAddress) release(this.core, this.#stateAddress, this.#stateSize, this.#stateViewed);
  }

  /** Address of the gradients, in the order of the parameters; of the packed weights where there are some; 0 where there is neither. */
  get gradientsAddress(): number {
    return this.#stateAddress;
  }

  /** The program of a kind for at least `rows` rows, compiled on first use and again when more rows are needed. */
  program(kind: ProgramKind, rows: number, forms: readonly TargetForm[] = NO_TARGETS): LoadedProgram {
    const key = forms.length === 0 ? kind : `${kind}:${forms}`;
    return this.#ready(key, rows) ?? this.#load(key, rows, () => this.recipe(kind, forms));
  }

  /** A program of another recipe, compiled on first use under its key. Dropped when the loss changes, as the others are. */
  derived(key: string, rows: number, make: () => Recipe): LoadedProgram {
    return this.#ready(key, rows) ?? this.#load(key, rows, make);
  }

  #ready(key: string, rows: number): LoadedProgram | undefined {
    const known = this.#programs.get(key);
    return known && known.program.rows >= rows ? known : undefined;
  }

  #load(key: string, rows: number, make: () => Recipe): LoadedProgram {
    const known = this.#programs.get(key);
    const recipe = known?.recipe ?? make();
    // The workspace may move even where the program's own allocation fails.
    this.version++;
    const prediction = predicts(key);
    const workspace = this.#workspace(prediction);
    if (!prediction) workspace.reserveScalars(this.plannedUpdate?.scalarCount ?? 0);
    const program = compile(recipe, rows);
    const loaded = this.#packing?.load?.(recipe, program, workspace) ?? new LoadedProgram(recipe, program, workspace);
    known?.free();
    this.#programs.set(key, loaded);
    return loaded;
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

  /** Sets which parameters training leaves as they are, with the update that leaves them. The optimizer's state stays. */
  freeze(frozen: ReadonlySet<Node>, plan: () => Update | undefined): void {
    const before = this.frozen;
    this.frozen = frozen;
    try {
      this.plannedUpdate = plan();
    } catch (error) {
      this.frozen = before;
      throw error;
    }
    this.version++;
    this.#dropPrograms();
  }

  #dropPrograms(): void {
    for (const [key, program] of this.#programs) {
      if (predicts(key)) continue;
      program.free();
      this.#programs.delete(key);
    }
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

/** Whether a program is one of predictions, which depend on no loss. */
function predicts(key: string): boolean {
  return key.startsWith('predict') || key.startsWith('logits');
}

/** Bytes of constants. */
function bytesOf(constants: readonly Constant[]): number {
  return constants.reduce((sum, { values }) => sum + values.length * 4, 0);
}
