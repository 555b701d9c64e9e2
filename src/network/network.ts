import type { Floats } from '../arguments/arrays.js';
import { describe, fieldOf, hasFields, isList } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { checkSize } from '../arguments/size.js';
import type { AnyTargets, Decided, Inputs, OneOrList, Outputs, ReturnedOf, Values } from '../arguments/values.js';
import { type Build, coreOf, type Threads } from '../core/core.js';
import type { WeightOption } from '../data/batch.js';
import type { Dataset, DatasetLiteral } from '../data/dataset.js';
import type { Stream } from '../data/stream.js';
import { Engine } from '../engine/engine.js';
import { forgotten } from '../engine/forgotten.js';
import type { Quantization } from '../engine/packing.js';
import { nodesOf } from '../engine/recipes.js';
import { NeuriteError, ValueError } from '../errors.js';
import { type Node, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { activationIn, layerOf } from '../layers/layer.js';
import { nameLayers, stateUpdates } from '../layers/names.js';
import type { Loss } from '../losses/loss.js';
import { lossesOf, type NetworkLoss, type TargetsOf } from '../losses/networkLoss.js';
import { type Penalty, penaltiesOf } from '../losses/penalty.js';
import { Parameter, State } from '../ops/leaves.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { optimizerOf } from '../optimizers/optimizers.js';
import { type EvaluateAsyncOptions, type EvaluateOptions, evaluate, evaluateAsync } from '../training/evaluate.js';
import { fit, type Trainee } from '../training/fit.js';
import type { FitOptions } from '../training/fitOptions.js';
import type { Evaluation, History } from '../training/history.js';
import type { Metric, MetricValues } from '../training/metrics/metric.js';
import { type CopyParametersOptions, copyParametersFrom, type ParameterTensor, type SetParametersOptions, setParameters } from './assign.js';
import { BatchRunner, type StepOptions } from './batchRunner.js';
import { checkGraph } from './checkGraph.js';
import { chooseBuild, otherBuild, quantizationOf, threadsOf } from './chooseBuild.js';
import { Debugger } from './debugger.js';
import { Internals } from './internals.js';
import { MOVED } from './moved.js';
import { type ClassifyOptions, frozen, Predictor, predictInTraining } from './predictor.js';
import { type LayerView, layerViews, type ParameterView, parameterView } from './views.js';

/** Options of a network. */
export interface NetworkOptions<L extends NetworkLoss = NetworkLoss> {
  /**
   * What is minimised: a loss, such as `crossEntropy()`, or a function `(output, target) => node` that gives the loss of each row, `[rows, 1]`. A list
   * where there are several outputs, whose weighted sum is minimised. Without one, the network only predicts.
   */
  readonly loss?: L;
  /**
   * What is minimised besides: nodes, or a function that makes them of the layers. A batch `[rows, 1]` counts as its mean over the rows; of
   * parameters alone, a vector or a matrix counts as the sum of its elements, so that λ·Σ|w| is `scale(abs(w), lambda)`. Every loss that is reported
   * has it in it, that of an evaluation too. A penalty is made of the network's own inputs and parameters. Default none.
   */
  readonly penalty?: Penalty;
  /** How the parameters follow the gradient. */
  readonly optimizer?: Optimizer;
  /** Of the initial parameters and of every shuffle: a whole number from 0 to 2³² − 1. Default 0. */
  readonly seed?: number;
  /** Which binary: `auto` takes `relaxed` where the engine has it, `simd` gives the same bits everywhere. Default `auto`. */
  readonly build?: 'auto' | Build;
  /** The same as `build: 'simd'`. */
  readonly reproducible?: boolean;
  /**
   * Threads to run on, as `await threads(2)` of `neurite/threads` gives them: large products and updates are shared out, and the bits are those of one
   * thread. `build` is then theirs. Default: the thread that calls.
   */
  readonly threads?: Threads | undefined;
  /**
   * A network whose nodes this one is made of: parameters and states are then the same numbers in the same memory, so that each step of one is seen by
   * the other. An encoder of an autoencoder, or one head of several, is used so. Loss, optimizer and its state are each network's own; where the shared
   * parameters do not lie side by side there is no optimizer. Neither may be changed while the other is trained, and the memory is freed with the last.
   * `freeze` copies, as ever. Default none: a network of nodes that another has draws parameters of its own.
   */
  readonly parametersOf?: AnyNetwork;
  /** Rows that `input` and `output` have room for. Default 1. */
  readonly maxRows?: number;
  /**
   * Whether predictions, gradients and steps look for the first value that is NaN or infinite, and throw a `NotFiniteError` that names its node and
   * row. Each then runs twice, the second time keeping every value: for finding a mistake, not for every day. Default false.
   */
  readonly debug?: boolean;
}

/** Options of `freeze`. */
export interface FreezeOptions {
  /** `int8` of `neurite/int8`: dense layers multiply integers of eight bits. Default: floats, with the bits of `predict`. */
  readonly quantize?: Quantization;
}

/** A network's graph: one input and output, or lists of several. */
export interface NetworkGraph<
  In extends Node | readonly Node[] = Node | readonly Node[],
  Out extends Node | readonly Node[] = Node | readonly Node[],
> {
  readonly inputs: In;
  readonly outputs: Out;
}

/** Any network, however many inputs and outputs it has: its `predict` takes and gives one or a list. */
// biome-ignore lint/suspicious/noExplicitAny: each number of inputs is assignable to it, and to no other.
export type AnyNetwork = Network<AnyTargets, any, any>;

/** A network of `In` inputs, however many outputs it has, with targets of type `T`: what functions over a network take. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type NetworkOf<In extends number, T extends AnyTargets = AnyTargets> = Network<T, In, any>;

/** Whose memory a view shows. */
const owners = new WeakMap<Float32Array, AnyNetwork>();

/** Where the random numbers of predictions in training mode begin: no step is that late. */
const TRAINED_PREDICTIONS = 0xc0000000;

/**
 * What functions over a network work on.
 * @throws ValueError for what is no network, or another copy's
 */
export let internals: (call: string, network: AnyNetwork) => Internals;

/** What is said where int8 is passed in place of the options. */
const QUANTIZATION = { 'name on': 'pass it as { quantize: int8 }' };

/**
 * A dense network: predicts, trains, and shows what it does. Made by `sequential` or `network`.
 * Its memory is in WebAssembly: `dispose()` gives it back at once, a forgotten network when it is collected.
 *
 * `Network<T, In, Out>` has targets of type `T`, `In` inputs and `Out` outputs: `Network<Values, 1, 2>` has one input and two outputs.
 * `Network` alone has one of each, as `sequential` makes it. What takes every network says `AnyNetwork`.
 */
export class Network<T extends AnyTargets = AnyTargets, In extends number = 1, Out extends number = 1> {
  readonly build: Build;
  readonly seed: number;
  readonly #engine: Engine;
  readonly #internals: Internals;
  readonly #trainee: Trainee;
  readonly #predictor: Predictor<number, number>;
  readonly #maxRows: number;
  /** What layers have minimised besides. */
  readonly #layerPenalties: readonly Node[];
  readonly #debugger: Debugger | undefined;
  readonly #batches: BatchRunner;
  /** Predictions in training mode so far. */
  #predictions = 0;
  readonly #shares: boolean;
  /** Gives the network's memory back. Every call after that is a DisposedError. */
  // A field, as structured clones fail on functions: one of a network would be an empty shell. Send `save()` to a worker instead.
  readonly dispose = (): void => {
    if (this.#internals.disposed) return;
    this.#internals.idle('dispose').disposed = true;
    forgotten?.unregister(this);
    this.#engine.free();
  };

  /** @param initial whether the parameters are drawn, or left for the caller to write @param frozen parameters that training leaves */
  constructor(graph: NetworkGraph, options: NetworkOptions = {}, initial: 'draw' | 'leave' = 'draw', frozen: readonly Parameter[] = []) {
    const { inputs, outputs } = checkOptions('network', graph, ['inputs', 'outputs'], {}, 'the graph');
    const known = ['loss', 'optimizer', 'penalty', 'seed', 'build', 'reproducible', 'parametersOf', 'maxRows', 'debug', 'threads'];
    const { seed = 0, parametersOf, maxRows = 1, debug = false, loss, penalty, threads, ...given } = checkOptions('network', options, known);
    const owner = parametersOf && internals('network: parametersOf', parametersOf).alive('network: parametersOf');
    const team = threadsOf('network', threads)?.coreFor('network');
    const core = owner?.engine.core ?? team;
    if (team && core !== team) throw new ValueError('network: parametersOf runs elsewhere than on these threads, expected the same threads, or none');
    const { reproducible = false } = given;
    const build = (given.build ?? 'auto') === 'auto' && !reproducible ? (core?.build ?? 'auto') : (given.build ?? 'auto');
    const optimizer = given.optimizer === undefined ? undefined : optimizerOf('network', given.optimizer);
    for (const [name, value] of Object.entries({ reproducible, debug })) {
      checkFlag('network', name, value);
    }
    this.build = chooseBuild('network', build, reproducible);
    if (core && core.build !== this.build) throw otherBuild('network', this.build, owner ? 'parametersOf' : 'threads', core.build);
    if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
      throw new ValueError(`network: seed is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
    checkSize('network', 'maxRows', maxRows);
    this.#maxRows = maxRows;
    const model = {
      inputs: Object.freeze(isList(inputs) ? [...inputs] : [inputs as Node]),
      outputs: Object.freeze(isList(outputs) ? [...outputs] : [outputs as Node]),
    };
    checkGraph(model.inputs, model.outputs);
    this.seed = seed;
    const layers = nameLayers(topological(model.outputs).flatMap((node) => layerOf(node) ?? []));
    const updates = stateUpdates(layers);
    checkGraph(model.inputs, model.outputs, [...updates.values()]);
    const losses = lossesOf('network', loss, model);
    const penalties = penaltiesOf('network', penalty, model, layers);
    const maxNorms = new Map<Parameter, number>();
    const left = new Set<Node>(frozen);
    for (const { record } of layers) {
      for (const [name, most] of Object.entries(record.maxNorms)) maxNorms.set(record.parameters[name] as Parameter, most);
      if (!record.trainable) for (const node of Object.values(record.parameters)) if (node instanceof Parameter) left.add(node);
    }
    const shared = owner?.engine;
    const own = shared && nodesOf({ ...model, updates }).find((node) => (node instanceof Parameter || node instanceof State) && !shared.has(node));
    if (own)
      throw new NeuriteError('GRAPH', `network: the outputs depend on ${own}, which parametersOf does not have, expected nodes of that network`);
    this.#shares = shared !== undefined;
    const ofLayers = penaltiesOf(
      'network',
      layers.flatMap(({ record }) => record.penalties),
      model,
      layers,
    );
    this.#layerPenalties = ofLayers;
    this.#engine = new Engine({ ...model, updates, maxNorms }, core ?? coreOf(this.build), shared);
    this.#engine.frozen = left;
    this.#trainee = {
      engine: this.#engine,
      seed,
      epochsTrained: 0,
      stepsDone: 0,
      ...(debug && { locate: (stopped, rows, forms) => this.#debugger?.stopped(stopped, rows, forms) }),
    };
    this.#internals = new Internals(this.#engine, layers, this.#trainee, this.build, reproducible || build === 'simd', owner?.running);
    this.#debugger = debug ? new Debugger(this.#internals) : undefined;
    this.#batches = new BatchRunner(this.#internals, this.#debugger);
    try {
      this.#engine.configure(losses, this.#plan(optimizer), [...penalties, ...ofLayers]);
      if (initial === 'draw' && !shared) this.#engine.initialize(seed);
    } catch (error) {
      this.#engine.free();
      throw error;
    }
    this.#predictor = new Predictor(this.#engine, maxRows);
    forgotten?.register(this, this.#engine, this);
  }

  /**
   * What belongs to the model besides, in values JSON can say; saved and loaded with it, and part of its JSON. For instance how its inputs are
   * standardized. Setting it to something that is no object is a ValueError.
   */
  get metadata(): Record<string, unknown> {
    return this.#internals.metadata;
  }
  set metadata(value: Record<string, unknown>) {
    if (!hasFields(value)) throw new ValueError(`network: metadata is ${describe(value)}, expected an object, such as { inputs: ['age', 'height'] }`);
    this.#internals.metadata = value;
  }

  /** The number of features of the input; of the first, where there are several. */
  get inFeatures(): number {
    return features((this.#engine.model.inputs[0] as Node).shape);
  }

  /** The number of features of the output; of the first, where there are several. */
  get outFeatures(): number {
    return features((this.#engine.model.outputs[0] as Node).shape);
  }

  /** The loss; of the first output that has one, where there are several. */
  get loss(): Loss | undefined {
    return this.#engine.losses.find((loss) => loss)?.loss;
  }

  get optimizer(): Optimizer | undefined {
    return this.#engine.optimizer;
  }

  /** How many parameters there are, as numbers: frozen ones too, and no states. */
  get parameterCount(): number {
    return this.#engine.parameterCount;
  }

  /**
   * All parameters, W¹ b¹ W² b² …, in a graph in the order of `parameterNames`: a live view into the network's memory. Writing to it changes
   * the network. Take it anew after other calls: memory may grow.
   */
  get parameters(): Floats {
    this.#internals.alive('parameters');
    return this.#held(this.#engine.viewParameters());
  }

  /** ∂L/∂parameters of the last `gradient`, in the same order: a live view. A `step` may leave it as it was. */
  get gradients(): Floats {
    this.#internals.alive('gradients');
    this.#internals.need('gradients', 'loss');
    return this.#held(this.#engine.viewGradients(0, this.parameterCount));
  }

  /** What the parameters are called, in their order: `dense1.weights`, `dense1.biases`, …, a free one as `parameter` was told. A saved file says the same. */
  get parameterNames(): readonly string[] {
    const names = this.#internals.tensorNames();
    return this.#engine.parameters.map((parameter) => names.get(parameter) as string);
  }

  /** The parameter or state of a name, with live views of its values and its gradient. @throws ValueError listing the names there are */
  parameter(name: string): ParameterView {
    this.#internals.alive('parameter');
    const { parameters, states } = this.#engine;
    const names = this.#internals.tensorNames();
    const all = [...parameters, ...states];
    const found = all.find((node) => names.get(node) === name);
    if (!found) throw new ValueError(`parameter: name is ${describe(name)}, expected one of ${all.map((node) => names.get(node)).join(', ')}`);
    return parameterView(this.#internals, (view) => this.#held(view), found, name);
  }

  /**
   * Sets all parameters and states by their names, such as those of `readSafetensors`: each flat, as a list of rows, or as a tensor, whose shape is
   * compared. Everything is checked before anything changes; the optimizer's state stays. Constants may come too, with the values that they have.
   * @param options.partial whether names may be missing
   * @throws ValueError naming what is missing and what there is no use for; ShapeError for another shape; ValueError for what is no finite number
   */
  setParameters(values: Readonly<Record<string, Values | ParameterTensor | undefined>>, options: SetParametersOptions = {}): this {
    setParameters(this.#internals, values, options);
    return this;
  }

  /**
   * θ ← τθ′ + (1 − τ)θ, where θ′ are the parameters and states of a network that has the same names and shapes: a copy to the bit for τ = 1, Polyak
   * averaging for a small one, in float64 and rounded once. The optimizer's state stays. The other network may be of another build.
   * @throws ShapeError naming the first that differs; ValueError where θ′ is not finite
   */
  copyParametersFrom(other: AnyNetwork, options: CopyParametersOptions = {}): this {
    copyParametersFrom(this.#internals, internals('copyParametersFrom', other), options);
    return this;
  }

  /** The layers in the order of the data's way, with live views of weights `[out, in]` and biases. One that is applied twice is there once. */
  get layers(): readonly LayerView[] {
    return layerViews(this.#internals.alive('layers'), (view) => this.#held(view));
  }

  /** The layer of a name. @throws ValueError listing the names there are */
  layer(name: string): LayerView {
    const found = this.layers.find((layer) => layer.name === name);
    if (!found) throw new ValueError(`layer: name is ${describe(name)}, expected one of ${this.layers.map((l) => l.name).join(', ')}`);
    return found;
  }

  /** Keeps this network alive as long as a view of its memory is. */
  #held(view: Floats): Floats {
    owners.set(view, this);
    return view;
  }

  /**
   * The output for each row of x. A typed array gives a Float32Array, `number[]` gives `number[]`, a list of rows gives a list of rows.
   * Several inputs are passed as a list, several outputs come as one. x is taken as it is: what a data set's `scale` and `offset` did to the
   * inputs in `fit` must be done here by the caller.
   */
  predict<X extends Inputs<In>>(x: X): Outputs<Out, ReturnedOf<In, X>>;
  /**
   * The same with layers as in a training step: dropout drops, otherwise in each call, and a batch norm takes the statistics of these rows.
   * Many such predictions tell how sure a network with dropout is (Gal & Ghahramani 2016). With `training: false` it is the call without options.
   */
  predict<X extends Inputs<In>>(x: X, options: { readonly training: boolean }): Outputs<Out, ReturnedOf<In, X>>;
  /** The same, written to `out`, which is returned: for one output. Nothing is allocated. */
  predict<To extends OneOrList<Out, Float32Array, never>>(x: Inputs<In>, out: To): To;
  predict(x: Inputs, out?: Float32Array | { readonly training: boolean }): unknown {
    this.#debugger?.predicts('predict', x);
    if (typeof out !== 'object' || ArrayBuffer.isView(out) || isList(out)) return this.#predictor.predict(x, out as Float32Array);
    const { training = false } = checkOptions('predict', out, ['training']);
    checkFlag('predict', 'training', training);
    return training ? predictInTraining(this.#predictor, x, TRAINED_PREDICTIONS + this.#predictions++) : this.#predictor.predict(x);
  }

  /** z before the final softmax, sigmoid or hard threshold, for each row of x; the output itself where there is none of these. */
  logits<X extends Inputs<In>>(x: X): Outputs<Out, ReturnedOf<In, X>>;
  logits<To extends OneOrList<Out, Float32Array, never>>(x: Inputs<In>, out: To): To;
  logits(x: Inputs, out?: Float32Array): unknown {
    this.#debugger?.predicts('logits', x);
    return this.#predictor.logits(x, out as Float32Array);
  }

  /**
   * Hard decisions for each row of x, by what output and loss mean:
   * - softmax, or crossEntropy on logits: the class of the largest logit, the lowest on ties (notes 6);
   * - sigmoid, or binaryCrossEntropy: 1 where z ≥ 0, a probability of ½ (notes 4), for each output by itself;
   * - hardSigmoid, heaviside, tanh, softsign: 1 from the half of their range on, for each output by itself;
   * - an output without bounds and without a loss is taken for logits; under a squared error it is a regression, and an error.
   *
   * A number for one row given flat with one decision, else a Uint32Array: one number a row, or `[rows, out]` row by row where several
   * outputs are decided by themselves. Of several output nodes, the first decides. x is taken as it is: a data set's `scale` is not applied.
   *
   * @param options.threshold the least output that counts as 1, in place of the half; a regression is decided by it too
   * @throws ValueError where there are no decisions, and for a row whose output is NaN
   */
  classify<X extends Inputs<In>>(x: X, options?: ClassifyOptions): Decided<In, X>;
  classify(x: Inputs, options?: ClassifyOptions): number | Uint32Array {
    this.#debugger?.predicts('classify', x);
    return this.#predictor.classify(x, options);
  }

  /** The memory that `run` reads: `maxRows` rows of the first input, a live view. Take it anew after any other call: memory may grow. */
  get input(): Floats {
    return this.#predictor.input;
  }

  /** The memory that `run` writes: `maxRows` rows of the first output, a live view. */
  get output(): Floats {
    return this.#predictor.output;
  }

  /** Predicts what lies in `input`, its first `rows` rows, into `output`. Nothing is copied or allocated. */
  run(rows = 1): void {
    this.#predictor.run(rows);
  }

  /**
   * A predictor with the parameters as they are now, in memory of its own: training on, or disposing of the network, doesn't change it. Its `update`
   * replaces them, so that a network that goes on training, here or in a worker, is followed. Its weights are packed once more for batches, which few rows gain most by; the bits are those of `predict`.
   * @param options `quantize: int8`, of `neurite/int8`, for weights of eight bits; `save` makes a file of such a predictor
   * @throws ValueError for another `quantize`; ShapeError for a layer that it cannot have
   */
  freeze(options: FreezeOptions = {}): Predictor<In, Out> {
    this.#internals.alive('freeze');
    const { quantize } = checkOptions('freeze', options, ['quantize'], {}, 'options', QUANTIZATION);
    const live = this.#engine;
    const packing = quantizationOf('freeze', quantize)?.on(live.core);
    const engine = new Engine(live.graph, live.core);
    // Of the losses a predictor needs to know what a decision is, and a file of it says them.
    if (quantize) engine.setLosses(live.losses);
    else engine.losses = live.losses;
    const { f32 } = live.core;
    for (const node of [...live.parameters, ...live.states]) {
      const from = live.addressOf(node) >>> 2;
      f32.copyWithin(engine.addressOf(node) >>> 2, from, from + elements(node.shape));
    }
    try {
      engine.prepack(packing);
    } catch (error) {
      engine.free();
      throw error;
    }
    return frozen(engine, this.#maxRows, this.#internals.frozen(engine, quantize));
  }

  /**
   * Forward and backward on one batch: the gradients are in `gradients` and `layers`. Returns the mean loss over the rows.
   * @param options.weight of the rows or elements of y, as data sets have them
   */
  gradient(x: Inputs<In>, y: T, options?: WeightOption): number {
    return this.#batches.gradient(x, y, options);
  }

  /**
   * One training step on one batch: forward, backward, update. Returns the mean loss over the rows, before the update.
   * @param options.learningRate in place of the optimizer's
   * @param options.weight of the rows or elements of y, as data sets have them
   * @throws NotFiniteError where the loss or a parameter would become NaN or infinite; the parameters stay as they were
   */
  step(x: Inputs<In>, y: T, options?: StepOptions): number {
    return this.#batches.step(x, y, options);
  }

  /**
   * One update of the parameters from `gradients`, as the last `gradient` left them or as the caller changed them since: clipped in a way of one's
   * own, or those of several batches added up.
   * @param gradients in place of them: a number for each parameter, in their order, which are copied
   * @param options.learningRate in place of the optimizer's
   * @throws NotFiniteError where a parameter would become NaN or infinite; ShapeError or ValueError for other gradients. The parameters stay as they were
   */
  applyGradients(gradients?: ArrayLike<number>, options: { readonly learningRate?: number } = {}): void {
    this.#batches.applyGradients(gradients, options);
  }

  /**
   * Trains on a data set for some epochs, in slices of a few milliseconds with the event loop running between them. The data are read, checked
   * and uploaded before, in one go.
   *
   * An AudioWorklet has no timers: in Chromium the fit yields there by `Atomics.waitAsync`; in Firefox and WebKit, where that never wakes, it blocks the thread to
   * its end, which `longestBlock` says. A slice of 10 ms is longer than a block of sound in any case: train in `neurite/worker`, and let the worklet
   * `predict` with what `predictor.update` takes; or call `step` with a few rows in each block.
   *
   * @throws BusyError during another fit; NotFiniteError when the loss is no number any more; `signal.reason` on abort. The parameters stay valid in each case
   */
  async fit<const M extends readonly Metric[] = readonly []>(
    data: Dataset | DatasetLiteral<T, Inputs<In>> | Stream,
    options: FitOptions<M> = {},
  ): Promise<History<M>> {
    this.#internals.idle('fit').need('fit', 'loss').need('fit', 'optimizer');
    return this.#internals.duringAll('fit', () => fit(this.#trainee, data, options as FitOptions<readonly Metric[]>) as Promise<History<M>>);
  }

  #plan(optimizer: Optimizer | undefined) {
    return this.#engine.planUpdate(optimizer, () => this.#internals.tensorNames());
  }

  /**
   * The mean loss over a data set, and the share decided rightly where the loss has decisions.
   * @param options.metrics what else is to be found, each under its name in the result; of several outputs, of the first that has a loss
   * @param options.threshold as `classify` takes it: metrics, and accuracy with them, decide by it. Default: as `classify` decides without
   */
  evaluate(data: Dataset | DatasetLiteral<T, Inputs<In>>): Evaluation;
  evaluate<const M extends readonly Metric[]>(
    data: Dataset | DatasetLiteral<T, Inputs<In>>,
    options: EvaluateOptions<M>,
  ): Evaluation & MetricValues<M>;
  evaluate(data: Dataset | DatasetLiteral<T, Inputs<In>>, options: EvaluateOptions = {}): Evaluation {
    return this.#internals
      .alive('evaluate')
      .need('evaluate', 'loss')
      .during('evaluate', () => evaluate(this.#engine, data, options));
  }

  /**
   * The same to the same bits, in slices of a few milliseconds with the event loop running between them. The parameters may not change meanwhile.
   * @throws `signal.reason` on abort
   */
  evaluateAsync(data: Dataset | DatasetLiteral<T, Inputs<In>>): Promise<Evaluation>;
  evaluateAsync<const M extends readonly Metric[] = readonly []>(
    data: Dataset | DatasetLiteral<T, Inputs<In>>,
    options: EvaluateAsyncOptions<M>,
  ): Promise<Evaluation & MetricValues<M>>;
  async evaluateAsync(data: Dataset | DatasetLiteral<T, Inputs<In>>, options: EvaluateAsyncOptions = {}): Promise<Evaluation> {
    const call = 'evaluateAsync';
    return this.#internals
      .alive(call)
      .need(call, 'loss')
      .duringAll(call, () => evaluateAsync(this.#engine, data, options));
  }

  /**
   * Sets loss, optimizer or penalty, or several; what is left out stays, and `penalty: []` is none. The optimizer's state begins anew. The network
   * itself is returned, typed after the targets that its new loss takes.
   */
  configure(options: { readonly loss?: undefined; readonly optimizer?: Optimizer; readonly penalty?: Penalty }): this;
  configure<const L extends NetworkLoss>(options: {
    readonly loss: L;
    readonly optimizer?: Optimizer;
    readonly penalty?: Penalty;
  }): Network<TargetsOf<L>, In, Out>;
  configure(options: Pick<NetworkOptions, 'loss' | 'optimizer' | 'penalty'>): unknown {
    this.#internals.idle('configure');
    const { loss, optimizer, penalty } = checkOptions('configure', options, ['loss', 'optimizer', 'penalty']);
    const follows = optimizer === undefined ? this.#engine.optimizer : optimizerOf('configure', optimizer);
    const { graph: model } = this.#engine;
    const losses = loss === undefined ? this.#engine.losses : lossesOf('configure', loss, model);
    const penalties =
      penalty === undefined ? this.#engine.penalties : [...penaltiesOf('configure', penalty, model, this.#internals.layers), ...this.#layerPenalties];
    const update = this.#internals.during('configure', () => this.#plan(follows));
    // Reading the options may have run code that began something.
    this.#internals.idle('configure');
    this.#engine.configure(losses, update, penalties);
    this.#internals.forget();
    return this;
  }

  /**
   * Says whether training changes parameters: those of a layer, or a single one, by its name as `parameterNames` has it. What it leaves keeps its bits,
   * and the optimizer what it has of them. With `trainable: false` for all but the last layers a network is trained on for another task.
   * @throws ValueError for a name that there is not
   */
  setTrainable(name: string, trainable: boolean): this {
    const call = 'setTrainable';
    this.#internals.idle(call);
    checkFlag(call, 'trainable', trainable);
    const names = this.#internals.tensorNames();
    const { parameters } = this.#engine;
    const named = (node: Parameter) => names.get(node) as string;
    const found = typeof name === 'string' ? parameters.filter((node) => named(node) === name || named(node).startsWith(`${name}.`)) : [];
    if (found.length === 0)
      throw new ValueError(`${call}: name is ${describe(name)}, expected a layer or one of ${parameters.map(named).join(', ')}`);
    const frozen = new Set(this.#engine.frozen);
    for (const node of found) {
      if (trainable) frozen.delete(node);
      else frozen.add(node);
    }
    this.#internals.during('configure', () => this.#engine.freeze(frozen, () => this.#plan(this.#engine.optimizer)));
    this.#internals.forget();
    return this;
  }

  /**
   * Draws the parameters afresh from the seed, and clears the optimizer's state: the network as it was made.
   * @throws ValueError where the parameters are another network's (`parametersOf`)
   */
  reset(): this {
    this.#internals.idle('reset');
    if (this.#shares) throw new ValueError('reset: the parameters are those of another network, expected reset() of that one');
    this.#engine.initialize(this.seed);
    this.#engine.resetOptimizer();
    this.#engine.memory.changes++;
    this.#trainee.epochsTrained = 0;
    this.#trainee.stepsDone = 0;
    return this;
  }

  static {
    internals = (call, network) => {
      if (typeof network !== 'object' || network === null || !(#internals in network))
        throw new ValueError(
          `${call}: network is ${describe(network)}, expected what sequential(), network() or load() of this neurite gave${remedyOf(network)}`,
        );
      return network.#internals;
    };
  }

  get [Symbol.toStringTag](): string {
    return 'Network';
  }

  /** The network in a line: `Network 784 → 128 relu → 10 softmax, 101,770 parameters`. */
  toString(): string {
    const { inputs, outputs } = this.#engine.graph;
    const { layers } = this.#internals;
    const widths = (nodes: readonly Node[]) => nodes.map((node) => features(node.shape)).join(' + ');
    const steps = layers.map(
      ({ record }) => `${features(record.output.shape)}${activationIn(record) === 'identity' ? '' : ` ${activationIn(record)}`}`,
    );
    // A last layer that is the one output says how wide it is.
    const ends = outputs.length === 1 && layers.some(({ record }) => record.output === outputs[0]) ? [] : [widths(outputs)];
    return `Network ${[widths(inputs), ...steps, ...ends].join(' → ')}, ${this.parameterCount.toLocaleString('en')} parameters`;
  }

  /** What Node's console shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What is to be done with what is no network, where it knows that itself. */
function remedyOf(value: unknown): string {
  const remedy = fieldOf(value, 'noNetwork');
  return typeof remedy === 'string' ? remedy : '';
}

for (const [name, entry] of MOVED) {
  Object.defineProperty(Network.prototype, name, {
    value(): never {
      throw new ValueError(`network.${name}: it is a function now, ${name}(network, …); import { ${name} } from '${entry}'`);
    },
  });
}
