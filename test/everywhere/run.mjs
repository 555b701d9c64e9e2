/**
 * npm run test:everywhere: packs the package, installs the tarball in fresh projects, and runs one program in every host that rows/ lists. Prints
 * a table, and keeps that of a whole run as docs/compatibility.md. Exits 1 where a row fails.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { closeAll } from './browser.mjs';
import { pack, root } from './project.mjs';
import { rowMakers } from './rows.mjs';
import { compatibility, table } from './table.mjs';

const USAGE = `npm run test:everywhere -- [options]
  --only TEXT   the rows whose host or way has it; several times, or with commas, for more of them
  --ci          the rows that the continuous integration runs
  --list        prints the rows and runs none
  --keep        leaves the projects where they are, and says where
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    ci: { type: 'boolean' },
    list: { type: 'boolean' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}

const only = (values.only ?? []).flatMap((texts) => texts.toLowerCase().split(','));
const isChosen = ({ host, way, ci }) =>
  (!values.ci || ci) && (only.length === 0 || only.some((text) => `${host}, ${way}`.toLowerCase().includes(text)));

/** Each row with what makes it again for a folder of its own. */
const listed = (await rowMakers()).flatMap((make) => make({}).map((row, index) => ({ row, make: (context) => make(context)[index] })));
const chosen = listed.filter(({ row }) => isChosen(row));
if (chosen.length === 0) {
  console.error('no such row: --list lists them');
  process.exit(1);
}
if (values.list) {
  for (const { row } of chosen) console.log(`${row.host}: ${row.way}`);
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), 'neurite-everywhere-'));
const shared = join(folder, 'shared');
mkdirSync(shared);

/** What a call gives, or the error, in time. */
async function inTime(seconds, call) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A reason in a cell of the table: what the error says, cut where it gets long. */
function reason(error) {
  const text = String(error?.message ?? error)
    .replace(/\s+/g, ' ')
    .replaceAll(folder, '')
    .replaceAll(root, '')
    .trim();
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

async function runRow({ make }, index, tarball) {
  const own = join(folder, `row${index}`);
  mkdirSync(own);
  const row = make({ tarball, folder: own, shared });
  const began = performance.now();
  let [version, result, error] = ['', 'passed', undefined];
  try {
    version = await row.version();
    await inTime(row.seconds ?? 240, row.run);
    // Where it was installed by running it, only now is its version known.
    version ||= await row.version();
  } catch (thrown) {
    error = thrown;
    result = reason(thrown);
  }
  const { host, way } = row;
  console.log(`${result === 'passed' ? '✓' : '✗'} ${host} ${version}: ${way} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  if (error)
    console.log(
      String(error.message ?? error)
        .replace(/^/gm, '    ')
        .slice(0, 4000),
    );
  if (!values.keep) rmSync(own, { recursive: true, force: true, maxRetries: 5 });
  return { host, way, version, result };
}

const rows = [];
try {
  const tarball = pack(folder);
  for (const [index, each] of chosen.entries()) rows.push(await runRow(each, index, tarball));
} finally {
  await closeAll();
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

console.log(`\n${table(rows)}\n`);
const failed = rows.filter(({ result }) => result !== 'passed').length;
console.log(`${rows.length - failed} rows passed, ${failed} failed`);
if (chosen.length === listed.length) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(root, 'docs/compatibility.md'), compatibility({ date: new Date().toISOString().slice(0, 10), version, rows }));
}
process.exit(failed > 0 ? 1 : 0);
