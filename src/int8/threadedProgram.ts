import { Block, Linear, LinearInt8, Opcode, Ref } from '../../assembly/opcodes.js';
import type { Program } from '../compile/program.js';
import { countOf, productsOf } from './products.js';

/** A program for a core on several threads: its products by packed weights are instructions of that core, whose room is behind the other tensors. */
export function ofThreads(program: Program, roomSize: (m: number, k: number) => number): Program {
  const words = program.words.slice();
  const products = productsOf({ ...program, words });
  const start = Math.ceil(program.plan.size / 4) * 4;
  let room = 0;
  for (const { words } of products) {
    room = Math.max(room, roomSize(countOf(words, Linear.m, program.rows), words[Linear.k] as number));
    words[LinearInt8.op] = Opcode.LinearInt8;
    words[LinearInt8.room] = (Block.Workspace << Ref.BlockShift) | start;
  }
  return { ...program, words, plan: { ...program.plan, size: start + room / 4 } };
}
