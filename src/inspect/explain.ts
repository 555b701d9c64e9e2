import { Opcode } from '../../assembly/opcodes.js';
import { elementsIn } from '../compile/plan.js';
import { compile, type Recipe } from '../compile/program.js';
import { type Instruction, tensorsOf } from '../graph/instruction.js';
import type { Node, Op } from '../graph/node.js';
import { formatShape } from '../graph/shape.js';

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

/** A program as text: one line per instruction with its tensors and their shapes, the bytes it touches and its FLOPs. */
export function explain(title: string, recipe: Recipe, rows: number, known: ReadonlyMap<Node, string> = new Map()): string {
  const program = compile(recipe, rows);
  const names = new Map<Node, string>();
  const counts = new Map<Op, number>();
  const nameOf = (node: Node) => {
    let name = known.get(node) ?? names.get(node);
    if (!name) {
      if (!node.name) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
      name = node.name ?? `${node.op.name}${counts.get(node.op)}`;
      names.set(node, name);
    }
    return name;
  };
  let total = 0;
  const table = program.instructions.map((instruction, i) => {
    const tensors = tensorsOf(instruction);
    const text = (written: boolean) =>
      tensors.filter((t) => t.written === written).map(({ name, node }) => `${name} = ${nameOf(node)}${formatShape(node.shape)}`);
    const bytes = tensors.reduce((sum, { node }) => sum + elementsIn(node, rows) * 4, 0);
    const work = flops(instruction, rows);
    total += work;
    const extra = instruction.operands.activation;
    const activation = extra && extra.kind === 'word' && extra.value !== Opcode.Copy ? ` ${Opcode[extra.value]}` : '';
    return [
      String(i),
      `${Opcode[instruction.opcode]}${activation}`,
      bytes.toLocaleString('en'),
      work.toLocaleString('en'),
      [...text(true), ...text(false)].join(', '),
    ];
  });
  const all = [['', 'instruction', 'bytes', 'FLOPs', 'tensors'], ...table];
  // The tensors come last, and unpadded: where a line is longer than the terminal, only they wrap.
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] as string).length)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i !== 1 && i < 4 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  );
  const { size, unshared } = program.plan;
  const totals = `${total.toLocaleString('en')} FLOPs; workspace ${(size * 4).toLocaleString('en')} bytes (${(unshared * 4).toLocaleString('en')} if nothing were shared)`;
  return [title, ...lines, totals].join('\n');
}
