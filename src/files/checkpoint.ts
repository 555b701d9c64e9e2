/** A training that is interrupted, and goes on in another process. */
import { allocateFloats, type Bytes } from '../arguments/arrays.js';
import { bytesOf as bytesOfFile } from '../arguments/bytes.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets } from '../arguments/values.js';
import { FileError, ValueError } from '../errors.js';
import { nameTensors } from '../layers/names.js';
import { TARGET_FORMS } from '../losses/targetForm.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals, type Network } from '../network/network.js';
import { oddIn, rangeOfPower } from '../optimizers/optimizer.js';
import type { EarlyStopState } from '../training/earlyStopping.js';
import type { FitBegun, FitRun, Interrupted } from '../training/fitRun.js';
import type { EpochEnd } from '../training/history.js';
import { rootsOf, writeArchitecture } from './architecture.js';
import { Fields, type Json, numberOf, numberToJson, parseJson, show } from './json.js';
import { architectureIn, CHECKPOINT, checkTensors, fill, type LoadOptions, readNetwork, readTraining, withoutCheckpoint } from './load.js';
import { readTensorFile, type Tensor, type TensorFile } from './safetensors.js';
import { architectureOf, bytesOf, slotNames, writeNetwork } from './save.js';

/** Options of `restore`. */
export interface RestoreOptions extends LoadOptions {
  /** A network of the same architecture, whose values become those of the checkpoint. Default: a new one, as `load` makes it. */
  readonly into?: AnyNetwork;
}

/** The key of a file's metadata under which it says where the training is. */
export const CHECKPOINT_KEY = 'neurite.checkpoint';

/** Largest count of rows, steps and epochs. */
const MOST = Number.MAX_SAFE_INTEGER;

const BEST = `${CHECKPOINT}best.`;

/**
 * A training as the bytes of a file: the network as `save` writes it, its optimizer's state, and where the `fit` is that is under way or was aborted:
 * the epoch, the step, the order of its rows, its sums, the schedule, and the best epoch of early stopping with its parameters. To be called
 * between steps, as in `onProgress` and `onEpoch`, or at any other time. `load` takes the file too, as a network.
 *
 * An aborted `fit` with early stopping ends with the parameters of the best epoch, which are those of no step: a checkpoint after that holds them, and
 * its next `fit` begins anew. One that was taken before the abort, as in `onEpoch`, goes on.
 *
 * @throws what `save` throws
 */
export function checkpoint(network: AnyNetwork): Bytes {
  const parts = internals('checkpoint', network).alive('checkpoint');
  const { run, resume } = parts.trainee;
  const where = run ?? resume;
  const stopping: EarlyStopState | undefined = where?.stopping ?? resume?.stoppingState;
  const schedule = where?.schedule?.state?.() ?? resume?.scheduleState;
  const best = stopping?.best && stopping.snapshot;
  const tensors: Tensor[] = best
    ? [
        { name: `${BEST}parameters`, shape: [best.parameters.length], bytes: bytesOf(best.parameters) },
        ...best.slots.map((slot, i) => ({ name: `${BEST}slot${i}`, shape: [slot.length], bytes: bytesOf(slot) })),
      ]
    : [];
  const text = JSON.stringify({
    version: 1,
    ...(where && { run: runToJson(where) }),
    ...(schedule && { schedule: encode(schedule) }),
    ...(stopping && {
      stopping: {
        least: numberToJson(stopping.least),
        waited: stopping.waited,
        ...(stopping.best && { best: encode(stopping.best), powers: Array.from(stopping.snapshot.powers) }),
      },
    }),
  });
  return writeNetwork('checkpoint', parts, true, { tensors, metadata: { [CHECKPOINT_KEY]: text } });
}

function runToJson({ rows, batch, shuffle, epoch, stream, step, samples, forms, sums, over }: FitRun): object {
  const added = sums && { lossSum: sums.lossSum, lossParts: Array.from(sums.lossParts), correct: sums.correct, weight: sums.weight };
  return { ...(rows !== undefined && { rows }), batch, shuffle, epoch, stream, step, samples, forms, ...(added && { sums: encode(added) }), over };
}

/** A value as JSON has it, numbers that it has no word for too. What is neither a number, a text, a flag nor made of these is left out. */
function encode(value: unknown): Json | undefined {
  if (typeof value === 'number') return numberToJson(value);
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (ArrayBuffer.isView(value)) return encode(Array.from(value as Float32Array));
  if (Array.isArray(value)) return value.map((one) => encode(one) ?? null);
  if (typeof value !== 'object') return undefined;
  const entries = Object.entries(value).map(([key, one]) => [key, encode(one)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** The other way. */
function decode(value: unknown): unknown {
  const number = numberOf(value);
  if (number !== undefined) return number;
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, decode(one)]));
}

