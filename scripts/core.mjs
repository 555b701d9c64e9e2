/**
 * Compiles assembly/ into build/core.wasm, build/core.relaxed.wasm and build/core.debug.wasm, marks the first two with their version and embeds
 * them into src/core. Compiles assembly/int8 into build/int8.wasm and embeds it into src/int8; and assembly/population into build/population.wasm and
 * build/population.relaxed.wasm, embedded into src/population.
 * Derives the tables of ops too (tables.mjs).
 * With `--debug`, compiles the debug build and int8 alone, which is all that the fast tests run on. Does nothing when neither the sources nor the
 * results have changed since the last time. Silent, except for the compiler's own words on stderr.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { embed, embedInt8 } from './embed.mjs';
import { embedPopulation } from './embedPopulation.mjs';
import { mark } from './mark.mjs';
import { unfuse } from './unfuse.mjs';
import './tables.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const embedded = 'src/core/binaries.generated.ts';
const embeddedPopulation = 'src/population/binaries.generated.ts';
/** What is made, and the file that says of which sources. */
const int8 = { stamp: 'build/int8.stamp', targets: ['int8'], results: ['build/int8.wasm', 'src/int8/binary.generated.ts'] };
const debug = { stamp: 'build/core.debug.stamp', targets: ['debug'], results: ['build/core.debug.wasm'] };
const release = {
  stamp: 'build/core.stamp',
  targets: ['release', 'relaxed'],
  results: ['build/core.wasm', 'build/core.relaxed.wasm', embedded],
};
const population = {
  stamp: 'build/population.stamp',
  targets: ['simd', 'relaxed'],
  config: 'asconfig.population.json',
  results: ['build/population.wasm', 'build/population.relaxed.wasm', embeddedPopulation],
};

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`\0${file}\0`).update(existsSync(file) ? readFileSync(file) : '');
  return hash.digest('hex');
}

function sources() {
  const files = readdirSync('assembly', { recursive: true }).filter((file) => file.endsWith('.ts'));
  return digest([
    'asconfig.json',
    'int8.asconfig.json',
    'asconfig.population.json',
    'node_modules/assemblyscript/package.json',
    'scripts/embed.mjs',
    'scripts/embedPopulation.mjs',
    'scripts/mark.mjs',
    'scripts/unfuse.mjs',
    ...files.map((file) => `assembly/${file}`).sort(),
  ]);
}

function compile(target, config) {
  const options = target === 'int8' ? ['--config', 'int8.asconfig.json'] : ['--config', config, '--target', target];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['node_modules/assemblyscript/bin/asc.js', ...options], {
      stdio: ['ignore', process.stderr, process.stderr],
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`asc ${options.join(' ')} failed`))));
  });
}

const before = sources();
const isOld = ({ stamp, results }) => !existsSync(stamp) || readFileSync(stamp, 'utf8') !== `${before} ${digest(results)}`;
// The sources import what is embedded, be it of an earlier time.
const isEmbedded = [embedded, embeddedPopulation].every((file) => existsSync(file));
const wanted = process.argv.includes('--debug') && isEmbedded ? [debug, int8] : [debug, int8, release, population];
const old = wanted.filter(isOld);
if (old.length > 0) {
  mkdirSync('build', { recursive: true });
  const outcomes = await Promise.allSettled(old.flatMap(({ targets, config = 'asconfig.json' }) => targets.map((target) => compile(target, config))));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0) {
    for (const { reason } of failed) console.error(reason.message);
    process.exit(1);
  }
  if (old.includes(release)) {
    const baseline = unfuse(readFileSync('build/core.wasm'));
    if (!WebAssembly.validate(baseline)) throw new Error('build/core.wasm is no binary without its multiply-adds');
    writeFileSync('build/core.wasm', baseline);
    embed(mark());
  }
  if (old.includes(int8)) embedInt8();
  if (old.includes(population)) embedPopulation();
  for (const { stamp, results } of old) writeFileSync(stamp, `${before} ${digest(results)}`);
}
