/** What the page of `npm run bench:audio` and its audio thread say, and what it tells the program that opened it. */

/**
 * What the page asks the audio thread: how long a block takes, to have `process` compiled by so many calls, or what it has seen since it was last asked
 * to begin.
 */
export type Question = { readonly ask: 'cost' | 'compile'; readonly blocks: number } | { readonly ask: 'begin' } | { readonly ask: 'seen' };

/** Microseconds. */
export interface Cost {
  /** A block of 128 samples through the network. */
  readonly block: number;
  /** New parameters. */
  readonly update: number;
}

/** What the audio thread saw. */
export interface Seen {
  readonly blocks: number;
  /** Blocks that did not follow the one before. */
  readonly gaps: number;
  readonly swaps: number;
}

/** A stretch of time, as the page tells it; the program answers when it has looked at the audio thread's heap. */
export type Told =
  | { readonly what: 'costs'; readonly costs: readonly Cost[] }
  /** There is no sound device to play to. */
  | { readonly what: 'silent' }
  /** Each block is to be timed from the first to the second. */
  | { readonly what: 'times begin' }
  | { readonly what: 'times end' }
  /** Garbage is to be collected, so that none is in what follows. */
  | { readonly what: 'settles' }
  | { readonly what: 'begins'; readonly phase: string }
  | { readonly what: 'goes on' }
  | { readonly what: 'ends'; readonly phase: string; readonly seen: Seen; readonly underruns: number | undefined };
