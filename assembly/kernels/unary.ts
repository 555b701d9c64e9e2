import { map, UnaryFunction } from './map';
import { Erf } from '../math/erf';
import { Erfc } from '../math/erfc';
import { Exp } from '../math/exp';
import { Expm1 } from '../math/expm1';
import { Log } from '../math/log';
import { Log1p } from '../math/log1p';
import { Pow } from '../math/pow';
import { Sigmoid } from '../math/sigmoid';
import { Softplus } from '../math/softplus';
import { Tanh } from '../math/tanh';
import { Opcode } from '../opcodes';
import { isSameOrApart, isTensor } from '../preconditions';
import { madd } from '../simd';

@final class Copy extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return x; }
}

/** αx + β. */
@final export class Affine extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return madd(alpha, x, beta); }
}

@final class Abs extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return f32x4.abs(x); }
}

@final class Square extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return f32x4.mul(x, x); }
}

@final class Sqrt extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return f32x4.sqrt(x); }
}

/** max(x, 0). NaN and −0 are kept. */
@final class Relu extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return f32x4.pmax(x, f32x4.splat(0)); }
}

/** x where x > 0, else αx, for any α. */
@final class LeakyRelu extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return v128.bitselect(x, f32x4.mul(alpha, x), f32x4.gt(x, f32x4.splat(0))); }
}

/** 1 where x > 0, α where x = 0, 0 where x < 0, NaN where x is NaN. */
@final class Heaviside extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 {
    const zero = f32x4.splat(0);
    const positive = v128.and(f32x4.gt(x, zero), f32x4.splat(1));
    // All bits set: a NaN.
    return v128.or(v128.or(positive, v128.and(f32x4.eq(x, zero), alpha)), f32x4.ne(x, x));
  }
}

/** min(max(x, α), β) for α ≤ β. NaN is kept. */
@final class Clip extends UnaryFunction {
  apply(x: v128, alpha: v128, beta: v128): v128 { return f32x4.pmin(f32x4.pmax(x, alpha), beta); }
}

/** y = f(x) over n elements for the function that a unary opcode names; y may be x. Traps on any other opcode. */
export function unary(opcode: i32, y: usize, x: usize, n: usize, alpha: f32, beta: f32): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, n) && isTensor(x, n), 'unary: y and x are n floats in the heap');
    assert(isSameOrApart(y, x, n), 'unary: y is x, or apart from it');
  }
  switch (opcode) {
    case Opcode.Copy: map<Copy>(y, x, n, alpha, beta); break;
    case Opcode.Affine: map<Affine>(y, x, n, alpha, beta); break;
    case Opcode.Abs: map<Abs>(y, x, n, alpha, beta); break;
    case Opcode.Square: map<Square>(y, x, n, alpha, beta); break;
    case Opcode.Sqrt: map<Sqrt>(y, x, n, alpha, beta); break;
    case Opcode.Exp: map<Exp>(y, x, n, alpha, beta); break;
    case Opcode.Expm1: map<Expm1>(y, x, n, alpha, beta); break;
    case Opcode.Log: map<Log>(y, x, n, alpha, beta); break;
    case Opcode.Log1p: map<Log1p>(y, x, n, alpha, beta); break;
    case Opcode.Erf: map<Erf>(y, x, n, alpha, beta); break;
    case Opcode.Erfc: map<Erfc>(y, x, n, alpha, beta); break;
    case Opcode.Sigmoid: map<Sigmoid>(y, x, n, alpha, beta); break;
    case Opcode.Tanh: map<Tanh>(y, x, n, alpha, beta); break;
    case Opcode.Relu: map<Relu>(y, x, n, alpha, beta); break;
    case Opcode.LeakyRelu: map<LeakyRelu>(y, x, n, alpha, beta); break;
    case Opcode.Heaviside: map<Heaviside>(y, x, n, alpha, beta); break;
    case Opcode.Softplus: map<Softplus>(y, x, n, alpha, beta); break;
    case Opcode.Pow: map<Pow>(y, x, n, alpha, beta); break;
    case Opcode.Clip: map<Clip>(y, x, n, alpha, beta); break;
    default: unreachable();
  }
}

/** Whether `activate` has a unary opcode. It has the activations that small networks spend their time on. */
export function activates(opcode: i32): bool {
  return opcode == Opcode.Copy || opcode == Opcode.Relu || opcode == Opcode.Sigmoid || opcode == Opcode.Tanh;
}

/** Applies `unary` to one vector in a register. */
// @ts-ignore: decorator
@inline
export function activate(opcode: i32, x: v128, alpha: f32, beta: f32): v128 {
  const alpha4 = f32x4.splat(alpha);
  const beta4 = f32x4.splat(beta);
  if (opcode == Opcode.Relu) return changetype<Relu>(0).apply(x, alpha4, beta4);
  if (opcode == Opcode.Sigmoid) return changetype<Sigmoid>(0).apply(x, alpha4, beta4);
  return opcode == Opcode.Tanh ? changetype<Tanh>(0).apply(x, alpha4, beta4) : x;
}
