/**
 * npm run bench:audio: blocks of 128 samples through a network of two layers of 16 in the audio thread of Chromium and Firefox, as installed: how long
 * one takes, what it allocates, and whether any comes too late while parameters are swapped ten times a second. `-- 10` is the seconds of each part,
 * 60 without. It exits 1 where something does not hold.
 *
 * An audio thread has no clock but Date's. So a block is timed twice: by 40,000 in a row before anything plays, and each by itself while it plays and
 * parameters are swapped, by Chromium's trace of its own calls.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Cost, Told } from './audio/messages.js';
import { type Installed, installed } from './browser/browsers.js';
import { type Allocation, DevTools } from './browser/devTools.js';
import { session } from './browser/session.js';
import { secondsOf } from './options.js';

const seconds = secondsOf('bench:audio', 60);

/** The most of a block's time, 128 samples at 48 kHz in µs, that a network may take. */
const [SHARE, TIME] = [0.1, (128 * 1e6) / 48_000];

/** What Chromium calls a processor's `process` in its trace. */
const TRACED = { category: 'disabled-by-default-audio-worklet', name: 'AudioWorkletProcessor::Process (author script execution)' };

/** What V8 calls the processor's `process`, in which all of a block happens, in its profile of allocations. */
const PROCESS = 'process';

const folder = fileURLToPath(new URL('audio/', import.meta.url));

/** A line of the table. */
interface Row {
  readonly measured: string;
  readonly expected: string;
  readonly holds: boolean | '';
}

/** What is so of the sorted numbers' share: 0.5 is the median. */
function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** What a browser tells, line by line. */
class Table {
  readonly rows: Record<string, Row> = {};

  #add(name: string, measured: string, expected = '', holds: boolean | '' = ''): void {
    this.rows[name] = { measured, expected, holds };
    if (holds === false) process.exitCode = 1;
  }

  #time(name: string, µs: number, digits: number): void {
    const share = µs / TIME;
    this.#add(name, `${µs.toFixed(digits)} µs, ${(100 * share).toFixed(2)} %`, `≤ ${100 * SHARE} % of ${TIME.toFixed(0)} µs`, share <= SHARE);
  }

  costs(costs: readonly Cost[]): void {
    const median = (what: keyof Cost) =>
      quantile(
        costs.map((cost) => cost[what]),
        0.5,
      );
    this.#time('a block, 40,000 in a row: median', median('block'), 2);
    this.#add('update(parameters): median', `${median('update').toFixed(2)} µs`);
  }

  /** @param times microseconds of each block */
  times(times: readonly number[]): void {
    const at = (share: number) => quantile(times, share);
    this.#time(`a block as it plays (${times.length}): median`, at(0.5), 0);
    this.#time('a block as it plays: p99', at(0.99), 0);
    this.#add('a block as it plays: longest', `${at(1).toFixed(0)} µs`);
  }

  /**
   * @param heap bytes in use in the audio thread, second by second: none where the browser does not tell
   * @param allocations each that the thread made
   */
  part({ phase, seen, underruns }: Extract<Told, { what: 'ends' }>, heap: readonly number[], allocations?: readonly Allocation[]): void {
    const { blocks, gaps, swaps } = seen;
    const name = (what: string) => `${phase}: ${what}`;
    this.#add(name('blocks'), `${blocks} in ${((blocks * TIME) / 1e6).toFixed(1)} s${swaps > 0 ? `, ${swaps} swaps` : ''}`);
    this.#add(name('blocks left out'), String(gaps), '0', gaps === 0);
    // Dropouts: buffers that were not there when the sound device asked for them. Chromium counts them.
    if (underruns === undefined) this.#add(name('dropouts'), 'not told');
    else this.#add(name('dropouts'), String(underruns), '0', underruns === 0);
    if (!allocations || heap.length < 2) return this.#add(name('allocated by blocks'), 'not told');
    const bytesOf = (of: readonly Allocation[]) => of.reduce((sum, { bytes }) => sum + bytes, 0);
    const inBlocks = bytesOf(allocations.filter(({ stack }) => stack.includes(PROCESS)));
    // The smallest object takes 8 bytes: below 1 a block, what is left are the engine's compilations of `process`, two or three in a minute.
    const perBlock = inBlocks / blocks;
    this.#add(name('allocated by blocks'), `${inBlocks} bytes, ${perBlock.toFixed(2)} each`, '< 1 each', perBlock < 1);
    const byMessages = bytesOf(allocations.filter(({ stack }) => stack[0]?.includes('onmessage')));
    // A message is an event and an array, which the browser allocates before any of the page's code runs. A profile without them saw nothing.
    if (swaps > 0) this.#add(name('allocated by messages'), `${(byMessages / swaps).toFixed(0)} bytes each`, "> 0, the browser's", byMessages > 0);
    const grown = heap.slice(1).map((bytes, i) => bytes - (heap[i] as number));
    const [quiet, collections] = [grown.filter((bytes) => bytes === 0).length, grown.filter((bytes) => bytes < 0).length];
    this.#add(name('heap of the thread'), `+0 bytes in ${quiet} of ${grown.length} s, less in ${collections}`);
  }
}

/** Opens the page in a browser and prints what it tells. */
async function measure(browser: Installed): Promise<void> {
  const load = loadavg()[0] as number;
  const isChromium = browser.name === 'Chromium';
  let tools: DevTools | undefined;
  const table = new Table();
  let isSilent = false;
  let heap: number[] = [];
  const look = async () => {
    const bytes = await tools?.heapOf('worklet');
    if (bytes !== undefined) heap.push(bytes);
  };
  const hear = async (told: Told) => {
    if (told.what === 'costs') table.costs(told.costs);
    else if (told.what === 'times begin') await tools?.trace(TRACED.category);
    else if (told.what === 'times end') {
      const times = await tools?.traced(TRACED.name);
      if (times) table.times(times);
    } else if (told.what === 'silent') isSilent = true;
    else if (told.what === 'settles') await tools?.collect('worklet');
    else if (told.what === 'begins') {
      heap = [];
      await tools?.watchAllocations('worklet');
      await look();
    } else if (told.what === 'goes on') await look();
    else if (told.what === 'ends') {
      table.part(told, heap, await tools?.allocations('worklet'));
    }
  };
  await session(browser, {
    query: { seconds: String(seconds), repetitions: '5' },
    page: readFileSync(join(folder, 'index.html'), 'utf8'),
    profile: { 'user.js': 'user_pref("media.autoplay.default", 0);\nuser_pref("media.autoplay.blocking_policy", 0);\n' },
    fileOf: (path) => join(folder, path),
    start(url, profile) {
      const own = isChromium ? ['--autoplay-policy=no-user-gesture-required', '--remote-debugging-pipe', 'about:blank'] : [url];
      const child = spawn(browser.command, [...browser.args(profile), ...own], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
      if (!isChromium) return { child };
      tools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);
      return { child, opened: tools.open(url) };
    },
    hear: (told) => hear(told as Told),
  });
  console.log(`\n${browser.version}, load before: ${load.toFixed(1)}`);
  console.table(table.rows);
  if (isSilent) console.log('Nothing was played: this browser finds no sound device.');
}

for (const browser of installed()) await measure(browser);
