/** What each call does to the network that lies in the worker. */
import type { Threads } from '../core/core.js';
import * as derivatives from '../derivatives/index.js';
import { checkpoint, restore } from '../files/checkpoint.js';
import { fromJSON } from '../files/load.js';
import { save, toJSON } from '../files/save.js';
import { elements } from '../graph/shape.js';
import { copyParameters } from '../network/copyParameters.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { optimizerState, setOptimizerState } from '../network/optimizerState.js';
import type { Parameter, State } from '../ops/leaves.js';
import type { MethodName } from './methods.js';
import { SEARCHING } from './sendable.js';

/** A network, and how another takes its place. */
export interface Hosted {
  readonly network: AnyNetwork;
  readonly threads: Threads | undefined;
  replace(network: AnyNetwork): void;
}

// biome-ignore lint/suspicious/noExplicitAny: what comes was typed where it was sent, and is checked by what it is passed to.
type Implementation = (hosted: Hosted, ...args: any[]) => unknown;

/** Arguments up to the last that came: the fast ways of some calls want none. */
function given(args: unknown[]): unknown[] {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  return args.slice(0, count);
}

/** Calls a method of the network. */
function method(name: keyof AnyNetwork): Implementation {
  return ({ network }, ...args) => (network[name] as (...args: unknown[]) => unknown).apply(network, given(args));
}

/** Calls a method that gives the network itself. */
function chained(name: keyof AnyNetwork): Implementation {
  const call = method(name);
  return (...args) => {
    call(...args);
  };
}

/** Calls a function over the network. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
function over(called: (network: any, ...args: any[]) => unknown): Implementation {
  return ({ network }, ...args) => called(network, ...given(args));
}

type Stored = Parameter | State;

const stored = ({ engine }: Internals): Stored[] => [...engine.parameters, ...engine.states];

/**
 * A network of another architecture with the same nodes, parameters, states and counts: the one that `configure` would have made of it. Its optimizer's
 * state begins anew.
 */
function configure({ network: old, threads, replace }: Hosted, json: string): void {
  const from = internals('configure', old).idle('configure');
  const next = fromJSON(json, {
    maxParameters: 2 ** 30,
    optimizers: SEARCHING,
    debug: from.trainee.locate !== undefined,
    ...(threads && { threads }),
  });
  const to = internals('configure', next);
  const names = to.tensorNames();
  const found = new Map(stored(to).map((node) => [names.get(node), node] as const));
  const frozen = new Set<Stored>();
  const memory = to.engine.core.u8;
  const named = from.tensorNames();
  for (const node of stored(from)) {
    const other = found.get(named.get(node)) as Stored;
    const address = from.engine.addressOf(node);
    memory.copyWithin(to.engine.addressOf(other), address, address + elements(node.shape) * 4);
    if (from.engine.frozen.has(node)) frozen.add(other);
  }
  to.engine.freeze(frozen, () => to.engine.planUpdate(to.engine.optimizer, () => names));
  to.trainee.epochsTrained = from.trainee.epochsTrained;
  to.trainee.stepsDone = from.trainee.stepsDone;
  to.metadata = from.metadata;
  replace(next);
  old.dispose();
}

function parameter({ network }: Hosted, name: string): object {
  const view = network.parameter(name);
  const hasGradient = network.parameterNames.includes(name) && internals('parameter', network).engine.losses.some((loss) => loss);
  return { name, shape: view.shape, values: view.values.slice(), gradient: hasGradient ? view.gradient.slice() : undefined };
}

export const implementations: Readonly<Record<MethodName, Implementation>> = {
  predict: method('predict'),
  logits: method('logits'),
  classify: method('classify'),
  gradient: method('gradient'),
  step: method('step'),
  applyGradients: method('applyGradients'),
  fit: method('fit'),
  evaluate: method('evaluate'),
  evaluateAsync: method('evaluateAsync'),
  configure,
  setTrainable: chained('setTrainable'),
  setParameters: chained('setParameters'),
  copyParametersFrom: chained('copyParametersFrom'),
  parameter,
  reset: chained('reset'),
  dispose: method('dispose'),
  snapshot: ({ network }) => copyParameters(network),
  gradients: ({ network }) => network.gradients.slice(),
  save: over(save),
  checkpoint: over(checkpoint),
  restore: ({ network }, bytes) => void restore(bytes, { into: network }),
  toJSON: over(toJSON),
  optimizerState: over(optimizerState),
  setOptimizerState: over(setOptimizerState),
  vjp: over(derivatives.vjp),
  jvp: over(derivatives.jvp),
  jacobian: over(derivatives.jacobian),
  parameterJacobian: over(derivatives.parameterJacobian),
  inputHessian: over(derivatives.inputHessian),
  inputHvp: over(derivatives.inputHvp),
  inputGradient: over(derivatives.inputGradient),
  hessian: over(derivatives.hessian),
  hvp: over(derivatives.hvp),
  perSampleGradients: over(derivatives.perSampleGradients),
};
