/** Parameters and states from elsewhere: by their names, or from another network. */

import { isNumericArray, kindOf, lengthOf } from '../arguments/arrays.js';
import { count, describe, hasFields, isList } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { Values } from '../arguments/values.js';
import { readRows } from '../data/values.js';
import { ShapeError, ValueError } from '../errors.js';
import { elements, features, formatShape } from '../graph/shape.js';
import { Constant, type Parameter, type State } from '../ops/leaves.js';
import type { Internals } from './internals.js';

/** Values of a parameter with their shape, as `readSafetensors` gives them. */
export interface ParameterTensor {
  /** `[n]`, or `[m, n]` row by row: that of the parameter. */
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly data: Values | BigInt64Array | BigUint64Array;
}

/** Options of `setParameters`. */
export interface SetParametersOptions {
  /** Whether names may be missing; their parameters stay as they are. Default false. */
  readonly partial?: boolean;
}

/** Options of `copyParametersFrom`. */
export interface CopyParametersOptions {
  /** τ, from 0 to 1. Default 1. */
  readonly tau?: number;
}

type Stored = Parameter | State;

/** The parameters of a network, then its states, by their names. */
function storedIn(inside: Internals): Map<string, Stored> {
  const names = inside.tensorNames();
  return new Map([...inside.engine.parameters, ...inside.engine.states].map((node) => [names.get(node) as string, node]));
}

/**
 * The values of a parameter, flat, as rows, or as a tensor; copied.
 * @throws ShapeError for another shape or number; ValueError for what is no finite number
 */
export function readValues(call: string, what: string, { shape }: Stored | Constant, given: unknown): Float32Array {
  let values = given;
  if (hasFields(given)) {
    const tensor = checkOptions(call, given as ParameterTensor, ['shape', 'dtype', 'data'], {}, what);
    const sizes = isList(tensor.shape) ? Array.from(tensor.shape) : [];
    if (String(sizes) !== String(shape.size)) {
      const turned = String(sizes.reverse()) === String(shape.size) ? ': transpose it' : '';
      throw new ShapeError(`${call}: ${what} is [${sizes.reverse().join(', ')}], expected ${formatShape(shape)}${turned}`);
    }
    values = tensor.data;
  }
  if (kindOf(values)?.startsWith('Big')) values = Float64Array.from(values as BigInt64Array, Number);
  const [n, width] = [elements(shape), features(shape)];
  const found = isNumericArray(values) ? lengthOf(values) : isList(values) && typeof values[0] === 'number' ? values.length : n;
  if (found !== n) throw new ShapeError(`${call}: ${what} has ${count(found, 'number')}, expected ${n}, as ${formatShape(shape)}`);
  const read = readRows(call, what, values, width);
  if (read.rows !== n / width) throw new ShapeError(`${call}: ${what} has ${count(read.rows, 'row')}, expected ${formatShape(shape)}`);
  const numbers = Float32Array.from(read.values);
  const odd = numbers.findIndex((v) => !Number.isFinite(v));
  if (odd >= 0) throw new ValueError(`${call}: ${what}[${odd}] is ${read.values[odd]}, expected a finite number in the range of float32`);
  return numbers;
}

/** Writes values that were read. */
export function write({ engine }: Internals, node: Stored, values: Float32Array): void {
  engine.core.f32.set(values, engine.addressOf(node) >>> 2);
  engine.memory.changes++;
}

/** Most names in an error. */
const NAMED = 8;

function listed(names: readonly string[]): string {
  return names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
}

