/** From the bytes of a file to a network. */

import { bytesOf } from '../arguments/bytes.js';
import { describe } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets } from '../arguments/values.js';
import { FileError, NeuriteError, ValueError } from '../errors.js';
import type { Node, Op } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import { chooseBuild, otherBuild, quantizationOf, threadsOf } from '../network/chooseBuild.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals, Network, type NetworkOptions } from '../network/network.js';
import { type AnyPredictor, frozenInternals, type Predictor } from '../network/predictor.js';
import { Constant, Parameter, type State } from '../ops/leaves.js';
import { definitionOf, type Optimizer, type OptimizerMaker, oddIn, powerCount, rangeOfPower, slotsOf } from '../optimizers/optimizer.js';
import { optimizersByName } from '../optimizers/optimizers.js';
import { MAX_PARAMETERS, type NetworkJson, ours, type ReadArchitecture, readArchitecture } from './architecture.js';
import { Fields, isWhole, parseJson, show, toJson } from './json.js';
import { FIELD, type FileQuantization } from './quantized.js';
import { savedOps } from './registry.js';
import { readTensorFile, type TensorFile } from './safetensors.js';
import { METADATA_KEY, slotNames, valuesOf } from './save.js';

/** Options of `load`. */
export interface LoadOptions extends Pick<NetworkOptions, 'build' | 'reproducible' | 'debug' | 'threads'> {
  /** Definitions of ops that are not this library's own, as the network that was saved used them. A file has their names only. */
  readonly ops?: readonly Op[];
  /** What `defineOptimizer` gave, for files that name an optimizer which is not one of neurite's. Default none. */
  readonly optimizers?: readonly OptimizerMaker[];
}

/** Their names. */
export const LOAD_OPTIONS = ['build', 'reproducible', 'debug', 'threads', 'ops', 'optimizers'] as const satisfies readonly (keyof LoadOptions)[];

/** Options of `load` for a predictor. */
export interface LoadQuantizedOptions extends LoadOptions {
  /** `int8` of `neurite/int8`. */
  readonly quantize: FileQuantization;
}

/** Options of `fromJSON`. */
export interface FromJSONOptions extends LoadOptions {
  /** The most parameters that the JSON may ask for. Default 2²⁴, which take 64 MiB. */
  readonly maxParameters?: number;
}

/** State of training, as a file has it. */
export interface Training {
  readonly epochsTrained: number;
  readonly stepsDone: number;
  readonly powers: readonly number[];
}

/**
 * The network of a file that `save` wrote: its parameters bit for bit, its loss, optimizer, seed and metadata, and its optimizer's state
 * where that was saved. It runs on the build it was made for (`auto` takes what this engine has), unless the options say otherwise.
 *
 * The file need not be trusted: whatever its bytes are, they give a network or a FileError, and what is allocated is in proportion
 * to the file.
 *
 * The compiler cannot see how many inputs and outputs the file's network has. `load(bytes)` is typed as one of each,
 * `load<2, 1>(bytes)` as two inputs and one output, `load<any, any>(bytes)` as any number.
 *
 * With `{ quantize: int8 }` it gives a predictor with weights of eight bits in place of a network: of the file of one, to the same bits, or of a
 * network's file, as its `freeze` would.
 *
 * @param bytes of the whole file, such as `await readFile(path)` or `await response.arrayBuffer()`
 * @throws FileError for a file that is damaged, or none of neurite's, and for one of a predictor where `quantize` is left out; ValueError for what is no
 *   bytes
 */
export function load<In extends number = 1, Out extends number = 1>(
  bytes: Uint8Array | ArrayBuffer,
  options?: LoadOptions & { readonly quantize?: undefined },
): Network<AnyTargets, In, Out>;
export function load<In extends number = 1, Out extends number = 1>(
  bytes: Uint8Array | ArrayBuffer,
  options: LoadQuantizedOptions,
): Predictor<In, Out>;
export function load(bytes: Uint8Array | ArrayBuffer, options: LoadOptions | LoadQuantizedOptions = {}): AnyNetwork | AnyPredictor {
  const { quantize, ...given } = checkOptions('load', options as LoadQuantizedOptions, [...LOAD_OPTIONS, 'quantize']);
  const read = () => withoutCheckpoint(readTensorFile(bytesOf('load', bytes), 'load', TYPES));
  const quantization = quantizationOf('load', quantize) as FileQuantization | undefined;
  const { network, tensors, integers } = readModel('load', read, given, quantization);
  if (!quantization) return network;
  try {
    return ours('load', () => {
      const predictor = network.freeze({ quantize: quantization });
      try {
        if (integers) quantization.files.fill('load', (frozenInternals(predictor) as Internals).engine, tensors, integers);
      } catch (error) {
        predictor.dispose();
        throw error;
      }
      return predictor;
    });
  } finally {
    network.dispose();
  }
}

/** The types of tensors that a file may have, and the bytes of an element. */
const TYPES = { F32: 4, I8: 1 };

/** What the tensors begin with that a checkpoint has besides its network's. */
export const CHECKPOINT = 'checkpoint.';

