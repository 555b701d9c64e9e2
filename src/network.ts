import { explain } from './compile/explain.js';
import { type Build, type Core, coreOf, supportsRelaxed } from './core/core.js';
import { Engine, type LoadedProgram, PREDICTION_ROWS } from './engine.js';
import { Status } from '../assembly/context.js';
import { BusyError, DisposedError, NeuriteError, NotConfiguredError, NotFiniteError, ShapeError, ValueError } from './errors.js';
import { type Node, topological } from './graph/node.js';
import { elements, features, formatShape } from './graph/shape.js';
import { type LayerNodes, layerOf } from './layers/layer.js';
import { checkLoss, type Loss } from './losses.js';
import { inputOp, type Parameter } from './ops/leaves.js';
import { checkLearningRate, type Optimizer } from './optimizers.js';
import { Dataset, type DatasetLiteral, readTargets } from './training/dataset.js';
import { type Evaluation, evaluate, type FitOptions, fit, type History, targetShape, type Trainee } from './training/fit.js';
import { type ClassIds, copyClassIds, copyRows, countRows, describe, emptyLike, isNested, isNumericArray, type Returned, type Values } from './values.js';

/** Options of a network. */
export interface NetworkOptions {
  /** What is minimised. Without one, the network only predicts. */
  readonly loss?: Loss;
  /** How the parameters follow the gradient. */
  readonly optimizer?: Optimizer;
  /** Of the initial parameters and of every shuffle: a whole number from 0 to 2³² − 1. Default 0. */
  readonly seed?: number;
  /** Which binary: `auto` takes `relaxed` where the engine has it, `simd` gives the same bits everywhere. Default `auto`. */
  readonly build?: 'auto' | Build;
  /** The same as `build: 'simd'`. */
  readonly reproducible?: boolean;
}

/** A network's graph. */
export interface NetworkGraph {
  readonly inputs: Node;
  readonly outputs: Node;
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

/** Targets as users pass them: values as wide as the output, or class ids. */
export type Targets = Values | ClassIds;

const engines = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Engine>((engine) => engine.free());

/**
 * A dense network: predicts, trains, and shows what it does. Made by `sequential` or `network`.
 * Its memory is in WebAssembly: `dispose()` gives it back at once, a forgotten network when it is collected.
 */
export class Network {
  readonly build: Build;
  readonly seed: number;
  readonly #engine: Engine;
  readonly #layers: readonly { nodes: LayerNodes; name: string }[];
  readonly #in: number;
  readonly #out: number;
  readonly #trainee: Trainee;
  #busy = false;
  #disposed = false;

