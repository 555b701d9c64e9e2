/**
 * Builds the package into dist/ and compiles examples/ and bench/ into build/, module by module, where they import the package as a user
 * does. Silent.
 *
 * dist/ has a module and declarations for each entry of package.json, and what the entries share, once, in dist/shared/. Beside each is the same for
 * CommonJS. Nothing of it is minified: users' bundlers do that, and a stack trace shows a line that can be read. dist/neurite.iife.js is all of
 * `neurite` for a plain <script>, minified. check/, worker/ and so on hold a package.json each, which names the files in dist/.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    .filter(([, conditions]) => conditions.require)
    .map(([entry]) => (entry === '.' ? ['index', 'src/index.ts'] : [entry.slice(2), `src/${entry.slice(2)}/index.ts`])),
);

/**
 * What the entries share. A bundler leaves out a module that nothing is imported from, but keeps what a needed one does at its top level: so what
 * makes a graph is apart from what runs it. Schedules are with what makes a graph, but for one that needs what watches a training. No more modules than that: each costs a Node process about half a millisecond to find and read.
 */
const groups = [
  // The text of the binaries is at its very beginning: gzip packs text and code each better by themselves.
  {
    name: 'graph',
    test: /src\/(core\/binaries|errors|(arguments|graph|ops|layers|losses|optimizers)\/(?!values\.generated)|training\/schedules\/(?!reduceOnPlateau))/,
  },
  { name: 'network', test: /src\/(core\/(?!workerd|edgeLight|binaries)|(compile|engine|data|training|network|files)\/)|assembly\/context/ },
  // What neurite/check shares with the entries that it is made of.
  { name: 'derivatives', test: /src\/derivatives\/(?!index)/ },
  { name: 'graphView', test: /src\/inspect\/graph/ },
];

// The maps hold the sources with their comments: the package has no src/. Annotations tell bundlers which calls they may leave out.
const comments = { annotation: true, jsdoc: false, legal: false };

/** The entries that import a binary statically: all of `neurite`, with that binary. */
const edge = { workerd: 'src/core/workerd.ts', 'edge-light': 'src/core/edgeLight.ts' };

rmSync('dist', { recursive: true, force: true });
// The script of a worker: all of neurite in one file, which neurite/worker has in it as text, so that no bundler has to find it.
await build({ input: 'src/worker/main.ts', platform: 'neutral', transform, output: { file: 'dist/worker/host.js', format: 'iife', minify: true } });
const shipped = { ...transform, define: { NEURITE_WORKER_SCRIPT: JSON.stringify(readFileSync('dist/worker/host.js', 'utf8')) } };
await build({
  input: { ...input, ...edge },
  platform: 'neutral',
  external: /\.wasm(\?module)?$/,
  makeAbsoluteExternalsRelative: false,
  transform: shipped,
  output: {
    dir: 'dist',
    format: 'esm',
    chunkFileNames: 'shared/[name].js',
    codeSplitting: { groups },
    comments,
    sourcemap: true,
    footer: ({ name }) => (name in edge ? "export * from './index.js';" : ''),
  },
});
await build({
  input,
  platform: 'neutral',
  transform: shipped,
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'shared/[name].cjs',
    codeSplitting: { groups },
    banner: "'use strict';",
    comments,
  },
});
await build({
  input: input.index,
  platform: 'neutral',
  transform,
  output: { file: 'dist/neurite.iife.js', format: 'iife', name: 'neurite', minify: true },
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
// Plain ASCII: Node decodes it faster, and V8 keeps any other text in two bytes a character.
for (const file of readdirSync('dist', { recursive: true }).filter((name) => /\.c?js$/.test(name))) {
  const text = readFileSync(`dist/${file}`, 'utf8');
  writeFileSync(
    `dist/${file}`,
    text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
// What CommonJS has is declared once more: TypeScript knows the kind of a module by its file's name.
for (const file of readdirSync('dist', { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
  const text = readFileSync(`dist/${file}`, 'utf8').replace(
    /(from|import\() ?(["']\.[^"']*)\.js(["'])/g,
    (_, word, path, quote) => `${word} ${path}.cjs${quote}`,
  );
  writeFileSync(`dist/${file.replace(/\.d\.ts$/, '.d.cts')}`, text);
}
// Resolvers that read no `exports` (Parcel, TypeScript's node10) look for a folder of that name.
for (const entry of Object.keys(input).filter((name) => name !== 'index')) {
  const dist = `../dist/${entry}`;
  mkdirSync(entry, { recursive: true });
  writeFileSync(
    `${entry}/package.json`,
    `${JSON.stringify({ main: `${dist}.cjs`, module: `${dist}.js`, types: `${dist}.d.ts`, sideEffects: false }, null, 2)}\n`,
  );
}
for (const binary of ['core.wasm', 'core.relaxed.wasm']) {
  copyFileSync(`build/${binary}`, `dist/${binary}`);
  writeFileSync(
    `dist/${binary}.d.ts`,
    `/** A WebAssembly.Module, where the host imports \`.wasm\` files as modules: \`await initialize({ module })\`. */
declare const module: typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object;
export default module;
`,
  );
}

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
