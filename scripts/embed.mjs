/** Writes the two built binaries as base64 into a module, so that the package needs no file access and no bundler configuration. */
import { readFileSync, writeFileSync } from 'node:fs';

const base64 = (file) => readFileSync(new URL(`../build/${file}`, import.meta.url)).toString('base64');

export function embed() {
  writeFileSync(
    new URL('../src/core/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/*.wasm. */
export const baseline: string = '${base64('core.wasm')}';
export const relaxed: string = '${base64('core.relaxed.wasm')}';
`,
  );
}
