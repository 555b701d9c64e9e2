import { Status } from '../assembly/context.js';
import { explain } from './compile/explain.js';
import { type Build, coreOf, supportsRelaxed } from './core/core.js';
import {
  type Direction,
  hessian,
  hvp,
  inputGradient,
  inputHessian,
  inputHvp,
  type JacobianOptions,
  jacobian,
  jvp,
  parameterJacobian,
  perSampleGradients,
  type Vjp,
  vjp,
} from './derivatives.js';
import { type Diagrammed, toDot, toMermaid } from './diagram.js';
import { type Columns, Engine, type LoadedProgram, type ProgramKind, type TargetShape } from './engine.js';
import { BusyError, DisposedError, NeuriteError, type NonFiniteValue, NotConfiguredError, NotFiniteError, ValueError } from './errors.js';
import { Node, topological } from './graph/node.js';
import { elements, features, formatShape } from './graph/shape.js';
import { type NetworkJson, nameTensors } from './io/graph.js';
import { describeNetwork, type NetworkParts, type SaveOptions, save } from './io/save.js';
import { checkSize } from './layers/dense.js';
import { type LayerNodes, layerOf } from './layers/layer.js';
import { type Loss, lossesOf, type NetworkLoss, type WeightedLoss } from './losses.js';
import { findNonFinite, inputsOf, searchProgram } from './nonFinite.js';
import { inputOp, type Parameter, targetOp } from './ops/leaves.js';
import { checkLearningRate, type Optimizer, optimizerOf } from './optimizers.js';
import { type ClassifyOptions, frozen, Predictor } from './predictor.js';
import { readTrace, type Trace, type TracedTensor, traceProgram } from './trace.js';
import { asList, type CheckedData, checkFinite, checkRows, columnName, type Dataset, type DatasetLiteral } from './training/dataset.js';
import { type EvaluateOptions, type Evaluation, evaluate, type FitOptions, fit, type History, type Trainee } from './training/fit.js';
import type { Metric, MetricValues } from './training/metrics.js';
import {
  type AnyTargets,
  type ClassIds,
  checkOptions,
  copyClassIds,
  copyRows,
  describe,
  type Returned,
  type Targets,
  type Values,
} from './values.js';

/** Options of a network. */
export interface NetworkOptions<L extends NetworkLoss = NetworkLoss> {
  /** What is minimised; a list where there are several outputs, whose weighted sum is. Without one, the network only predicts. */
  readonly loss?: L;
  /** How the parameters follow the gradient. */
  readonly optimizer?: Optimizer;
  /** Of the initial parameters and of every shuffle: a whole number from 0 to 2³² − 1. Default 0. */
  readonly seed?: number;
  /** Which binary: `auto` takes `relaxed` where the engine has it, `simd` gives the same bits everywhere. Default `auto`. */
  readonly build?: 'auto' | Build;
  /** The same as `build: 'simd'`. */
  readonly reproducible?: boolean;
  /** Rows that `input` and `output` have room for. Default 1. */
  readonly maxRows?: number;
  /**
   * Whether predictions, gradients and steps look for the first value that is NaN or infinite, and throw a `NotFiniteError` that names its node and
   * row. Each then runs twice, the second time keeping every value: for finding a mistake, not for every day. Default false.
   */
  readonly debug?: boolean;
}

/** A network's graph: one input and output, or lists of several. */
export interface NetworkGraph {
  readonly inputs: Node | readonly Node[];
  readonly outputs: Node | readonly Node[];
}

/** A network's graph as it is, for tools that look at it. */
export interface GraphView {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** The loss of each output, with its weight. */
  readonly losses: readonly (Required<WeightedLoss> | undefined)[];
  /** In the order of `parameters` and `parameterNames`. */
  readonly parameters: readonly Node[];
}

/** A layer of a network, as the user sees it. */
export interface LayerView {
  readonly name: string;
  readonly kind: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly activation: string;
  /** W, `[outFeatures, inFeatures]` row by row: a live view into the network's memory. */
  readonly weights: Float32Array;
  /** b, `[outFeatures]`: a live view; undefined where the layer has none. */
  readonly biases: Float32Array | undefined;
  /** ∂L/∂W and ∂L/∂b of the last `gradient`: live views. */
  readonly weightGradients: Float32Array;
  readonly biasGradients: Float32Array | undefined;
}

/** A parameter of a network, as the user sees it. */
export interface ParameterView {
  readonly name: string;
  /** `[n]`, or `[m, n]` row by row. */
  readonly shape: readonly number[];
  /** Where it begins in `parameters`, `gradients` and every derivative to the parameters. */
  readonly offset: number;
  /** A live view into the network's memory: writing to it changes the network. */
  readonly values: Float32Array;
  /** ∂L/∂values of the last `gradient`: a live view. */
  readonly gradient: Float32Array;
}

