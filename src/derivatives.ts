import { gradients, tangents } from './compile/differentiate.js';
import type { Recipe } from './compile/program.js';
import type { Engine, LoadedProgram } from './engine.js';
import { ShapeError, ValueError } from './errors.js';
import { Node } from './graph/node.js';
import { elements, features } from './graph/shape.js';
import { fill, input, inputOp, type Parameter } from './ops/leaves.js';
import { asList, type CheckedData, checkRows, columnName } from './training/dataset.js';
import { type ClassIds, checkOptions, copyClassIds, copyRows, countRows, describe, type Targets, type Values } from './values.js';

/**
 * Derivatives of a network's outputs and loss, first and second, exact up to rounding: each is a program compiled from the graph that
 * differentiation makes, run in WebAssembly. Rows are independent, so one run on replicated rows gives a Jacobian row by row.
 */

/** A tensor the caller gives, of a parameter's shape. */
function given(name: string, like: Node): Node {
  return new Node(inputOp, [], like.shape, {}, name);
}

/** The value and the vector-Jacobian product of an output. */
export interface Vjp {
  /** The output, `[rows, out]`. */
  readonly value: Float32Array;
  /** vᵀ·∂output/∂x for each row, `[rows, in]`; one for each input. */
  readonly inputs: Float32Array[];
  /** Σ_rows vᵀ·∂output/∂parameters, in the order of the parameters. */
  readonly parameters: Float32Array;
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

/** The rows of each input. */
function checkInputs(call: string, engine: Engine, x: unknown): { rows: number; xs: readonly Values[] } {
  const { inputs } = engine.columns;
  const xs = asList<Values>(call, 'x', x, inputs.length, 'input');
  const { rows } = checkRows(call, xs, [], { inputs, targets: [] });
  return { rows, xs };
}

function checkVector(call: string, what: string, v: Values, rows: number, width: number): void {
  const found = countRows(call, what, v, width);
  if (found !== rows) throw new ShapeError(`${call}: ${what} has ${found} rows and x has ${rows}, expected as many`);
}

function checkParameters(call: string, engine: Engine, v: ArrayLike<number>): void {
  if (v.length !== engine.parameterCount)
    throw new ShapeError(`${call}: v has ${v.length} numbers, expected ${engine.parameterCount}, one for each parameter`);
}

/** Copies one row to several: row `row` of x goes to rows `at` … `at + times − 1` of a program's input. */
function replicate(
  call: string,
  engine: Engine,
  program: LoadedProgram,
  index: number,
  x: Values,
  width: number,
  row: number,
  at: number,
  times: number,
): void {
  const { f32 } = engine.core;
  const base = program.inputIndex(index) + at * width;
  copyRows(call, 'x', x, width, row, row + 1, f32, base);
  for (let i = 1; i < times; i++) f32.copyWithin(base + i * width, base, base + width);
}

function read(engine: Engine, program: LoadedProgram, index: number, n: number): Float32Array {
  const at = program.outputIndex(index);
  return engine.core.f32.slice(at, at + n);
}

/** Outputs from `index` on, one for each parameter, as one run. */
function readParameters(engine: Engine, program: LoadedProgram, index: number, into: Float32Array, offset = 0): Float32Array {
  engine.parameters.forEach((parameter, i) => {
    const at = program.outputIndex(index + i);
    into.set(engine.core.f32.subarray(at, at + elements(parameter.shape)), offset + engine.offsetOf(parameter));
  });
  return into;
}

function writeParameters(engine: Engine, program: LoadedProgram, index: number, v: ArrayLike<number>): void {
  const { f32 } = engine.core;
  engine.parameters.forEach((parameter, i) => {
    const from = engine.offsetOf(parameter);
    const at = program.inputIndex(index + i);
    const n = elements(parameter.shape);
    for (let j = 0; j < n; j++) f32[at + j] = v[from + j] as number;
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
export function vjp(engine: Engine, x: unknown, v: Values, options: JacobianOptions): Vjp {
  const { output = 0 } = checkOptions('vjp', options, ['output']);
  const node = outputOf('vjp', engine, output);
  const width = features(node.shape);
  const { rows, xs } = checkInputs('vjp', engine, x);
  checkVector('vjp', 'v', v, rows, width);
  const program = vjpProgram(engine, node, output, rows);
  const { inputs } = engine.model;
  const { f32 } = engine.core;
  xs.forEach((values, i) =>
    copyRows('vjp', columnName('x', i, xs.length), values, features((inputs[i] as Node).shape), 0, rows, f32, program.inputIndex(i)),
  );
  copyRows('vjp', 'v', v, width, 0, rows, f32, program.inputIndex(inputs.length));
  program.run(rows);
  return {
    value: read(engine, program, 0, rows * width),
    inputs: inputs.map((one, i) => read(engine, program, 1 + i, rows * features(one.shape))),
    parameters: readParameters(engine, program, 1 + inputs.length, new Float32Array(engine.parameterCount)),
  };
}

/** Directions of a tangent: of the inputs, of the parameters, or both. */
export interface Direction {
  /** `[rows, in]`; a list where there are several inputs. Left out: 0. */
  readonly x?: Values | readonly Values[];
  /** In the order of the parameters. Left out: 0. */
  readonly parameters?: ArrayLike<number>;
}

/** J·d for each row: how an output moves when inputs and parameters move along d. */
export function jvp(engine: Engine, x: unknown, direction: Direction, options: JacobianOptions): { value: Float32Array; tangent: Float32Array } {
  const { output = 0 } = checkOptions('jvp', options, ['output']);
  if (typeof direction !== 'object' || direction === null || (direction.x === undefined && direction.parameters === undefined))
    throw new ValueError(`jvp: direction is ${describe(direction)}, expected { x }, { parameters } or both`);
  const node = outputOf('jvp', engine, output);
  const width = features(node.shape);
  const { rows, xs } = checkInputs('jvp', engine, x);
  const { inputs } = engine.model;
  const dxs = direction.x === undefined ? undefined : asList<Values>('jvp', 'direction.x', direction.x, inputs.length, 'input');
  dxs?.forEach((dx, i) => checkVector('jvp', 'direction.x', dx, rows, features((inputs[i] as Node).shape)));
  if (direction.parameters) checkParameters('jvp', engine, direction.parameters);
  const which = `${dxs ? 'x' : ''}${direction.parameters ? 'p' : ''}`;
  const program = engine.derived(`jvp:${output}:${which}`, rows, () => {
    const known = new Map<Node, Node>();
    const moved: Node[] = [...(dxs ? inputs : []), ...(direction.parameters ? engine.parameters : [])];
    const ds = moved.map((one) => given(`d${one.label}`, one));
    moved.forEach((one, i) => known.set(one, ds[i] as Node));
    const outputs = [node, orZero(tangents([node], known)[0], node)];
    return { roots: outputs, inputs: [...inputs, ...ds], outputs, places: engine.places };
  });
  const { f32 } = engine.core;
  xs.forEach((values, i) =>
    copyRows('jvp', columnName('x', i, xs.length), values, features((inputs[i] as Node).shape), 0, rows, f32, program.inputIndex(i)),
  );
  dxs?.forEach((dx, i) =>
    copyRows('jvp', 'direction.x', dx, features((inputs[i] as Node).shape), 0, rows, f32, program.inputIndex(inputs.length + i)),
  );
  if (direction.parameters) writeParameters(engine, program, inputs.length + (dxs ? inputs.length : 0), direction.parameters);
  program.run(rows);
  return { value: read(engine, program, 0, rows * width), tangent: read(engine, program, 1, rows * width) };
}

/**
 * ∂output/∂input, `[rows, out, in]`. Each row stands `out` times in a batch, its copies seeded with the rows of the identity,
 * so one backward pass gives whole Jacobians.
 */
export function jacobian(engine: Engine, x: unknown, options: JacobianOptions): Float32Array {
  const { output = 0, input: at = 0 } = checkOptions('jacobian', options, ['output', 'input']);
  const node = outputOf('jacobian', engine, output);
  const source = inputOf('jacobian', engine, at);
  const [m, n] = [features(node.shape), features(source.shape)];
  const { rows, xs } = checkInputs('jacobian', engine, x);
  const { inputs } = engine.model;
  const step = Math.max(1, Math.min(rows, Math.floor(ROWS / m)));
  const program = engine.derived(`jacobian:${output}:${at}`, step * m, () => {
    const v = input(m, 'v');
    const outputs = [orZero(gradients([{ node, gradient: v }], [source])[0], source)];
    return { roots: outputs, inputs: [...inputs, v], outputs, places: engine.places };
  });
  const result = new Float32Array(rows * m * n);
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    for (let row = from; row < to; row++) {
      xs.forEach((values, i) => replicate('jacobian', engine, program, i, values, features((inputs[i] as Node).shape), row, (row - from) * m, m));
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
export function parameterJacobian(engine: Engine, x: unknown, options: JacobianOptions): Float32Array {
  const { output = 0 } = checkOptions('parameterJacobian', options, ['output']);
  const node = outputOf('jacobian', engine, output);
  const m = features(node.shape);
  const { rows, xs } = checkInputs('jacobian', engine, x);
  const { inputs } = engine.model;
  const program = vjpProgram(engine, node, output, 1);
  const result = new Float32Array(rows * m * engine.parameterCount);
  for (let row = 0; row < rows; row++) {
    xs.forEach((values, i) => replicate('jacobian', engine, program, i, values, features((inputs[i] as Node).shape), row, 0, 1));
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

/** Checks a batch with targets. */
function checkBatch(call: string, engine: Engine, x: unknown, y: unknown): CheckedData {
  const expected = engine.columns;
  engine.lossNodes(call, []);
  return checkRows(
    call,
    asList<Values>(call, 'x', x, expected.inputs.length, 'input'),
    asList<Targets>(call, 'y', y, expected.targets.length, 'loss'),
    expected,
  );
}

/** Copies rows `from` … `to` − 1 of a batch with targets into a program whose inputs begin with the model's and the targets. */
function writeBatch(call: string, engine: Engine, program: LoadedProgram, { xs, ys, classes }: CheckedData, from: number, to: number): void {
  const { inputs, targets } = engine.columns;
  const { f32, u32 } = engine.core;
  xs.forEach((x, i) => copyRows(call, columnName('x', i, xs.length), x, inputs[i] as number, from, to, f32, program.inputIndex(i)));
  ys.forEach((y, i) => {
    const { width } = targets[i] as { width: number };
    const at = program.inputIndex(xs.length + i);
    if (classes[i]) copyClassIds(call, columnName('y', i, ys.length), y as ClassIds, from, to, width, u32, at);
    else copyRows(call, columnName('y', i, ys.length), y as Values, width, from, to, f32, at);
  });
}

/** The gradient of the loss to `wrt`, as nodes, with the losses' targets as inputs. */
function lossGradients(
  engine: Engine,
  call: string,
  classes: readonly boolean[],
  wrt: readonly Node[],
): { targets: Node[]; found: Node[]; rows: Node[] } {
  const losses = engine.lossNodes(call, classes);
  const seeds = losses.map(({ rows, scale, factors }) => ({ node: rows, gradient: fill(rows.shape, scale, factors) }));
  const found = gradients(seeds, wrt).map((d, i) => orZero(d, wrt[i] as Node));
  return { targets: losses.map((loss) => loss.target), found, rows: losses.map((loss) => loss.rows) };
}

/** ∂L/∂x of the reduced loss, `[rows, in]`, one for each input. */
export function inputGradient(engine: Engine, x: unknown, y: unknown): Float32Array[] {
  const call = 'inputGradient';
  const batch = checkBatch(call, engine, x, y);
  const { inputs } = engine.model;
  const program = engine.derived(`inputGradient:${batch.classes}`, batch.rows, () => {
    const { targets, found } = lossGradients(engine, call, batch.classes, inputs);
    return { roots: found, inputs: [...inputs, ...targets], outputs: found, places: engine.places };
  });
  writeBatch(call, engine, program, batch, 0, batch.rows);
  program.run(batch.rows);
  return inputs.map((one, i) => read(engine, program, i, batch.rows * features(one.shape)));
}

/** ∂ℓ/∂parameters of each row by itself, as a batch of one: `[rows, parameters]`. */
export function perSampleGradients(engine: Engine, x: unknown, y: unknown): Float32Array {
  const call = 'perSampleGradients';
  const batch = checkBatch(call, engine, x, y);
  const { inputs } = engine.model;
  const program = engine.derived(`perSample:${batch.classes}`, 1, () => {
    const { targets, found } = lossGradients(engine, call, batch.classes, engine.parameters);
    return { roots: found, inputs: [...inputs, ...targets], outputs: found, places: engine.places };
  });
  const result = new Float32Array(batch.rows * engine.parameterCount);
  for (let row = 0; row < batch.rows; row++) {
    writeBatch(call, engine, program, batch, row, row + 1);
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
export function hvp(engine: Engine, x: unknown, y: unknown, v: ArrayLike<number>): Float32Array {
  const batch = checkBatch('hvp', engine, x, y);
  checkParameters('hvp', engine, v);
  const program = hvpProgram(engine, 'hvp', batch.classes, batch.rows);
  writeBatch('hvp', engine, program, batch, 0, batch.rows);
  writeParameters(engine, program, batch.xs.length + batch.ys.length, v);
  program.run(batch.rows);
  return readParameters(engine, program, 0, new Float32Array(engine.parameterCount));
}

/** The Hessian of the reduced loss to the parameters, `[parameters, parameters]`: one Hessian-vector product for each column. */
export function hessian(engine: Engine, x: unknown, y: unknown): Float32Array {
  const batch = checkBatch('hessian', engine, x, y);
  const n = engine.parameterCount;
  const program = hvpProgram(engine, 'hessian', batch.classes, batch.rows);
  writeBatch('hessian', engine, program, batch, 0, batch.rows);
  const result = new Float32Array(n * n);
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
export function inputHvp(engine: Engine, x: unknown, v: Values, options: JacobianOptions): Float32Array {
  const { output = 0, input: at = 0 } = checkOptions('inputHvp', options, ['output', 'input']);
  const { rows, xs } = checkInputs('inputHvp', engine, x);
  const width = features(inputOf('inputHvp', engine, at).shape);
  checkVector('inputHvp', 'v', v, rows, width);
  const program = inputHvpProgram(engine, 'inputHvp', output, at, rows);
  const { inputs } = engine.model;
  const { f32 } = engine.core;
  xs.forEach((values, i) =>
    copyRows('inputHvp', columnName('x', i, xs.length), values, features((inputs[i] as Node).shape), 0, rows, f32, program.inputIndex(i)),
  );
  copyRows('inputHvp', 'v', v, width, 0, rows, f32, program.inputIndex(inputs.length));
  program.run(rows);
  return read(engine, program, 0, rows * width);
}

/** The Hessian of a scalar output to an input for each row, `[rows, in, in]`: rows replicated, one for each direction. */
export function inputHessian(engine: Engine, x: unknown, options: JacobianOptions): Float32Array {
  const { output = 0, input: at = 0 } = checkOptions('inputHessian', options, ['output', 'input']);
  const call = 'inputHessian';
  const { rows, xs } = checkInputs(call, engine, x);
  const n = features(inputOf(call, engine, at).shape);
  const step = Math.max(1, Math.min(rows, Math.floor(ROWS / n)));
  const program = inputHvpProgram(engine, call, output, at, step * n);
  const { inputs } = engine.model;
  const result = new Float32Array(rows * n * n);
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    for (let row = from; row < to; row++) {
      xs.forEach((values, i) => replicate(call, engine, program, i, values, features((inputs[i] as Node).shape), row, (row - from) * n, n));
    }
    identity(engine, program.inputIndex(inputs.length), to - from, n);
    program.run((to - from) * n);
    result.set(read(engine, program, 0, (to - from) * n * n), from * n * n);
  }
  return result;
}
