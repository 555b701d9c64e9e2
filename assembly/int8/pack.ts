import { largest, INFINITE, NR, PANEL_SCALES, panelSize, ROUNDING, WEIGHT_LIMIT } from './layout';

/** Floats that packed w[n, k] takes. */
export function packedSize(n: usize, k: usize): usize {
  return ((n + NR - 1) / NR) * (panelSize(k) >> 2);
}

/**
 * Quantizes w[n, k], each row by itself, and packs it for `linear`: with s = max |w| / 127, a weight is the integer nearest to w·(127 / max |w|).
 * A panel is eight rows; pair p of row j lies at 32·p + 4·j behind its scales. Missing rows, and the term behind an odd one, are 0. A row with
 * a weight that is not finite has the scale NaN. y has room for `packedSize` floats.
 */
export function pack(y: usize, w: usize, n: usize, k: usize): void {
  const size = panelSize(k);
  for (let j: usize = 0; j < n; j += NR, y += size) {
    memory.fill(y, 0, size);
    const rows = min(NR, n - j);
    for (let i: usize = 0; i < rows; i++, w += k << 2) packRow(y, i, w, k);
  }
}

function packRow(panel: usize, row: usize, w: usize, k: usize): void {
  const bits = largest(w, k);
  const finite = bits < INFINITE;
  const most = reinterpret<f32>(bits);
  store<f32>(panel + (row << 2), finite ? most / WEIGHT_LIMIT : NaN);
  if (!finite) return;
  const factor: f32 = WEIGHT_LIMIT / most;
  const y = panel + PANEL_SCALES + (row << 2);
  for (let p: usize = 0; p < k; p++) {
    const rounded = load<f32>(w + (p << 2)) * factor + ROUNDING;
    store<i16>(y + ((p >> 1) << 5) + ((p & 1) << 1), <i16>reinterpret<i32>(rounded));
  }
}

/** Where term p of row j of packed w[n, k] lies behind the first panel. */
function placeOf(j: usize, p: usize, size: usize): usize {
  return (j / NR) * size + PANEL_SCALES + ((p >> 1) << 5) + ((j % NR) << 2) + ((p & 1) << 1);
}

/** The integers[n, k] of packed w, eight bits each, and the scales[n]: what files keep. */
export function unpack(integers: usize, scales: usize, panels: usize, n: usize, k: usize): void {
  const size = panelSize(k);
  for (let j: usize = 0; j < n; j++) {
    store<u32>(scales + (j << 2), load<u32>(panels + (j / NR) * size + ((j % NR) << 2)));
    for (let p: usize = 0; p < k; p++) store<i8>(integers++, <i8>load<i16>(panels + placeOf(j, p, size)));
  }
}

/** Packs integers[n, k] and scales[n], as `unpack` gave them, to the same panels. */
export function repack(panels: usize, integers: usize, scales: usize, n: usize, k: usize): void {
  const size = panelSize(k);
  memory.fill(panels, 0, packedSize(n, k) << 2);
  for (let j: usize = 0; j < n; j++) {
    store<u32>(panels + (j / NR) * size + ((j % NR) << 2), load<u32>(scales + (j << 2)));
    for (let p: usize = 0; p < k; p++) store<i16>(panels + placeOf(j, p, size), load<i8>(integers++));
  }
}
