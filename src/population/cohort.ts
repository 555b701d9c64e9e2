import { Block, Opcode, Ref } from '../../assembly/opcodes.js';
import { LaneSource, Lanes, Most } from '../../assembly/population/context.js';
import { compile, type Program, type Recipe } from '../compile/program.js';
import { planUpdate, type Update } from '../compile/update.js';
import type { Core } from '../core/core.js';
import type { Engine } from '../engine/engine.js';
import { nodesOf, type ProgramKind, Recipes } from '../engine/recipes.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { type Node, topological } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import type { TargetForm } from '../losses/targetForm.js';
import { Constant } from '../ops/leaves.js';
import { type LaneCore, laneCoreOf } from './core.js';

/** Nets that a vector has a lane for. */
export const LANES = 4;

/** Bytes of an element: a float for each net of a group. */
const ELEMENT = 16;

/** The most nets of a block. */
const MOST_NETS = Most.Groups * LANES;

/** Bytes of the record of a tensor that `predict` takes in or gives out. */
const TENSOR = 16;

/** Bytes of the workspace of the groups that run together: they stay in the first-level cache. */
const TOGETHER = 2 ** 14;

/** Sums of a group besides those of each loss: see `LaneSums`. */
const SUMS = 3;

/** Groups that run together: `groups` of them, from number `first` on. */
export interface Groups {
  readonly first: number;
  readonly groups: number;
}

/** A program on the core. */
export interface Loaded {
  readonly program: Program;
  readonly recipe: Recipe;
  readonly address: number;
  readonly end: number;
  /** Groups that run together. */
  readonly most: number;
  /** Whether it draws random numbers, which follow from the number of the step. */
  readonly draws: boolean;
}

/** A block of memory that grows, and loses its contents then. */
class Room {
  address = 0;
  /** Whether a user may hold a view of it: then nothing else is put there while that may show it. */
  viewed = false;
  #bytes = 0;
  constructor(
    readonly core: Core,
    readonly what: string,
  ) {}

  holds(bytes: number): boolean {
    return bytes <= this.#bytes;
  }

  /** @returns its address, with room for so many bytes */
  reserve(bytes: number): number {
    if (!this.holds(bytes)) {
      const address = this.core.allocate(bytes, this.what);
      this.free();
      this.address = address;
      this.#bytes = bytes;
    }
    return this.address;
  }

  free(): void {
    if (this.address) {
      if (this.viewed) this.core.retire(this.address, this.#bytes);
      else this.core.free(this.address);
    }
    this.viewed = false;
    this.address = 0;
    this.#bytes = 0;
  }
}

/**
 * The nets of a population on a core, four to a group: a tensor's element is a vector, lane l that of net l of its group. Groups have parameters and
 * state of their own, one behind the other, and share programs and workspace, in which they run one block of groups after the other. Programs are
 * those of a single net; what differs is the loop that reads them (`assembly/population/program.ts`).
 */
export class Cohort extends Recipes {
  readonly core: Core;
  readonly groups: number;
  /** Bytes from group to group, of parameters and of state. */
  readonly parameterStride: number;
  readonly stateStride: number;
  readonly update: Update | undefined;
  /** Numbers that a group adds up. */
  readonly sumCount: number;
  readonly #lanes: LaneCore;
  readonly #parameters: number;
  readonly #state: number;
  readonly #constants: number;
  readonly #context: number;
  readonly #rates: number;
  readonly #tensors: number;
  readonly #sources: number;
  readonly #orders: number;
  readonly #sums: number;
  readonly #workspace: Room;
  readonly #stage: Room;
  readonly #frame: Room;
  readonly #scalars: Room;
  readonly #copy: Room;
  readonly #programs = new Map<string, Loaded>();
  readonly #allocated: number[] = [];
  freed = false;

