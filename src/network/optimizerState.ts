/** What an optimizer keeps from step to step, to be looked at, kept elsewhere, and put back. */
import type { Floats } from '../arguments/arrays.js';
import { isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { readPerParameter, readRows } from '../data/values.js';
import { ValueError } from '../errors.js';
import { type Optimizer, oddIn, rangeOfPower } from '../optimizers/optimizer.js';
import type { Internals } from './internals.js';
import { type AnyNetwork, internals } from './network.js';

/** What a network's optimizer keeps. */
export interface OptimizerStateValues {
  /** Its vectors, each as long as `net.parameters`, by their names: `m` and `v` of adam. */
  readonly slots: Readonly<Record<string, Floats>>;
  /** Its numbers in float64: β₁ᵗ and β₂ᵗ of adam; iterations and evaluations of lbfgs come first. */
  readonly powers: readonly number[];
}

function partsOf(call: string, network: AnyNetwork): Internals {
  return internals(call, network).alive(call).need(call, 'optimizer');
}

/**
 * A copy of what the optimizer keeps from step to step. `save` with `optimizerState: true` and `checkpoint` write the same.
 * @throws NotConfiguredError where there is no optimizer
 */
export function optimizerState(network: AnyNetwork): OptimizerStateValues {
  const { core, optimizerState: state, parameterCount: n } = partsOf('optimizerState', network).engine;
  if (!state) return { slots: {}, powers: [] };
  const { slotNames, slots, powers, powerCount } = state;
  return {
    slots: Object.fromEntries(slotNames.map((name, i) => [name, core.f32.slice((slots[i] as number) >>> 2, ((slots[i] as number) >>> 2) + n)])),
    powers: Array.from(core.f64.subarray(powers >>> 3, (powers >>> 3) + powerCount)),
  };
}

/**
 * Puts back what `optimizerState` gave, of the same optimizer with the same options. Everything is checked before anything changes.
 * @throws ValueError for another optimizer's state, a number that is not finite, or one that the optimizer's never is, such as a mean of squares below 0; ShapeError for a vector of another length
 */
export function setOptimizerState(network: AnyNetwork, values: OptimizerStateValues): void {
  const call = 'setOptimizerState';
  const inside = partsOf(call, network).idle(call);
  const { engine } = inside;
  const state = engine.optimizerState;
  if (!state) return;
  const { slots: given, powers } = checkOptions(call, values, ['slots', 'powers'], {}, 'the state');
  const slots = checkOptions(call, given, state.slotNames, {}, 'slots');
  const read = state.slotNames.map((name) => readPerParameter(call, name, slots[name], engine.parameterCount));
  if (!isList(powers) || powers.length !== state.powerCount)
    throw new ValueError(`${call}: powers are no list of ${state.powerCount}, expected those of ${engine.optimizer?.name}`);
  const numbers = Float64Array.from(readRows(call, 'powers', powers, state.powerCount).values);
  for (const [what, list] of [...read.map((slot, i) => [state.slotNames[i], slot] as const), ['powers', numbers] as const]) {
    const odd = list.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw new ValueError(`${call}: ${what}[${odd}] is ${list[odd]}, expected a finite number`);
  }
  const optimizer = engine.optimizer as Optimizer;
  read.forEach((slot, i) => {
    const name = state.slotNames[i] as string;
    const odd = oddIn(optimizer, name, slot);
    if (odd >= 0) throw new ValueError(`${call}: ${name}[${odd}] is ${slot[odd]}, expected a number ≥ 0, as of squares`);
  });
  numbers.forEach((value, i) => {
    const [from, upTo] = rangeOfPower(optimizer, i);
    if (value < from || value > upTo) throw new ValueError(`${call}: powers[${i}] is ${value}, expected a number from ${from} to ${upTo}`);
  });
  // Reading may have run code of the caller's.
  inside.idle(call);
  if (engine.optimizerState?.powers !== state.powers)
    throw new ValueError(`${call}: reading the state configured the network, expected a state without side effects`);
  read.forEach((slot, i) => {
    engine.core.f32.set(slot, (state.slots[i] as number) >>> 2);
  });
  engine.core.f64.set(numbers, state.powers >>> 3);
  engine.judgeState();
  inside.forget();
}
