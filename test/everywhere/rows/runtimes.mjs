/** Where JavaScript runs without a page: Node, Bun, Deno and workerd, with the packed package as npm installs it. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here, installed, pinned, run, tool, tools } from '../project.mjs';
import { inWorkerd } from '../workerd.mjs';

const RUN = "program(neurite).then(() => console.log('passed'))";

/** Each way in, as the files of a project: `main` is started, and prints `passed`. */
const ways = {
  import: {
    main: 'main.mjs',
    files: { 'main.mjs': `import * as neurite from 'neurite';\nimport { program } from './program.mjs';\nawait ${RUN};\n` },
  },
  require: {
    main: 'main.cjs',
    files: { 'main.cjs': `const neurite = require('neurite');\nimport('./program.mjs').then(({ program }) => ${RUN});\n` },
  },
  worker_threads: {
    main: 'main.mjs',
    files: {
      'main.mjs': `import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
const worker = new Worker(new URL('worker.mjs', import.meta.url));
const [said] = await once(worker, 'message');
console.log(said);
await worker.terminate();
`,
      'worker.mjs': `import * as neurite from 'neurite';
import { parentPort } from 'node:worker_threads';
import { program } from './program.mjs';
program(neurite).then(() => parentPort.postMessage('passed'), (error) => parentPort.postMessage(String(error.stack)));
`,
    },
  },
  'neurite/worker': {
    main: 'main.mjs',
    files: {
      'main.mjs': `import * as neurite from 'neurite';
import { inWorker } from 'neurite/worker';
import { programInWorker } from './programInWorker.mjs';
await programInWorker(neurite, inWorker);
console.log('passed');
`,
    },
  },
  'neurite/worker, require': {
    main: 'main.cjs',
    files: {
      'main.cjs': `const neurite = require('neurite');
const { inWorker } = require('neurite/worker');
import('./programInWorker.mjs').then(({ programInWorker }) => programInWorker(neurite, inWorker)).then(() => console.log('passed'));
`,
    },
  },
  'neurite/threads': {
    main: 'main.mjs',
    files: {
      'main.mjs': `import * as neurite from 'neurite';
import { threads } from 'neurite/threads';
import { programOnThreads } from './programOnThreads.mjs';
await programOnThreads(neurite, threads);
console.log('passed');
`,
    },
  },
  'neurite/threads, require': {
    main: 'main.cjs',
    files: {
      'main.cjs': `const neurite = require('neurite');
const { threads } = require('neurite/threads');
import('./programOnThreads.mjs').then(({ programOnThreads }) => programOnThreads(neurite, threads)).then(() => console.log('passed'));
`,
    },
  },
};

/** Each with its command, after which the main file stands. */
const runtimes = [
  ...['20.19', '21', '22.0'].map((version) => node('older-nodes', version)),
  ...['22', '24', '26'].map((version) => ({ ...node('nodes', version), ci: true })),
  { host: 'Bun', source: 'bun', package: 'bun', command: (modules) => [join(modules, 'bun/bin/bun')] },
  { host: 'Deno', source: 'deno', package: 'deno', command: (modules) => [join(modules, 'deno/deno'), 'run', '--allow-all', '--quiet'] },
];

function node(source, version) {
  return { host: 'Node', source, package: `node${version}`, command: (modules) => [join(modules, `node${version}/bin/node`)] };
}

async function start({ source, command }, { main, files }, { tarball, folder }) {
  await installed(folder, tarball);
  for (const file of ['program.mjs', 'programInWorker.mjs', 'programOnThreads.mjs']) cpSync(join(here, file), join(folder, file));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const [path, ...options] = command(await tool(source));
  const printed = await run(path, [...options, main], { cwd: folder });
  if (printed.trim() !== 'passed') throw new Error(`it printed: ${printed}`);
}

export function rows(context) {
  const started = runtimes.flatMap((runtime) =>
    Object.entries(ways).map(([way, files]) => ({
      host: runtime.host,
      way,
      ...(runtime.ci && { ci: true }),
      version: async () => pinned(tools(runtime.source), runtime.package),
      run: () => start(runtime, files, context),
    })),
  );
  return [
    ...started,
    {
      host: 'workerd',
      way: 'import, by the condition workerd',
      ci: true,
      version: async () => pinned(tools('workerd'), 'miniflare'),
      run: () => inWorkerd(context),
    },
  ];
}
