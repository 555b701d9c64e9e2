import { describe, fieldOf, isList } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Op } from '../graph/node.js';
import { ops } from '../ops/table.generated.js';

let table: ReadonlyMap<string, Op> | undefined;

/** The ops of this version by name. Made when it is first asked for: a page that reads no file does not have it. */
function known(): ReadonlyMap<string, Op> {
  table ??= new Map(ops.map((op) => [op.name, op]));
  return table;
}

const isSaved = (op: Op) => op.inputs > 0 && !op.unsaved;

const FUNCTIONS = ['shape', 'backward'] as const;

/** The ops that a file may name: those of this version, and `own`. @throws ValueError where `own` is no list of definitions with names of their own */
export function savedOps(call: string, own: readonly Op[] = []): ReadonlyMap<string, Op> {
  if (!isList(own)) throw new ValueError(`${call}: ops is ${describe(own)}, expected a list of definitions`);
  const all = new Map([...known()].filter(([, op]) => isSaved(op)));
  for (const [i, op] of own.entries()) {
    const wrong = (what: string, expected: string): never => {
      throw new ValueError(`${call}: ops[${i}]${what}, expected ${expected}`);
    };
    const name = fieldOf(op, 'name');
    const whole = FUNCTIONS.every((key) => typeof fieldOf(op, key) === 'function') && typeof fieldOf(op, 'attributes') === 'object';
    if (typeof name !== 'string' || !whole || !((fieldOf(op, 'inputs') as number) > 0)) wrong(` is ${describe(op)}`, 'the definition of an op');
    if (known().has(op.name) || (all.get(op.name) ?? op) !== op) wrong(` is called '${name}', as another op is`, 'a name of its own');
    all.set(op.name, op);
  }
  return all;
}

/** The ops among these that files know only where a reader is handed their definitions. */
export function ownOps(used: Iterable<Op>): Op[] {
  return [...new Set(used)].filter((op) => isSaved(op) && known().get(op.name) !== op);
}