/** See `Network.setParameters`. */
export function setParameters(inside: Internals, values: Readonly<Record<string, unknown>>, options: SetParametersOptions): void {
  const call = 'setParameters';
  inside.idle(call);
  const { partial = false } = checkOptions(call, options, ['partial']);
  checkFlag(call, 'partial', partial);
  const stored = storedIn(inside);
  // A file holds constants too: `normalize` has some.
  const constants = new Map([...inside.tensorNames()].flatMap(([node, name]) => (node instanceof Constant ? [[name, node] as const] : [])));
  let names: string[] = [];
  try {
    names = Object.keys(values);
  } catch {
    // Refused below.
  }
  const surplus = names.filter((name) => !stored.has(name) && !constants.has(name));
  const given = checkOptions(call, values, [...stored.keys(), ...names], {}, 'values');
  const missing = [...stored.keys()].filter((name) => !Object.hasOwn(given, name));
  if (surplus.length > 0 || (missing.length > 0 && !partial)) {
    const problems = [
      ...(surplus.length > 0 ? [`there is no ${listed(surplus)}`] : []),
      ...(missing.length > 0 ? [`${listed(missing)} did not come`] : []),
    ];
    const all = Array.from(stored, ([name, { shape }]) => `${name} ${formatShape(shape)}`);
    throw new ValueError(`${call}: ${problems.join('; ')}; expected ${partial ? 'some of ' : ''}${listed(all)}`);
  }
  const read = Object.entries(given).flatMap(([name, value]): [Stored, Float32Array][] => {
    const node = stored.get(name);
    const fixed = constants.get(name) as Constant;
    const numbers = readValues(call, name, node ?? fixed, value);
    if (node) return [[node, numbers]];
    const odd = numbers.findIndex((v, i) => v !== fixed.values[i]);
    if (odd >= 0) throw new ValueError(`${call}: ${name}[${odd}] is ${numbers[odd]}, expected ${fixed.values[odd]}: it is a constant here`);
    return [];
  });
  // Reading may have run code of the caller's.
  inside.idle(call);
  for (const [node, numbers] of read) write(inside, node, numbers);
}

/** Stretches of one network's memory that are those of another's, in elements: where they begin, and how long they are. */
interface Match {
  readonly from: Internals;
  readonly runs: readonly { to: number; at: number; n: number }[];
}

/** The last match of each network: a target network follows the same one for good. */
const matches = /* @__PURE__ */ new WeakMap<Internals, Match>();

/** @throws ShapeError for the first parameter that one of them lacks, or has in another shape */
function match(call: string, inside: Internals, from: Internals): Match {
  const known = matches.get(inside);
  if (known?.from === from) return known;
  const [mine, other] = [storedIn(inside), storedIn(from)];
  const runs: { to: number; at: number; n: number }[] = [];
  for (const name of new Set([...mine.keys(), ...other.keys()])) {
    const [a, b] = [mine.get(name), other.get(name)];
    if (!a || !b || String(a.shape.size) !== String(b.shape.size)) {
      const came = b ? `is ${formatShape(b.shape)} there` : 'is not there';
      throw new ShapeError(`${call}: ${name} ${came} and ${a ? `${formatShape(a.shape)} here` : 'is not here'}, expected the same names and shapes`);
    }
    const [to, at, n, last] = [inside.engine.addressOf(a) >>> 2, from.engine.addressOf(b) >>> 2, elements(a.shape), runs.at(-1)];
    if (last && last.to + last.n === to && last.at + last.n === at) last.n += n;
    else runs.push({ to, at, n });
  }
  const found = { from, runs };
  matches.set(inside, found);
  return found;
}

/** See `Network.copyParametersFrom`. */
export function copyParametersFrom(inside: Internals, from: Internals, options: CopyParametersOptions): void {
  const call = 'copyParametersFrom';
  const { tau = 1 } = checkOptions(call, options, ['tau']);
  if (!(typeof tau === 'number' && tau >= 0 && tau <= 1)) throw new ValueError(`${call}: tau is ${describe(tau)}, expected a number from 0 to 1`);
  from.alive(call);
  inside.idle(call);
  const { runs } = match(call, inside, from);
  const { core } = from.engine;
  for (const { at, n } of runs) {
    if (core.exports.firstNonFinite(at * 4, n) >= 0)
      throw new ValueError(`${call}: a parameter of the other network is NaN or infinite, expected finite numbers`);
  }
  const [target, source] = [inside.engine.core.f32, core.f32];
  inside.engine.memory.changes++;
  for (const { to, at, n } of runs) {
    if (tau === 1) target.set(source.subarray(at, at + n), to);
    // In float64, rounded once.
    else for (let i = 0; i < n; i++) target[to + i] = tau * (source[at + i] as number) + (1 - tau) * (target[to + i] as number);
  }
}
