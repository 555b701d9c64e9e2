/** Networks with layers and optimizers of one's own. */
import { type Layer, meanSquaredError, type Network, sequential, sgd, type Values } from 'neurite';

export type Options = NonNullable<Parameters<typeof sequential>[2]>;

/** A network of three inputs that can be trained, to the same bits everywhere. */
export function trainable(layers: readonly Layer[], options: Partial<Options> = {}): Network<Values> {
  return sequential(3, layers, { loss: meanSquaredError(), optimizer: sgd(), seed: 1, build: 'simd', ...options }) as Network<Values>;
}

/** The values of a parameter or state. */
export function values(net: Network<Values>, name: string): number[] {
  return [...net.parameter(name).values];
}
