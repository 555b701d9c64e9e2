import { composedOptimizer } from '../../optimizers/composed.js';
import type { Objective } from '../../optimizers/optimizer.js';
import { searching } from './steps.js';
import { type Point, strongWolfe } from './strongWolfe.js';

/** The numbers that go from step to step, by their places among the powers. */
const [ITERATIONS, EVALUATIONS, PAIRS, NEXT, T, SCALE] = [0, 1, 2, 3, 4, 5];

/** Curvature y·s below which a pair of vectors is not kept. */
const LEAST_CURVATURE = 1e-10;

/** The most pairs of vectors: each is memory for twice the parameters. */
const MOST_PAIRS = 1000;

/** Room for one search at a time: nothing else runs meanwhile. */
interface Room {
  readonly start: Float32Array;
  readonly direction: Float64Array;
  readonly gradients: readonly Float32Array[];
}

let room: Room | undefined;

function roomFor(n: number): Room {
  if (room?.start.length === n) return room;
  const floats = () => new Float32Array(n);
  room = { start: floats(), direction: new Float64Array(n), gradients: [floats(), floats(), floats(), floats()] };
  return room;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function largestOf(a: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] as number));
  return largest;
}

/** Names of the vectors of pair i. */
const changeOf = (i: number) => `gradientChange${i}`;
const stepOf = (i: number) => `step${i}`;

/**
 * L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4) with the formulas, tests and defaults of `torch.optim.LBFGS` under
 * `line_search_fn='strong_wolfe'`: d = −H·g, where H comes from the last `historySize` pairs s = t·d, y = g − g′ with y·s > 1e-10, and its scale is
 * y·s / y·y; then a step t along d that meets the strong Wolfe conditions (c₁ = 1e-4, c₂ = 0.9), which begins at `learningRate`, at first at
 * min(1, 1/Σ|g|)·learningRate.
 *
 * It takes all rows at once: a `step` on a batch, or an epoch of `fit`, is one step of up to `maxIterations` such iterations, and `batchSize` says how
 * many rows are computed at once. The event loop has its turn between two steps, not within one. A loss whose value differs from one evaluation to the
 * next, as with dropout, has no minimum to find. The loss it reports is that before the step.
 *
 * Losses are computed in float32. Where a search finds nothing below its start, for rounding, the next iteration begins anew, without pairs: the one
 * thing that PyTorch does not do.
 *
 * Where `setTrainable` froze parameters that its pairs have moved, the next step begins anew, without pairs.
 *
 * `load`, `restore` and `fromJSON` read a network with it where they are passed it: `load(bytes, { optimizers: [lbfgs] })`. State: (2·historySize + 2)
 * vectors as long as the parameters, allocated when the network is made; iterations and evaluations so far are the first two of
 * `optimizerState(net).powers`.
 *
 * Defaults: learningRate 1, maxIterations 20, maxEvaluations 0 (that is ⌊1.25·maxIterations⌋; looked at after each search, which takes up to 26),
 * historySize 100, toleranceGradient 1e-7 (of the largest element), toleranceChange 1e-9 (of the loss and of every parameter),
 * lineSearch 'strongWolfe'; 'none' takes t as it begins. There is neither weightDecay nor clipping, and there are no groups: a `penalty` of the network is part of the loss.
 */
