/**
 * Writes the two built binaries into a module, so that the package needs no file access and no bundler configuration: the relaxed one as
 * text, in which the multiply-adds of the baseline can be put (unfuse.mjs), and the few steps that make the baseline from that.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { read as functionsOf, leb, MADD, mulAdd, mulSub, NMADD } from './unfuse.mjs';

const read = (file) => readFileSync(new URL(`../build/${file}`, import.meta.url));

/** A copy from elsewhere begins with as many bytes that agree; one that goes on from the last with two. */
const SHORTEST_COPY = 5;

/** What each step costs, in bits after gzip, about: a byte, a copy that goes on where the last would, and one from elsewhere. */
const BYTE = 3.5;
const GOING_ON = 10;
const ELSEWHERE = 20;

/** How many of the cheapest ways to one place are followed further. */
const WAYS = 24;

/**
 * How to make `target` from `source` (src/core/delta.ts reads it): again and again a count of bytes, those bytes, then the length of a copy and
 * its start in `source`, counted from where the last copy would go on, zigzag-signed.
 */
export function delta(source, target) {
  const steps = [];
  let bytes = [];
  let expected = 0;
  for (const { at, length, shift } of cheapest(source, target)) {
    if (length === 0) {
      bytes.push(target[at]);
      expected++;
      continue;
    }
    const move = at + shift - expected;
    steps.push(...leb(bytes.length), ...bytes, ...leb(length), ...leb(move < 0 ? -2 * move - 1 : 2 * move));
    bytes = [];
    expected = at + shift + length;
  }
  return Buffer.from([...steps, ...leb(bytes.length), ...bytes, 0, 0]);
}

/**
 * The cheapest steps that were found from the beginning of `target` to its end: at each place a byte (`length` 0), or a copy from `shift` bytes
 * further on in `source`. The shortest path from place to place, a state being the place and the last shift.
 */
function cheapest(source, target) {
  const starts = new Map();
  for (let i = 0; i + SHORTEST_COPY <= source.length; i++) {
    const key = source.toString('latin1', i, i + SHORTEST_COPY);
    starts.set(key, [...(starts.get(key) ?? []), i]);
  }
  const agreeing = (at, from) => {
    let n = 0;
    while (from >= 0 && at + n < target.length && source[from + n] === target[at + n]) n++;
    return n;
  };
  const ways = Array.from({ length: target.length + 1 }, () => new Map());
  ways[0].set(0, { cost: 0 });
  const arrive = (at, shift, way) => {
    const known = ways[at].get(shift);
    if (!known || way.cost < known.cost) ways[at].set(shift, way);
  };
  const best = (at) => [...ways[at]].sort(([, a], [, b]) => a.cost - b.cost).slice(0, WAYS);
  for (let at = 0; at < target.length; at++) {
    const followed = best(at);
    for (const [shift, before] of followed) {
      arrive(at + 1, shift, { cost: before.cost + BYTE, before, step: { at, length: 0, shift } });
      const length = agreeing(at, at + shift);
      if (length >= 2) arrive(at + length, shift, { cost: before.cost + GOING_ON, before, step: { at, length, shift } });
    }
    const [last, before] = followed[0];
    for (const start of starts.get(target.toString('latin1', at, at + SHORTEST_COPY)) ?? []) {
      const shift = start - at;
      if (shift === last) continue;
      const length = agreeing(at, start);
      arrive(at + length, shift, { cost: before.cost + ELSEWHERE + Math.log2(Math.abs(shift - last)) / 2, before, step: { at, length, shift } });
    }
  }
  const steps = [];
  for (let [[, way]] = best(target.length); way.step; way = way.before) steps.push(way.step);
  return steps.reverse();
}

const alphabet = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i))
  .filter((character) => !"$'<\\`".includes(character))
  .join('');
const single = alphabet.length - 3;

/** Bytes as text that src/core/printable.ts reads. */
export function printable(bytes) {
  return Array.from(bytes, (byte) => {
    const value = (byte + 3) & 255;
    return value < single ? alphabet[value] : alphabet[single + Math.floor(value / single) - 1] + alphabet[value % single];
  }).join('');
}

