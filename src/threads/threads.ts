/** A core that runs in several threads. */

import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { automaticBuild, type Build, binary, type Core, type CoreExports, needsUnrolling, supportsRelaxed, type Threads } from '../core/core.js';
import { applyDelta } from '../core/delta.js';
import { decodePrintable } from '../core/printable.js';
import { refusal } from '../core/refusal.js';
import { DisposedError, MemoryError, UnsupportedError, ValueError } from '../errors.js';
import { nodeModule } from '../worker/nodeThreads.js';
import { deltas } from './binaries.generated.js';
import { type Helper, startHelper } from './helpers.js';
import { SharedCore } from './sharedCore.js';
import { watchOver } from './watch.js';
import { weigh } from './weight.js';

/** Options of `threads`. */
export interface ThreadsOptions {
  /** Which binary: `auto` takes `relaxed` where the engine has it, `simd` gives the same bits everywhere. Default `auto`. */
  readonly build?: 'auto' | Build;
  /**
   * A worker in which they start, which is one of them then: what `startWorker()` of `neurite/worker` gave, or the `worker` of a network. Default: they
   * help the caller's own thread.
   */
  readonly worker?: ThreadsWorker;
}

/** A worker that threads can start in: `startWorker()` of `neurite/worker` gives it. */
export interface ThreadsWorker {
  /** Whether it has ended. */
  readonly ended: boolean;
  /** @internal */
  startThreads(team: TeamOrder): Promise<WorkerThreads>;
}

/** Threads of a worker, for `inWorker(network, { threads })`: what `threads(n, { worker })` gives. */
export interface WorkerThreads {
  /** The binary that runs on them. */
  readonly build: Build;
  /** How many they are, the worker included. */
  readonly count: number;
  /** The worker that they are in. */
  readonly worker: ThreadsWorker;
  /** Ends them. Networks that were made on them no longer compute: save them before. Calling it again is harmless. */
  readonly dispose: () => void;
  [Symbol.dispose](): void;
}

/** What a worker needs to start threads: it has no binary of its own for them. */
export interface TeamOrder {
  /** A WebAssembly.Module. */
  readonly module: object;
  readonly build: Build;
  readonly count: number;
}

/** What a core exports besides where it runs in threads (`assembly/threads.ts`). */
export interface TeamExports extends CoreExports {
  makeTeam(threads: number): number;
  lead(team: number, threads: number, mayWait: number, least: number): void;
  breakUp(team: number): void;
  /** How many instructions were shared out. */
  jobs(): number;
}

/** The most threads. */
const MOST = 64;

/** The most that `'auto'` takes: products of everyday sizes have no work for more. */
const MOST_AUTOMATIC = 8;

/** The least work of a part of an instruction, in ns: a barrier takes 200 to 500. */
export const LEAST = 1500;

/** Pages of a memory at its beginning, and at most: where a host has no such address space, half of it, and so on. */
const PAGES = 16;
const MOST_PAGES = [65536, 32768, 16384, 8192];

/** Modules of this realm, by their builds: each is compiled once. */
const modules = new Map<Build, Promise<object>>();

/** Ends the helpers of a core that nobody holds any more. */
const forgotten = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<() => void>((end) => end());

/**
 * Starts threads for networks: `sequential(784, layers, { threads: await threads(2) })`. The caller's thread is one of them; the others help it with what
 * is worth it, large products above all, and sleep in between. Each result is the same for every number of threads, to the bit.
 *
 * In a page they need cross-origin isolation, and a page's own thread does not sleep while it waits for them: let networks that train live in a worker,
 * `inWorker(net, { threads: await threads(2, { worker }) })`.
 *
 * @param n how many, 1 to 64, that of the caller included; `'auto'` is as many as the host has cores, at most 8
 * @throws ValueError for another number; UnsupportedError with the code `NO_ISOLATION` in a page without the headers, `NO_THREADS` where the host has no
 *   workers or refuses them; MemoryError where it has no memory; WorkerError where the worker has ended
 */
export function threads(n: number | 'auto', options: ThreadsOptions & { readonly worker: ThreadsWorker }): Promise<WorkerThreads>;
export function threads(n: number | 'auto', options?: ThreadsOptions & { readonly worker?: undefined }): Promise<Threads>;
export async function threads(n: number | 'auto', options: ThreadsOptions = {}): Promise<Threads | WorkerThreads> {
  const { build = 'auto', worker } = checkOptions('threads', options, ['build', 'worker']);
  if (build !== 'auto' && build !== 'simd' && build !== 'relaxed')
    throw new ValueError(`threads: build is ${describe(build)}, expected 'auto', 'simd' or 'relaxed'`);
  if (build === 'relaxed' && !supportsRelaxed())
    throw new ValueError("threads: build is 'relaxed', but this engine has no relaxed SIMD; expected 'simd' or 'auto'");
  if (n !== 'auto' && !(Number.isInteger(n) && n >= 1 && n <= MOST))
    throw new ValueError(`threads: n is ${describe(n)}, expected a whole number from 1 to ${MOST}, or 'auto'`);
  if (worker !== undefined && typeof fieldOf(worker, 'startThreads') !== 'function')
    throw new ValueError(`threads: worker is ${describe(worker)}, expected await startWorker(), of neurite/worker, or the worker of a network`);
  checkIsolation();
  const chosen = build === 'auto' ? automaticBuild() : build;
  const count = n === 'auto' ? Math.min(await cores(), MOST_AUTOMATIC) : n;
  const order = { module: await moduleOf(chosen), build: chosen, count };
  return worker ? worker.startThreads(order) : team(order.module, chosen, count, LEAST);
}

