import type { Bytes, Floats } from '../arguments/arrays.js';
import { fieldOf } from '../arguments/describe.js';
import type { AnyTargets, Decided, Inputs, Outputs, ReturnedOf, Values } from '../arguments/values.js';
import type { WeightOption } from '../data/batch.js';
import type { Dataset, DatasetLiteral } from '../data/dataset.js';
import type { Stream } from '../data/stream.js';
import type { Direction, JacobianOptions, LossOptions, Vjp } from '../derivatives/index.js';
import { DisposedError, ValueError } from '../errors.js';
import type { NetworkJson } from '../files/architecture.js';
import { fromJSON } from '../files/load.js';
import { type SaveOptions, toJSON } from '../files/save.js';
import type { NetworkLoss, TargetsOf } from '../losses/networkLoss.js';
import type { Penalty } from '../losses/penalty.js';
import type { ParameterTensor, SetParametersOptions } from '../network/assign.js';
import type { AnyNetwork } from '../network/network.js';
import type { OptimizerStateValues } from '../network/optimizerState.js';
import type { ClassifyOptions } from '../network/predictor.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { EvaluateAsyncOptions, EvaluateOptions } from '../training/evaluate.js';
import type { FitOptions } from '../training/fitOptions.js';
import type { EpochEnd, Evaluation, FitProgress, History } from '../training/history.js';
import type { Metric, MetricValues } from '../training/metrics/metric.js';
import { standsFor } from './handles.js';
import { ELSEWHERE, type Facts, type MethodName } from './methods.js';
import type { NeuriteWorker, WorkerDataset } from './neuriteWorker.js';
import { checkSendable, SEARCHING } from './sendable.js';

/** An option of each call that sends arrays. */
export interface TransferOption {
  /** Whether the arrays are moved in place of copied: then they are empty here. A part of a larger memory is copied all the same. Default false. */
  readonly transfer?: boolean;
}

/** The newest parameters, where `snapshots` asks for them. */
export interface WithParameters {
  /** All parameters in the order of `parameterNames`, and the states behind them: what `predictor.update(parameters)` takes. */
  readonly parameters?: Floats;
}

/** Options of a `fit` in a worker. Callbacks run in the page. */
export interface WorkerFitOptions<M extends readonly Metric[] = readonly []> extends Omit<FitOptions<M>, 'onProgress' | 'onEpoch'>, TransferOption {
  /** Whether `onProgress` and `onEpoch` get the newest `parameters`, a copy each time. Default false. */
  readonly snapshots?: boolean;
  /**
   * Called up to 60 times a second. The training goes on meanwhile; what is told next waits until a promise that this gives has settled. Its
   * rejection, or what it throws, ends the training and rejects `fit`.
   */
  readonly onProgress?: (progress: FitProgress & WithParameters) => unknown;
  /** Called after each epoch; the training waits for what it gives. False ends it. A promise is awaited; its rejection rejects `fit`. */
  readonly onEpoch?: (epoch: EpochEnd<M> & WithParameters) => unknown;
}

/** What `fit` and `evaluate` take. */
export type WorkerData<T extends AnyTargets, In extends number> = Dataset | WorkerDataset | DatasetLiteral<T, Inputs<In>>;

/** A parameter of a network in a worker, as copies. */
export interface ParameterCopy {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Floats;
  /** ∂L/∂values of the last `gradient`; undefined for a state, and without a loss. */
  readonly gradient: Floats | undefined;
}

/** What a worker says of a network that it has made. */
export interface Said {
  readonly facts: Facts;
  /** Its architecture as JSON. */
  readonly json: string;
  /** The network in a line. */
  readonly line: string;
}

/** Parameters that the architecture of a network that exists may have: as many as it has. */
const MOST_PARAMETERS = 2 ** 30;

/**
 * A network in a worker, made by `inWorker`: the calls of `Network` and the functions over one, each with a promise. Nothing here blocks the page.
 *
 * Arrays that a call is given are copied, or moved with `transfer: true`; what it gives back is moved. Its errors are those of the network, with the
 * stacks of both sides. Where the worker has ended each call is rejected with a WorkerError.
 */
