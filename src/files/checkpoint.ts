/** A training that is interrupted, and goes on in another process. */
import type { Bytes } from '../arguments/arrays.js';
import { bytesOf as bytesOfFile } from '../arguments/bytes.js';
import { describe, fieldOf, hasFields, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { recipeOf } from '../arguments/recipe.js';
import type { AnyTargets } from '../arguments/values.js';
import { Snapshot, type SnapshotState } from '../engine/snapshot.js';
import { FileError, ValueError } from '../errors.js';
import { nameTensors } from '../layers/names.js';
import { TARGET_FORMS } from '../losses/targetForm.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals, type Network } from '../network/network.js';
import { oddIn, rangeOfPower } from '../optimizers/optimizer.js';
import type { EarlyStopState } from '../training/earlyStopping.js';
import type { FitBegun, FitFacts, FitRun, Interrupted, LiveRun } from '../training/fitRun.js';
import type { EpochEnd } from '../training/history.js';
import type { Schedule, ScheduleState } from '../training/schedules/schedule.js';
import { rootsOf, writeArchitecture } from './architecture.js';
import { Fields, numberOf, parseJson, show, toJson } from './json.js';
import {
  architectureIn,
  CHECKPOINT,
  checkTensors,
  fill,
  LOAD_OPTIONS,
  type LoadOptions,
  readNetwork,
  readTraining,
  withoutCheckpoint,
} from './load.js';
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

/** What tensors begin with: those of the best epoch, and those of the step that the run is at where the network's own are of the best epoch. */
const BEST = `${CHECKPOINT}best.`;
const POINT = `${CHECKPOINT}point.`;

/**
 * A training as the bytes of a file: the network as `save` writes it, its optimizer's state, and where the `fit` is that is under way or was aborted:
 * the epoch, the step, the order of its rows, its sums, the schedule, and the best epoch of early stopping with its parameters. To be called
 * between steps, as in `onProgress` and `onEpoch`, or at any other time. `load` takes the file too, as a network.
 *
 * An aborted `fit` with early stopping ends with the parameters of the best epoch. A checkpoint after that holds those of the step it was at besides,
 * where its next `fit` goes on. Other calls that change parameters or optimizer end the interrupted training: the next `fit` begins anew.
 *
 * @throws what `save` throws; ValueError for a schedule's state, or a metric's value, that no file can hold
 */
export function checkpoint(network: AnyNetwork): Bytes {
  const parts = internals('checkpoint', network).alive('checkpoint');
  const { trainee, engine } = parts;
  const [run, resume] = [trainee.run, trainee.resume].map((one) => (one?.changes === engine.memory.changes ? one : undefined)) as [
    LiveRun | undefined,
    Interrupted | undefined,
  ];
  const where = run ?? resume;
  const stopping: EarlyStopState | undefined = run?.options.stopping ?? resume?.stoppingState;
  const schedule = run ? stateOf(run.options.schedule) : resume?.scheduleState;
  const best = stopping?.best && stopping.snapshot;
  const tensors = [...(best ? tensorsOf(BEST, best) : []), ...(where?.point ? tensorsOf(POINT, where.point) : [])];
  const training = {
    version: 1,
    ...(where && { run: { ...runToJson(where), facts: run ? factsOf(run) : resume?.facts } }),
    ...(schedule && { schedule }),
    ...(stopping && {
      stopping: {
        least: stopping.least,
        waited: stopping.waited,
        ...(best && { best: stopping.best, powers: best.powers }),
      },
    }),
    ...(where?.point && { powers: where.point.powers }),
  };
  // A reader refuses what is too deep, too long or within itself.
  const text = JSON.stringify(toJson(training, 'checkpoint: the training', true));
  return writeNetwork('checkpoint', parts, true, { tensors, metadata: { [CHECKPOINT_KEY]: text } });
}

function tensorsOf(prefix: string, { parameters, slots }: SnapshotState): Tensor[] {
  return [
    { name: `${prefix}parameters`, shape: [parameters.length], bytes: bytesOf(parameters) },
    ...slots.map((slot, i) => ({ name: `${prefix}slot${i}`, shape: [slot.length], bytes: bytesOf(slot) })),
  ];
}

function runToJson({ rows, batch, epoch, stream, step, samples, forms, sums, over }: FitRun): object {
  const added = sums && { lossSum: sums.lossSum, lossParts: sums.lossParts, correct: sums.correct, weight: sums.weight };
  return { rows, batch, epoch, stream, step, samples, forms, sums: added, over };
}

/** What a schedule remembers. @throws ValueError for what are no numbers by their names */
function stateOf(schedule: Schedule | undefined): ScheduleState | undefined {
  if (!schedule?.state) return undefined;
  const state: unknown = schedule.state();
  const isObject = hasFields(state);
  const entries = isObject ? Object.entries(state) : [['', state] as const];
  const [name, odd] = entries.find(([, value]) => !isObject || typeof value !== 'number') ?? [];
  if (name !== undefined)
    throw new ValueError(`checkpoint: learningRate.state gave ${name && `${name}: `}${describe(odd)}, expected an object of numbers`);
  return Object.fromEntries(entries);
}

/** What a learning rate is: a number, or what made the schedule. */
function rateText(rate: unknown): string {
  const [name, ...args] = recipeOf(rate) ?? [];
  if (name === undefined) return 'a function';
  return `${name}(${args.map((arg) => (typeof arg === 'function' ? rateText(arg) : JSON.stringify(arg).replace(/"/g, ''))).join(', ')})`;
}

/** What a `fit` that goes on must share with the interrupted one, by the names of its options. */
function factsOf({ options, held }: FitBegun): FitFacts {
  const { shuffle, batchSize, accumulationSteps, metrics, validationSplit = 0, stopping, schedule, rateOf } = options;
  const { patience, minDelta, monitor = 'loss', mode = 'by the metric' } = stopping?.settings ?? {};
  return {
    shuffle,
    batchSize,
    accumulationSteps,
    learningRate: schedule ? rateText(schedule) : (rateOf(1, 0, 1, 1)[0] as number),
    metrics: metrics.map(({ name }) => name).join(', '),
    validationSplit,
    'rows of validation': held ?? 0,
    earlyStopping: stopping !== undefined,
    ...(stopping && {
      'earlyStopping.patience': patience as number,
      'earlyStopping.minDelta': minDelta as number,
      'earlyStopping.monitor': typeof monitor === 'string' ? monitor : 'a function',
      'earlyStopping.mode': mode,
    }),
  };
}

/** Numbers that JSON has no word for, as they were. */
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
  const { into, ...given } = checkOptions(call, options, ['into', ...LOAD_OPTIONS]);
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
    const fillIt = readInto(target, file);
    const resume = fields.has('run') ? readRun(fields, target, all) : undefined;
    checkKnown(fields, all, resume);
    fillIt();
    goesOn(target, resume);
    return into as Network<AnyTargets, In, Out>;
  }
  const network = readNetwork(call, () => file, given);
  try {
    const parts = internals(call, network);
    const resume = fields.has('run') ? readRun(fields, parts, all) : undefined;
    checkKnown(fields, all, resume);
    goesOn(parts, resume);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network as Network<AnyTargets, In, Out>;
}

