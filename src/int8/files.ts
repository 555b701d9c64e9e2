/** Weights of eight bits in a file: a tensor of integers (I8) in place of floats, and one of scales, one for each row. */

import type { Place } from '../compile/encode.js';
import type { Panels } from '../compile/prepack.js';
import type { Engine } from '../engine/engine.js';
import { FileError } from '../errors.js';
import type { Fields } from '../files/json.js';
import { show } from '../files/json.js';
import type { FileQuantization, Integers, QuantizedParts } from '../files/quantized.js';
import type { Tensor, TensorFile } from '../files/safetensors.js';
import { uniqueNames } from '../graph/names.js';
import type { Stored } from '../layers/names.js';
import type { Parameter } from '../ops/leaves.js';
import { packingOf } from './kernels.js';
import { weightsReadBy } from './products.js';

/** The largest magnitude of an integer. −128 is none: sums would not fit. */
const LARGEST = 127;

/** A weight matrix w[n, k] that is packed at an address. */
interface PackedWeights extends Pick<Panels, 'weights' | 'n' | 'k'> {
  readonly address: number;
}

/** The weights that are packed, and where. */
function packedIn({ panels, places, gradientsAddress }: Engine): PackedWeights[] {
  return panels.map(({ weights, n, k, panels }) => ({ weights, n, k, address: gradientsAddress + (places.get(panels) as Place).offset * 4 }));
}

/** The integers and scales of an engine's packed weights: of those that predictions read in no other way, so that their floats are not needed. */
function writeIntegers(engine: Engine, names: ReadonlyMap<Stored, string>): QuantizedParts {
  const programs = (['predict', 'logits'] as const).map((kind) => engine.program(kind, 1).program);
  const read = new Set(programs.flatMap(({ instructions }) => instructions.flatMap(weightsReadBy)));
  const unique = uniqueNames([...names.values()]);
  const found = packedIn(engine).filter(({ weights }) => !read.has(weights));
  const parts = found.map((packed) => {
    const { weights, n, k } = packed;
    const name = names.get(weights) as string;
    const { integers, scales } = unpacked(engine, packed);
    return {
      scales: { name: unique(`${name}.scales`), shape: [n], bytes: scales },
      integers: { name, dtype: 'I8', shape: [n, k], bytes: integers },
    };
  });
  return {
    scales: parts.map(({ scales }) => scales),
    integers: parts.map(({ integers }) => integers),
    nodes: new Set(found.map(({ weights }) => weights)),
    field: { name: 'int8', scales: Object.fromEntries(parts.map(({ integers, scales }) => [integers.name, scales.name])) },
  };
}

/** Copies of what panels hold. */
function unpacked({ core }: Engine, { address, n, k }: PackedWeights): Integers {
  const size = n * k;
  const at = core.allocate(size + n * 4, 'the integers of weights');
  try {
    packingOf(core).unpack(at, at + size, address, n, k);
    return { integers: core.u8.slice(at, at + size), scales: core.u8.slice(at + size, at + size + n * 4) };
  } finally {
    core.free(at);
  }
}

/** A file whose weights are integers as one of floats, and the integers by the names of their tensors. */
function readIntegers(
  call: string,
  { tensors, metadata }: TensorFile,
  fields: Fields,
): { readonly file: TensorFile; readonly integers: ReadonlyMap<string, Integers> } {
  const floats = new Map(tensors);
  fields.oneOf('name', ['int8']);
  const scalesOf = fields.object('scales');
  const integers = new Map<string, Integers>();
  for (const name of scalesOf.keys()) {
    const [weights, scales] = [tensors.get(name), floats.get(scalesOf.string(name))];
    if (weights?.dtype !== 'I8' || weights.shape.length !== 2) return scalesOf.fail(name, 'the scales of a matrix of the type I8');
    const [n, k] = weights.shape as [number, number];
    if (scales?.dtype !== 'F32' || scales.shape.length !== 1 || scales.shape[0] !== n) return scalesOf.fail(name, `a tensor of ${n} floats`);
    floats.delete(scales.name);
    const found = { integers: weights.bytes, scales: scales.bytes };
    floats.set(name, { name, dtype: 'F32', shape: weights.shape, bytes: floatsOf(call, name, found, k) });
    integers.set(name, found);
  }
  fields.end();
  const odd = [...floats.values()].find(({ dtype }: Tensor) => dtype === 'I8');
  if (odd) throw new FileError(`${call}: the tensor ${show(odd.name)} has no scales, expected some in ${fields.where}`);
  return { file: { tensors: floats, metadata }, integers };
}

/** The floats nearest to integers times scales: what is there until `update` brings others. */
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
function fillIntegers(call: string, engine: Engine, tensors: ReadonlyMap<Stored, string>, integers: ReadonlyMap<string, Integers>): void {
  const nodes = new Map([...tensors].map(([node, name]) => [name, node]));
  const { core } = engine;
  for (const [name, { integers: of, scales }] of integers) {
    const found = packedIn(engine).find(({ weights }) => weights === (nodes.get(name) as Parameter | undefined));
    if (!found) throw new FileError(`${call}: the tensor ${show(name)} has the type I8, expected only of weights that a dense layer multiplies by`);
    const at = core.allocate(of.length + scales.length, 'the integers of weights');
    core.u8.set(of, at);
    core.u8.set(scales, at + of.length);
    packingOf(core).repack(found.address, at, at + of.length, found.n, found.k);
    core.free(at);
  }
}

/** What files have of weights of eight bits. */
export const files: FileQuantization['files'] = { write: writeIntegers, read: readIntegers, fill: fillIntegers };
