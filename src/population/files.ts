/** A population as one file, and back. */
import { allocateFloats, type Bytes } from '../arguments/arrays.js';
import { bytesOf as bytesGiven } from '../arguments/bytes.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets } from '../arguments/values.js';
import { FileError, ValueError } from '../errors.js';
import { Fields, MAX_VALUES, parseJson } from '../files/json.js';
import { type LoadOptions, readNetwork } from '../files/load.js';
import { readTensorFile, type Tensor } from '../files/safetensors.js';
import { bytesOf, writeNetwork } from '../files/save.js';
import { internals } from '../network/network.js';
import { oddIn, rangeOfPower } from '../optimizers/optimizer.js';
import { type AnyPopulation, Population, populationInternals } from './population.js';

/** What the file's own tensors begin with, and the key of its metadata. */
const PREFIX = 'population.';
const KEY = 'population';

/** The most nets that a file may have: those that a population may. */
const MOST_NETS = 2 ** 20;

/**
 * A population as the bytes of a safetensors file, which `loadPopulation` takes: its graph with loss and optimizer, and the parameters, states, optimizer
 * state and seeds of all nets, so that training the loaded one goes on with the same bits. `population.values` has the parameters of all nets, a row each.
 */
export function savePopulation(population: AnyPopulation): Bytes {
  const call = 'savePopulation';
  const { cohort, template, trainees, seed, draws } = populationInternals(call, population);
  const { count } = population;
  const values = allocateFloats(`${call}: the parameters`, count * cohort.valueCount);
  const slots = allocateFloats(`${call}: the optimizer's state`, count * cohort.slotCount);
  const powers: number[] = [];
  for (let net = 0; net < count; net++) {
    const state = cohort.readState(net);
    values.set(cohort.readValues(net), net * cohort.valueCount);
    slots.set(state.slots, net * cohort.slotCount);
    powers.push(...state.powers);
  }
  const tensors: Tensor[] = [{ name: `${PREFIX}values`, shape: [count, cohort.valueCount], bytes: bytesOf(values) }];
  if (cohort.slotCount > 0) tensors.push({ name: `${PREFIX}slots`, shape: [count, cohort.slotCount], bytes: bytesOf(slots) });
  const { epochsTrained, stepsDone } = trainees;
  const text = JSON.stringify({ count, seeds: population.seeds, seed, draws, epochsTrained, stepsDone, powers });
  // What a reader would refuse is not written.
  const numbers = 3 * count + powers.length;
  if (numbers > MAX_VALUES - 16)
    throw new ValueError(`${call}: ${count} nets have ${numbers} numbers besides parameters, expected at most ${MAX_VALUES - 16}`);
  const metadata = { [KEY]: text };
  return writeNetwork(call, internals(call, template), false, { tensors, metadata });
}

/** Options of `loadPopulation`: those of `load` that a population has. */
export type LoadPopulationOptions = Pick<LoadOptions, 'build' | 'reproducible' | 'ops' | 'optimizers'>;

/**
 * The population of a file that `savePopulation` wrote. The file need not be trusted: whatever its bytes are, they give a population or a FileError.
 * It is typed as one of nets with one input and one output, unless told as `load` is: `loadPopulation<2, 1>(bytes)`.
 * @throws FileError for a file that is damaged, or no population's
 */