const STEP_OPTIONS = ['learningRate'];

/** What saving and loading see of a network; no part of what users see. */
export let partsOf: (network: Network) => NetworkParts;

const engines = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Engine>((engine) => engine.free());

/**
 * A dense network: predicts, trains, and shows what it does. Made by `sequential` or `network`.
 * Its memory is in WebAssembly: `dispose()` gives it back at once, a forgotten network when it is collected.
 */
export class Network<T extends AnyTargets = AnyTargets> {
  readonly build: Build;
  readonly seed: number;
  readonly #engine: Engine;
  readonly #layers: readonly { nodes: LayerNodes; name: string }[];
  readonly #inputs: readonly Node[];
  readonly #outputs: readonly Node[];
  readonly #trainee: Trainee;
  readonly #predictor: Predictor;
  readonly #maxRows: number;
  readonly #debug: boolean;
  /** Whether the same bits everywhere were asked for: a saved network asks for them again. */
  readonly #reproducible: boolean;
  /** What belongs to the model besides, in values JSON can say; saved and loaded with it. For instance how its inputs are standardized. */
  metadata: Record<string, unknown> = {};
  #busy = false;
  #disposed = false;

  constructor({ inputs, outputs }: NetworkGraph, options: NetworkOptions = {}) {
    const known = ['loss', 'optimizer', 'seed', 'build', 'reproducible', 'maxRows', 'debug'];
    const { seed = 0, build = 'auto', reproducible = false, maxRows = 1, debug = false, loss, ...given } = checkOptions('network', options, known);
    const optimizer = given.optimizer === undefined ? undefined : optimizerOf('network', given.optimizer);
    for (const [name, value] of Object.entries({ reproducible, debug })) {
      if (typeof value !== 'boolean') throw new ValueError(`network: ${name} is ${describe(value)}, expected true or false`);
    }
    this.build = chooseBuild('network', build, reproducible);
    if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
      throw new ValueError(`network: seed is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
    checkSize('network', 'maxRows', maxRows);
    this.#maxRows = maxRows;
    this.#debug = debug;
    this.#inputs = Array.isArray(inputs) ? inputs : [inputs as Node];
    this.#outputs = Array.isArray(outputs) ? outputs : [outputs as Node];
    checkGraph(this.#inputs, this.#outputs);
    const losses = lossesOf(loss, this.#outputs);
    this.#reproducible = reproducible || build === 'simd';
    this.seed = seed;
    this.#layers = nameLayers(topological(this.#outputs).flatMap((node) => layerOf(node) ?? []));
    this.#engine = new Engine({ inputs: this.#inputs, outputs: this.#outputs }, coreOf(this.build));
    try {
      this.#engine.configure(losses, optimizer);
      this.#engine.initialize(seed);
    } catch (error) {
      this.#engine.free();
      throw error;
    }
    this.#predictor = new Predictor(this.#engine, maxRows);
    this.#trainee = {
      engine: this.#engine,
      seed,
      epochsTrained: 0,
      stepsDone: 0,
      slice: 1,
      ...(debug && { locate: (stopped, rows, classes) => this.#searchStep(stopped, rows, classes) }),
    };
    engines?.register(this, this.#engine, this);
  }

  /** The number of features of the input; of the first, where there are several. */
  get inFeatures(): number {
    return features((this.#inputs[0] as Node).shape);
  }

  /** The number of features of the output; of the first, where there are several. */
  get outFeatures(): number {
    return features((this.#outputs[0] as Node).shape);
  }

  /** The loss; of the first output that has one, where there are several. */
  get loss(): Loss | undefined {
    return this.#engine.losses.find((loss) => loss)?.loss;
  }

  get optimizer(): Optimizer | undefined {
    return this.#engine.optimizer;
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.#engine.parameterCount;
  }

  /**
   * All parameters, W¹ b¹ W² b² …, in a graph in the order of `parameterNames`: a live view into the network's memory. Writing to it changes
   * the network. Take it anew after other calls: memory may grow.
   */
  get parameters(): Float32Array {
    return this.#run('parameters', this.#engine.parametersAddress, 0, this.parameterCount);
  }

  /** ∂L/∂parameters of the last `gradient`, in the same order: a live view. A `step` may leave it as it was. */
  get gradients(): Float32Array {
    this.#need('gradients', 'loss');
    return this.#run('gradients', this.#engine.gradientsAddress, 0, this.parameterCount);
  }

  /** What the parameters are called, in their order: `dense1.weights`, `dense1.biases`, …, a free one as `parameter` was told. A saved file says the same. */
  get parameterNames(): readonly string[] {
    const names = this.#tensorNames();
    return this.#engine.parameters.map((parameter) => names.get(parameter) as string);
  }

  /** The parameter of a name, with live views of its values and its gradient. @throws ValueError listing the names there are */
  parameter(name: string): ParameterView {
    this.#alive('parameter');
    const names = this.parameterNames;
    const found = this.#engine.parameters[names.indexOf(name)];
    if (!found) throw new ValueError(`parameter: name is ${describe(name)}, expected one of ${names.join(', ')}`);
    const values = () => this.#viewOf(found, 'values');
    const gradient = () => this.#viewOf(found, 'gradient');
    return {
      name,
      shape: found.shape.size,
      offset: this.#engine.offsetOf(found),
      get values() {
        return values();
      },
      get gradient() {
        return gradient();
      },
    };
  }

  #viewOf(parameter: Parameter, what: 'values' | 'gradient'): Float32Array {
    if (what === 'gradient') this.#need('gradients', 'loss');
    const address = what === 'values' ? this.#engine.parametersAddress : this.#engine.gradientsAddress;
    return this.#run('parameters', address, this.#engine.offsetOf(parameter), elements(parameter.shape));
  }

  /** The layers without their further applications, whose parameters are those of the first. */
  get #ownLayers(): readonly { nodes: LayerNodes; name: string }[] {
    const seen = new Set<Parameter>();
    return this.#layers.filter(({ nodes: { weights } }) => !seen.has(weights) && seen.add(weights));
  }

  /** The layers in the order of the data's way, with live views of weights `[out, in]` and biases. One that is applied twice is there once. */
  get layers(): readonly LayerView[] {
    this.#alive('layers');
    const view = (parameter: Parameter, what: 'values' | 'gradient') => this.#viewOf(parameter, what);
    return this.#ownLayers.map(({ nodes, name }) => ({
      name,
      kind: nodes.kind,
      inFeatures: features(nodes.input.shape),
      outFeatures: features(nodes.z.shape),
      activation: nodes.activation,
      get weights() {
        return view(nodes.weights, 'values');
      },
      get biases() {
        return nodes.biases && view(nodes.biases, 'values');
      },
      get weightGradients() {
        return view(nodes.weights, 'gradient');
      },
      get biasGradients() {
        return nodes.biases && view(nodes.biases, 'gradient');
      },
    }));
  }

  /** The layer of a name. @throws ValueError listing the names there are */
  layer(name: string): LayerView {
    const found = this.layers.find((layer) => layer.name === name);
    if (!found) throw new ValueError(`layer: name is ${describe(name)}, expected one of ${this.#ownLayers.map((l) => l.name).join(', ')}`);
    return found;
  }

  #run(call: string, address: number, offset: number, length: number): Float32Array {
    this.#alive(call);
    const at = (address >>> 2) + offset;
    return this.#engine.core.f32.subarray(at, at + length);
  }

  /**
   * The output for each row of x. A typed array gives a Float32Array, `number[]` gives `number[]`, a list of rows gives a list of rows.
   * Several inputs are passed as a list, several outputs come as one. x is taken as it is: what a data set's `scale` and `offset` did to the
   * inputs in `fit` must be done here by the caller.
   */
  predict<X extends Values>(x: X): Returned<X>;
  /** The same, written to `out`, which is returned. Nothing is allocated. */
  predict(x: Values, out: Float32Array): Float32Array;
  predict(x: readonly Values[]): (Float32Array | number[] | number[][])[];
  predict(x: Values & readonly Values[], out?: Float32Array): unknown {
    if (this.#debug) this.#search('predict', x);
    return this.#predictor.predict(x, out as Float32Array);
  }

  /** z before the final softmax, sigmoid or hard threshold, for each row of x; the output itself where there is none of these. */
  logits<X extends Values>(x: X): Returned<X>;
  logits(x: Values, out: Float32Array): Float32Array;
  logits(x: readonly Values[]): (Float32Array | number[] | number[][])[];
  logits(x: Values & readonly Values[], out?: Float32Array): unknown {
    if (this.#debug) this.#search('logits', x);
    return this.#predictor.logits(x, out as Float32Array);
  }

  /**
   * Hard decisions for each row of x, by what output and loss mean:
   * - softmax, or crossEntropy on logits: the class of the largest logit, the lowest on ties (000 eq. 6);
   * - sigmoid, or binaryCrossEntropy: 1 where z ≥ 0, a probability of ½ (000 eq. 4), for each output by itself;
   * - hardSigmoid, step, tanh, softsign: 1 from the half of their range on, for each output by itself;
   * - an output without bounds and without a loss is taken for logits; under a squared error it is a regression, and an error.
   *
   * A number for one row given flat with one decision, else a Uint32Array: one number a row, or `[rows, out]` row by row where several
   * outputs are decided by themselves. Of several output nodes, the first decides. x is taken as it is: a data set's `scale` is not applied.
   *
   * @param options.threshold the least output that counts as 1, in place of the half; a regression is decided by it too
   * @throws ValueError where there are no decisions, and for a row whose output is NaN
   */
  classify(x: readonly (readonly number[])[], options?: ClassifyOptions): Uint32Array;
  classify(x: Values | readonly Values[], options?: ClassifyOptions): number | Uint32Array;
  classify(x: Values | readonly Values[], options?: ClassifyOptions): number | Uint32Array {
    if (this.#debug) this.#search('classify', x);
    return this.#predictor.classify(x, options);
  }

  /** The memory that `run` reads: `maxRows` rows of the first input, a live view. Take it anew after any other call: memory may grow. */
  get input(): Float32Array {
    return this.#predictor.input;
  }

  /** The memory that `run` writes: `maxRows` rows of the first output, a live view. */
  get output(): Float32Array {
    return this.#predictor.output;
  }

  /** Predicts what lies in `input`, its first `rows` rows, into `output`. Nothing is copied or allocated. */
  run(rows = 1): void {
    this.#predictor.run(rows);
  }

  /**
   * A predictor with the parameters as they are now, in memory of its own: training on, or disposing of the network, doesn't change it.
   * Its weights are packed once more for batches, which few rows gain most by; the bits are those of `predict`.
   */
  freeze(): Predictor {
    this.#alive('freeze');
    const engine = new Engine(this.#engine.model, this.#engine.core);
    // Of the losses a predictor needs to know what a decision is.
    engine.losses = this.#engine.losses;
    engine.core.f32.set(this.parameters, engine.parametersAddress >>> 2);
    try {
      engine.prepack();
    } catch (error) {
      engine.free();
      throw error;
    }
    return frozen(engine, this.#maxRows);
  }

  /** Forward and backward on one batch: the gradients are in `gradients` and `layers`. Returns the mean loss over the rows. */
  gradient(x: Values | readonly Values[], y: T): number {
    return this.#batch('gradient', x, y, 0);
  }

  /**
   * One training step on one batch: forward, backward, update. Returns the mean loss over the rows, before the update.
   * @param options.learningRate in place of the optimizer's
   */
  step(x: Values | readonly Values[], y: T, options?: { readonly learningRate?: number }): number {
    const given = options === undefined ? undefined : checkOptions('step', options, STEP_OPTIONS).learningRate;
    const learningRate = given ?? this.#engine.optimizer?.learningRate ?? 0;
    checkLearningRate('step', learningRate);
    const loss = this.#batch('step', x, y, learningRate);
    this.#trainee.stepsDone++;
    return loss;
  }

  #batch(kind: 'gradient' | 'step', x: unknown, y: unknown, learningRate: number): number {
    this.#idle(kind);
    this.#need(kind, 'loss');
    if (kind === 'step') this.#need(kind, 'optimizer');
    if (this.#debug) {
      // What is wrong with the data comes first.
      this.#load(kind, kind, x, y);
      this.#search(kind, x, y, this.#trainee.stepsDone + 1);
    }
    const loaded = this.#load(kind, kind, x, y);
    const { program, rows } = loaded;
    const { workspace } = program;
    workspace.setLearningRates(learningRate, 1);
    workspace.lossSum = 0;
    if (program.run(rows, program.recipe.inputs.length) !== Status.Done) throw new NotFiniteError(kind, this.#trainee.stepsDone + 1);
    return workspace.lossSum / rows;
  }

  /** Computes everything by a program that keeps it. @throws NotFiniteError for the first value that is none */
  #search(call: string, x: unknown, y?: unknown, step = 0): void {
    this.#alive(call);
    const { inputs, targets: all } = this.#engine.columns;
    const targets = y === undefined ? [] : all;
    const xs = asList<Values>(call, 'x', x, inputs.length, 'input');
    const ys = y === undefined ? [] : asList<Targets>(call, 'y', y, targets.length, 'loss');
    const checked = checkRows(call, xs, ys, { inputs, targets });
    const program = searchProgram(this.#engine, checked.rows, checked.classes, y !== undefined);
    this.#write(call, program, checked, { inputs, targets });
    const where = findNonFinite(this.#engine, program, checked.rows, this.#nodeNames());
    if (where) throw new NotFiniteError(call, step, undefined, where);
  }

  /** The same for the batch that a step of `fit` stopped at. */
  #searchStep(stopped: LoadedProgram, rows: number, classes: readonly boolean[]): NonFiniteValue | undefined {
    const given = inputsOf(this.#engine, stopped, rows);
    const program = searchProgram(this.#engine, rows, classes, true);
    given.forEach((values, i) => this.#engine.core.f32.set(values, program.inputIndex(i)));
    return findNonFinite(this.#engine, program, rows, this.#nodeNames());
  }

  /** Checks one batch and copies it into the inputs of a program. */
  #load(call: string, kind: ProgramKind, x: unknown, y: unknown): { program: LoadedProgram; rows: number } {
    const expected = this.#engine.columns;
    const xs = asList<Values>(call, 'x', x, expected.inputs.length, 'input');
    const ys = asList<Targets>(call, 'y', y, expected.targets.length, 'loss');
    const checked = checkRows(call, xs, ys, expected);
    const program = this.#engine.program(kind, checked.rows, checked.classes);
    this.#write(call, program, checked, expected);
    this.#checkFinite(call, program, checked, expected);
    return { program, rows: checked.rows };
  }

  /** What is learnt from must be numbers. */
  #checkFinite(call: string, program: LoadedProgram, { rows, xs, ys, classes }: CheckedData, { inputs, targets }: Columns): void {
    const { core } = this.#engine;
    for (let i = 0; i < xs.length; i++) {
      checkFinite(call, columnName('x', i, xs.length), xs[i] as Values, 0, core, program.inputIndex(i) * 4, rows, inputs[i] as number);
    }
    for (let i = 0; i < ys.length; i++) {
      if (classes[i]) continue;
      const { width } = targets[i] as TargetShape;
      checkFinite(call, columnName('y', i, ys.length), ys[i] as Values, 0, core, program.inputIndex(xs.length + i) * 4, rows, width);
    }
  }

  /** Copies a checked batch into a program whose inputs begin with the network's and the targets. */
  #write(call: string, program: LoadedProgram, { rows, xs, ys, classes }: CheckedData, { inputs, targets }: Columns): void {
    const { f32, u32 } = this.#engine.core;
    ys.forEach((target, i) => {
      const { width } = targets[i] as TargetShape;
      const at = program.inputIndex(xs.length + i);
      if (classes[i]) copyClassIds(call, columnName('y', i, ys.length), target as ClassIds, 0, rows, width, u32, at);
      else copyRows(call, columnName('y', i, ys.length), target as Values, width, 0, rows, f32, at);
    });
    xs.forEach((values, i) => copyRows(call, columnName('x', i, xs.length), values, inputs[i] as number, 0, rows, f32, program.inputIndex(i)));
  }

  /**
   * Everything the network computes for a batch: z, u and, with targets, ∂L/∂u, δ = ∂L/∂z, ∂L/∂W and ∂L/∂b of every layer, and every node
   * of the graph with its factors of the chain rule. A second program without fusion is compiled on first use. Looking changes nothing.
   */
  trace(x: Values | readonly Values[]): Trace<undefined>;
  trace(x: Values | readonly Values[], y: T): Trace<TracedTensor>;
  trace(x: Values | readonly Values[], y: T | undefined): Trace;
  trace(x: Values | readonly Values[], y?: T): Trace {
    this.#idle('trace');
    const expected = this.#engine.columns;
    const withTargets = y !== undefined;
    if (withTargets) this.#need('trace', 'loss');
    const targets = withTargets ? expected.targets : [];
    const xs = asList<Values>('trace', 'x', x, expected.inputs.length, 'input');
    const ys = withTargets ? asList<Targets>('trace', 'y', y, targets.length, 'loss') : [];
    const checked = checkRows('trace', xs, ys, { inputs: expected.inputs, targets });
    const plan = traceProgram(this.#engine, checked.rows, checked.classes, withTargets);
    this.#write('trace', plan.program, checked, { inputs: expected.inputs, targets });
    const { workspace } = plan.program;
    workspace.lossSum = 0;
    plan.program.run(checked.rows);
    const loss = withTargets ? workspace.lossSum / checked.rows : undefined;
    return readTrace(this.#engine, plan, checked.rows, loss, this.#layers, this.#nodeNames());
  }

  /** vᵀ·J of an output for each row: the backward pass from the gradient v, `[rows, out]`, to every input and to the parameters. */
  vjp(x: Values | readonly Values[], v: Values, options: JacobianOptions = {}): Vjp {
    this.#idle('vjp');
    return vjp(this.#engine, x, v, options);
  }

  /** J·d of an output for each row: how it moves when the inputs, the parameters or both move along a direction. */
  jvp(x: Values | readonly Values[], direction: Direction, options: JacobianOptions = {}): { value: Float32Array; tangent: Float32Array } {
    this.#idle('jvp');
    return jvp(this.#engine, x, direction, options);
  }

  /** ∂output/∂input for each row, `[rows, out, in]`. */
  jacobian(x: Values | readonly Values[], options: JacobianOptions = {}): Float32Array {
    this.#idle('jacobian');
    return jacobian(this.#engine, x, options);
  }

  /** ∂output/∂parameters for each row, `[rows, out, parameters]`. */
  parameterJacobian(x: Values | readonly Values[], options: JacobianOptions = {}): Float32Array {
    this.#idle('parameterJacobian');
    return parameterJacobian(this.#engine, x, options);
  }

  /** ∂L/∂x of the reduced loss, `[rows, in]`; a list where there are several inputs. */
  inputGradient(x: Values, y: T): Float32Array;
  inputGradient(x: readonly Values[], y: T): Float32Array[];
  inputGradient(x: Values | readonly Values[], y: T): Float32Array | Float32Array[] {
    this.#idle('inputGradient');
    this.#need('inputGradient', 'loss');
    const found = inputGradient(this.#engine, x, y);
    return this.#inputs.length === 1 ? (found[0] as Float32Array) : found;
  }

  /** The gradient of each row by itself, as a batch of one: `[rows, parameters]`. */
  perSampleGradients(x: Values | readonly Values[], y: T): Float32Array {
    this.#idle('perSampleGradients');
    this.#need('perSampleGradients', 'loss');
    return perSampleGradients(this.#engine, x, y);
  }

  /** H·v, H the Hessian of the reduced loss to the parameters: exact, in about the time of a few gradients. */
  hvp(x: Values | readonly Values[], y: T, v: ArrayLike<number>): Float32Array {
    this.#idle('hvp');
    this.#need('hvp', 'loss');
    return hvp(this.#engine, x, y, v);
  }

  /** The Hessian of the reduced loss to the parameters, `[parameters, parameters]`. */
  hessian(x: Values | readonly Values[], y: T): Float32Array {
    this.#idle('hessian');
    this.#need('hessian', 'loss');
    return hessian(this.#engine, x, y);
  }

  /** H·v for each row, H the Hessian of a scalar output to the input: `[rows, in]`. */
  inputHvp(x: Values | readonly Values[], v: Values, options: JacobianOptions = {}): Float32Array {
    this.#idle('inputHvp');
    return inputHvp(this.#engine, x, v, options);
  }

  /** The Hessian of a scalar output to the input for each row, `[rows, in, in]`. */
  inputHessian(x: Values | readonly Values[], options: JacobianOptions = {}): Float32Array {
    this.#idle('inputHessian');
    return inputHessian(this.#engine, x, options);
  }

  /**
   * Trains on a data set for some epochs, in slices of a few milliseconds with the event loop running between them.
   * @throws BusyError during another fit; NotFiniteError when the loss is no number any more; `signal.reason` on abort. The parameters stay valid in each case
   */
  async fit(data: Dataset | DatasetLiteral<T>, options: FitOptions = {}): Promise<History> {
    this.#idle('fit');
    this.#need('fit', 'loss');
    this.#need('fit', 'optimizer');
    this.#busy = true;
    try {
      return await fit(this.#trainee, data, options);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The mean loss over a data set, and the share decided rightly where the loss has decisions.
   * @param options.metrics what else is to be found, each under its name in the result; of several outputs, of the first that has a loss
   * @param options.threshold as `classify` takes it: metrics, and accuracy with them, decide by it. Default: as `classify` decides without
   */
  evaluate(data: Dataset | DatasetLiteral<T>): Evaluation;
  evaluate<const M extends readonly Metric[]>(
    data: Dataset | DatasetLiteral<T>,
    options: { readonly metrics: M; readonly threshold?: number },
  ): Evaluation & MetricValues<M>;
  evaluate(data: Dataset | DatasetLiteral<T>, options: EvaluateOptions): Evaluation;
  evaluate(data: Dataset | DatasetLiteral<T>, options: EvaluateOptions = {}): Evaluation {
    this.#alive('evaluate');
    const known = checkOptions('evaluate', options, ['metrics', 'threshold']);
    this.#need('evaluate', 'loss');
    return evaluate(this.#engine, 'evaluate', data, known);
  }

  /** Sets loss or optimizer, or both; what is left out stays. The optimizer's state begins anew. */
  configure(options: Pick<NetworkOptions, 'loss' | 'optimizer'>): this {
    this.#idle('configure');
    const { loss, optimizer } = checkOptions('configure', options, ['loss', 'optimizer']);
    const follows = optimizer === undefined ? this.#engine.optimizer : optimizerOf('configure', optimizer);
    const losses = loss === undefined ? this.#engine.losses : lossesOf(loss, this.#outputs, 'configure');
    this.#engine.configure(losses, follows);
    return this;
  }

  /** Draws the parameters afresh from the seed, and clears the optimizer's state: the network as it was made. */
  reset(): this {
    this.#idle('reset');
    this.#engine.initialize(this.seed);
    this.#engine.resetOptimizer();
    this.#trainee.epochsTrained = 0;
    this.#trainee.stepsDone = 0;
    return this;
  }

  /** The nodes that the network is made of: what tools start from, such as `neurite/check`. */
  get graph(): GraphView {
    return { inputs: this.#inputs, outputs: this.#outputs, losses: this.#engine.losses, parameters: this.#engine.parameters };
  }

  /** The layers and the ops between them with their shapes, as a flowchart for Mermaid. */
  toMermaid(): string {
    return toMermaid(this.#diagrammed('toMermaid'));
  }

  /** The same in Graphviz' language, DOT. */
  toDot(): string {
    return toDot(this.#diagrammed('toDot'));
  }

  #diagrammed(call: string): Diagrammed {
    this.#alive(call);
    return { ...this.graph, layers: this.#layers, names: this.#nodeNames() };
  }

  /** A table of the layers and the free parameters with their shapes and counts. */
  summary(): string {
    this.#alive('summary');
    const rows = this.#ownLayers.map(({ nodes, name }) => {
      const count = elements(nodes.weights.shape) + (nodes.biases ? elements(nodes.biases.shape) : 0);
      return [name, nodes.kind, nodes.activation, formatShape(nodes.weights.shape), formatShape(nodes.u.shape), count.toLocaleString('en')];
    });
    const names = this.#tensorNames();
    const free = this.#engine.parameters
      .filter((parameter) => !this.#layers.some(({ nodes }) => nodes.weights === parameter || nodes.biases === parameter))
      .map((parameter) => [
        names.get(parameter) as string,
        'parameter',
        '',
        formatShape(parameter.shape),
        '',
        elements(parameter.shape).toLocaleString('en'),
      ]);
    const table = [['layer', 'kind', 'activation', 'weights', 'output', 'parameters'], ...rows, ...free];
    const widths = (table[0] as string[]).map((_, i) => Math.max(...table.map((row) => (row[i] as string).length)));
    const lines = table.map((row) =>
      row.map((cell, i) => (i === 5 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join('  '),
    );
    const total = `${this.parameterCount.toLocaleString('en')} parameters, ${this.#engine.losses.flatMap((loss) => loss?.loss.name ?? []).join(' + ') || 'no loss'}, ${this.#engine.optimizer?.name ?? 'no optimizer'}, build ${this.build}`;
    return [...lines, total].join('\n');
  }

  /** The program as it runs: each instruction with its tensors, shapes, bytes and FLOPs. Default: a training step where there is an optimizer, else a prediction. */
  explain(kind?: 'predict' | 'logits' | 'gradient' | 'step' | 'evaluate', rows = 32): string {
    this.#alive('explain');
    const chosen = kind ?? (this.loss && this.#engine.optimizer ? 'step' : 'predict');
    const kinds = ['predict', 'logits', 'gradient', 'step', 'evaluate'];
    if (!kinds.includes(chosen)) throw new ValueError(`explain: kind is ${describe(chosen)}, expected one of ${kinds.join(', ')}`);
    checkSize('explain', 'rows', rows);
    if (chosen !== 'predict' && chosen !== 'logits') this.#need('explain', 'loss');
    if (chosen === 'step') this.#need('explain', 'optimizer');
    return explain(
      `${chosen}, ${rows} rows`,
      this.#engine.recipe(
        chosen,
        this.#engine.columns.targets.map((t) => t.classes),
      ),
      rows,
      this.#nodeNames(),
    );
  }

  /**
   * The network as the bytes of a safetensors file, which `load` takes: a tensor for each parameter (`dense1.weights`, `dense1.biases`, …), and
   * in the file's metadata the architecture as JSON, with loss, optimizer, seed and `metadata`. Allowed during a `fit`, between its steps.
   *
   * @throws ValueError where `metadata` holds what JSON cannot say
   */
  save(options?: SaveOptions): Uint8Array<ArrayBuffer> {
    this.#alive('save');
    return save(partsOf(this), options);
  }

  /** The architecture alone, without parameters: `fromJSON` makes a new network of it. `JSON.stringify(network)` calls this. */
  toJSON(): NetworkJson {
    this.#alive('toJSON');
    return describeNetwork(partsOf(this));
  }

  static {
    partsOf = (network) => ({
      engine: network.#engine,
      layers: network.#layers,
      progress: network.#trainee,
      seed: network.seed,
      build: network.#reproducible ? 'simd' : 'auto',
      metadata: network.metadata,
    });
  }

  /** Gives the network's memory back. Every call after that is a DisposedError. */
  dispose(): void {
    if (this.#disposed) return;
    if (this.#busy) throw new BusyError('dispose');
    this.#disposed = true;
    engines?.unregister(this);
    this.#engine.free();
  }

  get [Symbol.toStringTag](): string {
    return 'Network';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What parameters and constants are called, here and in files. */
  #tensorNames(): Map<Node, string> {
    return nameTensors({ outputs: this.#outputs, layers: this.#layers });
  }

  /** Names by which the network's nodes are shown: those of its parameters and its layers' parts. */
  #nodeNames(): Map<Node, string> {
    const names = this.#tensorNames();
    for (const { nodes, name } of this.#layers) {
      names.set(nodes.z, `${name}.z`);
      if (nodes.u !== nodes.z) names.set(nodes.u, name);
    }
    return names;
  }

  #alive(call: string): void {
    if (this.#disposed) throw new DisposedError(call);
  }

  #idle(call: string): void {
    this.#alive(call);
    if (this.#busy) throw new BusyError(call);
  }

  #need(call: string, what: 'loss' | 'optimizer'): void {
    if (!this[what]) throw new NotConfiguredError(call, what);
  }
}

/**
 * The build that these options mean on this engine.
 * @throws ValueError for a build that is not known or not to be had here
 */
export function chooseBuild(call: string, build: 'auto' | Build, reproducible: boolean): Build {
  if (!['auto', 'simd', 'relaxed'].includes(build))
    throw new ValueError(`${call}: build is ${describe(build)}, expected 'auto', 'simd' or 'relaxed'`);
  if (build === 'relaxed' && reproducible)
    throw new ValueError(`${call}: reproducible: true came with build: 'relaxed', expected build 'simd' or 'auto'`);
  if (build === 'relaxed' && !supportsRelaxed())
    throw new ValueError(`${call}: build is 'relaxed', but this engine has no relaxed SIMD; expected 'simd' or 'auto'`);
  return build === 'auto' ? (!reproducible && supportsRelaxed() ? 'relaxed' : 'simd') : build;
}

/** @throws NeuriteError when an output is no batch, an input is none or unused, or something else is needed */
function checkGraph(inputs: readonly Node[], outputs: readonly Node[]): void {
  if (inputs.length === 0 || outputs.length === 0)
    throw new NeuriteError('GRAPH', `network: ${inputs.length} inputs and ${outputs.length} outputs came, expected at least one of each`);
  for (const x of inputs)
    if (x?.op !== inputOp) throw new NeuriteError('GRAPH', `network: an input is ${describe(x)}, expected a node made by input(features)`);
  for (const y of outputs) {
    if (!(y instanceof Node)) throw new NeuriteError('GRAPH', `network: the output is ${describe(y)}, expected a node`);
    if (!y.shape.batched) throw new NeuriteError('GRAPH', `network: the output ${y} is no batch, expected [rows, features]`);
  }
  for (const y of outputs) {
    if (!topological([y]).some((node) => node.op === inputOp))
      throw new NeuriteError('GRAPH', `network: the output ${y} depends on no input; it is the same for every row`);
  }
  const nodes = topological(outputs);
  const used = nodes.filter((node) => node.op === inputOp);
  const other = used.find((node) => !inputs.includes(node));
  if (other) throw new NeuriteError('GRAPH', `network: the outputs depend on the input ${other}, which is not among the inputs`);
  const unused = inputs.find((node) => !used.includes(node));
  if (unused) throw new NeuriteError('GRAPH', `network: no output depends on the input ${unused}; leave it out, or use it`);
  if (new Set(inputs).size !== inputs.length) throw new NeuriteError('GRAPH', 'network: one input came twice, expected each once');
  // Predictions run in chunks, Jacobians on rows that stand there several times: what a row gives may not depend on the others.
  const across = nodes.find((node) => !node.shape.batched && node.inputs.some((x) => x.shape.batched));
  if (across)
    throw new NeuriteError('GRAPH', `network: ${across} adds up over the rows of ${across.inputs.join(' and ')}, expected rows that are independent`);
  const target = nodes.find((node) => node.op === targetOp);
  if (target) throw new NeuriteError('GRAPH', `network: the outputs depend on the target ${target}, expected inputs, parameters and constants only`);
}

/**
 * The names users gave, and `dense1`, `dense2`, … for the rest. Where a layer is applied again, that application is `enc_2`, `enc_3`, ….
 * @throws ValueError when two layers are called the same
 */
function nameLayers(found: readonly LayerNodes[]): { nodes: LayerNodes; name: string }[] {
  const counts = new Map<string, number>();
  const applied = new Map<Parameter, { name: string; given: string | undefined; times: number }>();
  const layers = found.map((nodes) => {
    const before = applied.get(nodes.weights);
    if (before) {
      before.times++;
      return { nodes, name: nodes.name === undefined || nodes.name === before.given ? `${before.name}_${before.times}` : nodes.name };
    }
    const number = (counts.get(nodes.kind) ?? 0) + 1;
    counts.set(nodes.kind, number);
    const name = nodes.name ?? `${nodes.kind}${number}`;
    applied.set(nodes.weights, { name, given: nodes.name, times: 1 });
    return { nodes, name };
  });
  layers.forEach(({ name }, i) => {
    if (layers.findIndex((other) => other.name === name) !== i)
      throw new ValueError(`network: two layers are called ${JSON.stringify(name)}, expected different names`);
  });
  return layers;
}
