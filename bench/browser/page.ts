/** The benchmark as a page runs it: measures what the address asks for and posts each result to where it came from. */
import { fromIdx, type Split } from '../data.js';
import type { KernelEffort } from '../kernels.js';
import type { Build } from '../measure.js';
import { selection } from '../selection.js';
import { suite } from '../suite.js';
import type { Message } from './run.js';

const parameters = new URLSearchParams(location.search);
const wanted = selection(parameters.get('only'));
const chosen = (parameters.get('build') ?? undefined) as Build | undefined;
const repetitions = Number(parameters.get('repetitions'));

/** Browsers' clocks move in steps of up to 20 µs, so a run is longer than in Node; and Firefox goes over to optimised code when it has it, seconds later. */
const effort: KernelEffort = { repetitions, time: 40, warmup: 300, run: 0.1, compiling: 3000 };

async function post(message: Message): Promise<void> {
  await fetch('/results', { method: 'POST', body: JSON.stringify(message) });
}

async function bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function mnist(): Promise<Split> {
  const samples = async (name: string, rows: number) => {
    const [images, labels] = await Promise.all([bytes(`/mnist/${name}-images-idx3-ubyte`), bytes(`/mnist/${name}-labels-idx1-ubyte`)]);
    return fromIdx(images, labels, rows);
  };
  return { train: await samples('train', 8000), test: await samples('t10k', 2000) };
}

async function run(): Promise<void> {
  if (!crossOriginIsolated) throw new Error('the page is not isolated: its clock is too coarse');
  const both = [['relaxed', await bytes('/dist/core.relaxed.wasm')] as const, ['simd', await bytes('/dist/core.wasm')] as const];
  const binaries = both.filter(([build, binary]) => WebAssembly.validate(binary) && (!chosen || build === chosen));
  const split = await mnist();
  for (const { measure } of suite(binaries, { wanted, effort, mnist: () => split, chosen })) {
    for (const result of await measure()) await post({ result });
  }
}

run().then(
  () => post({ done: true }),
  (error: Error) => post({ done: true, error: String(error.stack ?? error) }),
);
