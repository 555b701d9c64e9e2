import { Opcode } from '../../assembly/opcodes.js';
import { describe } from '../arguments/describe.js';
import { checkSize } from '../arguments/size.js';
import { elementsIn } from '../compile/plan.js';
import { compile, type Recipe } from '../compile/program.js';
import { ValueError } from '../errors.js';
import { type Instruction, tensorsOf } from '../graph/instruction.js';
import { nameNodes } from '../graph/names.js';
import type { Node } from '../graph/node.js';
import { formatShape } from '../graph/shape.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { table } from './table.js';

/** How many floating-point operations an instruction executes; a multiply-add counts two, an elementwise function one. */
export function flops(instruction: Instruction, rows: number): number {
  const value = (name: string): number => {
    const operand = instruction.operands[name];
    if (!operand) return 0;
    if (operand.kind === 'size') return operand.count * (operand.perRow ? rows : 1);
    return operand.kind === 'tensor' ? 0 : operand.value;
  };
  const { opcode } = instruction;
  if (opcode === Opcode.Gemm || opcode === Opcode.Linear) return 2 * value('m') * value('n') * value('k');
  if (instruction.operands.size) return value('size');
  return value('rows') * Math.max(1, value('features'));
}

const KINDS = ['predict', 'logits', 'gradient', 'step', 'evaluate'] as const;

/** The programs that `explain` shows. */
export type ExplainedKind = (typeof KINDS)[number];

/**
 * The program as it runs: each instruction with its tensors, shapes, bytes and FLOPs.
 * @param kind default: a training step where there is an optimizer, else a prediction
 * @param rows default 32
 */
export function explain(network: AnyNetwork, kind?: ExplainedKind, rows = 32): string {
  const inside = internals('explain', network).alive('explain');
  const { engine } = inside;
  const trains = engine.losses.some((loss) => loss) && engine.optimizer;
  const chosen = kind ?? (trains ? 'step' : 'predict');
  if (!KINDS.includes(chosen)) throw new ValueError(`explain: kind is ${describe(chosen)}, expected one of ${KINDS.join(', ')}`);
  checkSize('explain', 'rows', rows);
  if (chosen !== 'predict' && chosen !== 'logits') inside.need('explain', 'loss');
  if (chosen === 'step') inside.need('explain', 'optimizer');
  const recipe = engine.recipe(
    chosen,
    engine.columns.targets.map((t) => (t.classes ? 'ids' : 'values')),
  );
  return explainRecipe(`${chosen}, ${rows} rows`, recipe, rows, inside.nodeNames());
}

/** A program as text: one line per instruction with its tensors and their shapes, the bytes it touches and its FLOPs. */
export function explainRecipe(title: string, recipe: Recipe, rows: number, known: ReadonlyMap<Node, string> = new Map()): string {
  const program = compile(recipe, rows);
  // Those that run tile by tile stand behind the instruction that runs them.
  const lines = program.instructions.flatMap((instruction, i) => [
    { instruction, number: String(i), within: false },
    ...(instruction.body ?? []).map((inner) => ({ instruction: inner, number: '', within: true })),
  ]);
  const names = nameNodes(
    lines.flatMap(({ instruction }) => tensorsOf(instruction).map(({ node }) => node)),
    known,
  );
  let total = 0;
  const cells = lines.map(({ instruction, number, within }) => {
    const touched = tensorsOf(instruction);
    const text = (written: boolean) =>
      touched.filter((t) => t.written === written).map(({ name, node }) => `${name} = ${names.get(node)}${formatShape(node.shape)}`);
    const bytes = touched.reduce((sum, { node }) => sum + elementsIn(node, rows) * 4, 0);
    const work = instruction.body ? 0 : flops(instruction, rows);
    total += work;
    const extra = instruction.operands.activation;
    const activation = extra && extra.kind === 'word' && extra.value !== Opcode.Copy ? ` ${Opcode[extra.value]}` : '';
    const tile = instruction.body && instruction.operands.tile?.kind === 'word' ? ` of ${instruction.operands.tile.value}` : '';
    return [
      number,
      `${within ? '  ' : ''}${Opcode[instruction.opcode]}${activation}${tile}`,
      within ? '' : bytes.toLocaleString('en'),
      instruction.body ? '' : work.toLocaleString('en'),
      [...text(true), ...text(false)].join(', '),
    ];
  });
  const all = [['', 'instruction', 'bytes', 'FLOPs', 'tensors'], ...cells];
  const shown = table(all, [0, 2, 3]);
  const { size, unshared } = program.plan;
  const totals = `${total.toLocaleString('en')} FLOPs; workspace ${(size * 4).toLocaleString('en')} bytes (${(unshared * 4).toLocaleString('en')} if nothing were shared)`;
  return [title, ...shown, totals].join('\n');
}
