/** The benchmark as a page runs it: measures what the address asks for and posts each result to where it came from. */
import type { KernelEffort } from '../kernels.js';
import { runnable } from '../machine.js';
import { suite } from '../suite.js';
import { asked, bytes, mnist, post, tell } from './told.js';

const { wanted, chosen, repetitions } = asked();

/** Browsers' clocks move in steps of up to 20 µs, so a run is longer than in Node; and Firefox goes over to optimised code when it has it, seconds later. */
const effort: KernelEffort = { repetitions, time: 40, warmup: 300, run: 0.1, compiling: 3000 };

tell(async () => {
  const binaries = runnable(await bytes('/dist/core.relaxed.wasm'), await bytes('/dist/core.wasm'), chosen);
  const split = await mnist();
  for (const { measure } of suite(binaries, { wanted, effort, mnist: () => split, chosen })) {
    for (const result of await measure()) await post({ result });
  }
  wanted.done();
});
