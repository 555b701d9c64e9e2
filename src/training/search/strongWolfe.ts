/** A line search that ends at a point of the strong Wolfe conditions, as torch.optim.LBFGS has it (`strong_wolfe`, after minFunc by M. Schmidt). */

/** A point on the line: how far along it, with loss, gradient, and the gradient's product with the direction. */
export interface Point {
  readonly t: number;
  readonly loss: number;
  readonly slope: number;
  readonly gradient: Float32Array;
}

/** Sufficient decrease, and curvature (Nocedal & Wright 2006, (3.7)). */
const C1 = 1e-4;
const C2 = 0.9;

/** What the losses of two points differ by for rounding, in units of the loss. */
const ROUNDING = 1e-4;

/** Most evaluations behind the first. */
const MOST = 25;

/** A bracket this short, in the largest change of a parameter, is not divided any more. PyTorch does not let it be set either. */
const SHORTEST = 1e-9;

/** The minimum between two points of the cubic through both, by losses and slopes, kept within bounds; the middle of these where it has none. */
function cubicMinimum(a: Point, b: Point, low = Math.min(a.t, b.t), high = Math.max(a.t, b.t)): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  // NaN, from a point that is not finite, is no root either.
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(t, low), high);
}

/**
 * Searches along a direction. The loss of a point that is not finite is Infinity: it bounds the search, and is never the answer.
 *
 * @param start the point at 0, whose slope is below 0
 * @param first the first step
 * @param largest the largest element of the direction
 * @param at evaluates a point; `keep` are those whose gradients are needed on
 * @returns the point found, which may be `start`, and the evaluations
 */
export function strongWolfe(
  start: Point,
  first: number,
  largest: number,
  at: (t: number, keep: readonly Point[]) => Point,
): { readonly found: Point; readonly evaluations: number } {
  const isSteep = ({ t, loss }: Point) => loss > start.loss + C1 * t * start.slope;
  const isFlat = ({ slope }: Point) => Math.abs(slope) <= -C2 * start.slope;
  // A flat slope that leads down on the whole says more than losses which differ by their rounding (Hager & Zhang 2005, the approximate condition).
  const isAsLow = (point: Point) => isFlat(point) && point.loss <= start.loss + ROUNDING * Math.abs(start.loss);
  let before = start;
  let point = at(first, [start]);
  let tries = 0;
  let bracket: [Point, Point];
  // Find two points with a minimum between them.
  for (; ; tries++) {
    if (tries === MOST) {
      bracket = [start, point];
      break;
    }
    if (isAsLow(point)) return { found: point, evaluations: tries + 1 };
    const rises = isSteep(point) || (tries > 1 && point.loss >= before.loss);
    if (!rises && isFlat(point)) return { found: point, evaluations: tries + 1 };
    if (rises || point.slope >= 0) {
      bracket = [before, point];
      break;
    }
    const t = cubicMinimum(before, point, point.t + 0.01 * (point.t - before.t), point.t * 10);
    before = point;
    point = at(t, [start, before]);
  }
  // Draw them together. Of two equal losses the first is the low one.
  const lower = () => (bracket[0].loss <= bracket[1].loss ? 0 : 1);
  let low: 0 | 1 = lower();
  let wasNearEnd = false;
  for (; tries < MOST && Math.abs(bracket[1].t - bracket[0].t) * largest >= SHORTEST; ) {
    let t = cubicMinimum(bracket[0], bracket[1]);
    const left = Math.min(bracket[0].t, bracket[1].t);
    const right = Math.max(bracket[0].t, bracket[1].t);
    const margin = 0.1 * (right - left);
    const isNearEnd = Math.min(right - t, t - left) < margin;
    const goesAway: boolean = isNearEnd && (wasNearEnd || t >= right || t <= left);
    if (goesAway) t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
    wasNearEnd = isNearEnd && !goesAway;
    const next = at(t, bracket);
    tries++;
    if (isAsLow(next)) return { found: next, evaluations: tries + 1 };
    const high = low === 0 ? 1 : 0;
    if (isSteep(next) || next.loss >= bracket[low].loss) {
      bracket[high] = next;
      low = lower();
      continue;
    }
    if (isFlat(next)) return { found: next, evaluations: tries + 1 };
    if (next.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
    bracket[low] = next;
  }
  return { found: bracket[low], evaluations: tries + 1 };
}
