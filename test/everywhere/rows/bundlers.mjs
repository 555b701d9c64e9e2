/** Bundlers with the settings that they have by themselves: a production build, and what it made, in a page. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, serve, TELL } from '../browser.mjs';
import { here, pinned, project, run, whileServing } from '../project.mjs';

const NAMES = 'adam, crossEntropy, dense, load, NeuriteError, save, sequential';
const sources = {
  page: `import { ${NAMES} } from 'neurite';
import { program } from './program.mjs';

finish(program({ ${NAMES} }));
`,
  worker: `import { adam, crossEntropy, dense, sequential } from 'neurite';
import { inWorker } from 'neurite/worker';
import { programInWorker } from './programInWorker.mjs';

finish(programInWorker({ adam, crossEntropy, dense, sequential }, inWorker));
`,
};

const page = (src, type) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>neurite</title>
<script>${TELL}</script>
<script ${type ? `type="${type}" ` : ''}src="${src}"></script>
</html>
`;

/** Each with the command of its users, after `npx`; `entry` is the page where the bundler begins with it, `made` the script that it makes. */
const bundlers = [
  { host: 'Vite', folder: 'vite', package: 'vite', command: ['vite', 'build'], entry: '/src/index.js', ci: true },
  { host: 'webpack', folder: 'webpack', package: 'webpack', command: ['webpack', '--mode', 'production'], made: 'main.js', ci: true },
  { host: 'Rspack', folder: 'rspack', package: '@rspack/core', command: ['rspack', 'build', '--mode', 'production'], made: 'main.js' },
  {
    host: 'esbuild',
    folder: 'esbuild',
    package: 'esbuild',
    command: ['esbuild', 'src/index.js', '--bundle', '--minify', '--outdir=dist'],
    made: 'index.js',
  },
  {
    host: 'Rollup',
    folder: 'rollup',
    package: 'rollup',
    command: ['rollup', 'src/index.js', '--plugin', 'node-resolve', '--dir', 'dist'],
    made: 'index.js',
    type: 'module',
  },
  {
    host: 'Rolldown',
    folder: 'rolldown',
    package: 'rolldown',
    command: ['rolldown', 'src/index.js', '--dir', 'dist'],
    made: 'index.js',
    type: 'module',
  },
  { host: 'Parcel', folder: 'parcel', package: 'parcel', command: ['parcel', 'build', 'index.html'], entry: 'src/index.js' },
];

const source = ({ folder }) => join(here, 'bundlers', folder);

async function prepare(bundler, kind, context) {
  const folder = await project(source(bundler), context);
  mkdirSync(join(folder, 'src'));
  for (const file of ['program.mjs', 'programInWorker.mjs']) cpSync(join(here, file), join(folder, 'src', file));
  writeFileSync(join(folder, 'src/index.js'), sources[kind]);
  if (bundler.entry) writeFileSync(join(folder, 'index.html'), page(bundler.entry, 'module'));
  return folder;
}

async function build(bundler, kind, context) {
  const folder = await prepare(bundler, kind, context);
  await run('npx', ['--no-install', ...bundler.command], { cwd: folder });
  const files = bundler.made ? { '/index.html': page(`/${bundler.made}`, bundler.type) } : {};
  const { url, close } = await serve(join(folder, 'dist'), files);
  try {
    await chromium.show(`${url}/`);
  } finally {
    close();
  }
}

/** Vite's server for development, which bundles dependencies by itself when it first meets them. */
async function develop(bundler, kind, context) {
  const folder = await prepare(bundler, kind, context);
  await whileServing('node_modules/vite/bin/vite.js', ['--port', '0', '--host', 'localhost'], { cwd: folder }, (url) => chromium.show(`${url}/`));
}

export function rows(context) {
  return bundlers.flatMap((bundler) => {
    const row = (way, how, kind, ci) => ({
      host: bundler.host,
      way,
      ...(ci && { ci: true }),
      version: async () => pinned(source(bundler), bundler.package),
      run: () => how(bundler, kind, context),
    });
    return [
      row('production build', build, 'page', bundler.ci),
      row('production build, neurite/worker', build, 'worker', bundler.ci),
      ...(bundler.folder === 'vite'
        ? [row('development server', develop, 'page'), row('development server, neurite/worker', develop, 'worker')]
        : []),
    ];
  });
}
