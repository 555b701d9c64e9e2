/** The optimizers there are, and how a description is read. */
import { describe, isList } from '../arguments/describe.js';
import { makerFor } from '../arguments/foreignNames.js';
import { ValueError } from '../errors.js';
import { adam } from './adam.js';
import { adamW } from './adamW.js';
import { makers } from './makers.generated.js';
import { isMaker, makerIn, type Optimizer, type OptimizerMaker } from './optimizer.js';
import { sgd } from './sgd.js';

/**
 * Those that a network takes as plain descriptions, such as `{ name: 'adam' }`. Any other comes from its maker alone, so that a page carries no
 * optimizer that it does not name.
 */
const PLAIN: Readonly<Record<string, OptimizerMaker>> = /* @__PURE__ */ byName([adam, adamW, sgd]);

/** neurite's own optimizers by their names: those that a file may name. */
export const OPTIMIZERS: Readonly<Record<string, OptimizerMaker>> = /* @__PURE__ */ byName(makers);

function byName(makers: readonly OptimizerMaker[]): Record<string, OptimizerMaker> {
  return Object.fromEntries(makers.map((maker) => [maker.definition.name, maker]));
}

/**
 * neurite's own optimizers and others, by name: those that a file may name.
 * @throws ValueError for what is no maker, or has the name of another
 */
export function optimizersByName(call: string, others: unknown): Readonly<Record<string, OptimizerMaker>> {
  const expected = 'a list of what defineOptimizer() gave, such as [mine]';
  if (!isList(others)) throw new ValueError(`${call}: optimizers is ${describe(others)}, expected ${expected}`);
  const all: Record<string, OptimizerMaker> = { ...OPTIMIZERS };
  for (const maker of Array.from(others as readonly unknown[])) {
    if (!isMaker(maker)) throw new ValueError(`${call}: optimizers has ${describe(maker)}, expected ${expected}`);
    const { name } = maker.definition;
    if (Object.hasOwn(all, name) && all[name] !== maker)
      throw new ValueError(`${call}: there is another optimizer called ${name}, expected one of a name`);
    all[name] = maker;
  }
  return all;
}

/**
 * What a network holds of an optimizer's description: a copy that its maker checked and completed, which nobody can change.
 * @throws ValueError for what is no optimizer's description, or one its maker refuses
 */
export function optimizerOf(call: string, description: unknown): Optimizer {
  const calls = Object.keys(PLAIN).map((name) => `${name}()`);
  const expected = `what ${calls.slice(0, -1).join(', ')} or ${calls.at(-1)} gives, or another optimizer's call`;
  const remedy = isMaker(description) ? `; call it, as in ${description.definition.name}()` : '';
  const { name, fields } = readDescription(call, 'optimizer', description, PLAIN, expected + remedy, makerIn);
  const maker = makerIn(fields) ?? (PLAIN[name] as OptimizerMaker);
  return named(call, () => maker(fields as Parameters<OptimizerMaker>[0]));
}

/**
 * A description whose fields are read once, and whose maker there is.
 * @param carried what else says that there is one: a maker that the description carries
 * @throws ValueError for anything else
 */
export function readDescription(
  call: string,
  what: string,
  description: unknown,
  makers: object,
  expected: string,
  carried: (fields: Readonly<Record<PropertyKey, unknown>>) => unknown = () => undefined,
): { name: string; fields: Record<string, unknown> } {
  let fields: Record<string, unknown> = {};
  try {
    if (typeof description === 'object' && description !== null) {
      for (const key of Reflect.ownKeys(description)) fields[key as string] = (description as Record<string | symbol, unknown>)[key as string];
    }
  } catch {
    fields = {};
  }
  const { name } = fields;
  if (typeof name !== 'string' || !(Object.hasOwn(makers, name) || carried(fields))) {
    const meant = makerFor(typeof name === 'string' ? name : description);
    throw new ValueError(`${call}: ${what} is ${describe(description)}, expected ${expected}${meant ? `; pass ${meant}` : ''}`);
  }
  return { name, fields };
}

/** What a maker refuses, said of the call that the description came with. */
export function named<T>(call: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ValueError) throw new ValueError(`${call}: ${error.message}`);
    throw error;
  }
}
