import { Opcode } from './opcodes';
import { map, UnaryFunction } from './map';
import { madd } from './simd';

@final class Copy extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return x; }
}
@final class Affine extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return madd(alpha, x, beta); }
}
@final class Relu extends UnaryFunction {
  /** Written as a comparison so that NaN goes through. */
  apply(x: v128, alpha: v128, beta: v128): v128 { return v128.andnot(x, f32x4.lt(x, f32x4.splat(0))); }
}

/** y = f(x) for the function that a unary opcode names; y may be x. */
export function unary(opcode: i32, y: usize, x: usize, n: usize, alpha: f32, beta: f32): void {
  switch (opcode) {
    case Opcode.Copy: memory.copy(y, x, n << 2); break;
    case Opcode.Affine: map<Affine>(y, x, n, alpha, beta); break;
    case Opcode.Relu: map<Relu>(y, x, n, alpha, beta); break;
    default: unreachable();
  }
}
