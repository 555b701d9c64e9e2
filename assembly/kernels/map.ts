/**
 * Elementwise loops over vectors of four. A function is a class with one method and no state. `map<F>` compiles to a loop with `apply`
 * inlined, so an activation is written once, as a function of a v128.
 */
import { Scratch, scratch } from '../scratch';

export abstract class UnaryFunction {
  abstract apply(x: v128, alpha: v128, beta: v128): v128;
}

export abstract class BinaryFunction {
  abstract apply(a: v128, b: v128, alpha: v128): v128;
}

/** Loads 0 < n < 4 floats and nothing behind them. The other lanes repeat some of them, so that a function sees no value that was not passed. */
export function loadTail(x: usize, n: usize): v128 {
  if (n == 1) return v128.load32_splat(x);
  const pair = v128.load64_splat(x);
  return n == 2 ? pair : v128.load_lane<f32>(x, pair, 2, 8);
}

/** Stores the first 0 < n < 4 lanes. */
export function storeTail(y: usize, value: v128, n: usize): void {
  if (n == 1) {
    v128.store_lane<f32>(y, value, 0);
    return;
  }
  v128.store_lane<f64>(y, value, 0);
  if (n == 3) v128.store_lane<f32>(y, value, 2, 8);
}

/** Holds the last one to three elements for `map`. */
const ownTail: usize = ASC_FEATURE_THREADS ? 0 : memory.data(16, 16);

/** y = F(x; α, β) over n elements; y may be x. */
export function map<F extends UnaryFunction>(y: usize, x: usize, n: usize, alpha: f32, beta: f32): void {
  const f = changetype<F>(0);
  const alpha4 = f32x4.splat(alpha);
  const beta4 = f32x4.splat(beta);
  const rest = n & 3;
  let end = y + ((n - rest) << 2);
  let behind: usize = 0;
  // Run the tail through the same loop, on a vector of its own: `apply` then occurs once in the code, and is inlined however long.
  while (true) {
    for (; y < end; y += 16, x += 16) v128.store(y, f.apply(v128.load(x), alpha4, beta4));
    if (rest == 0) break;
    if (behind) {
      storeTail(behind, v128.load(scratch(ownTail, Scratch.Tail)), rest);
      break;
    }
    behind = y;
    const tail = scratch(ownTail, Scratch.Tail);
    v128.store(tail, loadTail(x, rest));
    x = y = tail;
    end = tail + 16;
  }
}

/** y = F(a, b; α) over n elements; y may be a or b. */
export function zip<F extends BinaryFunction>(y: usize, a: usize, b: usize, n: usize, alpha: f32): void {
  const f = changetype<F>(0);
  const alpha4 = f32x4.splat(alpha);
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, a += 16, b += 16) v128.store(y, f.apply(v128.load(a), v128.load(b), alpha4));
  const rest = (end - y) >> 2;
  if (rest) storeTail(y, f.apply(loadTail(a, rest), loadTail(b, rest), alpha4), rest);
}
