import { describe, fieldOf, isList } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Op } from '../graph/node.js';
import { ops } from '../ops/table.generated.js';

/** The ops of this version that a file may name, besides leaves. */
const known: ReadonlyMap<string, Op> = new Map(ops.filter((op) => op.inputs > 0 && !op.unsaved).map((op) => [op.name, op]));

/** Names that say something else in a file. */
const taken: ReadonlySet<string> = new Set(ops.map((op) => op.name));

const FUNCTIONS = ['shape', 'backward', 'tangent'] as const;

/** The ops that a file may name: those of this version, and `own`. @throws ValueError where `own` is no list of definitions with names of their own */
export function savedOps(call: string, own: readonly Op[] = []): ReadonlyMap<string, Op> {
  if (!isList(own)) throw new ValueError(`${call}: ops is ${describe(own)}, expected a list of definitions`);
  const all = new Map(known);
  for (const [i, op] of own.entries()) {
    const wrong = (what: string, expected: string): never => {
      throw new ValueError(`${call}: ops[${i}]${what}, expected ${expected}`);
    };
    const name = fieldOf(op, 'name');
    const whole = FUNCTIONS.every((key) => typeof fieldOf(op, key) === 'function') && typeof fieldOf(op, 'attributes') === 'object';
    if (typeof name !== 'string' || !whole || !((fieldOf(op, 'inputs') as number) > 0)) wrong(` is ${describe(op)}`, 'the definition of an op');
    if (taken.has(op.name) || (all.get(op.name) ?? op) !== op) wrong(` is called '${name}', as another op is`, 'a name of its own');
    all.set(op.name, op);
  }
  return all;
}

/** The ops among these that files know only where a reader is handed their definitions. */
export function ownOps(used: Iterable<Op>): Op[] {
  return [...new Set(used)].filter((op) => op.inputs > 0 && !op.unsaved && known.get(op.name) !== op);
}
