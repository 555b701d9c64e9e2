/** From a network to the bytes of a file. */

import type { Bytes } from '../arguments/arrays.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import { elements } from '../graph/shape.js';
import { nameTensors } from '../layers/names.js';
import type { LossNodes } from '../losses/networkLoss.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { type AnyPredictor, frozenInternals } from '../network/predictor.js';
import { Constant } from '../ops/leaves.js';
import { makerOf } from '../optimizers/optimizer.js';
import { type Architecture, hasName, type NetworkJson, ownOpsOf, readArchitecture, rootsOf, type Values, writeArchitecture } from './architecture.js';
import { Fields, metadataToJson, parseJson } from './json.js';
import { unifyNaN } from './nan.js';
import { FIELD, type FileQuantization } from './quantized.js';
import { savedOps } from './registry.js';
import { type Tensor, writeTensorFile } from './safetensors.js';

/** Options of `save`. */
export interface SaveOptions {
  /**
   * Whether the optimizer's state goes into the file too, with the number of epochs and steps done, so that training the loaded network
   * goes on with the same bits as training this one. Default false.
   */
  readonly optimizerState?: boolean;
}

/** The key of a file's metadata under which the architecture is. */
export const METADATA_KEY = 'neurite';

/** What the vectors of an optimizer's state are called in a file, in the order of the slots. */
export function slotNames(slots: readonly string[]): readonly string[] {
  return slots.map((slot) => `optimizer.${slot}`);
}

export function architectureOf({ engine, layers, trainee, reproducible }: Internals): Architecture {
  const { graph, penalties, optimizer } = engine;
  const nodes = engine.losses.some((entry) => entry) ? engine.lossNodes('save', [], 'both') : [];
  let at = 0;
  const losses = engine.losses.map((entry) => {
    const made = entry && (nodes[at++] as LossNodes);
    return !made || hasName(entry.loss) ? entry : { loss: entry.loss, weight: made.scale, graph: made };
  });
  return {
    ...graph,
    layers,
    losses,
    penalties,
    frozen: engine.parameters.filter((node) => engine.frozen.has(node)),
    optimizer,
    seed: trainee.seed,
    build: reproducible ? 'simd' : 'auto',
  };
}

/**
 * The architecture with `metadata`, without parameters: `fromJSON` makes a new network of it, untrained.
 *
 * @throws ValueError where `metadata` holds what JSON cannot say; an error of neurite's for whatever else `fromJSON` would refuse
 */
export function toJSON(network: AnyNetwork): NetworkJson {
  const parts = internals('toJSON', network).alive('toJSON');
  const metadata = metadataToJson(parts.metadata, 'toJSON: metadata');
  const json = { ...writeArchitecture('toJSON', architectureOf(parts)), ...(Object.keys(metadata).length > 0 && { metadata }) };
  checkReadable(JSON.stringify(json), 'toJSON', undefined, parts);
  return json;
}

/** What a reader would refuse is not written. @throws FileError saying what it is */
function checkReadable(text: string, call: string, tensors: readonly Tensor[] | undefined, parts: Internals): void {
  const where = `${call}: the architecture`;
  const values = tensors && valuesOf(new Map(tensors.map((tensor) => [tensor.name, tensor])));
  const { optimizer } = parts.engine;
  const ops = savedOps(call, ownOpsOf(rootsOf(architectureOf(parts))));
  readArchitecture(new Fields(parseJson(text, where), where), values, Number.POSITIVE_INFINITY, ops, optimizer ? [makerOf(optimizer)] : []);
}

/** What a reader takes of tensors. */
export function valuesOf(tensors: ReadonlyMap<string, Tensor>): Values {
  return {
    tensor(name: string, shape: readonly number[]): Uint8Array | undefined {
      const tensor = tensors.get(name);
      return tensor && tensor.shape.length === shape.length && tensor.shape.every((n, i) => n === shape[i]) ? tensor.bytes : undefined;
    },
    elements: [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0),
  };
}

