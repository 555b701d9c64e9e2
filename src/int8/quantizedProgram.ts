import { Status } from '../../assembly/context.js';
import { Linear, Opcode, Ref, Size } from '../../assembly/opcodes.js';
import type { Program, Recipe } from '../compile/program.js';
import { LoadedProgram } from '../engine/loadedProgram.js';
import type { Workspace } from '../engine/workspace.js';
import { type Int8Kernels, kernelsOf } from './kernels.js';
import { countOf, type Product as Packed, productsOf } from './products.js';

/** A product by packed weights, and what follows it. */
interface Product extends Packed {
  /** Whether its activation is in the kernel. Another is an instruction of its own, at `activation`. */
  readonly relu: boolean;
  /** Where the instruction of the activation begins and ends, in words of the block; equal for none. */
  readonly activation: readonly [number, number];
}

/** A program whose products by packed weights run on integers. All else runs on the core, from one product to the next. */
export class QuantizedProgram extends LoadedProgram {
  readonly #kernels: Int8Kernels;
  readonly #products: readonly Product[];
  /** Activations, and behind them the room of the kernel. */
  readonly #block: number;
  readonly #room: number;

  constructor(recipe: Recipe, program: Program, workspace: Workspace) {
    super(recipe, program, workspace);
    const { core } = workspace;
    this.#kernels = kernelsOf(core);
    const activations: number[] = [];
    let room = 0;
    this.#products = productsOf(program).map(({ instruction, words }) => {
      room = Math.max(room, this.#kernels.roomSize(countOf(words, Linear.m, program.rows), words[Linear.k] as number));
      const start = activations.length;
      const opcode = words[Linear.activation] as Opcode;
      const relu = opcode === Opcode.Relu;
      if (!relu && opcode !== Opcode.Copy) activations.push(...activationOf(words));
      return { instruction, words, relu, activation: [start, activations.length] as const };
    });
    this.#room = Math.ceil(activations.length / 4) * 16;
    try {
      this.#block = core.allocate(this.#room + Math.max(16, room), 'quantized rows');
    } catch (error) {
      super.free();
      throw error;
    }
    core.u32.set(activations, this.#block >>> 2);
  }

  override run(rows: number, first = 0): number {
    let next = first;
    for (const product of this.#products) {
      const { instruction } = product;
      if (instruction < first) continue;
      if (instruction > next) {
        const status = this.runBetween(next, instruction, rows);
        if (status !== Status.Done) return status;
      }
      this.#multiply(product, rows);
      next = instruction + 1;
    }
    return this.runBetween(next, this.program.instructions.length, rows);
  }

  #multiply({ words, relu, activation: [start, end] }: Product, rows: number): void {
    const { core, context } = this.workspace;
    const bases = context >>> 2;
    const address = (operand: Linear) => {
      const ref = words[operand] as number;
      return (core.u32[bases + (ref >>> Ref.BlockShift)] as number) + (ref & Ref.OffsetMask) * 4;
    };
    const b = words[Linear.b] === Ref.None >>> 0 ? 0 : address(Linear.b);
    const [m, n, k] = [countOf(words, Linear.m, rows), words[Linear.n] as number, words[Linear.k] as number];
    const at = this.#block;
    try {
      this.#kernels.linear(address(Linear.u), address(Linear.x), address(Linear.panels), b, m, n, k, Number(relu), at + this.#room);
      if (end > start) core.exports.run(context, at + start * 4, at + end * 4, rows);
    } catch (error) {
      throw core.fail(error);
    }
  }

  override free(): void {
    this.core.free(this.#block);
    super.free();
  }
}

/** The words of a product's activation as an instruction of its own, in place. */
function activationOf(words: Uint32Array): number[] {
  const word = (operand: Linear) => words[operand] as number;
  const m = word(Linear.m);
  const size = ((m & Size.CountMask) * word(Linear.n)) | (m & Size.PerRow);
  return [word(Linear.activation), word(Linear.u), word(Linear.u), size >>> 0, word(Linear.alpha), word(Linear.beta)];
}
