/**
 * How far float32 may be from the oracle. Beside each value of the oracle's pass stands a bound on the error of the core's, carried
 * along by the rules of running error analysis (Higham 2002, §3.3), ε = 2⁻²⁴ to a rounding:
 *
 *   a sum of k products a·b        Σ (|a|·Eb + |b|·Ea + Ea·Eb) + k·ε·Σ (|a| + Ea)(|b| + Eb)
 *   u = g(z)                       sup |g'|·Ez + 4ε·|u|: the elementwise functions are within 2 ulp, an ulp is 2ε at most
 *   dz = du ⊙ g'(z)                |g'|·Edu + (|du| + Edu)·E(g'), E(g') = sup |g''|·Ez and the roundings of g' made from u
 *
 * Where g or g' jumps within Ez of z, as threshold and ReLU do at 0, the height of the jump is the bound.
 */

import { EPSILON } from '../kernels/numbers.js';
import { type Target, targetRow } from '../oracle/losses.js';
import { type Activation, activationGradient, backward, forward, type Gradients, type Layer, type Loss, lossFactor } from '../oracle/network.js';
import { rowOf, softmax } from '../oracle/rows.js';

type Numbers = ArrayLike<number>;

const get = (x: Numbers, i: number) => x[i] as number;
const zeros = (x: Numbers) => new Float64Array(x.length);

/** A value of the oracle's with the bound on the core's. */
interface Bounded {
  value: Numbers;
  error: Numbers;
}

/** The error of Σ_p a[i, p]·b[p, j] for each i, j; `at` give the indices of a and b, `extra` roundings come on top of the k. */
function productError(
  a: Bounded,
  b: Bounded,
  m: number,
  n: number,
  k: number,
  at: { a(i: number, p: number): number; b(p: number, j: number): number },
  extra = 0,
) {
  const error = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let carried = 0;
      let magnitude = 0;
      for (let p = 0; p < k; p++) {
        const [ia, ib] = [at.a(i, p), at.b(p, j)];
        const [va, vb, ea, eb] = [Math.abs(get(a.value, ia)), Math.abs(get(b.value, ib)), get(a.error, ia), get(b.error, ib)];
        carried += va * eb + vb * ea + ea * eb;
        magnitude += (va + ea) * (vb + eb);
      }
      error[i * n + j] = carried + (k + extra) * EPSILON * magnitude;
    }
  }
  return error;
}

/** The error of g(z), z within ez. */
function valueError({ name, alpha = 0.01, beta = 0 }: Activation, z: number, u: number, ez: number): number {
  switch (name) {
    case 'identity':
    case 'relu':
      return ez;
    case 'linear':
      return Math.abs(alpha) * ez + 3 * EPSILON * (Math.abs(alpha * z) + Math.abs(beta));
    case 'heaviside':
      return Math.abs(z) <= ez ? 1 : 0;
    case 'sigmoid':
      return ez / 4 + 4 * EPSILON * u;
    case 'tanh':
      return ez + 4 * EPSILON * Math.abs(u);
    default:
      return Math.max(1, alpha) * ez + 2 * EPSILON * Math.abs(u);
  }
}

/** The error of g'(z) as it is made from u: σ' = u·(1 − u), tanh' = 1 − u². */
function slopeError({ name, alpha = 0.01 }: Activation, z: number, ez: number): number {
  switch (name) {
    case 'relu':
      return Math.abs(z) <= ez ? 1 : 0;
    case 'leakyRelu':
      return Math.abs(z) <= ez ? Math.abs(1 - alpha) : EPSILON * Math.abs(alpha);
    case 'linear':
      return EPSILON * Math.abs(alpha);
    case 'sigmoid':
      return 0.1 * ez + 5 * EPSILON;
    case 'tanh':
      return 0.77 * ez + 10 * EPSILON;
    default:
      return 0;
  }
}

/**
 * Of a row's softmax: ∂u_j = u_j·(∂z_j − Σ u_l ∂z_l), at most 2u_j·max Ez; and the roundings of z − max (relative to the logits),
 * exponential, sum and quotient.
 */
