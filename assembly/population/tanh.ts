import { madd, nmadd } from '../simd';

/** The |x| from where tanh is 1 in f32; −2·log₂e; the rounder; ½·ln 2; 1; the sign bit. The rounder: 1.5·2²³ + 127, see `math/reduction.ts`. */
const constants = memory.data<f32>([9.25, -2.88539008, 12583039, 0.346573591, 1, -0.0]);

/** c₀ … c₄ of (1 − e^−2h)/2 ≈ h + h²·Σ cⱼ hʲ: minimax on |h| ≤ ln 2 / 4 with f32 coefficients; relative error 1.4e-8. */
const polynomial = memory.data<f32>([-0.99999994, 0.6666618, -0.3333397, 0.13386282, -0.04437965]);

/** Bytes of a chunk, and for each vector of it the rounded multiple of ½·ln 2, then the rest. */
const CHUNK: usize = 1024;
const reduced = memory.data(2048, 16);

/**
 * y = tanh x for the relaxed build, to 1.99 ulp, fused or not: a = 1 − e^−2|x| divided by 2 − a. One rounding lets the reduction |x| = h − n·½·ln 2 do
 * with one constant, and takes half the operations of `math/tanh.ts`. Exactly odd, ±1 at most, −0 stays −0. y may be x.
 *
 * In two passes over a chunk, the reduction first: a processor's queues hold more vectors of half a chain. The constants of each pass fit into the registers.
 */
export function fusedTanhs(y: usize, x: usize, bytes: usize): void {
  for (const end = x + bytes; x < end; x += CHUNK, y += CHUNK) {
    const some = min(end - x, CHUNK);
    reduce(x, some);
    finish(y, x, some);
  }
}

function reduce(x: usize, bytes: usize): void {
  const most = v128.load32_splat(constants);
  const log = v128.load32_splat(constants, 4);
  const rounder = v128.load32_splat(constants, 8);
  const step = v128.load32_splat(constants, 12);
  let to = reduced;
  for (const end = x + bytes; x < end; x += 16, to += 32) {
    const clamped = f32x4.pmin(f32x4.abs(v128.load(x)), most);
    const t = madd(clamped, log, rounder);
    v128.store(to, t);
    v128.store(to, madd(f32x4.sub(t, rounder), step, clamped), 16);
  }
}

function finish(y: usize, x: usize, bytes: usize): void {
  const one = v128.load32_splat(constants, 16);
  const signBit = v128.load32_splat(constants, 20);
  const c0 = v128.load32_splat(polynomial);
  const c1 = v128.load32_splat(polynomial, 4);
  const c2 = v128.load32_splat(polynomial, 8);
  const c3 = v128.load32_splat(polynomial, 12);
  const c4 = v128.load32_splat(polynomial, 16);
  let from = reduced;
  for (const end = x + bytes; x < end; x += 16, y += 16, from += 32) {
    const h = v128.load(from, 16);
    const h2 = f32x4.mul(h, h);
    const e = madd(madd(madd(c4, h2, madd(c3, h, c2)), h2, madd(c1, h, c0)), h2, h);
    // 1 − e^−2h, and with s = 2ⁿ = e^−2|x| / e^−2h, n ≤ 0: a = s·twice + (1 − s).
    const twice = f32x4.add(e, e);
    const s = i32x4.shl(v128.load(from), 23);
    // Round 2 − a by itself: taken from the rounded a, it would double that error.
    const quotient = f32x4.div(madd(s, twice, f32x4.sub(one, s)), nmadd(s, twice, f32x4.add(one, s)));
    v128.store(y, v128.or(quotient, v128.and(v128.load(x), signBit)));
  }
}
