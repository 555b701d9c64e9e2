/** Workloads C and M with another system, in a process of its own: `fresh.js <system> cold` or `fresh.js <system> memory`, which prints MB. */
import { parameterCount } from '../layers.js';
import type { Training } from '../workloads.js';
import type { Peer } from './peer.js';
import { type System, systems } from './systems.js';

const [system, what] = process.argv.slice(2);

const peer: Peer =
  system === 'plain-js' ? { train: (await import('../loops.js')).trainWithLoops } : await (systems[system as string] as System).open();
if (what === 'cold') {
  const work = { id: 'C', sizes: [4, 16, 3], activations: ['sigmoid', 'sigmoid'], rows: 1, unit: 'ms', calls: 1 } as const;
  const one = await peer.predict?.(work, new Float32Array(131), [new Float32Array(4)]);
  await one?.outputs();
} else {
  const [{ mnist }, { trainings }] = await Promise.all([import('../files.js'), import('../workloads.js')]);
  const work = { ...(trainings[1] as Training), epochs: 2 };
  // Something to begin with: what the numbers are matters not.
  const initial = Float32Array.from({ length: parameterCount(work.sizes) }, (_, i) => 0.1 * Math.sin(i * i));
  const contender = await peer.train?.(work, mnist(), initial);
  await contender?.run();
  await contender?.accuracy?.();
  console.log((await import('../fresh/peak.js')).peakMemory());
}
process.exit();
