import { allocateFloats, type Floats, isNumericArray, lengthOf } from '../arguments/arrays.js';
import { describe, fieldOf, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Inputs, ListOf, Values } from '../arguments/values.js';
import { gradients, tangents } from '../compile/differentiate.js';
import type { Recipe } from '../compile/program.js';
import { type Batch, readBatchOf, readInputs, writeBatch } from '../data/batch.js';
import { checkUnchanged, copyIn, type Read, readRows } from '../data/values.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError, ValueError } from '../errors.js';
import { Node } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { fill, input, inputOp, type Parameter } from '../ops/leaves.js';

/**
 * Derivatives of a network's outputs and loss, first and second, exact up to rounding: each is a program compiled from the graph that
 * differentiation makes, run in WebAssembly. Rows are independent, so one run on replicated rows gives a Jacobian row by row.
 */

/** A tensor the caller gives, of a parameter's shape. */
function given(name: string, like: Node): Node {
  return new Node(inputOp, [], like.shape, {}, name);
}

/** The value and the vector-Jacobian product of an output. */
export interface Vjp<In extends number = 1> {
  /** The output, `[rows, out]`. */
  readonly value: Floats;
  /** vᵀ·∂output/∂x for each row, `[rows, in]`; one for each input. */
  readonly inputs: ListOf<In, Floats>;
  /** Σ_rows vᵀ·∂output/∂parameters, in the order of the parameters. */
  readonly parameters: Floats;
}

/** Options that choose among several inputs and outputs; both default to the first. */
export interface JacobianOptions {
  readonly output?: number;
  readonly input?: number;
}

/** Rows one run takes at most: longer work is done in pieces. */
const ROWS = 1024;

function outputOf(call: string, engine: Engine, index: number): Node {
  const node = Number.isInteger(index) ? engine.model.outputs[index] : undefined;
  if (!node) throw new ShapeError(`${call}: output is ${describe(index)}, expected one of 0 … ${engine.model.outputs.length - 1}`);
  return node;
}

function inputOf(call: string, engine: Engine, index: number): Node {
  const node = Number.isInteger(index) ? engine.model.inputs[index] : undefined;
  if (!node) throw new ShapeError(`${call}: input is ${describe(index)}, expected one of 0 … ${engine.model.inputs.length - 1}`);
  return node;
}

/** A zero of a node's shape where a derivative does not depend on anything. */
function orZero(node: Node | undefined, like: Node): Node {
  return node ?? fill(like.shape, 0);
}

/** The rows of each input, and what else goes in with them, read before any memory is touched. */
function readAll<T>(call: string, engine: Engine, x: unknown, besides: (rows: number) => T): { rows: number; xs: readonly Read[]; besides: T } {
  const { inputs } = engine.columns;
  const xs = readInputs(call, x, inputs);
  const { rows } = xs[0] as Read;
  const found = besides(rows);
  xs.forEach((read, i) => {
    checkUnchanged(call, 'x', read, inputs[i] as number);
  });
  engine.checkAlive(call);
  return { rows, xs, besides: found };
}

function readVector(call: string, what: string, v: unknown, rows: number, width: number): Read {
  const read = readRows(call, what, v, width);
  if (read.rows !== rows) throw new ShapeError(`${call}: ${what} has ${read.rows} rows and x has ${rows}, expected as many`);
  return read;
}

/** A number for each parameter, copied. @throws ShapeError unless there are as many; ValueError for what is no number */
function readDirection(call: string, engine: Engine, v: unknown): Floats {
  const n = engine.parameterCount;
  const found = isNumericArray(v) ? lengthOf(v) : isList(v) ? v.length : undefined;
  if (found === undefined) throw new ValueError(`${call}: v is ${describe(v)}, expected ${n} numbers, one for each parameter`);
  if (found !== n) throw new ShapeError(`${call}: v has ${found} numbers, expected ${n}, one for each parameter`);
  return Float32Array.from(readRows(call, 'v', v, n).values);
}

