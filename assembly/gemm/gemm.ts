/**
 * c[m, n] = a·b, or c += a·b where `accumulate`. Element (i, p) of a lies at a + (i·rsa + p·csa) floats, element (p, j) of b
 * at b + (p·rsb + j·csb) floats, so a transpose is a swap of strides; c is row-major and tight.
 */
export function gemm(c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool): void {
  for (let i: usize = 0; i < m; i++)
    for (let j: usize = 0; j < n; j++) {
      let sum: f32 = accumulate ? load<f32>(c + ((i * n + j) << 2)) : 0;
      for (let p: usize = 0; p < k; p++) sum += load<f32>(a + ((i * rsa + p * csa) << 2)) * load<f32>(b + ((p * rsb + j * csb) << 2));
      store<f32>(c + ((i * n + j) << 2), sum);
    }
}
