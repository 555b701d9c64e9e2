/** A state as networks: one that learns and is looked into, and one whose output is every unit of it, of the same parameters. */
import { concat, dense, input, l1, l2, type Network, type Node, network } from 'neurite';
import { taskOf } from '../data/sets.js';
import { losses, optimizerOf } from '../state/choices.js';
import type { State } from '../state/state.js';
import type { Parts } from './parts.js';

/** The options of a state's optimizer. */
export function optimizerOptions(state: State): Record<string, number> {
  const { momentum, decay } = optimizerOf(state.optimizer);
  return {
    learningRate: state.rate,
    ...(momentum && { [momentum.option]: state.momentum }),
    ...(decay && { [decay.option]: state.decay }),
  };
}

/** The activation of the last unit. */
export function lastActivation(state: State): 'sigmoid' | 'identity' {
  return taskOf(state.data) === 'classes' ? 'sigmoid' : 'identity';
}

/** Units of each layer, the last one too. */
export function sizesOf(state: State): number[] {
  return [...state.layers, 1];
}

export interface Networks {
  readonly net: Network;
  /** Of the same parameters: its outputs are those of all layers, one behind the other. */
  readonly units: Network;
  dispose(): void;
}

/** Makes them, in two parts. */
export function* building(state: State): Parts<Networks> {
  const x = input(state.features.length);
  const penalty = state.penalty === 'none' ? {} : { weightRegularizer: (state.penalty === 'l1' ? l1 : l2)(state.strength) };
  const outputs: Node[] = [];
  for (const units of state.layers) outputs.push(dense(units, state.activation, penalty)(outputs.at(-1) ?? x));
  const last = dense(1, lastActivation(state), penalty)(outputs.at(-1) ?? x);
  const net: Network = network({
    inputs: x,
    outputs: last,
    loss: losses[state.loss].make(),
    optimizer: optimizerOf(state.optimizer).make(optimizerOptions(state) as never),
    seed: state.seed,
    reproducible: true,
  });
  yield;
  let units: Network;
  try {
    units = network({ inputs: x, outputs: outputs.length > 0 ? concat(...outputs, last) : last, parametersOf: net });
  } catch (error) {
    net.dispose();
    throw error;
  }
  return {
    net,
    units,
    dispose() {
      units.dispose();
      net.dispose();
    },
  };
}
