/** The benchmark as a page runs it: measures what the address asks for and posts each result to where it came from. */
import type { KernelEffort } from '../kernels.js';
import type { Build } from '../measure.js';
import { selection } from '../selection.js';
import { suite } from '../suite.js';
import { bytes, mnist, post, tell } from './fetched.js';

const parameters = new URLSearchParams(location.search);
const wanted = selection(parameters.get('only'));
const chosen = (parameters.get('build') ?? undefined) as Build | undefined;
const repetitions = Number(parameters.get('repetitions'));

/** Browsers' clocks move in steps of up to 20 µs, so a run is longer than in Node; and Firefox goes over to optimised code when it has it, seconds later. */
const effort: KernelEffort = { repetitions, time: 40, warmup: 300, run: 0.1, compiling: 3000 };

tell(async () => {
  const both = [['relaxed', await bytes('/dist/core.relaxed.wasm')] as const, ['simd', await bytes('/dist/core.wasm')] as const];
  const binaries = both.filter(([build, binary]) => WebAssembly.validate(binary) && (!chosen || build === chosen));
  const split = await mnist();
  for (const { measure } of suite(binaries, { wanted, effort, mnist: () => split, chosen })) {
    for (const result of await measure()) await post({ result });
  }
  wanted.done();
});
