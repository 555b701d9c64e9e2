import { Block, Opcode } from '../../assembly/opcodes.js';
import { binaryInstruction, count, f32, type Instruction, rowsOf, size, targetKind, tensor, tensorsOf, word } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import type { Decision } from '../losses/decisions.js';
import { gemm } from '../ops/matmul.js';
import type { Tiling } from '../optimizers/optimizer.js';
import { type Encoded, encode, type Place } from './encode.js';
import { lower } from './lower.js';
import { type Plan, planMemory } from './plan.js';
import { type Panels, usePanels } from './prepack.js';
import { shareCommon } from './simplify.js';

/** A loss to be reported while the program runs. */
export interface Report {
  /** The loss of each row. */
  readonly rows: Node;
  readonly scale: number;
  /** Its number among several losses, counted from 1, where its sum is also kept by itself. Default 0: it is not. */
  readonly part?: number;
  /** Whether the run goes on where the loss is not finite, as an evaluation does. Default false. */
  readonly goOn?: boolean;
  /** Where decisions are counted: how they are made, the targets, and what each row counts. */
  readonly decide?: { readonly decision: Decision; readonly target: Node; readonly weight: Node | undefined };
}

/** What a program is to do; nodes as the user's graph and its derivatives have them. */
export interface Recipe {
  /** Tensors to be made, in this order. */
  readonly roots: readonly Node[];
  /** Tensors the caller writes before a run. */
  readonly inputs: readonly Node[];
  /** Tensors the caller reads after a run. */
  readonly outputs: readonly Node[];
  /** Tensors with a fixed place: parameters, their gradients, optimizer state, constants. */
  readonly places: ReadonlyMap<Node, Place>;
  readonly reports?: readonly Report[];
  /** Products that are added to a tensor instead of stored: the descent of plain SGD. */
  readonly accumulate?: readonly { readonly product: Node; readonly into: Node }[];
  /** Instructions before all others. */
  readonly prologue?: readonly Instruction[];
  /** Instructions after all others. */
  readonly epilogue?: readonly Instruction[];
  /**
   * Set for a step that can be looked at before it changes a parameter: all that changes parameters comes last, behind instructions that raise
   * Context.Magnitude to the largest value that goes into a change; these nodes are among them.
   */
  readonly guards?: readonly Node[];
  /** What is left in states when all else is done. */
  readonly states?: readonly { readonly state: Node; readonly next: Node }[];
  /** Weights that are packed. */
  readonly panels?: readonly Panels[];
  /** Whether patterns become one kernel. Default true. */
  readonly fuse?: boolean;
  /** Whether tensors share memory. Default true. Without it, nothing runs tile by tile: every tensor is there as a whole afterwards. */
  readonly share?: boolean;
  /** Elements of the tiles by which all runs of elementwise instructions are executed; 0 for none. Default: where that pays (`tileRuns`). */
  readonly tile?: number;
  /** What groups runs into tiles: it comes with composed updates. Default none, and no tiles. */
  readonly tiling?: Tiling | undefined;
}

/** A compiled program, not yet on a core. */
export interface Program extends Encoded {
  readonly instructions: readonly Instruction[];
  readonly plan: Plan;
  /** The first instruction of a guarded step that changes parameters. */
  readonly commit: number;
  /** The most rows it can run on. */
  readonly rows: number;
  placeOf(node: Node): Place;
}

