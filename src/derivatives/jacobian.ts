import type { Floats } from '../arguments/arrays.js';
import { count, describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Inputs, ListOf, Values } from '../arguments/values.js';
import { gradients, tangents } from '../compile/differentiate.js';
import { readInputs, writeBatch } from '../data/batch.js';
import { checkUnchanged, copyIn, type Read } from '../data/values.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { internals, type NetworkOf } from '../network/network.js';
import { input } from '../ops/leaves.js';
import {
  inputOf,
  type JacobianOptions,
  outputOf,
  REMEDIES,
  type ResultOption,
  readAll,
  readDirection,
  readVector,
  resultOf,
  valuesOf,
} from './arguments.js';
import { forEachDirection, given, orZero, read, readParameters, replicate, writeParameters } from './tensors.js';

/**
 * Derivatives of the outputs, exact up to rounding: each is a program compiled from the graph that differentiation makes, run in WebAssembly.
 * Rows are independent, so one run on replicated rows gives a Jacobian row by row.
 */

/** The value and the vector-Jacobian product of an output. */
export interface Vjp<In extends number = 1> {
  /** The output, `[rows, out]`. */
  readonly value: Floats;
  /** vᵀ·∂output/∂x for each row, `[rows, in]`; one for each input. */
  readonly inputs: ListOf<In, Floats>;
  /** Σ_rows vᵀ·∂output/∂parameters, in the order of the parameters. */
  readonly parameters: Floats;
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

/** vᵀ·J of an output for each row: the backward pass from the gradient v, `[rows, out]`, to every input and to the parameters. */
export function vjp<In extends number>(network: NetworkOf<In>, x: Inputs<NoInfer<In>>, v: Values, options: JacobianOptions = {}): Vjp<In> {
  const { engine } = internals('vjp', network).idle('vjp');
  const { output = 0 } = checkOptions('vjp', options, ['output'], {}, 'options', REMEDIES);
  const node = outputOf('vjp', engine, output);
  const width = features(node.shape);
  const { rows, batch, besides } = readAll('vjp', engine, x, (rows) => readVector('vjp', 'v', v, rows, width));
  const program = vjpProgram(engine, node, output, rows);
  const { inputs } = engine.model;
  writeBatch(program, batch, 0, rows);
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

/** J·d of an output for each row: how it moves when the inputs, the parameters or both move along a direction. */
export function jvp<In extends number>(
  network: NetworkOf<In>,
  x: Inputs<NoInfer<In>>,
  direction: Direction<NoInfer<In>>,
  options: JacobianOptions = {},
): { value: Floats; tangent: Floats } {
  const { engine } = internals('jvp', network).idle('jvp');
  const { output = 0 } = checkOptions('jvp', options, ['output'], {}, 'options', REMEDIES);
  const wanted = { x: fieldOf(direction, 'x'), parameters: fieldOf(direction, 'parameters') };
  if (wanted.x === undefined && wanted.parameters === undefined)
    throw new ValueError(`jvp: direction is ${describe(direction)}, expected { x }, { parameters } or both`);
  const node = outputOf('jvp', engine, output);
  const width = features(node.shape);
  const { inputs } = engine.model;
  const { rows, batch, besides } = readAll('jvp', engine, x, (rows) => {
    const dxs = wanted.x === undefined ? undefined : readInputs('jvp', wanted.x, engine.columns.inputs, 'direction.x');
    if (dxs && (dxs[0] as Read).rows !== rows) {
      throw new ShapeError(`jvp: direction.x has ${count((dxs[0] as Read).rows, 'row')} and x has ${rows}, expected as many`);
    }
    const dp = wanted.parameters === undefined ? undefined : readDirection('jvp', engine, wanted.parameters);
    // Reading the one may have run code of the caller's that shrank the other.
    dxs?.forEach((dx, i) => {
      checkUnchanged('jvp', 'direction.x', dx, engine.columns.inputs[i] as number);
    });
    return { dxs, dp };
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
  writeBatch(program, batch, 0, rows);
  dxs?.forEach((dx, i) => {
    copyIn(dx, engine.columns.inputs[i] as number, 0, rows, engine.core.f32, program.inputIndex(inputs.length + i));
  });
  if (dp) writeParameters(engine, program, inputs.length + (dxs ? inputs.length : 0), dp.values);
  program.run(rows);
  return { value: read(engine, program, 0, rows * width), tangent: read(engine, program, 1, rows * width) };
}

/**
 * ∂output/∂input, `[rows, out, in]`. Each row stands `out` times in a batch, its copies seeded with the rows of the identity,
 * so one backward pass gives whole Jacobians.
 */
export function jacobian<In extends number>(network: NetworkOf<In>, x: Inputs<NoInfer<In>>, options: JacobianOptions & ResultOption = {}): Floats {
  const { engine } = internals('jacobian', network).idle('jacobian');
  const { output = 0, input: at = 0, out } = checkOptions('jacobian', options, ['output', 'input', 'out'], {}, 'options', REMEDIES);
  const node = outputOf('jacobian', engine, output);
  const source = inputOf('jacobian', engine, at);
  const [m, n] = [features(node.shape), features(source.shape)];
  const { rows, batch } = readAll('jacobian', engine, x, () => {});
  return resultOf('jacobian', [rows, m, n], out, valuesOf(batch), (result) => {
    const programOf = (most: number) =>
      engine.derived(`jacobian:${output}:${at}`, most, () => {
        const v = input(m, 'v');
        const outputs = [orZero(gradients([{ node, gradient: v }], [source])[0], source)];
        return { roots: outputs, inputs: [...engine.model.inputs, v], outputs, places: engine.places };
      });
    forEachDirection(engine, batch, { n: m, width: n }, programOf, result);
  });
}

/** ∂output/∂parameters, `[rows, out, parameters]`: one backward pass for each number of the output. */
export function parameterJacobian<In extends number>(
  network: NetworkOf<In>,
  x: Inputs<NoInfer<In>>,
  options: JacobianOptions & ResultOption = {},
): Floats {
  const { engine } = internals('parameterJacobian', network).idle('parameterJacobian');
  const { output = 0, out } = checkOptions('parameterJacobian', options, ['output', 'out'], {}, 'options', REMEDIES);
  const call = 'parameterJacobian';
  const node = outputOf(call, engine, output);
  const m = features(node.shape);
  const { rows, batch } = readAll(call, engine, x, () => {});
  const { inputs } = engine.model;
  const n = engine.parameterCount;
  return resultOf(call, [rows, m, n], out, valuesOf(batch), (result) => {
    const program = vjpProgram(engine, node, output, 1);
    for (let row = 0; row < rows; row++) {
      replicate(program, batch, row, 0, 1);
      for (let j = 0; j < m; j++) {
        const at = program.inputIndex(inputs.length);
        engine.core.f32.fill(0, at, at + m);
        engine.core.f32[at + j] = 1;
        program.run(1);
        readParameters(engine, program, 1 + inputs.length, result, (row * m + j) * n);
      }
    }
  });
}
