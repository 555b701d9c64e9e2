import { gemm } from './gemm/gemm';
import { unary } from './unary';
import { binary } from './binary';
import { Opcode } from './opcodes';

/** y[rows, features] += b[features] on each row. */
export function addBias(y: usize, b: usize, rows: usize, features: usize): void {
  for (let i: usize = 0; i < rows; i++, y += features << 2) binary(Opcode.Add, y, y, b, features, 0);
}

/** u[m, n] = activation(x[m, k]·w[n, k]ᵀ + b[n]); b = 0 for none. The bits are those of gemm, addBias and unary in turn. */
export function linear(u: usize, x: usize, w: usize, b: usize, m: usize, n: usize, k: usize, activation: i32, alpha: f32, beta: f32): void {
  gemm(u, x, w, m, n, k, k, 1, 1, k, false);
  if (b) addBias(u, b, m, n);
  if (activation != Opcode.Copy) unary(activation, u, u, m * n, alpha, beta);
}
