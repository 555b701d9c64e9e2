import { LoadedProgram } from '../engine/loadedProgram.js';
import { ShapeError } from '../errors.js';
import type { FileQuantization } from '../files/quantized.js';
import { files } from './files.js';
import { hasThreads, packingOf } from './kernels.js';
import { MOST_INPUTS } from './limits.js';
import { QuantizedProgram } from './quantizedProgram.js';
import { ofThreads } from './threadedProgram.js';

/**
 * Weights of eight bits for `net.freeze({ quantize: int8 })`: each dense layer multiplies integers, which is about twice as fast on batches.
 * `save` makes a file of the predictor, about a quarter of the network's, and `load(bytes, { quantize: int8 })` gives the predictor, to the same bits.
 *
 * Each row of weights has a scale of its own, s = max |w| / 127, and each row of a layer's input has one, found when it is there. That input has up
 * to sixteen bits, as many as a sum of 32 bits has room for. Sums are exact; biases, activations and all else are floats as before.
 * A prediction is the same on every engine and build where its activations are, and whatever the rows of a call.
 *
 * @throws ShapeError, from `freeze` and `load`, for a layer of more than 133,144 inputs
 */
export const int8: FileQuantization = {
  name: 'int8',
  files,
  on(core) {
    const { packedSize, pack, roomSize } = packingOf(core);
    return {
      packedSize(n, k) {
        if (k > MOST_INPUTS) throw new ShapeError(`int8: a layer has ${k} inputs, expected at most ${MOST_INPUTS}, whose sums 32 bits hold`);
        return packedSize(n, k);
      },
      packWeights: pack,
      load: (recipe, program, workspace) =>
        hasThreads(core) ? new LoadedProgram(recipe, ofThreads(program, roomSize), workspace) : new QuantizedProgram(recipe, program, workspace),
    };
  },
};
