import { Block } from '../../assembly/opcodes.js';
import { LaneSource, LaneSums, Lanes } from '../../assembly/population/context.js';
import type { Build, Core } from '../../src/core/core.js';
import { type LaneCore, laneCoreOf } from '../../src/population/core.js';

/** What stands on both sides of every tensor, to be found again untouched. */
export const GUARD = 0x7fc0dead;

/** Nets of a group, and bytes of an element: a float of each. */
const LANES = 4;
const ELEMENT = 16;

/** Bytes of the workspace, and of parameters and of state from group to group. */
const WORKSPACE = 1 << 18;
const STRIDE = 1 << 13;

/** A tensor of n elements of each net. */
export interface LaneTensor {
  readonly ref: number;
  readonly block: Block.Workspace | Block.Parameters | Block.State;
  readonly offset: number;
  readonly n: number;
}

/**
 * A bench for instructions of populations: tensors of some groups of four nets, with guard words around them, and a run of the program loop that
 * populations use. `run` fails when a kernel wrote outside a tensor.
 */
export class LaneMachine {
  readonly core: Core;
  readonly nets: number;
  readonly context: number;
  readonly lanes: LaneCore;
  readonly #bases: Record<LaneTensor['block'], number>;
  readonly #next = { [Block.Workspace]: 0, [Block.Parameters]: 0, [Block.State]: 0 };
  readonly #blocks: readonly { readonly address: number; readonly words: number }[];
  readonly #sums: number;
  readonly #rates: number;
  readonly #sources: number;
  readonly #orders: number;
  #tensors: LaneTensor[] = [];

