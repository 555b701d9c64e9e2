/** From the bytes of a file to a network. */
import { FileError, ValueError } from '../errors.js';
import { elements } from '../graph/shape.js';
import { chooseBuild, Network, type NetworkOptions, partsOf } from '../network.js';
import { Parameter } from '../ops/leaves.js';
import { checkOptions, describe } from '../values.js';
import { type NetworkJson, ours, type ReadArchitecture, readArchitecture } from './graph.js';
import { Fields, parseJson, show } from './json.js';
import { readSafetensors, type TensorFile } from './safetensors.js';
import { METADATA_KEY, slotNames } from './save.js';

/** Options of `load` and `fromJSON`. */
export type LoadOptions = Pick<NetworkOptions, 'build' | 'reproducible'>;

/** State of training, as a file has it. */
interface Training {
  readonly epochsTrained: number;
  readonly stepsDone: number;
  readonly powers: readonly [number, number];
}

/**
 * The network of a file that `save` wrote: its parameters bit for bit, its loss, optimizer, seed and metadata, and its optimizer's state
 * where that was saved. It runs on the build it was made for (`auto` takes what this engine has), unless the options say otherwise.
 *
 * The file need not be trusted: whatever its bytes are, they give a network or a FileError, and what is allocated is in proportion
 * to the file.
 *
 * @param bytes of the whole file, such as `await readFile(path)` or `await response.arrayBuffer()`
 * @throws FileError for a file that is damaged, or none of neurite's; ValueError for what is no bytes
 */
export function load(bytes: Uint8Array | ArrayBuffer, given: LoadOptions = {}): Network {
  const options = readOptions('load', given);
  const file = readSafetensors(bytesOf(bytes));
  const text = file.metadata.get(METADATA_KEY);
  if (text === undefined)
    throw new FileError('load: a safetensors file without the architecture that save() puts into its metadata; expected a file made by save()');
  const where = 'load: the architecture';
  const fields = new Fields(parseJson(text, where), where);
  const architecture = readArchitecture(fields, valuesOf(file));
  const metadata = fields.object('metadata').value;
  const training = fields.has('training') ? readTraining(fields.object('training')) : undefined;
  fields.end();
  const { optimizer, tensors } = architecture;
  if (training && !optimizer) fields.fail('training', 'none without an optimizer');
  const slots = training && optimizer ? slotNames(optimizer) : [];
  checkTensors(file, architecture, slots);
  const network = make(where, architecture, options);
  network.metadata = metadata;
  const { engine, progress } = partsOf(network);
  const { core } = engine;
  const bytesOfTensor = (name: string) => file.tensors.get(name)?.bytes as Uint8Array;
  for (const [node, name] of tensors) {
    if (node instanceof Parameter) core.u8.set(bytesOfTensor(name), engine.parametersAddress + engine.offsetOf(node) * 4);
  }
  const state = engine.optimizerState;
  if (training && state) {
    slots.forEach((name, i) => {
      core.u8.set(bytesOfTensor(name), state.slots[i] as number);
    });
    core.f64.set(training.powers, state.powers >>> 3);
    progress.epochsTrained = training.epochsTrained;
    progress.stepsDone = training.stepsDone;
  }
  return network;
}

/** The tensors of a file are those of its nodes, and the vectors of the optimizer's state. @throws FileError where one is missing or one too many */
function checkTensors(file: TensorFile, { tensors }: ReadArchitecture, slots: readonly string[]): void {
  const used = new Set(tensors.values());
  const parameters = [...tensors.keys()].filter((node) => node instanceof Parameter);
  const count = parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  for (const name of slots) {
    if (used.has(name) || !valuesOf(file).tensor(name, [count]))
      throw new FileError(`load: the tensor ${show(name)} is missing or of another shape, expected [${count}]`);
    used.add(name);
  }
  const other = [...file.tensors.keys()].find((name) => !used.has(name));
  if (other !== undefined) throw new FileError(`load: the architecture has no use for the tensor ${show(other)}`);
}

function readOptions(call: string, options: LoadOptions): LoadOptions {
  const known = checkOptions(call, options, ['build', 'reproducible']);
  chooseBuild(call, known.build ?? 'auto', known.reproducible ?? false);
  return known;
}

/**
 * A new network of the architecture that `toJSON` gave, or its JSON text: with its loss, optimizer and seed, and parameters drawn from
 * that seed.
 *
 * @throws FileError naming the place where the architecture is not what it should be
 */
export function fromJSON(json: NetworkJson | string, given: LoadOptions = {}): Network {
  const options = readOptions('fromJSON', given);
  const where = 'fromJSON: the architecture';
  const fields = new Fields(typeof json === 'string' ? parseJson(json, where) : json, where);
  const architecture = readArchitecture(fields, undefined);
  fields.end();
  return make(where, architecture, options);
}

function make(where: string, architecture: ReadArchitecture, options: LoadOptions): Network {
  const { inputs, outputs, losses, optimizer, seed } = architecture;
  const { build = architecture.build, reproducible = false } = options;
  return ours(where, () => new Network({ inputs, outputs }, { loss: losses, seed, build, reproducible, ...(optimizer && { optimizer }) }));
}

/** @throws ValueError saying how to come by the bytes of what was passed instead */
function bytesOf(value: Uint8Array | ArrayBuffer): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') return new Uint8Array(value);
  const remedies: Record<string, string> = {
    Promise: 'await it first',
    Response: 'pass await response.arrayBuffer()',
    Blob: 'pass await blob.arrayBuffer()',
    File: 'pass await file.arrayBuffer()',
    String: "pass the file's content, such as await readFile(path)",
  };
  const remedy = remedies[kind];
  throw new ValueError(`load: the bytes are ${describe(value)}, expected a Uint8Array or an ArrayBuffer${remedy ? `; ${remedy}` : ''}`);
}

function valuesOf({ tensors }: TensorFile) {
  return {
    tensor(name: string, shape: readonly number[]): Uint8Array | undefined {
      const tensor = tensors.get(name);
      return tensor && tensor.shape.length === shape.length && tensor.shape.every((n, i) => n === shape[i]) ? tensor.bytes : undefined;
    },
    elements: [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length / 4, 0),
  };
}

function readTraining(entry: Fields): Training {
  const [first, second, more] = entry.list('powers').map((value) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined));
  if (first === undefined || second === undefined || more !== undefined) entry.fail('powers', 'two numbers from 0 to 1');
  const training = {
    epochsTrained: entry.integer('epochsTrained', 0, Number.MAX_SAFE_INTEGER),
    stepsDone: entry.integer('stepsDone', 0, Number.MAX_SAFE_INTEGER),
    powers: [first, second] as const,
  };
  entry.end();
  return training;
}
