/** Optimizers of a user's own. */

import { describe, isList, isOf } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import { Node, topological } from '../graph/node.js';
import { formatShape, sameShape } from '../graph/shape.js';
import { composedOptimizer } from './composed.js';
import {
  checkCommon,
  checkOption,
  OPTIONAL,
  type OptimizerDefinition,
  type OptimizerMaker,
  type OptimizerOptions,
  type UpdateInputs,
  type UpdateOutputs,
} from './optimizer.js';

const DEFINE = 'defineOptimizer';

/** What a user's definition may say: a kernel is an instruction of the core, which only neurite's own optimizers write. */
const FUNCTIONS = ['check', 'slots', 'scalars', 'update', 'bound', 'descends'];

/**
 * Makes an optimizer of its definition: a function that users call with options, and whose description they pass as `optimizer`.
 *
 * ```js
 * // As lion() is made (Chen et al. 2023, algorithm 2): u = sign(β₁m + (1 − β₁)g), m ← β₂m + (1 − β₂)g, θ ← θ − learningRate·(u + λθ)
 * const signDescent = defineOptimizer({
 *   name: 'signDescent',
 *   learningRate: 1e-4,
 *   decouplesDecay: true,
 *   options: { beta1: { usual: 0.9, from: 0, below: 1 }, beta2: { usual: 0.99, from: 0, below: 1 } },
 *   slots: () => ['m'],
 *   update({ options: { beta1, beta2, weightDecay }, weights, gradient, descent, slots: { m } }) {
 *     const mix = (beta) => add(scale(m, beta), scale(gradient, 1 - beta));
 *     const sign = affine(heaviside(mix(beta1), 0.5), 2, -1);
 *     return { weights: add(weights, mul(add(sign, scale(weights, weightDecay)), descent)), slots: { m: mix(beta2) } };
 *   },
 * });
 * const net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: signDescent({ beta1: 0.95 }) });
 * ```
 *
 * A file says the optimizer's name and options alone: `load(bytes, { optimizers: [signDescent] })` reads one that names it.
 *
 * @throws ValueError where the definition lacks a name, a learning rate or an update
 */
export function defineOptimizer<Name extends string, Own extends OptimizerOptions, Slot extends string = never, Scalar extends string = never>(
  definition: OptimizerDefinition<Name, Own, Slot, Scalar>,
): OptimizerMaker<Name, Own> {
  return composedOptimizer<Name, Own, Slot, Scalar>(readDefinition(definition) as unknown as OptimizerDefinition<Name, Own, Slot, Scalar>);
}

/** A copy of a definition, each field read once. @throws ValueError where it is none */
function readDefinition(given: unknown): OptimizerDefinition {
  const known = ['name', 'learningRate', 'weightDecay', 'decouplesDecay', 'options', 'powers', 'squares', ...FUNCTIONS];
  const definition = checkOptions(DEFINE, given as OptimizerDefinition, known, {}, 'the definition');
  const { name, learningRate, weightDecay = 0, decouplesDecay = false, options, powers, update } = definition;
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9]{0,60}$/.test(name))
    throw new ValueError(`${DEFINE}: name is ${describe(name)}, expected letters and digits`);
  const call = `${DEFINE}: ${name}`;
  checkCommon(call, { name, learningRate, weightDecay, clipNorm: Number.POSITIVE_INFINITY });
  checkFlag(call, 'decouplesDecay', decouplesDecay);
  const { squares = [] } = definition;
  if (!isList(squares) || !Array.from(squares as readonly unknown[]).every((slot) => typeof slot === 'string'))
    throw new ValueError(`${call}: squares is ${describe(squares)}, expected a list of names of slots`);
  if (typeof update !== 'function') throw new ValueError(`${call}: update is ${describe(update)}, expected a function`);
  for (const key of FUNCTIONS) {
    const value = (definition as unknown as Record<string, unknown>)[key];
    if (value !== undefined && typeof value !== 'function') throw new ValueError(`${call}: ${key} is ${describe(value)}, expected a function`);
  }
  const { slots } = definition;
  return Object.freeze({
    ...definition,
    ...(slots && { slots: (given: never) => checkedSlots(name, slots.call(definition, given)) }),
    update: (inputs: UpdateInputs<never, string, string>) => checkedOutputs(name, inputs, update.call(definition, inputs)),
    options: readOptions(call, options),
    ...(powers !== undefined && { powers: readPowers(call, powers) }),
  });
}

