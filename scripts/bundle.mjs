/**
 * Bundles the package into dist/, a module for each entry and what they share beside the two binaries, and compiles examples/ and bench/
 * into build/, module by module, where they import the package as a user does. Silent.
 */
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const transform = { target: 'es2022' };

rmSync('dist', { recursive: true, force: true });
// One build for all entries: a class is the same wherever it is imported from.
await build({
  input: {
    index: 'src/index.ts',
    ...Object.fromEntries(['check', 'derivatives', 'inspect'].map((entry) => [entry, `src/${entry}/index.ts`])),
  },
  platform: 'neutral',
  transform,
  output: { dir: 'dist', format: 'esm', chunkFileNames: 'shared/[name].js' },
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
