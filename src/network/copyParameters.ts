import { type Floats, kindOf, lengthOf } from '../arguments/arrays.js';
import { describe } from '../arguments/describe.js';
import { setFloats } from '../data/result.js';
import type { Engine } from '../engine/engine.js';
import { ShapeError } from '../errors.js';
import { elements } from '../graph/shape.js';
import type { Parameter, State } from '../ops/leaves.js';
import { type AnyNetwork, internals } from './network.js';

/** The last view of each engine's values, so that another copy makes none. */
const views = /* @__PURE__ */ new WeakMap<Engine, Floats>();

/**
 * Copies the parameters of a network, in the order of `Network.parameters`, and its states behind them, such as the statistics of a batch norm: what
 * `Predictor.update` takes. It may be called during a `fit`, between its steps.
 *
 * @param out where to, which is returned: a Float32Array of all these numbers, or of `parameterCount`, without the states. Nothing is allocated
 * then. Default: a new one with the states
 * @throws ShapeError for another `out`; DisposedError
 */
export function copyParameters<To extends Float32Array = Floats>(network: AnyNetwork, out?: To): To {
  const call = 'copyParameters';
  const { engine } = internals(call, network).alive(call);
  const { parameterCount, valueCount } = engine;
  const to: Float32Array = out === undefined ? new Float32Array(valueCount) : out;
  const n = kindOf(to) === 'Float32Array' ? lengthOf(to) : -1;
  if (n !== parameterCount && n !== valueCount) {
    const withStates = valueCount > parameterCount ? `, or of ${valueCount} with the states` : '';
    throw new ShapeError(`${call}: out is ${describe(out)}, expected a Float32Array of ${parameterCount}${withStates}`);
  }
  if (engine.isRun && engine.statesAddress === engine.parametersAddress + parameterCount * 4) {
    setFloats(to, viewOf(engine, n));
  } else {
    copyApart(engine, engine.parameters, to);
    if (n > parameterCount) copyApart(engine, engine.states, to);
  }
  return to as To;
}

/** The first n values of an engine, as they lie. */
function viewOf(engine: Engine, n: number): Floats {
  const { f32 } = engine.core;
  const known = views.get(engine);
  if (known?.buffer === f32.buffer && known.length === n) return known;
  const at = engine.parametersAddress >>> 2;
  const made = f32.subarray(at, at + n);
  views.set(engine, made);
  return made;
}

function copyApart(engine: Engine, nodes: readonly (Parameter | State)[], to: Float32Array): void {
  const { f32 } = engine.core;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as Parameter | State;
    const from = engine.addressOf(node) >>> 2;
    const first = engine.offsetOf(node);
    const n = elements(node.shape);
    for (let j = 0; j < n; j++) to[first + j] = f32[from + j] as number;
  }
}
