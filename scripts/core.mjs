/**
 * Compiles assembly/ into build/core.wasm, build/core.relaxed.wasm and build/core.debug.wasm, marks the first two with their version and embeds
 * them into src/core. Compiles assembly/int8 into build/int8.wasm and embeds it into src/int8.
 * The same for threads, build/core.threads*.wasm, which are embedded into src/threads.
 * Derives the tables of ops too (tables.mjs).
 * With `--debug`, compiles the debug build and int8 alone, which is all that the fast tests run on. Does nothing when neither the sources nor the
 * results have changed since the last time. Silent, except for the compiler's own words on stderr.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { embed, embedInt8 } from './embed.mjs';
import { mark } from './mark.mjs';
import { unfuse } from './unfuse.mjs';
import './tables.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const embedded = ['src/core/binaries.generated.ts', 'src/threads/binaries.generated.ts'];
/** What a binary for threads is compiled with besides: more exports, and a memory that is shared, of which each instance is given the same. */
const SHARED = ['assembly/threads.ts', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'];
/** What is made, and the file that says of which sources. */
const int8 = { stamp: 'build/int8.stamp', targets: ['int8'], results: ['build/int8.wasm', 'src/int8/binary.generated.ts'] };
const debug = {
  stamp: 'build/core.debug.stamp',
  targets: ['debug', 'threads-debug'],
  results: ['build/core.debug.wasm', 'build/core.threads.debug.wasm'],
};
const release = {
  stamp: 'build/core.stamp',
  targets: ['release', 'relaxed', 'threads', 'threads-relaxed'],
  results: ['build/core.wasm', 'build/core.relaxed.wasm', 'build/core.threads.wasm', 'build/core.threads.relaxed.wasm', ...embedded],
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
    'node_modules/assemblyscript/package.json',
    'scripts/embed.mjs',
    'scripts/mark.mjs',
    'scripts/unfuse.mjs',
    ...files.map((file) => `assembly/${file}`).sort(),
  ]);
}

function compile(target) {
  const options = target === 'int8' ? ['--config', 'int8.asconfig.json'] : ['--target', target];
  return new Promise((resolve, reject) => {
    const shared = target.startsWith('threads') ? SHARED : [];
    const child = spawn(process.execPath, ['node_modules/assemblyscript/bin/asc.js', ...shared, ...options], {
      stdio: ['ignore', process.stderr, process.stderr],
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`asc ${options.join(' ')} failed`))));
  });
}

const before = sources();
const isOld = ({ stamp, results }) => !existsSync(stamp) || readFileSync(stamp, 'utf8') !== `${before} ${digest(results)}`;
// The sources import what is embedded, be it of an earlier time.
const wanted = process.argv.includes('--debug') && embedded.every(existsSync) ? [debug, int8] : [debug, int8, release];
const old = wanted.filter(isOld);
if (old.length > 0) {
  mkdirSync('build', { recursive: true });
  const outcomes = await Promise.allSettled(old.flatMap(({ targets }) => targets).map(compile));
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
  for (const { stamp, results } of old) writeFileSync(stamp, `${before} ${digest(results)}`);
}
