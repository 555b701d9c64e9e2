import { decide, decisionsPerRow, requireDecision, UNDECIDED } from './decisions.js';
import { type Engine, type LoadedProgram, PREDICTION_ROWS } from './engine.js';
import { DisposedError, ShapeError, ValueError } from './errors.js';
import type { Node } from './graph/node.js';
import { features } from './graph/shape.js';
import { asList, columnName } from './training/dataset.js';
import { checkOptions, copyRows, countRows, describe, emptyLike, isNested, type Returned, type Values } from './values.js';

/** The calls that run a network forward. */
type Call = 'predict' | 'logits' | 'classify';

/** Options of `classify`. */
export interface ClassifyOptions {
  /** The least output, as `predict` gives it, that counts as 1. Default: the half of the output's range, or z ≥ 0 on logits. */
  readonly threshold?: number;
}

/** Numbers up to this many are copied by a loop, which is faster than making two views. */
const SHORT = 64;

/** Where one row of the single input and output of a network lies, and the program between: all that a short prediction needs. */
interface Lane {
  readonly program: LoadedProgram;
  readonly input: number;
  readonly output: number;
  /** The engine's version it holds for. */
  readonly version: number;
}

/** The memory that `run` reads and writes, and the program between. */
interface Views {
  readonly program: LoadedProgram;
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** The engine's version they hold for. */
  readonly version: number;
}

/**
 * What runs a network forward: on rows of any form, or on its own memory without copying.
 * A network predicts through one on its live parameters; `freeze()` gives one that stays as it is.
 */
export class Predictor {
  readonly #engine: Engine;
  readonly #inputs: readonly number[];
  readonly #outputs: readonly number[];
  readonly #maxRows: number;
  #lane: Lane | undefined;
  #views: Views | undefined;
  #disposed = false;

