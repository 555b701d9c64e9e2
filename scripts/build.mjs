/**
 * Builds the package into dist/ and compiles examples/ and bench/ into build/, module by module, where they import the package as a user
 * does. Silent.
 *
 * dist/ has a module and declarations for each entry of package.json, and what the entries share, once, in dist/shared/. Nothing is minified:
 * users' bundlers do that, and a stack trace shows a line that can be read.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { buildPage, pagesIn } from './pages.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// An enum's value stands where it is used: its table is then in no bundle that reads no names from it.
const transform = { target: 'es2022', typescript: { optimizeEnums: true } };

/** The entries of package.json that are modules: `derivatives` is src/derivatives/index.ts, `.` is src/index.ts. */
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const input = Object.fromEntries(
  Object.entries(exports)
    .filter(([, conditions]) => conditions.types)
    .map(([entry]) => (entry === '.' ? ['index', 'src/index.ts'] : [entry.slice(2), `src/${entry.slice(2)}/index.ts`])),
);

/**
 * What the entries share. A bundler leaves out a module that nothing is imported from, but keeps what a needed one does at its top level: so what
 * makes a graph is apart from what runs it. No more modules than that: each costs a Node process about half a millisecond to find and read.
 */
const groups = [
  { name: 'graph', test: /src\/(errors|(arguments|graph|ops|layers|losses|optimizers)\/|training\/schedules)|assembly\/opcodes/ },
  { name: 'network', test: /src\/(core|compile|engine|data|training|network|files)\/|assembly\/context/ },
  // What neurite/check shares with the entries that it is made of.
  { name: 'derivatives', test: /src\/derivatives\/(?!index)/ },
  { name: 'graphView', test: /src\/inspect\/graph/ },
];

rmSync('dist', { recursive: true, force: true });
await build({
  input,
  platform: 'neutral',
  transform,
  output: {
    dir: 'dist',
    format: 'esm',
    chunkFileNames: 'shared/[name].js',
    codeSplitting: { groups },
    // The maps hold the sources with their comments: the package has no src/. Annotations tell bundlers which calls they may leave out.
    comments: { annotation: true, jsdoc: false, legal: false },
    sourcemap: true,
  },
});
await build({
  input,
  platform: 'neutral',
  checks: { pluginTimings: false },
  plugins: [dts({ emitDtsOnly: true, tsconfig: 'tsconfig.build.json' })],
  output: {
    dir: 'dist',
    format: 'esm',
    chunkFileNames: 'shared/[name].js',
    // For Symbol.dispose, whatever library a user compiles with.
    banner: '/// <reference lib="esnext.disposable" preserve="true" />',
  },
});
for (const binary of ['core.wasm', 'core.relaxed.wasm']) copyFileSync(`build/${binary}`, `dist/${binary}`);

for (const room of ['examples', 'bench']) {
  rmSync(`build/${room}`, { recursive: true, force: true });
  const files = existsSync(room) ? readdirSync(room, { recursive: true }) : [];
  const pages = pagesIn(room);
  // bench/peers has packages of its own, some with their sources
  const input = files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.includes('node_modules') && !pages.includes(file.split('/')[0]));
  if (input.length === 0) continue;
  await build({
    input: input.map((file) => `${room}/${file}`),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith(`${room}/`) && !id.startsWith('/'),
    transform,
    output: { dir: `build/${room}`, format: 'esm', preserveModules: true, preserveModulesRoot: room },
  });
  for (const page of pages) await buildPage(room, page, transform);
}
