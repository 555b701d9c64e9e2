/** Offset and scale of one column of numbers, in float64. */
import { ValueError } from '../errors.js';

/** The mean, and the variance about it, corrected for the rounding of the mean (Chan, Golub & LeVeque 1983, eq. 1.7). */
function moments(values: Float64Array): { mean: number; variance: number } {
  const n = values.length;
  const average = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0) / n;
  const first = average((value) => value);
  const mean = first + average((value) => value - first);
  const off = average((value) => value - mean);
  return { mean, variance: Math.max(0, average((value) => (value - mean) * (value - mean)) - off * off) };
}

/** The largest magnitude as a power of two. Dividing by it is exact, and prevents over- and underflow. */
function magnitude(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return 2 ** Math.max(-1022, Math.min(1023, Math.floor(Math.log2(largest))));
}

/** @throws ValueError where float64 cannot hold the scaling */
function checkHeld(call: string, what: string, offset: number, scale: number): [offset: number, scale: number] {
  if (Number.isFinite(offset) && Number.isFinite(scale) && scale > 0) return [offset, scale];
  throw new ValueError(`${call}: ${what} has a range too large or too small for a float64 scale; multiply it by a constant first`);
}

/** The mean of a column, which does not overflow. */
export function meanOfColumn(column: Float64Array): number {
  const unit = magnitude(column);
  return moments(column.map((value) => value / unit)).mean * unit;
}

/** The median: of an even number of values the mean of the two in the middle. */
export function medianOfColumn(column: Float64Array): number {
  const sorted = column.slice().sort();
  const [low, high] = [sorted[(sorted.length - 1) >> 1] as number, sorted[sorted.length >> 1] as number];
  return low === high ? low : low / 2 + high / 2;
}

/** Mean and standard deviation; a constant has scale 1. @param what an error calls the column */
export function standardizeColumn(call: string, what: string, column: Float64Array): [offset: number, scale: number] {
  const first = column[0] as number;
  if (column.every((value) => value === first)) return [first, 1];
  const unit = magnitude(column);
  const { mean, variance } = moments(column.map((value) => value / unit));
  const deviation = Math.sqrt(variance);
  if (deviation <= Number.EPSILON * Math.abs(mean)) return [mean * unit, 1];
  return checkHeld(call, what, mean * unit, deviation * unit);
}

/** What makes the least value low and the greatest high; a constant has scale 1. @param what an error calls the column */
export function minMaxColumn(call: string, what: string, column: Float64Array, low: number, high: number): [offset: number, scale: number] {
  const extent = (pick: (a: number, b: number) => number) => column.reduce((a, b) => pick(a, b));
  const least = extent(Math.min);
  const greatest = extent(Math.max);
  const scale = least === greatest ? 1 : (greatest - least) / (high - low);
  return checkHeld(call, what, least - low * scale, scale);
}
