/** Where a network is asked what it says. */
import { type Point, REACH } from './sets.js';

/** Places of the surface, in each direction. */
export const SIDE = 80;
/** Places of a regression's curve. */
export const LINE = 181;
/** Places of a unit's own picture, in each direction, or along its curve. */
export const UNIT_SIDE = 24;

/** Points of a grid over the plane, row by row from the top. */
export function grid(side: number): Point[] {
  const at = (i: number) => ((2 * i + 1) / side - 1) * REACH;
  return Array.from({ length: side * side }, (_, i) => ({ x: at(i % side), y: -at(Math.floor(i / side)), target: 0 }));
}

/** Points of the axis, from left to right. */
export function axis(count: number): Point[] {
  return Array.from({ length: count }, (_, i) => ({ x: ((2 * i) / (count - 1) - 1) * REACH, y: 0, target: 0 }));
}
