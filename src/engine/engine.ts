import { Context, Status } from '../../assembly/context.js';
import { Block, Factor, Opcode } from '../../assembly/opcodes.js';
import type { Floats } from '../arguments/arrays.js';
import { gradients } from '../compile/differentiate.js';
import type { Place } from '../compile/encode.js';
import { type Panels, panelsOf } from '../compile/prepack.js';
import { compile, type Recipe, type Report } from '../compile/program.js';
import { HARMLESS, planUpdate, run as runOf, scalarsOf, TAME, type Update } from '../compile/update.js';
import type { Core } from '../core/core.js';
import { DisposedError, NotConfiguredError } from '../errors.js';
import { f32, type Instruction, rowsOf, tensor, word } from '../graph/instruction.js';
import { type Node, named, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { type Decision, decisionOf, rangeOf } from '../losses/decisions.js';
import { type LossNodes, logitsOf, lossNodes, type WeightedLoss } from '../losses/losses.js';
import { Constant, fill, Parameter } from '../ops/leaves.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { Columns, TargetShape } from './columns.js';
import { LoadedProgram } from './loadedProgram.js';
import { type OptimizerState, Snapshot } from './snapshot.js';
import { release, Workspace } from './workspace.js';

/** A network as a graph: what goes in, what comes out. */
export interface Model {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** The most rows a prediction runs on at once; longer inputs are taken in chunks. */
export const PREDICTION_ROWS = 256;

/** One list for every call that has none: predictions allocate nothing. */
const NO_TARGETS: readonly boolean[] = [];

/** Which programs there are; those with targets come in one form per way of giving them. */
export type ProgramKind = 'predict' | 'logits' | 'gradient' | 'step' | 'guarded' | 'evaluate';

/**
 * A model on a core: its blocks of memory and its programs. It knows addresses and instructions, and nothing of what users pass.
 * Parameters are allocated at construction and never move; state when loss and optimizer are set; workspaces as programs need them.
 */
export class Engine {
  readonly parameters: readonly Parameter[];
  readonly parameterCount: number;
  readonly parametersAddress: number;
  readonly #places = new Map<Node, Place>();
  readonly #constants: number;
  readonly #all: Node;
  readonly #offsets = new Map<Parameter, number>();
  #stateAddress = 0;
  #stateSize = 0;
  #parametersViewed = false;
  #stateViewed = false;
  #panels: readonly Panels[] = [];
  #wild = false;
  #prediction: Workspace | undefined;
  #training: Workspace | undefined;
  #programs = new Map<string, LoadedProgram>();
  #columns: Columns = { inputs: [], targets: [] };
  /** The loss of each output. */
  losses: readonly (Required<WeightedLoss> | undefined)[] = [];
  #update: Update | undefined;
  /** Whether each step needs `scalarsFor` first. */
  hasScalars = false;
  /** The powers after each of the steps that scalars were made for. */
  #powersAfter = new Float64Array(0);
  /** Counts whenever a program or workspace may have moved: what was remembered of addresses holds no more. */
  version = 0;
  freed = false;

  constructor(
    readonly model: Model,
    readonly core: Core,
  ) {
    const nodes = topological(model.outputs);
    this.parameters = nodes.filter((node) => node instanceof Parameter);
    let count = 0;
    for (const parameter of this.parameters) {
      this.#places.set(parameter, { block: Block.Parameters, offset: count });
      this.#offsets.set(parameter, count);
      count += elements(parameter.shape);
    }
    this.parameterCount = count;
    this.#all = runOf('parameters', count);
    this.#places.set(this.#all, { block: Block.Parameters, offset: 0 });
    const constants = nodes.filter((node) => node instanceof Constant);
    const constantCount = constants.reduce((sum, node) => sum + elements(node.shape), 0);
    this.parametersAddress = core.allocate(Math.max(4, count * 4), `${count} parameters`);
    try {
      this.#constants = core.allocate(Math.max(4, constantCount * 4), 'constants');
    } catch (error) {
      core.free(this.parametersAddress);
      throw error;
    }
    let offset = 0;
    for (const constant of constants) {
      this.#places.set(constant, { block: Block.Constants, offset });
      core.f32.set(constant.values, (this.#constants >>> 2) + offset);
      offset += constant.values.length;
    }
  }

  /** A parameter's first element within the parameter run. */
  offsetOf(parameter: Parameter): number {
    return this.#offsets.get(parameter) as number;
  }

  /** Draws every parameter afresh: parameter i from stream i of the seed. */
  initialize(seed: number): void {
    const { exports, f32 } = this.core;
    this.parameters.forEach((parameter, stream) => {
      const at = this.parametersAddress + this.offsetOf(parameter) * 4;
      const n = elements(parameter.shape);
      const { initial } = parameter;
      if (initial.kind === 'uniform') exports.uniform(at, n, seed, stream, initial.low, initial.high);
      else if (initial.kind === 'normal') exports.normal(at, n, seed, stream, initial.mean, initial.deviation);
      else f32.fill(initial.value, at >>> 2, (at >>> 2) + n);
    });
  }

  /** Packs the weights for batches, for an engine whose parameters change no more and that is never configured. */
  prepack(): void {
    const { exports } = this.core;
    const panels = panelsOf(this.model.outputs, exports.packedSize);
    const room = panels.reduce((sum, { panels }) => sum + elements(panels.shape), 0);
    this.#stateSize = Math.max(4, room * 4);
    this.#stateAddress = this.core.allocate(this.#stateSize, 'packed weights');
    let offset = 0;
    for (const { weights, n, k, panels: node } of panels) {
      this.#places.set(node, { block: Block.State, offset });
      exports.packWeights(this.#stateAddress + offset * 4, this.parametersAddress + this.offsetOf(weights) * 4, n, k);
      offset += elements(node.shape);
    }
    this.#panels = panels;
  }

  get optimizer(): Optimizer | undefined {
    return this.#update?.optimizer;
  }

  /** What an optimizer does to these parameters. Runs code of its definition's. */
  planUpdate(optimizer: Optimizer | undefined): Update | undefined {
    return optimizer && planUpdate(optimizer, this.#all);
  }

  /** Sets loss and optimizer and clears the optimizer's state. Nothing is changed when memory is refused. */
  configure(losses: readonly (Required<WeightedLoss> | undefined)[], update: Update | undefined): void {
    const bytes = this.#stateBytes(update);
    const state = losses.some((loss) => loss) || update ? this.core.allocate(bytes, 'gradients and optimizer state') : 0;
    this.#releaseState();
    this.#stateAddress = state;
    this.#stateSize = bytes;
    this.#stateViewed = false;
    this.version++;
    this.#training?.setBase(Block.State, state);
    this.losses = losses;
    this.#columns = { inputs: this.model.inputs.map((node) => features(node.shape)), targets: this.#targets() };
    this.#update = update;
    this.hasScalars = update !== undefined && update.scalars.length > 0;
    for (const [key, program] of this.#programs) {
      if (key.startsWith('predict') || key.startsWith('logits')) continue;
      program.free();
      this.#programs.delete(key);
    }
    this.resetOptimizer();
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
    if (!update || !this.hasScalars) return undefined;
    const { optimizer, scalars } = update;
    const at = (this.optimizerState?.powers as number) >>> 3;
    const powers = this.core.f64.slice(at, at + update.start.length);
    const table = new Float64Array(rates.length * scalars.length);
    const after = new Float64Array(rates.length * powers.length);
    for (let step = 0; step < rates.length; step++) {
      table.set([...scalarsOf(optimizer, rates[step] as number, powers, scalars).values()], step * scalars.length);
      after.set(powers, step * powers.length);
    }
    this.#powersAfter = after;
    return table;
  }

  /** Puts the scalars of the next steps where a program reads them. */
  setScalars({ workspace }: LoadedProgram, table: Float64Array | undefined): void {
    if (table && this.#update) workspace.setScalars(table, this.#update.scalars.length);
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
   * Runs a guarded step from instruction number `first` on; the status. Where an update would make a parameter or the optimizer's state NaN or
   * infinite, it is not done.
   *
   * What goes into the update is bounded before it is written: values below these bounds cannot overflow, since a change below 2¹⁰⁰ is rounded
   * away beside the largest float. Beyond them the update is tried on a copy.
   *
   * @param careful whether it is tried in any case
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

  #isTame(magnitude: number, rows: number, workspace: Workspace): boolean {
    const update = this.#update;
    if (!update) return false;
    // The rate is in the deltas already.
    if (update.descends) return magnitude * magnitude * rows < HARMLESS;
    return update.bounded && !this.#wild && workspace.learningRate <= 1 && magnitude * (1 + update.optimizer.weightDecay) < TAME;
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

  /** Whether every parameter is finite, and all that the optimizer keeps: an infinite mean of squares would stop its parameter for good. */
  get isFinite(): boolean {
    const slots = this.optimizerState?.slots ?? [];
    return [this.parametersAddress, ...slots].every((address) => this.core.exports.firstNonFinite(address, this.parameterCount) < 0);
  }

  /** Looks whether the optimizer's state is so large that a small gradient does not make a small update. */
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

  /** A live view of n parameters from number `offset` on. */
  viewParameters(offset: number, n: number): Floats {
    this.#parametersViewed = true;
    return this.#view(this.parametersAddress, offset, n);
  }

  /** The same of their gradients, which are there where there is a loss. */
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

  /** The losses as nodes; `classes` tells for each which form its targets have. */
  lossNodes(call: string, classes: readonly boolean[]): LossNodes[] {
    const nodes = this.losses.flatMap((loss, i) => (loss ? [{ loss, output: this.model.outputs[i] as Node }] : []));
    if (nodes.length === 0) throw new NotConfiguredError(call, 'loss');
    return nodes.map(({ loss, output }, i) => lossNodes(loss, output, classes[i] ?? false));
  }

  /** What a batch is made of; as the losses have it. */
  get columns(): Columns {
    return this.#columns;
  }

  #targets(): TargetShape[] {
    return this.losses.flatMap((loss, i) => {
      if (!loss) return [];
      const output = this.model.outputs[i] as Node;
      const { name } = loss.loss;
      const unit = name === 'binaryCrossEntropy';
      const range = rangeOf(output);
      const reach = name !== 'crossEntropy' && !unit && range.every(Number.isFinite) ? range : undefined;
      return [{ width: features(output.shape), classes: name === 'crossEntropy', unit, reach }];
    });
  }

  /** The program of a kind for at least `rows` rows, compiled on first use and again when more rows are asked. */
  program(kind: ProgramKind, rows: number, classes: readonly boolean[] = NO_TARGETS): LoadedProgram {
    const key = classes.length === 0 ? kind : `${kind}:${classes}`;
    const prediction = kind === 'predict' || kind === 'logits';
    return this.#ready(key, rows) ?? this.#load(key, rows, this.#programs.get(key)?.recipe ?? this.recipe(kind, classes), prediction);
  }

  /** A program that is none of the usual ones, compiled on first use under a key of its own; like them it is dropped when the loss changes. */
  derived(key: string, rows: number, make: () => Recipe): LoadedProgram {
    return this.#ready(key, rows) ?? this.#load(key, rows, this.#programs.get(key)?.recipe ?? make(), false);
  }

  #ready(key: string, rows: number): LoadedProgram | undefined {
    const known = this.#programs.get(key);
    return known && known.program.rows >= rows ? known : undefined;
  }

  #load(key: string, rows: number, recipe: Recipe, prediction: boolean): LoadedProgram {
    const known = this.#programs.get(key);
    // The workspace may move even where the program then finds no memory.
    this.version++;
    const workspace = this.#workspace(prediction);
    if (!prediction) workspace.reserveScalars(this.#update?.scalars.length ?? 0);
    const loaded = new LoadedProgram(recipe, compile(recipe, rows), workspace);
    known?.free();
    this.#programs.set(key, loaded);
    return loaded;
  }

  /** Where parameters and constants lie, for recipes made elsewhere. */
  get places(): ReadonlyMap<Node, Place> {
    return this.#places;
  }

  /** The workspace of predictions, or that of everything else. */
  #workspace(prediction: boolean): Workspace {
    const known = prediction ? this.#prediction : this.#training;
    if (known) return known;
    const { inputs, outputs } = this.model;
    const made = new Workspace(this.core, [this.parametersAddress, this.#stateAddress, 0, this.#constants], inputs.length + outputs.length);
    if (prediction) this.#prediction = made;
    else this.#training = made;
    return made;
  }

  /** What a program of a kind does, as nodes. */
  recipe(kind: ProgramKind, classes: readonly boolean[]): Recipe {
    const { inputs, outputs } = this.model;
    const panels = this.#panels;
    if (kind === 'predict') return { roots: outputs, inputs, outputs, places: this.#places, panels };
    if (kind === 'logits') {
      const logits = outputs.map(logitsOf);
      return { roots: logits, inputs, outputs: logits, places: this.#places, panels };
    }
    const losses = this.lossNodes(kind, classes);
    const deciding = this.deciding;
    const reports: Report[] = losses.map(({ rows, scale, output, loss, target }, i) => ({
      rows,
      scale,
      goOn: kind === 'evaluate',
      ...(i === deciding && { decide: { decision: decisionOf(output, loss) as Decision, target } }),
    }));
    const data = [...inputs, ...losses.map((loss) => loss.target)];
    // Rows of a data set come in through these; a call with rows of its own starts behind them.
    const prologue = data.map((node, source) => gatherInstruction(node, source));
    const common: Recipe = { roots: [], inputs: data, outputs: [], places: this.#places, reports, prologue };
    if (kind === 'evaluate') return common;
    const update = this.#update;
    const steps = kind === 'step' || kind === 'guarded';
    if (steps && !update) throw new NotConfiguredError('step', 'optimizer');
    const descend = steps && update?.descends === true;
    const seeds = losses.map(({ rows, scale, factors }) => ({
      node: rows,
      gradient: fill(rows.shape, scale, factors | (descend ? Factor.Descend : 0)),
    }));
    const products = gradients(seeds, this.parameters);
    if (descend) {
      const accumulate = this.parameters.flatMap((into, i) => {
        const product = products[i];
        return product ? [{ product, into }] : [];
      });
      // The last layer's first: the backward pass then meets each delta once, on its way down.
      return { ...common, accumulate: accumulate.reverse(), ...(kind === 'guarded' && { guards: [] }) };
    }
    const places = new Map(this.#places);
    const roots: Node[] = [];
    this.parameters.forEach((parameter, i) => {
      // What the loss does not depend on has the gradient 0, written each time: L2 and clipping change gradients in place.
      let product = products[i] ?? fill(parameter.shape, 0);
      // Two parameters may have the very same gradient; each has its own place all the same.
      if (places.has(product)) product = named(product, `d${parameter.label}`);
      roots.push(product);
      places.set(product, { block: Block.State, offset: this.offsetOf(parameter) });
    });
    if (kind === 'gradient' || !update) return { ...common, roots: roots.reverse(), places };
    const { optimizer, dw } = update;
    const updating = this.updateRecipe();
    // A decay changes parameters by their own size.
    const guards = optimizer.weightDecay > 0 ? [dw, this.#all] : [dw];
    return {
      ...common,
      roots: roots.reverse(),
      places: new Map([...places, ...updating.places]),
      epilogue: updating.epilogue,
      ...(kind === 'guarded' && { guards }),
    };
  }

  /** The update by itself: its instructions, and where parameters, gradients and the optimizer's state lie. */
  updateRecipe(): { readonly places: Map<Node, Place>; readonly epilogue: readonly Instruction[] } {
    const places = new Map(this.#places);
    const update = this.#update;
    if (!update) return { places, epilogue: [] };
    const n = this.parameterCount;
    places.set(update.dw, { block: Block.State, offset: 0 });
    update.slots.forEach((slot, i) => {
      places.set(slot, { block: Block.State, offset: n * (i + 1) });
    });
    places.set(update.powers, { block: Block.State, offset: this.#powersOffset(update) });
    return { places, epilogue: update.instructions };
  }

  /** Which loss' decisions are counted: the first whose output has decisions; −1 for none. */
  get deciding(): number {
    const decisions = this.losses.flatMap((loss, i) => (loss ? [decisionOf(this.model.outputs[i] as Node, loss.loss)] : []));
    return decisions.findIndex((decision) => decision);
  }

  get decides(): boolean {
    return this.deciding >= 0;
  }

  /** @throws DisposedError once the memory was given back */
  checkAlive(call: string): void {
    if (this.freed) throw new DisposedError(call);
  }

  /** Gives all memory back. */
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
    release(this.core, this.parametersAddress, this.parameterCount * 4, this.#parametersViewed);
  }
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