/**
 * The network of a checkpoint, whose next `fit` goes on where the interrupted one was: with the same data and options it leaves the bits that the
 * uninterrupted one would have left. Its history begins with the epoch under way.
 *
 * The file need not be trusted, as with `load`.
 *
 * @param options.into where the values go, in place of a new network
 * @throws FileError for a file that is damaged, none of `checkpoint`, or of another architecture than that of `into`, which then stays as it is
 */
export function restore<In extends number = 1, Out extends number = 1>(
  bytes: Uint8Array | ArrayBuffer,
  options: RestoreOptions = {},
): Network<AnyTargets, In, Out> {
  const call = 'restore';
  const { into, ...given } = checkOptions(call, options, ['into', 'build', 'reproducible', 'debug', 'ops', 'optimizers']);
  const target = into === undefined ? undefined : internals(call, into).idle(call);
  const all = readTensorFile(bytesOfFile(call, bytes), call);
  const text = all.metadata.get(CHECKPOINT_KEY);
  if (text === undefined)
    throw new FileError(`${call}: the file says nothing of a training, expected one made by checkpoint(); load() takes networks`);
  const file = withoutCheckpoint(all);
  const where = `${call}: the training`;
  const fields = new Fields(parseJson(text, where), where);
  fields.integer('version', 1, 1);
  if (target) {
    const resume = fields.has('run') ? readRun(fields, target, all) : undefined;
    checkKnown(fields, all, resume);
    fillInto(target, file);
    target.trainee.run = undefined;
    target.trainee.resume = resume;
    return into as Network<AnyTargets, In, Out>;
  }
  const network = readNetwork(call, () => file, given);
  try {
    const parts = internals(call, network);
    const resume = fields.has('run') ? readRun(fields, parts, all) : undefined;
    checkKnown(fields, all, resume);
    parts.trainee.resume = resume;
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network as Network<AnyTargets, In, Out>;
}

/** @throws FileError for what the file has besides */
function checkKnown(fields: Fields, file: TensorFile, run: Interrupted | undefined): void {
  fields.end();
  const known = run?.stoppingState?.best ? run.stoppingState.snapshot.slots.map((_, i) => `${BEST}slot${i}`).concat(`${BEST}parameters`) : [];
  const other = [...file.tensors.keys()].find((name) => name.startsWith(CHECKPOINT) && !known.includes(name));
  if (other !== undefined) throw new FileError(`${fields.where} has no use for the tensor ${show(other)}`);
}

/** Writes a file's tensors into a network that is there. @throws FileError where its architecture is another */
function fillInto(parts: Internals, file: TensorFile): void {
  const call = 'restore';
  const { engine } = parts;
  const fields = architectureIn(call, file);
  const { training, metadata, ...architecture } = fields.value;
  const own = architectureOf(parts);
  const slots = slotNames(engine.optimizerState?.slotNames ?? []);
  const names = nameTensors({ roots: rootsOf(own), layers: own.layers }, slots);
  if (JSON.stringify(architecture) !== JSON.stringify(writeArchitecture(call, own, names)))
    throw new FileError(`${call}: the checkpoint is of another architecture than the network, expected the same layers, losses, optimizer and seed`);
  const { optimizer } = engine;
  const trained = optimizer && training !== undefined ? readTraining(fields.object('training'), optimizer) : undefined;
  const values = file.tensors;
  for (const [node, name] of names) {
    const { shape } = values.get(name) ?? {};
    if (String(shape) !== String(node.shape.size))
      throw new FileError(`${call}: the tensor ${show(name)} is missing or of another shape, expected [${node.shape.size}]`);
  }
  checkTensors(call, file, names, trained ? slots : [], optimizer);
  fill(parts, file, names, slots, trained);
  parts.metadata = metadata as Record<string, unknown>;
}

/** Where the training is. @throws FileError for what cannot be */
function readRun(fields: Fields, { engine }: Internals, file: TensorFile): Interrupted {
  const entry = fields.object('run');
  const rows = entry.has('rows') ? entry.integer('rows', 1, MOST) : undefined;
  const batch = entry.integer('batch', 1, MOST);
  const shuffle = entry.boolean('shuffle');
  const epoch = entry.integer('epoch', 1, MOST);
  const stream = entry.integer('stream', 0, MOST);
  const step = entry.integer('step', 0, MOST);
  const samples = entry.integer('samples', 0, rows ?? MOST);
  if (samples !== Math.min(step * batch, rows ?? MOST) && !(rows === undefined && samples <= step * batch && samples > (step - 1) * batch))
    entry.fail('samples', `the rows of ${step} steps of ${batch}`);
  const over = entry.boolean('over');
  const forms = entry
    .list('forms', engine.columns.targets.length)
    .map((form) => TARGET_FORMS.find((one) => one === form) ?? entry.fail('forms', 'forms of targets'));
  if (step > 0 && forms.length !== engine.columns.targets.length) entry.fail('forms', `${engine.columns.targets.length} forms of targets`);
  const added = entry.has('sums') ? entry.object('sums') : undefined;
  if (!added !== (step === 0)) entry.fail('sums', step === 0 ? 'none before the first step' : 'what the steps added up');
  const sums = added && {
    lossSum: added.number('lossSum'),
    lossParts: added.list('lossParts', engine.graph.outputs.length).map((value) => numberOf(value) ?? added.fail('lossParts', 'numbers')),
    correct: added.finite('correct'),
    weight: added.finite('weight'),
  };
  if (added && sums && sums.lossParts.length !== engine.graph.outputs.length) added.fail('lossParts', `${engine.graph.outputs.length} numbers`);
  added?.end();
  entry.end();
  const scheduleState = fields.has('schedule') ? readSchedule(fields.object('schedule')) : undefined;
  const stoppingState = fields.has('stopping') ? readStopping(fields.object('stopping'), engine, file) : undefined;
  const at = { rows, batch, shuffle, epoch, stream, step, samples, forms, sums, over };
  const run: Interrupted = { ...at, scheduleState, stoppingState, goOn: (begun) => goOn(at, run, begun) };
  return run;
}

/** @throws ValueError for a `fit` of something else */
function goOn(at: FitRun, { stoppingState, scheduleState }: Interrupted, begun: FitBegun): FitRun {
  const { stopping, schedule } = begun;
  for (const [name, is, was] of [
    ['data of rows', begun.rows, at.rows],
    ['batches of rows', begun.batch, at.batch],
    ['shuffle', begun.shuffle, at.shuffle],
    ['earlyStopping', stopping !== undefined, stoppingState !== undefined],
    ['a schedule with a state', schedule?.state !== undefined, scheduleState !== undefined],
  ] as const) {
    if (is !== was) throw new ValueError(`fit: ${name} is ${is} and was ${was} where the checkpoint was made, expected the same fit, which goes on`);
  }
  if (scheduleState) schedule?.restore?.(scheduleState);
  if (stopping && stoppingState) {
    const { least, waited, best, snapshot } = stoppingState;
    Object.assign(stopping, { least, waited, best });
    stopping.snapshot.parameters.set(snapshot.parameters);
    stopping.snapshot.powers.set(snapshot.powers);
    stopping.snapshot.slots.forEach((slot, i) => slot.set(snapshot.slots[i] as Float32Array));
  }
  return { ...at, ...begun };
}

function readSchedule(fields: Fields): Readonly<Record<string, number>> {
  return Object.fromEntries(fields.keys().map((key) => [key, fields.number(key)]));
}

function readStopping(
  fields: Fields,
  { optimizer, parameterCount, valueCount, optimizerState }: Internals['engine'],
  file: TensorFile,
): EarlyStopState {
  const least = fields.number('least');
  if (Number.isNaN(least)) fields.fail('least', 'a number');
  const waited = fields.integer('waited', 0, MOST);
  const best = fields.has('best') ? (decode(fields.object('best').value) as EpochEnd) : undefined;
  const slots = optimizerState?.slots ?? [];
  const count = optimizerState?.powerCount ?? 0;
  const given = best ? fields.list('powers') : [];
  const powers = given.map((value) => (typeof value === 'number' && Number.isFinite(value) ? value : fields.fail('powers', `${count} numbers`)));
  const inRange = (value: number, i: number) => optimizer && value >= rangeOfPower(optimizer, i)[0] && value <= rangeOfPower(optimizer, i)[1];
  if (best && !(powers.length === count && powers.every(inRange))) fields.fail('powers', `${count} numbers in the range of the optimizer's`);
  fields.end();
  const values = (name: string, n: number, slot = '') => {
    const floats = allocateFloats(`restore: ${name}`, n);
    if (!best) return floats;
    const tensor = file.tensors.get(name);
    if (!tensor || String(tensor.shape) !== String([n]))
      throw new FileError(`restore: the tensor ${show(name)} is missing or of another shape, expected [${n}]`);
    new Uint8Array(floats.buffer).set(tensor.bytes);
    const odd = floats.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw new FileError(`restore: number ${odd} of the tensor ${show(name)} is ${floats[odd]}, expected finite numbers`);
    const below = optimizer ? oddIn(optimizer, slot, floats) : -1;
    if (below >= 0)
      throw new FileError(`restore: number ${below} of the tensor ${show(name)} is ${floats[below]}, expected numbers ≥ 0, as of squares`);
    return floats;
  };
  const snapshot = {
    parameters: values(`${BEST}parameters`, valueCount),
    slots: slots.map((_, i) => values(`${BEST}slot${i}`, parameterCount, optimizerState?.slotNames[i])),
    powers: Float64Array.from(best ? powers : new Float64Array(count)),
  };
  return { least, waited, best, snapshot };
}
