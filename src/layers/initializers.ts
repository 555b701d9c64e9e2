import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Initial } from '../ops/leaves.js';

/** How the weights of a layer start, from the number of its inputs and outputs. */
export type Initializer = (fanIn: number, fanOut: number) => Initial;

const uniform = (bound: number): Initial => ({ kind: 'uniform', low: -bound, high: bound });
const normal = (deviation: number): Initial => ({ kind: 'normal', mean: 0, deviation });

/** @throws ValueError unless a layer's number of inputs or outputs is a number > 0 */
function checkFan(call: string, name: string, fan: number): void {
  if (!(typeof fan === 'number' && fan > 0 && fan < Number.POSITIVE_INFINITY))
    throw new ValueError(`${call}: ${name} is ${describe(fan)}, expected a finite number > 0`);
}

/** An initializer of both fans. */
const ofBoth =
  (call: string, of: (fanIn: number, fanOut: number) => Initial): Initializer =>
  (fanIn, fanOut) => {
    checkFan(call, 'fanIn', fanIn);
    checkFan(call, 'fanOut', fanOut);
    return of(fanIn, fanOut);
  };

/** An initializer of the inputs alone. */
const ofInputs =
  (call: string, of: (fanIn: number) => Initial): Initializer =>
  (fanIn) => {
    checkFan(call, 'fanIn', fanIn);
    return of(fanIn);
  };

/** Uniform on ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 16): keeps variances through sigmoid, tanh and identity. */
export const glorotUniform: Initializer = ofBoth('glorotUniform', (fanIn, fanOut) => uniform(Math.sqrt(6 / (fanIn + fanOut))));

/** Normal with deviation √(2 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const glorotNormal: Initializer = ofBoth('glorotNormal', (fanIn, fanOut) => normal(Math.sqrt(2 / (fanIn + fanOut))));

/** Uniform on ±√(6 / fanIn) (He et al. 2015, eq. 10): keeps variances through ReLU. */
export const heUniform: Initializer = ofInputs('heUniform', (fanIn) => uniform(Math.sqrt(6 / fanIn)));

/** Normal with deviation √(2 / fanIn) (He et al. 2015, eq. 10). */
export const heNormal: Initializer = ofInputs('heNormal', (fanIn) => normal(Math.sqrt(2 / fanIn)));

/** Every weight the same value. */
export function constantInit(value: number): Initializer {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw new ValueError(`constantInit: value is ${describe(value)}, expected a finite number that float32 holds`);
  return () => ({ kind: 'constant', value });
}

/** Every weight 0. */
export const zeros: Initializer = /* @__PURE__ */ constantInit(0);
