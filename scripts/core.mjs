/**
 * Compiles assembly/ into build/core.wasm, build/core.relaxed.wasm and build/core.debug.wasm, marks the first two with their version and embeds
 * them into src/core. Compiles assembly/int8, assembly/population and, for threads, the core with a shared memory
 * as well, and embeds them into src/int8, src/population and src/threads.
 * Derives the tables of ops too (tables.mjs).
 * With `--debug`, compiles the debug builds and what is as small, which is all that the fast tests run on. Does nothing when neither the sources nor
 * the results have changed since the last time. Silent, except for the compiler's own words on stderr.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { embed, embedInt8, embedThreads } from './embed.mjs';
import { embedPopulation } from './embedPopulation.mjs';
import { mark } from './mark.mjs';
import { unfuse } from './unfuse.mjs';
import './tables.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
/** What is made: the file that says of which sources, what the compiler is told, the results, and what is done with what it compiled. */
const debug = { stamp: 'build/core.debug.stamp', config: 'asconfig.json', targets: ['debug'], results: ['build/core.debug.wasm'], embed() {} };
const int8 = {
  stamp: 'build/int8.stamp',
  config: 'int8.asconfig.json',
  targets: ['release'],
  results: ['build/int8.wasm', 'src/int8/binary.generated.ts'],
  embed: embedInt8,
};
const release = {
  stamp: 'build/core.stamp',
  config: 'asconfig.json',
  targets: ['release', 'relaxed'],
  results: ['build/core.wasm', 'build/core.relaxed.wasm', 'src/core/binaries.generated.ts'],
  embed() {
    const baseline = unfuse(readFileSync('build/core.wasm'));
    if (!WebAssembly.validate(baseline)) throw new Error('build/core.wasm is no binary without its multiply-adds');
    writeFileSync('build/core.wasm', baseline);
    embed(mark());
  },
};
const population = {
  stamp: 'build/population.stamp',
  config: 'population.asconfig.json',
  targets: ['simd', 'relaxed'],
  results: ['build/population.wasm', 'build/population.relaxed.wasm', 'src/population/binaries.generated.ts'],
  // As steps from the core's: after it.
  embed: embedPopulation,
};
const debugPopulation = {
  stamp: 'build/population.debug.stamp',
  config: 'population.asconfig.json',
  targets: ['debug'],
  results: ['build/population.debug.wasm'],
  embed() {},
};
const threads = {
  stamp: 'build/threads.stamp',
  config: 'threads.asconfig.json',
  targets: ['release', 'relaxed'],
  results: ['build/core.threads.wasm', 'build/core.threads.relaxed.wasm', 'src/threads/binaries.generated.ts'],
  // As steps from the core's too.
  embed: embedThreads,
};
const debugThreads = {
  stamp: 'build/core.threads.debug.stamp',
  config: 'threads.asconfig.json',
  targets: ['debug'],
  results: ['build/core.threads.debug.wasm'],
  embed() {},
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
    'population.asconfig.json',
    'threads.asconfig.json',
    'node_modules/assemblyscript/package.json',
    'scripts/embed.mjs',
    'scripts/embedPopulation.mjs',
    'scripts/mark.mjs',
    'scripts/unfuse.mjs',
    ...files.map((file) => `assembly/${file}`).sort(),
  ]);
}

function compile(config, target) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['node_modules/assemblyscript/bin/asc.js', '--config', config, '--target', target], {
      stdio: ['ignore', process.stderr, process.stderr],
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`asc --config ${config} --target ${target} failed`))));
  });
}

const before = sources();
const isOld = ({ stamp, results }) => !existsSync(stamp) || readFileSync(stamp, 'utf8') !== `${before} ${digest(results)}`;
// The sources import what is embedded, be it of an earlier time.
const small = [debug, debugThreads, debugPopulation, int8];
const large = [release, population, threads];
const isEmbedded = large.every(({ results }) => results.every((file) => !file.startsWith('src/') || existsSync(file)));
const wanted = process.argv.includes('--debug') && isEmbedded ? small : [...small, ...large];
const old = wanted.filter(isOld);
if (old.length > 0) {
  mkdirSync('build', { recursive: true });
  const outcomes = await Promise.allSettled(old.flatMap(({ config, targets }) => targets.map((target) => compile(config, target))));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0) {
    for (const { reason } of failed) console.error(reason.message);
    process.exit(1);
  }
  for (const { embed } of old) embed();
  for (const { stamp, results } of old) writeFileSync(stamp, `${before} ${digest(results)}`);
}
