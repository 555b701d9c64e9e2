/**
 * The activations that small nets spend their time on. The relaxed build has a tanh of its own. All else is done in two passes over a chunk: the
 * exponentials first, the rest behind them. In one pass each vector is a chain of twenty dependent operations and more, of which a processor's queues hold
 * two or three; of half a chain they hold twice as many.
 */
import { Sigmoid } from '../math/sigmoid';
import { Tanh } from '../math/tanh';
import { unary } from '../kernels/unary';
import { Opcode } from '../opcodes';
import { isLanes, isSameOrApart } from '../preconditions';
import { fusedTanhs } from './tanh';

/** Bytes of two vectors, which a pass takes at once. */
const PAIR: usize = 32;

/** Bytes of the exponentials of a chunk. */
const CHUNK: usize = 1024;
const exponentials = memory.data(1024, 16);

/** y = f(x) over n elements, lane by lane what `unary` gives, but for the relaxed build's tanh; y may be x. */
export function laneUnary(opcode: i32, y: usize, x: usize, n: usize, alpha: f32, beta: f32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, n) && isLanes(x, n) && isSameOrApart(y, x, n << 2), 'laneUnary: y and x are n vectors in the heap, the same or apart');
  if (ASC_FEATURE_RELAXED_SIMD && opcode == Opcode.Tanh) return fusedTanhs(y, x, n << 4);
  let left = n << 4;
  if (opcode == Opcode.Tanh || opcode == Opcode.Sigmoid) {
    while (left >= PAIR) {
      const bytes = min(left & ~(PAIR - 1), CHUNK);
      if (opcode == Opcode.Tanh) tanhs(y, x, bytes);
      else sigmoids(y, x, bytes);
      y += bytes;
      x += bytes;
      left -= bytes;
    }
    if (!left) return;
  }
  unary(opcode, y, x, left >> 2, alpha, beta);
}

// Compute both vectors before either is stored: what they share is then loaded once.

function tanhs(y: usize, x: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += PAIR) {
    const w0 = Tanh.exponential(Tanh.exponent(v128.load(x + at)));
    const w1 = Tanh.exponential(Tanh.exponent(v128.load(x + at, 16)));
    v128.store(exponentials + at, w0);
    v128.store(exponentials + at, w1, 16);
  }
  for (let at: usize = 0; at < bytes; at += PAIR) {
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const y0 = Tanh.from(x0, Tanh.exponent(x0), v128.load(exponentials + at));
    const y1 = Tanh.from(x1, Tanh.exponent(x1), v128.load(exponentials + at, 16));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
}

function sigmoids(y: usize, x: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += PAIR) {
    const e0 = Sigmoid.exponential(v128.load(x + at));
    const e1 = Sigmoid.exponential(v128.load(x + at, 16));
    v128.store(exponentials + at, e0);
    v128.store(exponentials + at, e1, 16);
  }
  for (let at: usize = 0; at < bytes; at += PAIR) {
    const y0 = Sigmoid.from(v128.load(x + at), v128.load(exponentials + at));
    const y1 = Sigmoid.from(v128.load(x + at, 16), v128.load(exponentials + at, 16));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
}