/** Writes rows of every input into a program. */
function writeInputs(engine: Engine, program: LoadedProgram, xs: readonly Read[], from: number, to: number): void {
  const { f32 } = engine.core;
  xs.forEach((read, i) => {
    copyIn(read, engine.columns.inputs[i] as number, from, to, f32, program.inputIndex(i));
  });
}

/** Copies one row of every input to several: row `row` goes to rows `at` … `at + times − 1` of a program's input. */
function replicate(engine: Engine, program: LoadedProgram, xs: readonly Read[], row: number, at: number, times: number): void {
  const { f32 } = engine.core;
  xs.forEach((read, index) => {
    const width = engine.columns.inputs[index] as number;
    const base = program.inputIndex(index) + at * width;
    copyIn(read, width, row, row + 1, f32, base);
    for (let i = 1; i < times; i++) f32.copyWithin(base + i * width, base, base + width);
  });
}

function read(engine: Engine, program: LoadedProgram, index: number, n: number): Floats {
  const at = program.outputIndex(index);
  return engine.core.f32.slice(at, at + n);
}

/** Outputs from `index` on, one for each parameter, as one run. */
function readParameters(engine: Engine, program: LoadedProgram, index: number, into: Floats, offset = 0): Floats {
  engine.parameters.forEach((parameter, i) => {
    const at = program.outputIndex(index + i);
    into.set(engine.core.f32.subarray(at, at + elements(parameter.shape)), offset + engine.offsetOf(parameter));
  });
  return into;
}

function writeParameters(engine: Engine, program: LoadedProgram, index: number, v: Float32Array): void {
  const { f32 } = engine.core;
  engine.parameters.forEach((parameter, i) => {
    const from = engine.offsetOf(parameter);
    f32.set(v.subarray(from, from + elements(parameter.shape)), program.inputIndex(index + i));
  });
}

function vjpProgram(engine: Engine, output: Node, index: number, rows: number): LoadedProgram {
  return engine.derived(`vjp:${index}`, rows, () => {
    const v = input(features(output.shape), 'v');
    const { inputs } = engine.model;
    const wrt = [...inputs, ...engine.parameters];
    const found = gradients([{ node: output, gradient: v }], wrt).map((d, i) => orZero(d, wrt[i] as Node));
    const outputs = [output, ...found];
    return { roots: outputs, inputs: [...inputs, v], outputs, places: engine.places };
  });
}

/** vᵀ·J for each row: what backpropagation computes from the gradient v of an output. */
export function vjp<In extends number>(engine: Engine, x: unknown, v: Values, options: JacobianOptions): Vjp<In> {
  const { output = 0 } = checkOptions('vjp', options, ['output']);
  const node = outputOf('vjp', engine, output);
  const width = features(node.shape);
  const { rows, xs, besides } = readAll('vjp', engine, x, (rows) => readVector('vjp', 'v', v, rows, width));
  const program = vjpProgram(engine, node, output, rows);
  const { inputs } = engine.model;
  writeInputs(engine, program, xs, 0, rows);
  copyIn(besides, width, 0, rows, engine.core.f32, program.inputIndex(inputs.length));
  program.run(rows);
  return {
    value: read(engine, program, 0, rows * width),
    inputs: inputs.map((one, i) => read(engine, program, 1 + i, rows * features(one.shape))) as ListOf<In, Floats>,
    parameters: readParameters(engine, program, 1 + inputs.length, new Float32Array(engine.parameterCount)),
  };
}

/** Directions of a tangent: of the inputs, of the parameters, or both. */
export interface Direction<In extends number = 1> {
  /** `[rows, in]`; a list where there are several inputs. Left out: 0. */
  readonly x?: Inputs<In>;
  /** In the order of the parameters. Left out: 0. */
  readonly parameters?: ArrayLike<number>;
}