/** Compiles a recipe for up to `rows` rows: common parts shared, kernels chosen, memory planned, words written. */
export function compile(recipe: Recipe, rows: number): Program {
  const { fuse = true, share = true, tile } = recipe;
  const accumulate = recipe.accumulate ?? [];
  const reports = recipe.reports ?? [];
  const states = recipe.states ?? [];
  const roots = [
    ...reports.map((report) => report.rows),
    ...recipe.roots,
    ...accumulate.map(({ product }) => product),
    ...states.map(({ next }) => next),
  ];
  const representative = shareCommon([...roots, ...recipe.outputs, ...recipe.inputs]);
  const of = (node: Node) => representative.get(node) ?? node;

  const places = new Map<Node, Place>();
  const inputs = new Set(recipe.inputs);
  const copies: Instruction[] = [];
  for (const [node, place] of recipe.places) {
    const same = of(node);
    // Two names for one tensor, or a tensor that is placed elsewhere already: the second place gets a copy.
    if (places.has(same) || (same !== node && recipe.places.has(same)) || inputs.has(same)) {
      if (same === node) continue;
      places.set(node, place);
      copies.push(copyInstruction(node, same));
    } else {
      places.set(same, place);
    }
  }

  let instructions = usePanels(lower(roots.map(of), fuse), recipe.panels ?? []);
  instructions = addReports(
    instructions,
    reports.map((r) => ({
      ...r,
      rows: of(r.rows),
      ...(r.decide && { decide: { ...r.decide, decision: { ...r.decide.decision, node: of(r.decide.decision.node) } } }),
    })),
  );
  const folds = accumulate.map(({ product, into }) => ({ product: of(product), into }));
  const { guards } = recipe;
  const { body, changes, factors } = accumulateInto(instructions, folds, guards !== undefined);
  const nexts = states.map(({ next }) => of(next));
  const guarded = guards ? [...new Set([...factors, ...guards, ...nexts])].map(magnitudeInstruction) : [];
  const parts = [
    [...(recipe.prologue ?? []), ...body, ...copies, ...guarded],
    [...changes, ...(recipe.epilogue ?? []), ...states.map(({ state }, i) => copyInstruction(state, nexts[i] as Node))],
  ];
  const outside = new Set([...recipe.inputs, ...recipe.outputs.map(of), ...recipe.roots.map(of)]);
  const tiled = share && tile !== 0 ? recipe.tiling?.(parts, (node) => places.has(node) || outside.has(node), rows, tile) : undefined;
  const [before = []] = tiled?.parts ?? parts;
  instructions = (tiled?.parts ?? parts).flat();

  const plan = planMemory(instructions, (node) => places.has(node), recipe.inputs, recipe.outputs.map(of), rows, share);
  const placeOf = (node: Node): Place => {
    const same = places.has(node) ? node : of(node);
    const place = places.get(same);
    if (place) return place;
    const piece = tiled?.inside.get(same);
    if (piece) return { block: Block.Workspace, offset: (plan.offsets.get(piece.scratch) as number) + piece.offset };
    const offset = plan.offsets.get(same);
    if (offset === undefined) throw new Error(`${node} has no place in this program`);
    return { block: Block.Workspace, offset };
  };
  return { ...encode(instructions, placeOf), instructions, commit: before.length, plan, rows, placeOf };
}

function copyInstruction(y: Node, x: Node): Instruction {
  const n = y.shape.size.reduce((a, b) => a * b, 1);
  return {
    opcode: Opcode.Copy,
    operands: { y: tensor(y), x: tensor(x), size: size(n, y.shape.batched), alpha: f32(0), beta: f32(0) },
    writes: ['y'],
    inPlace: [],
  };
}

/** Puts each loss's report right behind the instruction that makes it: a loss that is not finite ends the run before any gradient. */
function addReports(instructions: readonly Instruction[], reports: readonly Report[]): Instruction[] {
  if (reports.length === 0) return [...instructions];
  const reportsOf = new Map<Node, Report[]>();
  for (const report of reports) {
    const others = reportsOf.get(report.rows);
    if (others) others.push(report);
    else reportsOf.set(report.rows, [report]);
  }
  return instructions.flatMap((instruction) => {
    const made = tensorsOf(instruction).flatMap(({ node, written }) => (written && reportsOf.get(node)) || []);
    return [instruction, ...made.flatMap(reportInstructions)];
  });
}

