/** What a worker tells and asks a page during one call. */
import { PauseController } from '../training/pause.js';
import { now } from '../training/turns.js';
import type { Question, Reply, StreamedRows, Wishes } from './message.js';

/** A reply without what each has. */
export type Said = Reply extends infer R ? (R extends unknown ? Omit<R, 'neurite'> : never) : never;

type Send = (said: Said, transfer?: readonly ArrayBuffer[]) => void;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Seconds between two reports: a page shows no more, and each may bring a copy of all parameters. */
const FRAME = 1 / 60;

/** Stands for the error that the page has: it ends the call with its own. */
class FailedThere extends Error {}

/** A call of the page's: its callbacks are there, and are told and asked by messages. */
export class Conversation {
  readonly #id: number;
  readonly #wishes: Wishes | undefined;
  readonly #send: Send;
  readonly #newest: () => Float32Array;
  readonly #abort = new AbortController();
  readonly #pause: PauseController | undefined;
  readonly #questions = new Map<number, Waiting>();
  #asked = 0;
  /** Progress that the page has yet to hear. */
  #unheard = 0;
  /** When the page was told last, in seconds. */
  #told = Number.NEGATIVE_INFINITY;
  #waiting: unknown;

  /** @param newest a copy of the parameters */
  constructor(id: number, wishes: Wishes | undefined, send: Send, newest: () => Float32Array) {
    this.#id = id;
    this.#wishes = wishes;
    this.#send = send;
    this.#newest = newest;
    this.#pause = wishes?.paused === undefined ? undefined : new PauseController();
    if (wishes?.paused) this.#pause?.pause();
  }

  /** The options of the call that are this side's. */
  options(): object {
    const { progress, epoch } = this.#wishes ?? {};
    return {
      signal: this.#abort.signal,
      ...(this.#pause && { pause: this.#pause }),
      ...(progress && { onProgress: (told: unknown) => this.#progress(told) }),
      ...(epoch && { onEpoch: (end: unknown) => this.#epoch(end) }),
    };
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  abort(): void {
    this.#abort.abort();
    for (const { reject } of this.#questions.values()) reject(new FailedThere('aborted'));
    this.#questions.clear();
  }

  pause(paused: boolean): void {
    if (paused) this.#pause?.pause();
    else this.#pause?.resume();
  }

  /** The page has heard, and is told what is newest since. */
  heard(): void {
    this.#unheard--;
    this.flush();
  }

  /** Tells what waits. The page gets one at a time and one a frame: a page that is slow hears less often. */
  flush(atOnce = false): void {
    if (this.#waiting === undefined) return;
    if (!atOnce && (this.#unheard > 0 || now() - this.#told < FRAME)) return;
    this.#told = now();
    const progress = this.#waiting;
    this.#waiting = undefined;
    this.#unheard++;
    const parameters = this.#snapshot();
    this.#send({ type: 'progress', id: this.#id, progress, ...(parameters && { parameters }) }, parameters && [parameters.buffer as ArrayBuffer]);
  }

  answer(question: number, value: unknown, failed: boolean): void {
    const waiting = this.#questions.get(question);
    this.#questions.delete(question);
    if (failed) waiting?.reject(new FailedThere('a callback of the page failed'));
    else waiting?.resolve(value);
  }

  rows(source: number, epoch: number): Promise<StreamedRows> {
    return this.#ask({ what: 'rows', source, epoch }) as Promise<StreamedRows>;
  }

  close(epoch: number): void {
    // Nobody waits for it.
    this.#ask({ what: 'close', epoch }).catch(() => {});
  }

  #progress(told: unknown): void {
    this.#waiting = told;
    this.flush();
  }

  #epoch(end: unknown): Promise<unknown> {
    this.flush(true);
    const parameters = this.#snapshot();
    return this.#ask({ what: 'epoch', end, ...(parameters && { parameters }) }, parameters && [parameters.buffer as ArrayBuffer]);
  }

  #snapshot(): Float32Array | undefined {
    return this.#wishes?.snapshots ? this.#newest() : undefined;
  }

  #ask(asked: Question, transfer?: readonly ArrayBuffer[]): Promise<unknown> {
    const question = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#questions.set(question, { resolve, reject });
      this.#send({ type: 'question', id: this.#id, question, asked }, transfer);
    });
  }
}