/** J·d for each row: how an output moves when inputs and parameters move along d. */
export function jvp(
  engine: Engine,
  x: unknown,
  direction: Omit<Direction, 'x'> & { readonly x?: unknown },
  options: JacobianOptions,
): { value: Floats; tangent: Floats } {
  const { output = 0 } = checkOptions('jvp', options, ['output']);
  const wanted = { x: fieldOf(direction, 'x'), parameters: fieldOf(direction, 'parameters') };
  if (wanted.x === undefined && wanted.parameters === undefined)
    throw new ValueError(`jvp: direction is ${describe(direction)}, expected { x }, { parameters } or both`);
  const node = outputOf('jvp', engine, output);
  const width = features(node.shape);
  const { inputs } = engine.model;
  const { rows, xs, besides } = readAll('jvp', engine, x, (rows) => {
    const dxs = wanted.x === undefined ? undefined : readInputs('jvp', wanted.x, engine.columns.inputs, 'direction.x');
    if (dxs && (dxs[0] as Read).rows !== rows) {
      throw new ShapeError(`jvp: direction.x has ${(dxs[0] as Read).rows} rows and x has ${rows}, expected as many`);
    }
    return { dxs, dp: wanted.parameters === undefined ? undefined : readDirection('jvp', engine, wanted.parameters) };
  });
  const { dxs, dp } = besides;
  const which = `${dxs ? 'x' : ''}${dp ? 'p' : ''}`;
  const program = engine.derived(`jvp:${output}:${which}`, rows, () => {
    const known = new Map<Node, Node>();
    const moved: Node[] = [...(dxs ? inputs : []), ...(dp ? engine.parameters : [])];
    const ds = moved.map((one) => given(`d${one.label}`, one));
    moved.forEach((one, i) => known.set(one, ds[i] as Node));
    const outputs = [node, orZero(tangents([node], known)[0], node)];
    return { roots: outputs, inputs: [...inputs, ...ds], outputs, places: engine.places };
  });
  writeInputs(engine, program, xs, 0, rows);
  dxs?.forEach((dx, i) => {
    copyIn(dx, engine.columns.inputs[i] as number, 0, rows, engine.core.f32, program.inputIndex(inputs.length + i));
  });
  if (dp) writeParameters(engine, program, inputs.length + (dxs ? inputs.length : 0), dp);
  program.run(rows);
  return { value: read(engine, program, 0, rows * width), tangent: read(engine, program, 1, rows * width) };
}

/**
 * ∂output/∂input, `[rows, out, in]`. Each row stands `out` times in a batch, its copies seeded with the rows of the identity,
 * so one backward pass gives whole Jacobians.
 */
export function jacobian(engine: Engine, x: unknown, options: JacobianOptions): Floats {
  const { output = 0, input: at = 0 } = checkOptions('jacobian', options, ['output', 'input']);
  const node = outputOf('jacobian', engine, output);
  const source = inputOf('jacobian', engine, at);
  const [m, n] = [features(node.shape), features(source.shape)];
  const { rows, xs } = readAll('jacobian', engine, x, () => {});
  const result = allocateFloats(`jacobian: a result of ${rows} × ${m} × ${n}`, rows * m * n);
  const { inputs } = engine.model;
  const step = Math.max(1, Math.min(rows, Math.floor(ROWS / m)));
  const program = engine.derived(`jacobian:${output}:${at}`, step * m, () => {
    const v = input(m, 'v');
    const outputs = [orZero(gradients([{ node, gradient: v }], [source])[0], source)];
    return { roots: outputs, inputs: [...inputs, v], outputs, places: engine.places };
  });
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    for (let row = from; row < to; row++) {
      replicate(engine, program, xs, row, (row - from) * m, m);
    }
    identity(engine, program.inputIndex(inputs.length), to - from, m);
    program.run((to - from) * m);
    result.set(read(engine, program, 0, (to - from) * m * n), from * m * n);
  }
  return result;
}

/** `times` identity matrices of order n, one below the other. */
function identity(engine: Engine, at: number, times: number, n: number): void {
  const { f32 } = engine.core;
  f32.fill(0, at, at + times * n * n);
  for (let i = 0; i < times; i++) for (let j = 0; j < n; j++) f32[at + (i * n + j) * n + j] = 1;
}

