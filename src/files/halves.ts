/** Floats of 16 bits, which JavaScript does not have, as float32 and back. All in bits: what was widened is narrowed to the same 16 bits, NaN included. */

/** IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction) to the bits of the same float32. */
export function widenF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent > 0) return sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A denormal has its leading 1 somewhere below bit 10.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** The bits of a float32 to binary16, to nearest, ties to even; what is too large becomes infinite. */
export function narrowF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7c00 | ((size >>> 13) & 0x3ff || 0x200);
  if (size >= 0x47800000) return sign | 0x7c00;
  // From 2⁻¹⁴ on it is normal. A carry into the exponent is right, up to infinity.
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  const exponent = size >>> 23;
  if (exponent < 102) return sign;
  // A denormal is a count of 2⁻²⁴.
  const fraction = (size & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const count = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (count + Number(rest > half || (rest === half && (count & 1) === 1)));
}

/** bfloat16 is the upper half of a float32. */
export function widenBF16(half: number): number {
  return half << 16;
}

/** The bits of a float32 to bfloat16, to nearest, ties to even. */
export function narrowBF16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | ((bits >>> 16) & 0x7f ? 0 : 0x40);
  return ((bits >>> 0) + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
