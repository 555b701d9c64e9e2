/**
 * npm run bench:slices: how long a training in slices of 8 ms blocks the event loop, and what the slices cost, in Node and in browsers. T2's network and
 * batches, on numbers that are drawn. `-- 60` is the seconds of each part, 20 without.
 */
import { installed } from '../browser/browsers.js';
import { pageOf } from '../browser/pages.js';
import { session } from '../browser/session.js';
import { secondsOf } from '../options.js';
import { type Slices, sliced } from './sliced.js';

const seconds = secondsOf('bench:slices', 20);

function say(where: string, { longestBlock, late, share, samplesPerSecond }: Slices): void {
  console.log(
    `${where.padEnd(25)} longest block ${longestBlock.toFixed(1)} ms, by others' clocks ${late.toFixed(1)} ms; ${Math.round(samplesPerSecond).toLocaleString('en')} samples/s, ${(100 * share).toFixed(1)} % of a training in slices of a second`,
  );
}

say(`Node ${process.versions.node}`, await sliced(seconds));
for (const browser of installed())
  say(browser.version, await session<Slices>(browser, { ...pageOf('slices/page.js'), query: { seconds: String(seconds) } }));