/** ∂output/∂parameters, `[rows, out, parameters]`: one backward pass for each number of the output. */
export function parameterJacobian(engine: Engine, x: unknown, options: JacobianOptions): Floats {
  const { output = 0 } = checkOptions('parameterJacobian', options, ['output']);
  const call = 'parameterJacobian';
  const node = outputOf(call, engine, output);
  const m = features(node.shape);
  const { rows, xs } = readAll(call, engine, x, () => {});
  const { inputs } = engine.model;
  const n = engine.parameterCount;
  const result = allocateFloats(`${call}: a result of ${rows} × ${m} × ${n}`, rows * m * n);
  const program = vjpProgram(engine, node, output, 1);
  for (let row = 0; row < rows; row++) {
    replicate(engine, program, xs, row, 0, 1);
    for (let j = 0; j < m; j++) {
      const at = program.inputIndex(inputs.length);
      engine.core.f32.fill(0, at, at + m);
      engine.core.f32[at + j] = 1;
      program.run(1);
      readParameters(engine, program, 1 + inputs.length, result, (row * m + j) * engine.parameterCount);
    }
  }
  return result;
}

/** Reads a batch with targets. */
function batchOf(call: string, engine: Engine, x: unknown, y: unknown): Batch {
  engine.lossNodes(call, []);
  return readBatchOf(call, engine, x, y);
}

/** The gradient of the loss to `wrt`, as nodes, with the losses' targets as inputs. */
function lossGradients(
  engine: Engine,
  call: string,
  classes: readonly boolean[],
  wrt: readonly Node[],
): { targets: Node[]; found: Node[]; rows: Node[] } {
  const losses = engine.lossNodes(call, classes);
  const found = gradients(engine.seeds(losses), wrt).map((d, i) => orZero(d, wrt[i] as Node));
  return { targets: losses.map((loss) => loss.target), found, rows: losses.map((loss) => loss.rows) };
}

/** ∂L/∂x of the reduced loss, `[rows, in]`, one for each input. */
export function inputGradient(engine: Engine, x: unknown, y: unknown): Floats[] {
  const call = 'inputGradient';
  const batch = batchOf(call, engine, x, y);
  const { inputs } = engine.model;
  const program = engine.derived(`inputGradient:${batch.classes}`, batch.rows, () => {
    const { targets, found } = lossGradients(engine, call, batch.classes, inputs);
    return { roots: found, inputs: [...inputs, ...targets], outputs: found, places: engine.places };
  });
  writeBatch(program, batch, 0, batch.rows);
  program.run(batch.rows);
  return inputs.map((one, i) => read(engine, program, i, batch.rows * features(one.shape)));
}

/** ∂ℓ/∂parameters of each row by itself, as a batch of one: `[rows, parameters]`. */
export function perSampleGradients(engine: Engine, x: unknown, y: unknown): Floats {
  const call = 'perSampleGradients';
  const batch = batchOf(call, engine, x, y);
  const { inputs } = engine.model;
  const program = engine.derived(`perSample:${batch.classes}`, 1, () => {
    const { targets, found } = lossGradients(engine, call, batch.classes, engine.parameters);
    return { roots: found, inputs: [...inputs, ...targets], outputs: found, places: engine.places };
  });
  const n = engine.parameterCount;
  const result = allocateFloats(`${call}: a result of ${batch.rows} × ${n}`, batch.rows * n);
  for (let row = 0; row < batch.rows; row++) {
    writeBatch(program, batch, row, row + 1);
    program.run(1);
    readParameters(engine, program, 0, result, row * engine.parameterCount);
  }
  return result;
}

function hvpProgram(engine: Engine, call: string, classes: readonly boolean[], rows: number): LoadedProgram {
  return engine.derived(`hvp:${classes}`, rows, (): Recipe => {
    const { inputs } = engine.model;
    const { parameters } = engine;
    const { targets, found } = lossGradients(engine, call, classes, parameters);
    const v = parameters.map((parameter) => given(`v ${parameter.label}`, parameter));
    // Forward over reverse: H·v is the tangent of the gradient along v.
    const known = new Map<Node, Node>(parameters.map((parameter: Parameter, i) => [parameter, v[i] as Node]));
    const outputs = tangents(found, known).map((d, i) => orZero(d, parameters[i] as Node));
    return { roots: outputs, inputs: [...inputs, ...targets, ...v], outputs, places: engine.places };
  });
}

