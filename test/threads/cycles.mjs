/**
 * Starts threads and ends them again and again, each time with a network that trains on them: `node --expose-gc test/threads/cycles.mjs 1000 2`, how
 * often and how many. Counts what is alive then: memories, the process's threads and its open files. Exits 1 where any of it is more than before. With a
 * third argument, `keep`, nothing is ended, which it has to notice. Needs dist/.
 */
import { readdirSync } from 'node:fs';
import { adam, crossEntropy, dense, sequential } from '../../dist/index.js';
import { threads } from '../../dist/threads.js';

const cycles = Number(process.argv[2] ?? 1000);
const count = Number(process.argv[3] ?? 2);
const kept = process.argv[4] === 'keep' ? [] : undefined;

const x = new Float32Array(64 * 64).fill(0.5);
const y = new Uint8Array(64);
let memories = 0;
let most = 0;
const collected = new FinalizationRegistry(() => memories--);

async function cycle() {
  const team = await threads(count);
  collected.register(team.coreFor('cycles').memory, undefined);
  most = Math.max(most, ++memories);
  const net = sequential(64, [dense(256, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), threads: team });
  net.step(x, y);
  net.parameters.fill(0);
  if (kept) return kept.push(team);
  net.dispose();
  team.dispose();
}

/** Of what Linux says about this process: elsewhere nothing. */
function entries(folder) {
  try {
    return readdirSync(`/proc/self/${folder}`).length;
  } catch {
    return 0;
  }
}

/** What is alive once all is collected that can be. */
async function living() {
  for (let i = 0; i < 10; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { memories, threads: entries('task'), files: entries('fd') };
}

const resident = () => `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`;

// What is made once and stays: the module, the workers' own machinery.
await cycle();
console.log(`${cycles} cycles of ${count}`);
const before = await living();
const began = performance.now();
for (let i = 1; i <= cycles; i++) {
  await cycle();
  if (i % Math.ceil(cycles / 10) === 0) console.log(`${i} cycles, ${((performance.now() - began) / i).toFixed(1)} ms each, ${resident()}`);
}
const after = await living();
console.log(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}, at most ${most} memories at once, ${resident()}`);
for (const [what, n] of Object.entries(after)) {
  if (n <= before[what]) continue;
  console.log(`${n - before[what]} ${what} are left`);
  process.exitCode = 1;
}