function softmaxError(z: number[], u: number[], ez: number[]): number[] {
  const largest = Math.max(...ez);
  const size = Math.max(...z) - Math.min(...z);
  return u.map((v) => v * Math.expm1(2 * largest + EPSILON * (2 * size + z.length + 12)));
}

/** Bounds on what a call reports and on the gradient, in the order of the parameters. */
export interface Bounds {
  gradients: Gradients;
  /** Of the reduced loss. */
  loss: number;
  gradient: Float64Array;
  /** Of the last layer's z and u. */
  logits: Float64Array;
  output: Float64Array;
}

/** The bounds of a pass on parameters that are themselves within `parameterErrors` of the oracle's, in the order of the run. */
export function boundsOf(layers: Layer[], loss: Loss, x: Numbers, targets: Target[], parameterErrors?: Numbers): Bounds {
  const rows = targets.length;
  const { z, u } = forward(layers, x, rows);
  let next = 0;
  const take = (values: Numbers | undefined) =>
    Float64Array.from({ length: values?.length ?? 0 }, () => (parameterErrors ? get(parameterErrors, next++) : 0));
  const ew = layers.map(({ weights, biases }) => ({ weights: take(weights), biases: take(biases) }));

  const ez: Float64Array[] = [];
  const eu: Float64Array[] = [zeros(x)];
  for (const [l, { inFeatures: k, outFeatures: n, weights, biases, activation }] of layers.entries()) {
    const input = { value: u[l] as Float64Array, error: eu[l] as Float64Array };
    const w = { value: weights, error: (ew[l] as { weights: Float64Array }).weights };
    const error = productError(input, w, rows, n, k, { a: (i, p) => i * k + p, b: (p, j) => j * k + p });
    if (biases) {
      for (let i = 0; i < rows * n; i++) {
        error[i] =
          get(error, i) + get((ew[l] as { biases: Float64Array }).biases, i % n) + EPSILON * (Math.abs(get(z[l] as Numbers, i)) + get(error, i));
      }
    }
    ez.push(error);
    eu.push(outputErrors(activation, z[l] as Numbers, u[l + 1] as Numbers, error, rows, n));
  }

  const gradients = backward(layers, loss, x, targets);
  const last = layers.length - 1;
  const outputs = (layers[last] as Layer).outFeatures;
  const factor = lossFactor(loss, rows, outputs);
  const gradient: number[] = [];
  let edu = new Float64Array(rows * outputs);
  for (let l = last; l >= 0; l--) {
    const { inFeatures: k, outFeatures: n, weights, biases, activation } = layers[l] as Layer;
    const dz = gradients.dz[l] as Float64Array;
    const du = gradients.du[l] as Float64Array;
    const edz = new Float64Array(rows * n);
    for (let i = 0; i < rows; i++) {
      const row = (values: Numbers) => rowOf(values, i, n);
      const logits = row(z[l] as Numbers);
      const elogits = row(ez[l] as Numbers);
      if (l === last && loss.name !== 'squaredError') {
        const t = targetRow(targets[i] as Target, n);
        const softmaxed = loss.name === 'crossEntropy';
        const value = softmaxed ? softmax(logits) : logits.map((v) => 1 / (1 + Math.exp(-v)));
        const error = softmaxed
          ? softmaxError(logits, value, elogits)
          : logits.map((v, j) => valueError({ name: 'sigmoid' }, v, get(value, j), get(elogits, j)));
        edz.set(
          error.map((e, j) => factor * (e + 4 * EPSILON * (Math.abs(get(value, j) - get(t, j)) + e))),
          i * n,
        );
        continue;
      }
      if (l === last) {
        const t = targetRow(targets[i] as Target, n);
        const value = row(u[l + 1] as Numbers);
        const error = row(eu[l + 1] as Numbers);
        edu.set(
          value.map((v, j) => 2 * factor * (get(error, j) + 5 * EPSILON * (Math.abs(v - get(t, j)) + get(error, j)))),
          i * n,
        );
      }
      edz.set(deltaErrors(activation, logits, row(u[l + 1] as Numbers), row(du), elogits, row(eu[l + 1] as Numbers), row(edu)), i * n);
    }
    const delta = { value: dz, error: edz };
    const input = { value: u[l] as Float64Array, error: eu[l] as Float64Array };
    const edw = productError(delta, input, n, k, rows, { a: (j, i) => i * n + j, b: (i, p) => i * k + p });
    const one = { value: new Float64Array(rows).fill(1), error: new Float64Array(rows) };
    const edb = biases ? productError(delta, one, n, 1, rows, { a: (j, i) => i * n + j, b: (i) => i }) : [];
    gradient.unshift(...edw, ...edb);
    edu = productError(delta, { value: weights, error: (ew[l] as { weights: Float64Array }).weights }, rows, k, n, {
      a: (i, j) => i * n + j,
      b: (j, p) => j * k + p,
    });
  }
  return {
    gradients,
    loss:
      factor * lossError(loss, z[last] as Numbers, u[last + 1] as Numbers, ez[last] as Numbers, eu[last + 1] as Numbers, targets, outputs) +
      4 * EPSILON * gradients.loss,
    gradient: Float64Array.from(gradient),
    logits: ez[last] as Float64Array,
    output: eu[last + 1] as Float64Array,
  };
}

