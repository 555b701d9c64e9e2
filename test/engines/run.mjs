/**
 * npm run test:engines: trains the four networks of networks.ts in every engine, and compares SHA-256 of their parameters and of the optimizer's
 * state after 1, 10, 100 and 1,000 steps with golden.json. Prints a table. Exits 1 where a hash differs or a host did not run.
 *
 * `npm run test:engines -- --golden` writes golden.json by this Node, and does nothing else.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { closeAll } from '../everywhere/browser.mjs';
import { bundle } from './bundle.mjs';
import { differences } from './differences.mjs';
import { hosts } from './hosts.mjs';

const USAGE = `npm run test:engines -- [options]
  --ci          Node and workerd alone, which the continuous integration runs
  --only TEXT   the hosts whose name has it; several times for more of them
  --golden      writes test/engines/golden.json by this Node, after a change that is meant to change bits
`;

const { values } = parseArgs({
  options: { ci: { type: 'boolean' }, only: { type: 'string', multiple: true }, golden: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const goldenFile = fileURLToPath(new URL('golden.json', import.meta.url));
const built = await bundle();

if (values.golden) {
  const { program } = await import(pathToFileURL(join(built, 'program.js')).href);
  writeFileSync(goldenFile, `${JSON.stringify(await program(), null, 2)}\n`);
  console.log(`wrote test/engines/golden.json by Node ${process.versions.node}`);
  process.exit();
}

const golden = JSON.parse(readFileSync(goldenFile, 'utf8'));
const trainings = Object.keys(golden);
const isChosen = ({ name, ci }) =>
  (!values.ci || ci) && (!values.only || values.only.some((text) => name.toLowerCase().includes(text.toLowerCase())));
const chosen = hosts.filter(isChosen);
if (chosen.length === 0) {
  console.error(`no such host; there are ${hosts.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

/** Installs what the lockfile of a host's folder says, where it is not there yet. */
function install({ install: folder, isInstalled }) {
  if (isInstalled()) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
}

const firstLine = (text) => text.trim().split('\n')[0];

async function resultOf(host) {
  const began = performance.now();
  let version = '';
  try {
    install(host);
    version = host.version();
    const found = differences(golden, await host.run(built));
    const cells = trainings.map((name) => found.find(({ training }) => training === name)?.what ?? 'equal');
    return { version, cells, found, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    return { version, cells: trainings.map(() => 'not run'), reason: String(error?.message ?? error), seconds: (performance.now() - began) / 1000 };
  }
}

const rows = [];
try {
  for (const host of chosen) {
    const result = await resultOf(host);
    rows.push({ host: host.name, ...result });
    const state = result.reason ? `not run: ${firstLine(result.reason)}` : result.found.length > 0 ? `${result.found.length} hashes differ` : 'equal';
    console.log(`${host.name} ${result.version}: ${state} (${result.seconds.toFixed(1)} s)`);
  }
} finally {
  await closeAll();
}

const head = ['host', 'version', ...trainings];
const lines = [head, ...rows.map(({ host, version, cells }) => [host, version, ...cells])];
const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
console.log('');
for (const line of lines)
  console.log(
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );

const left = rows.filter(({ reason }) => reason);
const differing = rows.filter(({ found }) => found?.length > 0);
for (const { host, found } of differing) {
  console.log(`\n${host} differs from golden.json:`);
  for (const { training, step, of, came, expected } of found) console.log(`  ${training}, step ${step}, ${of}: ${came}, expected ${expected}`);
}
for (const { host, reason } of left) console.log(`\n${host} did not run: ${reason}`);
console.log(`\n${rows.length - left.length - differing.length} hosts equal, ${differing.length} differ, ${left.length} not run`);
process.exit(differing.length + left.length > 0 ? 1 : 0);
