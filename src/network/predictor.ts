import { Context } from '../../assembly/context.js';
import { allocateFloats, bufferOf, type Floats, kindOf, lengthOf } from '../arguments/arrays.js';
import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Decided, Inputs, OneOrList, Outputs, ReturnedOf, Values } from '../arguments/values.js';
import { isLinear } from '../core/linear.js';
import { checkIds, checkRows, readInputs } from '../data/batch.js';
import { mayOverwrite, setFloats } from '../data/result.js';
import { copyIn, type Form, isNested, isSame, type Read, SHORT } from '../data/values.js';
import { type Engine, PREDICTION_ROWS } from '../engine/engine.js';
import { forgotten } from '../engine/forgotten.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import type { Workspace } from '../engine/workspace.js';
import { DisposedError, ShapeError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { decide, decisionsPerRow, requireDecision, UNDECIDED } from '../losses/decisions.js';
import type { Internals } from './internals.js';

/** The calls that run a network forward. */
type Call = 'predict' | 'logits' | 'classify';

/** Options of `classify`. */
export interface ClassifyOptions {
  /** The least output, as `predict` gives it, that counts as 1. Default: the half of the output's range, or z ≥ 0 on logits. */
  readonly threshold?: number;
}

/** Where one row of the single input and output of a network lies, and the program between: all that a short prediction needs. */
interface RowPath {
  readonly program: LoadedProgram;
  readonly workspace: Workspace;
  readonly input: number;
  readonly output: number;
  /** The engine's version it holds for. */
  readonly version: number;
}

/** The memory that `run` reads and writes, and the program between. */
interface Views {
  readonly program: LoadedProgram;
  readonly input: Floats;
  readonly output: Floats;
  /** The engine's version they hold for. */
  readonly version: number;
}

/** What `predict(x, { training: true })` of a network gives: its output with layers as in training step number `step`. */
export let predictInTraining: (predictor: Predictor<number, number>, x: Values | readonly Values[], step: number) => unknown;

/** Any predictor, however many inputs and outputs it has. */
// biome-ignore lint/suspicious/noExplicitAny: each number of inputs is assignable to it, and to no other.
export type AnyPredictor = Predictor<any, any>;

/** What a file has of a predictor that `freeze` gave; undefined for what is none. @throws DisposedError */
export let frozenInternals: (value: unknown) => Internals | undefined;

/**
 * What runs a network forward: on rows of any form, or on its own memory without copying.
 * A network predicts through one on its live parameters; `freeze()` gives one that stays as it is until `update` is called.
 * `In` and `Out` say how many inputs and outputs there are.
 */
export class Predictor<In extends number = 1, Out extends number = 1> {
  readonly #engine: Engine;
  readonly #inputs: readonly number[];
  readonly #outputs: readonly number[];
  readonly #maxRows: number;
  /** Of a frozen predictor: what a file has of it. */
  readonly #internals: Internals | undefined;
  #rowPath: RowPath | undefined;
  #views: Views | undefined;
  #disposed = false;
  /** Gives the memory back. A network's own predictor goes with the network. */
  // A field, as structured clones fail on functions: one of a predictor would be an empty shell.
  readonly dispose = (): void => {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#rowPath = undefined;
    forgotten?.unregister(this);
    this.#engine.free();
  };

  /** @internal */
  constructor(engine: Engine, maxRows: number, internals?: Internals) {
    this.#engine = engine;
    this.#internals = internals;
    const widths = (nodes: readonly Node[]) => nodes.map((node) => features(node.shape));
    this.#inputs = widths(engine.model.inputs);
    this.#outputs = widths(engine.model.outputs);
    this.#maxRows = maxRows;
  }

  /** What belongs to the model besides, as the network had it when it was frozen, or the file: see `Network.metadata`. */
  get metadata(): Readonly<Record<string, unknown>> {
    return this.#internals?.metadata ?? {};
  }

  /** The number of features of each input, and of each output. */
  get inFeatures(): readonly number[] {
    return this.#inputs;
  }
  get outFeatures(): readonly number[] {
    return this.#outputs;
  }

  /**
   * The output for each row of x. A typed array gives a Float32Array, `number[]` gives `number[]`, a list of rows gives a list of rows.
   * Several inputs are passed as a list, several outputs come as one.
   */
  predict<X extends Inputs<In>>(x: X): Outputs<Out, ReturnedOf<In, X>>;
  /** The same, written to `out`, which is returned: for one output. Nothing is allocated. */
  predict<To extends OneOrList<Out, Float32Array, never>>(x: Inputs<In>, out: To): To;
  predict(x: Values | readonly Values[], out?: Float32Array): unknown {
    const width = this.#inputs[0] as number;
    const outWidth = this.#outputs[0] as number;
    const path = this.#rowPath;
    if (path !== undefined && path.version === this.#engine.version && isFloats(x) && (out === undefined || isFloats(out))) {
      // One row of floats: the way of games and audio, where every nanosecond counts.
      if (lengthOf(x) === width && (out === undefined || lengthOf(out) === outWidth)) {
        const { f32 } = this.#engine.core;
        const { input, output } = path;
        // x may lie in this memory too, and overlap: `set` copies it as if by way of elsewhere.
        if (width > SHORT || path.workspace.viewed) f32.set(x, input);
        else for (let i = 0; i < width; i++) f32[input + i] = x[i] as number;
        path.program.run(1);
        const result = out ?? new Float32Array(outWidth);
        // So may the result.
        if (path.workspace.viewed) setFloats(result, f32.subarray(output, output + outWidth));
        else for (let i = 0; i < outWidth; i++) result[i] = f32[output + i] as number;
        return result;
      }
      if (out !== undefined && this.#fill(path, x, out)) return out;
    }
    return this.#forward('predict', x, out);
  }

  /** z before the final softmax, sigmoid or hard threshold, for each row of x; the output itself where there is none of these. */
  logits<X extends Inputs<In>>(x: X): Outputs<Out, ReturnedOf<In, X>>;
  logits<To extends OneOrList<Out, Float32Array, never>>(x: Inputs<In>, out: To): To;
  logits(x: Values | readonly Values[], out?: Float32Array): unknown {
    return this.#forward('logits', x, out);
  }

  /** Hard decisions, as `Network.classify` makes them. */
  classify<X extends Inputs<In>>(x: X, options?: ClassifyOptions): Decided<In, X>;
  classify(x: Values | readonly Values[], options?: ClassifyOptions): number | Uint32Array {
    this.#alive('classify');
    const { threshold } = options === undefined ? {} : checkOptions('classify', options, ['threshold']);
    const { model, losses } = this.#engine;
    const decision = requireDecision('classify', model.outputs[0] as Node, losses[0]?.loss, threshold);
    const first = (this.#inputs.length > 1 ? (x as readonly Values[])[0] : x) as Values;
    const all = this.#forward('classify', x, undefined, decision.node === model.outputs[0] ? 'predict' : 'logits');
    const z = (this.#outputs.length > 1 ? (all as unknown[])[0] : all) as Float32Array | number[] | number[][];
    const flat = isNested(z) ? (z as number[][]).flat() : (z as Float32Array);
    const width = this.#outputs[0] as number;
    const rows = flat.length / width;
    const each = decisionsPerRow(decision);
    const classes = new Int32Array(rows * each);
    for (let row = 0; row < rows; row++) decide(decision.kind, decision.cut, flat, row * width, width, classes, row * each);
    const odd = classes.indexOf(UNDECIDED);
    if (odd >= 0) {
      const row = Math.floor(odd / each);
      throw new ValueError(`classify: the output of row ${row} is NaN, which decides nothing; check x[row ${row}] and the parameters`);
    }
    return rows === 1 && each === 1 && !isNested(first) ? (classes[0] as number) : new Uint32Array(classes.buffer);
  }

  /** The memory that `run` reads: room for `maxRows` rows of the first input. Take it anew after any other call: memory may grow. */
  get input(): Floats {
    return this.#view('input').input;
  }

  /** The memory that `run` writes: `maxRows` rows of the first output. */
  get output(): Floats {
    return this.#view('output').output;
  }

  /** Predicts what lies in `input`, its first `rows` rows, into `output`. Nothing is copied or allocated. */
  run(rows = 1): void {
    if (!(Number.isInteger(rows) && rows > 0 && rows <= this.#maxRows)) {
      throw new ValueError(
        `run: rows is ${describe(rows)}, expected a whole number from 1 to ${this.#maxRows}, the network's maxRows; predict(x) takes inputs`,
      );
    }
    this.#alive('run');
    const views = this.#views;
    const { program } = views?.version === this.#engine.version ? views : this.#view('run');
    program.run(rows);
  }

  /**
   * Replaces all parameters: the next prediction has the bits of a new `freeze()` of a network that has them. Nothing is allocated, and the array
   * may change again after the call: one array serves for good, such as the one that a worker sends.
   * @param parameters in the order of `Network.parameters`. With the states behind them, such as the statistics of a batch norm, as
   * `copyParameters` gives them, these are replaced too; else they stay
   * @throws ShapeError for anything but a Float32Array of that length; ValueError for one that is not finite. Nothing is changed then
   */
  update(parameters: Float32Array): void {
    this.#alive('update');
    const { parameterCount, valueCount } = this.#engine;
    const n = isFloats(parameters) ? lengthOf(parameters) : -1;
    if (n !== parameterCount && n !== valueCount) {
      const withStates = valueCount > parameterCount ? `, or of ${valueCount} with the states` : '';
      throw new ShapeError(`update: parameters is ${describe(parameters)}, expected a Float32Array of ${parameterCount}${withStates}`);
    }
    const odd = this.#engine.replace(parameters, n);
    if (odd >= 0) throw new ValueError(`update: parameters[${odd}] is ${parameters[odd]}, expected a finite number`);
  }

  #view(call: string): Views {
    this.#alive(call);
    const engine = this.#engine;
    const program = engine.program('predict', this.#maxRows);
    if (this.#views?.version !== engine.version || this.#views.input.length === 0) {
      const view = (at: number, width: number | undefined) => program.workspace.view(at, this.#maxRows * (width as number));
      this.#views = {
        program,
        version: engine.version,
        input: view(program.inputIndex(0), this.#inputs[0]),
        output: view(program.outputIndex(0), this.#outputs[0]),
      };
    }
    return this.#views;
  }

  /** @param step of predictions in training mode: all rows at once, with the random numbers of that step */
  #forward(
    call: Call,
    x: Values | readonly Values[],
    out?: Float32Array,
    kind: 'predict' | 'logits' = call as 'predict' | 'logits',
    step?: number,
  ): unknown {
    this.#alive(call);
    const engine = this.#engine;
    const widths = this.#inputs;
    const xs = readInputs(call, x, widths);
    const { rows, form } = xs[0] as Read;
    checkIds(call, xs, widths, engine.ids);
    if (step !== undefined) checkRows(call, engine, rows);
    // Reading may have run code of the caller's, which may have disposed of this.
    this.#alive(call);
    this.#checkOut(call, out, rows);
    // What is read by a later chunk is written when all is computed.
    const chunk = step !== undefined ? rows : rows === 1 ? 1 : Math.min(PREDICTION_ROWS, 2 ** Math.ceil(Math.log2(rows)));
    const later = rows > chunk ? xs.map(({ values }) => values) : [];
    const direct = out && !mayOverwrite(out, later) ? out : undefined;
    const results = direct ? [direct] : this.#outputs.map((width) => allocateFloats(`${call}: the output`, rows * width));
    const program = step === undefined ? engine.program(kind, chunk) : this.#trainingProgram(rows, step);
    // Memory that grew detached views of it.
    this.#checkOut(call, out, rows);
    if (call === 'predict' && step === undefined && !engine.ids && widths.length === 1 && this.#outputs.length === 1) {
      this.#rowPath = {
        program,
        workspace: program.workspace,
        input: program.inputIndex(0),
        output: program.outputIndex(0),
        version: engine.version,
      };
    }
    const { f32 } = engine.core;
    for (let from = 0; from < rows; from += chunk) {
      const to = Math.min(rows, from + chunk);
      for (let i = 0; i < xs.length; i++) copyIn(xs[i] as Read, widths[i] as number, from, to, f32, program.inputIndex(i));
      program.run(to - from);
      for (let i = 0; i < results.length; i++) {
        const width = this.#outputs[i] as number;
        copyOut(f32, program.outputIndex(i), (to - from) * width, results[i] as Float32Array, from * width);
      }
    }
    if (out && !direct) setFloats(out, results[0] as Float32Array);
    if (out) return out;
    const shaped = results.map((flat, i) => inForm(form, flat, this.#outputs[i] as number));
    return shaped.length === 1 ? shaped[0] : shaped;
  }

  /** Floats into floats, whole rows on both sides, in pieces as long as the program takes; false where they are not. Nothing is allocated. */
  #fill({ program, input, output }: RowPath, x: Float32Array, out: Float32Array): boolean {
    const width = this.#inputs[0] as number;
    const outWidth = this.#outputs[0] as number;
    const rows = lengthOf(x) / width;
    const { f32 } = this.#engine.core;
    // The pieces that `#forward` would take: the same bits.
    const chunk = Math.min(program.program.rows, PREDICTION_ROWS);
    if (!Number.isInteger(rows) || rows === 0 || lengthOf(out) !== rows * outWidth || (rows > chunk && chunk < PREDICTION_ROWS)) return false;
    // Rows that lie in this memory are copied first, and so are those that a part of `out` may overwrite.
    if (isLinear(bufferOf(x)) || isLinear(bufferOf(out)) || isSame(bufferOf(x), bufferOf(out))) return false;
    for (let from = 0; from < rows; from += chunk) {
      const count = Math.min(chunk, rows - from);
      if (count === rows) f32.set(x, input);
      else for (let i = 0; i < count * width; i++) f32[input + i] = x[from * width + i] as number;
      program.run(count);
      for (let i = 0; i < count * outWidth; i++) out[from * outWidth + i] = f32[output + i] as number;
    }
    return true;
  }

  /** The program of predictions in training mode, with the random numbers of a step. */
  #trainingProgram(rows: number, step: number): LoadedProgram {
    const engine = this.#engine;
    const { inputs } = engine.graph;
    const outputs = engine.graph.outputs.map((node) => engine.inMode('training', node));
    const program = engine.derived('training:predict', rows, () => ({ roots: outputs, inputs, outputs, places: engine.places }));
    program.workspace.set(Context.FirstStep, step);
    program.workspace.set(Context.Step, 0);
    return program;
  }

  static {
    frozenInternals = (value) => (typeof value === 'object' && value !== null && #internals in value ? value.#alive('save').#internals : undefined);
    predictInTraining = (predictor, x, step) => predictor.#forward('predict', x, undefined, 'predict', step);
  }

  #checkOut(call: Call, out: Float32Array | undefined, rows: number): void {
    if (out === undefined) return;
    if (this.#outputs.length > 1) throw new ShapeError(`${call}: out came for a network of ${this.#outputs.length} outputs, expected none`);
    const width = this.#outputs[0] as number;
    // Not by instanceof, which fails across realms.
    if (!(kindOf(out) === 'Float32Array' && lengthOf(out) === rows * width)) {
      throw new ShapeError(`${call}: out is ${describe(out)}, expected a Float32Array of ${rows * width}, ${rows} × ${width}`);
    }
  }

  /** @internal What an error says where it comes in place of a network. */
  get noNetwork(): string {
    return '; pass the network that was frozen';
  }

  get [Symbol.toStringTag](): string {
    return 'Predictor';
  }

  /** The predictor in a line: `Predictor 784 → 10`. */
  toString(): string {
    return `Predictor ${this.#inputs.join(' + ')} → ${this.#outputs.join(' + ')}`;
  }

  /** What Node's console shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(call: string): this {
    if (this.#disposed || this.#engine.freed) throw new DisposedError(call, this.#internals && 'the predictor was disposed');
    return this;
  }
}

/** A predictor with an engine of its own, freed when it is forgotten. */
export function frozen<In extends number, Out extends number>(engine: Engine, maxRows: number, internals: Internals): Predictor<In, Out> {
  const predictor = new Predictor<In, Out>(engine, maxRows, internals);
  forgotten?.register(predictor, engine, predictor);
  return predictor;
}

/** Whether a value is a Float32Array, of whichever realm: what short predictions are made on. */
function isFloats(value: unknown): value is Float32Array {
  return kindOf(value) === 'Float32Array';
}

function copyOut(memory: Float32Array, at: number, n: number, result: Float32Array, to: number): void {
  if (n <= SHORT) for (let i = 0; i < n; i++) result[to + i] = memory[at + i] as number;
  else setFloats(result, memory.subarray(at, at + n), to);
}

/** A result in the form of the input it belongs to. */
function inForm(form: Form, flat: Float32Array, width: number): Float32Array | number[] | number[][] {
  if (form === 'typed') return flat;
  return form === 'flat' ? Array.from(flat) : toRows(flat, width);
}

function toRows(flat: Float32Array, width: number): number[][] {
  return Array.from({ length: flat.length / width }, (_, i) => Array.from(flat.subarray(i * width, (i + 1) * width)));
}
