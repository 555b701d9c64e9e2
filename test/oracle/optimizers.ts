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
export function rmsProp(
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
