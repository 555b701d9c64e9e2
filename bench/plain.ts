// biome-ignore-all lint/style/noNonNullAssertion: every index in these loops is within its array
/**
 * A dense network in plain JavaScript, as good as loops over Float32Arrays get without losing their simplicity: every inner loop runs along
 * the rows of memory, four products at a time. This is what neurite is measured against where nobody else is.
 */
import { accuracyOf, type Samples, shuffle, uniforms } from './data.js';
import { type LayerParameters, layersOf, parameterCount } from './layers.js';

export type Activation = 'relu' | 'tanh' | 'sigmoid' | 'softmax';

/** What a layer of loops may have besides. */
export type PlainActivation = Activation | 'identity';

/** Plain descent, or Adam with its usual constants. */
export interface Optimizer {
  readonly kind: 'sgd' | 'adam';
  readonly learningRate: number;
}

/** z = x·wᵀ + b, one row of x after the other; four outputs share each element of x. */
function forward(z: Float32Array, x: Float32Array, w: Float32Array, b: Float32Array, rows: number, outputs: number, inputs: number): void {
  for (let i = 0; i < rows; i++) {
    const xAt = i * inputs;
    const zAt = i * outputs;
    let j = 0;
    for (; j + 4 <= outputs; j += 4) {
      const at0 = j * inputs;
      const at1 = at0 + inputs;
      const at2 = at1 + inputs;
      const at3 = at2 + inputs;
      let sum0 = b[j]!;
      let sum1 = b[j + 1]!;
      let sum2 = b[j + 2]!;
      let sum3 = b[j + 3]!;
      for (let p = 0; p < inputs; p++) {
        const value = x[xAt + p]!;
        sum0 += value * w[at0 + p]!;
        sum1 += value * w[at1 + p]!;
        sum2 += value * w[at2 + p]!;
        sum3 += value * w[at3 + p]!;
      }
      z[zAt + j] = sum0;
      z[zAt + j + 1] = sum1;
      z[zAt + j + 2] = sum2;
      z[zAt + j + 3] = sum3;
    }
    for (; j < outputs; j++) {
      const at = j * inputs;
      let sum = b[j]!;
      for (let p = 0; p < inputs; p++) sum += x[xAt + p]! * w[at + p]!;
      z[zAt + j] = sum;
    }
  }
}

/** c[m, n] += scale · a·b for row-major c and b, where a is read as a[i·aRow + p·aColumn]; four rows of b to a pass over one of c. */
function accumulate(
  c: Float32Array,
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  aRow: number,
  aColumn: number,
  scale: number,
): void {
  for (let i = 0; i < m; i++) {
    const cAt = i * n;
    let p = 0;
    for (; p + 4 <= k; p += 4) {
      const aAt = i * aRow + p * aColumn;
      const a0 = scale * a[aAt]!;
      const a1 = scale * a[aAt + aColumn]!;
      const a2 = scale * a[aAt + 2 * aColumn]!;
      const a3 = scale * a[aAt + 3 * aColumn]!;
      const at0 = p * n;
      const at1 = at0 + n;
      const at2 = at1 + n;
      const at3 = at2 + n;
      for (let j = 0; j < n; j++) c[cAt + j]! += a0 * b[at0 + j]! + a1 * b[at1 + j]! + (a2 * b[at2 + j]! + a3 * b[at3 + j]!);
    }
    for (; p < k; p++) {
      const ap = scale * a[i * aRow + p * aColumn]!;
      const at = p * n;
      for (let j = 0; j < n; j++) c[cAt + j]! += ap * b[at + j]!;
    }
  }
}

/** b[n] += scale · Σ_rows dz */
function accumulateRows(b: Float32Array, dz: Float32Array, rows: number, n: number, scale: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) b[j]! += scale * dz[i * n + j]!;
}

function activate(u: Float32Array, rows: number, n: number, activation: PlainActivation): void {
  const length = rows * n;
  if (activation === 'relu') for (let i = 0; i < length; i++) u[i] = u[i]! > 0 ? u[i]! : 0;
  else if (activation === 'tanh') for (let i = 0; i < length; i++) u[i] = Math.tanh(u[i]!);
  else if (activation === 'sigmoid') for (let i = 0; i < length; i++) u[i] = 1 / (1 + Math.exp(-u[i]!));
  else if (activation === 'softmax') {
    for (let at = 0; at < length; at += n) {
      let largest = u[at]!;
      for (let j = 1; j < n; j++) if (u[at + j]! > largest) largest = u[at + j]!;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += u[at + j] = Math.exp(u[at + j]! - largest);
      for (let j = 0; j < n; j++) u[at + j]! /= sum;
    }
  }
}

/** du becomes dz = du · g'(z), from u = g(z). */
function derive(du: Float32Array, u: Float32Array, length: number, activation: PlainActivation): void {
  if (activation === 'identity') return;
  if (activation === 'relu') for (let i = 0; i < length; i++) du[i] = u[i]! > 0 ? du[i]! : 0;
  else if (activation === 'tanh') for (let i = 0; i < length; i++) du[i]! *= 1 - u[i]! * u[i]!;
  else for (let i = 0; i < length; i++) du[i]! *= u[i]! * (1 - u[i]!);
}

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: PlainActivation;
  readonly w: Float32Array;
  readonly b: Float32Array;
  /** Where their gradients are summed up, for Adam. */
  readonly dw: Float32Array;
  readonly db: Float32Array;
  readonly u: Float32Array;
  readonly du: Float32Array;
}