/** H·v, H the Hessian of the reduced loss to the parameters, by differentiating the backward graph. */
export function hvp(engine: Engine, x: unknown, y: unknown, v: ArrayLike<number>): Floats {
  const direction = readDirection('hvp', engine, v);
  const batch = batchOf('hvp', engine, x, y);
  const program = hvpProgram(engine, 'hvp', batch.classes, batch.rows);
  writeBatch(program, batch, 0, batch.rows);
  writeParameters(engine, program, batch.xs.length + batch.ys.length, direction);
  program.run(batch.rows);
  return readParameters(engine, program, 0, new Float32Array(engine.parameterCount));
}

/** The Hessian of the reduced loss to the parameters, `[parameters, parameters]`: one Hessian-vector product for each column. */
export function hessian(engine: Engine, x: unknown, y: unknown): Floats {
  const batch = batchOf('hessian', engine, x, y);
  const n = engine.parameterCount;
  const result = allocateFloats(`hessian: a result of ${n} × ${n}`, n * n);
  const program = hvpProgram(engine, 'hessian', batch.classes, batch.rows);
  writeBatch(program, batch, 0, batch.rows);
  const v = new Float32Array(n);
  for (let column = 0; column < n; column++) {
    v.fill(0);
    v[column] = 1;
    writeParameters(engine, program, batch.xs.length + batch.ys.length, v);
    program.run(batch.rows);
    readParameters(engine, program, 0, result, column * n);
  }
  return result;
}

function inputHvpProgram(engine: Engine, call: string, output: number, at: number, rows: number): LoadedProgram {
  const node = outputOf(call, engine, output);
  const source = inputOf(call, engine, at);
  if (features(node.shape) !== 1) throw new ShapeError(`${call}: the output ${node} has ${features(node.shape)} features, expected a scalar output`);
  return engine.derived(`inputHvp:${output}:${at}`, rows, () => {
    const v = given('v', source);
    const [slope] = gradients([{ node, gradient: fill(node.shape, 1) }], [source]);
    const outputs = [orZero(slope && tangents([slope], new Map([[source, v]]))[0], source)];
    return { roots: outputs, inputs: [...engine.model.inputs, v], outputs, places: engine.places };
  });
}

/** H·v for each row, H the Hessian of a scalar output to an input: `[rows, in]`. */
export function inputHvp(engine: Engine, x: unknown, v: Values, options: JacobianOptions): Floats {
  const { output = 0, input: at = 0 } = checkOptions('inputHvp', options, ['output', 'input']);
  const width = features(inputOf('inputHvp', engine, at).shape);
  const { rows, xs, besides } = readAll('inputHvp', engine, x, (rows) => readVector('inputHvp', 'v', v, rows, width));
  const program = inputHvpProgram(engine, 'inputHvp', output, at, rows);
  writeInputs(engine, program, xs, 0, rows);
  copyIn(besides, width, 0, rows, engine.core.f32, program.inputIndex(engine.model.inputs.length));
  program.run(rows);
  return read(engine, program, 0, rows * width);
}

/** The Hessian of a scalar output to an input for each row, `[rows, in, in]`: rows replicated, one for each direction. */
export function inputHessian(engine: Engine, x: unknown, options: JacobianOptions): Floats {
  const { output = 0, input: at = 0 } = checkOptions('inputHessian', options, ['output', 'input']);
  const call = 'inputHessian';
  const n = features(inputOf(call, engine, at).shape);
  const { rows, xs } = readAll(call, engine, x, () => {});
  const result = allocateFloats(`${call}: a result of ${rows} × ${n} × ${n}`, rows * n * n);
  const step = Math.max(1, Math.min(rows, Math.floor(ROWS / n)));
  const program = inputHvpProgram(engine, call, output, at, step * n);
  const { inputs } = engine.model;
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    for (let row = from; row < to; row++) {
      replicate(engine, program, xs, row, (row - from) * n, n);
    }
    identity(engine, program.inputIndex(inputs.length), to - from, n);
    program.run((to - from) * n);
    result.set(read(engine, program, 0, (to - from) * n * n), from * n * n);
  }
  return result;
}
