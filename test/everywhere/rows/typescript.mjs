/** TypeScripts that check a program of the installed package, declarations included: every kind of module resolution, .cts too, with and without the DOM. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed, run, tool, tools } from '../project.mjs';

const USE = `import { adam, crossEntropy, dense, load, save, sequential } from 'neurite';
const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }) });
export const probabilities: Float32Array = net.predict(new Float32Array(4));
export const again: Float32Array = load(save(net)).predict(new Float32Array(4));
`;

/** By `moduleResolution`, which is known since 5.4 to all of them. */
const resolutions = { bundler: ['esnext', ['mts']], node16: ['node16', ['mts', 'cts']], nodenext: ['nodenext', ['mts', 'cts']] };
const libraries = { 'with DOM': ['es2022', 'dom'], 'without DOM': ['es2022'] };

const { devDependencies } = JSON.parse(readFileSync(join(tools('typescripts'), 'package.json'), 'utf8'));

function row([alias, specifier], context) {
  return {
    host: 'TypeScript',
    way: `${alias.replace('typescript-', '')}: bundler, node16, nodenext, .cts; with and without DOM`,
    // All of them check more than this in test/types, which the continuous integration runs.
    ci: alias === 'typescript-7.0',
    version: () => specifier.replace('npm:typescript@', ''),
    async run() {
      await tool('typescripts');
      const folder = await installed(context.folder, context.tarball, 'module');
      const tsc = join(tools('typescripts'), 'node_modules', alias, 'bin/tsc');
      for (const extension of ['mts', 'cts']) writeFileSync(join(folder, `use.${extension}`), USE);
      for (const [moduleResolution, [module, extensions]] of Object.entries(resolutions)) {
        for (const [library, lib] of Object.entries(libraries)) {
          const config = `tsconfig.${moduleResolution}.json`;
          const compilerOptions = { target: 'es2022', module, moduleResolution, lib, types: [], strict: true, skipLibCheck: false, noEmit: true };
          writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files: extensions.map((extension) => `use.${extension}`) }));
          try {
            await run(process.execPath, [tsc, '-p', config], { cwd: folder });
          } catch (error) {
            throw new Error(`${moduleResolution}, ${library}: ${error.message}`);
          }
        }
      }
    },
  };
}

/** @returns a row for each TypeScript of .ci/typescripts */
export const rows = (context) => Object.entries(devDependencies).map((each) => row(each, context));