export const lbfgs = /* @__PURE__ */ composedOptimizer({
  name: 'lbfgs',
  learningRate: 1,
  options: {
    maxIterations: { usual: 20, from: 1 },
    maxEvaluations: { usual: 0, from: 0 },
    historySize: { usual: 100, from: 1, below: MOST_PAIRS + 1 },
    toleranceGradient: { usual: 1e-7, from: 0 },
    toleranceChange: { usual: 1e-9, from: 0 },
    lineSearch: { usual: 'strongWolfe', oneOf: ['strongWolfe', 'none'] },
  },
  remedies: {
    maxiter: 'use maxIterations',
    maxeval: 'use maxEvaluations',
    tolerancegrad: 'use toleranceGradient',
    tolerancechange: 'use toleranceChange',
    linesearchfn: 'use lineSearch',
  },
  check({ weightDecay, clipNorm, ...options }) {
    if (weightDecay !== 0) return `weightDecay is ${weightDecay}, expected none; a penalty of the network is part of the loss`;
    if (clipNorm !== Number.POSITIVE_INFINITY) return `clipNorm is ${clipNorm}, expected none`;
    const unfit = (['clipParameterNorm', 'clipValue', 'groups'] as const).find((name) => options[name] !== undefined);
    if (unfit) return `${unfit} came, expected none`;
    const odd = (['maxIterations', 'maxEvaluations', 'historySize'] as const).find((name) => !Number.isInteger(options[name]));
    return odd && `${odd} is ${options[odd]}, expected a whole number`;
  },
  slots: ({ historySize }) => ['direction', 'gradient', ...Array.from({ length: historySize }, (_, i) => [changeOf(i), stepOf(i)]).flat()],
  powers: { start: [0, 0, 0, 0, 0, 1] },
  update: ({ weights }) => ({ weights }),
  search,
  searching,
});

/** Options of lbfgs. */
export type LbfgsOptions = NonNullable<Parameters<typeof lbfgs>[0]>;

interface Options {
  readonly maxIterations: number;
  readonly maxEvaluations: number;
  readonly historySize: number;
  readonly toleranceGradient: number;
  readonly toleranceChange: number;
  readonly lineSearch: string;
}

/** The pairs kept, the oldest first. */
function pairsIn({ slots, powers }: Objective, size: number): { y: Float32Array; s: Float32Array }[] {
  const count = powers[PAIRS] as number;
  return Array.from({ length: count }, (_, i) => {
    const at = ((powers[NEXT] as number) - count + i + size) % size;
    return { y: slots[changeOf(at)] as Float32Array, s: slots[stepOf(at)] as Float32Array };
  });
}

/** Adds the pair of the last step, where it says something of the curvature; the newest takes the place of the oldest. */
function remember({ gradient, slots, powers }: Objective, size: number): void {
  const at = powers[NEXT] as number;
  const [y, s] = [slots[changeOf(at)] as Float32Array, slots[stepOf(at)] as Float32Array];
  const [last, direction] = [slots.gradient as Float32Array, slots.direction as Float32Array];
  const t = powers[T] as number;
  let curvature = 0;
  let square = 0;
  for (let i = 0; i < gradient.length; i++) {
    const change = (gradient[i] as number) - (last[i] as number);
    curvature += change * (direction[i] as number) * t;
    square += change * change;
  }
  if (!(curvature > LEAST_CURVATURE)) return;
  for (let i = 0; i < gradient.length; i++) {
    y[i] = (gradient[i] as number) - (last[i] as number);
    s[i] = (direction[i] as number) * t;
  }
  powers[NEXT] = (at + 1) % size;
  powers[PAIRS] = Math.min((powers[PAIRS] as number) + 1, size);
  powers[SCALE] = curvature / square;
}

/** d = −H·g by two loops over the pairs (Nocedal & Wright 2006, algorithm 7.4), in float64. */
function direct(objective: Objective, size: number, d: Float64Array): void {
  const { gradient, powers } = objective;
  const pairs = pairsIn(objective, size);
  for (let i = 0; i < d.length; i++) d[i] = -(gradient[i] as number);
  const weights = pairs.map(() => ({ rho: 0, alpha: 0 }));
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { y, s } = pairs[k] as (typeof pairs)[number];
    const rho = 1 / dot(y, s);
    const alpha = dot(s, d) * rho;
    weights[k] = { rho, alpha };
    for (let i = 0; i < d.length; i++) (d[i] as number) -= alpha * (y[i] as number);
  }
  const scale = powers[SCALE] as number;
  for (let i = 0; i < d.length; i++) (d[i] as number) *= scale;
  pairs.forEach(({ y, s }, k) => {
    const { rho, alpha } = weights[k] as (typeof weights)[number];
    const beta = dot(y, d) * rho;
    for (let i = 0; i < d.length; i++) (d[i] as number) += (alpha - beta) * (s[i] as number);
  });
}

