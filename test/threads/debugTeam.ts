/** Teams of the debug build, whose kernels assert what they demand of their operands. */
import { readFileSync } from 'node:fs';
import { type Build, type Core, type Threads, useCore } from '../../src/core/core.js';
import { team } from '../../src/threads/threads.js';

let module: WebAssembly.Module | undefined;

/** A team whose parts may be as small as can be, so that every instruction is shared out which can be. */
export function debugTeam(build: Build, count: number): Promise<Threads> {
  module ??= new WebAssembly.Module(readFileSync('build/core.threads.debug.wasm'));
  return team(module, build, count, 1e-6);
}

/** Runs with all networks of a build on that many threads. */
export async function onThreads<T>(build: Build, count: number, run: (core: Core) => T | Promise<T>): Promise<T> {
  const threads = await debugTeam(build, count);
  const core = useCore(threads.coreFor('test'));
  try {
    return await run(core);
  } finally {
    if (core.exports.damaged() !== 0) throw new Error(`something wrote past the end of the block before ${core.exports.damaged()}`);
    threads.dispose();
  }
}
