/** The playground, built from the source. The worker's script is an entry of the same build, so that page and worker share what both need. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page asks its worker for no derivatives but those of training: the others stay out of the script. */
const withoutDerivatives: Plugin = {
  name: 'without-derivatives',
  enforce: 'pre',
  resolveId: (id, importer) => (/\/derivatives\/index\.js$/.test(id) && importer?.endsWith('src/worker/implementations.ts') ? '\0none' : null),
  load: (id) =>
    id === '\0none'
      ? 'export const vjp = 0, jvp = 0, jacobian = 0, parameterJacobian = 0, inputHessian = 0, inputHvp = 0, inputGradient = 0, hessian = 0, hvp = 0, perSampleGradients = 0;'
      : null,
};

export default defineConfig({
  root: from('.'),
  base: './',
  plugins: [withoutDerivatives],
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
