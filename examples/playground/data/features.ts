/** What a network sees of a point. Products and roots alone, which every engine computes to the same bits. */
import type { Task } from './sets.js';

interface Feature {
  readonly label: string;
  /** In JavaScript, for the program that a run is handed out as. */
  readonly code: string;
  readonly of: (x: number, y: number) => number;
  readonly task: 'both' | 'classes';
}

export const features = {
  x: { label: 'x', code: 'x', of: (x) => x, task: 'both' },
  y: { label: 'y', code: 'y', of: (_, y) => y, task: 'classes' },
  xx: { label: 'x²', code: 'x * x', of: (x) => x * x, task: 'both' },
  yy: { label: 'y²', code: 'y * y', of: (_, y) => y * y, task: 'classes' },
  xy: { label: 'x·y', code: 'x * y', of: (x, y) => x * y, task: 'classes' },
  r: { label: 'r', code: 'Math.sqrt(x * x + y * y)', of: (x, y) => Math.sqrt(x * x + y * y), task: 'classes' },
} as const satisfies Record<string, Feature>;

export type FeatureName = keyof typeof features;

export const featureNames = Object.keys(features) as FeatureName[];

/** Those that a task has: a regression is of x alone. */
export function featuresOf(task: Task): FeatureName[] {
  return featureNames.filter((name) => task === 'classes' || features[name].task === 'both');
}

/** A row for each point. */
export function rowsOf(points: readonly { readonly x: number; readonly y: number }[], names: readonly FeatureName[]): Float32Array {
  const rows = new Float32Array(points.length * names.length);
  points.forEach(({ x, y }, i) => {
    names.forEach((name, j) => {
      rows[i * names.length + j] = features[name].of(x, y);
    });
  });
  return rows;
}