/** The bytes of a text. */
function bytesOf(text) {
  const bytes = [];
  for (let i = 0; i < text.length; i++) {
    const value = alphabet.indexOf(text[i]);
    bytes.push(value < single ? value - 3 : (value - single + 1) * single + alphabet.indexOf(text[++i]) - 3);
  }
  return Buffer.from(bytes);
}

/** Stand for the locals in what replaces a multiply-add. No text of bytes has them; the first precedes the names of the locals, too. */
const C = ' ';
const PRODUCT = '!';

/** Bytes as text, with a placeholder for each local: a function of their numbers gives the bytes. */
function template(bytes, ...locals) {
  // Two numbers that are no byte of the instructions themselves.
  const numbers = [0x70, 0x71];
  return locals.reduce((text, local, i) => text.replaceAll(printable([numbers[i]]), local), printable(bytes(...numbers)));
}

/** A marked text without its marks and its multiply-adds, as src/core/unfuse.ts makes it. */
function unmarked(text, madds) {
  return text.replace(/ (.)(.)([^ ]*)/g, (_, c, product, code) =>
    madds.reduce((code, [site, instead]) => code.replaceAll(site, instead.replaceAll(C, c).replaceAll(PRODUCT, product)), code),
  );
}

/**
 * The relaxed binary as text, each function with multiply-adds after a mark: C and the two locals that it has free, a character each. Where
 * they take more, the function has no mark, and the delta brings the difference.
 */
function marked(relaxed) {
  let text = '';
  let from = 0;
  for (const { code, free, sites } of functionsOf(relaxed).functions) {
    if (sites.length === 0 || free + 4 >= single) continue;
    text += `${printable(relaxed.subarray(from, code))}${C}${printable([free, free + 1])}`;
    from = code;
  }
  return text + printable(relaxed.subarray(from));
}

/** @param version of the two binaries, as mark.mjs says */
export function embed(version) {
  const baseline = read('core.wasm');
  const relaxed = marked(read('core.relaxed.wasm'));
  const madds = [
    [printable(MADD), template(mulAdd, C)],
    [printable(NMADD), template(mulSub, C, PRODUCT)],
  ];
  writeFileSync(
    new URL('../src/core/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/*.wasm. */
/** What both binaries say of themselves (scripts/mark.mjs). */
export const version: string = '${version}';
/** As text (printable.ts). One object: minifiers put a constant that is used once in the middle of the code, which gzip packs worse for it. */
export const binaries: {
  /** With a mark before each function that has multiply-adds: a space, and the two locals that it has free (src/core/unfuse.ts). */
  readonly relaxed: string;
  /** Each multiply-add, and what stands in its place in the baseline: a space for the first local, an exclamation mark for the second. */
  readonly madds: readonly (readonly [string, string])[];
  /** Bytes of the baseline. */
  readonly baselineSize: number;
  /** What makes it from the relaxed binary without its multiply-adds (delta.ts). */
  readonly baselineDelta: string;
} = {
  relaxed: '${relaxed}',
  madds: ${JSON.stringify(madds)},
  baselineSize: ${baseline.length},
  baselineDelta: '${printable(delta(bytesOf(unmarked(relaxed, madds)), baseline))}',
};
`,
  );
}

/** Writes the int8 binary into its module. */
export function embedInt8() {
  writeFileSync(
    new URL('../src/int8/binary.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/int8.wasm, as text (printable.ts). */
export const binary: string = '${printable(read('int8.wasm'))}';
`,
  );
}

/** Writes the binaries for threads, each as the steps that make it from the one of its build. */
export function embedThreads() {
  const builds = {
    simd: [read('core.wasm'), read('core.threads.wasm')],
    relaxed: [read('core.relaxed.wasm'), read('core.threads.relaxed.wasm')],
  };
  const deltas = Object.entries(builds).map(
    ([build, [source, target]]) => `  ${build}: {
    size: ${target.length},
    delta: '${printable(delta(source, target))}',
  },
`,
  );
  writeFileSync(
    new URL('../src/threads/binaries.generated.ts', import.meta.url),
    `/** Made by scripts/embed.mjs from build/*.wasm: the bytes of each binary, and what makes it from the one of its build (src/core/delta.ts). */
export const deltas: Readonly<Record<'simd' | 'relaxed', { readonly size: number; readonly delta: string }>> = {
${deltas.join('')}};
`,
  );
}