  /** @param names what parameters are called, for optimizers with groups of them */
  constructor(
    engine: Engine,
    build: Core['build'],
    readonly count: number,
    names: () => ReadonlyMap<Node, string>,
  ) {
    super(engine.graph);
    this.frozen = engine.frozen;
    this.#lanes = laneCoreOf(build);
    const core = this.#lanes.core;
    this.core = core;
    this.groups = Math.ceil(count / LANES);
    const { roots, use } = this.formulate(engine.losses, engine.penalties);
    use();
    const { optimizer } = engine;
    if (optimizer) {
      const known = optimizer.groups && names();
      const parameters = this.parameters.map((node) => ({ name: known?.get(node) ?? node.label, shape: node.shape, frozen: this.frozen.has(node) }));
      this.plannedUpdate = planUpdate(optimizer, this.all, parameters);
    }
    this.update = this.plannedUpdate;
    const constants = [...new Set([...nodesOf(engine.graph), ...topological(roots)])].filter((node): node is Constant => node instanceof Constant);
    this.parameterStride = Math.max(1, this.valueCount) * ELEMENT;
    this.stateStride = (this.powersOffset(this.update) + 2 * (this.update?.start.length ?? 1)) * ELEMENT;
    this.stored.forEach((values) => {
      this.places.set(values, { block: Block.Parameters, offset: this.offsetOf(values) });
    });
    const columns = this.model.inputs.length + 2 * this.model.outputs.length;
    this.#workspace = new Room(core, 'the workspace');
    this.#stage = new Room(core, 'rows of a batch');
    this.#frame = new Room(core, 'a row and the outputs of each net');
    this.#scalars = new Room(core, "the optimizer's scalars");
    this.#copy = new Room(core, 'a copy of four nets');
    try {
      this.#parameters = this.#allocate(this.groups * this.parameterStride, `${this.valueCount} parameters of ${count} nets`);
      this.#state = this.#allocate(this.groups * this.stateStride, 'gradients and optimizer state');
      this.#constants = this.#allocate(
        Math.max(
          1,
          constants.reduce((sum, { values }) => sum + values.length, 0),
        ) * ELEMENT,
        'constants',
      );
      this.#context = this.#allocate(Lanes.Size, 'the run context');
      this.#rates = this.#allocate(MAX_STEPS * MOST_NETS * 8, 'learning rates');
      this.#tensors = this.#allocate(columns * TENSOR, 'inputs and outputs');
      this.#sources = this.#allocate(columns * MOST_NETS * LaneSource.Size, 'columns of data');
      this.#orders = this.#allocate(MOST_NETS * 4, 'orders of rows');
      this.sumCount = (SUMS + Math.max(1, this.model.outputs.length)) * LANES;
      this.#sums = this.#allocate(Most.Groups * this.sumCount * 8, 'sums of losses');
      this.#copy.reserve(Math.min(this.groups, Most.Groups) * (this.parameterStride + this.stateStride));
    } catch (error) {
      this.free();
      throw error;
    }
    let offset = 0;
    for (const constant of constants) {
      this.places.set(constant, { block: Block.Constants, offset });
      const at = (this.#constants >>> 2) + offset * LANES;
      constant.values.forEach((value, i) => core.f32.fill(value, at + i * LANES, at + (i + 1) * LANES));
      offset += constant.values.length;
    }
    this.#set(Lanes.Constants, this.#constants);
    this.#set(Lanes.LearningRates, this.#rates);
    this.#set(Lanes.Sources, this.#sources);
    this.#set(Lanes.SourceStride, MOST_NETS * LaneSource.Size);
    this.#set(Lanes.Sums, this.#sums);
    this.#set(Lanes.SumStride, this.sumCount * 8);
    this.#set(Lanes.ParameterStride, this.parameterStride);
    this.#set(Lanes.StateStride, this.stateStride);
    for (let group = 0; group < this.groups; group++) this.resetState(group);
  }

  #allocate(bytes: number, what: string): number {
    const address = this.core.allocate(bytes, what);
    this.#allocated.push(address);
    return address;
  }

  /** Nets of a group: four, but for the last. */
  netsOf(group: number): number {
    return Math.min(LANES, this.count - group * LANES);
  }

