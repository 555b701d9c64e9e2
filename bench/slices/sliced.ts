/** A training in slices, beside one without: in Node and in a page alike. */
import { dataset } from 'neurite';
import { random } from '../data.js';
import { median } from '../measure.js';
import { network } from '../neurite.js';
import { type Training, trainings } from '../workloads.js';

/** What the slices of 8 ms were like. */
export interface Slices {
  /** The longest that the training says it blocked, in milliseconds. */
  readonly longestBlock: number;
  /** The longest between two turns of somebody else, in milliseconds. */
  readonly late: number;
  readonly samplesPerSecond: number;
  /** Of the samples a second of a training in slices of a second. */
  readonly share: number;
}

const rows = 12_800;

/** Turns of somebody else, as often as the event loop gives any; `stop` says how long the longest pause was. */
function heartbeat(): () => number {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    port2.postMessage(0);
  };
  port2.postMessage(0);
  return () => {
    port1.close();
    return longest;
  };
}

/** Trains T2's network for so many seconds, in slices of 8 ms and of a second in turn. */
export async function sliced(seconds: number): Promise<Slices> {
  const { x, y } = random(rows, 784, 10, 1);
  const data = dataset({ x, y });
  const net = network(trainings[1] as Training, 'auto');
  await net.fit(data, { epochs: 2, batchSize: 128 });
  const rates: Record<number, number[]> = { 8: [], 1000: [] };
  let longestBlock = 0;
  let late = 0;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    // Who listens takes time too: the rate is of a training that nobody listens to.
    for (const [budgetMs, listens] of [
      [8, true],
      [8, false],
      [1000, false],
    ] as const) {
      const stop = listens ? heartbeat() : undefined;
      const start = performance.now();
      const { epochs } = await net.fit(data, { epochs: 3, batchSize: 128, budgetMs });
      if (!listens) rates[budgetMs]?.push((3 * rows) / ((performance.now() - start) / 1000));
      if (budgetMs === 8) longestBlock = Math.max(longestBlock, 1000 * (epochs.at(-1)?.longestBlock as number));
      if (stop) late = Math.max(late, stop());
    }
  }
  const [inSlices, whole] = [median(rates[8] as number[]), median(rates[1000] as number[])];
  data.dispose();
  return { longestBlock, late, samplesPerSecond: inSlices, share: inSlices / whole };
}
