/**
 * npm run dev [vitest's arguments]: the fast tests, again and again as files change. A change of assembly/ compiles the debug build first,
 * and nothing else: its new binary runs the tests again. A definition that is new under src/ gets into its table, which does the same.
 */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeTables } from './tables.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** Milliseconds to wait for more changes: an editor that saves a file makes several. */
const PAUSE = 100;

const node = (...args) => spawn(process.execPath, args, { stdio: 'inherit' });

/** Compiles what changed; 0 where all went well, else the compiler has said why. */
const compile = () => new Promise((resolve) => node('scripts/core.mjs', '--debug').on('exit', resolve));

if ((await compile()) !== 0) console.error('dev: waiting for a change of assembly/');
let compiling = false;
let changed = false;
let timer;
async function recompile() {
  changed = true;
  if (compiling) return;
  compiling = true;
  while (changed) {
    changed = false;
    await compile();
  }
  compiling = false;
}
watch('assembly', { recursive: true }, () => {
  clearTimeout(timer);
  timer = setTimeout(recompile, PAUSE);
});
let tables;
watch('src', { recursive: true }, () => {
  clearTimeout(tables);
  // Writes what has changed: after that it has nothing to write.
  tables = setTimeout(writeTables, PAUSE);
});

const tests = node('node_modules/vitest/vitest.mjs', 'watch', '--config', 'vitest.fast.config.ts', ...process.argv.slice(2));
tests.on('exit', (code) => process.exit(code ?? 1));
