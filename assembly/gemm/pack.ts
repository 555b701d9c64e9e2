/**
 * Packs x[k, columns], columns ≤ 8, into a panel that the micro-kernel reads as one stream: step p is eight floats at y + 32·p. Element
 * (p, j) lies at x + p·rs + j·cs (bytes); from column `columns` on the last one is repeated.
 */
export function packPanel(y: usize, x: usize, k: usize, columns: usize, rs: usize, cs: usize): void {
  if (cs == 4 && columns == 8) {
    for (const end = y + (k << 5); y != end; y += 32, x += rs) {
      v128.store(y, v128.load(x));
      v128.store(y, v128.load(x, 16), 16);
    }
    return;
  }
  const turned: usize = rs == 4 ? k & ~3 : 0;
  if (turned) turn(y, x, turned, columns, cs);
  gather(y + (turned << 5), x + turned * rs, k - turned, columns, 8, rs, cs);
}

/** Packs x[k, columns], neighbours in memory, in the same way for a tile of 4 or 6 rows: step p is `width` floats at y + 4·width·p. */
export function packRows(y: usize, x: usize, k: usize, columns: usize, width: usize, rs: usize): void {
  if (columns < width) gather(y, x, k, columns, width, rs, 4);
  else if (width == 4) for (const end = y + (k << 4); y != end; y += 16, x += rs) v128.store(y, v128.load(x));
  else {
    for (const end = y + k * 24; y != end; y += 24, x += rs) {
      v128.store(y, v128.load(x));
      store<u64>(y, load<u64>(x, 16), 16);
    }
  }
}

/** Packs x[columns, k], columns runs rs bytes apart, for a tile of 4 or 6 rows: as `packRows`. */
export function packRuns(y: usize, x: usize, k: usize, columns: usize, width: usize, rs: usize): void {
  const turned: usize = columns < width ? 0 : k & ~3;
  const step = width << 2;
  const x1 = x + rs;
  const x2 = x1 + rs;
  const x3 = x2 + rs;
  const x4 = x3 + rs;
  const x5 = x4 + rs;
  const end = turned << 2;
  for (let p: usize = 0; p != end; p += 16, y += step << 2) {
    block(y, step, v128.load(x + p), v128.load(x1 + p), v128.load(x2 + p), v128.load(x3 + p));
    if (width == 6) {
      const four = v128.load(x4 + p);
      const five = v128.load(x5 + p);
      const low = v128.shuffle<f32>(four, five, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(four, five, 2, 6, 3, 7);
      v128.store_lane<f64>(y, low, 0, 16);
      v128.store_lane<f64>(y, low, 1, 40);
      v128.store_lane<f64>(y, high, 0, 64);
      v128.store_lane<f64>(y, high, 1, 88);
    }
  }
  gather(y, x + end, k - turned, columns, width, 4, rs);
}

/** Packs x[columns, k], columns ≤ 4 runs rs bytes apart: step p is four floats at y + 16·p; from column `columns` on the last one is repeated. */
export function packFew(y: usize, x: usize, k: usize, columns: usize, rs: usize): void {
  const x1 = columns > 1 ? x + rs : x;
  const x2 = columns > 2 ? x1 + rs : x1;
  const x3 = columns > 3 ? x2 + rs : x2;
  const turned = k & ~3;
  const end = turned << 2;
  for (let p: usize = 0; p != end; p += 16, y += 64) block(y, 16, v128.load(x + p), v128.load(x1 + p), v128.load(x2 + p), v128.load(x3 + p));
  gather(y, x + end, k - turned, columns, 4, 4, rs);
}

/** Transposes columns that are runs of k steps, a multiple of four, in blocks of 4 × 4. */
function turn(y: usize, x: usize, k: usize, columns: usize, cs: usize): void {
  const x1 = columns > 1 ? x + cs : x;
  const x2 = columns > 2 ? x1 + cs : x1;
  const x3 = columns > 3 ? x2 + cs : x2;
  const x4 = columns > 4 ? x3 + cs : x3;
  const x5 = columns > 5 ? x4 + cs : x4;
  const x6 = columns > 6 ? x5 + cs : x5;
  const x7 = columns > 7 ? x6 + cs : x6;
  const end = k << 2;
  for (let p: usize = 0; p != end; p += 16, y += 128) {
    block(y, 32, v128.load(x + p), v128.load(x1 + p), v128.load(x2 + p), v128.load(x3 + p));
    block(y + 16, 32, v128.load(x4 + p), v128.load(x5 + p), v128.load(x6 + p), v128.load(x7 + p));
  }
}

/** Transposes four steps of four columns; steps lie `step` bytes apart. */
function block(y: usize, step: usize, column0: v128, column1: v128, column2: v128, column3: v128): void {
  const low01 = v128.shuffle<f32>(column0, column1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(column2, column3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(column0, column1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(column2, column3, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(y + step, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(y + 2 * step, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(y + 3 * step, v128.shuffle<f64>(high01, high23, 1, 3));
}

/** Packs one element at a time, for any strides. */
function gather(y: usize, x: usize, k: usize, columns: usize, width: usize, rs: usize, cs: usize): void {
  for (; k; k--, x += rs) {
    let at = x;
    for (let j: usize = 0; j < width; j++, y += 4) {
      store<f32>(y, load<f32>(at));
      if (j + 1 < columns) at += cs;
    }
  }
}
