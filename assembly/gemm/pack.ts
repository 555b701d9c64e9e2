/**
 * Packs `columns` ≤ 8 columns of x[k, columns] into a panel: step p is eight floats at y + 32·p, zeros for missing columns. So the
 * micro-kernel reads one stream, whatever the strides. Element (p, j) lies at x + p·rs + j·cs (bytes).
 */
export function packPanel(y: usize, x: usize, k: usize, columns: usize, rs: usize, cs: usize): void {
  if (columns < 8 || (rs != 4 && cs != 4)) packAny(y, x, k, columns, 8, rs, cs);
  else if (cs == 4) packRows(y, x, k, rs);
  else packTransposed(y, x, k, cs);
}

/** Any strides, any width, an element at a time. */
function packAny(y: usize, x: usize, k: usize, columns: usize, width: usize, rs: usize, cs: usize): void {
  for (let p: usize = 0; p < k; p++, x += rs) {
    for (let j: usize = 0; j < width; j++, y += 4) store<f32>(y, j < columns ? load<f32>(x + j * cs) : 0);
  }
}

/** Eight neighbours per step. */
function packRows(y: usize, x: usize, k: usize, rs: usize): void {
  for (const end = y + (k << 5); y != end; y += 32, x += rs) {
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
  }
}

/** Eight columns with neighbouring steps, turned in blocks of 4 × 4. */
function packTransposed(y: usize, x: usize, k: usize, cs: usize): void {
  const end = x + ((k & ~3) << 2);
  for (; x != end; x += 16, y += 128) {
    turn(y, x, cs);
    turn(y + 16, x + 4 * cs, cs);
  }
  packAny(y, x, k & 3, 8, 8, 4, cs);
}

function turn(y: usize, x: usize, cs: usize): void {
  const x0 = v128.load(x);
  const x1 = v128.load(x + cs);
  const x2 = v128.load(x + 2 * cs);
  const x3 = v128.load(x + 3 * cs);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(y, v128.shuffle<f64>(low01, low23, 1, 3), 32);
  v128.store(y, v128.shuffle<f64>(high01, high23, 0, 2), 64);
  v128.store(y, v128.shuffle<f64>(high01, high23, 1, 3), 96);
}

/** Packs `rows` rows of x[rows, k] whose neighbours in a column are neighbours in memory, four to a panel: step p is four floats at y + 16·p. */
export function packQuads(y: usize, x: usize, rows: usize, k: usize, cs: usize): void {
  for (let i: usize = 0; i < rows; i += 4, x += 16, y += k << 4) {
    const height = rows - i;
    if (height < 4) packAny(y, x, k, height, 4, cs, 4);
    else {
      let at = x;
      for (let p: usize = 0; p < k; p++, at += cs) v128.store(y + (p << 4), v128.load(at));
    }
  }
}
