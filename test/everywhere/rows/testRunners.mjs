/** Test runners as they are by themselves: a test that imports the package. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here, pinned, project, run, tools } from '../project.mjs';

const NAMES = '{ adam, crossEntropy, dense, load, NeuriteError, save, sequential }';

/** Jest's usual set-up takes CommonJS: the program has to be that too. */
const runners = [
  {
    host: 'Jest',
    name: 'jest',
    way: 'a test that requires it',
    command: ['jest'],
    files: {
      'program.test.js': `const neurite = require('neurite');\nconst { program } = require('./program.js');\ntest('the program', () => program(neurite));\n`,
    },
  },
  {
    host: 'Jest',
    name: 'jest',
    way: 'a test that imports it, with --experimental-vm-modules',
    command: ['jest'],
    env: { NODE_OPTIONS: '--experimental-vm-modules' },
    files: {
      'program.test.mjs': `import * as neurite from 'neurite';\nimport { program } from './program.mjs';\ntest('the program', () => program(neurite));\n`,
    },
  },
  {
    host: 'Vitest',
    name: 'vitest',
    way: 'a test that imports it',
    command: ['vitest', 'run'],
    files: {
      'program.test.js': `import ${NAMES} from 'neurite';\nimport { test } from 'vitest';\nimport { program } from './program.mjs';\ntest('the program', () => program(${NAMES}));\n`,
    },
  },
];

async function start({ name, command, files, env }, context) {
  const folder = await project(tools(name), context);
  cpSync(join(here, 'program.mjs'), join(folder, 'program.mjs'));
  writeFileSync(
    join(folder, 'program.js'),
    `${readFileSync(join(here, 'program.mjs'), 'utf8').replace(/^export /m, '')}\nmodule.exports = { program };\n`,
  );
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  await run('npx', ['--no-install', ...command], { cwd: folder, env });
}

export function rows(context) {
  return runners.map((runner) => ({
    host: runner.host,
    way: runner.way,
    version: async () => pinned(tools(runner.name), runner.name),
    run: () => start(runner, context),
  }));
}