export class WorkerNetwork<T extends AnyTargets = AnyTargets, In extends number = 1, Out extends number = 1> implements Facts {
  readonly build: Facts['build'];
  readonly seed: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly parameterCount: number;
  readonly parameterNames: readonly string[];
  /** The worker that it is in: `inWorker(other, { worker: net.worker })` puts another one there. */
  readonly worker: NeuriteWorker;
  /** The threads that it runs on: they are not forgotten before it. @internal */
  readonly threads: object | undefined;
  readonly #number: number;
  readonly #line: string;
  /** The architecture as JSON, as it was configured last. */
  #json: string;
  #disposed = false;
  /** The end that is under way: who asks for another waits for it. */
  #ending: Promise<void> | undefined;
  /**
   * Gives the network's memory back; a worker that `inWorker` started for it ends with its last network. Every call after that is a DisposedError.
   * @throws BusyError during a `fit`
   */
  // A field, as structured clones fail on functions: one of a network would be an empty shell.
  readonly dispose = async (): Promise<void> => {
    if (this.#disposed || this.worker.ended) return;
    this.#ending ??= this.#end();
    await this.#ending;
  };

  /** @internal */
  constructor(worker: NeuriteWorker, number: number, { facts, json, line }: Said, threads?: object) {
    this.worker = worker;
    this.threads = threads;
    this.#number = number;
    this.#json = json;
    this.#line = line;
    this.build = facts.build;
    this.seed = facts.seed;
    this.inFeatures = facts.inFeatures;
    this.outFeatures = facts.outFeatures;
    this.parameterCount = facts.parameterCount;
    this.parameterNames = facts.parameterNames;
    standsFor(this, { worker, number, kind: 'network' });
    worker.keep(this, number);
  }

  async #end(): Promise<void> {
    try {
      await this.#call('dispose', []);
      this.#disposed = true;
      this.worker.release(this);
    } finally {
      this.#ending = undefined;
    }
  }