/** The options of an optimizer's own. @throws ValueError where one is none, or its default is out of its range */
function readOptions(call: string, options: unknown): OptimizerOptions {
  let keys: string[] = [];
  try {
    keys = Object.keys(options as object);
  } catch {
    // What has no fields is refused below.
  }
  const own = checkOptions(call, options as OptimizerOptions, keys);
  const common: readonly string[] = ['name', 'learningRate', 'weightDecay', 'clipNorm', ...OPTIONAL];
  return Object.freeze(
    Object.fromEntries(
      Object.entries(own).map(([key, given]) => {
        if (common.includes(key)) throw new ValueError(`${call}: option ${describe(key)} is one that every optimizer has`);
        const option = checkOptions(`${call}: option ${describe(key)}`, given, ['usual', 'from', 'above', 'below'], {}, 'its value');
        for (const [field, value] of Object.entries(option)) {
          const allowed = typeof value === 'number' || (field === 'usual' && typeof value === 'boolean');
          if (!allowed) throw new ValueError(`${call}: option ${describe(key)}: ${field} is ${describe(value)}, expected a number`);
        }
        checkOption(call, key, option.usual, option);
        return [key, Object.freeze(option)];
      }),
    ),
  );
}

type Powers = NonNullable<OptimizerDefinition['powers']>;

function readPowers(call: string, given: Powers): Powers {
  const { start, ...range } = checkOptions(`${call}: powers`, given, ['start', 'from', 'upTo'], {}, 'its value');
  const list: readonly unknown[] = isList(start) ? Array.from(start) : [undefined];
  if (!list.every(Number.isFinite)) throw new ValueError(`${call}: powers: start is ${describe(start)}, expected a list of finite numbers`);
  for (const [field, value] of Object.entries(range)) {
    if (typeof value !== 'number') throw new ValueError(`${call}: powers: ${field} is ${describe(value)}, expected a number`);
  }
  return Object.freeze({ ...range, start: Object.freeze(list as number[]) });
}

/** Names of slots, read once. @throws ValueError where one is no name, or two are the same */
function checkedSlots(name: string, given: readonly string[]): readonly string[] {
  const slots = [...(given ?? [])];
  const nameless = slots.find((slot) => typeof slot !== 'string' || slot === '');
  if (nameless !== undefined) throw new ValueError(`${name}: a slot is ${describe(nameless)}, expected a name`);
  if (new Set(slots).size !== slots.length) throw new ValueError(`${name}: slots are ${slots.join(', ')}, expected different names`);
  return slots;
}

/** What an update gives, read once. @throws ValueError where it is not made of elementwise ops over the parameters, its slots and its scalars */
function checkedOutputs(name: string, inputs: UpdateInputs<never, string, string>, outputs: unknown): UpdateOutputs<string> {
  const { weights, slots: given = {} } = (outputs ?? {}) as { weights?: unknown; slots?: Record<string, unknown> };
  const names = Object.keys(inputs.slots);
  const unknown = Object.keys(given).find((key) => !names.includes(key));
  if (unknown !== undefined) throw new ValueError(`${name}: update gave a slot ${describe(unknown)}, expected ${names.join(', ') || 'none'}`);
  const leaves: ReadonlySet<Node> = new Set([inputs.weights, inputs.gradient, ...Object.values(inputs.slots)]);
  const { shape } = inputs.weights;
  const checked = (key: string, value: unknown): Node => {
    if (!isOf(value, Node) || !sameShape(value.shape, shape)) {
      const came = isOf(value, Node) ? formatShape(value.shape) : describe(value);
      throw new ValueError(`${name}: update gave ${came} as ${key}, expected a node of the parameters' length`);
    }
    for (const node of topological([value])) {
      const foreign = node.inputs.length === 0 ? node.op.name !== 'fill' && !leaves.has(node) : !sameShape(node.shape, shape);
      if (foreign) throw new ValueError(`${name}: update uses ${node}, expected elementwise ops of what it is given`);
    }
    return value;
  };
  const slots = names.flatMap((key) => {
    const { [key]: value } = given;
    return value === undefined ? [] : [[key, checked(key, value)]];
  });
  return { weights: checked('weights', weights), slots: Object.fromEntries(slots) };
}
