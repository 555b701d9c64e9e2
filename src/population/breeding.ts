/** Changing parameters by lot: all numbers come from the seeded, counter-based generator of the core, so that they are the same everywhere. */
import { elements } from '../graph/shape.js';
import { type Cohort, LANES } from './cohort.js';

/** The first stream for what is drawn here; no parameter and no shuffle uses one from here to its double. */
const BREEDING_STREAM = 0x20000000;

/** Numbers drawn in a block. */
const BLOCK = 4096;

/** Calls `each` with the address of `n` numbers, block by block, drawn by `draw` from its stream on. */
function inBlocks(n: number, each: (from: number, n: number, block: number) => void): void {
  for (let from = 0, block = 0; from < n; from += BLOCK, block++) each(from, Math.min(BLOCK, n - from), block);
}

/** Which numbers of a net training leaves as they are; undefined where there are none. */
function frozenIn(cohort: Cohort): Uint8Array | undefined {
  if (cohort.frozen.size === 0) return undefined;
  const mask = new Uint8Array(cohort.parameterCount);
  for (const node of cohort.parameters)
    if (cohort.frozen.has(node)) mask.fill(1, cohort.offsetOf(node), cohort.offsetOf(node) + elements(node.shape));
  return mask;
}

/**
 * Adds normal deviates to parameters of a net, each with a chance of `rate`, but for frozen ones.
 * @param draw a number that no other draw has: what is drawn follows from it and the seed alone
 */
export function mutateNet(cohort: Cohort, net: number, seed: number, draw: number, rate: number, deviation: number): void {
  const n = cohort.parameterCount;
  const at = cohort.stage(2 * BLOCK * 4);
  const { exports, f32 } = cohort.core;
  const chances = at >>> 2;
  const changes = chances + BLOCK;
  const to = cohort.indexOf(net);
  const frozen = frozenIn(cohort);
  inBlocks(n, (from, some, block) => {
    const key = keyOf(seed, draw);
    exports.uniform(at, some, key, BREEDING_STREAM + 2 * block, 0, 1);
    exports.normal(at + BLOCK * 4, some, key, BREEDING_STREAM + 2 * block + 1, 0, deviation);
    for (let i = 0; i < some; i++) {
      if ((f32[chances + i] as number) >= rate || frozen?.[from + i]) continue;
      const element = to + (from + i) * LANES;
      // One rounding, as in float32 itself: the double sum of two floats is exact enough.
      const changed = Math.fround((f32[element] as number) + (f32[changes + i] as number));
      // A parameter stays finite: one that would not is left.
      if (Number.isFinite(changed)) f32[element] = changed;
    }
  });
}

/** Gives a net the parameters of one net or of another, each by lot: of `b` with a chance of `rate`. States are those of `a`. */
export function crossNets(cohort: Cohort, into: number, a: number, b: number, seed: number, draw: number, rate: number): void {
  const at = cohort.stage(BLOCK * 4);
  const { exports, f32 } = cohort.core;
  const [to, fromA, fromB] = [cohort.indexOf(into), cohort.indexOf(a), cohort.indexOf(b)];
  inBlocks(cohort.parameterCount, (from, some, block) => {
    exports.uniform(at, some, keyOf(seed, draw), BREEDING_STREAM + 2 * block, 0, 1);
    for (let i = 0; i < some; i++) {
      const element = (from + i) * LANES;
      f32[to + element] = f32[((f32[(at >>> 2) + i] as number) < rate ? fromB : fromA) + element] as number;
    }
  });
  for (let i = cohort.parameterCount; i < cohort.valueCount; i++) f32[to + i * LANES] = f32[fromA + i * LANES] as number;
}

/** The seed of one draw: another for each, by the finalizer of MurmurHash3 (Appleby), whose every bit depends on every bit. */
function keyOf(seed: number, draw: number): number {
  let h = (seed ^ Math.imul(draw + 1, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
