/**
 * npm run bench:frames: a page that animates beside T2's training in a worker, in Chromium and Firefox: the 95th percentile of its frames, and the
 * training's samples a second as a share of the same alone. `-- 20` is the seconds of each. It exits 1 above 20 ms or below 95 %.
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { type Browser, browsers, find } from '../browser/browsers.js';
import { session } from '../browser/session.js';
import { root } from '../history.js';
import type { Frames } from './page.js';

const seconds = Number(process.argv[2] ?? 20);

/** A frame of 60 a second and its jitter; what a training may lose. */
const [MOST_MS, LEAST_SHARE] = [20, 0.95];

const page = `<!doctype html>
<meta charset="utf-8">
<title>frames</title>
<script type="importmap">{ "imports": { "neurite": "/dist/index.js", "neurite/worker": "/dist/worker.js" } }</script>
<script type="module" src="/build/bench/frames/page.js"></script>
`;

/** What a page in a browser measures. */
function measure(browser: Browser, command: string): Promise<Frames> {
  return session<Frames>(browser, command, {
    query: { seconds: String(seconds) },
    page,
    fileOf: (path) => (/^\/(dist|build\/bench)\/[\w./]+$/.test(path) ? join(root, path) : undefined),
    hear(told) {
      const { frames, error } = told as { frames?: Frames; error?: string };
      return frames ? { done: frames } : { error: error ?? 'it told nothing' };
    },
  });
}

const rows: object[] = [];
for (const browser of browsers) {
  const found = find(browser);
  if (!found) {
    console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
    continue;
  }
  const load = (loadavg()[0] as number).toFixed(1);
  const { p95, longest, frames, alone, beside, share, updates } = await measure(browser, found.command);
  const rate = (value: number) => Math.round(value).toLocaleString('en');
  const ok = p95 <= MOST_MS && share >= LEAST_SHARE;
  rows.push({
    browser: found.version,
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