  constructor(
    build: Build,
    readonly groups: number,
  ) {
    this.lanes = laneCoreOf(build);
    const { core } = this.lanes;
    this.core = core;
    this.nets = groups * LANES;
    const make = (bytes: number) => ({ address: core.allocate(bytes, 'test'), words: bytes / 4 });
    const blocks = [WORKSPACE, groups * STRIDE, groups * STRIDE].map(make) as [Made, Made, Made];
    this.#blocks = blocks;
    this.#bases = { [Block.Workspace]: blocks[0].address, [Block.Parameters]: blocks[1].address, [Block.State]: blocks[2].address };
    this.context = core.allocate(Lanes.Size, 'test');
    this.#rates = core.allocate(this.nets * 8, 'test');
    this.#sums = core.allocate(groups * 4 * LaneSums.Size, 'test');
    this.#sources = core.allocate(this.nets * LaneSource.Size, 'test');
    this.#orders = core.allocate(this.nets * 4, 'test');
    core.u32.fill(0, this.context >> 2, (this.context + Lanes.Size) >> 2);
    this.set(Lanes.Parameters, this.#bases[Block.Parameters]);
    this.set(Lanes.State, this.#bases[Block.State]);
    this.set(Lanes.Workspace, this.#bases[Block.Workspace]);
    this.set(Lanes.Groups, groups);
    this.set(Lanes.ParameterStride, STRIDE);
    this.set(Lanes.StateStride, STRIDE);
    this.set(Lanes.LearningRates, this.#rates);
    this.set(Lanes.Sums, this.#sums);
    this.set(Lanes.SumStride, 4 * LaneSums.Size);
    this.set(Lanes.Sources, this.#sources);
    this.clear();
  }

  set(field: Lanes, value: number): void {
    this.core.u32[(this.context + field) >>> 2] = value;
  }

  get(field: Lanes): number {
    return this.core.u32[(this.context + field) >>> 2] as number;
  }

  /** Forgets every tensor, and what was added up. */
  clear(): void {
    this.#blocks.forEach(({ address }, which) => {
      this.core.u32.fill(GUARD, address >>> 2, (address >>> 2) + this.#used(which));
    });
    this.#tensors = [];
    for (const block of [Block.Workspace, Block.Parameters, Block.State] as const) this.#next[block] = 1;
    this.core.f64.fill(0, this.#sums >>> 3, (this.#sums >>> 3) + (this.groups * 4 * LaneSums.Size) / 8);
    this.set(Lanes.Odd, 0);
  }

  /** Words of a block that tensors lie in, with a guard behind the last; all before the first. */
  #used(which: number): number {
    const { words } = this.#blocks[which] as Made;
    const last = this.#next[Block.Workspace];
    return which === 0 && last > 0 ? Math.min(words, (last + 1) * this.groups * LANES) : words;
  }

  free(): void {
    for (const address of [...this.#blocks.map(({ address }) => address), this.context, this.#rates, this.#sums, this.#sources, this.#orders])
      this.core.free(address);
  }

  /** One rate for each net. */
  set learningRates(rates: readonly number[]) {
    this.core.f64.set(rates, this.#rates >>> 3);
  }

  /** A tensor of n elements: `values` of each net, or NaNs. */
  tensor(n: number, values?: (net: number) => ArrayLike<number>, block: LaneTensor['block'] = Block.Workspace): LaneTensor {
    const offset = this.#next[block];
    this.#next[block] += n + 1;
    const one = { ref: ((block << 30) | offset) >>> 0, block, offset, n };
    const limit = block === Block.Workspace ? WORKSPACE / this.groups : STRIDE;
    if (this.#next[block] * ELEMENT > limit) throw new Error('LaneMachine: out of room; make it larger');
    this.#tensors.push(one);
    for (let net = 0; net < this.nets; net++) {
      const own = values?.(net);
      for (let i = 0; i < n; i++) this.core.f32[this.#index(one, net, i)] = own ? (own[i] as number) : Number.NaN;
    }
    return one;
  }

  /** The same of u32. */
  ids(n: number, values: (net: number) => ArrayLike<number>): LaneTensor {
    const one = this.tensor(n);
    for (let net = 0; net < this.nets; net++) for (let i = 0; i < n; i++) this.core.u32[this.#index(one, net, i)] = values(net)[i] as number;
    return one;
  }

  /** The address of a net's element; its next is `ELEMENT` bytes further on. */
  address(tensor: LaneTensor, net = 0, i = 0): number {
    return this.#index(tensor, net, i) * 4;
  }

  #index({ block, offset, n }: LaneTensor, net: number, i: number): number {
    const group = Math.floor(net / LANES);
    const at = block === Block.Workspace ? (offset * this.groups + group * n + i) * ELEMENT : group * STRIDE + (offset + i) * ELEMENT;
    return (this.#bases[block] + at) / 4 + (net % LANES);
  }

  /** A copy of a net's elements. */
  read(tensor: LaneTensor, net: number): Float32Array {
    return Float32Array.from({ length: tensor.n }, (_, i) => this.core.f32[this.#index(tensor, net, i)] as number);
  }

  /** What a net added up. */
  sum(net: number, which: LaneSums): number {
    return this.core.f64[(this.#sums + Math.floor(net / LANES) * 4 * LaneSums.Size + which) / 8 + (net % LANES)] as number;
  }

  /** Where the rows of each net's column lie, and their order; 0: as they are stored. */
  setSources(of: (net: number) => { address: number; type: number; scale: number; offset: number }, orders?: (net: number) => number): void {
    for (let net = 0; net < this.nets; net++) {
      const { address, type, scale, offset } = of(net);
      const at = this.#sources + net * LaneSource.Size;
      this.core.u32[(at + LaneSource.Address) >> 2] = address;
      this.core.u32[(at + LaneSource.Type) >> 2] = type;
      this.core.f32[(at + LaneSource.Scale) >> 2] = scale;
      this.core.f32[(at + LaneSource.Offset) >> 2] = offset;
      if (orders) this.core.u32[this.#orders / 4 + net] = orders(net);
    }
    this.set(Lanes.Orders, orders ? this.#orders : 0);
  }

  /** Runs instructions and checks every guard. */
  run(words: readonly number[], rows = 1): void {
    const at = this.core.allocate(words.length * 4, 'test');
    this.core.u32.set(
      words.map((word) => word >>> 0),
      at >> 2,
    );
    this.lanes.call((exports) => exports.run(this.context, at, at + words.length * 4, rows));
    this.core.free(at);
    this.checkGuards();
  }

  /** @throws Error where something was written outside a tensor */
  checkGuards(): void {
    const kept = this.#blocks.map(({ address }, which) => this.core.u32.slice(address >>> 2, (address >>> 2) + this.#used(which)));
    for (const tensor of this.#tensors) {
      const which = [Block.Workspace, Block.Parameters, Block.State].indexOf(tensor.block);
      const first = (this.#blocks[which] as Made).address >>> 2;
      for (let net = 0; net < this.nets; net += LANES) {
        const at = this.#index(tensor, net, 0) - first;
        kept[which]?.fill(GUARD, at, at + tensor.n * LANES);
      }
    }
    kept.forEach((words, which) => {
      const at = words.findIndex((word) => word !== GUARD);
      if (at >= 0) throw new Error(`guard word ${at} of block ${which} was overwritten`);
    });
  }
}

interface Made {
  readonly address: number;
  readonly words: number;
}
