/** The audio thread: each block of 128 samples goes through the network. */
import { type Predictor, sequential } from 'neurite';
import { inFeatures, layers } from './model.js';

// TypeScript's library does not know the global scope of audio worklets.
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Samples that a host asks for at once. */
const BLOCK = 128;

function player(): Predictor {
  const net = sequential(inFeatures, layers(), { seed: 3 });
  const frozen = net.freeze();
  net.dispose();
  // Programs are compiled on first use: here, and not in the first block.
  frozen.predict(new Float32Array(BLOCK), new Float32Array(BLOCK));
  return frozen;
}

/**
 * Shapes its input by a network. New parameters come as messages, and the block after one fades from the old to the new, as a jump would be heard
 * as a click. `process` allocates nothing.
 */
class Shaper extends AudioWorkletProcessor {
  #playing = player();
  #coming = player();
  readonly #faded = new Float32Array(BLOCK);
  #swaps = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      this.#coming.update(data);
      this.#swaps = true;
    };
  }

  process(inputs: readonly (readonly Float32Array[])[], outputs: readonly (readonly Float32Array[])[]): boolean {
    const x = inputs[0]?.[0];
    const out = outputs[0]?.[0];
    // Nothing is connected.
    if (x === undefined || out === undefined) return true;
    this.#playing.predict(x, out);
    if (this.#swaps) {
      this.#swaps = false;
      const faded = this.#faded;
      this.#coming.predict(x, faded);
      for (let i = 0; i < BLOCK; i++) {
        const old = out[i] as number;
        out[i] = old + ((i + 1) / BLOCK) * ((faded[i] as number) - old);
      }
      const playing = this.#playing;
      this.#playing = this.#coming;
      this.#coming = playing;
    }
    return true;
  }
}

registerProcessor('shaper', Shaper);
