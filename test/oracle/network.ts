/**
 * Dense networks in plain float64 loops: forward, loss, back propagation as SEEDS S2.8 has it, and the product of the Hessian of a
 * two-layer net with a vector. A layer is Z = X·Wᵀ + b, U = g(Z), with X [rows, inFeatures] and W [outFeatures, inFeatures].
 */
import {
  binaryCrossEntropy,
  binaryCrossEntropyGradient,
  crossEntropy,
  crossEntropyGradient,
  sigmoid,
  squaredError,
  squaredErrorGradient,
  type Target,
} from './losses.js';
import { rowOf, softmax } from './rows.js';

/** g(z) by name; α is leaky ReLU's slope below 0 (0.01 by default) or linear's factor, β linear's offset. */
export interface Activation {
  name: 'identity' | 'linear' | 'heaviside' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'softmax';
  alpha?: number;
  beta?: number;
}

export interface Layer {
  inFeatures: number;
  outFeatures: number;
  /** [outFeatures, inFeatures] */
  weights: Float64Array;
  /** [outFeatures], or none */
  biases?: Float64Array;
  activation: Activation;
}

/**
 * What is minimised, over all rows. crossEntropy and binaryCrossEntropy are of the last layer's z and imply softmax and sigmoid (where
 * `fromLogits`, the last activation is the identity and z the same); squaredError is of its u. 'mean' divides by the rows for crossEntropy,
 * by rows · outputs for the others; a number is a factor of the sum.
 */
export interface Loss {
  name: 'crossEntropy' | 'binaryCrossEntropy' | 'squaredError';
  reduction: 'mean' | 'sum' | number;
}

/** Everything a pass computes, one entry to a layer; each a row-major matrix. */
export interface Pass {
  z: Float64Array[];
  /** outputs; the input stands before the first: u[0] = x, u[l + 1] = g(z[l]) */
  u: Float64Array[];
}

export interface Gradients {
  loss: number;
  /** ∂L/∂z */
  dz: Float64Array[];
  /** ∂L/∂u of the same layer; the last is NaN where the loss is taken of the logits */
  du: Float64Array[];
  dw: Float64Array[];
  db: Float64Array[];
  dx: Float64Array;
}

const get = (x: ArrayLike<number>, i: number) => x[i] as number;

/** g of one row. */
export function activate({ name, alpha = name === 'leakyRelu' ? 0.01 : 1, beta = 0 }: Activation, z: number[]): number[] {
  if (name === 'softmax') return softmax(z);
  return z.map((v) => {
    switch (name) {
      case 'identity':
        return v;
      case 'linear':
        return alpha * v + beta;
      case 'heaviside':
        return v >= 0 ? 1 : 0;
      case 'sigmoid':
        return sigmoid(v);
      case 'tanh':
        return Math.tanh(v);
      case 'relu':
        return v > 0 ? v : 0;
      default:
        return v > 0 ? v : alpha * v;
    }
  });
}

/** ∂L/∂z of one row from ∂L/∂u: du ⊙ g'(z), or softmax's Jacobian u_j (du_j − Σ du_l u_l). At 0: ReLU' = 0, leaky ReLU' = α, heaviside' = 0. */
export function activationGradient({ name, alpha = name === 'leakyRelu' ? 0.01 : 1 }: Activation, z: number[], du: number[]): number[] {
  if (name === 'softmax') {
    const u = softmax(z);
    const dot = u.reduce((sum, v, j) => sum + v * get(du, j), 0);
    return u.map((v, j) => v * (get(du, j) - dot));
  }
  return z.map((v, j) => {
    const d = get(du, j);
    switch (name) {
      case 'identity':
        return d;
      case 'linear':
        return d * alpha;
      case 'heaviside':
        return 0;
      case 'sigmoid':
        return d * sigmoid(v) * sigmoid(-v);
      case 'tanh':
        return d * (1 - Math.tanh(v) ** 2);
      case 'relu':
        return v > 0 ? d : 0;
      default:
        return v > 0 ? d : d * alpha;
    }
  });
}