/** A file as that of a network alone. */
export function withoutCheckpoint({ tensors, metadata }: TensorFile): TensorFile {
  return { metadata, tensors: new Map([...tensors].filter(([name]) => !name.startsWith(CHECKPOINT))) };
}

/** The network of a file, which is read behind the options. @throws as `load` does */
export function readNetwork(call: string, read: () => TensorFile, options: LoadOptions): AnyNetwork {
  return readModel(call, read, options).network;
}

/** The same with the names of its tensors, and the weights that the file has as integers. */
function readModel(call: string, read: () => TensorFile, options: LoadOptions, quantization?: FileQuantization) {
  const { ops, optimizers = [], ...given } = checkOptions(call, options, LOAD_OPTIONS);
  const words = savedOps(call, ops);
  const build = buildOf(call, given);
  const makers = Object.values(optimizersByName(call, optimizers));
  const stored = read();
  const where = `${call}: the architecture`;
  const fields = architectureIn(call, stored);
  const ofIntegers = fields.has(FIELD);
  if (!(ofIntegers && quantization) && (ofIntegers || [...stored.tensors.values()].some(({ dtype }) => dtype === 'I8')))
    throw new FileError(`${call}: the weights of this file are of eight bits, expected load(bytes, { quantize: int8 }), int8 of neurite/int8`);
  const { file, integers } = ofIntegers && quantization ? quantization.files.read(call, stored, fields.object(FIELD)) : { file: stored };
  const architecture = readArchitecture(fields, valuesOf(file.tensors), undefined, words, makers);
  const metadata = fields.object('metadata').value;
  const { optimizer, tensors } = architecture;
  if (fields.has('training') && !optimizer) fields.fail('training', 'none without an optimizer');
  const training = optimizer && fields.has('training') ? readTraining(fields.object('training'), optimizer) : undefined;
  fields.end();
  const slots = training && optimizer ? slotNames(slotsOf(optimizer)) : [];
  checkTensors(call, file, tensors, slots, optimizer);
  const network = make(where, architecture, build, 'leave');
  network.metadata = metadata;
  const parts = internals(call, network);
  const state = parts.engine.optimizerState;
  // A definition of the caller's says its slots each time it is asked.
  if (training && state && String(slotNames(state.slotNames)) !== String(slots)) {
    network.dispose();
    throw new ValueError(
      `${call}: the optimizer ${optimizer?.name} said ${slots.length} slots and then ${state.slots.length}, expected the same each time`,
    );
  }
  fill(parts, file, tensors, slots, training);
  return { network, tensors, integers };
}

/** The architecture that a file has. @throws FileError where it has none */
export function architectureIn(call: string, file: TensorFile): Fields {
  const text = file.metadata.get(METADATA_KEY);
  if (text === undefined)
    throw new FileError(`${call}: a safetensors file without the architecture that save() puts into its metadata; expected a file made by save()`);
  const where = `${call}: the architecture`;
  return new Fields(parseJson(text, where), where);
}

/** Writes the tensors of a file, which were checked, and the state of training into a network. */
export function fill(
  { engine, trainee }: Internals,
  file: TensorFile,
  tensors: ReadonlyMap<Node, string>,
  slots: readonly string[],
  training?: Training,
): void {
  const { core, optimizerState: state } = engine;
  const bytesOfTensor = (name: string) => file.tensors.get(name)?.bytes as Uint8Array;
  for (const [node, name] of tensors) {
    if (!(node instanceof Constant)) core.u8.set(bytesOfTensor(name), engine.addressOf(node as Parameter | State));
  }
  if (!training || !state) return;
  slots.forEach((name, i) => {
    core.u8.set(bytesOfTensor(name), state.slots[i] as number);
  });
  core.f64.set(training.powers, state.powers >>> 3);
  engine.judgeState();
  trainee.epochsTrained = training.epochsTrained;
  trainee.stepsDone = training.stepsDone;
}

/** A copy of the numbers of a tensor, which may lie anywhere in a file. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

/** The tensors of a file are those of its nodes, and the vectors of the optimizer's state. @throws FileError where one is missing or one too many */
export function checkTensors(
  call: string,
  file: TensorFile,
  tensors: ReadonlyMap<Node, string>,
  slots: readonly string[],
  optimizer?: Optimizer,
): void {
  const used = new Set(tensors.values());
  const parameters = [...tensors.keys()].filter((node) => node instanceof Parameter);
  const count = parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const values = valuesOf(file.tensors);
  for (const name of slots) {
    if (used.has(name) || !values.tensor(name, [count]))
      throw new FileError(`${call}: the tensor ${show(name)} is missing or of another shape, expected [${count}]`);
    used.add(name);
    const floats = floatsOf(values.tensor(name, [count]) as Uint8Array);
    const odd = optimizer ? oddIn(optimizer, name.slice(name.indexOf('.') + 1), floats) : -1;
    if (odd >= 0) throw new FileError(`${call}: number ${odd} of the tensor ${show(name)} is ${floats[odd]}, expected numbers ≥ 0, as of squares`);
  }
  const other = [...file.tensors.keys()].find((name) => !used.has(name));
  if (other?.startsWith('population.'))
    throw new FileError(`${call}: the file is of a population, expected loadPopulation(bytes), of neurite/population`);
  if (other !== undefined) throw new FileError(`${call}: the architecture has no use for the tensor ${show(other)}`);
}

