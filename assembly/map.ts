/**
 * Elementwise loops over vectors of four. A function is a class with one method and no state: `map<F>` compiles
 * to a loop of its own with `apply` in its body, so an activation is written once, as a function of a v128.
 */
export abstract class UnaryFunction {
  abstract apply(x: v128, alpha: v128, beta: v128): v128;
}

export abstract class BinaryFunction {
  abstract apply(a: v128, b: v128, alpha: v128): v128;
}

/** Where the last one to three elements are worked on: a vector of their own, so that no kernel touches what lies behind an array. */
const tailA = memory.data(16, 16);
const tailB = memory.data(16, 16);

/** Loads n < 4 floats; the lanes behind them repeat the first, so that no function meets a value the caller didn't pass. */
export function loadTail(x: usize, n: usize, at: usize): v128 {
  const first = load<f32>(x);
  v128.store(at, f32x4.splat(first));
  for (let i: usize = 1; i < n; i++) store<f32>(at + (i << 2), load<f32>(x + (i << 2)));
  return v128.load(at);
}

/** Stores the first n < 4 lanes. */
export function storeTail(y: usize, value: v128, n: usize): void {
  v128.store(tailA, value);
  for (let i: usize = 0; i < n; i++) store<f32>(y + (i << 2), load<f32>(tailA + (i << 2)));
}

/** y = F(x; α, β) over n elements; y may be x. */
export function map<F extends UnaryFunction>(y: usize, x: usize, n: usize, alpha: f32, beta: f32): void {
  const f = changetype<F>(0);
  const alpha4 = f32x4.splat(alpha);
  const beta4 = f32x4.splat(beta);
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, x += 16) v128.store(y, f.apply(v128.load(x), alpha4, beta4));
  const rest = (end - y) >> 2;
  if (rest) storeTail(y, f.apply(loadTail(x, rest, tailA), alpha4, beta4), rest);
}

/** y = F(a, b; α) over n elements; y may be a or b. */
export function zip<F extends BinaryFunction>(y: usize, a: usize, b: usize, n: usize, alpha: f32): void {
  const f = changetype<F>(0);
  const alpha4 = f32x4.splat(alpha);
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, a += 16, b += 16) v128.store(y, f.apply(v128.load(a), v128.load(b), alpha4));
  const rest = (end - y) >> 2;
  if (rest) storeTail(y, f.apply(loadTail(a, rest, tailA), loadTail(b, rest, tailB), alpha4), rest);
}
