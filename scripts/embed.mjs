/**
 * Writes the two built binaries into a module, so that the package needs no file access and no bundler configuration: deflated
 * together, since one is nearly the other (64 kB become 13), and as base64.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, deflateRawSync } from 'node:zlib';

const read = (file) => readFileSync(new URL(`../build/${file}`, import.meta.url));

export function embed() {
  const baseline = read('core.wasm');
  const relaxed = read('core.relaxed.wasm');
  const deflated = deflateRawSync(Buffer.concat([baseline, relaxed]), { level: constants.Z_BEST_COMPRESSION, memLevel: 9 });
  writeFileSync(
    new URL('../src/core/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/*.wasm. */
/** Bytes of the baseline binary, and of the relaxed one behind it. */
export const baselineSize: number = ${baseline.length};
export const relaxedSize: number = ${relaxed.length};
/** Both, deflated (RFC 1951), as base64. */
export const deflated: string = '${deflated.toString('base64')}';
`,
  );
}
