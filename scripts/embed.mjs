/**
 * Writes the two built binaries into a module, so that the package needs no file access and no bundler configuration: the baseline as
 * text, and the relaxed one, which is nearly the same, as the steps that make it from the baseline.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const read = (file) => readFileSync(new URL(`../build/${file}`, import.meta.url));

/** A copy shorter than this costs more than the bytes themselves. */
const SHORTEST_COPY = 6;

/** An unsigned number, seven bits to a byte, the lowest first (LEB128). */
function leb(n) {
  const bytes = [];
  do {
    bytes.push((n > 127 ? 128 : 0) | (n & 127));
    n >>>= 7;
  } while (n > 0);
  return bytes;
}

/**
 * How to make `target` from `source` (src/core/delta.ts reads it): again and again a count of bytes, those bytes, then the length of a copy and
 * its start in `source`, counted from where the last copy would go on, zigzag-signed. Greedy: each copy is the longest there is.
 */
function delta(source, target) {
  const starts = new Map();
  for (let i = 0; i + SHORTEST_COPY <= source.length; i++) {
    const key = source.toString('latin1', i, i + SHORTEST_COPY);
    starts.set(key, [...(starts.get(key) ?? []), i]);
  }
  const steps = [];
  let bytes = [];
  let expected = 0;
  for (let at = 0; at < target.length; ) {
    let length = 0;
    let start = 0;
    for (const candidate of starts.get(target.toString('latin1', at, at + SHORTEST_COPY)) ?? []) {
      let n = 0;
      while (at + n < target.length && source[candidate + n] === target[at + n]) n++;
      if (n > length || (n === length && Math.abs(candidate - expected) < Math.abs(start - expected))) [length, start] = [n, candidate];
    }
    if (length >= SHORTEST_COPY) {
      const move = start - expected;
      steps.push(...leb(bytes.length), ...bytes, ...leb(length), ...leb(move < 0 ? -2 * move - 1 : 2 * move));
      bytes = [];
      expected = start + length;
      at += length;
    } else {
      bytes.push(target[at++]);
      expected++;
    }
  }
  return Buffer.from([...steps, ...leb(bytes.length), ...bytes, 0, 0]);
}

const alphabet = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i))
  .filter((character) => !"$'<\\`".includes(character))
  .join('');
const single = alphabet.length - 3;

/** Bytes as text that src/core/printable.ts reads. */
function printable(bytes) {
  return Array.from(bytes, (byte) => {
    const value = (byte + 3) & 255;
    return value < single ? alphabet[value] : alphabet[single + Math.floor(value / single) - 1] + alphabet[value % single];
  }).join('');
}

export function embed() {
  const baseline = read('core.wasm');
  const relaxed = read('core.relaxed.wasm');
  writeFileSync(
    new URL('../src/core/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/*.wasm. */
/** The baseline binary, as text (printable.ts). */
export const baseline: string = '${printable(baseline)}';
/** Bytes of the relaxed binary. */
export const relaxedSize: number = ${relaxed.length};
/** What makes it from the baseline (delta.ts), as text. */
export const relaxedDelta: string = '${printable(delta(baseline, relaxed))}';
`,
  );
}