/** @throws UnsupportedError where memory cannot be shared */
export function checkIsolation(): void {
  if (typeof SharedArrayBuffer === 'undefined' || fieldOf(globalThis, 'crossOriginIsolated') === false)
    throw new UnsupportedError(
      'NO_ISOLATION',
      'threads: this page is not cross-origin isolated, so it has no shared memory; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    );
}

/** How many cores the host says that it has. */
async function cores(): Promise<number> {
  const os = await nodeModule('node:os');
  const available = fieldOf(os, 'availableParallelism');
  const n = typeof available === 'function' ? available() : fieldOf(fieldOf(globalThis, 'navigator'), 'hardwareConcurrency');
  return typeof n === 'number' && n >= 1 ? Math.floor(n) : 1;
}

function moduleOf(build: Build): Promise<object> {
  const known = modules.get(build);
  if (known) return known;
  const { size, delta } = deltas[build];
  const module = WebAssembly.compile(applyDelta(binary(build), decodePrintable(delta), size) as Uint8Array<ArrayBuffer>).catch((error) => {
    modules.delete(build);
    throw refusal(error);
  });
  modules.set(build, module);
  return module;
}

function sharedMemory(): object {
  let cause: unknown;
  for (const maximum of MOST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: PAGES, maximum, shared: true });
    } catch (error) {
      cause = error;
    }
  }
  throw Object.assign(new MemoryError('threads: the shared memory', PAGES << 16, PAGES << 16), { cause });
}

/** Whether this thread may sleep: a page's may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * A team of `count` threads.
 * @param module of a binary for threads
 * @param least work of a part of an instruction, in ns: tests say so little that all are split
 * @param start starts a helper: tests let some fail
 */
export async function team(module: object, build: Build, count: number, least: number, start: typeof startHelper = startHelper): Promise<Threads> {
  const memory = sharedMemory();
  const abort = () => {
    throw new WebAssembly.RuntimeError('an assertion failed');
  };
  const helpers: Helper[] = [];
  const watch = watchOver(helpers, (why) => {
    end();
    throw new WebAssembly.RuntimeError(`a thread ${why}`);
  });
  const instance = await WebAssembly.instantiate(module as WebAssembly.Module, { env: { memory: memory as WebAssembly.Memory, abort, watch } });
  const exports = instance.exports as unknown as TeamExports;
  const record = exports.makeTeam(count) >>> 0;
  if (record === 0) throw new MemoryError('threads: what each thread has to itself', PAGES << 16, PAGES << 16);
  exports.lead(record, count, Number(maySleep()), least);
  const core = new SharedCore(instance, build);
  const held = new WeakRef(core);
  let isOver = false;
  const end = () => {
    isOver = true;
    exports.breakUp(record);
    for (const helper of helpers) helper.terminate();
  };
  const ended = (why: string) => {
    if (isOver) return;
    end();
    held.deref()?.fail(new WebAssembly.RuntimeError(`a thread ${why}`));
  };
  try {
    const assignment = { module, memory, team: record, unrolling: needsUnrolling(build) };
    helpers.push(...(await Promise.all(Array.from({ length: count - 1 }, (_, i) => start(assignment, i + 1, ended)))));
  } catch (error) {
    end();
    throw error;
  }
  forgotten?.register(core, end, core);
  return new Team(core, count, end);
}

class Team implements Threads {
  readonly build: Build;
  #core: Core | undefined;
  readonly dispose = (): void => {
    const core = this.#core;
    if (!core) return;
    this.#core = undefined;
    forgotten?.unregister(core);
    this.#end();
    weigh(core.memory, core.memory.buffer.byteLength);
    const nothing = () => {};
    const refuse = (): never => {
      throw disposed();
    };
    core.exports = new Proxy({} as CoreExports, { get: (_, name) => (name === 'memory' ? core.memory : name === 'free' ? nothing : refuse) });
  };
  readonly #end: () => void;

  constructor(
    core: Core,
    readonly count: number,
    end: () => void,
  ) {
    this.build = core.build;
    this.#core = core;
    this.#end = end;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  coreFor(call: string): Core {
    if (!this.#core) throw disposed(call);
    return this.#core;
  }
}

function disposed(call = 'threads'): DisposedError {
  return new DisposedError(call, 'the threads were disposed, and their networks no longer compute; start others with await threads(…)');
}
