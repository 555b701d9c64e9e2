/** Groups elementwise instructions that run tile by tile, so that what one makes for the next stays in the first-level cache. */
import { formOf, isElementwise, Opcode } from '../../assembly/opcodes.js';
import { type Instruction, lengthOf, type Operand, tensor, tensorsOf, word } from '../graph/instruction.js';
import { Node } from '../graph/node.js';
import { vector } from '../graph/shape.js';
import { leaf } from '../ops/leaves.js';
import type { TilePlace } from './optimizer.js';

/** Elements of a tile: 2 kB a tensor, of which a first-level cache holds sixteen. */
const TILE = 512;

/**
 * Runs over more elements than this go tile by tile, where they are no batch: updates of the parameters. Up to here the second-level cache holds
 * what is made on the way, and a loop over all of it takes the same time or less: a composed Adam takes 1.9 ns an element in both forms for
 * 150,000 parameters, and 2.1 in tiles beside 2.4 to 2.6 without for 1,000,000. Runs over batches gain nothing: GELU and Mish spend their time on
 * functions, and their gradients touch so many tensors that tiles of all evict each other (0.98 to 1.13 of the time at 256 × 1024).
 */
const LARGE = 2 ** 18;

const scratchOp = leaf('scratch', { unsaved: true });

type Size = Extract<Operand, { kind: 'size' }>;

/** The size of an instruction that can run tile by tile; undefined for any other. */
function tiledSize({ opcode, operands }: Instruction): Size | undefined {
  return isElementwise(formOf(opcode)) ? (operands.size as Size) : undefined;
}

/**
 * Groups each run of elementwise instructions of one size in which a tensor is made for the run alone, where that pays.
 *
 * @param parts stretches of one program; no group reaches from one into the next
 * @param isKept tensors that something besides instructions reads
 * @param rows the most rows of a batch
 * @param tile elements of a tile, for all runs over more than these, of batches too. Default: 512, where that pays
 */
export function tileRuns(
  parts: readonly (readonly Instruction[])[],
  isKept: (node: Node) => boolean,
  rows: number,
  tile: number | undefined,
): { parts: Instruction[][]; inside: Map<Node, TilePlace> } {
  /** The first and the last instruction that touches a tensor, counted through all parts. */
  const firstUse = new Map<Node, number>();
  const lastUse = new Map<Node, number>();
  let position = 0;
  for (const instruction of parts.flat()) {
    for (const { node } of tensorsOf(instruction)) {
      if (!firstUse.has(node)) firstUse.set(node, position);
      lastUse.set(node, position);
    }
    position++;
  }
  const inside = new Map<Node, TilePlace>();
  let base = 0;
  const tiled = parts.map((part) => {
    const result: Instruction[] = [];
    for (let from = 0; from < part.length; ) {
      const size = tiledSize(part[from] as Instruction);
      let to = from + 1;
      if (size) {
        for (; to < part.length; to++) {
          const next = tiledSize(part[to] as Instruction);
          if (!next || next.count !== size.count || next.perRow !== size.perRow) break;
        }
      }
      const run = part.slice(from, to);
      const long = size && size.count * (size.perRow ? rows : 1) > (tile ?? (size.perRow ? Number.POSITIVE_INFINITY : LARGE));
      const own = (node: Node) => !isKept(node) && (firstUse.get(node) as number) >= base + from && (lastUse.get(node) as number) < base + to;
      result.push(...(long ? group(run, size, tile ?? TILE, own, inside) : run));
      from = to;
    }
    base += part.length;
    return result;
  });
  return { parts: tiled, inside };
}

/** One instruction of many, where a tensor among theirs is their own. */
function group(
  run: readonly Instruction[],
  size: Size,
  tile: number,
  own: (node: Node) => boolean,
  inside: Map<Node, TilePlace>,
): readonly Instruction[] {
  const lastUse = new Map<Node, number>();
  const writtenAt = new Map<Node, number>();
  run.forEach((instruction, at) => {
    for (const { node, written } of tensorsOf(instruction)) {
      lastUse.set(node, at);
      if (written) writtenAt.set(node, at);
    }
  });
  const temporaries = [...writtenAt.keys()].filter(own);
  if (temporaries.length === 0) return run;
  /** Which tensor a tile-sized piece of the scratch holds until when. */
  const pieces: number[] = [];
  const scratchOf = new Map<Node, number>();
  for (const node of temporaries) {
    const at = writtenAt.get(node) as number;
    // An elementwise kernel may write where it reads.
    const free = pieces.findIndex((until) => until <= at);
    const piece = free < 0 ? pieces.length : free;
    pieces[piece] = lastUse.get(node) as number;
    scratchOf.set(node, piece);
  }
  const scratch = new Node(scratchOp, [], vector(pieces.length * tile), {}, 'scratch');
  for (const [node, piece] of scratchOf) inside.set(node, { scratch, offset: piece * tile });
  const shared = [...lastUse.keys()].filter((node) => !scratchOf.has(node));
  const outputs = shared.filter((node) => writtenAt.has(node)).sort((a, b) => (writtenAt.get(b) as number) - (writtenAt.get(a) as number));
  const [last] = outputs;
  const names = new Map(shared.map((node, i) => [node, `${writtenAt.has(node) ? 'y' : 'x'}${i}`]));
  const nameOf = (node: Node) => names.get(node) as string;
  return [
    {
      opcode: Opcode.Tile,
      operands: {
        size,
        words: word(run.reduce((sum, instruction) => sum + lengthOf(instruction), 0)),
        tile: word(tile),
        scratch: tensor(scratch),
        span: word(pieces.length * tile),
        ...Object.fromEntries(shared.map((node) => [nameOf(node), { ...tensor(node), inBody: true }])),
      },
      writes: [...outputs.map(nameOf), 'scratch'],
      // What is read for the last time before the output is written: of the same tile, in every tile.
      inPlace: shared.filter((node) => last && !writtenAt.has(node) && (lastUse.get(node) as number) <= (writtenAt.get(last) as number)).map(nameOf),
      body: run,
    },
  ];
}