/** One step: see `lbfgs`. */
function search(options: Options, objective: Objective, learningRate: number): void {
  const { maxIterations, historySize, toleranceGradient, toleranceChange, lineSearch } = options;
  const most = options.maxEvaluations || Math.floor(1.25 * maxIterations);
  const { weights, gradient, slots, powers } = objective;
  const { start, direction: d, gradients } = roomFor(weights.length);
  // What a file says of a state need not be one.
  const isState = [PAIRS, NEXT].every((at) => Number.isInteger(powers[at]) && (powers[at] as number) >= 0 && (powers[at] as number) <= historySize);
  if (!isState || (powers[NEXT] as number) >= historySize) powers.fill(0);
  let loss = objective.evaluate();
  let evaluations = 1;
  powers[EVALUATIONS] = (powers[EVALUATIONS] as number) + 1;
  if (!Number.isFinite(loss) || largestOf(gradient) <= toleranceGradient) return;
  for (let iteration = 1; ; iteration++) {
    // A search that ended where it began would do so again for good: its pairs say nothing of the loss as it is rounded.
    const isFirst = powers[ITERATIONS] === 0 || powers[T] === 0;
    powers[ITERATIONS] = (powers[ITERATIONS] as number) + 1;
    if (isFirst) {
      powers.fill(0, PAIRS, T);
      powers[SCALE] = 1;
    } else remember(objective, historySize);
    direct(objective, historySize, d);
    const before = loss;
    let sum = 0;
    let slope = 0;
    for (let i = 0; i < d.length; i++) {
      sum += Math.abs(gradient[i] as number);
      slope += (gradient[i] as number) * (d[i] as number);
    }
    let t = (isFirst ? Math.min(1, 1 / sum) : 1) * learningRate;
    (slots.direction as Float32Array).set(d);
    (slots.gradient as Float32Array).set(gradient);
    powers[T] = t;
    // NaN is no descent either.
    if (!(slope <= -toleranceChange)) return;
    start.set(weights);
    const largest = largestOf(d);
    const move = (t: number) => {
      for (let i = 0; i < d.length; i++) weights[i] = (start[i] as number) + t * (d[i] as number);
    };
    const at = (t: number, keep: readonly Point[]): Point => {
      move(t);
      const loss = objective.evaluate();
      const own = gradients.find((array) => keep.every((point) => point.gradient !== array)) as Float32Array;
      own.set(gradient);
      return { t, loss, slope: Number.isFinite(loss) ? dot(gradient, d) : Number.NaN, gradient: own };
    };
    let taken = 0;
    if (lineSearch === 'strongWolfe') {
      const kept = gradients[0] as Float32Array;
      kept.set(gradient);
      const { found, evaluations } = strongWolfe({ t: 0, loss, slope, gradient: kept }, t, largest, at);
      taken = evaluations;
      t = found.t;
      loss = found.loss;
      move(t);
      gradient.set(found.gradient);
    } else {
      move(t);
      if (iteration < maxIterations) {
        loss = objective.evaluate();
        taken = 1;
      }
    }
    powers[T] = t;
    evaluations += taken;
    powers[EVALUATIONS] = (powers[EVALUATIONS] as number) + taken;
    if (
      iteration === maxIterations ||
      evaluations >= most ||
      !Number.isFinite(loss) ||
      largestOf(gradient) <= toleranceGradient ||
      largest * Math.abs(t) <= toleranceChange ||
      Math.abs(loss - before) < toleranceChange
    )
      return;
  }
}
