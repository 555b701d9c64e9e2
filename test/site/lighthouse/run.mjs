/**
 * Lighthouse on the built site, its playground included: `npm run site:lighthouse`, on a machine that does nothing else. It is a package of its own, installed here on the first run.
 * Prints the median scores of one page of each kind over five loads, as Lighthouse advises (its docs/variability.md), and exits 1 where performance or accessibility is below 95.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '../../../scripts/serve.mjs';

const LEAST = 95;
/** Loads of a page, an odd number. */
const LOADS = 5;
const PAGES = ['index.html', 'guides/losses.html', 'lessons/s2.7.html', 'figures.html', 'playground/index.html'];
const here = fileURLToPath(new URL('.', import.meta.url));
const site = fileURLToPath(new URL('../../../build/site', import.meta.url));

if (!existsSync(site)) throw new Error(`${site} is not built: npm run docs`);
if (!existsSync(join(here, 'node_modules')))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', here], { stdio: ['ignore', 2, 2] });
const { default: lighthouse } = await import('lighthouse');

const profile = mkdtempSync(join(tmpdir(), 'neurite-lighthouse-'));
const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
const chromium = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
const port = await new Promise((resolve) => {
  chromium.stderr.on('data', (text) => {
    const [, found] = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(text) ?? [];
    if (found) resolve(Number(found));
  });
});
const { url, close } = await serve(site);
try {
  const given = process.argv.slice(2);
  for (const page of given.length > 0 ? given : PAGES) {
    const loads = [];
    for (let load = 0; load < LOADS; load++)
      loads.push((await lighthouse(url + page, { port, onlyCategories: ['performance', 'accessibility'], logLevel: 'error' })).lhr);
    const scoreOf = (lhr, category) => Math.round(100 * lhr.categories[category].score);
    loads.sort((a, b) => scoreOf(a, 'performance') - scoreOf(b, 'performance'));
    const lhr = loads[(LOADS - 1) / 2];
    const performance = scoreOf(lhr, 'performance');
    const accessibility = Math.min(...loads.map((one) => scoreOf(one, 'accessibility')));
    const times = ['first-contentful-paint', 'largest-contentful-paint', 'interactive', 'total-blocking-time', 'cumulative-layout-shift'];
    console.log(
      `${page}: performance ${performance} (${loads.map((one) => scoreOf(one, 'performance')).join(' ')}), accessibility ${accessibility} (${times.map((id) => `${id} ${lhr.audits[id].displayValue}`).join(', ')}; benchmark index ${Math.round(lhr.environment.benchmarkIndex)})`,
    );
    const failed = loads.flatMap((one) => one.categories.accessibility.auditRefs.map(({ id }) => one.audits[id])).filter(({ score }) => score === 0);
    for (const title of new Set(failed.map(({ title }) => title))) console.log(`  ${title}`);
    if (Math.min(performance, accessibility) < LEAST) process.exitCode = 1;
  }
} finally {
  close();
  chromium.kill();
  await wait(500);
  rmSync(profile, { recursive: true, force: true });
}