function reportInstructions({ rows, scale, part = 0, goOn = false, decide }: Report): Instruction[] {
  const accumulate: Instruction = {
    opcode: Opcode.AccumulateLoss,
    operands: { loss: tensor(rows), rows: rowsOf(rows.shape), scale: f32(scale), goOn: word(Number(goOn)), part: word(part) },
    writes: [],
    inPlace: [],
  };
  if (!decide) return [accumulate];
  const { decision, target, weight } = decide;
  const logits = decision.node;
  return [
    accumulate,
    {
      opcode: Opcode.CountCorrect,
      operands: {
        z: tensor(logits),
        t: tensor(target),
        w: tensor(weight),
        kind: word(targetKind(target)),
        rows: rowsOf(logits.shape),
        features: word(features(logits.shape)),
        each: word(decision.kind === 'each' ? 1 : 0),
        cut: f32(decision.cut),
        targetCut: f32(decision.targetCut),
      },
      writes: [],
      inPlace: [],
    },
  ];
}

/**
 * Turns `product = …` into `into += …`, moved behind the last reader of `into`: a weight may change only when the
 * backward pass needs it no more. Where no kernel can accumulate directly, or something besides is made of the product, it is added at
 * the end. A product made of parameters that change themselves stays where it is: behind their change it would be another.
 *
 * @param last whether all changes come at the end, and their factors are wanted: what each change is made of
 */
function accumulateInto(
  instructions: readonly Instruction[],
  folds: readonly { product: Node; into: Node }[],
  last: boolean,
): { body: readonly Instruction[]; changes: readonly Instruction[]; factors: readonly Node[] } {
  if (folds.length === 0) return { body: instructions, changes: [], factors: [] };
  const madeAt = new Map<Node, number>();
  const lastReader = new Map<Node, number>();
  instructions.forEach((instruction, at) => {
    for (const { node, written } of tensorsOf(instruction)) {
      if (!written) lastReader.set(node, at);
      else if (!madeAt.has(node)) madeAt.set(node, at);
    }
  });
  const changing = new Set(folds.map(({ into }) => into));
  const times = new Map<Node, number>();
  for (const { product } of folds) times.set(product, (times.get(product) ?? 0) + 1);
  const kept: (Instruction | undefined)[] = [...instructions];
  /** Those that go behind the instruction of a number, in the order they come. */
  const behind = new Map<number, Instruction[]>();
  const end: Instruction[] = [];
  const factors: Node[] = [];
  for (const { product, into } of folds) {
    const at = madeAt.get(product);
    const made = at === undefined ? undefined : instructions[at];
    const { opcode } = made ?? {};
    const movable = made && (opcode === Opcode.Gemm || opcode === Opcode.SumRows) && !lastReader.has(product) && times.get(product) === 1;
    if (at === undefined || !movable || tensorsOf(made).some(({ node, written }) => !written && changing.has(node))) {
      end.push(binaryInstruction(Opcode.Add, into, into, product, 0));
      factors.push(product);
      continue;
    }
    kept[at] = undefined;
    factors.push(...tensorsOf(made).flatMap(({ node, written }) => (written ? [] : [node])));
    const place = last ? instructions.length - 1 : Math.max(at, lastReader.get(into) ?? 0);
    const others = behind.get(place);
    const moved =
      opcode === Opcode.Gemm ? gemm(product, true, into) : { ...made, operands: { ...made.operands, y: tensor(into), accumulate: word(1) } };
    if (others) others.push(moved);
    else behind.set(place, [moved]);
  }
  if (last) return { body: kept.filter((one) => one !== undefined), changes: [...(behind.get(instructions.length - 1) ?? []), ...end], factors };
  const moved = kept.flatMap((instruction, at) => [...(instruction ? [instruction] : []), ...(behind.get(at) ?? [])]);
  return { body: [...moved, ...end], changes: [], factors };
}

function magnitudeInstruction(x: Node): Instruction {
  return { opcode: Opcode.Magnitude, operands: { x: tensor(x), size: count(x.shape) }, writes: [], inPlace: [] };
}
