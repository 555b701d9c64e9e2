/** One step of each optimizer over a flat run of parameters, in float64 and as the papers write them. Arrays are updated in place. */

type Run = Float64Array;

function each(n: number, update: (i: number) => void): void {
  for (let i = 0; i < n; i++) update(i);
}

const at = (x: ArrayLike<number>, i: number) => x[i] as number;

/** w −= η·g */
export function sgd(w: Run, g: ArrayLike<number>, learningRate: number): void {
  each(w.length, (i) => {
    w[i] = at(w, i) - learningRate * at(g, i);
  });
}

/** v = μ·v + g; w −= η·v, or η·(g + μ·v) in Nesterov's form. */
export function momentum(w: Run, g: ArrayLike<number>, v: Run, learningRate: number, mu: number, nesterov = false): void {
  each(w.length, (i) => {
    v[i] = mu * at(v, i) + at(g, i);
    w[i] = at(w, i) - learningRate * (nesterov ? at(g, i) + mu * at(v, i) : at(v, i));
  });
}

export interface AdamOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** decoupled decay, times the learning rate (Loshchilov & Hutter 2019, algorithm 2) */
  decay: number;
}

/** Step t = 1, 2, … of Adam (Kingma & Ba 2015, algorithm 1). */
export function adam(w: Run, g: ArrayLike<number>, m: Run, v: Run, t: number, { learningRate, beta1, beta2, epsilon, decay }: AdamOptions): void {
  each(w.length, (i) => {
    m[i] = beta1 * at(m, i) + (1 - beta1) * at(g, i);
    v[i] = beta2 * at(v, i) + (1 - beta2) * at(g, i) ** 2;
    const mHat = at(m, i) / (1 - beta1 ** t);
    const vHat = at(v, i) / (1 - beta2 ** t);
    w[i] = at(w, i) - learningRate * decay * at(w, i) - (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
  });
}

export function norm(g: ArrayLike<number>): number {
  let sum = 0;
  each(g.length, (i) => {
    sum += at(g, i) ** 2;
  });
  return Math.sqrt(sum);
}

/** g ·= min(1, maxNorm / ‖g‖₂) (Pascanu et al. 2013, algorithm 1). */
export function clipNorm(g: Run, maxNorm: number): void {
  const factor = Math.min(1, maxNorm / norm(g));
  each(g.length, (i) => {
    g[i] = at(g, i) * factor;
  });
}

/** Lion (Chen et al. 2023, algorithm 2): w −= η·(sign(β₁m + (1 − β₁)g) + λ·w), then m = β₂m + (1 − β₂)g. */
export function lion(w: Run, g: ArrayLike<number>, m: Run, learningRate: number, beta1: number, beta2: number, decay: number): void {
  each(w.length, (i) => {
    w[i] = at(w, i) - learningRate * (Math.sign(beta1 * at(m, i) + (1 - beta1) * at(g, i)) + decay * at(w, i));
    m[i] = beta2 * at(m, i) + (1 - beta2) * at(g, i);
  });
}

/** Step t of RMSProp (Hinton 2012) with a corrected average; around the gradient's mean where there is one. */
export function correctedSquares(
  w: Run,
  g: ArrayLike<number>,
  v: Run,
  mean: Run | undefined,
  t: number,
  learningRate: number,
  rho: number,
  epsilon: number,
): void {
  each(w.length, (i) => {
    v[i] = rho * at(v, i) + (1 - rho) * at(g, i) ** 2;
    if (mean) mean[i] = rho * at(mean, i) + (1 - rho) * at(g, i);
    const unbias = 1 - rho ** t;
    const variance = (at(v, i) - (mean ? at(mean, i) ** 2 : 0)) / unbias;
    w[i] = at(w, i) - (learningRate * at(g, i)) / (Math.sqrt(variance) + epsilon);
  });
}

export interface RmsPropOptions {
  learningRate: number;
  alpha: number;
  epsilon: number;
  /** Of the direction; the third run, where it is not 0. */
  momentum: number;
  centered: boolean;
}

/** RMSProp as PyTorch's documentation writes it. Runs: the mean of squares, the mean if it is centered, the velocity if there is momentum. */
export function rmsProp(
  w: Run,
  g: ArrayLike<number>,
  slots: readonly Run[],
  { learningRate, alpha, epsilon, momentum, centered }: RmsPropOptions,
): void {
  const squares = slots[0] as Run;
  const mean = centered ? (slots[1] as Run) : undefined;
  const velocity = momentum ? (slots[centered ? 2 : 1] as Run) : undefined;
  each(w.length, (i) => {
    squares[i] = alpha * at(squares, i) + (1 - alpha) * at(g, i) ** 2;
    if (mean) mean[i] = alpha * at(mean, i) + (1 - alpha) * at(g, i);
    let direction = at(g, i) / (Math.sqrt(Math.max(0, at(squares, i) - (mean ? at(mean, i) ** 2 : 0))) + epsilon);
    if (velocity) direction = velocity[i] = momentum * at(velocity, i) + direction;
    w[i] = at(w, i) - learningRate * direction;
  });
}

export interface AdagradOptions {
  learningRate: number;
  learningRateDecay: number;
  initialAccumulatorValue: number;
  epsilon: number;
}

/** Step t = 1, 2, … of Adagrad (Duchi et al. 2011) as PyTorch's documentation writes it; `sum` is of the gradients alone. */
export function adagrad(
  w: Run,
  g: ArrayLike<number>,
  sum: Run,
  t: number,
  { learningRate, learningRateDecay, initialAccumulatorValue, epsilon }: AdagradOptions,
): void {
  const rate = learningRate / (1 + (t - 1) * learningRateDecay);
  each(w.length, (i) => {
    sum[i] = at(sum, i) + at(g, i) ** 2;
    w[i] = at(w, i) - (rate * at(g, i)) / (Math.sqrt(initialAccumulatorValue + at(sum, i)) + epsilon);
  });
}

export interface NadamOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  momentumDecay: number;
}

/** Step t = 1, 2, … of NAdam (Dozat 2016) as PyTorch's documentation writes it. */
export function nadam(
  w: Run,
  g: ArrayLike<number>,
  m: Run,
  v: Run,
  t: number,
  { learningRate, beta1, beta2, epsilon, momentumDecay }: NadamOptions,
): void {
  const mu = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  let product = 1;
  for (let step = 1; step <= t; step++) product *= mu(step);
  each(w.length, (i) => {
    m[i] = beta1 * at(m, i) + (1 - beta1) * at(g, i);
    v[i] = beta2 * at(v, i) + (1 - beta2) * at(g, i) ** 2;
    const mean = (mu(t + 1) * at(m, i)) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * at(g, i)) / (1 - product);
    w[i] = at(w, i) - (learningRate * mean) / (Math.sqrt(at(v, i) / (1 - beta2 ** t)) + epsilon);
  });
}
