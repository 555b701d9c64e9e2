import { gemm, gemmPacked, gemmPart, packedSize } from '../gemm/gemm';
import { gemvRows } from '../gemm/gemv';
import { Opcode } from '../opcodes';
import { areApart, isTensor } from '../preconditions';
import { activates, unary } from './unary';

/** y[rows, features] += b[features] on each row. */
export function addBias(y: usize, b: usize, rows: usize, features: usize): void {
  if (features <= 2) return addNarrowBias(y, b, rows, features);
  const width = features << 2;
  for (const end = y + rows * width; y != end; y += width) {
    let at: usize = 0;
    for (; at + 16 <= width; at += 16) v128.store(y + at, f32x4.add(v128.load(y + at), v128.load(b + at)));
    for (; at < width; at += 4) store<f32>(y + at, load<f32>(y + at) + load<f32>(b + at));
  }
}

/** One or two features: one vector of biases serves every four elements. */
function addNarrowBias(y: usize, b: usize, rows: usize, features: usize): void {
  if (features == 0) return;
  const bias = features == 2 ? v128.load64_splat(b) : v128.load32_splat(b);
  const end = y + ((rows * features) << 2);
  for (; y + 16 <= end; y += 16) v128.store(y, f32x4.add(v128.load(y), bias));
  for (let odd: usize = 0; y != end; y += 4, odd ^= features >> 1) store<f32>(y, load<f32>(y) + load<f32>(b + (odd << 2)));
}

/**
 * u = activation(x·wᵀ + b): u[m, n], x[m, k], w[n, k], b[n] or 0 for none; `activation` is the opcode of a unary function, Copy for
 * none, with its α and β; `panels` is w as `packWeights` packs it, or 0. The bits are those of gemm, addBias and unary in turn.
 */
export function linear(
  u: usize, x: usize, w: usize, b: usize, m: usize, n: usize, k: usize, activation: i32, alpha: f32, beta: f32, panels: usize,
): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(u, m * n) && isTensor(x, m * k) && isTensor(w, n * k), 'linear: u[m, n], x[m, k] and w[n, k] are floats in the heap');
    assert(areApart(u, m * n, x, m * k) && areApart(u, m * n, w, n * k), 'linear: u is apart from x and w');
    assert(b == 0 || (isTensor(b, n) && areApart(u, m * n, b, n)), 'linear: b is n floats, apart from u');
    assert(panels == 0 || isTensor(panels, packedSize(n, k)), 'linear: panels are as many floats as packedSize says');
  }
  if (m == 1) {
    const inside = activates(activation);
    gemvRows(u, x, w, n, k, k << 2, false, b, inside ? activation : Opcode.Copy, alpha, beta);
    if (!inside) unary(activation, u, u, n, alpha, beta);
    return;
  }
  if (panels) gemmPacked(u, x, panels, m, n, k);
  else gemm(u, x, w, m, n, k, k, 1, 1, k, false);
  if (b) addBias(u, b, m, n);
  if (activation != Opcode.Copy) unary(activation, u, u, m * n, alpha, beta);
}

/**
 * The same for u[m, n] that is part of a larger u of more rows than one, whose rows are ldu floats apart, and for k > 0; with `panels` only for whole
 * rows.
 */
export function linearPart(
  u: usize, ldu: usize, x: usize, w: usize, b: usize, m: usize, n: usize, k: usize, activation: i32, alpha: f32, beta: f32, panels: usize,
): void {
  if (panels) gemmPacked(u, x, panels, m, n, k);
  else gemmPart(u, ldu, x, w, m, n, k, k, 1, 1, k, false, false);
  const together = ldu == n ? m : 1;
  for (const end = u + ((m * ldu) << 2); u != end; u += (together * ldu) << 2) {
    if (b) addBias(u, b, together, n);
    if (activation != Opcode.Copy) unary(activation, u, u, together * n, alpha, beta);
  }
}