/** What options say of the build; undefined for what the file says. Each is read once, before anything of the file is. */
function buildOf(
  call: string,
  { build, reproducible = false, debug = false, threads }: LoadOptions,
): Pick<NetworkOptions, 'build' | 'reproducible' | 'debug' | 'threads'> {
  for (const [name, value] of Object.entries({ reproducible, debug })) {
    checkFlag(call, name, value);
  }
  chooseBuild(call, build === undefined ? 'auto' : build, reproducible);
  // Whose end is no fault of the file.
  threadsOf(call, threads)?.coreFor(call);
  return { ...(build !== undefined && { build }), reproducible, debug, ...(threads && { threads }) };
}

/**
 * A new network of the architecture that `toJSON` gave, or its JSON text: with its loss, optimizer, seed and metadata, and parameters drawn
 * from that seed; it is not trained. Its type says one input and one output, unless told as `load` is.
 *
 * The JSON need not be trusted: it gives a network or a FileError. What is allocated is in proportion to the text, but for the parameters, which
 * `maxParameters` bounds.
 *
 * @throws FileError naming the place where the architecture is not what it should be; ValueError for options that are not
 */
export function fromJSON<In extends number = 1, Out extends number = 1>(
  json: NetworkJson | string,
  options: FromJSONOptions = {},
): Network<AnyTargets, In, Out> {
  const { maxParameters = MAX_PARAMETERS, ops, optimizers = [], ...given } = checkOptions('fromJSON', options, [...LOAD_OPTIONS, 'maxParameters']);
  const words = savedOps('fromJSON', ops);
  const build = buildOf('fromJSON', given);
  const makers = Object.values(optimizersByName('fromJSON', optimizers));
  if (!isWhole(maxParameters, 1, 2 ** 30))
    throw new ValueError(`fromJSON: maxParameters is ${describe(maxParameters)}, expected a whole number from 1 to ${2 ** 30}`);
  const where = 'fromJSON: the architecture';
  const fields = new Fields(typeof json === 'string' ? parseJson(json, where) : plain(json, where), where);
  const architecture = readArchitecture(fields, undefined, maxParameters, words, makers);
  const metadata = fields.has('metadata') ? fields.object('metadata').value : {};
  fields.end();
  const network = make(where, architecture, build, 'draw');
  network.metadata = metadata;
  return network;
}

/** A copy of what is said to be JSON. @throws FileError, also where a getter of it throws */
function plain(json: unknown, where: string): unknown {
  if (typeof json !== 'object') return json;
  try {
    return toJson(json, where);
  } catch (error) {
    throw new FileError(error instanceof NeuriteError ? error.message : `${where} cannot be read: a getter or a proxy of it threw`);
  }
}

function make(
  where: string,
  architecture: ReadArchitecture,
  { build, reproducible, debug, threads }: LoadOptions,
  parameters: 'draw' | 'leave',
): AnyNetwork {
  const { inputs, outputs, losses, penalties, frozen, optimizer, seed } = architecture;
  const loss = losses.map((entry) => entry && { loss: entry.loss, weight: entry.weight });
  const asked = reproducible ? 'simd' : (build ?? architecture.build);
  // No fault of the file either.
  if (threads && asked !== 'auto' && asked !== threads.build) throw otherBuild(where, asked, 'threads', threads.build);
  const options = {
    loss,
    penalty: penalties,
    seed,
    build: build ?? (threads && architecture.build === 'auto' && !reproducible ? threads.build : architecture.build),
    ...(threads && { threads }),
    reproducible: reproducible ?? false,
    debug: debug ?? false,
    ...(optimizer && { optimizer }),
  };
  return ours(where, () => new Network({ inputs, outputs }, options, parameters, frozen as readonly Parameter[]));
}

export function readTraining(entry: Fields, optimizer: Optimizer): Training {
  const count = powerCount(optimizer);
  const { start = [], from = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY } = definitionOf(optimizer).powers ?? {};
  const powers = entry.list('powers').flatMap((value, i) => {
    const [low, high] = rangeOfPower(optimizer, i);
    return typeof value === 'number' && Number.isFinite(value) && value >= low && value <= high ? [value] : [];
  });
  const given = entry.list('powers').length;
  if (powers.length !== count || given !== count) {
    const range = start.length > 0 && !Number.isFinite(from) ? '' : ` from ${start.length > 0 ? from : 0} to ${start.length > 0 ? upTo : 1}`;
    entry.fail('powers', `${count === 2 ? 'two' : count} numbers${range}`);
  }
  const training = {
    epochsTrained: entry.integer('epochsTrained', 0, Number.MAX_SAFE_INTEGER),
    stepsDone: entry.integer('stepsDone', 0, Number.MAX_SAFE_INTEGER),
    powers,
  };
  entry.end();
  return training;
}
