import type { Bytes, Doubles, Floats, Words } from '../arguments/arrays.js';
import { CoreError, MemoryError } from '../errors.js';
import { binaries } from './binaries.generated.js';
import { applyDelta } from './delta.js';
import { addLinear } from './linear.js';
import { decodePrintable } from './printable.js';
import { refusal } from './refusal.js';
import { unmarked } from './unfuse.js';

/** The two binaries. `simd` gives the same bits on every engine and CPU; `relaxed` uses fused multiply-add where the machine has it. */
export type Build = 'simd' | 'relaxed';

/** The exports of the WebAssembly module (`assembly/index.ts`). Addresses are bytes. */
export interface CoreExports {
  /** A WebAssembly.Memory. Only the DOM library has its type. */
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  allocate(bytes: number): number;
  free(address: number): void;
  run(context: number, pc: number, end: number, rows: number): number;
  train(context: number, pc: number, end: number, steps: number, batch: number, total: number): number;
  packedSize(n: number, k: number): number;
  packWeights(y: number, w: number, n: number, k: number): void;
  /** Whether products take the forms for an engine that unrolls no loop. That of populations has them not. */
  setUnrolling?(on: boolean): void;
  uniform(y: number, n: number, seed: number, stream: number, low: number, high: number): void;
  normal(y: number, n: number, seed: number, stream: number, mean: number, deviation: number): void;
  permutation(y: number, n: number, seed: number, stream: number): void;
  firstNonFinite(x: number, n: number): number;
  /** The bits of the largest |x|, as an i32. */
  largestMagnitude(x: number, n: number): number;
  /** The first block with a write past its end, 0 for none. Only the debug build looks. */
  damaged(): number;
}

/** Threads that networks run on: what `threads` of `neurite/threads` gives. */
export interface Threads {
  /** The binary that runs on them. */
  readonly build: Build;
  /** How many they are, that of the caller included. */
  readonly count: number;
  /** Ends them. Networks that were made on them no longer compute: save them before. Calling it again is harmless. */
  readonly dispose: () => void;
  [Symbol.dispose](): void;
  /** @internal */
  coreFor(call: string): Core;
}

/** The most bytes of one block: the 32-bit address space without its last page. */
const LARGEST_BLOCK = 0xfffe0000;

/** Most bytes of retired blocks. Above it, their views are detached. */
const MOST_RETIRED = 2 ** 24;

/** Stack frames reserved before the allocator is entered: a stack overflow inside it would leave the heap half changed. */
const STACK_CALLS = 24;

function reserveStack(calls: number): number {
  return calls > 0 ? 1 + reserveStack(calls - 1) : 0;
}

/**
 * One instance of one binary: its memory, its allocator, its kernels. Networks of a build share one.
 *
 * A trap makes the core fail: its memory may be half changed, so nothing computes on it again. The next network gets a new core.
 */
export class Core {
  /** The instance's own exports: a wrapper would cost as much as a small kernel. After a failure, functions that throw. */
  exports: CoreExports;
  readonly memory: CoreExports['memory'];
  /** The whole memory as floats: index = address / 4. An allocation may replace these four views; never keep one. */
  f32: Floats = new Float32Array();
  /** The whole memory as u32: index = address / 4. */
  u32: Words = new Uint32Array();
  /** The whole memory as f64: index = address / 8. */
  f64: Doubles = new Float64Array();
  /** The whole memory as bytes. */
  u8: Bytes = new Uint8Array();
  readonly #retired: number[] = [];
  #retiredBytes = 0;

  constructor(
    /** A WebAssembly.Instance. Tests pass one of the debug build. */
    instance: { readonly exports: object },
    readonly build: Build,
  ) {
    this.exports = instance.exports as CoreExports;
    this.memory = this.exports.memory;
    this.exports.setUnrolling?.(needsUnrolling(build));
    this.#refresh();
  }

