/**
 * Writes the two binaries of populations into a module of their own: as the steps that make the first from the baseline core, with which it shares
 * most kernels, and the second from the first. Only what imports `neurite/population` has them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { delta, printable } from './embed.mjs';

const read = (file) => readFileSync(new URL(`../build/${file}`, import.meta.url));

export function embedPopulation() {
  const core = read('core.wasm');
  const simd = read('population.wasm');
  const relaxed = read('population.relaxed.wasm');
  writeFileSync(
    new URL('../src/population/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embedPopulation.mjs from build/*.wasm. */
/** As text (printable.ts): sizes in bytes, and what makes the baseline binary from that of the core, and the relaxed one from it (delta.ts). */
export const binaries: {
  readonly size: number;
  readonly delta: string;
  readonly relaxedSize: number;
  readonly relaxedDelta: string;
} = {
  size: ${simd.length},
  delta: '${printable(delta(core, simd))}',
  relaxedSize: ${relaxed.length},
  relaxedDelta: '${printable(delta(simd, relaxed))}',
};
`,
  );
}
