/** The measure of accuracy in kernel tests: units in the last place of float32. */

const cell = new DataView(new ArrayBuffer(8));

/** The distance of float32 neighbours at |x|: 2⁻¹⁴⁹ among the denormals. */
export function spacing(x: number): number {
  cell.setFloat64(0, x);
  const exponent = ((cell.getUint16(0) >>> 4) & 0x7ff) - 1023;
  return 2 ** (Math.max(Math.min(exponent, 127), -126) - 23);
}

/** How many ulp a result is off; infinities count as 2¹²⁸. Infinity where one of the two is NaN, or where a zero has the wrong sign. */
export function ulps(actual: number, exact: number): number {
  if (actual === exact) return exact !== 0 || Object.is(actual, exact) ? 0 : Number.POSITIVE_INFINITY;
  if (Number.isNaN(actual) || Number.isNaN(exact)) return Number.isNaN(actual) && Number.isNaN(exact) ? 0 : Number.POSITIVE_INFINITY;
  const top = 2 ** 128;
  const limited = Math.max(Math.min(exact, top), -top);
  return Math.abs(Math.max(Math.min(actual, top), -top) - limited) / spacing(limited);
}
