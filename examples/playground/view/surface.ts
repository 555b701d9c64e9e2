/** What a network says everywhere in the plane, with the points it learns from; of a regression, its curve. */
import { type Point, REACH, type Task, truths } from '../data/sets.js';
import { type Drawing, drawing } from './canvas.js';
import { css, paint } from './colours.js';

/** What is between −1 and 1 of a unit of an activation. */
export function signedBy(activation: string): (value: number) => number {
  if (activation === 'sigmoid') return (v) => 2 * v - 1;
  if (activation === 'tanh' || activation === 'softsign') return (v) => v;
  return (v) => v / 2;
}

const scratch = new Map<number, { canvas: HTMLCanvasElement; image: ImageData; pixels: Uint32Array }>();

/** Values of a square grid as a picture. @param step from a value to the next, where several units lie side by side */
export function picture(side: number, values: ArrayLike<number>, at: number, step: number, toSigned: (value: number) => number): HTMLCanvasElement {
  let found = scratch.get(side);
  if (!found) {
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
    const image = (canvas.getContext('2d') as CanvasRenderingContext2D).createImageData(side, side);
    found = { canvas, image, pixels: new Uint32Array(image.data.buffer) };
    scratch.set(side, found);
  }
  paint(found.pixels, values, at, step, toSigned);
  (found.canvas.getContext('2d') as CanvasRenderingContext2D).putImageData(found.image, 0, 0);
  return found.canvas;
}

/** The line where values cross a level, by marching over the squares between four neighbours. */
function contour({ draw, width, height }: Drawing, side: number, values: ArrayLike<number>, level: number): void {
  const px = (column: number) => ((column + 0.5) / side) * width;
  const py = (row: number) => ((row + 0.5) / side) * height;
  draw.beginPath();
  for (let at = 0; at < side * (side - 1); at++) {
    if (at % side === side - 1) continue;
    // clockwise from the upper left
    const a = (values[at] as number) - level;
    const b = (values[at + 1] as number) - level;
    const c = (values[at + side + 1] as number) - level;
    const d = (values[at + side] as number) - level;
    const above = +(a > 0) + +(b > 0) + +(c > 0) + +(d > 0);
    if (above === 0 || above === 4) continue;
    const [column, row] = [at % side, Math.floor(at / side)];
    const crossings: number[] = [];
    if (a > 0 !== b > 0) crossings.push(px(column + a / (a - b)), py(row));
    if (b > 0 !== c > 0) crossings.push(px(column + 1), py(row + b / (b - c)));
    if (d > 0 !== c > 0) crossings.push(px(column + d / (d - c)), py(row + 1));
    if (a > 0 !== d > 0) crossings.push(px(column), py(row + a / (a - d)));
    for (let i = 0; i + 3 < crossings.length; i += 4) {
      draw.moveTo(crossings[i] as number, crossings[i + 1] as number);
      draw.lineTo(crossings[i + 2] as number, crossings[i + 3] as number);
    }
  }
  draw.stroke();
}

/** The points: those of class 1 are squares, those to test with are hollow. */
export function drawPoints(on: Drawing, points: readonly Point[], hollow: boolean, task: Task): void {
  const { draw, width, height, colour } = on;
  const size = Math.max(2.6, width / 120);
  const [panel, text] = [colour('panel'), colour('text')];
  draw.lineWidth = 1.25;
  for (const { x, y, target } of points) {
    const [px, py] = [((x / REACH + 1) / 2) * width, ((1 - y / REACH) / 2) * height];
    const own = task === 'values' ? text : css(2 * target - 1, 1);
    draw.beginPath();
    if (task === 'classes' && target > 0.5) draw.rect(px - size, py - size, 2 * size, 2 * size);
    else draw.arc(px, py, size, 0, 2 * Math.PI);
    draw.fillStyle = hollow ? panel : own;
    draw.strokeStyle = hollow ? own : panel;
    draw.fill();
    draw.stroke();
  }
}

export interface Seen {
  readonly task: Task;
  readonly training: readonly Point[];
  readonly test: readonly Point[];
  /** Of the grid, or of the axis. */
  readonly values: ArrayLike<number> | undefined;
  readonly side: number;
  readonly truth: string;
}

export function drawSurface(canvas: HTMLCanvasElement, { task, training, test, values, side, truth }: Seen): void {
  const on = drawing(canvas);
  const { draw, width, height, colour } = on;
  if (task === 'classes') {
    if (values) {
      draw.imageSmoothingEnabled = true;
      draw.drawImage(
        picture(side, values, 0, 1, (v) => 2 * v - 1),
        0,
        0,
        width,
        height,
      );
      draw.strokeStyle = colour('text');
      draw.lineWidth = 1.5;
      contour(on, side, values, 0.5);
    }
  } else {
    const line = (n: number, at: (i: number) => number) => {
      draw.beginPath();
      for (let i = 0; i < n; i++) draw.lineTo((i / (n - 1)) * width, ((1 - at(i) / REACH) / 2) * height);
      draw.stroke();
    };
    draw.strokeStyle = colour('line');
    draw.lineWidth = 1;
    line(2, () => 0);
    const found = truths[truth];
    if (found) {
      draw.setLineDash([4, 5]);
      draw.strokeStyle = colour('faint');
      draw.lineWidth = 1.5;
      line(121, (i) => found(REACH * (i / 60 - 1)));
      draw.setLineDash([]);
    }
    drawPoints(on, training, false, task);
    drawPoints(on, test, true, task);
    if (values) {
      draw.strokeStyle = colour('high');
      draw.lineWidth = 3;
      line(values.length, (i) => values[i] as number);
    }
    return;
  }
  drawPoints(on, training, false, task);
  drawPoints(on, test, true, task);
}
