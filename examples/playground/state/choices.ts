/** What can be chosen of neurite: each choice is a row here, and its formulas a row in model/formulas.ts. Links, lists, networks and programs follow. */
import {
  type ActivationName,
  adagrad,
  adam,
  adamW,
  binaryCrossEntropy,
  focal,
  huber,
  type Loss,
  lion,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  nadam,
  type Optimizer,
  rmsProp,
  sgd,
} from 'neurite';
import type { Task } from '../data/sets.js';

interface Choice {
  /** In the sentence of the page; its name where left out. */
  readonly title?: string;
}

/** A setting of an optimizer: its name in neurite, and its title here. */
interface Setting {
  readonly option: string;
  readonly title: string;
}

interface OptimizerChoice extends Choice {
  readonly make: (options: never) => Optimizer;
  /** What goes by `momentum` and `decay` in a link, where it has such. */
  readonly momentum?: Setting;
  readonly decay?: Setting;
}

interface LossChoice extends Choice {
  readonly tasks: readonly Task[];
  readonly make: () => Loss;
}

const beta1 = { option: 'beta1', title: 'β₁' };
const weightDecay = { option: 'weightDecay', title: 'weight decay' };

export const activations = {
  tanh: {},
  relu: {},
  leakyRelu: { title: 'leaky relu' },
  elu: {},
  gelu: {},
  silu: {},
  sigmoid: {},
  softsign: {},
  identity: { title: 'linear' },
} as const satisfies Partial<Record<ActivationName, Choice>>;

/** The first of a task is the one that it begins with. */
export const losses = {
  binaryCrossEntropy: { title: 'cross-entropy', tasks: ['classes'], make: binaryCrossEntropy },
  focal: { title: 'the focal loss', tasks: ['classes'], make: focal },
  meanSquaredError: { title: 'the squared error', tasks: ['classes', 'values'], make: meanSquaredError },
  meanAbsoluteError: { title: 'the absolute error', tasks: ['values'], make: meanAbsoluteError },
  huber: { title: 'Huber’s loss', tasks: ['values'], make: huber },
  logCosh: { title: 'log cosh of the error', tasks: ['values'], make: logCosh },
} as const satisfies Record<string, LossChoice>;

export const optimizers = {
  sgd: { title: 'plain descent', make: sgd, momentum: { option: 'momentum', title: 'momentum' } },
  adam: { title: 'Adam', make: adam, momentum: beta1 },
  adamW: { title: 'AdamW', make: adamW, momentum: beta1, decay: weightDecay },
  nadam: { title: 'Nadam', make: nadam, momentum: beta1 },
  rmsProp: { title: 'RMSProp', make: rmsProp, momentum: { option: 'alpha', title: 'α' } },
  adagrad: { title: 'Adagrad', make: adagrad },
  lion: { title: 'Lion', make: lion, momentum: beta1, decay: weightDecay },
} as const satisfies Record<string, OptimizerChoice>;

export type Activation = keyof typeof activations;
export type LossName = keyof typeof losses;
export type OptimizerName = keyof typeof optimizers;

const namesOf = <T extends object>(choices: T) => Object.keys(choices) as (keyof T)[];

export const activationNames = namesOf(activations);
export const lossNames = namesOf(losses);
export const optimizerNames = namesOf(optimizers);

export function lossesOf(task: Task): LossName[] {
  return lossNames.filter((name) => (losses[name] as LossChoice).tasks.includes(task));
}

export function optimizerOf(name: OptimizerName): OptimizerChoice {
  return optimizers[name];
}
