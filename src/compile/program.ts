import { Block, Opcode } from '../../assembly/opcodes.js';
import type { Decision } from '../decisions.js';
import { type Node, topological } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { type Encoded, encode, type Place } from './encode.js';
import { f32, type Instruction, size, tensor, tensorsOf, word } from './instruction.js';
import { binaryInstruction, gemm, lower, rowsOf, targetKind } from './lower.js';
import { type Plan, planMemory } from './plan.js';
import { type Panels, usePanels } from './prepack.js';
import { shareCommon } from './simplify.js';

/** A loss to be reported while the program runs. */
export interface Report {
  /** The loss of each row. */
  readonly rows: Node;
  readonly scale: number;
  /** Where decisions are counted: how they are made, and the targets. */
  readonly decide?: { readonly decision: Decision; readonly target: Node };
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
  /** Weights that are packed. */
  readonly panels?: readonly Panels[];
  /** Whether patterns become one kernel. Default true. */
  readonly fuse?: boolean;
  /** Whether tensors share memory. Default true. */
  readonly share?: boolean;
}

/** A compiled program, not yet on a core. */
export interface Program extends Encoded {
  readonly instructions: readonly Instruction[];
  readonly plan: Plan;
  /** The most rows it can run on. */
  readonly rows: number;
  placeOf(node: Node): Place;
}

/** Compiles a recipe for up to `rows` rows: common parts shared, kernels chosen, memory planned, words written. */
export function compile(recipe: Recipe, rows: number): Program {
  const { fuse = true, share = true } = recipe;
  const accumulate = recipe.accumulate ?? [];
  const reports = recipe.reports ?? [];
  const roots = [...reports.map((report) => report.rows), ...recipe.roots, ...accumulate.map(({ product }) => product)];
  const representative = shareCommon([...roots, ...recipe.outputs, ...recipe.inputs]);
  const of = (node: Node) => representative.get(node) ?? node;

  const places = new Map<Node, Place>();
  const copies: Instruction[] = [];
  for (const [node, place] of recipe.places) {
    const same = of(node);
    // Two names for one tensor, or a tensor that is placed elsewhere already: the second place gets a copy.
    if (places.has(same) || (same !== node && recipe.places.has(same)) || recipe.inputs.includes(same)) {
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
  instructions = accumulateInto(
    instructions,
    accumulate.map(({ product, into }) => ({ product: of(product), into })),
  );
  instructions = [...(recipe.prologue ?? []), ...instructions, ...copies, ...(recipe.epilogue ?? [])];

  const plan = planMemory(instructions, (node) => places.has(node), recipe.inputs, recipe.outputs.map(of), rows, share);
  const placeOf = (node: Node): Place => {
    const same = places.has(node) ? node : of(node);
    const place = places.get(same);
    if (place) return place;
    const offset = plan.offsets.get(same);
    if (offset === undefined) throw new Error(`${node} has no place in this program`);
    return { block: Block.Workspace, offset };
  };
  return { ...encode(instructions, placeOf), instructions, plan, rows, placeOf };
}

function copyInstruction(y: Node, x: Node): Instruction {
  const count = y.shape.size.reduce((a, b) => a * b, 1);
  return {
    opcode: Opcode.Copy,
    operands: { y: tensor(y), x: tensor(x), size: size(count, y.shape.batched), alpha: f32(0), beta: f32(0) },
    writes: ['y'],
    inPlace: [],
  };
}

/** Puts each loss's report right behind the instruction that makes it: a loss that is not finite ends the run before any gradient. */
function addReports(instructions: readonly Instruction[], reports: readonly Report[]): Instruction[] {
  return instructions.flatMap((instruction) => {
    const made = reports.filter((report) => tensorsOf(instruction).some(({ node, written }) => written && node === report.rows));
    return [instruction, ...made.flatMap(reportInstructions)];
  });
}

function reportInstructions({ rows, scale, decide }: Report): Instruction[] {
  const accumulate: Instruction = {
    opcode: Opcode.AccumulateLoss,
    operands: { loss: tensor(rows), rows: rowsOf(rows.shape), scale: f32(scale) },
    writes: [],
    inPlace: [],
  };
  if (!decide) return [accumulate];
  const { decision, target } = decide;
  const logits = decision.node;
  return [
    accumulate,
    {
      opcode: Opcode.CountCorrect,
      operands: {
        z: tensor(logits),
        t: tensor(target),
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
 * backward pass needs it no more. What no kernel can accumulate directly is added at the end.
 */
function accumulateInto(instructions: readonly Instruction[], folds: readonly { product: Node; into: Node }[]): Instruction[] {
  const keyed = instructions.map((instruction, i) => ({ instruction, at: i }));
  const readers = (node: Node) =>
    keyed.filter(({ instruction }) => tensorsOf(instruction).some((t) => t.node === node && !t.written)).map(({ at }) => at);
  for (const { product, into } of folds) {
    const index = keyed.findIndex(({ instruction }) => tensorsOf(instruction).some((t) => t.node === product && t.written));
    const made = keyed[index];
    const { opcode } = made?.instruction ?? {};
    if (made && (opcode === Opcode.Gemm || opcode === Opcode.SumRows) && readers(product).length === 0) {
      keyed.splice(index, 1);
      const instruction =
        opcode === Opcode.Gemm
          ? gemm(product, true, into)
          : { ...made.instruction, operands: { ...made.instruction.operands, y: tensor(into), accumulate: word(1) } };
      keyed.push({ instruction, at: Math.max(made.at, ...readers(into)) + 0.5 });
    } else {
      keyed.push({ instruction: binaryInstruction(Opcode.Add, into, into, product, 0), at: instructions.length });
    }
  }
  return keyed.sort((a, b) => a.at - b.at).map(({ instruction }) => instruction);
}

/** Nodes of a graph that have an op of this name. */
export function nodesOf(roots: readonly Node[], op: string): Node[] {
  return topological(roots).filter((node) => node.op.name === op);
}
