/** From an optimizer's definition to the instructions of one update over all parameters. */
import { Factor, Opcode } from '../../assembly/opcodes.js';
import { describe, fieldOf, isOf } from '../arguments/describe.js';
import { NeuriteError, ValueError } from '../errors.js';
import { count, f32, type Instruction, size, tensor, tensorsOf, unaryInstruction } from '../graph/instruction.js';
import { Node, topological } from '../graph/node.js';
import { elements, formatShape, sameShape, vector } from '../graph/shape.js';
import { fill, leaf } from '../ops/leaves.js';
import { type Kind, LAYOUT, type Layout, type NamedShape, type Stretch } from '../optimizers/layout.js';
import { definitionOf, type Optimizer, powerCount, slotsOf, startingPowers } from '../optimizers/optimizer.js';
import { lower } from './lower.js';
import { shareCommon } from './simplify.js';

const runOp = leaf('run', { unsaved: true });

/** A stretch of a block, seen as one vector: all parameters, all gradients, a slot of optimizer state. */
export function run(name: string, n: number): Node {
  return new Node(runOp, [], vector(n), {}, name);
}

/** The magnitude of gradients and state below which an update's bound is taken (`OptimizerDefinition.bound`). */
export const TAME = 2 ** 32;

/** A change below this is rounded away beside the largest float. */
export const HARMLESS = 2 ** 100;

/** The most scalars that a step may have: one bit each of an instruction's factors. */
const MAX_SCALARS = 24;

/** An update as the engine needs it: which memory, which scalars, which instructions. */
export interface Update extends Omit<Layout<Optimizer>, 'stretches'> {
  /** Whether a step adds −learningRate·gradient to each parameter as it is computed: plain descent needs no gradient as a whole. */
  readonly descends: boolean;
  /** Whether gradients and state below `TAME` make a harmless change, for learning rates up to 1. */
  readonly bounded: boolean;
  /** All gradients. */
  readonly dw: Node;
  /** The vectors of state, and what their optimizer calls them. */
  readonly slotNames: readonly string[];
  readonly slots: readonly Node[];
  /** The f64 numbers that go from step to step, two elements each. */
  readonly powers: Node;
  /** What the powers are before the first step. */
  readonly start: readonly number[];
  /**
   * The f64 scalars that each step needs in a table, by their names, once for each kind of stretch, in the order of their factors' bits; none where
   * a kernel makes its own.
   */
  readonly scalars: readonly string[];
  readonly scalarCount: number;
  /** Stretches of the vectors above, or of the parameters, that instructions name: from which element of which on. */
  readonly parts: ReadonlyMap<Node, { readonly of: Node; readonly from: number }>;
  /** L2, clipping, then the optimizer's own pass. */
  readonly instructions: readonly Instruction[];
}

/**
 * Plans the update of all parameters `w`. Runs code of the definition's, and of groups.
 * @param parameters in the order of `w`
 * @throws ValueError where its update is not made of elementwise ops over the parameters, its slots and its scalars, or a group is of no parameter
 */
export function planUpdate(given: Optimizer, w: Node, parameters: readonly NamedShape[]): Update {
  const definition = definitionOf(given);
  const { name, kernel, decouplesDecay = false } = definition;
  const n = elements(w.shape);
  const { weightDecay: decay } = given;
  const whole = { from: 0, n, kind: 0, weightDecay: decay };
  const layout: Layout<Optimizer> = given.groups?.[LAYOUT](given, name, decouplesDecay, parameters) ?? {
    optimizer: given,
    stretches: [whole],
    kinds: [{ options: given, rate: 1 }],
    weightDecay: decay,
    rate: 1,
  };
  const { optimizer, kinds, weightDecay } = layout;
  const stretches = trainedPartsOf(layout.stretches, parameters);
  const parts = new Map<Node, { of: Node; from: number }>();
  const byName = new Map<string, Node>();
  /** Elements of a vector from number `from` on, or the vector itself where these are all. */
  const partOf = (vector: Node, from: number, length: number): Node => {
    if (length === n) return vector;
    const name = `${vector.label}[${from}…${from + length - 1}]`;
    const part = byName.get(name) ?? run(name, length);
    byName.set(name, part);
    parts.set(part, { of: vector, from });
    return part;
  };
  const change = definition.bound?.({ ...optimizer, weightDecay }, TAME);
  const bounded = change !== undefined && change < HARMLESS;
  const dw = run('gradients', n);
  const names = slotsOf(optimizer);
  const nameless = names.find((slot) => typeof slot !== 'string' || slot === '');
  if (nameless !== undefined) throw new ValueError(`${name}: a slot is ${describe(nameless)}, expected a name`);
  if (new Set(names).size !== names.length) throw new ValueError(`${name}: slots are ${names.join(', ')}, expected different names`);
  const slots = names.map((slot) => run(`${name}.${slot}`, n));
  const powers = run('powers', 2 * powerCount(optimizer));
  const start = startingPowers(optimizer);
  const scalars = kernel ? [] : [...scalarsOf(optimizer, optimizer.learningRate, Float64Array.from(start)).keys()];
  const scalarCount = scalars.length * kinds.length;
  if (scalarCount > MAX_SCALARS) throw new ValueError(`${name}: a step has ${scalarCount} scalars, expected at most ${MAX_SCALARS}`);
  const instructions: Instruction[] = [];
  for (const { from, n, weightDecay } of stretches) {
    if (weightDecay === 0 || decouplesDecay) continue;
    const operands = { y: tensor(partOf(dw, from, n)), x: tensor(partOf(w, from, n)), size: size(n), alpha: f32(weightDecay) };
    instructions.push({ opcode: Opcode.Axpy, operands, writes: ['y'], inPlace: [] });
  }
  const { clipNorm, clipParameterNorm = Number.POSITIVE_INFINITY, clipValue = Number.POSITIVE_INFINITY } = optimizer;
  if (clipValue < Number.POSITIVE_INFINITY) instructions.push(unaryInstruction(Opcode.Clip, dw, dw, -clipValue, clipValue));
  const clip = (g: Node, maxNorm: number) => {
    const operands = { g: tensor(g), size: count(g.shape), maxNorm: f32(maxNorm) };
    if (maxNorm < Number.POSITIVE_INFINITY) instructions.push({ opcode: Opcode.ClipNorm, operands, writes: ['g'], inPlace: [] });
  };
  let at = 0;
  for (const { shape } of parameters) {
    clip(partOf(dw, at, elements(shape)), clipParameterNorm);
    at += elements(shape);
  }
  clip(dw, clipNorm);
  const descends =
    definition.descends?.(optimizer) === true && weightDecay === 0 && instructions.length === 0 && layout.rate === 1 && kinds.length === 1;
  stretches.forEach(({ from, n, kind }, i) => {
    const { options, rate } = kinds[kind] as Kind<Optimizer>;
    const [weights, gradient, ...kept] = [w, dw, ...slots].map((vector) => partOf(vector, from, n)) as [Node, Node, ...Node[]];
    const bySlot = Object.fromEntries(names.map((slot, j) => [slot, kept[j] as Node]));
    if (kernel) {
      instructions.push(kernel(options, { w: weights, dw: gradient, slots: bySlot, powers, n, rate, more: i + 1 < stretches.length }));
      return;
    }
    const uniform = (factors: number, value = 1) => fill(weights.shape, value, factors);
    const outputs = definition.update({
      options,
      weights,
      gradient,
      descent: uniform(Factor.Descend, rate),
      slots: bySlot,
      scalars: Object.fromEntries(scalars.map((scalar, j) => [scalar, uniform(Factor.Scalars << (kind * scalars.length + j))])),
    });
    instructions.push(...composed(name, outputs, weights, names, kept, new Set([weights, gradient, ...kept])));
  });
  return { ...layout, descends, bounded, dw, slotNames: names, slots, powers, start, scalars, scalarCount, parts, instructions };
}

