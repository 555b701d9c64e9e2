import { ValueError } from './errors.js';
import type { Initial } from './ops/leaves.js';
import { describe } from './values.js';

/** How the weights of a layer start, from the number of its inputs and outputs. */
export type Initializer = (fanIn: number, fanOut: number) => Initial;

const uniform = (bound: number): Initial => ({ kind: 'uniform', low: -bound, high: bound });
const normal = (deviation: number): Initial => ({ kind: 'normal', mean: 0, deviation });

/** Uniform on ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 16): keeps variances through sigmoid, tanh and identity. */
export const glorotUniform: Initializer = (fanIn, fanOut) => uniform(Math.sqrt(6 / (fanIn + fanOut)));

/** Normal with deviation √(2 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const glorotNormal: Initializer = (fanIn, fanOut) => normal(Math.sqrt(2 / (fanIn + fanOut)));

/** Uniform on ±√(6 / fanIn) (He et al. 2015, eq. 10): keeps variances through ReLU. */
export const heUniform: Initializer = (fanIn) => uniform(Math.sqrt(6 / fanIn));

/** Normal with deviation √(2 / fanIn) (He et al. 2015, eq. 10). */
export const heNormal: Initializer = (fanIn) => normal(Math.sqrt(2 / fanIn));

/** Every weight the same value. */
export function constantInit(value: number): Initializer {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw new ValueError(`constantInit: value is ${describe(value)}, expected a finite number that float32 holds`);
  return () => ({ kind: 'constant', value });
}

/** Every weight 0. */
export const zeros: Initializer = constantInit(0);