/** z and u of every layer. */
export function forward(layers: Layer[], x: ArrayLike<number>, rows: number): Pass {
  const z: Float64Array[] = [];
  const u: Float64Array[] = [Float64Array.from(x)];
  for (const [l, { inFeatures, outFeatures, weights, biases, activation }] of layers.entries()) {
    const input = u[l] as Float64Array;
    const logits = new Float64Array(rows * outFeatures);
    const output = new Float64Array(rows * outFeatures);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < outFeatures; j++) {
        let sum = biases ? get(biases, j) : 0;
        for (let k = 0; k < inFeatures; k++) sum += get(weights, j * inFeatures + k) * get(input, i * inFeatures + k);
        logits[i * outFeatures + j] = sum;
      }
      output.set(activate(activation, rowOf(logits, i, outFeatures)), i * outFeatures);
    }
    z.push(logits);
    u.push(output);
  }
  return { z, u };
}

/** What the sum of the rows' losses is multiplied by. */
export function lossFactor(loss: Loss, rows: number, outputs: number): number {
  if (typeof loss.reduction === 'number') return loss.reduction;
  if (loss.reduction === 'sum') return 1;
  return loss.name === 'crossEntropy' ? 1 / rows : 1 / (rows * outputs);
}

function rowLoss(loss: Loss, z: number[], u: number[], t: Target): number {
  if (loss.name === 'crossEntropy') return crossEntropy(z, t);
  if (loss.name === 'binaryCrossEntropy') return binaryCrossEntropy(z, t as number[]);
  return squaredError(u, t as number[]);
}

/** The reduced loss. */
export function lossOf(layers: Layer[], loss: Loss, x: ArrayLike<number>, t: Target[]): number {
  const rows = t.length;
  const { z, u } = forward(layers, x, rows);
  const outputs = (layers.at(-1) as Layer).outFeatures;
  const sum = t.reduce<number>(
    (total, target, i) => total + rowLoss(loss, rowOf(z.at(-1) as Float64Array, i, outputs), rowOf(u.at(-1) as Float64Array, i, outputs), target),
    0,
  );
  return sum * lossFactor(loss, rows, outputs);
}

/** Back propagation (S2.8): δᴸ from the loss, δˡ = (δˡ⁺¹·Wˡ⁺¹) ⊙ g'(zˡ), dW = δᵀ·U, db = Σ_rows δ. */
export function backward(layers: Layer[], loss: Loss, x: ArrayLike<number>, t: Target[]): Gradients {
  const rows = t.length;
  const { z, u } = forward(layers, x, rows);
  const outputs = (layers.at(-1) as Layer).outFeatures;
  const factor = lossFactor(loss, rows, outputs);
  const gradients: Gradients = { loss: lossOf(layers, loss, x, t), dz: [], du: [], dw: [], db: [], dx: new Float64Array() };

  let du = new Float64Array(rows * outputs).fill(Number.NaN);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inFeatures, outFeatures, weights, activation } = layers[l] as Layer;
    const input = u[l] as Float64Array;
    const dz = new Float64Array(rows * outFeatures);
    for (let i = 0; i < rows; i++) {
      const logits = rowOf(z[l] as Float64Array, i, outFeatures);
      let delta: number[];
      if (l === layers.length - 1 && loss.name === 'crossEntropy') {
        delta = crossEntropyGradient(logits, t[i] as Target).map((v) => v * factor);
      } else if (l === layers.length - 1 && loss.name === 'binaryCrossEntropy') {
        delta = binaryCrossEntropyGradient(logits, t[i] as number[]).map((v) => v * factor);
      } else {
        if (l === layers.length - 1) {
          const value = rowOf(u[l + 1] as Float64Array, i, outFeatures);
          du.set(
            squaredErrorGradient(value, t[i] as number[]).map((v) => v * factor),
            i * outFeatures,
          );
        }
        delta = activationGradient(activation, logits, rowOf(du, i, outFeatures));
      }
      dz.set(delta, i * outFeatures);
    }

    const dw = new Float64Array(outFeatures * inFeatures);
    const db = new Float64Array(outFeatures);
    const dx = new Float64Array(rows * inFeatures);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < outFeatures; j++) {
        const delta = get(dz, i * outFeatures + j);
        db[j] = get(db, j) + delta;
        for (let k = 0; k < inFeatures; k++) {
          dw[j * inFeatures + k] = get(dw, j * inFeatures + k) + delta * get(input, i * inFeatures + k);
          dx[i * inFeatures + k] = get(dx, i * inFeatures + k) + delta * get(weights, j * inFeatures + k);
        }
      }
    }
    gradients.dz.unshift(dz);
    gradients.du.unshift(du);
    gradients.dw.unshift(dw);
    gradients.db.unshift(db);
    du = dx;
  }
  gradients.dx = du;
  return gradients;
}

