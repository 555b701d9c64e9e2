import { describe, fieldOf } from '../arguments/describe.js';
import type { AbortSignalLike } from '../arguments/values.js';
import { ValueError } from '../errors.js';

/** Tells a `fit` when to wait: a `PauseController`, or an object like one. */
export interface PauseSignal {
  readonly paused: boolean;
  /** Resolves when the training may go on. */
  resumed(): Promise<void>;
  /** Calls back whenever `paused` changes: for a training in a worker. @returns what ends that */
  watch?(listener: () => void): () => void;
}

/** Pauses and resumes a training, as an `AbortController` ends one: `fit(data, { pause: controller })`. It may serve several. */
export class PauseController implements PauseSignal {
  #waiting: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** Trainings wait before their next slice of steps. */
  pause(): void {
    this.#set(true);
  }

  /** Trainings go on. */
  resume(): void {
    this.#set(false);
    for (const go of this.#waiting.splice(0)) go();
  }

  resumed(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  #set(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    for (const changed of [...this.#watchers]) changed();
  }
}

/** @throws ValueError for what cannot be asked whether it is paused */
export function checkPause(pause: unknown): void {
  if (pause === undefined || (typeof fieldOf(pause, 'paused') === 'boolean' && typeof fieldOf(pause, 'resumed') === 'function')) return;
  throw new ValueError(`fit: pause is ${describe(pause)}, expected a PauseController`);
}

/** Waits while a training is paused. An abort ends the wait. */
export async function wait(pause: PauseSignal, signal: AbortSignalLike | undefined): Promise<void> {
  let abort = () => {};
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
  });
  signal?.addEventListener?.('abort', abort);
  try {
    while (pause.paused && !signal?.aborted) await Promise.race([pause.resumed(), aborted]);
  } finally {
    signal?.removeEventListener?.('abort', abort);
  }
}
