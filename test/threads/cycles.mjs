/**
 * Starts threads and ends them again and again, each time with a network that trains on them. `node test/threads/cycles.mjs 100000` takes about an hour.
 * Prints the memory of the process as it goes, and exits 1 where it grew by more than 256 MiB after the first hundred; with `--expose-gc` it says what is held. Needs dist/.
 */
import { adam, crossEntropy, dense, sequential } from '../../dist/index.js';
import { threads } from '../../dist/threads.js';

const cycles = Number(process.argv[2] ?? 1000);
const x = new Float32Array(64 * 64).fill(0.5);
const y = new Uint8Array(64);
const mebibytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};
let first = 0;
let most = 0;
for (let i = 1; i <= cycles; i++) {
  const two = await threads(2);
  const net = sequential(64, [dense(256, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), threads: two });
  net.step(x, y);
  net.dispose();
  two.dispose();
  if (i % 100 !== 0) continue;
  const now = mebibytes();
  if (i === 100) first = now;
  most = Math.max(most, now);
  if (i % Math.ceil(cycles / 20 / 100) === 0 || i === cycles) console.log(`${i} cycles, ${now.toFixed(0)} MiB`);
}
if (first > 0 && most > first + 256) {
  console.log(`grew from ${first.toFixed(0)} to ${most.toFixed(0)} MiB`);
  process.exitCode = 1;
}