  #set(field: Lanes, value: number): void {
    this.core.u32[(this.#context + field) >>> 2] = value;
  }

  #get(field: Lanes): number {
    return this.core.u32[(this.#context + field) >>> 2] as number;
  }

  /** All groups, as many together as a program runs. */
  blocks({ most }: Loaded): readonly Groups[] {
    return Array.from({ length: Math.ceil(this.groups / most) }, (_, i) => ({ first: i * most, groups: Math.min(most, this.groups - i * most) }));
  }

  /** The index in `core.f32` of the first parameter of a net; its next is `LANES` further on. */
  indexOf(net: number): number {
    return ((this.#parameters + Math.floor(net / LANES) * this.parameterStride) >>> 2) + (net % LANES);
  }

  /** The same of the first value of the optimizer's state, behind the gradients. */
  slotIndexOf(net: number): number {
    return ((this.#state + Math.floor(net / LANES) * this.stateStride) >>> 2) + this.parameterCount * LANES + (net % LANES);
  }

  /** Values of the optimizer's vectors of a net. */
  get slotCount(): number {
    return this.parameterCount * (this.update?.slots.length ?? 0);
  }

  /** The index in `core.f64` of the first power of a net; its next is `LANES` further on. */
  powerIndexOf(net: number): number {
    return ((this.#state + Math.floor(net / LANES) * this.stateStride + this.powersOffset(this.update) * ELEMENT) >>> 3) + (net % LANES);
  }

  /** The optimizer's state of a group as before its first step. */
  resetState(group: number): void {
    const at = (this.#state + group * this.stateStride) >>> 2;
    this.core.f32.fill(0, at, at + this.stateStride / 4);
    for (let lane = 0; lane < LANES; lane++) this.resetPowers(group * LANES + lane);
  }

  resetPowers(net: number): void {
    const at = this.powerIndexOf(net);
    this.update?.start.forEach((power, i) => {
      this.core.f64[at + i * LANES] = power;
    });
  }

  /** Draws every parameter and state of a net afresh, as `Engine.initialize` does, and begins the optimizer's state anew. */
  initialize(net: number, seed: number): void {
    const draft = this.#stage.reserve(Math.max(1, this.valueCount) * 4);
    const { exports, f32: memory } = this.core;
    this.stored.forEach((values, stream) => {
      const at = draft + this.offsetOf(values) * 4;
      const n = elements(values.shape);
      const { initial } = values;
      if (initial.kind === 'uniform') exports.uniform(at, n, seed, stream, initial.low, initial.high);
      else if (initial.kind === 'normal') exports.normal(at, n, seed, stream, initial.mean, initial.deviation);
      else memory.fill(initial.value, at >>> 2, (at >>> 2) + n);
    });
    this.writeValues(net, memory.subarray(draft >>> 2, (draft >>> 2) + this.valueCount));
    const slots = this.slotIndexOf(net);
    for (let i = 0; i < this.slotCount; i++) memory[slots + i * LANES] = 0;
    this.resetPowers(net);
  }

  /** Copies parameters and states of a net, or the first n of them. */
  readValues(net: number, n = this.valueCount): Float32Array<ArrayBuffer> {
    const { f32 } = this.core;
    const at = this.indexOf(net);
    return Float32Array.from({ length: n }, (_, i) => f32[at + i * LANES] as number);
  }

  writeValues(net: number, values: ArrayLike<number>): void {
    const { f32 } = this.core;
    const at = this.indexOf(net);
    for (let i = 0; i < values.length; i++) f32[at + i * LANES] = values[i] as number;
  }

  /** Copies what the optimizer keeps of a net. */
  readState(net: number): { slots: Float32Array<ArrayBuffer>; powers: Float64Array } {
    const { f32 } = this.core;
    const at = this.slotIndexOf(net);
    return { slots: Float32Array.from({ length: this.slotCount }, (_, i) => f32[at + i * LANES] as number), powers: this.readPowers(net) };
  }

  readPowers(net: number): Float64Array {
    const { f64 } = this.core;
    const at = this.powerIndexOf(net);
    return Float64Array.from(this.update?.start ?? [], (_, i) => f64[at + i * LANES] as number);
  }

  writeState(net: number, { slots, powers }: { readonly slots: ArrayLike<number>; readonly powers: ArrayLike<number> }): void {
    const { f32, f64 } = this.core;
    const at = this.slotIndexOf(net);
    for (let i = 0; i < slots.length; i++) f32[at + i * LANES] = slots[i] as number;
    const to = this.powerIndexOf(net);
    for (let i = 0; i < powers.length; i++) f64[to + i * LANES] = powers[i] as number;
  }

  /** The program of a kind for at least `rows` rows, compiled on first use and again when more rows are needed. */
  program(kind: ProgramKind, rows: number, forms: readonly TargetForm[] = []): Loaded {
    // Predictions are short: no key is made for them.
    return this.derived(forms.length > 0 ? `${kind}:${forms}` : kind, rows, () => this.recipe(kind, forms));
  }

  /** A program of another recipe, compiled in the same way under its key. */
  derived(key: string, rows: number, make: () => Recipe): Loaded {
    const known = this.#programs.get(key);
    if (known && known.program.rows >= rows) return known;
    const recipe = known?.recipe ?? make();
    const program = compile(recipe, rows);
    const size = Math.max(1, program.plan.size) * ELEMENT;
    const most = Math.min(this.groups, Most.Groups, Math.max(1, Math.floor(TOGETHER / size)));
    // At once: every program runs in it, also where the next allocation is refused.
    this.#set(Lanes.Workspace, this.#workspace.reserve(size * most));
    const bytes = program.words.byteLength;
    const address = this.core.allocate(Math.max(4, bytes), 'a program');
    this.core.u32.set(program.words, address >>> 2);
    const draws = program.instructions.some(({ opcode }) => opcode === Opcode.Random);
    const loaded = { program, recipe, address, end: address + bytes, most, draws };
    if (known) this.core.free(known.address);
    this.#programs.set(key, loaded);
    return loaded;
  }

  /** The program of a short prediction, where neither it nor room for `bytes` of rows has to be allocated: views of memory stay what they are. */
  ready(rows: number, bytes: number): Loaded | undefined {
    const known = this.#programs.get('predict');
    return known && known.program.rows >= rows && this.#stage.holds(bytes) ? known : undefined;
  }

  /** The address of a tensor of group number `index` of those that run, n elements long. */
  #addressIn({ program }: Loaded, node: Node, index: number, n: number): number {
    const { block, offset } = program.placeOf(node);
    if (block !== Block.Workspace) return this.#get(Lanes.Parameters + block * 4) + offset * ELEMENT;
    return this.#get(Lanes.Workspace) + (offset * this.#get(Lanes.Groups) + index * n) * ELEMENT;
  }

  /** Room for rows of a caller's, in bytes. @returns its address */
  stage(bytes: number): number {
    return this.#stage.reserve(bytes);
  }

  /** Room for a row and the outputs of each net, in bytes, the same in every call, of which users have views. @returns its address, which stays */
  frame(bytes: number): number {
    const address = this.#frame.reserve(bytes);
    this.#frame.viewed = true;
    return address;
  }

  /**
   * Runs a forward program on `rows` rows of all nets. Rows lie at `inputs` and results go to `outputs`, addresses in the order of the recipe's
   * tensors, net by net; where `shared`, all nets have the same rows.
   */
  predict(loaded: Loaded, rows: number, inputs: readonly number[], outputs: readonly number[], shared: boolean): void {
    const { recipe } = loaded;
    const { u32 } = this.core;
    let at = this.#tensors >>> 2;
    const put = (node: Node, address: number, isShared: boolean) => {
      const n = rows * (node.shape.size[0] as number);
      const { block, offset } = loaded.program.placeOf(node);
      u32[at++] = (block << Ref.BlockShift) | offset;
      u32[at++] = address;
      u32[at++] = n;
      u32[at++] = isShared ? 0 : n * 4;
    };
    this.#set(Lanes.Parameters, this.#parameters);
    for (let i = 0; i < inputs.length; i++) put(recipe.inputs[i] as Node, inputs[i] as number, shared);
    for (let i = 0; i < outputs.length; i++) put(recipe.outputs[i] as Node, outputs[i] as number, false);
    const { groups } = this;
    this.#lanes.call((exports) =>
      exports.predict(
        this.#context,
        loaded.address,
        loaded.end,
        rows,
        groups,
        loaded.most,
        this.netsOf(groups - 1),
        this.#tensors,
        inputs.length,
        outputs.length,
      ),
    );
  }

  /** Points the context to a block: `groups` groups from number `first` on. */
  enter({ first, groups }: Groups): void {
    this.#set(Lanes.Parameters, this.#parameters + first * this.parameterStride);
    this.#set(Lanes.State, this.#state + first * this.stateStride);
    this.#set(Lanes.Groups, groups);
  }

  /** Sets the learning rates of the steps of the next run, one for each net of the block, row by row; one row holds for all steps. */
  setRates(rates: Float64Array, nets: number): void {
    this.core.f64.set(rates, this.#rates >>> 3);
    this.#set(Lanes.RateStride, rates.length > nets ? nets * 8 : 0);
  }

  /** The optimizer's scalars of the steps of the next run: for each step and each scalar, one for each net of the block. */
  setScalars(table: Float64Array): void {
    this.#set(Lanes.Scalars, this.#scalars.reserve(table.byteLength));
    this.core.f64.set(table, this.#scalars.address >>> 3);
    this.#set(Lanes.ScalarCount, this.update?.scalarCount ?? 0);
  }

  /** Where net number `index` of a block takes the rows of a column from. */
  setSource(column: number, index: number, address: number, type: number, scale: number, offset: number): void {
    const at = this.#sources + (column * MOST_NETS + index) * LaneSource.Size;
    this.core.u32[(at + LaneSource.Address) >>> 2] = address;
    this.core.u32[(at + LaneSource.Type) >>> 2] = type;
    this.core.f32[(at + LaneSource.Scale) >>> 2] = scale;
    this.core.f32[(at + LaneSource.Offset) >>> 2] = offset;
  }

  /** The orders of the nets of a block; none: rows in the order they are stored. */
  setOrders(addresses: readonly number[] | undefined): void {
    if (addresses) this.core.u32.set(addresses, this.#orders >>> 2);
    this.#set(Lanes.Orders, addresses ? this.#orders : 0);
  }

  /** Sets what a run goes on adding to: of each group of a block the numbers of `LaneSums`, one for each net. */
  setSums(sums: Float64Array): void {
    this.core.f64.set(sums, this.#sums >>> 3);
  }

  readSums(sums: Float64Array): void {
    const at = this.#sums >>> 3;
    sums.set(this.core.f64.subarray(at, at + sums.length));
  }

  /**
   * Trains the block that was entered on `steps` batches of its data, from row `position` on. @returns bit i: the loss of net i of it was not finite
   * in some step
   */
  train(loaded: Loaded, position: number, steps: number, batch: number, total: number, firstStep: number): number {
    this.#set(Lanes.Position, position);
    this.#set(Lanes.Step, 0);
    this.#set(Lanes.FirstStep, firstStep);
    this.#set(Lanes.Odd, 0);
    this.#lanes.call((exports) => exports.train(this.#context, loaded.address, loaded.end, steps, batch, total));
    return this.#get(Lanes.Odd);
  }

  /** Runs a program on rows that lie in its inputs, behind what gathers them. @returns as `train` does */
  run(loaded: Loaded, rows: number, firstStep: number): number {
    this.#set(Lanes.Step, 0);
    this.#set(Lanes.FirstStep, firstStep);
    this.#set(Lanes.Odd, 0);
    const first = loaded.address + (loaded.program.starts[loaded.recipe.inputs.length] as number) * 4;
    this.#lanes.call((exports) => exports.run(this.#context, first, loaded.end, rows));
    return this.#get(Lanes.Odd);
  }

  /** Writes n numbers of each net of group number `index` of those that run, `stride` bytes apart at x, or the same for all where that is 0, to an input. */
  writeInput(loaded: Loaded, input: number, index: number, x: number, n: number, stride: number, nets: number): void {
    const y = this.#addressIn(loaded, loaded.recipe.inputs[input] as Node, index, n);
    this.#lanes.call((exports) => exports.interleave(y, x, n, stride, nets));
  }

  /** Copies a tensor of n elements of a program that has run, as net number `index` of the block that was entered has it. */
  readFloats(loaded: Loaded, node: Node, index: number, n: number): Float32Array<ArrayBuffer> {
    return this.#read(loaded, node, index, new Float32Array(n), this.core.f32);
  }

  readIds(loaded: Loaded, node: Node, index: number, n: number): Uint32Array {
    return this.#read(loaded, node, index, new Uint32Array(n), this.core.u32);
  }

  #read<T extends Float32Array | Uint32Array>(loaded: Loaded, node: Node, index: number, copy: T, memory: Float32Array | Uint32Array): T {
    const { length } = copy;
    const at = (this.#addressIn(loaded, node, Math.floor(index / LANES), length) >>> 2) + (index % LANES);
    for (let i = 0; i < length; i++) copy[i] = memory[at + i * LANES] as number;
    return copy;
  }

  /** Bit i: net i of the block that was entered has a parameter, a state or a value of its optimizer that is NaN or infinite. */
  odd({ first }: Groups): number {
    const values = this.#parameters + first * this.parameterStride;
    const slots = this.#state + first * this.stateStride + this.parameterCount * ELEMENT;
    return this.#lanes.call((exports) => exports.oddNets(this.#context, values, this.valueCount, slots, this.slotCount));
  }

  /** Copies the parameters and state of a block, to go back to. */
  take(block: Groups): void {
    this.#move(block, true);
  }

  restore(block: Groups): void {
    this.#move(block, false);
  }

  /** The values and state of net number `index` of a block as the copy has them, written back. */
  restoreNet({ first, groups }: Groups, index: number): void {
    const { f32, f64 } = this.core;
    const group = Math.floor(index / LANES);
    const lane = index % LANES;
    const copy = this.#copy.address >>> 2;
    const parameters = (this.#parameters + (first + group) * this.parameterStride) >>> 2;
    const parameterCopy = copy + (group * this.parameterStride) / 4;
    for (let i = lane; i < this.parameterStride / 4; i += LANES) f32[parameters + i] = f32[parameterCopy + i] as number;
    const state = (this.#state + (first + group) * this.stateStride) >>> 2;
    const stateCopy = copy + (groups * this.parameterStride + group * this.stateStride) / 4;
    const powers = this.powersOffset(this.update) * LANES;
    for (let i = lane; i < powers; i += LANES) f32[state + i] = f32[stateCopy + i] as number;
    const n = this.update?.start.length ?? 0;
    for (let i = 0; i < n; i++) f64[((state + powers) >>> 1) + i * LANES + lane] = f64[((stateCopy + powers) >>> 1) + i * LANES + lane] as number;
  }

  #move({ first, groups }: Groups, out: boolean): void {
    const { f32 } = this.core;
    const copy = this.#copy.address >>> 2;
    const n = (groups * this.parameterStride) / 4;
    const pairs: [at: number, copy: number, n: number][] = [
      [(this.#parameters + first * this.parameterStride) >>> 2, copy, n],
      [(this.#state + first * this.stateStride) >>> 2, copy + n, (groups * this.stateStride) / 4],
    ];
    for (const [at, to, n] of pairs) {
      if (out) f32.copyWithin(to, at, at + n);
      else f32.copyWithin(at, to, to + n);
    }
  }

  /** Frees all memory. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    for (const { address } of this.#programs.values()) this.core.free(address);
    this.#programs.clear();
    for (const room of [this.#workspace, this.#stage, this.#frame, this.#scalars, this.#copy]) room?.free();
    for (const address of this.#allocated) this.core.free(address);
  }
}
