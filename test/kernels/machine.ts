import { Context } from '../../assembly/context.js';
import { Block, Ref } from '../../assembly/opcodes.js';
import { type Build, type Core, coreOf, supportsRelaxed } from '../../src/core/core.js';

/** The builds this engine can run; every kernel test runs in each. Setup on the debug build, which is one binary for both, leaves the first. */
export const builds: Build[] = supportsRelaxed() ? ['simd', 'relaxed'] : ['simd'];

/** What stands on both sides of every tensor of a machine, to be found again untouched. */
const GUARD = 0x7fc0dead;
const GUARD_WORDS = 8;

/**
 * A bench for single instructions: tensors with guard words around them, and a run of the very program loop that
 * networks use. `run` fails when a kernel wrote outside a tensor.
 */
export class Machine {
  readonly core: Core;
  readonly context: number;
  #base: number;
  #next: number;
  #end: number;
  #guards: number[] = [];

  constructor(build: Build, bytes = 1 << 24) {
    this.core = coreOf(build);
    this.context = this.core.allocate(Context.Size + 8 * 16, 'test');
    this.#base = this.core.allocate(bytes, 'test');
    this.#next = this.#base;
    this.#end = this.#base + bytes;
    for (const block of [Context.Parameters, Context.State, Context.Workspace, Context.Constants])
      this.core.u32[(this.context + block) >> 2] = this.#base;
    this.core.u32[(this.context + Context.LearningRates) >> 2] = this.context + Context.Size;
  }

  /** Forgets every tensor. */
  clear(): void {
    this.#next = this.#base;
    this.#guards = [];
  }

  free(): void {
    this.core.free(this.context);
    this.core.free(this.#base);
  }

  set learningRate(rate: number) {
    this.core.f64[(this.context + Context.Size) >> 3] = rate;
  }

  /** A tensor holding `values` (or `n` NaNs), `shift` elements off a 16-byte boundary; its ref as an operand. */
  tensor(values: ArrayLike<number> | number, shift = 0): number {
    const n = typeof values === 'number' ? values : values.length;
    const start = this.#next + (GUARD_WORDS + shift) * 4;
    const end = start + n * 4;
    if (end + GUARD_WORDS * 4 + 16 > this.#end) throw new Error('Machine: out of room; make it larger');
    const u32 = this.core.u32;
    for (let at = this.#next; at < start; at += 4) this.#guard(at, u32);
    for (let i = 0; i < GUARD_WORDS; i++) this.#guard(end + i * 4, u32);
    const f32 = this.core.f32.subarray(start >> 2, end >> 2);
    if (typeof values === 'number') f32.fill(Number.NaN);
    else f32.set(values);
    this.#next = (end + GUARD_WORDS * 4 + 15) & ~15;
    return ((start - this.#base) >> 2) | (Block.Workspace << Ref.BlockShift);
  }

  /** The same for u32 ids. */
  ids(values: ArrayLike<number>): number {
    const ref = this.tensor(values.length);
    this.core.u32.set(values, this.address(ref) >> 2);
    return ref;
  }

  address(ref: number): number {
    return this.#base + ((ref & Ref.OffsetMask) << 2);
  }

  /** A copy of n elements. */
  read(ref: number, n: number): Float32Array {
    const at = this.address(ref) >> 2;
    return this.core.f32.slice(at, at + n);
  }

  /** A view of a context field of 8 bytes, as f64. */
  f64(field: Context): number {
    return this.core.f64[(this.context + field) >> 3] as number;
  }

  reset(): void {
    for (const field of [Context.LossSum, Context.Correct, Context.Weight]) this.core.f64[(this.context + field) >> 3] = 0;
  }

  /** Runs one instruction (its words, f32 operands through `bits`) and checks every guard; its status. */
  run(words: number[], rows = 1): number {
    const at = this.core.allocate(words.length * 4, 'test');
    this.core.u32.set(
      words.map((w) => w >>> 0),
      at >> 2,
    );
    const status = this.core.exports.run(this.context, at, at + words.length * 4, rows);
    this.core.free(at);
    this.checkGuards();
    return status;
  }

  /** @throws Error where something was written outside a tensor */
  checkGuards(): void {
    const u32 = this.core.u32;
    for (const guard of this.#guards) if (u32[guard >> 2] !== GUARD) throw new Error(`guard word at ${guard - this.#base} bytes was overwritten`);
  }

  #guard(at: number, u32: Uint32Array): void {
    u32[at >> 2] = GUARD;
    this.#guards.push(at);
  }
}

const cell = new DataView(new ArrayBuffer(8));

/** The word of an f32 operand. */
export function bits(value: number): number {
  cell.setFloat32(0, value, true);
  return cell.getUint32(0, true);
}

/** The two words of an f64 operand, low first. */
export function words64(value: number): [number, number] {
  cell.setFloat64(0, value, true);
  return [cell.getUint32(0, true), cell.getUint32(4, true)];
}
