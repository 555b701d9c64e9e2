/** The programs of the pages, from the source. The front page's has no more of neurite than it needs; the lessons share one copy between them. */
import { resolve } from 'node:path';
import { build } from 'rolldown';

const alias = Object.fromEntries([
  ...['derivatives', 'inspect'].map((entry) => [`neurite/${entry}`, resolve(`src/${entry}/index.ts`)]),
  ['neurite', resolve('src/index.ts')],
]);
const common = {
  // Its paths lead to the source by themselves, but not those of `neurite/inspect`.
  tsconfig: false,
  resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'] } },
  transform: { target: 'es2022', typescript: { optimizeEnums: true } },
  // Lessons and pages are programs, whatever package.json says of the package's own modules.
  treeshake: { moduleSideEffects: [{ test: /[/\\](examples|site)[/\\]/, sideEffects: true }] },
  // A lesson's table goes to its page in place of the terminal.
  plugins: [
    {
      name: 'table',
      resolveId: (source, importer = '') =>
        source === './table.js' && /examples[/\\]seeds[/\\]s\d/.test(importer) ? resolve('site/browser/table.ts') : undefined,
    },
  ],
};

export async function bundle(folder) {
  const output = { dir: folder, format: 'esm', minify: true, entryFileNames: '[name].js', chunkFileNames: 'parts/[name]-[hash].js' };
  for (const input of [{ page: 'site/browser/page.ts' }, { home: 'site/browser/home.ts' }, { lesson: 'site/browser/lesson.ts' }])
    await build({ ...common, input, platform: 'browser', output });
  const codeSplitting = { groups: [{ name: 'neurite', test: /[/\\](src|assembly)[/\\]/ }] };
  await build({ ...common, input: { runner: 'site/browser/runner.ts' }, platform: 'browser', output: { ...output, codeSplitting } });
}

/** The lessons for Node. @returns the file to import */
export async function bundleLessons() {
  const dir = 'build/lessons';
  await build({ ...common, input: { lessons: 'site/browser/lessons.ts' }, platform: 'node', output: { dir, format: 'esm' } });
  return `${dir}/lessons.js`;
}