  /**
   * Allocates a zeroed block of `bytes`, aligned to 16. Views taken before are stale after it.
   * @returns its address
   * @throws MemoryError when the host refuses
   */
  allocate(bytes: number, what: string): number {
    if (!(bytes <= LARGEST_BLOCK)) throw new MemoryError(what, bytes, LARGEST_BLOCK);
    reserveStack(STACK_CALLS);
    let address = this.#enter(() => this.exports.allocate(bytes) >>> 0);
    if (address === 0 && this.#retired.length > 0 && this.#detach()) address = this.#enter(() => this.exports.allocate(bytes) >>> 0);
    this.#refresh();
    if (address === 0) throw new MemoryError(what, bytes, LARGEST_BLOCK);
    return address;
  }

  free(address: number): void {
    reserveStack(STACK_CALLS);
    this.#enter(() => this.exports.free(address));
  }

  /**
   * Frees a block that a user may hold a view of, once no view can show it. That is when the memory grows, which detaches all views, or when
   * MOST_RETIRED bytes wait and the views are detached on purpose. Until then the block is not allocated again.
   */
  retire(address: number, bytes: number): void {
    this.#retired.push(address);
    this.#retiredBytes += bytes;
    if (this.#retiredBytes > MOST_RETIRED) this.#detach();
  }

  /**
   * A view for a user: `n` floats from index `at` on, within the block at `address`, which is retired and never freed at once from then on.
   * Threads share a memory whose views are never detached: there each block has a buffer of its own (src/threads/sharedCore.ts).
   */
  view(_address: number, at: number, n: number): Floats {
    return this.f32.subarray(at, at + n);
  }

  /** Makes the core fail after a trap. @returns the error to throw: a CoreError for a trap, any other (a stack overflow) unchanged */
  fail(error: unknown): unknown {
    if (!(error instanceof WebAssembly.RuntimeError)) return error;
    const failure = new CoreError(error);
    const refuse = (): never => {
      throw new CoreError(error);
    };
    const { memory } = this;
    const nothing = () => {};
    this.exports = new Proxy({} as CoreExports, { get: (_, name) => (name === 'memory' ? memory : name === 'free' ? nothing : refuse) });
    if (cores.get(this.build) === this) cores.delete(this.build);
    return failure;
  }

  /** Runs a function of the core; a trap makes the core fail. */
  #enter<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Detaches all views by growing the memory by 0 pages, and frees what was retired. @returns false where the host keeps the old buffer */
  #detach(): boolean {
    const before = this.memory.buffer;
    try {
      this.memory.grow(0);
    } catch {
      return false;
    }
    this.#refresh();
    return this.memory.buffer !== before;
  }

  /** Takes new views after an allocation. Growth replaces the buffer; reading `memory.buffer` on each use would cost more than a small prediction. */
  #refresh(): void {
    const { buffer } = this.memory;
    if (buffer === this.f32.buffer) return;
    addLinear(buffer);
    this.f32 = new Float32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.#retiredBytes = 0;
    for (const address of this.#retired.splice(0)) this.free(address);
  }
}

const cores = new Map<Build, Core>();

/** Compiled modules by their builds: what `initialize` made or was given, or what a host imports statically. */
const modules = new Map<Build, object>();

/** The bytes of a build's binary. */
export function binary(build: Build): Bytes {
  const { relaxed, madds, baselineDelta, baselineSize } = binaries;
  if (build === 'relaxed') return decodePrintable(unmarked(relaxed));
  return applyDelta(decodePrintable(unmarked(relaxed, madds)), decodePrintable(baselineDelta), baselineSize);
}

/** The WebAssembly.Module from which the cores of a build are made from now on, in place of the binary embedded here. */
export function useModule(build: Build, module: object): void {
  modules.set(build, module);
}

/** The builds that modules were handed over for. */
export function givenBuilds(): readonly Build[] {
  return [...modules.keys()];
}

/** The module of a build, where one was handed over. */
export function givenModule(build: Build): object | undefined {
  return modules.get(build);
}

/** The build that `'auto'` means: relaxed where this engine knows it, and where modules were handed over, one of these. */
export function automaticBuild(): Build {
  return supportsRelaxed() && (modules.size === 0 || modules.has('relaxed')) ? 'relaxed' : 'simd';
}

/**
 * The core of a build in this realm, made on first use, and again after one failed.
 * @throws UnsupportedError where the host has no WebAssembly or SIMD, or forbids compiling
 */
export function coreOf(build: Build): Core {
  return cores.get(build) ?? useCore(make(build));
}

/** Whether a build has a core in this realm. */
export function hasCore(build: Build): boolean {
  return cores.has(build);
}

/** Sets the core that networks of its build get from now on. @returns the core */
export function useCore(core: Core): Core {
  cores.set(core.build, core);
  return core;
}

function make(build: Build): Core {
  try {
    return new Core(new WebAssembly.Instance((modules.get(build) ?? new WebAssembly.Module(binary(build))) as WebAssembly.Module), build);
  } catch (error) {
    throw refusal(error);
  }
}

/** (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd)) */
const relaxedProbe = /* @__PURE__ */ new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11,
]);

/** Whether the engine unrolls no loop, so that the binary's own forms are faster: engines do since they know relaxed SIMD, or soon after. */
export function needsUnrolling(build: Build): boolean {
  return build === 'simd' && !supportsRelaxed();
}

/** Whether this engine knows relaxed SIMD. */
export function supportsRelaxed(): boolean {
  return typeof WebAssembly !== 'undefined' && WebAssembly.validate(relaxedProbe);
}
