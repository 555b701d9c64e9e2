import { MemoryError } from '../errors.js';
import type { Bytes, Doubles, Floats, Words } from '../values.js';
import { baseline, relaxedDelta, relaxedSize } from './binaries.generated.js';
import { applyDelta } from './delta.js';
import { decodePrintable } from './printable.js';

/** The two binaries: `simd` gives the same bits on every engine and CPU, `relaxed` uses fused multiply-add where the machine has it. */
export type Build = 'simd' | 'relaxed';

/** The exports of the WebAssembly module (`assembly/index.ts`). Addresses are bytes. */
export interface CoreExports {
  /** A WebAssembly.Memory, which the types know with the DOM library only. */
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  allocate(bytes: number): number;
  free(address: number): void;
  run(context: number, pc: number, end: number, rows: number): number;
  train(context: number, pc: number, end: number, steps: number, batch: number, total: number): number;
  packedSize(n: number, k: number): number;
  packWeights(y: number, w: number, n: number, k: number): void;
  uniform(y: number, n: number, seed: number, stream: number, low: number, high: number): void;
  normal(y: number, n: number, seed: number, stream: number, mean: number, deviation: number): void;
  permutation(y: number, n: number, seed: number, stream: number): void;
  firstNonFinite(x: number, n: number): number;
}

/** The most bytes one block can have: the address space of 32 bits but for its last page. */
const LARGEST_BLOCK = 0xfffe0000;

/** One instance of one binary: its memory, its allocator, its kernels. Networks of a build share one. */
export class Core {
  readonly exports: CoreExports;
  readonly memory: CoreExports['memory'];
  /** The whole memory as floats: index = address / 4. An allocation may replace these four, so they are never kept. */
  f32: Floats = new Float32Array();
  /** The whole memory as u32: index = address / 4. */
  u32: Words = new Uint32Array();
  /** The whole memory as f64: index = address / 8. */
  f64: Doubles = new Float64Array();
  /** The whole memory as bytes. */
  u8: Bytes = new Uint8Array();

  constructor(
    /** A WebAssembly.Module. */
    module: object,
    readonly build: Build,
  ) {
    this.exports = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
    this.memory = this.exports.memory;
    this.#refresh();
  }

  /** A zeroed block of `bytes`, aligned to 16; its address. Views taken before are stale after. @throws MemoryError when it cannot be had */
  allocate(bytes: number, what: string): number {
    if (!(bytes <= LARGEST_BLOCK)) throw new MemoryError(what, bytes, LARGEST_BLOCK);
    const address = this.exports.allocate(bytes) >>> 0;
    this.#refresh();
    if (address === 0) throw new MemoryError(what, bytes, LARGEST_BLOCK);
    return address;
  }

  free(address: number): void {
    this.exports.free(address);
  }

  /** Memory that grew has a new buffer and the old views are detached. Only an allocation grows it; reading `memory.buffer` costs more than a small prediction. */
  #refresh(): void {
    const { buffer } = this.memory;
    if (buffer === this.f32.buffer) return;
    this.f32 = new Float32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}

const cores = new Map<Build, Core>();

/** The bytes of a build's binary. */
export function binary(build: Build): Bytes {
  const bytes = decodePrintable(baseline);
  return build === 'relaxed' ? applyDelta(bytes, decodePrintable(relaxedDelta), relaxedSize) : bytes;
}

/** The core of a build in this realm, made on first use. */
export function coreOf(build: Build): Core {
  let core = cores.get(build);
  if (!core) {
    core = new Core(new WebAssembly.Module(binary(build)), build);
    cores.set(build, core);
  }
  return core;
}

/** (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd)) */
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11,
]);

/** Whether this engine knows relaxed SIMD. */
export function supportsRelaxed(): boolean {
  return WebAssembly.validate(relaxedProbe);
}
