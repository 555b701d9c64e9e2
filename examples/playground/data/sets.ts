/** The data sets. Every point lies on a grid of hundredths, so that a link or a program can hold it exactly. */
import { onCircle } from './circle.js';
import { normal, type Random, random } from './random.js';

/** Of classes, target 0 or 1 at (x, y); of a regression, the value at x, and y is that value. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly target: number;
}

export type Task = 'classes' | 'values';

/** Points lie within ±this. */
export const REACH = 3;

interface DataSet {
  readonly title: string;
  readonly task: Task;
  /** @param noise standard deviation, in the unit of the plane */
  readonly point: (i: number, draw: Random, noise: number) => readonly [x: number, y: number, target: number];
  /** Of a regression: the curve that it is to find. */
  readonly truth?: (x: number) => number;
  /** What it is chosen with, so that the network learns it. */
  readonly suggested?: { readonly points?: number; readonly layers?: readonly number[]; readonly noise?: number };
}

const around = (x: number, y: number, draw: Random, noise: number, target: number) =>
  [x + noise * normal(draw), y + noise * normal(draw), target] as const;

/** A regression to a curve. */
function curve(title: string, truth: (x: number) => number, suggested: DataSet['suggested'] = {}): DataSet {
  return {
    ...{ title, task: 'values', truth, suggested },
    point(_, draw, noise) {
      const x = REACH * (2 * draw() - 1) * 0.95;
      const y = truth(x) + noise * normal(draw);
      return [x, y, y];
    },
  };
}

export const dataSets = {
  xor: {
    title: 'exclusive or',
    task: 'classes',
    point(i, draw, noise) {
      // A gap between the quarters, which noise fills.
      const [across, up] = [i & 1 ? 1 : -1, i & 2 ? 1 : -1];
      return around(across * (0.25 + 2.45 * draw()), up * (0.25 + 2.45 * draw()), draw, noise, Number(across !== up));
    },
  },
  circles: {
    title: 'a ring around a disc',
    task: 'classes',
    point(i, draw, noise) {
      const outer = i % 2;
      const radius = outer ? 2 + 0.7 * draw() : 1.3 * Math.sqrt(draw());
      const [x, y] = onCircle(2 * Math.PI * draw());
      return around(radius * x, radius * y, draw, noise, outer);
    },
  },
  moons: {
    title: 'two moons',
    task: 'classes',
    point(i, draw, noise) {
      const lower = i % 2;
      const [c, s] = onCircle(Math.PI * draw());
      return lower ? around(0.75 + 1.5 * c, 0.55 - 1.6 * s, draw, noise, 1) : around(-0.75 + 1.5 * c, -0.55 + 1.6 * s, draw, noise, 0);
    },
  },
  spirals: {
    title: 'two spirals',
    task: 'classes',
    suggested: { points: 400, layers: [8, 8], noise: 0 },
    point(i, draw, noise) {
      const arm = i % 2;
      const along = Math.sqrt(draw());
      const [x, y] = onCircle(along * 3.2 * Math.PI + arm * Math.PI);
      return around(2.7 * along * x, 2.7 * along * y, draw, noise, arm);
    },
  },
  line: curve('a line', (x) => 0.6 * x - 0.4, { layers: [] }),
  sine: curve('a sine', (x) => 1.5 * onCircle(1.5 * x)[1]),
  drawn: { title: 'what you draw', task: 'classes', point: () => [0, 0, 0] },
} as const satisfies Record<string, DataSet>;

export type DataName = keyof typeof dataSets;

const setOf = (name: DataName): DataSet => dataSets[name];

export function taskOf(name: DataName): Task {
  return setOf(name).task;
}

/** The curves that regressions are to find, by the names of the sets. */
export const truths: Readonly<Record<string, (x: number) => number>> = Object.fromEntries(
  Object.entries<DataSet>(dataSets).flatMap(([name, { truth }]) => (truth ? [[name, truth]] : [])),
);

/** What a data set is chosen with. */
export function suggestedFor(name: DataName): DataSet['suggested'] {
  return setOf(name).suggested;
}

const onGrid = (v: number) => Math.round(100 * Math.min(REACH, Math.max(-REACH, v))) / 100 || 0;

/** @param noise in percent: 100 is a standard deviation of 1 */
export function pointsOf(name: DataName, count: number, noise: number, seed: number): Point[] {
  const draw = random(seed);
  const set = setOf(name);
  return Array.from({ length: count }, (_, i) => {
    const [x, y, target] = set.point(i, draw, noise / 100);
    return set.task === 'classes' ? { x: onGrid(x), y: onGrid(y), target } : { x: onGrid(x), y: onGrid(y), target: onGrid(target) };
  });
}

/** A point of the plane as one that a link can hold. */
export function drawnPoint(x: number, y: number, target: 0 | 1): Point {
  return { x: onGrid(x), y: onGrid(y), target };
}

/** Those to learn from and those to test with, by the seed. @param share percent to test with; at least one point is learnt from */
export function split(points: readonly Point[], share: number, seed: number): { training: Point[]; test: Point[] } {
  const draw = random(seed ^ 0x5bd1e995);
  const mixed = [...points];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as Point, mixed[i] as Point];
  }
  const held = Math.min(Math.round((points.length * share) / 100), Math.max(0, points.length - 1));
  return { training: mixed.slice(held), test: mixed.slice(0, held) };
}
