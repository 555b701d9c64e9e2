import { NeuriteError } from '../errors.js';
import { type Instruction, type Node, topological } from '../graph/node.js';
import { findFusions } from './fuse.js';

/**
 * Chooses kernels: the instructions that make `roots`, inputs before users, those of an earlier root first.
 * With `fuse`, whole patterns of nodes become one instruction (`fuse.ts`), with the same bits.
 */
export function lower(roots: readonly Node[], fuse: boolean): Instruction[] {
  const order = topological(roots);
  const fusions = fuse ? findFusions(order, new Set(roots)) : undefined;
  const made = new Set<Node>();
  const instructions: Instruction[] = [];
  for (const node of order) {
    if (made.has(node) || fusions?.absorbed.has(node)) continue;
    const fused = fusions?.anchors.get(node);
    if (fused) {
      instructions.push(fused.instruction);
      for (const product of fused.products) made.add(product);
    } else if (node.op.kernel) {
      instructions.push(...node.op.kernel(node));
    } else if (node.inputs.length > 0) {
      throw new NeuriteError('GRAPH', `no kernel makes ${node}`);
    }
    made.add(node);
  }
  return instructions;
}
