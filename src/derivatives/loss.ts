import { Context } from '../../assembly/context.js';
import type { Floats } from '../arguments/arrays.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs, Outputs } from '../arguments/values.js';
import { gradients, tangents } from '../compile/differentiate.js';
import type { Recipe } from '../compile/program.js';
import { checkRows, readBatchOf, type WeightOption, writeBatch } from '../data/batch.js';
import { checkUnchanged } from '../data/values.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError } from '../errors.js';
import type { Mode } from '../graph/modes.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { dataOf } from '../losses/networkLoss.js';
import type { TargetForm } from '../losses/targetForm.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals, type NetworkOf } from '../network/network.js';
import type { Parameter } from '../ops/leaves.js';
import { type ResultOption, readDirection, resultOf, valuesOf } from './arguments.js';
import { given, orZero, readParameters, readTo, writeParameters } from './tensors.js';

/** Derivatives of the loss, first and second. */

/** Options of derivatives of the loss. */
export interface LossOptions extends WeightOption {
  /** Whether layers behave as in a training step: dropout drops what the next step will, a batch norm takes its batch's statistics. Default false. */
  readonly training?: boolean;
}

/** Options, read. @throws ValueError for one that is unknown, or a flag that is none; ShapeError for fewer rows than training takes */
function readOptions(call: string, y: unknown, options: LossOptions & ResultOption = {}) {
  const { training = false, weight, out } = checkOptions(call, options, ['weight', 'training', 'out']);
  checkFlag(call, 'training', training);
  return { targets: { y, weight }, mode: training ? ('training' as const) : ('prediction' as const), out };
}

/** Makes a program draw the numbers of the next step. */
function prepare(inside: Internals, program: LoadedProgram, mode: Mode, call: string, rows: number): void {
  if (mode === 'prediction') return;
  checkRows(call, inside.engine, rows);
  program.workspace.set(Context.FirstStep, inside.trainee.stepsDone);
  program.workspace.set(Context.Step, 0);
}

/** The gradient of the loss to `wrt`, as nodes, with the losses' targets as inputs. */
function lossGradients(
  engine: Engine,
  call: string,
  forms: readonly TargetForm[],
  wrt: readonly Node[],
  mode: Mode,
): { data: readonly Node[]; found: Node[]; rows: Node[] } {
  const losses = engine.lossNodes(call, forms, mode);
  const found = gradients(engine.seeds(losses, 0, mode), wrt).map((d, i) => orZero(d, wrt[i] as Node));
  return { data: dataOf(losses), found, rows: losses.map((loss) => loss.rows) };
}

/** ∂L/∂x of the reduced loss; with the weights of `options.weight`, as `fit` takes them, `[rows, in]`; a list where there are several inputs. */
export function inputGradient<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: LossOptions & ResultOption,
): Outputs<In, Floats>;
export function inputGradient(network: AnyNetwork, x: unknown, y: unknown, options?: LossOptions & ResultOption): Floats | Floats[] {
  const inside = internals('inputGradient', network).idle('inputGradient').need('inputGradient', 'loss');
  const { engine } = inside;
  const call = 'inputGradient';
  const { targets, mode, out } = readOptions(call, y, options);
  const { inputs } = engine.model;
  if (out !== undefined && inputs.length > 1) throw new ShapeError(`${call}: out came for a network of ${inputs.length} inputs, expected none`);
  const batch = readBatchOf(call, engine, x, targets);
  const { rows } = batch;
  const program = () =>
    engine.derived(`inputGradient:${mode}:${batch.forms}`, rows, () => {
      const { data, found } = lossGradients(engine, call, batch.forms, inputs, mode);
      return { roots: found, inputs: [...inputs, ...data], outputs: found, places: engine.places };
    });
  const found = inputs.map((one, i) =>
    resultOf(call, [rows, features(one.shape)], out, [], (result) => {
      if (i === 0) {
        prepare(inside, program(), mode, call, rows);
        writeBatch(program(), batch, 0, rows);
        program().run(rows);
      }
      readTo(result, engine, program(), i, rows * features(one.shape));
    }),
  );
  return found.length === 1 ? (found[0] as Floats) : found;
}

/** ∂L/∂parameters in prediction mode: of a network without two modes, what `gradient` finds. */
export function parameterGradient(network: AnyNetwork, x: unknown, y: unknown, options?: LossOptions): Floats {
  const call = 'parameterGradient';
  const inside = internals(call, network).idle(call).need(call, 'loss');
  const { engine } = inside;
  const given = readOptions(call, y, options);
  const { mode } = given;
  const batch = readBatchOf(call, engine, x, given.targets);
  const program = engine.derived(`${call}:${mode}:${batch.forms}`, batch.rows, () => {
    const { data, found } = lossGradients(engine, call, batch.forms, engine.parameters, mode);
    return { roots: found, inputs: [...engine.model.inputs, ...data], outputs: found, places: engine.places };
  });
  prepare(inside, program, mode, call, batch.rows);
  writeBatch(program, batch, 0, batch.rows);
  program.run(batch.rows);
  return readParameters(engine, program, 0, new Float32Array(engine.parameterCount));
}

