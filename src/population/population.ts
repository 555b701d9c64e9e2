import { allocateFloats, type Floats, isNumericArray, kindOf, lengthOf } from '../arguments/arrays.js';
import { describe, isList, count as number } from '../arguments/describe.js';
import { countOf, elementsOf } from '../arguments/list.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs, OneOrList, Outputs, Weights } from '../arguments/values.js';
import type { Build } from '../core/core.js';
import { areIds, type Batch, checkIds, checkRows, readBatch, readInputs } from '../data/batch.js';
import { mayOverwrite, setFloats } from '../data/result.js';
import { copyIn, type Read, readPerParameter } from '../data/values.js';
import { PREDICTION_ROWS } from '../engine/engine.js';
import { BusyError, DisposedError, NotConfiguredError, ShapeError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { type AnyNetwork, internals, Network } from '../network/network.js';
import type { Parameter } from '../ops/leaves.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { EvaluateOptions } from '../training/evaluate.js';
import type { Metric } from '../training/metrics/metric.js';
import { searchingOf } from '../training/search/searching.js';
import { crossNets, mutateNet } from './breeding.js';
import { Cohort } from './cohort.js';
import { evaluateNow, type PopulationEvaluation, type PopulationMetrics } from './evaluation.js';
import type { PopulationFitOptions } from './fitOptions.js';
import type { PopulationHistory } from './history.js';
import { type PopulationRates, readRates } from './rates.js';
import type { PopulationData } from './sources.js';
import { fitAll, stepAll, type Trainees } from './training.js';

/** Options of a population. */
export interface PopulationOptions {
  /** The seed of each net: whole numbers from 0 to 2³² − 1. Default the network's seed, and from net to net one more. */
  readonly seeds?: ArrayLike<number>;
  /** Of what `mutate` and `crossover` draw. Default the network's seed. */
  readonly seed?: number;
}

/** Options of a population's `step`. */
export interface PopulationStepOptions {
  /** In place of the optimizer's: a number, or a list with one for each net. */
  readonly learningRate?: PopulationRates;
  /** Weights of the rows or of the elements of y, as data sets have them. */
  readonly weight?: Weights;
}

/** What nets say together; of several outputs a list each. */
export interface Ensemble<Out extends number = 1> {
  readonly mean: Outputs<Out, Floats>;
  readonly deviation: Outputs<Out, Floats>;
}

/** Options of `mutate`. */
export interface MutateOptions {
  /** Which nets, by their indices. Default all. */
  readonly nets?: number | ArrayLike<number>;
  /** The chance of each parameter to change, from 0 to 1. Default 1. */
  readonly rate?: number;
  /** The standard deviation of what is added. Default 0.1. */
  readonly deviation?: number;
}

/** Options of `crossover`. */
export interface CrossoverOptions {
  /** The chance of each parameter to be the second parent's, from 0 to 1. Default 0.5. */
  readonly rate?: number;
}

/** The most nets: their indices and the memory of all are then small whole numbers. */
const MOST_NETS = 2 ** 20;

/** What functions over a population work on. */
export interface PopulationInternals {
  readonly cohort: Cohort;
  readonly template: AnyNetwork;
  readonly trainees: Trainees;
  readonly seed: number;
  draws: number;
}

/** @throws ValueError for what is no population */
export let populationInternals: (call: string, population: AnyPopulation) => PopulationInternals;

const forgotten =
  typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<{ cohort: Cohort; template: AnyNetwork }>(freeAll);

function freeAll({ cohort, template }: { readonly cohort: Cohort; readonly template: AnyNetwork }): void {
  cohort.free();
  template.dispose();
}

/** Any population, however many inputs and outputs its nets have. */
// biome-ignore lint/suspicious/noExplicitAny: each number of inputs is assignable to it, and to no other.
export type AnyPopulation = Population<AnyTargets, any, any>;

/**
 * Nets of one graph with parameters of their own, which predict and train together: four of them share a vector. In the build `simd` each has the bits
 * of a network by itself with the same seed and data.
 *
 * `Population<T, In, Out>` is of nets `Network<T, In, Out>`.
 */
export class Population<T extends AnyTargets = AnyTargets, In extends number = 1, Out extends number = 1> {
  /** How many nets there are. */
  readonly count: number;
  readonly build: Build;
  /** The seed of each net. */
  readonly seeds: readonly number[];
  readonly #inside: PopulationInternals;
  readonly #inputs: readonly number[];
  readonly #outputs: readonly number[];
  /** Where the rows of a short prediction lie, and where its results go. */
  readonly #from = [0];
  readonly #to = [0];
  /** What is under way, the first begun first. */
  readonly #running: ('fit' | 'evaluate')[] = [];
  #disposed = false;
  /** Gives the memory back. Every call after that is a DisposedError. */
  // A field, as structured clones fail on functions.
  readonly dispose = (): void => {
    if (this.#disposed) return;
    this.#idle('dispose');
    this.#disposed = true;
    forgotten?.unregister(this);
    freeAll(this.#inside);
  };

  /** @internal */
  constructor(network: AnyNetwork, count: number, options: PopulationOptions = {}) {
    const call = 'population';
    const parts = internals(call, network).idle(call);
    if (!(Number.isInteger(count) && count >= 1 && count <= MOST_NETS))
      throw new ValueError(`${call}: count is ${describe(count)}, expected a whole number from 1 to ${MOST_NETS}`);
    const { seeds, seed = network.seed } = checkOptions(call, options, ['seeds', 'seed']);
    // Options are code of the caller's.
    parts.idle(call);
    this.seeds = Object.freeze(
      seeds === undefined ? Array.from({ length: count }, (_, i) => (network.seed + i) % 2 ** 32) : readSeeds(call, seeds, count),
    );
    checkSeed(call, 'seed', seed);
    const { optimizer } = parts.engine;
    if (searchingOf(optimizer))
      throw new ValueError(`${call}: the optimizer is ${optimizer?.name}, which searches by itself, expected one that follows a gradient`);
    this.count = count;
    this.build = parts.build;
    const template = copyOf(network, network.seed);
    let made: Cohort | undefined;
    try {
      made = new Cohort(parts.engine, parts.build, count, () => parts.tensorNames());
      for (const [net, own] of this.seeds.entries()) made.initialize(net, own);
    } catch (error) {
      made?.free();
      template.dispose();
      throw error;
    }
    const cohort = made;
    const widths = (nodes: readonly Node[]) => nodes.map((node) => features(node.shape));
    this.#inputs = widths(cohort.model.inputs);
    this.#outputs = widths(cohort.model.outputs);
    const zeros = () => new Array<number>(count).fill(0);
    this.#inside = { cohort, template, trainees: { cohort, seeds: this.seeds, epochsTrained: zeros(), stepsDone: zeros() }, seed, draws: 0 };
    forgotten?.register(this, { cohort, template }, this);
  }

  /** How many parameters each net has. */
  get parameterCount(): number {
    return this.#inside.cohort.parameterCount;
  }

  get optimizer(): Optimizer | undefined {
    return this.#inside.cohort.update?.optimizer;
  }

  /**
   * The memory that `run` reads: a row for each net, net by net, a live view. Take it anew after any other call: memory may grow.
   * @throws ShapeError for a graph of several inputs or outputs, or with ids
   */
  get input(): Floats {
    const at = this.#frame('input') >>> 2;
    return this.#inside.cohort.core.f32.subarray(at, at + this.#frameInputs) as Floats;
  }

  /** The memory that `run` writes: the output of each net, net by net, a live view. @throws as `input` does */
  get output(): Floats {
    const at = (this.#frame('output') >>> 2) + this.#frameInputs;
    return this.#inside.cohort.core.f32.subarray(at, at + this.count * (this.#outputs[0] as number)) as Floats;
  }

  /** Predicts the row of each net that lies in `input` into `output`. Nothing is copied or allocated. @throws as `input` does */
  run(): void {
    const { cohort } = this.#inside;
    const at = this.#frame('run');
    this.#from[0] = at;
    this.#to[0] = at + this.#frameInputs * 4;
    cohort.predict(cohort.program('predict', 1), 1, this.#from, this.#to, false);
  }

  get #frameInputs(): number {
    return this.count * (this.#inputs[0] as number);
  }

  /** The address of a row for each net, behind which their outputs lie. Allocates all that `run` needs. */
  #frame(call: string): number {
    this.#alive(call);
    const { cohort } = this.#inside;
    if (cohort.ids || this.#inputs.length > 1 || this.#outputs.length > 1)
      throw new ShapeError(
        `${call}: the graph has ${number(this.#inputs.length, 'input')}${cohort.ids ? ', with ids,' : ''} and ${number(this.#outputs.length, 'output')}, expected one of each, without ids: use predictEach`,
      );
    cohort.program('predict', 1);
    return cohort.frame((this.#frameInputs + this.count * (this.#outputs[0] as number)) * 4);
  }

  /** What the parameters are called, in their order, as `network.parameterNames`. */
  get parameterNames(): readonly string[] {
    return this.#inside.template.parameterNames;
  }

  /**
   * The outputs of all nets for the same rows: `[count, rows, out]`, net by net. Several inputs are passed as a list, several outputs come as one.
   * @param out is filled and returned, for one output: `count` × rows × out numbers; nothing else is allocated then
   */
  predict(x: Inputs<In>, out?: OneOrList<Out, Float32Array, never>): Outputs<Out, Floats> {
    return this.#predict('predict', x, out, true) as Outputs<Out, Floats>;
  }

  /**
   * The outputs of all nets, each for rows of its own: x is `[count, rows, in]`, net by net, and as many rows for each.
   * @throws ShapeError where the rows are no multiple of `count`
   */
  predictEach(x: Inputs<In>, out?: OneOrList<Out, Float32Array, never>): Outputs<Out, Floats> {
    return this.#predict('predictEach', x, out, false) as Outputs<Out, Floats>;
  }

  /**
   * What the nets say of the same rows together: the mean over them of each output, and the deviation √(1/n Σ (uᵢ − mean)²), n nets, which is large where
   * they do not agree. Both are `[rows, out]`; lists for several outputs.
   */
  ensemble(x: Inputs<In>): Ensemble<Out> {
    const found: unknown = this.#predict('ensemble', x, undefined, true);
    const { count } = this;
    const all = (isList(found) ? found : [found]) as Float32Array[];
    const means = all.map((outputs) => new Float32Array(outputs.length / count));
    const deviations = all.map((outputs, output) => {
      const n = outputs.length / count;
      return Float32Array.from({ length: n }, (_, i) => {
        let mean = 0;
        for (let at = i; at < outputs.length; at += n) mean += (outputs[at] as number) / count;
        let squares = 0;
        for (let at = i; at < outputs.length; at += n) squares += ((outputs[at] as number) - mean) ** 2;
        (means[output] as Float32Array)[i] = mean;
        return Math.sqrt(squares / count);
      });
    });
    return (all.length > 1 ? { mean: means, deviation: deviations } : { mean: means[0], deviation: deviations[0] }) as unknown as Ensemble<Out>;
  }

  #predict(call: string, x: Inputs, out: Float32Array | undefined, shared: boolean): Floats {
    this.#alive(call);
    const { cohort } = this.#inside;
    const { count } = this;
    if (out !== undefined && this.#fill(x, out, shared)) return out as Floats;
    const xs = readInputs(call, x, this.#inputs);
    checkIds(call, xs, this.#inputs, cohort.ids);
    this.#alive(call);
    const all = (xs[0] as Read).rows;
    const rows = shared ? all : this.#rowsEach(call, all);
    const widths = this.#outputs;
    const several = widths.length > 1;
    const checkOut = () => {
      const n = count * rows * (widths[0] as number);
      if (out !== undefined && (several || kindOf(out) !== 'Float32Array' || lengthOf(out) !== n))
        throw new ShapeError(
          `${call}: out is ${describe(out)}, expected ${several ? `none for ${widths.length} outputs` : `a Float32Array of ${n}, ${count} × ${rows} × ${widths[0]}`}`,
        );
    };
    checkOut();
    // What is read by a later chunk is written when all is computed.
    const later = rows > PREDICTION_ROWS ? xs.map(({ values }) => values) : [];
    const direct = out && !mayOverwrite(out, later) ? out : undefined;
    const results = widths.map((width) => direct ?? allocateFloats(`${call}: the output`, count * rows * width));
    if (out !== undefined) {
      this.#reserve(Math.min(rows, PREDICTION_ROWS), shared);
      // Memory that grew detached views of it.
      checkOut();
    }
    for (let from = 0; from < rows; from += PREDICTION_ROWS) this.#chunk(xs, results, from, Math.min(rows, from + PREDICTION_ROWS), rows, shared);
    if (out === direct) return (several ? results : results[0]) as Floats;
    setFloats(out as Floats, results[0] as Float32Array);
    return out as Floats;
  }

  /** The way of games: floats for one input of few rows, into floats of one output, without an allocation. @returns false for all else */
  #fill(x: unknown, out: Float32Array, shared: boolean): boolean {
    const { cohort } = this.#inside;
    if (kindOf(x) !== 'Float32Array' || kindOf(out) !== 'Float32Array' || cohort.ids || this.#inputs.length > 1 || this.#outputs.length > 1)
      return false;
    const floats = x as Float32Array;
    const n = lengthOf(floats);
    const results = lengthOf(out);
    const rows = n / ((this.#inputs[0] as number) * (shared ? 1 : this.count));
    if (!(Number.isInteger(rows) && rows > 0 && rows <= PREDICTION_ROWS && results === this.count * rows * (this.#outputs[0] as number)))
      return false;
    const loaded = cohort.ready(rows, (n + results) * 4);
    if (!loaded) return false;
    const at = cohort.stage((n + results) * 4);
    const { f32 } = cohort.core;
    f32.set(floats, at >>> 2);
    const outAt = at + n * 4;
    this.#from[0] = at;
    this.#to[0] = outAt;
    cohort.predict(loaded, rows, this.#from, this.#to, shared);
    setFloats(out, f32.subarray(outAt >>> 2, (outAt >>> 2) + results));
    return true;
  }

  /** Numbers of each input and each output of a prediction of so many rows. */
  #sizes(rows: number, shared: boolean): number[] {
    const { count } = this;
    return [...this.#inputs.map((width) => (shared ? 1 : count) * rows * width), ...this.#outputs.map((width) => count * rows * width)];
  }

  /** Allocates all that a prediction of so many rows at once needs. */
  #reserve(rows: number, shared: boolean): void {
    const { cohort } = this.#inside;
    cohort.program('predict', rows);
    cohort.stage(this.#sizes(rows, shared).reduce((sum, n) => sum + n, 0) * 4);
  }

  /** Predicts rows `from` … `to` − 1 of each net, of `rows`. */
  #chunk(xs: readonly Read[], results: readonly Float32Array[], from: number, to: number, rows: number, shared: boolean): void {
    const { cohort } = this.#inside;
    const { count } = this;
    const some = to - from;
    const loaded = cohort.program('predict', some);
    const sizes = this.#sizes(some, shared);
    const base = cohort.stage(sizes.reduce((sum, n) => sum + n, 0) * 4);
    const { f32 } = cohort.core;
    let next = base;
    const addresses = sizes.map((n) => {
      const at = next;
      next += n * 4;
      return at;
    });
    const inputs = addresses.slice(0, xs.length);
    const outputs = addresses.slice(xs.length);
    xs.forEach((read, i) => {
      const width = this.#inputs[i] as number;
      const at = (inputs[i] as number) >>> 2;
      if (shared || some === rows) copyIn(read, width, shared ? from : 0, shared ? to : count * rows, f32, at);
      else for (let net = 0; net < count; net++) copyIn(read, width, net * rows + from, net * rows + to, f32, at + net * some * width);
    });
    cohort.predict(loaded, some, inputs, outputs, shared);
    results.forEach((result, i) => {
      const width = this.#outputs[i] as number;
      const at = (outputs[i] as number) >>> 2;
      const n = some * width;
      if (some === rows) setFloats(result, f32.subarray(at, at + count * n));
      else for (let net = 0; net < count; net++) setFloats(result, f32.subarray(at + net * n, at + (net + 1) * n), (net * rows + from) * width);
    });
  }

  /**
   * One training step of all nets on the same batch. The loss of each net, before its update: NaN for a net whose loss or parameters would become NaN or
   * infinite; it stays as it was.
   */
  step(x: Inputs<In>, y: T, options: PopulationStepOptions = {}): Float64Array {
    return this.#step('step', x, y, options, true);
  }

  /** The same with a batch for each net: x is `[count, rows, in]` and y as many rows, net by net. */
  stepEach(x: Inputs<In>, y: T, options: PopulationStepOptions = {}): Float64Array {
    return this.#step('stepEach', x, y, options, false);
  }

  #step(call: string, x: Inputs, y: AnyTargets, options: PopulationStepOptions, shared: boolean): Float64Array {
    this.#trains(call);
    const { cohort, trainees } = this.#inside;
    const { learningRate = cohort.update?.optimizer.learningRate, weight } = checkOptions(call, options, ['learningRate', 'weight']);
    const rates = readRates(call, learningRate, this.count);
    if (!rates.constant) throw new ValueError(`${call}: learningRate is a schedule, expected a number, or a list with one for each net`);
    const batch = readBatch(call, cohort.columns, x, { y, weight });
    // Reading may have run code of the caller's.
    this.#trains(call);
    const rows = shared ? batch.rows : this.#rowsEach(call, batch.rows);
    checkRows(call, cohort, rows);
    const addresses = this.#stage(call, batch);
    return stepAll(trainees, rows, batch.forms, rates, ({ first, groups }) => {
      const program = cohort.program('step', rows, batch.forms);
      for (let index = 0; index < groups; index++) {
        const group = first + index;
        const nets = cohort.netsOf(group);
        batch.columns.forEach(({ width }, i) => {
          const n = rows * width;
          const stride = shared ? 0 : n * 4;
          cohort.writeInput(program, i, index, (addresses[i] as number) + group * 4 * stride, n, stride, nets);
        });
      }
    });
  }

  /** Copies a batch to memory. @returns where its columns lie @throws ValueError for a number that is not finite */
  #stage(call: string, { rows, columns }: Batch): number[] {
    const { cohort } = this.#inside;
    let next = cohort.stage(columns.reduce((sum, { width }) => sum + rows * width, 0) * 4);
    const { core } = cohort;
    return columns.map(({ what, width, values }) => {
      const at = next;
      next += rows * width * 4;
      if (areIds(values)) core.u32.set(values, at >>> 2);
      else {
        copyIn(values, width, 0, rows, core.f32, at >>> 2);
        const odd = core.exports.firstNonFinite(at, rows * width);
        if (odd >= 0)
          throw new ValueError(
            `${call}: ${what}[row ${Math.floor(odd / width)}, feature ${odd % width}] is ${values.values[odd]}, expected finite numbers`,
          );
      }
      return at;
    });
  }

  #rowsEach(call: string, all: number): number {
    if (all % this.count !== 0)
      throw new ShapeError(`${call}: x has ${all} rows for ${this.count} nets, expected a multiple of ${this.count}: as many rows for each`);
    return all / this.count;
  }

  /**
   * Trains all nets for some epochs, on the same data or each on its own (a list of data sets, of as many rows as each has), in slices of a few
   * milliseconds with the event loop running between them. A net whose loss or parameters would become NaN or infinite stops before that step, and one
   * whose early stopping ends it after that epoch; the others go on.
   * @throws BusyError during another fit; ShapeError for another number of data sets; `signal.reason` on abort. The parameters stay valid in each case
   */
  async fit<const M extends readonly Metric[] = readonly []>(
    data: PopulationData,
    options: PopulationFitOptions<M> = {},
  ): Promise<PopulationHistory<M>> {
    this.#trains('fit');
    this.#running.push('fit');
    try {
      const history = await fitAll(this.#inside.trainees, data, options as PopulationFitOptions<readonly Metric[]>);
      return history as unknown as PopulationHistory<M>;
    } finally {
      this.#running.pop();
    }
  }

  /**
   * Mean loss and accuracy of each net, on the same data or each on its own (a list of data sets). Changes nothing.
   * @param options as `Network.evaluate` takes them: `metrics`, each under its name with a value for each net; `threshold`; `training`
   */
  evaluate(data: PopulationData): PopulationEvaluation;
  evaluate<const M extends readonly Metric[]>(data: PopulationData, options: EvaluateOptions<M>): PopulationEvaluation & PopulationMetrics<M>;
  evaluate(data: PopulationData, options: EvaluateOptions = {}): PopulationEvaluation {
    const call = 'evaluate';
    this.#alive(call);
    const { cohort } = this.#inside;
    if (!cohort.losses.some((loss) => loss)) throw new NotConfiguredError(call, 'loss', 'population');
    // Data and metrics are code of the caller's.
    this.#running.push(call);
    try {
      return evaluateNow(cohort, data, options);
    } finally {
      this.#running.pop();
    }
  }

  /** A copy of the parameters of a net, in the order of `parameterNames`. */
  parameters(net: number): Floats {
    this.#alive('parameters');
    this.#checkNet('parameters', net);
    return this.#inside.cohort.readValues(net, this.parameterCount);
  }

  /**
   * Sets the parameters of a net; the optimizer's state stays.
   * @throws ShapeError for another number of them; ValueError for one that is not finite. Nothing is changed then
   */
  setParameters(net: number, parameters: ArrayLike<number>): void {
    const call = 'setParameters';
    this.#idle(call);
    this.#checkNet(call, net);
    const values = readPerParameter(call, 'parameters', parameters, this.parameterCount);
    checkFinite(call, 'parameters', values);
    this.#idle(call);
    this.#inside.cohort.writeValues(net, values);
  }

  /** A net as an ordinary network: a copy with its parameters, states, optimizer state and seed, which trains on as the net would. */
  network(net: number): Network<T, In, Out> {
    this.#alive('network');
    this.#checkNet('network', net);
    const { cohort, template, trainees } = this.#inside;
    const made = copyOf(template, this.seeds[net] as number);
    const { engine, trainee } = internals('network', made);
    const values = cohort.readValues(net);
    for (const node of engine.stored) {
      const from = cohort.offsetOf(node);
      const at = engine.addressOf(node) >>> 2;
      engine.core.f32.set(values.subarray(from, from + node.shape.size.reduce((a, b) => a * b, 1)), at);
    }
    const state = engine.optimizerState;
    if (state) {
      const { slots, powers } = cohort.readState(net);
      state.slots.forEach((address, i) => {
        engine.core.f32.set(slots.subarray(i * engine.parameterCount, (i + 1) * engine.parameterCount), address >>> 2);
      });
      engine.core.f64.set(powers, state.powers >>> 3);
      engine.judgeState();
    }
    trainee.epochsTrained = trainees.epochsTrained[net] as number;
    trainee.stepsDone = trainees.stepsDone[net] as number;
    return made as Network<T, In, Out>;
  }

  /**
   * Gives a net the parameters and states of a network, how long it was trained, and what its optimizer keeps; where it has another optimizer, that state
   * begins anew. What `network(i)` gave comes back so. The net keeps its seed.
   * @throws ShapeError where the parameters have other names or shapes; ValueError for a value that is not finite. Nothing is changed then
   */
  setNetwork(net: number, network: AnyNetwork): void {
    const call = 'setNetwork';
    this.#idle(call);
    this.#checkNet(call, net);
    const { cohort, template, trainees } = this.#inside;
    const parts = internals(call, network).alive(call);
    const { engine } = parts;
    const shapes = (of: AnyNetwork) => {
      const inside = internals(call, of);
      const names = inside.tensorNames();
      return inside.engine.stored.map((node) => `${names.get(node)} ${node.shape.size.join(' × ')}`).join(', ');
    };
    const [found, expected] = [shapes(network), shapes(template)];
    if (found !== expected) throw new ShapeError(`${call}: the network has ${found}, expected ${expected}`);
    const values = new Float32Array(cohort.valueCount);
    engine.stored.forEach((node, i) => {
      const own = cohort.stored[i] as (typeof cohort.stored)[number];
      const at = engine.addressOf(node) >>> 2;
      const n = node.shape.size.reduce((a, b) => a * b, 1);
      values.set(engine.core.f32.subarray(at, at + n), cohort.offsetOf(own));
    });
    checkFinite(call, "the network's values", values);
    const state = engine.optimizerState;
    const { update } = cohort;
    const slots = new Float32Array(cohort.slotCount);
    let powers: ArrayLike<number> = update?.start ?? [];
    if (state && update && engine.optimizer?.name === update.optimizer.name && String(state.slotNames) === String(update.slotNames)) {
      const n = engine.parameterCount;
      state.slots.forEach((address, i) => {
        slots.set(engine.core.f32.subarray(address >>> 2, (address >>> 2) + n), i * n);
      });
      powers = engine.core.f64.slice(state.powers >>> 3, (state.powers >>> 3) + state.powerCount);
    }
    cohort.writeValues(net, values);
    cohort.writeState(net, { slots, powers });
    trainees.epochsTrained[net] = parts.trainee.epochsTrained;
    trainees.stepsDone[net] = parts.trainee.stepsDone;
  }

  /** Gives net `to` the parameters and states of net `from`, how long it was trained, and what the optimizer keeps of it. It keeps its seed. */
  copy(from: number, to: number): void {
    this.#idle('copy');
    this.#checkNet('copy', from, 'from');
    this.#checkNet('copy', to, 'to');
    const { cohort, trainees } = this.#inside;
    cohort.writeValues(to, cohort.readValues(from));
    cohort.writeState(to, cohort.readState(from));
    for (const counts of [trainees.epochsTrained, trainees.stepsDone]) counts[to] = counts[from] as number;
  }

  /**
   * Adds normal deviates to parameters: each changes with a chance of `rate`, by a number of mean 0 and the deviation given. What is drawn follows from
   * the population's `seed` and the draws before it alone, bit for bit everywhere. The optimizer's state stays, and so does what `trainable: false` froze.
   */
  mutate(options: MutateOptions = {}): void {
    const call = 'mutate';
    this.#idle(call);
    const { nets, rate = 1, deviation = 0.1 } = checkOptions(call, options, ['nets', 'rate', 'deviation']);
    checkShare(call, rate);
    if (!(Number.isFinite(deviation) && deviation >= 0 && Number.isFinite(Math.fround(deviation))))
      throw new ValueError(`${call}: deviation is ${describe(deviation)}, expected a finite number ≥ 0`);
    const isOne = typeof nets === 'number';
    if (nets !== undefined && !isOne && !isList(nets) && !isNumericArray(nets))
      throw new ValueError(`${call}: nets is ${describe(nets)}, expected the index of a net, or a list of them`);
    const list = nets === undefined ? [...this.seeds.keys()] : isOne ? [nets] : [];
    const given = nets === undefined || isOne ? list : (nets as readonly number[]);
    for (let i = 0, n = countOf(given); i < n; i++) {
      const net = given[i] as number;
      this.#checkNet(call, net);
      list[i] = net;
    }
    this.#idle(call);
    const inside = this.#inside;
    for (const net of list) mutateNet(inside.cohort, net, inside.seed, inside.draws++, rate, deviation);
  }

  /**
   * Gives net `into` a mixture of two nets: each parameter is that of `a`, or with a chance of `rate` that of `b` (uniform crossover, Syswerda 1989).
   * `into` may be `a` or `b`. Its states are those of `a`; what the optimizer keeps of it stays.
   */
  crossover(into: number, a: number, b: number, options: CrossoverOptions = {}): void {
    const call = 'crossover';
    this.#idle(call);
    for (const [what, net] of Object.entries({ into, a, b })) this.#checkNet(call, net, what);
    const { rate = 0.5 } = checkOptions(call, options, ['rate']);
    checkShare(call, rate);
    this.#idle(call);
    const inside = this.#inside;
    crossNets(inside.cohort, into, a, b, inside.seed, inside.draws++, rate);
  }

  /** Draws the parameters of all nets afresh from their seeds and clears what the optimizer keeps: the population as it was made. */
  reset(): this {
    this.#idle('reset');
    const { cohort, trainees } = this.#inside;
    this.seeds.forEach((seed, net) => {
      cohort.initialize(net, seed);
    });
    trainees.epochsTrained.fill(0);
    trainees.stepsDone.fill(0);
    this.#inside.draws = 0;
    return this;
  }

  #checkNet(call: string, net: number, what = 'net'): void {
    if (!(Number.isInteger(net) && net >= 0 && net < this.count))
      throw new ValueError(`${call}: ${what} is ${describe(net)}, expected a whole number from 0 to ${this.count - 1}`);
  }

  #alive(call: string): void {
    if (this.#disposed) throw new DisposedError(call, 'the population was disposed');
  }

  #idle(call: string): void {
    this.#alive(call);
    const [running] = this.#running;
    if (running !== undefined) throw new BusyError(call, running, 'population');
  }

  #trains(call: string): void {
    this.#idle(call);
    const { cohort } = this.#inside;
    if (!cohort.losses.some((loss) => loss)) throw new NotConfiguredError(call, 'loss', 'population');
    if (!cohort.update) throw new NotConfiguredError(call, 'optimizer', 'population');
  }

  static {
    populationInternals = (call, population) => {
      if (typeof population !== 'object' || population === null || !(#inside in population))
        throw new ValueError(`${call}: population is ${describe(population)}, expected what population() gave`);
      population.#alive(call);
      return population.#inside;
    };
  }

  /** @internal What an error says where it comes in place of a network. */
  get noNetwork(): string {
    return '; population.network(i) gives one of its nets, savePopulation(population) a file of all';
  }

  get [Symbol.toStringTag](): string {
    return 'Population';
  }

  /** The population in a line. */
  toString(): string {
    return `Population of ${this.count} × ${String(this.#inside.template)}`;
  }

  /** What Node's console shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Nets of a network's graph, each with parameters of its own drawn from its seed: for ensembles, k folds, sweeps of learning rates and neuroevolution.
 * Loss, optimizer, penalties and what is frozen are the network's as it is now; the network itself is left alone.
 *
 * @param count how many: from 1 to 1,048,576
 * @throws ValueError for a count, a seed or an optimizer that there cannot be; ShapeError for seeds of another number
 */
export function population<T extends AnyTargets, In extends number, Out extends number>(
  network: Network<T, In, Out>,
  count: number,
  options?: PopulationOptions,
): Population<T, In, Out> {
  return new Population<T, In, Out>(network as AnyNetwork, count, options);
}

/** A network of the same graph, with the same loss, optimizer and penalties, whose parameters are left for the caller to write. */
function copyOf(network: AnyNetwork, seed: number): AnyNetwork {
  const { engine, build, reproducible, metadata } = internals('population', network);
  const { inputs, outputs } = engine.graph;
  const frozen = engine.parameters.filter((node) => engine.frozen.has(node));
  const made: AnyNetwork = new Network(
    { inputs, outputs },
    { seed, build, reproducible: reproducible && build === 'simd' },
    'leave',
    frozen as Parameter[],
  );
  const inside = internals('population', made);
  inside.metadata = metadata;
  const { optimizer } = engine;
  try {
    inside.engine.configure(
      engine.losses,
      inside.engine.planUpdate(optimizer, () => inside.tensorNames()),
      engine.penalties,
    );
  } catch (error) {
    made.dispose();
    throw error;
  }
  return made;
}

function readSeeds(call: string, seeds: unknown, count: number): number[] {
  if (!isList(seeds) && !isNumericArray(seeds)) throw new ValueError(`${call}: seeds is ${describe(seeds)}, expected a list of ${count}`);
  const found = countOf(seeds);
  if (found !== count) throw new ShapeError(`${call}: ${found} seeds came for ${count} nets, expected ${count}, one for each`);
  const list = elementsOf(seeds, count) as number[];
  list.forEach((seed, i) => {
    checkSeed(call, `seeds[${i}]`, seed);
  });
  return list;
}

function checkSeed(call: string, what: string, seed: unknown): void {
  if (!(Number.isInteger(seed) && (seed as number) >= 0 && (seed as number) < 2 ** 32))
    throw new ValueError(`${call}: ${what} is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
}

function checkFinite(call: string, what: string, values: Float32Array): void {
  const odd = values.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new ValueError(`${call}: ${what}[${odd}] is ${values[odd]}, expected a finite number`);
}

function checkShare(call: string, rate: unknown): void {
  if (!(typeof rate === 'number' && rate >= 0 && rate <= 1))
    throw new ValueError(`${call}: rate is ${describe(rate)}, expected a number from 0 to 1`);
}
