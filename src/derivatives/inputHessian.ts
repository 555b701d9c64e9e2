import type { Floats } from '../arguments/arrays.js';
import { checkOptions } from '../arguments/options.js';
import type { Inputs, Values } from '../arguments/values.js';
import { gradients, tangents } from '../compile/differentiate.js';
import { writeBatch } from '../data/batch.js';
import { copyIn } from '../data/values.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError } from '../errors.js';
import { features } from '../graph/shape.js';
import { internals, type NetworkOf } from '../network/network.js';
import { fill } from '../ops/leaves.js';
import { inputOf, type JacobianOptions, outputOf, REMEDIES, type ResultOption, readAll, readVector, resultOf, valuesOf } from './arguments.js';
import { forEachDirection, given, orZero, readTo } from './tensors.js';

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
export function inputHvp<In extends number>(
  network: NetworkOf<In>,
  x: Inputs<NoInfer<In>>,
  v: Values,
  options: JacobianOptions & ResultOption = {},
): Floats {
  const { engine } = internals('inputHvp', network).idle('inputHvp');
  const { output = 0, input: at = 0, out } = checkOptions('inputHvp', options, ['output', 'input', 'out'], {}, 'options', REMEDIES);
  const width = features(inputOf('inputHvp', engine, at).shape);
  const { rows, batch, besides } = readAll('inputHvp', engine, x, (rows) => readVector('inputHvp', 'v', v, rows, width));
  return resultOf('inputHvp', [rows, width], out, [], (result) => {
    const program = inputHvpProgram(engine, 'inputHvp', output, at, rows);
    writeBatch(program, batch, 0, rows);
    copyIn(besides, width, 0, rows, engine.core.f32, program.inputIndex(engine.model.inputs.length));
    program.run(rows);
    readTo(result, engine, program, 0, rows * width);
  });
}

/** The Hessian of a scalar output to an input for each row, `[rows, in, in]`: rows replicated, one for each direction. */
export function inputHessian<In extends number>(
  network: NetworkOf<In>,
  x: Inputs<NoInfer<In>>,
  options: JacobianOptions & ResultOption = {},
): Floats {
  const { engine } = internals('inputHessian', network).idle('inputHessian');
  const { output = 0, input: at = 0, out } = checkOptions('inputHessian', options, ['output', 'input', 'out'], {}, 'options', REMEDIES);
  const call = 'inputHessian';
  const n = features(inputOf(call, engine, at).shape);
  const { rows, batch } = readAll(call, engine, x, () => {});
  return resultOf(call, [rows, n, n], out, valuesOf(batch), (result) => {
    forEachDirection(engine, batch, { n, width: n }, (most) => inputHvpProgram(engine, call, output, at, most), result);
  });
}