/** Where the next `fit` goes on. */
function goesOn({ trainee, engine: { memory } }: Internals, resume: Interrupted | undefined): void {
  trainee.run = undefined;
  trainee.resume = resume && { ...resume, changes: ++memory.changes };
}

/** @throws FileError for what the file has besides */
function checkKnown(fields: Fields, file: TensorFile, run: Interrupted | undefined): void {
  fields.end();
  const best = run?.stoppingState?.best && run.stoppingState.snapshot;
  const known = [...(best ? tensorsOf(BEST, best) : []), ...(run?.point ? tensorsOf(POINT, run.point) : [])].map(({ name }) => name);
  const other = [...file.tensors.keys()].find((name) => name.startsWith(CHECKPOINT) && !known.includes(name));
  if (other !== undefined) throw new FileError(`${fields.where} has no use for the tensor ${show(other)}`);
}

/** What writes a file's tensors into a network that is there. @throws FileError where its architecture is another */
function readInto(parts: Internals, file: TensorFile): () => void {
  const call = 'restore';
  const { engine } = parts;
  const fields = architectureIn(call, file);
  const { training, metadata, ...architecture } = fields.value;
  const own = architectureOf(parts);
  const slots = slotNames(engine.optimizerState?.slotNames ?? []);
  const names = nameTensors({ roots: rootsOf(own), layers: own.layers }, slots);
  const [there, here] = [architecture, writeArchitecture(call, own, names)].map((one) => JSON.stringify(one)) as [string, string];
  if (there !== here) {
    const which = difference(ofParts(JSON.parse(there)), ofParts(JSON.parse(here))) ?? 'the order of its parts is another';
    throw new FileError(
      `${call}: the checkpoint is of another architecture than the network: ${which}, expected the same layers, losses, optimizer and seed`,
    );
  }
  const { optimizer } = engine;
  const trained = optimizer && training !== undefined ? readTraining(fields.object('training'), optimizer) : undefined;
  const values = file.tensors;
  for (const [node, name] of names) {
    const { shape } = values.get(name) ?? {};
    if (String(shape) !== String(node.shape.size))
      throw new FileError(`${call}: the tensor ${show(name)} is missing or of another shape, expected [${node.shape.size}]`);
  }
  checkTensors(call, file, names, trained ? slots : [], optimizer);
  return () => {
    fill(parts, file, names, slots, trained);
    parts.metadata = metadata as Record<string, unknown>;
  };
}