  async #call<R>(method: MethodName, args: readonly unknown[]): Promise<R> {
    if (this.#disposed) throw new DisposedError(method);
    return (await this.worker.call(method, this.#number, args)) as R;
  }

  async #derive<R>(method: MethodName, args: readonly unknown[]): Promise<R> {
    if (fieldOf(args.at(-1), 'out') !== undefined)
      throw new ValueError(`${method}: there is no option out of a network in a worker: its result comes as a new array`);
    return this.#call(method, args);
  }

  /** As `Network.predict`. */
  predict<X extends Inputs<In>>(x: X, options?: TransferOption & { readonly training?: boolean }): Promise<Outputs<Out, ReturnedOf<In, X>>> {
    return this.#call('predict', [x, options]);
  }

  /** As `Network.logits`. */
  logits<X extends Inputs<In>>(x: X, options?: TransferOption): Promise<Outputs<Out, ReturnedOf<In, X>>> {
    return this.#call('logits', [x, options]);
  }

  /** As `Network.classify`. */
  classify<X extends Inputs<In>>(x: X, options?: TransferOption & ClassifyOptions): Promise<Decided<In, X>> {
    return this.#call('classify', [x, options]);
  }

  /** As `Network.gradient`: the mean loss of a batch. `gradients()` then copies the gradients. */
  gradient(x: Inputs<In>, y: T, options?: TransferOption & WeightOption): Promise<number> {
    return this.#call('gradient', [x, y, options]);
  }

  /** As `Network.step`. */
  step(x: Inputs<In>, y: T, options?: TransferOption & WeightOption & { readonly learningRate?: number }): Promise<number> {
    return this.#call('step', [x, y, options]);
  }

  /** As `Network.applyGradients`. */
  applyGradients(gradients?: ArrayLike<number>, options?: TransferOption & { readonly learningRate?: number }): Promise<void> {
    return this.#call('applyGradients', [gradients, options]);
  }

  /**
   * As `Network.fit`, to the same bits. Callbacks run in the page; a schedule, a metric and what early stopping watches must be neurite's own, or a name.
   * @throws ValueError for code that cannot go to the worker, before anything is sent; what `Network.fit` throws; WorkerError where the worker ends
   */
  fit<const M extends readonly Metric[] = readonly []>(data: WorkerData<T, In> | Stream, options?: WorkerFitOptions<M>): Promise<History<M>> {
    return this.#call('fit', [data, options]);
  }

  /** As `Network.evaluate`: at one go, in which the worker does nothing else. */
  evaluate<const M extends readonly Metric[] = readonly []>(
    data: WorkerData<T, In>,
    options?: TransferOption & EvaluateOptions<M>,
  ): Promise<Evaluation & MetricValues<M>> {
    return this.#call('evaluate', [data, options]);
  }

  /** As `Network.evaluateAsync`: in slices, with a signal and progress. */
  evaluateAsync<const M extends readonly Metric[] = readonly []>(
    data: WorkerData<T, In>,
    options?: TransferOption & EvaluateAsyncOptions<M>,
  ): Promise<Evaluation & MetricValues<M>> {
    return this.#call('evaluateAsync', [data, options]);
  }

  /**
   * As `Network.configure`. A loss of one's own goes as the graph that it makes; a penalty is a function of the layers, or `[]`.
   * @throws ValueError where a loss, an optimizer or a penalty has no form that a file has
   */
  configure(options: { readonly loss?: undefined; readonly optimizer?: Optimizer; readonly penalty?: Penalty }): Promise<this>;
  configure<const L extends NetworkLoss>(options: {
    readonly loss: L;
    readonly optimizer?: Optimizer;
    readonly penalty?: Penalty;
  }): Promise<WorkerNetwork<TargetsOf<L>, In, Out>>;
  async configure(options: object): Promise<unknown> {
    if (this.#disposed) throw new DisposedError('configure');
    // A network without data that is configured here says what the configuration is as data.
    const shadow: AnyNetwork = fromJSON(this.#json, { maxParameters: MOST_PARAMETERS, optimizers: SEARCHING });
    let json: string;
    try {
      shadow.configure(options);
      checkSendable('configure', shadow);
      json = JSON.stringify(toJSON(shadow));
    } finally {
      shadow.dispose();
    }
    const before = this.#json;
    this.#json = json;
    try {
      await this.#call('configure', [json]);
    } catch (error) {
      if (this.#json === json) this.#json = before;
      throw error;
    }
    return this;
  }

  /** As `Network.setTrainable`. */
  async setTrainable(name: string, trainable: boolean): Promise<this> {
    await this.#call('setTrainable', [name, trainable]);
    return this;
  }

  /** As `Network.setParameters`. */
  async setParameters(
    values: Readonly<Record<string, Values | ParameterTensor | undefined>>,
    options?: TransferOption & SetParametersOptions,
  ): Promise<this> {
    await this.#call('setParameters', [values, options]);
    return this;
  }

  /** As `Network.copyParametersFrom`, of a network in the same worker. */
  // biome-ignore lint/suspicious/noExplicitAny: of any network.
  async copyParametersFrom(other: WorkerNetwork<any, any, any>, options?: { readonly tau?: number }): Promise<this> {
    await this.#call('copyParametersFrom', [other, options]);
    return this;
  }

  /** A copy of the parameter or state of a name. @throws ValueError listing the names there are */
  parameter(name: string): Promise<ParameterCopy> {
    return this.#call('parameter', [name]);
  }

  /** As `Network.reset`. */
  async reset(): Promise<this> {
    await this.#call('reset', []);
    return this;
  }

  /**
   * A copy of all parameters in the order of `parameterNames`, and of the states behind them, as `copyParameters(network)` gives it: during a `fit`, those
   * between two of its slices. `predictor.update(await net.snapshot())` predicts with them in the page.
   */
  snapshot(): Promise<Floats> {
    return this.#call('snapshot', []);
  }

  /** ∂L/∂parameters of the last `gradient`, in the same order, as a copy. */
  gradients(): Promise<Floats> {
    return this.#call('gradients', []);
  }

  /** The bytes of a file, as `save(network)` gives them: `load` makes a network of them in the page. Allowed during a `fit`. */
  save(options?: SaveOptions): Promise<Bytes> {
    return this.#call('save', [options]);
  }

  /** The bytes of a checkpoint, as `checkpoint(network)` gives them. Allowed during a `fit`, also in `onEpoch`. */
  checkpoint(): Promise<Bytes> {
    return this.#call('checkpoint', []);
  }

  /** Goes on from a checkpoint of a network of this architecture, as `restore(bytes, { into })` does. */
  async restore(bytes: Uint8Array | ArrayBuffer): Promise<this> {
    await this.#call('restore', [bytes]);
    return this;
  }

  /** As `toJSON(network)`. */
  toJSON(): Promise<NetworkJson> {
    return this.#call('toJSON', []);
  }

  /** As `optimizerState(network)`. */
  optimizerState(): Promise<OptimizerStateValues> {
    return this.#call('optimizerState', []);
  }

  /** As `setOptimizerState(network, values)`. */
  setOptimizerState(values: OptimizerStateValues): Promise<void> {
    return this.#call('setOptimizerState', [values]);
  }

  /** As `vjp` of `neurite/derivatives`; the others of this kind likewise. Each result is a new array: there is no `out`. */
  vjp(x: Inputs<In>, v: Values, options?: JacobianOptions): Promise<Vjp<In>> {
    return this.#derive('vjp', [x, v, options]);
  }
  jvp(x: Inputs<In>, direction: Direction<In>, options?: JacobianOptions): Promise<{ value: Floats; tangent: Floats }> {
    return this.#derive('jvp', [x, direction, options]);
  }
  jacobian(x: Inputs<In>, options?: JacobianOptions): Promise<Floats> {
    return this.#derive('jacobian', [x, options]);
  }
  parameterJacobian(x: Inputs<In>, options?: JacobianOptions): Promise<Floats> {
    return this.#derive('parameterJacobian', [x, options]);
  }
  inputHessian(x: Inputs<In>, options?: JacobianOptions): Promise<Floats> {
    return this.#derive('inputHessian', [x, options]);
  }
  inputHvp(x: Inputs<In>, v: Values, options?: JacobianOptions): Promise<Floats> {
    return this.#derive('inputHvp', [x, v, options]);
  }
  inputGradient(x: Inputs<In>, y: T, options?: LossOptions): Promise<Outputs<In, Floats>> {
    return this.#derive('inputGradient', [x, y, options]);
  }
  hessian(x: Inputs<In>, y: T, options?: LossOptions): Promise<Floats> {
    return this.#derive('hessian', [x, y, options]);
  }
  hvp(x: Inputs<In>, y: T, v: ArrayLike<number>, options?: LossOptions): Promise<Floats> {
    return this.#derive('hvp', [x, y, v, options]);
  }
  perSampleGradients(x: Inputs<In>, y: T, options?: LossOptions): Promise<Floats> {
    return this.#derive('perSampleGradients', [x, y, options]);
  }

  /** The network in a line, as it was made. */
  toString(): string {
    return `Worker${this.#line}`;
  }

  /** @internal What an error says where it comes in place of a network. */
  get noNetwork(): string {
    return '; that is one of its methods, as in await net.save()';
  }

  get [Symbol.toStringTag](): string {
    return 'WorkerNetwork';
  }

  /** What Node's console shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

// Who wrote `net.parameters` for a network here finds out what there is in a worker, not `undefined`.
for (const [name, instead] of Object.entries(ELSEWHERE)) {
  if (name in WorkerNetwork.prototype) continue;
  Object.defineProperty(WorkerNetwork.prototype, name, {
    get(): never {
      throw new ValueError(`${name}: a network in a worker does not have it; ${instead}`);
    },
  });
}
