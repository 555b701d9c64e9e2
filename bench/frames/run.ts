/**
 * npm run bench:frames: a page that animates beside T2's training in a worker, in Chromium and Firefox: the 95th percentile of its frames, and the
 * training's samples a second as a share of the same alone. `-- 20` is the seconds of each. It exits 1 above 20 ms or below 95 %.
 */
import { loadavg } from 'node:os';
import { installed } from '../browser/browsers.js';
import { pageOf } from '../browser/pages.js';
import { session } from '../browser/session.js';
import { secondsOf } from '../options.js';
import type { Frames } from './page.js';

const seconds = secondsOf('bench:frames', 20);

/** A frame of 60 a second and its jitter; what a training may lose. */
const [MOST_MS, LEAST_SHARE] = [20, 0.95];

const rows: object[] = [];
for (const browser of installed()) {
  const load = (loadavg()[0] as number).toFixed(1);
  const { p95, longest, frames, alone, beside, share, updates } = await session<Frames>(browser, {
    ...pageOf('frames/page.js'),
    query: { seconds: String(seconds) },
  });
  const rate = (value: number) => Math.round(value).toLocaleString('en');
  const ok = p95 <= MOST_MS && share >= LEAST_SHARE;
  rows.push({
    browser: browser.version,
    frames,
    'p95 ms': p95.toFixed(1),
    'longest ms': longest.toFixed(1),
    'samples/s beside': rate(beside),
    'samples/s alone': rate(alone),
    share: `${(100 * share).toFixed(1)} %`,
    'weights/s': updates.toFixed(0),
    'load before': load,
    holds: ok,
  });
  if (!ok) process.exitCode = 1;
}
console.table(rows);
console.log(`expected: 95 % of the frames within ${MOST_MS} ms, and a share of at least ${100 * LEAST_SHARE} %`);