  constructor({ inputs, outputs }: NetworkGraph, options: NetworkOptions = {}) {
    const { seed = 0, build = 'auto', reproducible = false, loss, optimizer } = options;
    if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) throw new ValueError(`network: seed is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
    if (!['auto', 'simd', 'relaxed'].includes(build)) throw new ValueError(`network: build is ${describe(build)}, expected 'auto', 'simd' or 'relaxed'`);
    if (build === 'relaxed' && reproducible) throw new ValueError(`network: reproducible: true came with build: 'relaxed', expected build 'simd' or 'auto'`);
    if (build === 'relaxed' && !supportsRelaxed()) throw new ValueError(`network: build is 'relaxed', but this engine has no relaxed SIMD; expected 'simd' or 'auto'`);
    checkGraph(inputs, outputs);
    if (loss) checkLoss(loss, outputs);
    this.build = build === 'auto' ? (!reproducible && supportsRelaxed() ? 'relaxed' : 'simd') : build;
    this.seed = seed;
    this.#in = features(inputs.shape);
    this.#out = features(outputs.shape);
    const found = topological([outputs]).flatMap((node) => layerOf(node) ?? []);
    this.#layers = nameLayers(found);
    this.#engine = new Engine({ inputs: [inputs], outputs: [outputs] }, coreOf(this.build));
    try {
      this.#engine.configure(loss, optimizer);
      this.#engine.initialize(seed);
    } catch (error) {
      this.#engine.free();
      throw error;
    }
    this.#trainee = { engine: this.#engine, seed, epochsTrained: 0, stepsDone: 0 };
    engines?.register(this, this.#engine, this);
  }

  /** The number of features of the input. */
  get inFeatures(): number {
    return this.#in;
  }

  /** The number of features of the output. */
  get outFeatures(): number {
    return this.#out;
  }

  get loss(): Loss | undefined {
    return this.#engine.loss;
  }

  get optimizer(): Optimizer | undefined {
    return this.#engine.optimizer;
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.#engine.parameterCount;
  }

  /** All parameters, W¹ b¹ W² b² …: a live view into the network's memory. Writing to it changes the network. Take it anew after other calls: memory may grow. */
  get parameters(): Float32Array {
    return this.#run('parameters', this.#engine.parametersAddress, 0, this.parameterCount);
  }

  /** ∂L/∂parameters of the last `gradient`, in the same order: a live view. A `step` may leave it as it was. */
  get gradients(): Float32Array {
    this.#need('gradients', 'loss');
    return this.#run('gradients', this.#engine.gradientsAddress, 0, this.parameterCount);
  }

  /** The layers in the order of the data's way, with live views of weights `[out, in]` and biases. */
  get layers(): readonly LayerView[] {
    this.#alive('layers');
    const view = (base: 'parametersAddress' | 'gradientsAddress', parameter: Parameter) =>
      this.#run('layers', this.#engine[base], this.#engine.offsetOf(parameter), elements(parameter.shape));
    return this.#layers.map(({ nodes, name }) => ({
      name,
      kind: nodes.kind,
      inFeatures: features(nodes.input.shape),
      outFeatures: features(nodes.z.shape),
      activation: nodes.activation,
      get weights() {
        return view('parametersAddress', nodes.weights);
      },
      get biases() {
        return nodes.biases && view('parametersAddress', nodes.biases);
      },
      get weightGradients() {
        return view('gradientsAddress', nodes.weights);
      },
      get biasGradients() {
        return nodes.biases && view('gradientsAddress', nodes.biases);
      },
    }));
  }

  /** The layer of a name. @throws ValueError listing the names there are */
  layer(name: string): LayerView {
    const found = this.layers.find((layer) => layer.name === name);
    if (!found) throw new ValueError(`layer: name is ${describe(name)}, expected one of ${this.#layers.map((l) => l.name).join(', ')}`);
    return found;
  }

  #run(call: string, address: number, offset: number, length: number): Float32Array {
    this.#alive(call);
    const at = (address >>> 2) + offset;
    return this.#core.f32.subarray(at, at + length);
  }

  get #core(): Core {
    return this.#engine.core;
  }

  /** The output for each row of x. A typed array gives a Float32Array, `number[]` gives `number[]`, a list of rows gives a list of rows. */
  predict<X extends Values>(x: X): Returned<X>;
  /** The same, written to `out`, which is returned. Nothing is allocated. */
  predict(x: Values, out: Float32Array): Float32Array;
  predict(x: Values, out?: Float32Array): Float32Array | number[] | number[][] {
    return this.#forward('predict', x, out);
  }

  /** z before the final softmax, sigmoid or hard threshold, for each row of x; the output itself where there is none of these. */
  logits<X extends Values>(x: X): Returned<X>;
  logits(x: Values, out: Float32Array): Float32Array;
  logits(x: Values, out?: Float32Array): Float32Array | number[] | number[][] {
    return this.#forward('logits', x, out);
  }

  /**
   * Hard decisions on the logits: the class of the largest, the lowest on ties (000 eq. 6); for a single output 1 where z ≥ 0 (eq. 4).
   * A number for one row given flat, else a Uint32Array.
   */
  classify(x: readonly number[] | Float32Array | Values): number | Uint32Array {
    const z = this.#forward('classify', x, undefined);
    const flat = isNested(x) ? (z as number[][]).flat() : (z as Float32Array);
    const width = this.#out;
    const classes = new Uint32Array(flat.length / width);
    for (let row = 0; row < classes.length; row++) {
      let best = 0;
      if (width === 1) best = (flat[row] as number) >= 0 ? 1 : 0;
      else for (let j = 1; j < width; j++) if ((flat[row * width + j] as number) > (flat[row * width + best] as number)) best = j;
      classes[row] = best;
    }
    return classes.length === 1 && !isNested(x) ? (classes[0] as number) : classes;
  }

