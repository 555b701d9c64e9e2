/**
 * Bundles what users import, as their bundlers would: minified, from dist/, each into a file of build/size/ that size-limit weighs. The imports
 * and their limits stand in package.json, under "size-limit". Silent.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('build/size', { recursive: true, force: true });
mkdirSync('build/size', { recursive: true });
const { 'size-limit': limits } = JSON.parse(readFileSync('package.json', 'utf8'));
for (const { name, path } of limits) {
  const source = path.replace(/\.js$/, '.source.mjs');
  writeFileSync(source, `export ${name} from 'neurite';\n`);
  await build({
    input: source,
    platform: 'browser',
    // Annotations of calls without effects are read by bundlers and left out by all that minify.
    output: { file: path, format: 'esm', minify: true, comments: false },
  });
  rmSync(source);
}