/** An architecture with what users set before what follows from it, and by their names which parameters are trained. */
function ofParts({ seed, build, optimizer, losses, layers, frozen, ...rest }: Record<string, unknown>): object {
  const nodes = isList(rest.nodes) ? rest.nodes : [];
  const trainable = nodes.flatMap((node, i) =>
    fieldOf(node, 'op') === 'parameter' ? [[fieldOf(node, 'tensor'), !(isList(frozen) && frozen.includes(i))]] : [],
  );
  const named = (isList(layers) ? layers : []).map((one) => ({ kind: fieldOf(one, 'kind'), attributes: fieldOf(one, 'attributes'), ...one }));
  return { seed, build, optimizer, losses, layers: named, ...rest, trainable: Object.fromEntries(trainable) };
}

/** The first thing that differs, with its place. What is in a list goes by its name, where it has one. */
function difference(there: unknown, here: unknown, where = ''): string | undefined {
  if (there === here) return undefined;
  const nameIn = (value: unknown) => fieldOf(value, 'tensor') ?? fieldOf(value, 'name');
  const isShape = (value: unknown): value is readonly unknown[] => isList(value) && value.every((one) => typeof one !== 'object');
  const hasParts = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !isShape(value);
  if (hasParts(there) && hasParts(here)) {
    for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
      const [a, b] = [there[key], here[key]];
      const name = isList(there) ? (nameIn(a) ?? nameIn(b)) : undefined;
      const found = difference(a, b, typeof name === 'string' ? name.slice(0, 80) : (where && `${where}.${key}`.slice(-160)) || key);
      if (found) return found;
    }
    return undefined;
  }
  const shown = (value: unknown) => {
    if (value === undefined) return 'missing';
    return isShape(value) ? `[${value.join(', ').slice(0, 80)}]` : hasParts(value) ? 'there' : show(value);
  };
  return shown(there) === shown(here) ? undefined : `${where} is ${shown(there)} in the file and ${shown(here)} here`;
}

/** Where the training is. @throws FileError for what cannot be */
function readRun(fields: Fields, { engine }: Internals, file: TensorFile): Interrupted {
  const entry = fields.object('run');
  const rows = entry.has('rows') ? entry.integer('rows', 1, MOST) : undefined;
  const batch = entry.integer('batch', 1, MOST);
  const facts = readFacts(entry.object('facts'));
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
  const point = fields.has('powers') ? readSnapshot(POINT, fields, engine, file) : undefined;
  const scheduleState = fields.has('schedule') ? readSchedule(fields.object('schedule')) : undefined;
  const stoppingState = fields.has('stopping') ? readStopping(fields.object('stopping'), engine, file) : undefined;
  const at = { rows, batch, epoch, stream, step, samples, forms, sums, over, changes: 0 };
  const run: Interrupted = { ...at, facts, point, scheduleState, stoppingState, goOn: (begun) => goOn(at, run, begun) };
  return run;
}

