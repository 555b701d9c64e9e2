/** A state as networks: one that learns and is looked into, and one whose output is every unit of it, of the same parameters. */
import {
  adagrad,
  adam,
  adamW,
  binaryCrossEntropy,
  concat,
  dense,
  focal,
  huber,
  input,
  l1,
  l2,
  lion,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  type Network,
  type Node,
  nadam,
  network,
  type Optimizer,
  rmsProp,
  sgd,
} from 'neurite';
import { taskOf } from '../data/sets.js';
import type { LossName, OptimizerName, State } from '../state/state.js';

export const lossMakers = { binaryCrossEntropy, focal, meanSquaredError, meanAbsoluteError, huber, logCosh } satisfies Record<LossName, unknown>;

/** The settings that an optimizer has here besides its rate, by their names in neurite. */
export const optimizerSettings = {
  sgd: { momentum: 'momentum' },
  adam: { momentum: 'beta1' },
  adamW: { momentum: 'beta1', decay: 'weightDecay' },
  nadam: { momentum: 'beta1' },
  rmsProp: { momentum: 'alpha' },
  adagrad: {},
  lion: { momentum: 'beta1', decay: 'weightDecay' },
} as const satisfies Record<OptimizerName, { readonly momentum?: string; readonly decay?: string }>;

const optimizerMakers = { sgd, adam, adamW, nadam, rmsProp, adagrad, lion } as unknown as Record<
  OptimizerName,
  (options: Readonly<Record<string, number>>) => Optimizer
>;

/** The options of a state's optimizer. */
export function optimizerOptions({ optimizer, rate, momentum, decay }: State): Record<string, number> {
  const named: { readonly momentum?: string; readonly decay?: string } = optimizerSettings[optimizer];
  return {
    learningRate: rate,
    ...(named.momentum && { [named.momentum]: momentum }),
    ...(named.decay && { [named.decay]: decay }),
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

export function build(state: State): Networks {
  const x = input(state.features.length);
  const penalty = state.penalty === 'none' ? {} : { weightRegularizer: (state.penalty === 'l1' ? l1 : l2)(state.strength) };
  const outputs: Node[] = [];
  for (const units of state.layers) outputs.push(dense(units, state.activation, penalty)(outputs.at(-1) ?? x));
  const last = dense(1, lastActivation(state), penalty)(outputs.at(-1) ?? x);
  const net: Network = network({
    inputs: x,
    outputs: last,
    loss: lossMakers[state.loss](),
    optimizer: optimizerMakers[state.optimizer](optimizerOptions(state)),
    seed: state.seed,
    reproducible: true,
  });
  const units = network({ inputs: x, outputs: outputs.length > 0 ? concat(...outputs, last) : last, parametersOf: net });
  return {
    net,
    units,
    dispose() {
      units.dispose();
      net.dispose();
    },
  };
}
