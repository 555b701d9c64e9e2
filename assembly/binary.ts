import { Opcode } from './opcodes';
import { BinaryFunction, zip } from './map';

@final class Add extends BinaryFunction {
  apply(a: v128, b: v128, alpha: v128): v128 { return f32x4.add(a, b); }
}

/** y = f(a, b) for the function that a binary opcode names; y may be a or b. */
export function binary(opcode: i32, y: usize, a: usize, b: usize, n: usize, alpha: f32): void {
  switch (opcode) {
    case Opcode.Add: zip<Add>(y, a, b, n, alpha); break;
    default: unreachable();
  }
}
