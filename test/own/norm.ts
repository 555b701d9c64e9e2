/** A layer that neurite does not have, from this one file: a normalisation by the statistics of the batch in training, by running ones else. */
import {
  add,
  byMode,
  constantInit,
  div,
  type Layer,
  layer,
  meanRows,
  mul,
  type Node,
  parameter,
  scale,
  shift,
  sqrt,
  square,
  state,
  sub,
  zeros,
} from 'neurite';

/** How much a step leaves of the statistics before it. */
export const KEPT = 0.75;
const EPSILON = 1e-3;

/** y = γ ⊙ (x − mean) / √(variance + ε) + β, biased variance. */
export function norm(name?: string): Layer {
  let own: { gains: Node; offsets: Node; mean: Node; variance: Node } | undefined;
  return layer(
    'norm',
    (x) => {
      const n = x.shape.size[0] as number;
      own ??= {
        gains: parameter(n, { init: constantInit(1) }),
        offsets: parameter(n, { init: zeros }),
        mean: state(n),
        variance: state(n, { init: constantInit(1) }),
      };
      const { gains, offsets, mean, variance } = own;
      const batchMean = meanRows(x);
      const batchVariance = meanRows(square(sub(x, batchMean)));
      const by = (m: Node, v: Node) => div(sub(x, m), sqrt(shift(v, EPSILON)));
      const normalized = byMode(by(batchMean, batchVariance), by(mean, variance));
      const running = (of: Node, batch: Node) => ({ state: of, next: (now: Node) => add(scale(now, KEPT), scale(batch, 1 - KEPT)) });
      return {
        output: add(mul(normalized, gains), offsets),
        parameters: own,
        nodes: { normalized, batchMean },
        attributes: { momentum: String(KEPT) },
        updates: [running(mean, batchMean), running(variance, batchVariance)],
      };
    },
    { name },
  );
}

/** The statistics of each column, in float64. */
export function statistics(x: ArrayLike<number>, width: number): { mean: number[]; variance: number[] } {
  const rows = x.length / width;
  const column = (j: number) => Array.from({ length: rows }, (_, i) => x[i * width + j] as number);
  const mean = Array.from({ length: width }, (_, j) => column(j).reduce((a, b) => a + b) / rows);
  const variance = mean.map((m, j) => column(j).reduce((sum, v) => sum + (v - m) ** 2, 0) / rows);
  return { mean, variance };
}

/** The layer in float64. */
export function normalize(
  x: ArrayLike<number>,
  gains: ArrayLike<number>,
  offsets: ArrayLike<number>,
  { mean, variance }: ReturnType<typeof statistics>,
): number[] {
  const n = mean.length;
  return Array.from(x, (v, i) => {
    const j = i % n;
    return ((v - (mean[j] as number)) / Math.sqrt((variance[j] as number) + EPSILON)) * (gains[j] as number) + (offsets[j] as number);
  });
}