function outputErrors(activation: Activation, z: Numbers, u: Numbers, ez: Numbers, rows: number, n: number): Float64Array {
  const errors = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++) {
    if (activation.name === 'softmax') errors.set(softmaxError(rowOf(z, i, n), rowOf(u, i, n), rowOf(ez, i, n)), i * n);
    else for (let j = i * n; j < (i + 1) * n; j++) errors[j] = valueError(activation, get(z, j), get(u, j), get(ez, j));
  }
  return errors;
}

/** Of dz in one row. Softmax: u_j·(du_j − s), s = Σ du_l u_l. */
function deltaErrors(activation: Activation, z: number[], u: number[], du: number[], ez: number[], eu: number[], edu: number[]): number[] {
  const dz = activationGradient(activation, z, du);
  if (activation.name === 'softmax') {
    const s = u.reduce((sum, v, j) => sum + v * get(du, j), 0);
    const magnitude = u.reduce((sum, v, j) => sum + (v + get(eu, j)) * (Math.abs(get(du, j)) + get(edu, j)), 0);
    const es =
      u.reduce((sum, v, j) => sum + v * get(edu, j) + get(eu, j) * (Math.abs(get(du, j)) + get(edu, j)), 0) + (u.length + 2) * EPSILON * magnitude;
    return u.map((v, j) => {
      const difference = Math.abs(get(du, j) - s);
      const error = get(edu, j) + es + EPSILON * difference;
      return get(eu, j) * (difference + error) + v * error + 2 * EPSILON * Math.abs(get(dz, j));
    });
  }
  const slope = activationGradient(
    activation,
    z,
    u.map(() => 1),
  );
  return u.map((_, j) => {
    const eslope = slopeError(activation, get(z, j), get(ez, j));
    const error = Math.abs(get(slope, j)) * get(edu, j) + (Math.abs(get(du, j)) + get(edu, j)) * eslope;
    return error + 3 * EPSILON * (Math.abs(get(dz, j)) + error);
  });
}

/** Of the sum of the rows' losses; its gradient with respect to the logits is below 1 in each component, summed below 2 for a softmax. */
function lossError(loss: Loss, z: Numbers, u: Numbers, ez: Numbers, eu: Numbers, targets: Target[], n: number): number {
  let error = 0;
  targets.forEach((target, i) => {
    const t = targetRow(target, n);
    const logits = rowOf(z, i, n);
    const elogits = rowOf(ez, i, n);
    const size = Math.max(...logits.map(Math.abs)) + Math.max(...elogits);
    if (loss.name === 'crossEntropy') error += 2 * Math.max(...elogits) + EPSILON * (n + 12 + 4 * size);
    else if (loss.name === 'binaryCrossEntropy') error += elogits.reduce((sum, e) => sum + e + EPSILON * (n + 8) * (1 + size), 0);
    else {
      for (let j = 0; j < n; j++) {
        const e = get(eu, i * n + j);
        const difference = Math.abs(get(u, i * n + j) - get(t, j));
        error += 2 * difference * e + e * e + (n + 4) * EPSILON * (difference + e) ** 2;
      }
    }
  });
  return error;
}
