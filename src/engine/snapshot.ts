import { allocateFloats } from '../arguments/arrays.js';
import type { Core } from '../core/core.js';

/** Where an optimizer's state lies, in bytes. */
export interface OptimizerState {
  /** Vectors as long as the parameters, and what their optimizer calls them. */
  readonly slotNames: readonly string[];
  readonly slots: readonly number[];
  /** Numbers in float64, and how many. */
  readonly powers: number;
  readonly powerCount: number;
}

/** What a snapshot is taken of: an engine's parameters and states, and its optimizer's state. */
interface Trained {
  readonly core: Core;
  readonly parameterCount: number;
  readonly valueCount: number;
  readonly parametersAddress: number;
  readonly statesAddress: number;
  readonly optimizerState: OptimizerState | undefined;
  judgeState(): void;
}

/** What a snapshot holds. */
export interface SnapshotState {
  /** Parameters and states. */
  readonly parameters: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly powers: Float64Array;
}

/** A copy of the parameters, the states and the optimizer's state, to go back to. */
export class Snapshot implements SnapshotState {
  readonly #engine: Trained;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly slots: readonly Float32Array<ArrayBuffer>[];
  readonly powers: Float64Array<ArrayBuffer>;

  constructor(engine: Trained) {
    const n = engine.parameterCount;
    this.#engine = engine;
    this.parameters = allocateFloats('a copy of the parameters', engine.valueCount);
    this.powers = new Float64Array(engine.optimizerState?.powerCount ?? 0);
    this.slots = (engine.optimizerState?.slots ?? []).map(() => allocateFloats("a copy of the optimizer's state", n));
  }

  /** Copies the current state. */
  take(): void {
    this.#each((copy, live) => copy.set(live));
  }

  /** Restores the copy. */
  restore(): void {
    this.#each((copy, live) => live.set(copy));
    this.#engine.judgeState();
  }

  #each(move: (copy: Float32Array | Float64Array, live: Float32Array | Float64Array) => void): void {
    const { core, parameterCount: n, parametersAddress, statesAddress, optimizerState } = this.#engine;
    const live = (address: number, n: number) => core.f32.subarray(address >>> 2, (address >>> 2) + n);
    const { parameters } = this;
    move(parameters.subarray(0, n), live(parametersAddress, n));
    move(parameters.subarray(n), live(statesAddress, parameters.length - n));
    if (!optimizerState) return;
    const { slots, powers } = optimizerState;
    slots.forEach((address, i) => {
      const copy = this.slots[i] as Float32Array;
      move(copy, live(address, copy.length));
    });
    move(this.powers, core.f64.subarray(powers >>> 3, (powers >>> 3) + this.powers.length));
  }
}
