import { BinaryFunction, zip } from './map';
import { Opcode } from '../opcodes';
import { isSameOrApart, isTensor } from '../preconditions';

@final class Add extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.add(a, b); }
}

@final class Sub extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.sub(a, b); }
}

@final class Mul extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.mul(a, b); }
}

@final class Div extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.div(a, b); }
}

/** The smaller; −0 is smaller than 0; NaN where either is NaN. */
@final class Minimum extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.min(a, b); }
}

/** The larger; 0 is larger than −0; NaN where either is NaN. */
@final class Maximum extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.max(a, b); }
}

/** du·heaviside(u), with the bits of the two operations: 0 with the sign of du where u ≤ 0, NaN where u is NaN, or where du is infinite and u ≤ 0. */
@final class ReluBackward extends BinaryFunction {
  apply(u: v128, du: v128, alpha: v128): v128 {
    const slope = v128.and(f32x4.splat(1), f32x4.gt(u, f32x4.splat(0)));
    return v128.or(f32x4.mul(du, slope), f32x4.ne(u, u));
  }
}

/** du where u > 0, else α·du; 0 for an α of 0, whatever du is. */
@final class LeakyReluBackward extends BinaryFunction {
  apply(u: v128, du: v128, alpha: v128): v128 {
    const below = v128.and(f32x4.mul(alpha, du), f32x4.ne(alpha, f32x4.splat(0)));
    return v128.bitselect(du, below, f32x4.gt(u, f32x4.splat(0)));
  }
}

/** du·(u·(1 − u)), in the order of the single kernels. */
@final class SigmoidBackward extends BinaryFunction {
  apply(u: v128, du: v128, alpha: v128): v128 { return f32x4.mul(du, f32x4.mul(u, f32x4.sub(f32x4.splat(1), u))); }
}

/** du·(1 − u²), in the order of the single kernels. */
@final class TanhBackward extends BinaryFunction {
  apply(u: v128, du: v128, alpha: v128): v128 { return f32x4.mul(du, f32x4.sub(f32x4.splat(1), f32x4.mul(u, u))); }
}

/** y = f(a, b) over n elements for the function that a binary opcode names; y may be a or b. Traps on any other opcode. */
export function binary(opcode: i32, y: usize, a: usize, b: usize, n: usize, alpha: f32): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, n) && isTensor(a, n) && isTensor(b, n), 'binary: y, a and b are n floats in the heap');
    assert(isSameOrApart(y, a, n) && isSameOrApart(y, b, n), 'binary: y is a or b, or apart from both');
  }
  switch (opcode) {
    case Opcode.Add: zip<Add>(y, a, b, n, alpha); break;
    case Opcode.Sub: zip<Sub>(y, a, b, n, alpha); break;
    case Opcode.Mul: zip<Mul>(y, a, b, n, alpha); break;
    case Opcode.Div: zip<Div>(y, a, b, n, alpha); break;
    case Opcode.Minimum: zip<Minimum>(y, a, b, n, alpha); break;
    case Opcode.Maximum: zip<Maximum>(y, a, b, n, alpha); break;
    case Opcode.ReluBackward: zip<ReluBackward>(y, a, b, n, alpha); break;
    case Opcode.LeakyReluBackward: zip<LeakyReluBackward>(y, a, b, n, alpha); break;
    case Opcode.SigmoidBackward: zip<SigmoidBackward>(y, a, b, n, alpha); break;
    case Opcode.TanhBackward: zip<TanhBackward>(y, a, b, n, alpha); break;
    default: unreachable();
  }
}
