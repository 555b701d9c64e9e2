/** Pictures for a terminal, each a string of lines: a loss curve, a confusion matrix, a decision boundary, an image. */
import asciichart from 'asciichart';

/** `values` as a line chart; more than `columns` of them are averaged in equal runs. Values that are not finite are left out. */
export function lossCurve(values: ArrayLike<number>, { columns = 64, rows = 10 } = {}): string {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return '(no finite values)';
  const points = Math.min(columns, finite.length);
  const averages = Array.from({ length: points }, (_, point) => {
    const run = finite.slice(Math.floor((point * finite.length) / points), Math.floor(((point + 1) * finite.length) / points));
    return run.reduce((sum, value) => sum + value, 0) / run.length;
  });
  const magnitude = Math.floor(Math.log10(Math.max(...averages.map(Math.abs)) || 1));
  const digits = Math.min(Math.max(2 - magnitude, 0), 12);
  const chart = asciichart.plot(averages, { height: rows, format: (value) => value.toFixed(digits).padStart(10) });
  return chart.replace(/ +$/gm, '');
}

/**
 * How often each class (a row) was taken for each class (a column), with the share of each row on the diagonal (recall).
 * `actual` and `predicted` are class ids, of the same length.
 */
export function confusionMatrix(actual: ArrayLike<number>, predicted: ArrayLike<number>, names: readonly string[]): string {
  const classes = names.length;
  const counts = new Uint32Array(classes * classes);
  for (let i = 0; i < actual.length; i++) {
    const cell = (actual[i] as number) * classes + (predicted[i] as number);
    counts[cell] = (counts[cell] as number) + 1;
  }
  const label = Math.max(6, ...names.map((name) => name.length));
  const width = Math.max(5, ...names.map((name) => name.length), ...Array.from(counts, (count) => String(count).length)) + 1;
  const line = (head: string, cells: readonly string[], tail: string) =>
    `${head.padStart(label)} │${cells.map((cell) => cell.padStart(width)).join('')}${tail.padStart(10)}`;
  const lines = names.map((name, row) => {
    const cells = counts.subarray(row * classes, (row + 1) * classes);
    const total = cells.reduce((sum, count) => sum + count, 0);
    const recall = total === 0 ? '–' : `${((100 * (cells[row] as number)) / total).toFixed(1)} %`;
    return line(
      name,
      Array.from(cells, (count) => (count === 0 ? '·' : String(count))),
      recall,
    );
  });
  return [line('actual', names, 'recall'), `${'─'.repeat(label + 1)}┼${'─'.repeat(width * classes + 10)}`, ...lines].join('\n');
}

/** What a decision boundary is drawn over: the ranges of both features and, where given, the points `[x₀, y₀, x₁, y₁, …]` with their class ids. */
export interface Plane {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
  readonly points?: ArrayLike<number>;
  readonly labels?: ArrayLike<number>;
  readonly columns?: number;
  readonly rows?: number;
}

const regions = [' ', '░', '▒', '▓', '█'];
const marks = ['o', 'x', '+', '*', '#'];

/**
 * The plane of a two-feature problem, each cell shaded by the class that `classify` gives its centre (rows `[x, y]` in, one id a row out;
 * `(points) => net.classify(points)`), and the given points as a letter of their class. The second feature grows upwards.
 */
export function decisionBoundary(classify: (points: Float32Array) => ArrayLike<number> | number, plane: Plane): string {
  const { x, y, points = [], labels = [], columns = 60, rows = 24 } = plane;
  const centres = new Float32Array(columns * rows * 2);
  for (let cell = 0; cell < columns * rows; cell++) {
    centres[2 * cell] = x[0] + ((x[1] - x[0]) * ((cell % columns) + 0.5)) / columns;
    centres[2 * cell + 1] = y[1] - ((y[1] - y[0]) * (Math.floor(cell / columns) + 0.5)) / rows;
  }
  const ids = classify(centres);
  const cells = Array.from(typeof ids === 'number' ? [ids] : ids, (id) => regions[id % regions.length] as string);
  for (let i = 0; i < labels.length; i++) {
    const column = Math.floor((((points[2 * i] as number) - x[0]) / (x[1] - x[0])) * columns);
    const row = Math.floor(((y[1] - (points[2 * i + 1] as number)) / (y[1] - y[0])) * rows);
    if (column >= 0 && column < columns && row >= 0 && row < rows)
      cells[row * columns + column] = marks[(labels[i] as number) % marks.length] as string;
  }
  return Array.from({ length: rows }, (_, row) => cells.slice(row * columns, (row + 1) * columns).join('')).join('\n');
}

/** A grey image, row-major, two pixels to a character: light (at least half of `white`) or dark. */
export function image(pixels: ArrayLike<number>, width: number, white = 1): string {
  const height = pixels.length / width;
  const light = (row: number, column: number) => row < height && (pixels[row * width + column] as number) >= white / 2;
  return Array.from({ length: Math.ceil(height / 2) }, (_, pair) =>
    Array.from({ length: width }, (_, column) => {
      const upper = light(2 * pair, column);
      const lower = light(2 * pair + 1, column);
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }).join(''),
  ).join('\n');
}

/** Pictures side by side, their tops aligned. */
export function beside(pictures: readonly string[], gap = 3): string {
  const blocks = pictures.map((picture) => picture.split('\n'));
  const widths = blocks.map((lines) => Math.max(...lines.map((line) => line.length)));
  const height = Math.max(0, ...blocks.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines, i) => (lines[row] ?? '').padEnd(widths[i] as number))
      .join(' '.repeat(gap))
      .trimEnd(),
  ).join('\n');
}