/** Stretches without what is frozen. */
function trainedPartsOf(stretches: readonly Stretch[], parameters: readonly NamedShape[]): Stretch[] {
  const trained: { from: number; end: number }[] = [];
  let at = 0;
  for (const { shape, frozen } of parameters) {
    const last = trained.at(-1);
    const end = at + elements(shape);
    if (!frozen && last?.end === at) last.end = end;
    else if (!frozen) trained.push({ from: at, end });
    at = end;
  }
  return stretches.flatMap((stretch) =>
    trained.flatMap(({ from: first, end }) => {
      const from = Math.max(stretch.from, first);
      const n = Math.min(stretch.from + stretch.n, end) - from;
      return n > 0 ? [{ ...stretch, from, n }] : [];
    }),
  );
}

/**
 * The scalars of a step, in float64, in the order of `names` or in their own; advances the powers.
 * @throws ValueError where one is no number, or a power no finite number
 */
export function scalarsOf(optimizer: Optimizer, learningRate: number, powers: Float64Array, names?: readonly string[]): Map<string, number> {
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

/** The changes that an update asks for. @throws ValueError where it is none */
function changesOf(name: string, outputs: unknown, w: Node, names: readonly string[], slots: readonly Node[], leaves: ReadonlySet<Node>): Change[] {
  const { weights, slots: kept = {} } = (outputs ?? {}) as { weights?: unknown; slots?: Record<string, unknown> };
  const unknown = Object.keys(kept).find((key) => !names.includes(key));
  if (unknown !== undefined) throw new ValueError(`${name}: update gave a slot ${describe(unknown)}, expected ${names.join(', ') || 'none'}`);
  const given: [string, unknown, Node][] = [
    ['weights', weights, w],
    ...names.map((key, i): [string, unknown, Node] => [key, kept[key], slots[i] as Node]),
  ];
  return given.flatMap(([key, value, into]) => {
    // A slot that is left out stays as it is.
    if (value === undefined && into !== w) return [];
    if (!isOf(value, Node) || !sameShape(value.shape, w.shape)) {
      const came = isOf(value, Node) ? formatShape(value.shape) : describe(value);
      throw new ValueError(`${name}: update gave ${came} as ${key}, expected a node of the parameters' length`);
    }
    for (const node of topological([value])) {
      const foreign = node.inputs.length === 0 ? node.op.name !== 'fill' && !leaves.has(node) : !sameShape(node.shape, w.shape);
      if (foreign) throw new ValueError(`${name}: update uses ${node}, expected elementwise ops of what it is given`);
    }
    return value === into ? [] : [{ value, into }];
  });
}

/**
 * The instructions of a composed update. A new value is written where the old one lies as soon as nothing reads that any more; otherwise it is
 * copied there at the end.
 */
function composed(
  name: string,
  outputs: unknown,
  w: Node,
  names: readonly string[],
  slots: readonly Node[],
  leaves: ReadonlySet<Node>,
): Instruction[] {
  const asked = changesOf(name, outputs, w, names, slots, leaves);
  const representative = shareCommon(asked.map(({ value }) => value));
  const changes = asked.map(({ value, into }) => ({ value: representative.get(value) as Node, into }));
  let instructions: Instruction[];
  try {
    instructions = lower(
      changes.map(({ value }) => value),
      false,
    );
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
      const copy = run(`${value.label} before`, elements(w.shape));
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
