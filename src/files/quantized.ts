/** Weights of eight bits in a file: a tensor of integers (I8) in place of floats, and one of scales, one for each row. */
import type { Engine } from '../engine/engine.js';
import { FileError } from '../errors.js';
import { uniqueNames } from '../graph/names.js';
import type { Stored } from '../layers/names.js';
import type { Parameter } from '../ops/leaves.js';
import { type Fields, type Json, show } from './json.js';
import type { Tensor, TensorFile } from './safetensors.js';

/** The types of such a file, and the bytes of an element. */
export const TYPES: Readonly<Record<string, number>> = { F32: 4, I8: 1 };

/** The field of the architecture that says which tensors are integers: `{ name: 'int8', scales: { 'dense1.weights': 'dense1.weights.scales' } }`. */
const FIELD = 'quantized';

/** The largest magnitude of an integer. −128 is none: sums would not fit. */
const LARGEST = 127;

/** A weight matrix as a file has it. */
interface Integers {
  readonly integers: Uint8Array;
  readonly scales: Uint8Array;
}

/** What a file has of a quantized predictor besides floats. */
export interface QuantizedParts {
  readonly tensors: readonly Tensor[];
  /** Nodes whose floats are not in the file. */
  readonly nodes: ReadonlySet<Stored>;
  /** What the architecture says of them. */
  readonly fields: { readonly [key: string]: Json };
}

/** The parts of an engine's weights that are packed as integers. @param names of the tensors of nodes */
export function writeIntegers(engine: Engine, names: ReadonlyMap<Stored, string>): QuantizedParts {
  const found = engine.integers();
  const unique = uniqueNames([...names.values()]);
  const scales: [string, string][] = [];
  const tensors = found.flatMap(({ weights, integers, scales: of }): Tensor[] => {
    const name = names.get(weights) as string;
    const scalesName = unique(`${name}.scales`);
    scales.push([name, scalesName]);
    const [n] = weights.shape.size as [number, number];
    return [
      { name: scalesName, shape: [n], bytes: of },
      { name, dtype: 'I8', shape: weights.shape.size, bytes: integers },
    ];
  });
  return { tensors, nodes: new Set(found.map(({ weights }) => weights)), fields: { [FIELD]: { name: 'int8', scales: Object.fromEntries(scales) } } };
}

/** A file whose weights are integers as one of floats, and the integers by the names of their tensors; undefined where there are none. */
export function readIntegers(
  call: string,
  { tensors, metadata }: TensorFile,
  architecture: Fields,
  quantizes: boolean,
): { readonly file: TensorFile; readonly integers?: ReadonlyMap<string, Integers> } {
  const floats = new Map(tensors);
  if (!architecture.has(FIELD)) {
    const odd = [...tensors.values()].find(({ dtype }) => dtype === 'I8');
    if (odd) throw new FileError(`${call}: the tensor ${show(odd.name)} has the type I8, expected F32`);
    return { file: { tensors: floats, metadata } };
  }
  const fields = architecture.object(FIELD);
  fields.oneOf('name', ['int8']);
  if (!quantizes)
    throw new FileError(`${call}: the weights of this file are of eight bits, expected load(bytes, { quantize: int8 }), int8 of neurite/int8`);
  const scalesOf = fields.object('scales');
  const integers = new Map<string, Integers>();
  for (const name of scalesOf.keys()) {
    const [weights, scales] = [tensors.get(name), floats.get(scalesOf.string(name))];
    const [n, k] = weights?.shape ?? [];
    if (weights?.dtype !== 'I8' || weights.shape.length !== 2) scalesOf.fail(name, 'the scales of a matrix of the type I8');
    if (scales?.dtype !== 'F32' || scales.shape.length !== 1 || scales.shape[0] !== n) scalesOf.fail(name, `a tensor of ${n} floats`);
    floats.delete(scales?.name as string);
    const found = { integers: weights?.bytes as Uint8Array, scales: scales?.bytes as Uint8Array };
    floats.set(name, { name, dtype: 'F32', shape: weights?.shape as readonly number[], bytes: floatsOf(call, name, found, k as number) });
    integers.set(name, found);
  }
  fields.end();
  const odd = [...floats.values()].find(({ dtype }) => dtype === 'I8');
  if (odd) throw new FileError(`${call}: the tensor ${show(odd.name)} has no scales, expected some in ${fields.where}`);
  return { file: { tensors: floats, metadata }, integers };
}

/** The floats nearest to integers times scales: what `update` replaces, and what is read where a weight is used in another way. */
function floatsOf(call: string, name: string, { integers, scales }: Integers, k: number): Uint8Array {
  const factors = new Float32Array(scales.slice().buffer);
  const odd = factors.findIndex((scale) => !(Number.isNaN(scale) || (scale > 0 && scale < Number.POSITIVE_INFINITY)));
  if (odd >= 0) throw new FileError(`${call}: the scale of row ${odd} of the tensor ${show(name)} is ${factors[odd]}, expected a positive number`);
  const values = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) {
    const integer = ((integers[i] as number) << 24) >> 24;
    if (integer < -LARGEST) throw new FileError(`${call}: number ${i} of the tensor ${show(name)} is ${integer}, expected −127 to 127`);
    values[i] = integer * (factors[Math.floor(i / k)] as number);
  }
  return new Uint8Array(values.buffer);
}

/** Packs weights from the integers of a file. @throws FileError where an engine does not multiply by them so */
export function fillIntegers(call: string, engine: Engine, tensors: ReadonlyMap<Stored, string>, integers: ReadonlyMap<string, Integers>): void {
  const nodes = new Map([...tensors].map(([node, name]) => [name, node]));
  for (const [name, { integers: of, scales }] of integers) {
    if (!engine.setIntegers(nodes.get(name) as Parameter, of, scales))
      throw new FileError(`${call}: the tensor ${show(name)} has the type I8, expected only of weights that a dense layer multiplies by`);
  }
}
