/** Groups of parameters: which have a learning rate or a decay of their own. */
import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import { elements } from '../graph/shape.js';
import { type Kind, LAYOUT, type LaidOut, type Layout, type NamedShape, type ParameterGroup, type ParameterGroups, type Stretch } from './layout.js';
import { checkLearningRate, checkWeightDecay } from './numbers.js';

const CALL = 'parameterGroups';

/** Most names in an error. */
const SHOWN = 8;

/**
 * Groups of parameters, for the option `groups` of any optimizer. A parameter takes from every group that it is in what that group says, and of
 * two that say the same thing the later one counts.
 *
 * ```js
 * adamW({ weightDecay: 0.05, groups: parameterGroups([{ parameters: 'encoder', learningRateFactor: 0.1 }]) })
 * ```
 *
 * @throws ValueError for a group that is none; where a network is configured, for a name that it has not
 */
export function parameterGroups(groups: readonly ParameterGroup[]): ParameterGroups {
  if (!isList(groups)) throw new ValueError(`${CALL}: groups is ${describe(groups)}, expected a list, such as [{ parameters: 'dense1' }]`);
  return grouping(Array.from(groups, (given, i) => readGroup(`${CALL}: groups[${i}]`, given)));
}

/**
 * No decay on vectors, which are biases and the gains of norms, for the option `groups` of any optimizer; then what the groups say.
 * `adamW({ weightDecay: 0.05, groups: decayMatrices() })` decays weights alone.
 */
export function decayMatrices(groups: readonly ParameterGroup[] = []): ParameterGroups {
  const { list } = parameterGroups(groups);
  return grouping([{ parameters: (_, shape) => shape.length === 1, weightDecay: 0 }, ...list]);
}

function readGroup(where: string, given: ParameterGroup): ParameterGroup {
  const group = checkOptions(where, given, ['parameters', 'learningRateFactor', 'weightDecay'], {}, 'its value');
  const { parameters, learningRateFactor = 1, weightDecay = 0 } = group;
  const names: unknown = isList(parameters) ? Object.freeze(Array.from(parameters as readonly string[])) : parameters;
  if (typeof names !== 'function' && [names].flat().some((name) => typeof name !== 'string'))
    throw new ValueError(`${where}: parameters is ${describe(parameters)}, expected names of parameters or layers, or a function of a name`);
  checkLearningRate(where, learningRateFactor, 'learningRateFactor');
  checkWeightDecay(where, weightDecay);
  return Object.freeze({ ...group, parameters: names as ParameterGroup['parameters'] });
}

function grouping(list: readonly ParameterGroup[]): ParameterGroups {
  // Not enumerable, so that consoles show the groups alone.
  const groups = Object.defineProperty({ list: Object.freeze(list) }, LAYOUT, { value: layout });
  return Object.freeze(groups as ParameterGroups);
}

/** The layout of groups. One function for all, so that equal groups are equal. */
function layout<Options extends LaidOut>(
  this: ParameterGroups,
  options: Options,
  name: string,
  decouplesDecay: boolean,
  parameters: readonly NamedShape[],
): Layout<Options> {
  const groups = grouping(resolve(name, this.list, parameters));
  return layoutOf(Object.freeze({ ...options, groups }), decouplesDecay, parameters);
}

/**
 * The same groups, each with the names of its parameters; one of none is left out.
 * @throws ValueError for a name that there is not
 */
function resolve(call: string, groups: readonly ParameterGroup[], all: readonly NamedShape[]): ParameterGroup[] {
  /** Parameters by their names, and by those of all that they are part of. */
  const members = new Map<string, string[]>();
  for (const { name } of all) {
    for (let end = name.length; end > 0; end = name.lastIndexOf('.', end - 1)) {
      const part = name.slice(0, end);
      const known = members.get(part);
      if (known) known.push(name);
      else members.set(part, [name]);
    }
  }
  return groups.flatMap((group, i) => {
    const where = `${call}: groups[${i}]`;
    const { parameters } = group;
    const found =
      typeof parameters === 'function'
        ? all.flatMap(({ name, shape }) => (says(where, parameters(name, [...shape.size])) ? [name] : []))
        : [...new Set([parameters].flat())].flatMap((one) => {
            const named = members.get(one);
            if (named) return named;
            const shown = all.slice(0, SHOWN).map(({ name }) => describe(name));
            const more = all.length > SHOWN ? ', …' : '';
            throw new ValueError(`${where}: parameters has ${describe(one)}, expected a layer or one of ${shown.join(', ')}${more}`);
          });
    return found.length === 0 ? [] : [Object.freeze({ ...group, parameters: Object.freeze([...new Set(found)]) })];
  });
}

function says(where: string, answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw new ValueError(`${where}: parameters gave ${describe(answer)}, expected true or false`);
  return answer;
}

/** The layout of groups that name each parameter. Neighbours that are alike are one stretch. */
function layoutOf<Options extends LaidOut & { readonly groups: ParameterGroups }>(
  optimizer: Options,
  decouplesDecay: boolean,
  all: readonly NamedShape[],
): Layout<Options> {
  const stretches: Stretch[] = [];
  const kinds: Kind<Options>[] = [];
  const numbers = new Map<string, number>();
  const said = new Map<string, { rate: number; weightDecay: number }>();
  for (const { parameters, learningRateFactor, weightDecay } of optimizer.groups.list) {
    for (const name of parameters as readonly string[]) {
      const before = said.get(name) ?? { rate: 1, weightDecay: optimizer.weightDecay };
      said.set(name, { rate: learningRateFactor ?? before.rate, weightDecay: weightDecay ?? before.weightDecay });
    }
  }
  let from = 0;
  for (const { name, shape } of all) {
    const { rate, weightDecay } = said.get(name) ?? { rate: 1, weightDecay: optimizer.weightDecay };
    const own = decouplesDecay ? weightDecay : optimizer.weightDecay;
    const key = `${rate} ${own}`;
    const kind = numbers.get(key) ?? kinds.push({ options: Object.freeze({ ...optimizer, weightDecay: own }), rate }) - 1;
    numbers.set(key, kind);
    const n = elements(shape);
    const last = stretches.at(-1);
    const goesOn = last?.kind === kind && last.weightDecay === weightDecay;
    if (goesOn) stretches[stretches.length - 1] = { ...last, n: last.n + n };
    else stretches.push({ from, n, kind, weightDecay });
    from += n;
  }
  return {
    optimizer,
    stretches,
    kinds,
    weightDecay: Math.max(0, ...stretches.map((one) => one.weightDecay)),
    rate: Math.max(0, ...kinds.map((one) => one.rate)),
  };
}