  #forward(call: 'predict' | 'logits' | 'classify', x: Values, out: Float32Array | undefined): Float32Array | number[] | number[][] {
    this.#alive(call);
    const width = this.#out;
    const rows = countRows(call, 'x', x, this.#in);
    if (out !== undefined && !(isNumericArray(out) && out.length === rows * width)) {
      throw new ShapeError(`${call}: out is ${describe(out)}, expected a Float32Array of ${rows * width}, ${rows} × ${width}`);
    }
    const kind = call === 'predict' ? 'predict' : 'logits';
    const chunk = rows === 1 ? 1 : Math.min(PREDICTION_ROWS, 2 ** Math.ceil(Math.log2(rows)));
    const program = this.#engine.program(kind, chunk);
    const [input, output] = ends(program);
    const result = out ?? (isNested(x) ? new Float32Array(rows * width) : emptyLike(x, rows * width));
    for (let from = 0; from < rows; from += chunk) {
      const to = Math.min(rows, from + chunk);
      const { f32 } = this.#core;
      copyRows(call, 'x', x, this.#in, from, to, f32, input);
      program.run(to - from);
      const n = (to - from) * width;
      if (n <= 32 || !isNumericArray(result)) for (let i = 0; i < n; i++) (result as number[])[from * width + i] = f32[output + i] as number;
      else (result as Float32Array).set(f32.subarray(output, output + n), from * width);
    }
    if (out || !isNested(x)) return result as Float32Array;
    return Array.from({ length: rows }, (_, i) => Array.from((result as Float32Array).subarray(i * width, (i + 1) * width)));
  }

  /** Forward and backward on one batch: the gradients are in `gradients` and `layers`. Returns the mean loss over the rows. */
  gradient(x: Values, y: Targets): number {
    return this.#batch('gradient', x, y, 0);
  }

  /**
   * One training step on one batch: forward, backward, update. Returns the mean loss over the rows, before the update.
   * @param options.learningRate in place of the optimizer's
   */
  step(x: Values, y: Targets, options: { readonly learningRate?: number } = {}): number {
    const learningRate = options.learningRate ?? this.#engine.optimizer?.learningRate ?? 0;
    checkLearningRate('step', learningRate);
    const loss = this.#batch('step', x, y, learningRate);
    this.#trainee.stepsDone++;
    return loss;
  }

  #batch(kind: 'gradient' | 'step', x: Values, y: Targets, learningRate: number): number {
    this.#idle(kind);
    this.#need(kind, 'loss');
    if (kind === 'step') this.#need(kind, 'optimizer');
    const rows = countRows(kind, 'x', x, this.#in);
    const shape = targetShape(this.#engine);
    const { classes } = readTargets(kind, y, rows, shape);
    const program = this.#engine.program(kind, rows, classes);
    const { workspace } = program;
    const [input, target] = program.recipe.inputs.map((node) => program.indexOf(node)) as [number, number];
    if (classes) copyClassIds(kind, y as ClassIds, 0, rows, shape.width, this.#core.u32, target);
    else copyRows(kind, 'y', y as Values, shape.width, 0, rows, this.#core.f32, target);
    copyRows(kind, 'x', x, this.#in, 0, rows, this.#core.f32, input);
    workspace.setLearningRates(() => learningRate, 1);
    workspace.lossSum = 0;
    if (program.run(rows, 2) !== Status.Done) throw new NotFiniteError(kind, this.#trainee.stepsDone + 1);
    return workspace.lossSum / rows;
  }

  /**
   * Trains on a data set for some epochs, in slices of a few milliseconds with the event loop running between them.
   * @throws BusyError during another fit; NotFiniteError when the loss is no number any more; `signal.reason` on abort. The parameters stay valid in each case
   */
  async fit(data: Dataset | DatasetLiteral, options: FitOptions = {}): Promise<History> {
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

  /** The mean loss over a data set, and the share decided rightly where the loss has decisions. */
  evaluate(data: Dataset | DatasetLiteral): Evaluation {
    this.#alive('evaluate');
    this.#need('evaluate', 'loss');
    return evaluate(this.#engine, 'evaluate', data);
  }

  /** Sets loss or optimizer, or both; what is left out stays. The optimizer's state begins anew. */
  configure(options: { readonly loss?: Loss; readonly optimizer?: Optimizer }): this {
    this.#idle('configure');
    const { loss = this.#engine.loss, optimizer = this.#engine.optimizer } = options;
    if (loss) checkLoss(loss, this.#engine.model.outputs[0] as Node);
    this.#engine.configure(loss, optimizer);
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

  /** A table of the layers with their shapes and parameter counts. */
  summary(): string {
    this.#alive('summary');
    const rows = this.#layers.map(({ nodes, name }) => {
      const count = elements(nodes.weights.shape) + (nodes.biases ? elements(nodes.biases.shape) : 0);
      return [name, nodes.kind, nodes.activation, formatShape(nodes.weights.shape), formatShape(nodes.u.shape), count.toLocaleString('en')];
    });
    const table = [['layer', 'kind', 'activation', 'weights', 'output', 'parameters'], ...rows];
    const widths = (table[0] as string[]).map((_, i) => Math.max(...table.map((row) => (row[i] as string).length)));
    const lines = table.map((row) => row.map((cell, i) => (i === 5 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join('  '));
    const total = `${this.parameterCount.toLocaleString('en')} parameters, ${this.#engine.loss?.name ?? 'no loss'}, ${this.#engine.optimizer?.name ?? 'no optimizer'}, build ${this.build}`;
    return [...lines, total].join('\n');
  }

  /** The program as it runs: each instruction with its tensors, shapes, bytes and FLOPs. Default: a training step where there is an optimizer, else a prediction. */
  explain(kind?: 'predict' | 'logits' | 'gradient' | 'step' | 'evaluate', rows = 32): string {
    this.#alive('explain');
    const chosen = kind ?? (this.#engine.loss && this.#engine.optimizer ? 'step' : 'predict');
    if (chosen !== 'predict' && chosen !== 'logits') this.#need('explain', 'loss');
    if (chosen === 'step') this.#need('explain', 'optimizer');
    return explain(`${chosen}, ${rows} rows`, this.#engine.recipe(chosen, this.#engine.loss?.name === 'crossEntropy'), rows);
  }

  /** Gives the network's memory back. Every call after that is a DisposedError. */
  dispose(): void {
    if (this.#disposed) return;
    if (this.#busy) throw new BusyError('dispose');
    this.#disposed = true;
    engines?.unregister(this);
    this.#engine.free();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(call: string): void {
    if (this.#disposed) throw new DisposedError(call);
  }

  #idle(call: string): void {
    this.#alive(call);
    if (this.#busy) throw new BusyError(call);
  }

  #need(call: string, what: 'loss' | 'optimizer'): void {
    if (!this.#engine[what]) throw new NotConfiguredError(call, what);
  }
}

/** Indices of a program's first input and output in `core.f32`. */
function ends(program: LoadedProgram): [number, number] {
  const { inputs, outputs } = program.recipe;
  return [program.indexOf(inputs[0] as Node), program.indexOf(outputs[0] as Node)];
}

/** @throws NeuriteError when the output does not depend on the input, or on another one too */
function checkGraph(input: Node, output: Node): void {
  if (input.op !== inputOp) throw new NeuriteError('GRAPH', `network: ${input} is no input, expected a node made by input(features)`);
  if (!output.shape.batched) throw new NeuriteError('GRAPH', `network: the output ${output} is no batch, expected [rows, features]`);
  const inputs = topological([output]).filter((node) => node.op === inputOp);
  const other = inputs.find((node) => node !== input);
  if (other) throw new NeuriteError('GRAPH', `network: the output depends on ${other}, which is not among the inputs`);
  if (inputs.length === 0) throw new NeuriteError('GRAPH', `network: the output does not depend on the input ${input}`);
}

/** The names users gave, and `dense1`, `dense2`, … for the rest. @throws ValueError when two are the same */
function nameLayers(found: readonly LayerNodes[]): { nodes: LayerNodes; name: string }[] {
  const counts = new Map<string, number>();
  const layers = found.map((nodes) => {
    const number = (counts.get(nodes.kind) ?? 0) + 1;
    counts.set(nodes.kind, number);
    return { nodes, name: nodes.name ?? `${nodes.kind}${number}` };
  });
  layers.forEach(({ name }, i) => {
    if (layers.findIndex((other) => other.name === name) !== i) throw new ValueError(`network: two layers are called ${JSON.stringify(name)}, expected different names`);
  });
  return layers;
}
