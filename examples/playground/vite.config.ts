/** The playground, built from the source. The worker's script is an entry of the same build, so that page and worker share what both need. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a worker can and the page never asks of it, by the file that imports it: derivatives but those of training, metrics but those of values. */
const unasked: readonly { readonly file: string; readonly importer: string; readonly names: string }[] = [
  {
    file: 'derivatives/index.js',
    importer: 'src/worker/implementations.ts',
    names: 'vjp jvp jacobian parameterJacobian inputHessian inputHvp inputGradient hessian hvp perSampleGradients',
  },
  { file: 'metrics/ranking.js', importer: 'src/worker/unpack.ts', names: 'averagePrecision prAuc rocAuc' },
  { file: 'metrics/confusion.js', importer: 'src/worker/unpack.ts', names: 'balancedAccuracy cohenKappa confusionMatrix matthews' },
  { file: 'metrics/perClass.js', importer: 'src/worker/unpack.ts', names: 'classificationReport f1 f1At precision precisionAt recall recallAt' },
];

/** Keeps that out of the script. */
const withoutUnasked: Plugin = {
  name: 'without-unasked',
  enforce: 'pre',
  resolveId: (id, importer) => {
    const at = unasked.findIndex((one) => id.endsWith(one.file) && importer?.endsWith(one.importer));
    return at < 0 ? null : `\0unasked ${at}`;
  },
  load: (id) => {
    const names = id.startsWith('\0unasked ') && unasked[Number(id.split(' ')[1])]?.names;
    return names
      ? names
          .split(' ')
          .map((name) => `export const ${name} = 0;`)
          .join('')
      : null;
  },
};

export default defineConfig({
  root: from('.'),
  base: './',
  plugins: [withoutUnasked],
  resolve: {
    alias: {
      'neurite/inspect': from('../../src/inspect/index.ts'),
      'neurite/threads': from('../../src/threads/index.ts'),
      'neurite/worker': from('../../src/worker/index.ts'),
      neurite: from('../../src/index.ts'),
      // Without this the parser's Node build is taken.
      'csv-parse/sync': from('../../node_modules/csv-parse/dist/esm/sync.js'),
    },
  },
  define: { PLAYGROUND_WORKER: JSON.stringify('assets/worker.js') },
  build: {
    outDir: from('../../build/playground'),
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    // The worker loads this one, and has no document to preload in.
    modulePreload: { polyfill: false, resolveDependencies: (file, needed) => (file.includes('startTeam') ? [] : needed) },
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: { index: from('index.html'), worker: from('../../src/worker/main.ts') },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? 'assets/worker.js' : 'assets/[name]-[hash].js'),
        codeSplitting: {
          groups: [
            { name: 'core', test: /\/src\/core\/binaries/, priority: 2 },
            // One file for page and worker, but for what tabs alone use.
            {
              name: 'neurite',
              test: /\/src\/(?!index\.ts|worker\/main|threads|inspect|derivatives|data\/(tabular|split|scaling|columnScaling))|\/assembly\//,
              priority: 1,
            },
            { name: 'page', test: /\/playground\/(?!main|tabs|view\/(curves|backward|pens)|model\/(snippet|formulas))/, priority: 1 },
          ],
        },
      },
    },
  },
});
