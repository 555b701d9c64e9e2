/** Teams of the debug build, whose kernels assert what they demand of their operands. */
import { readFileSync } from 'node:fs';
import { type Build, type Core, type Threads, useCore } from '../../src/core/core.js';
import { type TeamExports, team } from '../../src/threads/threads.js';

let module: WebAssembly.Module | undefined;

/** A team whose parts may be as small as can be, so that every instruction is shared out which can be. */
export function debugTeam(build: Build, count: number, start?: Parameters<typeof team>[4]): Promise<Threads> {
  module ??= new WebAssembly.Module(readFileSync('build/core.threads.debug.wasm'));
  return team(module, build, count, 1e-6, start);
}

/** How many instructions a core has shared out. */
export function jobsOf(core: Core): number {
  return (core.exports as TeamExports).jobs();
}

/** Runs with all networks of a build on that many threads. @throws where nothing was shared out, or something wrote past the end of a block */
export async function onThreads<T>(build: Build, count: number, run: (core: Core) => T | Promise<T>): Promise<T> {
  const threads = await debugTeam(build, count);
  const core = useCore(threads.coreFor('test'));
  try {
    const result = await run(core);
    if (count > 1 && jobsOf(core) === 0) throw new Error('no instruction was shared out');
    if (core.exports.damaged() !== 0) throw new Error(`something wrote past the end of the block before ${core.exports.damaged()}`);
    return result;
  } finally {
    threads.dispose();
  }
}