/**
 * The network as the bytes of a safetensors file, which `load` takes: a tensor for each parameter (`dense1.weights`, `dense1.biases`, …), and
 * in the file's metadata the architecture as JSON, with loss, optimizer, seed and `metadata`. Allowed during a `fit`, between its steps. The same
 * values are the same bytes on every engine: NaN has no sign and no payload in a file.
 *
 * Of a predictor with weights of eight bits, `net.freeze({ quantize: int8 })`, it is about a quarter as long: integers and a scale for each row, and
 * no optimizer. `load(bytes, { quantize: int8 })` takes it.
 *
 * @throws ValueError where `metadata` holds what JSON cannot say; an error of neurite's for whatever else `load` would refuse
 */
export function save(network: AnyNetwork | AnyPredictor, options: SaveOptions = {}): Bytes {
  const frozen = frozenInternals(network);
  const parts = frozen ?? internals('save', network as AnyNetwork).alive('save');
  const { optimizerState = false } = checkOptions('save', options, ['optimizerState']);
  checkFlag('save', 'optimizerState', optimizerState);
  if (!frozen) return writeNetwork('save', parts, optimizerState);
  if (!frozen.quantization)
    throw new ValueError('save: the predictor has weights of floats, expected the network that it is of, or one of freeze({ quantize: int8 })');
  if (optimizerState) throw new ValueError('save: optimizerState came for a predictor, which has no optimizer, expected none');
  return writeNetwork('save', frozen, false);
}

/** What a file has besides a network. */
export interface Besides {
  readonly tensors: readonly Tensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A network as the bytes of a file. @throws as `save` does */
export function writeNetwork(call: string, parts: Internals, optimizerState: boolean, besides?: Besides): Bytes {
  const { engine } = parts;
  // Where a file said the largest count, the next step leaves what a reader takes.
  const [epochsTrained, stepsDone] = [parts.trainee.epochsTrained, parts.trainee.stepsDone].map((n) => Math.min(n, Number.MAX_SAFE_INTEGER));
  const { core } = engine;
  const architecture = architectureOf(parts);
  const state = optimizerState ? engine.optimizerState : undefined;
  const slots = slotNames(state?.slotNames ?? []);
  const names = nameTensors({ roots: rootsOf(architecture), layers: architecture.layers }, slots);
  // First: the memory may grow, which detaches views.
  const quantized = (parts.quantization as FileQuantization | undefined)?.files.write(engine, names);
  const floats = (address: number, n: number) => core.u8.subarray(address, address + n * 4);
  const tensors: Tensor[] = [];
  for (const [node, name] of names) {
    if (quantized?.nodes.has(node)) continue;
    const n = elements(node.shape);
    const bytes = node instanceof Constant ? bytesOf(node.values) : floats(engine.addressOf(node), n);
    tensors.push({ name, shape: node.shape.size, bytes });
  }
  state?.slots.forEach((address, i) => {
    tensors.push({ name: slots[i] as string, shape: [engine.parameterCount], bytes: floats(address, engine.parameterCount) });
  });
  const text = JSON.stringify({
    ...writeArchitecture(call, architecture, names),
    metadata: metadataToJson(parts.metadata, `${call}: metadata`),
    ...(quantized && { [FIELD]: quantized.field }),
    ...(state && {
      training: { epochsTrained, stepsDone, powers: Array.from(core.f64.subarray(state.powers >>> 3, (state.powers >>> 3) + state.powerCount)) },
    }),
  });
  const { scales = [], integers = [] } = quantized ?? {};
  checkReadable(text, call, [...tensors, ...scales, ...integers], parts);
  const floating = [...tensors, ...(besides?.tensors ?? []), ...scales];
  // Integers lie behind all floats, which so are aligned.
  const file = writeTensorFile([...floating, ...integers], { [METADATA_KEY]: text, ...besides?.metadata });
  const size = (of: readonly Tensor[]) => of.reduce((sum, { bytes }) => sum + bytes.length, 0);
  unifyNaN(new Int32Array(file.buffer, file.length - size(floating) - size(integers), size(floating) / 4));
  return file;
}

export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
