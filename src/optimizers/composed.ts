/** Updates that are composed of ops: which scalars their steps need, and which instructions they are. */
import { Factor, Opcode } from '../../assembly/opcodes.js';
import { describe, fieldOf } from '../arguments/describe.js';
import { NeuriteError, ValueError } from '../errors.js';
import { type Instruction, tensor, tensorsOf, unaryInstruction } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import { fill } from '../ops/leaves.js';
import { run } from '../ops/run.js';
import {
  type ComposedParts,
  type ComposingTools,
  type Composition,
  definitionOf,
  type Optimizer,
  type OptimizerDefinition,
  type OptimizerMaker,
  type OptimizerOptions,
  optimizerMaker,
  type UpdateOutputs,
} from './optimizer.js';
import { tileRuns } from './tile.js';

/** The maker of an optimizer whose update runs as it is composed: of a definition that is sound. */
export function composedOptimizer<Name extends string, Own extends OptimizerOptions, Slot extends string = never, Scalar extends string = never>(
  definition: OptimizerDefinition<Name, Own, Slot, Scalar>,
): OptimizerMaker<Name, Own> {
  return optimizerMaker<Name, Own, Slot, Scalar>({ ...definition, composition });
}

/** The most scalars that a step may have: one bit each of an instruction's factors. */
const MAX_SCALARS = 24;

const composition: Composition = {
  tiling: tileRuns,
  scalarNames(optimizer, powers, kinds) {
    const names = [...scalarsOf(optimizer, optimizer.learningRate, powers).keys()];
    const count = names.length * kinds;
    if (count > MAX_SCALARS) throw new ValueError(`${optimizer.name}: a step has ${count} scalars, expected at most ${MAX_SCALARS}`);
    return names;
  },
  scalarTable(kinds, names, rates, powers) {
    const table = new Float64Array(rates.length * kinds.length * names.length);
    const after = new Float64Array(rates.length * powers.length);
    let next = 0;
    for (let step = 0; step < rates.length; step++) {
      const before = powers.slice();
      for (const { options, rate } of kinds) {
        powers.set(before);
        for (const value of scalarsOf(options, (rates[step] as number) * rate, powers, names).values()) table[next++] = value;
      }
      after.set(powers, step * powers.length);
    }
    return { table, after };
  },
  instructions: composed,
};

/**
 * The scalars of a step, in float64, in the order of `names` or in their own; advances the powers.
 * @throws ValueError where one is no number, or a power no finite number
 */
function scalarsOf(optimizer: Optimizer, learningRate: number, powers: Float64Array, names?: readonly string[]): Map<string, number> {
  const { name, scalars, powers: range } = definitionOf(optimizer);
  const row = scalars?.(optimizer, learningRate, powers) as Readonly<Record<string, unknown>> | undefined;
  const { from = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY } = range ?? {};
  const odd = powers.find((value) => !(Number.isFinite(value) && value >= from && value <= upTo));
  if (odd !== undefined)
    throw new ValueError(`${name}: one of its powers is ${odd}, expected a finite number${range ? ` from ${from} to ${upTo}` : ''}`);
  return new Map(
    (names ?? Object.keys(row ?? {})).map((key) => {
      const value = fieldOf(row, key);
      if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
        throw new ValueError(`${name}: its scalar ${key} is ${describe(value)}, expected a finite number that float32 holds`);
      return [key, value];
    }),
  );
}

/** A new value of what an optimizer changes, and where it belongs. */
interface Change {
  readonly value: Node;
  readonly into: Node;
}

/** The changes that an update asks for. A slot that is left out stays as it is. */
function changesOf({ weights, slots = {} }: UpdateOutputs<string>, w: Node, names: readonly string[], kept: readonly Node[]): Change[] {
  const given: readonly (readonly [Node | undefined, Node])[] = [[weights, w], ...names.map((key, i) => [slots[key], kept[i] as Node] as const)];
  return given.flatMap(([value, into]) => (value === undefined || value === into ? [] : [{ value, into }]));
}

/**
 * The instructions of a composed update. A new value is written where the old one lies as soon as nothing reads that any more; otherwise it is
 * copied there at the end.
 */
function composed(definition: OptimizerDefinition, parts: ComposedParts, { lower, shareCommon }: ComposingTools): Instruction[] {
  const { options, weights, gradient, names, kept, rate, scalars, firstScalar } = parts;
  const { name } = definition;
  const uniform = (factors: number, value = 1) => fill(weights.shape, value, factors);
  const outputs = definition.update({
    options,
    weights,
    gradient,
    descent: uniform(Factor.Descend, rate),
    slots: Object.fromEntries(names.map((slot, i) => [slot, kept[i] as Node])),
    scalars: Object.fromEntries(scalars.map((scalar, i) => [scalar, uniform(Factor.Scalars << (firstScalar + i))])),
  });
  const asked = changesOf(outputs, weights, names, kept);
  const representative = shareCommon(asked.map(({ value }) => value));
  const changes = asked.map(({ value, into }) => ({ value: representative.get(value) as Node, into }));
  let instructions: Instruction[];
  try {
    instructions = lower(changes.map(({ value }) => value));
  } catch (error) {
    if (error instanceof NeuriteError) throw new ValueError(`${name}: ${error.message}`);
    throw error;
  }
  const madeAt = new Map<Node, number>();
  const lastRead = new Map<Node, number>();
  instructions.forEach((instruction, at) => {
    for (const { node, written } of tensorsOf(instruction)) (written ? madeAt : lastRead).set(node, at);
  });
  const before: Instruction[] = [];
  const after: Instruction[] = [];
  const renamed = new Map<Node, Node>();
  for (const { value, into } of changes) {
    const at = madeAt.get(value);
    if (at === undefined) {
      // An old value of something else, which another change may overwrite.
      const copy = run(`${value.label} before`, elements(weights.shape));
      before.push(unaryInstruction(Opcode.Copy, copy, value, 0, 0));
      after.push(unaryInstruction(Opcode.Copy, into, copy, 0, 0));
    } else if ((lastRead.get(into) ?? -1) <= at && !renamed.has(value)) {
      renamed.set(value, into);
    } else {
      after.push(unaryInstruction(Opcode.Copy, into, value, 0, 0));
    }
  }
  // A value that was written into one place and is copied to another is read from there.
  return [...before, ...instructions, ...after].map((instruction) => ({
    ...instruction,
    operands: Object.fromEntries(
      Object.entries(instruction.operands).map(([key, operand]) =>
        operand.kind === 'tensor' && operand.node && renamed.has(operand.node) ? [key, tensor(renamed.get(operand.node))] : [key, operand],
      ),
    ),
  }));
}