/** @throws ValueError for a `fit` of something else */
function goOn(at: FitRun, { stoppingState, scheduleState, facts, point }: Interrupted, begun: FitBegun): LiveRun {
  const { stopping, schedule, epochs } = begun.options;
  const now = factsOf(begun);
  for (const [name, is, was] of [
    ['data of rows', begun.rows, at.rows],
    ['batches of rows', begun.batch, at.batch],
    ['a schedule with a state', schedule?.state !== undefined, scheduleState !== undefined],
    ['earlyStopping', stopping !== undefined, stoppingState !== undefined],
    ...[...new Set([...Object.keys(now), ...Object.keys(facts)])].map((key) => [key, now[key], facts[key]] as const),
  ] as const) {
    if (is !== was)
      throw new ValueError(
        `fit: ${name} is ${show(is)} and was ${show(was)} where the checkpoint was made, expected the same fit, which goes on; load() begins anew`,
      );
  }
  const done = at.step > 0 ? at.epoch : at.epoch - 1;
  if (epochs < done) throw new ValueError(`fit: epochs is ${epochs}, but the checkpoint was made in epoch ${done}, expected at least as many`);
  if (scheduleState) schedule?.restore?.(scheduleState);
  point?.restore();
  if (stopping && stoppingState) {
    const { least, waited, best, snapshot } = stoppingState;
    Object.assign(stopping, { least, waited, best });
    stopping.snapshot.parameters.set(snapshot.parameters);
    stopping.snapshot.powers.set(snapshot.powers);
    stopping.snapshot.slots.forEach((slot, i) => slot.set(snapshot.slots[i] as Float32Array));
  }
  return { ...at, ...begun };
}

function readFacts(fields: Fields): FitFacts {
  const kinds = ['number', 'string', 'boolean'];
  return Object.fromEntries(
    fields.keys().map((key) => {
      const value = fields.take(key);
      return kinds.includes(typeof value) ? [key, value as string] : fields.fail(key, `a ${kinds.join(' or ')}`);
    }),
  );
}

function readSchedule(fields: Fields): Readonly<Record<string, number>> {
  return Object.fromEntries(fields.keys().map((key) => [key, fields.number(key)]));
}

function readStopping(fields: Fields, engine: Internals['engine'], file: TensorFile): EarlyStopState {
  const least = fields.number('least');
  if (Number.isNaN(least)) fields.fail('least', 'a number');
  const waited = fields.integer('waited', 0, MOST);
  const best = fields.has('best') ? (decode(fields.object('best').value) as EpochEnd) : undefined;
  const snapshot = best ? readSnapshot(BEST, fields, engine, file) : new Snapshot(engine);
  fields.end();
  return { least, waited, best, snapshot };
}

/** Parameters and optimizer's state of some step, whose powers are among the fields. */
function readSnapshot(prefix: string, fields: Fields, engine: Internals['engine'], file: TensorFile): Snapshot {
  const { optimizer, optimizerState } = engine;
  const snapshot = new Snapshot(engine);
  const count = snapshot.powers.length;
  const given = fields.list('powers');
  snapshot.powers.forEach((_, i) => {
    const value = numberOf(given[i]) ?? Number.NaN;
    const [low, high] = optimizer ? rangeOfPower(optimizer, i) : [0, 0];
    if (!(Number.isFinite(value) && value >= low && value <= high)) fields.fail('powers', `${count} numbers in the range of the optimizer's`);
    snapshot.powers[i] = value;
  });
  if (given.length !== count) fields.fail('powers', `${count} numbers in the range of the optimizer's`);
  [snapshot.parameters, ...snapshot.slots].forEach((floats, i) => {
    const name = prefix + (i === 0 ? 'parameters' : `slot${i - 1}`);
    const tensor = file.tensors.get(name);
    if (!tensor || String(tensor.shape) !== String([floats.length]))
      throw new FileError(`restore: the tensor ${show(name)} is missing or of another shape, expected [${floats.length}]`);
    new Uint8Array(floats.buffer).set(tensor.bytes);
    const odd = floats.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw new FileError(`restore: number ${odd} of the tensor ${show(name)} is ${floats[odd]}, expected finite numbers`);
    const below = optimizer ? oddIn(optimizer, i === 0 ? '' : (optimizerState?.slotNames[i - 1] as string), floats) : -1;
    if (below >= 0)
      throw new FileError(`restore: number ${below} of the tensor ${show(name)} is ${floats[below]}, expected numbers ≥ 0, as of squares`);
  });
  return snapshot;
}
