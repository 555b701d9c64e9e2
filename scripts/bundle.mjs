/**
 * Bundles the package into dist/ (src/index.ts as one minified module beside the two binaries) and compiles examples/ and bench/
 * into build/, module by module, where they import the package as a user does. Minified because the whole of it is loaded by every page;
 * the binaries are most of its bytes either way. Silent.
 */
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const transform = { target: 'es2022' };

rmSync('dist', { recursive: true, force: true });
await build({
  input: 'src/index.ts',
  platform: 'neutral',
  transform,
  output: { file: 'dist/index.js', format: 'esm', minify: true },
});
// Beside it, and importing the errors from it: an error is the same class wherever it is thrown.
await build({
  input: 'src/check/index.ts',
  platform: 'neutral',
  external: (id) => /\/errors\.[jt]s$/.test(id),
  transform,
  output: { file: 'dist/check.js', format: 'esm', minify: true, paths: () => './index.js' },
});
for (const binary of ['core.wasm', 'core.relaxed.wasm']) copyFileSync(`build/${binary}`, `dist/${binary}`);

for (const room of ['examples', 'bench']) {
  rmSync(`build/${room}`, { recursive: true, force: true });
  const files = existsSync(room) ? readdirSync(room, { recursive: true }) : [];
  // bench/peers has packages of its own, some with their sources
  const input = files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.includes('node_modules'));
  if (input.length === 0) continue;
  await build({
    input: input.map((file) => `${room}/${file}`),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith(`${room}/`) && !id.startsWith('/'),
    transform,
    output: { dir: `build/${room}`, format: 'esm', preserveModules: true, preserveModulesRoot: room },
  });
}
