/** The hosts of `npm run test:engines`: what each is, where it is installed, and how it runs the program. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, firefox, serve, webkit } from '../everywhere/browser.mjs';
import { BEGIN, END } from './bundle.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A command that prints what the program gives. */
async function printed(command, args, cwd) {
  const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: 240_000, maxBuffer: 2 ** 24, env: { ...process.env, NO_COLOR: '1' } });
  const [begin, end] = [stdout.indexOf(BEGIN), stdout.indexOf(END)];
  if (begin < 0 || end < 0) throw new Error(`printed no hashes, but ${JSON.stringify(stdout.slice(0, 200))}`);
  return JSON.parse(stdout.slice(begin + BEGIN.length, end));
}

/** A runtime that is one binary of an npm package, in a folder of .ci with a lockfile. */
function runtime({ name, folder, binary, args = [], ci = false }) {
  const path = join(root, '.ci', folder, 'node_modules', binary);
  return {
    name,
    ci,
    install: `.ci/${folder}`,
    isInstalled: () => existsSync(path),
    version: () => /\d+\.\d+\.\d+/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))[0],
    run: (built) => printed(path, [...args, 'main.js'], built),
  };
}

/** @param kind of the browser's engine, of test/everywhere/browser.mjs */
function browser(kind) {
  return {
    name: kind.name,
    ci: false,
    isInstalled: () => true,
    // Says what to install where it is not.
    version: () => kind.version().version,
    async run(built) {
      const page = `<!doctype html>
<meta charset="utf-8">
<title>neurite engines</title>
<script type="module">
  const tell = (message) => parent.postMessage(message, '*');
  try {
    const { program } = await import('/program.js');
    tell({ trained: await program() });
  } catch (error) {
    tell({ error: String(error && error.stack || error) });
  }
</script>
`;
      const { url, close } = await serve(built, { '/index.html': page });
      try {
        return (await kind.show(`${url}/`, 240)).trained;
      } finally {
        close();
      }
    },
  };
}

const workerd = {
  name: 'workerd',
  ci: true,
  install: '.ci/workerd',
  isInstalled: () => existsSync(join(root, '.ci/workerd/node_modules/miniflare/package.json')),
  version: () => JSON.parse(readFileSync(join(root, '.ci/workerd/node_modules/workerd/package.json'), 'utf8')).version,
  async run(built) {
    const require = createRequire(join(root, '.ci/workerd/package.json'));
    const { Miniflare } = require('miniflare');
    const module = (path, type = 'ESModule') => ({ type, path, contents: readFileSync(join(built, path)) });
    const host = new Miniflare({
      modules: [module('edge.js'), module('edgeProgram.js'), module('core.wasm', 'CompiledWasm')],
      modulesRoot: '/',
      compatibilityDate: '2026-01-01',
    });
    try {
      const response = await host.dispatchFetch('http://localhost/');
      if (!response.ok) throw new Error((await response.text()).slice(0, 400));
      return await response.json();
    } finally {
      await host.dispose();
    }
  },
};

const node = (major) => runtime({ name: `Node ${major}`, folder: 'nodes', binary: `node${major}/bin/node`, ci: true });

export const hosts = [
  ...[20, 22, 24, 26].map(node),
  runtime({ name: 'Bun', folder: 'bun', binary: 'bun/bin/bun', args: ['run'] }),
  runtime({ name: 'Deno', folder: 'deno', binary: 'deno/deno', args: ['run', '--no-config', '--no-lock'] }),
  workerd,
  browser(chromium),
  browser(firefox),
  browser(webkit),
];
