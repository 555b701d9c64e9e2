/** Nets both ways: as the library builds them and as the oracle has them. */
import { type Activation, dense, linear, type Network, type NetworkOptions, sequential } from 'neurite';
import { leakyRelu } from '../../src/ops/leakyRelu.js';
import type { Layer, Activation as OracleActivation } from '../oracle/network.js';

export interface Model {
  inFeatures: number;
  layers: { units: number; activation: OracleActivation; biases: boolean }[];
}

/** The library's form of an oracle's activation. */
export function activationOf({ name, alpha, beta }: OracleActivation): Activation {
  if (name === 'linear') return linear(alpha ?? 1, beta);
  if (name === 'leakyRelu' && alpha !== undefined) return (z) => leakyRelu(z, alpha);
  return name;
}

export function networkOf({ inFeatures, layers }: Model, options?: NetworkOptions): Network {
  return sequential(
    inFeatures,
    layers.map(({ units, activation, biases }) => dense(units, activationOf(activation), { bias: biases })),
    options,
  );
}

/** Parameters of a size that keeps values about as large as they are from layer to layer, biases included. */
export function drawParameters({ inFeatures, layers }: Model, next: () => number): Float32Array {
  let width = inFeatures;
  const values: number[] = [];
  for (const { units, biases } of layers) {
    const bound = Math.sqrt(3 / width);
    for (let i = 0; i < units * width; i++) values.push(bound * next());
    if (biases) for (let i = 0; i < units; i++) values.push(0.3 * next());
    width = units;
  }
  return Float32Array.from(values);
}

/** The oracle's layers with the parameters of a run, W¹ b¹ W² b² …. */
export function oracleOf({ inFeatures, layers }: Model, parameters: ArrayLike<number>): Layer[] {
  let width = inFeatures;
  let at = 0;
  const take = (n: number) => Float64Array.from({ length: n }, () => parameters[at++] as number);
  return layers.map(({ units, activation, biases }) => {
    const layer: Layer = { inFeatures: width, outFeatures: units, weights: take(units * width), activation };
    width = units;
    return biases ? { ...layer, biases: take(units) } : layer;
  });
}
