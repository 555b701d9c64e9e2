/** The program of every engine: one bundle of it and of the package, run in each host as it is. */
import { type AnyNetwork, optimizerState, readSafetensors, save } from 'neurite';
import { STEPS, TRAININGS } from './networks.js';
import { sha256 } from './sha256.js';

/** SHA-256 of what a training has left in memory after some steps. */
export interface Hashes {
  /** Of the parameters and states, by their names in a file. */
  readonly parameters: string;
  /** Of the optimizer's vectors and numbers: all that a checkpoint keeps of it, L-BFGS's pairs too. */
  readonly optimizer: string;
}

/** By the training's name and the count of steps. */
export type Trained = Record<string, Record<string, Hashes>>;

/** All trainings, in this engine. Fewer steps are for a test that has to be quick. */
export async function program(steps: readonly number[] = STEPS): Promise<Trained> {
  const trained: Trained = {};
  for (const [name, make] of Object.entries(TRAININGS)) {
    const { net, train } = make();
    const after: Record<string, Hashes> = {};
    let done = 0;
    for (const step of steps) {
      await train(done, step);
      done = step;
      after[step] = hashesOf(net);
    }
    net.dispose();
    trained[name] = after;
  }
  return trained;
}

function hashesOf(net: AnyNetwork): Hashes {
  const tensors = readSafetensors(save(net));
  const { slots, powers } = optimizerState(net);
  return {
    parameters: hashOf(Object.entries(tensors).map(([name, { data }]) => [name, data as Float32Array])),
    optimizer: hashOf([...Object.entries(slots), ['powers', Float64Array.from(powers)]]),
  };
}

/** Of arrays with their names, in the order of these. */
function hashOf(arrays: readonly (readonly [name: string, values: Float32Array | Float64Array])[]): string {
  const sorted = arrays.map(([name, values]) => [name, canonicalBytes(values)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = sorted.map(([name, bytes]) => `${name} ${sha256(bytes)}\n`).join('');
  return sha256(Uint8Array.from(texts, (character) => character.charCodeAt(0)));
}

/** Numbers as little-endian bytes, NaN with one payload: WebAssembly leaves its sign and payload to the engine. */
export function canonicalBytes(values: Float32Array | Float64Array): Uint8Array {
  const size = values.BYTES_PER_ELEMENT;
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, i) => {
    if (size === 4) Number.isNaN(value) ? view.setUint32(4 * i, 0x7fc00000, true) : view.setFloat32(4 * i, value, true);
    else Number.isNaN(value) ? view.setBigUint64(8 * i, 0x7ff8000000000000n, true) : view.setFloat64(8 * i, value, true);
  });
  return new Uint8Array(view.buffer);
}
