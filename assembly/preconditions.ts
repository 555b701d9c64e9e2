/**
 * Preconditions of kernels on their operands. Kernels assert them in the debug build alone, where a violation ends the run with the file and
 * line of the assertion. `if (!ASC_NO_ASSERT)` keeps them out of the optimised builds: there asc would still evaluate the condition.
 */
import { isInBlock } from './blocks';

/** Most floats that 32 bits address. */
const MOST: usize = 0x3fffffff;

/** Whether n floats at x are aligned to 4 and lie in one block of the heap. */
export function isTensor(x: usize, n: usize): bool {
  return (x & 3) == 0 && n <= MOST && isInBlock(x, n << 2);
}

/** Whether n elements of four nets at x, a vector each, are aligned to 16 and lie in one block of the heap. */
export function isLanes(x: usize, n: usize): bool {
  return (x & 15) == 0 && isTensor(x, n << 2);
}

/** Whether ny floats at y and nx floats at x have no byte in common. */
export function areApart(y: usize, ny: usize, x: usize, nx: usize): bool {
  return ny == 0 || nx == 0 || y + (ny << 2) <= x || x + (nx << 2) <= y;
}

/** Whether y is x, or n floats at each have no byte in common. */
export function isSameOrApart(y: usize, x: usize, n: usize): bool {
  return y == x || areApart(y, n, x, n);
}

/** Floats from the first to the last of m·n elements, element (i, j) at i·rs + j·cs. */
export function span(m: usize, n: usize, rs: usize, cs: usize): usize {
  return m == 0 || n == 0 ? 0 : (m - 1) * rs + (n - 1) * cs + 1;
}