/**
 * Trains with the cross-entropy that goes with the last activation (softmax, or sigmoid of one unit), its mean over the batch.
 * Weights start uniform in ±√(6 / (inputs + outputs)), biases at 0.
 */
export class PlainNetwork {
  readonly parameters: Float32Array;
  readonly #layers: readonly Layer[];
  readonly #gradients: Float32Array;
  readonly #m: Float32Array;
  readonly #v: Float32Array;
  readonly #x: Float32Array;
  readonly #y: Uint8Array;
  readonly #random: () => number;
  readonly #features: number;
  #steps = 0;

  constructor(
    sizes: readonly number[],
    activations: readonly PlainActivation[],
    readonly batch: number,
    readonly optimizer: Optimizer = { kind: 'sgd', learningRate: 0 },
    seed = 1,
  ) {
    this.#features = sizes[0] as number;
    this.#random = uniforms(seed);
    const count = parameterCount(sizes);
    const state = optimizer.kind === 'adam' ? count : 0;
    this.parameters = new Float32Array(count);
    this.#gradients = new Float32Array(state);
    this.#m = new Float32Array(state);
    this.#v = new Float32Array(state);
    this.#x = new Float32Array(batch * this.#features);
    this.#y = new Uint8Array(batch);
    const gradients = layersOf(sizes, this.#gradients);
    this.#layers = layersOf(sizes, this.parameters).map(({ inputs, outputs, weights: w, biases: b }, l) => {
      const bound = Math.sqrt(6 / (inputs + outputs));
      for (let i = 0; i < w.length; i++) w[i] = bound * (2 * this.#random() - 1);
      const { weights: dw, biases: db } = gradients[l] as LayerParameters;
      const [u, du] = [new Float32Array(batch * outputs), new Float32Array(batch * outputs)];
      return { inputs, outputs, activation: activations[l] as PlainActivation, w, b, dw, db, u, du };
    });
  }

  /** The outputs of up to `batch` rows, in an array that the next call overwrites. */
  predict(x: Float32Array, rows: number): Float32Array {
    let input = x;
    for (const { u, w, b, inputs, outputs, activation } of this.#layers) {
      forward(u, input, w, b, rows, outputs, inputs);
      activate(u, rows, outputs, activation);
      input = u;
    }
    return input;
  }

  /** One training step. */
  step(x: Float32Array, y: Uint8Array, rows: number): void {
    const layers = this.#layers;
    const { kind, learningRate } = this.optimizer;
    const descend = kind === 'sgd';
    const u = this.predict(x, rows);
    const last = layers[layers.length - 1] as Layer;
    const { du } = last;
    const width = last.outputs;
    // The gradient on the logits of either loss with its activation: u − y.
    if (width === 1) for (let i = 0; i < rows; i++) du[i] = (u[i]! - y[i]!) / rows;
    else {
      for (let i = 0; i < rows * width; i++) du[i] = u[i]! / rows;
      for (let i = 0; i < rows; i++) du[i * width + y[i]!]! -= 1 / rows;
    }
    if (!descend) this.#gradients.fill(0);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, w, b, dw, db, du: dz } = layers[l] as Layer;
      const below = layers[l - 1];
      if (below) {
        below.du.fill(0, 0, rows * inputs);
        accumulate(below.du, dz, w, rows, inputs, outputs, outputs, 1, 1);
        derive(below.du, below.u, rows * inputs, below.activation);
      }
      const scale = descend ? -learningRate : 1;
      accumulate(descend ? w : dw, dz, below ? below.u : x, outputs, inputs, rows, 1, outputs, scale);
      accumulateRows(descend ? b : db, dz, rows, outputs, scale);
    }
    if (!descend) this.#adam(learningRate);
  }

  #adam(learningRate: number): void {
    this.#steps++;
    const beta1 = 0.9;
    const beta2 = 0.999;
    const { parameters } = this;
    const g = this.#gradients;
    const m = this.#m;
    const v = this.#v;
    const correction2 = Math.sqrt(1 - beta2 ** this.#steps);
    const rate = (learningRate * correction2) / (1 - beta1 ** this.#steps);
    const epsilon = 1e-8 * correction2;
    for (let i = 0; i < parameters.length; i++) {
      const gi = g[i]!;
      const mi = beta1 * m[i]! + (1 - beta1) * gi;
      const vi = beta2 * v[i]! + (1 - beta2) * gi * gi;
      m[i] = mi;
      v[i] = vi;
      parameters[i]! -= (rate * mi) / (Math.sqrt(vi) + epsilon);
    }
  }

  /** One epoch in a new order. */
  train({ rows, x, y }: Samples): void {
    const features = this.#features;
    const order = Uint32Array.from({ length: rows }, (_, i) => i);
    shuffle(order, this.#random);
    for (let from = 0; from < rows; from += this.batch) {
      const count = Math.min(this.batch, rows - from);
      for (let i = 0; i < count; i++) {
        const row = order[from + i]!;
        this.#y[i] = y[row]!;
        if (features > 32) this.#x.set(x.subarray(row * features, (row + 1) * features), i * features);
        else for (let p = 0; p < features; p++) this.#x[i * features + p] = x[row * features + p]!;
      }
      this.step(this.#x, this.#y, count);
    }
  }

  /** The share of samples decided rightly. */
  accuracy({ rows, features, x, y }: Samples): number {
    const outputs: number[] = [];
    for (let from = 0; from < rows; from += this.batch) {
      const count = Math.min(this.batch, rows - from);
      const u = this.predict(x.subarray(from * features, (from + count) * features), count);
      outputs.push(...u.subarray(0, (u.length / this.batch) * count));
    }
    return accuracyOf(outputs, y);
  }
}