export function loadPopulation<In extends number = 1, Out extends number = 1>(
  bytes: Uint8Array | ArrayBuffer,
  options: LoadPopulationOptions = {},
): Population<AnyTargets, In, Out> {
  const call = 'loadPopulation';
  const given = checkOptions(call, options, ['build', 'reproducible', 'ops', 'optimizers']);
  const file = readTensorFile(bytesGiven(call, bytes), call);
  const text = file.metadata.get(KEY);
  if (text === undefined) throw new FileError(`${call}: the file has no population, expected one made by savePopulation()`);
  const where = `${call}: the population`;
  const fields = new Fields(parseJson(text, where), where);
  const count = fields.integer('count', 1, MOST_NETS);
  const whole = (name: string, most = Number.MAX_SAFE_INTEGER) => fields.integer(name, 0, most);
  const [seed, draws] = [whole('seed', 2 ** 32 - 1), whole('draws')];
  const each = (name: string, most = Number.MAX_SAFE_INTEGER): number[] => {
    const list = fields.list(name);
    const isWhole = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
    return list.length === count && list.every(isWhole) ? (list as number[]) : fields.fail(name, `${count} whole numbers from 0 to ${most}`);
  };
  const [seeds, epochsTrained, stepsDone] = [each('seeds', 2 ** 32 - 1), each('epochsTrained'), each('stepsDone')];
  const powers = fields.list('powers');
  fields.end();
  const tensors = new Map([...file.tensors].filter(([name]) => !name.startsWith(PREFIX)));
  const network = readNetwork(call, () => ({ tensors, metadata: file.metadata }), given);
  try {
    // Before memory for so many nets is asked for: what the file has bounds it.
    const { engine } = internals(call, network);
    const floats = (name: string, width: number): Float32Array => {
      const tensor = file.tensors.get(PREFIX + name);
      if (tensor?.shape.length !== 2 || tensor.shape[0] !== count || tensor.shape[1] !== width)
        throw new FileError(`${call}: the tensor "${PREFIX}${name}" is missing or of another shape, expected [${count}, ${width}]`);
      const read = new Float32Array(tensor.bytes.slice().buffer);
      const odd = read.findIndex((value) => !Number.isFinite(value));
      if (odd >= 0) throw new FileError(`${call}: ${PREFIX}${name}[${odd}] is ${read[odd]}, expected a finite number`);
      return read;
    };
    const slotCount = engine.parameterCount * (engine.optimizerState?.slots.length ?? 0);
    const values = floats('values', engine.valueCount);
    const slots = slotCount > 0 ? floats('slots', slotCount) : new Float32Array(0);
    const own = [`${PREFIX}values`, ...(slotCount > 0 ? [`${PREFIX}slots`] : [])];
    const other = [...file.tensors.keys()].find((name) => name.startsWith(PREFIX) && !own.includes(name));
    if (other !== undefined) throw new FileError(`${call}: there is a tensor "${other}", expected ${own.join(' and ')}`);
    const { optimizer, parameterCount } = engine;
    const powerCount = engine.optimizerState?.powerCount ?? 0;
    const isPower = (value: unknown, i: number): value is number => {
      const [low, high] = optimizer ? rangeOfPower(optimizer, i % powerCount) : [0, 0];
      return typeof value === 'number' && value >= low && value <= high;
    };
    if (powers.length !== count * powerCount || !powers.every(isPower))
      throw new FileError(`${where}: powers is not as expected: ${count} × ${powerCount} numbers in the range of the optimizer's`);
    engine.optimizerState?.slotNames.forEach((name, slot) => {
      for (let net = 0; optimizer && net < count; net++) {
        const at = net * slotCount + slot * parameterCount;
        const odd = oddIn(optimizer, name, slots.subarray(at, at + parameterCount));
        if (odd >= 0) throw new FileError(`${call}: ${PREFIX}slots[${at + odd}] is ${slots[at + odd]}, expected numbers ≥ 0, as of squares`);
      }
    });
    const made = new Population<AnyTargets, In, Out>(network, count, { seeds, seed });
    const inside = populationInternals(call, made);
    for (let net = 0; net < count; net++) {
      inside.cohort.writeValues(net, values.subarray(net * engine.valueCount, (net + 1) * engine.valueCount));
      inside.cohort.writeState(net, {
        slots: slots.subarray(net * slotCount, (net + 1) * slotCount),
        powers: powers.slice(net * powerCount, (net + 1) * powerCount) as number[],
      });
    }
    for (let net = 0; net < count; net++) {
      inside.trainees.epochsTrained[net] = epochsTrained[net] as number;
      inside.trainees.stepsDone[net] = stepsDone[net] as number;
    }
    inside.draws = draws;
    return made;
  } finally {
    network.dispose();
  }
}
