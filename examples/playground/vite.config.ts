/** The playground, built from the source. The worker's script is an entry of the same build, so that page and worker share what both need. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * What the script has of what a worker can, by the file that imports it: the page asks it for no derivatives but those of training, and for metrics of
 * values, decisions and probabilities alone.
 */
const asked: readonly { readonly file: string; readonly importer: string; readonly source: string }[] = [
  {
    file: 'derivatives/index.js',
    importer: 'src/worker/implementations.ts',
    source: 'vjp jvp jacobian parameterJacobian inputHessian inputHvp inputGradient hessian hvp perSampleGradients'
      .split(' ')
      .map((name) => `export const ${name} = 0;`)
      .join('\n'),
  },
  {
    file: 'metrics/table.generated.js',
    importer: 'src/worker/unpack.ts',
    source: ['accuracy', 'logLoss', 'regression'].map((name) => `export * from '${from(`../../src/training/metrics/${name}.ts`)}';`).join('\n'),
  },
];

/** Keeps the rest out of the script. */
const onlyAsked: Plugin = {
  name: 'only-asked',
  enforce: 'pre',
  resolveId: (id, importer) => {
    const at = asked.findIndex((one) => id.endsWith(one.file) && importer?.endsWith(one.importer));
    return at < 0 ? null : `\0asked ${at}`;
  },
  load: (id) => (id.startsWith('\0asked ') && asked[Number(id.split(' ')[1])]?.source) || null,
};

/** Writes the style into the page: nothing is asked for before its first paint. */
const styleInside: Plugin = {
  name: 'style-inside',
  enforce: 'post',
  generateBundle(_, bundle) {
    const page = bundle['index.html'];
    if (page?.type !== 'asset') throw new Error('the build has no index.html');
    page.source = String(page.source).replace(/ *<link rel="stylesheet"[^>]* href="\.\/([^"]+)">/g, (_link, file: string) => {
      const style = bundle[file];
      if (style?.type !== 'asset') throw new Error(`the page asks for ${file}, which the build has not`);
      delete bundle[file];
      return `<style>${String(style.source).trim()}</style>`;
    });
  },
};

export default defineConfig({
  root: from('.'),
  base: './',
  plugins: [onlyAsked, styleInside],
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
