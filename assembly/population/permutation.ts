/** Orders of rows for many nets: the permutations of `random.ts`, to the bit, from four blocks of random numbers at once. */
import { isTensor } from '../preconditions';

/** Words drawn at once: four blocks of the generator. */
const WORDS: usize = 64;
const words = memory.data(64, 16);

/** Four blocks, from number `block` on, of the stream of a key: the ten rounds of `philox`, lane l that of block + l. */
function drawBlocks(block: u32, key0: u32, key1: u32): void {
  let c0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(0);
  let c2 = c1;
  let c3 = c1;
  let k0 = i32x4.splat(key0);
  let k1 = i32x4.splat(key1);
  const factor0 = i32x4.splat(0xd2511f53);
  const factor1 = i32x4.splat(0xcd9e8d57);
  const step0 = i32x4.splat(0x9e3779b9);
  const step1 = i32x4.splat(0xbb67ae85);
  for (let round = 0; round < 10; round++) {
    const low0 = i64x2.extmul_low_i32x4_u(c0, factor0);
    const high0 = i64x2.extmul_high_i32x4_u(c0, factor0);
    const low1 = i64x2.extmul_low_i32x4_u(c2, factor1);
    const high1 = i64x2.extmul_high_i32x4_u(c2, factor1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(low1, high1, 1, 3, 5, 7), c1), k0);
    c1 = v128.shuffle<i32>(low1, high1, 0, 2, 4, 6);
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), k1);
    c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6);
    k0 = i32x4.add(k0, step0);
    k1 = i32x4.add(k1, step1);
  }
  const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(words, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(words, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), 16);
  v128.store(words, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), 32);
  v128.store(words, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), 48);
}

/** A permutation of 0 … n−1 in u32, that of `random.ts` for the same seed and stream. */
export function permutation(y: usize, n: usize, seed: u32, stream: u32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n), 'permutation: y is n words in the heap');
  for (let i: u32 = 0; i < <u32>n; i++) store<u32>(y + (<usize>i << 2), i);
  let block: u32 = 0;
  let at = words + WORDS;
  let bound = <u32>n;
  while (bound > 1) {
    if (at == words + WORDS) {
      drawBlocks(block, seed, stream);
      block += 4;
      at = words;
    }
    const product = <u64>load<u32>(at) * bound;
    at += 4;
    // Reject words whose low half would favour some integers, as `below` does.
    if (<u32>product < bound && <u32>product < (0 - bound) % bound) continue;
    bound--;
    const last = y + (<usize>bound << 2);
    const other = y + (<usize>(product >>> 32) << 2);
    const value = load<u32>(last);
    store<u32>(last, load<u32>(other));
    store<u32>(other, value);
  }
}
