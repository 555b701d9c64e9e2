import { allocateFloats, type Floats } from '../arguments/arrays.js';
import type { AnyTargets, Inputs, Outputs } from '../arguments/values.js';
import { gradients, tangents } from '../compile/differentiate.js';
import type { Recipe } from '../compile/program.js';
import { givenTargets, readBatchOf, type WeightOption, writeBatch } from '../data/batch.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { dataOf } from '../losses/networkLoss.js';
import type { TargetForm } from '../losses/targetForm.js';
import { type AnyNetwork, internals, type NetworkOf } from '../network/network.js';
import type { Parameter } from '../ops/leaves.js';
import { readDirection } from './arguments.js';
import { given, orZero, read, readParameters, writeParameters } from './tensors.js';

/** Derivatives of the loss, first and second. */

/** The gradient of the loss to `wrt`, as nodes, with the losses' targets as inputs. */
function lossGradients(
  engine: Engine,
  call: string,
  forms: readonly TargetForm[],
  wrt: readonly Node[],
): { data: readonly Node[]; found: Node[]; rows: Node[] } {
  const losses = engine.lossNodes(call, forms);
  const found = gradients(engine.seeds(losses), wrt).map((d, i) => orZero(d, wrt[i] as Node));
  return { data: dataOf(losses), found, rows: losses.map((loss) => loss.rows) };
}

/** ∂L/∂x of the reduced loss; with the weights of `options.weight`, as `fit` takes them, `[rows, in]`; a list where there are several inputs. */
export function inputGradient<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: WeightOption,
): Outputs<In, Floats>;
export function inputGradient(network: AnyNetwork, x: unknown, y: unknown, options?: WeightOption): Floats | Floats[] {
  const { engine } = internals('inputGradient', network).idle('inputGradient').need('inputGradient', 'loss');
  const call = 'inputGradient';
  const batch = readBatchOf(call, engine, x, givenTargets(call, y, options));
  const { inputs } = engine.model;
  const program = engine.derived(`inputGradient:${batch.forms}`, batch.rows, () => {
    const { data, found } = lossGradients(engine, call, batch.forms, inputs);
    return { roots: found, inputs: [...inputs, ...data], outputs: found, places: engine.places };
  });
  writeBatch(program, batch, 0, batch.rows);
  program.run(batch.rows);
  const found = inputs.map((one, i) => read(engine, program, i, batch.rows * features(one.shape)));
  return found.length === 1 ? (found[0] as Floats) : found;
}

/** ∂L/∂parameters in prediction mode: of a network without two modes, what `gradient` finds. */
export function parameterGradient(network: AnyNetwork, x: unknown, y: unknown, options?: WeightOption): Floats {
  const call = 'parameterGradient';
  const { engine } = internals(call, network).idle(call).need(call, 'loss');
  const batch = readBatchOf(call, engine, x, givenTargets(call, y, options));
  const program = engine.derived(`${call}:${batch.forms}`, batch.rows, () => {
    const { data, found } = lossGradients(engine, call, batch.forms, engine.parameters);
    return { roots: found, inputs: [...engine.model.inputs, ...data], outputs: found, places: engine.places };
  });
  writeBatch(program, batch, 0, batch.rows);
  program.run(batch.rows);
  return readParameters(engine, program, 0, new Float32Array(engine.parameterCount));
}

/** ∂ℓ/∂parameters of each row by itself, as a batch of one: `[rows, parameters]`. */
export function perSampleGradients<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: WeightOption,
): Floats {
  const { engine } = internals('perSampleGradients', network).idle('perSampleGradients').need('perSampleGradients', 'loss');
  const call = 'perSampleGradients';
  const batch = readBatchOf(call, engine, x, givenTargets(call, y, options));
  const { inputs } = engine.model;
  const program = engine.derived(`perSample:${batch.forms}`, 1, () => {
    const { data, found } = lossGradients(engine, call, batch.forms, engine.parameters);
    return { roots: found, inputs: [...inputs, ...data], outputs: found, places: engine.places };
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

function hvpProgram(engine: Engine, call: string, forms: readonly TargetForm[], rows: number): LoadedProgram {
  return engine.derived(`hvp:${forms}`, rows, (): Recipe => {
    const { inputs } = engine.model;
    const { parameters } = engine;
    const { data, found } = lossGradients(engine, call, forms, parameters);
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
  options?: WeightOption,
): Floats {
  const { engine } = internals('hvp', network).idle('hvp').need('hvp', 'loss');
  const direction = readDirection('hvp', engine, v);
  const batch = readBatchOf('hvp', engine, x, givenTargets('hvp', y, options));
  const program = hvpProgram(engine, 'hvp', batch.forms, batch.rows);
  writeBatch(program, batch, 0, batch.rows);
  writeParameters(engine, program, batch.columns.length, direction);
  program.run(batch.rows);
  return readParameters(engine, program, 0, new Float32Array(engine.parameterCount));
}

/** The Hessian of the reduced loss to the parameters, `[parameters, parameters]`: one Hessian-vector product for each column. */
export function hessian<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: WeightOption,
): Floats {
  const { engine } = internals('hessian', network).idle('hessian').need('hessian', 'loss');
  const batch = readBatchOf('hessian', engine, x, givenTargets('hessian', y, options));
  const n = engine.parameterCount;
  const result = allocateFloats(`hessian: a result of ${n} × ${n}`, n * n);
  const program = hvpProgram(engine, 'hessian', batch.forms, batch.rows);
  writeBatch(program, batch, 0, batch.rows);
  const v = new Float32Array(n);
  for (let column = 0; column < n; column++) {
    v.fill(0);
    v[column] = 1;
    writeParameters(engine, program, batch.columns.length, v);
    program.run(batch.rows);
    readParameters(engine, program, 0, result, column * n);
  }
  return result;
}
