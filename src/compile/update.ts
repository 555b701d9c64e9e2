/** From an optimizer's definition to the instructions of one update over all parameters. */
import { Opcode } from '../../assembly/opcodes.js';
import { count, f32, type Instruction, size, tensor, unaryInstruction } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import { run } from '../ops/run.js';
import { type Kind, LAYOUT, type Layout, type NamedShape, type Stretch } from '../optimizers/layout.js';
import {
  type ComposedParts,
  type ComposingTools,
  type Composition,
  definitionOf,
  type Optimizer,
  type OptimizerDefinition,
  powerCount,
  slotsOf,
  startingPowers,
} from '../optimizers/optimizer.js';
import { lower } from './lower.js';
import { shareCommon } from './simplify.js';

/** The magnitude of gradients and state below which an update's bound is taken (`OptimizerDefinition.bound`). */
export const TAME = 2 ** 32;

/** A change below this is rounded away beside the largest float. */
export const HARMLESS = 2 ** 100;

/**
 * Elements from which on a parameter is updated by an instruction of its own. Threads split that as they do its gradient, over the same rows, so that each
 * updates what its core computed (T3 on two threads, the update by Adam: 322 → 236 µs).
 */
const LARGE = 1 << 15;

/** What composed updates are made with. */
const TOOLS: ComposingTools = { lower: (roots) => lower(roots, false), shareCommon };

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
  /** What computes them. */
  readonly composition: Composition | undefined;
  /** Stretches of the vectors above, or of the parameters, that instructions name: from which element of which on. */
  readonly parts: ReadonlyMap<Node, { readonly of: Node; readonly from: number }>;
  /** Clipping, L2, then the optimizer's own pass. */
  readonly instructions: readonly Instruction[];
}

/**
 * Plans the update of all parameters `w`. Runs code of the definition's, and of groups.
 * @param parameters in the order of `w`
 * @throws ValueError where its update is not made of elementwise ops over the parameters, its slots and its scalars, or a group is of no parameter
 */
export function planUpdate(given: Optimizer, w: Node, parameters: readonly NamedShape[]): Update {
  const definition = definitionOf(given);
  const { name, kernel, composition, decouplesDecay = false } = definition;
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
  const stretches = trainedPartsOf(layout.stretches, parameters, kernel !== undefined);
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
  const slots = names.map((slot) => run(`${name}.${slot}`, n));
  const powers = run('powers', 2 * powerCount(optimizer));
  const start = startingPowers(optimizer);
  const scalars = composition?.scalarNames(optimizer, Float64Array.from(start), kinds.length) ?? [];
  const scalarCount = scalars.length * kinds.length;
  const instructions: Instruction[] = [];
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
  // A clip is of the gradient of the loss, as in PyTorch, where L2 is part of the optimizer.
  for (const { from, n, weightDecay } of stretches) {
    if (weightDecay === 0 || decouplesDecay) continue;
    const operands = { y: tensor(partOf(dw, from, n)), x: tensor(partOf(w, from, n)), size: size(n), alpha: f32(weightDecay) };
    instructions.push({ opcode: Opcode.Axpy, operands, writes: ['y'], inPlace: [] });
  }
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
    const parts: ComposedParts = { options, weights, gradient, names, kept, rate, scalars, firstScalar: kind * scalars.length };
    instructions.push(...(composition?.instructions(definition as OptimizerDefinition, parts, TOOLS) ?? []));
  });
  return { ...layout, descends, bounded, dw, slotNames: names, slots, powers, start, scalars, scalarCount, composition, parts, instructions };
}

/** Stretches without what is frozen. `apart`: whether a large parameter has a stretch of its own. */
function trainedPartsOf(stretches: readonly Stretch[], parameters: readonly NamedShape[], apart: boolean): Stretch[] {
  const trained: { from: number; end: number; open: boolean }[] = [];
  let at = 0;
  for (const { shape, frozen } of parameters) {
    const last = trained.at(-1);
    const end = at + elements(shape);
    const open = !apart || end - at < LARGE;
    if (!frozen && open && last?.open && last.end === at) last.end = end;
    else if (!frozen) trained.push({ from: at, end, open });
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