/** ∂ℓ/∂parameters of each row by itself, as a batch of one: `[rows, parameters]`. */
export function perSampleGradients<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: LossOptions & ResultOption,
): Floats {
  const inside = internals('perSampleGradients', network).idle('perSampleGradients').need('perSampleGradients', 'loss');
  const { engine } = inside;
  const call = 'perSampleGradients';
  const given = readOptions(call, y, options);
  const { mode, out } = given;
  const batch = readBatchOf(call, engine, x, given.targets);
  const n = engine.parameterCount;
  return resultOf(call, [batch.rows, n], out, valuesOf(batch), (result) => {
    const { inputs } = engine.model;
    const program = engine.derived(`perSample:${mode}:${batch.forms}`, 1, () => {
      const { data, found } = lossGradients(engine, call, batch.forms, engine.parameters, mode);
      return { roots: found, inputs: [...inputs, ...data], outputs: found, places: engine.places };
    });
    prepare(inside, program, mode, call, 1);
    for (let row = 0; row < batch.rows; row++) {
      writeBatch(program, batch, row, row + 1);
      // What is drawn for the row is what it has in its batch.
      program.workspace.set(Context.FirstRow, row);
      program.run(1);
      program.workspace.set(Context.FirstRow, 0);
      readParameters(engine, program, 0, result, row * n);
    }
  });
}

function hvpProgram(engine: Engine, call: string, forms: readonly TargetForm[], rows: number, mode: Mode): LoadedProgram {
  return engine.derived(`hvp:${mode}:${forms}`, rows, (): Recipe => {
    const { inputs } = engine.model;
    const { parameters } = engine;
    const { data, found } = lossGradients(engine, call, forms, parameters, mode);
    const v = parameters.map((parameter) => given(`v ${parameter.label}`, parameter));
    // Forward over reverse: H·v is the tangent of the gradient along v.
    const known = new Map<Node, Node>(parameters.map((parameter: Parameter, i) => [parameter, v[i] as Node]));
    const outputs = tangents(found, known).map((d, i) => orZero(d, parameters[i] as Node));
    return { roots: outputs, inputs: [...inputs, ...data, ...v], outputs, places: engine.places };
  });
}

/** H·v, H the Hessian of the reduced loss to the parameters, by differentiating the backward graph. */
export function hvp<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  v: ArrayLike<number>,
  options?: LossOptions & ResultOption,
): Floats {
  const inside = internals('hvp', network).idle('hvp').need('hvp', 'loss');
  const { engine } = inside;
  const direction = readDirection('hvp', engine, v);
  const given = readOptions('hvp', y, options);
  const { mode, out } = given;
  const batch = readBatchOf('hvp', engine, x, given.targets);
  checkUnchanged('hvp', 'v', direction, engine.parameterCount);
  return resultOf('hvp', [engine.parameterCount], out, [], (result) => {
    const program = hvpProgram(engine, 'hvp', batch.forms, batch.rows, mode);
    prepare(inside, program, mode, 'hvp', batch.rows);
    writeBatch(program, batch, 0, batch.rows);
    writeParameters(engine, program, batch.columns.length, direction.values);
    program.run(batch.rows);
    readParameters(engine, program, 0, result);
  });
}

/** The Hessian of the reduced loss to the parameters, `[parameters, parameters]`: one Hessian-vector product for each column. */
export function hessian<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: LossOptions & ResultOption,
): Floats {
  const inside = internals('hessian', network).idle('hessian').need('hessian', 'loss');
  const { engine } = inside;
  const given = readOptions('hessian', y, options);
  const { mode, out } = given;
  const batch = readBatchOf('hessian', engine, x, given.targets);
  const n = engine.parameterCount;
  return resultOf('hessian', [n, n], out, [], (result) => {
    const program = hvpProgram(engine, 'hessian', batch.forms, batch.rows, mode);
    prepare(inside, program, mode, 'hessian', batch.rows);
    writeBatch(program, batch, 0, batch.rows);
    const v = new Float32Array(n);
    for (let column = 0; column < n; column++) {
      v.fill(0);
      v[column] = 1;
      writeParameters(engine, program, batch.columns.length, v);
      program.run(batch.rows);
      readParameters(engine, program, 0, result, column * n);
    }
  });
}
