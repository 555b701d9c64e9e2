/**
 * Packs x[rows, k] into panels of `width` rows (4 or 8): panel after panel, step p of one being its `width` values, so that
 * the micro-kernel reads memory in one stream. Element (i, p) lies at x + i·rs + p·cs (bytes). Missing rows are zeros.
 */
export function pack(y: usize, x: usize, rows: usize, k: usize, rs: usize, cs: usize, width: usize): void {
  for (let i: usize = 0; i < rows; i += width) {
    for (let p: usize = 0; p < k; p++) {
      for (let r: usize = 0; r < width; r++, y += 4) {
        store<f32>(y, i + r < rows ? load<f32>(x + (i + r) * rs + p * cs) : 0);
      }
    }
  }
}
