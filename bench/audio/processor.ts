/** The audio thread: blocks through a network of two layers of 16, whose parameters are swapped, and what of it can be measured from within. */
import { copyParameters, dense, type Predictor, sequential } from 'neurite';
import type { Cost, Question, Seen } from './messages.js';

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare const currentFrame: number;

const BLOCK = 128;

const net = sequential(1, [dense(16, 'tanh'), dense(16, 'tanh'), dense(1)], { seed: 3 });

function player(): Predictor {
  const frozen = net.freeze();
  frozen.predict(new Float32Array(BLOCK), new Float32Array(BLOCK));
  return frozen;
}

/** Microseconds of a call, by the only clock there is, Date's, which moves in milliseconds: so many calls that it does not matter. */
function timed(times: number, call: () => void): number {
  for (let i = 0; i < times / 10; i++) call();
  const start = Date.now();
  for (let i = 0; i < times; i++) call();
  return ((Date.now() - start) * 1000) / times;
}

function cost(blocks: number): Cost {
  const measured = player();
  const x = Float32Array.from({ length: BLOCK }, (_, i) => Math.sin(i / 9));
  const out = new Float32Array(BLOCK);
  const parameters = copyParameters(net);
  const found: Cost = {
    block: timed(blocks, () => measured.predict(x, out)),
    update: timed(blocks, () => measured.update(parameters)),
  };
  measured.dispose();
  return found;
}

/** Numbers in an array, so that counting allocates none. */
enum Slot {
  Next,
  Blocks,
  Gaps,
  Swaps,
  Count,
}

class Measured extends AudioWorkletProcessor {
  #playing = player();
  #coming = player();
  readonly #faded = new Float32Array(BLOCK);
  readonly #seen = new Float64Array(Slot.Count);
  #swaps = false;
  #begins = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Float32Array | Question>) => {
      if (ArrayBuffer.isView(data)) {
        this.#coming.update(data);
        this.#swaps = true;
      } else this.#answer(data);
    };
  }

  #answer(question: Question): void {
    const seen = this.#seen;
    if (question.ask === 'begin') this.#begins = true;
    else if (question.ask === 'cost') this.port.postMessage(cost(question.blocks));
    else if (question.ask === 'compile') {
      this.#compile(question.blocks);
      this.port.postMessage(true);
    } else {
      const at = (slot: Slot) => seen[slot] as number;
      const answer: Seen = { blocks: at(Slot.Blocks), gaps: at(Slot.Gaps), swaps: at(Slot.Swaps) };
      this.port.postMessage(answer);
    }
  }

  /** Calls `process` so often that the engine compiles it for good, which allocates. */
  #compile(blocks: number): void {
    const [inputs, outputs] = [[[new Float32Array(BLOCK)]], [[new Float32Array(BLOCK)]]];
    for (let i = 0; i < blocks; i++) {
      // Every branch, as one that is met first while it plays has all of it compiled anew.
      this.#swaps = i % 2 === 0;
      this.#begins = i % 3 === 0;
      this.process(inputs, outputs);
    }
  }

  // Without Date.now(), which allocates its number.
  #count(): void {
    const seen = this.#seen;
    if (this.#begins) {
      this.#begins = false;
      seen.fill(0);
    } else if (currentFrame !== seen[Slot.Next]) seen[Slot.Gaps] = (seen[Slot.Gaps] as number) + 1;
    seen[Slot.Next] = currentFrame + BLOCK;
    seen[Slot.Blocks] = (seen[Slot.Blocks] as number) + 1;
  }

  process(inputs: readonly (readonly Float32Array[])[], outputs: readonly (readonly Float32Array[])[]): boolean {
    const x = inputs[0]?.[0];
    const out = outputs[0]?.[0];
    if (x === undefined || out === undefined) return true;
    this.#count();
    this.#shape(x, out);
    return true;
  }

  /** As the example's: the block after new parameters fades from the old to the new. */
  #shape(x: Float32Array, out: Float32Array): void {
    this.#playing.predict(x, out);
    if (!this.#swaps) return;
    this.#swaps = false;
    this.#seen[Slot.Swaps] = (this.#seen[Slot.Swaps] as number) + 1;
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
}

registerProcessor('measured', Measured);