/** W¹ b¹ W² b² … as one run, as the core keeps them; a layer without biases has none. */
export function parametersOf(layers: Layer[]): Float64Array {
  return Float64Array.from(layers.flatMap(({ weights, biases }) => [...weights, ...(biases ?? [])]));
}

/** Copies of the layers with the parameters of a run. */
export function withParameters(layers: Layer[], parameters: ArrayLike<number>): Layer[] {
  let at = 0;
  const take = (n: number) => Float64Array.from({ length: n }, () => get(parameters, at++));
  return layers.map((layer) => {
    const weights = take(layer.weights.length);
    return layer.biases ? { ...layer, weights, biases: take(layer.biases.length) } : { ...layer, weights };
  });
}

/** The gradient as one run in the order of the parameters. */
export function gradientOf(layers: Layer[], { dw, db }: Gradients): Float64Array {
  return Float64Array.from(layers.flatMap((layer, l) => [...(dw[l] as Float64Array), ...(layer.biases ? (db[l] as Float64Array) : [])]));
}

/**
 * H·v of the loss of a net of two layers, tanh and identity (squaredError) or tanh and softmax (crossEntropy), with respect to its
 * parameters: each line of the forward and the backward pass followed by its derivative in the direction v (Pearlmutter 1994), written out.
 */
export function hessianVectorProduct(layers: [Layer, Layer], loss: Loss, x: ArrayLike<number>, t: Target[], v: ArrayLike<number>): Float64Array {
  const [first, second] = layers;
  const [vFirst, vSecond] = withParameters(layers, v) as [Layer, Layer];
  const rows = t.length;
  const n = first.inFeatures;
  const hidden = first.outFeatures;
  const outputs = second.outFeatures;
  const factor = lossFactor(loss, rows, outputs);
  const product = withParameters(layers, new Float64Array(v.length)) as [Layer, Layer];
  const add = (to: Float64Array | undefined, i: number, value: number) => {
    if (to) to[i] = get(to, i) + value;
  };
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  const bias = (layer: Layer, j: number) => (layer.biases ? get(layer.biases, j) : 0);

  for (let i = 0; i < rows; i++) {
    const input = rowOf(x, i, n);
    const dot = (layer: Layer, row: number, values: number[]) =>
      values.reduce((sum, value, k) => sum + get(layer.weights, row * values.length + k) * value, 0);

    const a = range(hidden).map((j) => Math.tanh(dot(first, j, input) + bias(first, j)));
    const aDot = range(hidden).map((j) => (1 - get(a, j) ** 2) * (dot(vFirst, j, input) + bias(vFirst, j)));
    const z = range(outputs).map((j) => dot(second, j, a) + bias(second, j));
    const zDot = range(outputs).map((j) => dot(vSecond, j, a) + dot(second, j, aDot) + bias(vSecond, j));

    let delta: number[];
    let deltaDot: number[];
    if (loss.name === 'crossEntropy') {
      const p = softmax(z);
      const mean = p.reduce((sum, value, j) => sum + value * get(zDot, j), 0);
      delta = crossEntropyGradient(z, t[i] as Target).map((d) => d * factor);
      deltaDot = p.map((value, j) => factor * value * (get(zDot, j) - mean));
    } else {
      delta = squaredErrorGradient(z, t[i] as number[]).map((d) => d * factor);
      deltaDot = zDot.map((d) => 2 * factor * d);
    }

    for (const j of range(outputs)) {
      for (const k of range(hidden)) add(product[1].weights, j * hidden + k, get(deltaDot, j) * get(a, k) + get(delta, j) * get(aDot, k));
      add(product[1].biases, j, get(deltaDot, j));
    }
    for (const k of range(hidden)) {
      const da = range(outputs).reduce((sum, j) => sum + get(delta, j) * get(second.weights, j * hidden + k), 0);
      const daDot = range(outputs).reduce(
        (sum, j) => sum + get(deltaDot, j) * get(second.weights, j * hidden + k) + get(delta, j) * get(vSecond.weights, j * hidden + k),
        0,
      );
      const dzDot = daDot * (1 - get(a, k) ** 2) - 2 * da * get(a, k) * get(aDot, k);
      for (const q of range(n)) add(product[0].weights, k * n + q, dzDot * get(input, q));
      add(product[0].biases, k, dzDot);
    }
  }
  return parametersOf(product);
}
