/**
 * NaN in files. WebAssembly leaves the sign and the payload of a computed NaN to the engine, so every NaN is written as the quiet one without either:
 * the same network has the same bytes on every engine.
 */

/** Makes every NaN of these float32, given as bits, 0x7fc00000. */
export function unifyNaN(bits: Int32Array): void {
  for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & 0x7fffffff) > 0x7f800000) bits[i] = 0x7fc00000;
}

/** Makes every NaN of these float64, given as the bits of their halves, little-endian, 0x7ff8000000000000. */
export function unifyNaN64(bits: Int32Array): void {
  for (let i = 0; i < bits.length; i += 2) {
    const high = (bits[i + 1] as number) & 0x7fffffff;
    if (high < 0x7ff00000 || (high === 0x7ff00000 && bits[i] === 0)) continue;
    bits[i] = 0;
    bits[i + 1] = 0x7ff80000;
  }
}