  constructor(engine: Engine, maxRows: number) {
    this.#engine = engine;
    const widths = (nodes: readonly Node[]) => nodes.map((node) => features(node.shape));
    this.#inputs = widths(engine.model.inputs);
    this.#outputs = widths(engine.model.outputs);
    this.#maxRows = maxRows;
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
  predict<X extends Values>(x: X): Returned<X>;
  /** The same, written to `out`, which is returned. Nothing is allocated. */
  predict(x: Values, out: Float32Array): Float32Array;
  predict(x: readonly Values[]): (Float32Array | number[] | number[][])[];
  predict(x: Values | readonly Values[], out?: Float32Array): unknown {
    const width = this.#inputs[0] as number;
    const outWidth = this.#outputs[0] as number;
    const lane = this.#lane;
    if (lane !== undefined && lane.version === this.#engine.version && x instanceof Float32Array) {
      // One row of floats: the way of games and audio, where every nanosecond counts.
      if (x.length === width && (out === undefined || (out instanceof Float32Array && out.length === outWidth))) {
        const { f32 } = this.#engine.core;
        const { input, output } = lane;
        if (width <= SHORT) for (let i = 0; i < width; i++) f32[input + i] = x[i] as number;
        else f32.set(x, input);
        lane.program.run(1);
        const result = out ?? new Float32Array(outWidth);
        for (let i = 0; i < result.length; i++) result[i] = f32[output + i] as number;
        return result;
      }
      if (out instanceof Float32Array && this.#fill(lane, x, out)) return out;
    }
    return this.#forward('predict', x, out);
  }

  /** z before the final softmax, sigmoid or hard threshold, for each row of x; the output itself where there is none of these. */
  logits<X extends Values>(x: X): Returned<X>;
  logits(x: Values, out: Float32Array): Float32Array;
  logits(x: readonly Values[]): (Float32Array | number[] | number[][])[];
  logits(x: Values | readonly Values[], out?: Float32Array): unknown {
    return this.#forward('logits', x, out);
  }

  /** Hard decisions, as `Network.classify` makes them. */
  classify(x: readonly (readonly number[])[], options?: ClassifyOptions): Uint32Array;
  classify(x: Values | readonly Values[], options?: ClassifyOptions): number | Uint32Array;
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
  get input(): Float32Array {
    return this.#view().input;
  }

  /** The memory that `run` writes: `maxRows` rows of the first output. */
  get output(): Float32Array {
    return this.#view().output;
  }

  /** Predicts what lies in `input`, its first `rows` rows, into `output`. Nothing is copied or allocated. */
  run(rows = 1): void {
    if (!(Number.isInteger(rows) && rows > 0 && rows <= this.#maxRows)) {
      throw new ValueError(`run: rows is ${describe(rows)}, expected a whole number from 1 to ${this.#maxRows}, the network's maxRows`);
    }
    this.#alive('run');
    const views = this.#views;
    const { program } = views?.version === this.#engine.version ? views : this.#view();
    program.run(rows);
  }

  #view(): Views {
    this.#alive('input');
    const engine = this.#engine;
    const program = engine.program('predict', this.#maxRows);
    if (this.#views?.version !== engine.version || this.#views.input.length === 0) {
      const view = (at: number, width: number | undefined) => engine.core.f32.subarray(at, at + this.#maxRows * (width as number));
      this.#views = {
        program,
        version: engine.version,
        input: view(program.inputIndex(0), this.#inputs[0]),
        output: view(program.outputIndex(0), this.#outputs[0]),
      };
    }
    return this.#views;
  }

  #forward(
    call: Call,
    x: Values | readonly Values[],
    out: Float32Array | undefined,
    kind: 'predict' | 'logits' = call as 'predict' | 'logits',
  ): unknown {
    this.#alive(call);
    const widths = this.#inputs;
    const xs = widths.length === 1 ? [x as Values] : asList<Values>(call, 'x', x, widths.length, 'input');
    let rows = 0;
    for (let i = 0; i < xs.length; i++) {
      const found = countRows(call, columnName('x', i, xs.length), xs[i] as Values, widths[i] as number);
      if (i > 0 && found !== rows) throw new ShapeError(`${call}: x[${i}] has ${found} rows and x[0] has ${rows}, expected as many`);
      rows = found;
    }
    this.#checkOut(call, out, rows);
    const engine = this.#engine;
    const chunk = rows === 1 ? 1 : Math.min(PREDICTION_ROWS, 2 ** Math.ceil(Math.log2(rows)));
    const program = engine.program(kind, chunk);
    if (call === 'predict' && widths.length === 1 && this.#outputs.length === 1) {
      this.#lane = { program, input: program.inputIndex(0), output: program.outputIndex(0), version: engine.version };
    }
    const like = xs[0] as Values;
    const results = this.#outputs.map((width) => out ?? (isNested(like) ? new Float32Array(rows * width) : emptyLike(like, rows * width)));
    for (let from = 0; from < rows; from += chunk) {
      const to = Math.min(rows, from + chunk);
      const { f32 } = engine.core;
      for (let i = 0; i < xs.length; i++) copyRows(call, 'x', xs[i] as Values, widths[i] as number, from, to, f32, program.inputIndex(i));
      program.run(to - from);
      for (let i = 0; i < results.length; i++) {
        const width = this.#outputs[i] as number;
        copyOut(f32, program.outputIndex(i), (to - from) * width, results[i] as Float32Array | number[], from * width);
      }
    }
    const shaped = out || !isNested(like) ? results : results.map((flat, i) => toRows(flat as Float32Array, this.#outputs[i] as number));
    return shaped.length === 1 ? shaped[0] : shaped;
  }

  /** Floats into floats, whole rows on both sides, in pieces as long as the program takes; false where they are not. Nothing is allocated. */
  #fill({ program, input, output }: Lane, x: Float32Array, out: Float32Array): boolean {
    const width = this.#inputs[0] as number;
    const outWidth = this.#outputs[0] as number;
    const rows = x.length / width;
    // The pieces that `#forward` would take: the same bits.
    const chunk = Math.min(program.program.rows, PREDICTION_ROWS);
    if (!Number.isInteger(rows) || rows === 0 || out.length !== rows * outWidth || (rows > chunk && chunk < PREDICTION_ROWS)) return false;
    const { f32 } = this.#engine.core;
    for (let from = 0; from < rows; from += chunk) {
      const count = Math.min(chunk, rows - from);
      if (count === rows) f32.set(x, input);
      else for (let i = 0; i < count * width; i++) f32[input + i] = x[from * width + i] as number;
      program.run(count);
      for (let i = 0; i < count * outWidth; i++) out[from * outWidth + i] = f32[output + i] as number;
    }
    return true;
  }

  #checkOut(call: Call, out: Float32Array | undefined, rows: number): void {
    if (out === undefined) return;
    if (this.#outputs.length > 1) throw new ShapeError(`${call}: out came for a network of ${this.#outputs.length} outputs, expected none`);
    const width = this.#outputs[0] as number;
    // Not by instanceof, which fails across realms.
    if (!(Object.prototype.toString.call(out) === '[object Float32Array]' && out.length === rows * width)) {
      throw new ShapeError(`${call}: out is ${describe(out)}, expected a Float32Array of ${rows * width}, ${rows} × ${width}`);
    }
  }

  /** Gives the memory back. A network's own predictor goes with the network. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#lane = undefined;
    forgotten?.unregister(this);
    this.#engine.free();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(call: string): void {
    if (this.#disposed || this.#engine.freed) throw new DisposedError(call);
  }
}

const forgotten = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Engine>((engine) => engine.free());

/** A predictor with an engine of its own, freed when it is forgotten. */
export function frozen(engine: Engine, maxRows: number): Predictor {
  const predictor = new Predictor(engine, maxRows);
  forgotten?.register(predictor, engine, predictor);
  return predictor;
}

function copyOut(memory: Float32Array, at: number, n: number, result: Float32Array | number[], to: number): void {
  if (n <= SHORT || Array.isArray(result)) for (let i = 0; i < n; i++) result[to + i] = memory[at + i] as number;
  else result.set(memory.subarray(at, at + n), to);
}

function toRows(flat: Float32Array, width: number): number[][] {
  return Array.from({ length: flat.length / width }, (_, i) => Array.from(flat.subarray(i * width, (i + 1) * width)));
}
