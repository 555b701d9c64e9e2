/** The messages between a page and a worker, as data. Each has `neurite`, so that either side may send others over the same port. */
import type { ErrorData } from './errorData.js';
import type { MethodName } from './methods.js';

/** The version of the messages. Both sides compare it before the first call. */
export const PROTOCOL = 1;

/** What makes a network, or starts threads for some, in a call without one. */
export type CallName = MethodName | 'create' | 'threads';

/** What of a call stays in the page, of which the worker must know that it is there. */
export interface Wishes {
  /** Whether progress is to be told. */
  readonly progress: boolean;
  /** Whether each epoch is to be told, and waits for an answer. */
  readonly epoch: boolean;
  /** Whether the newest parameters come with both. */
  readonly snapshots: boolean;
  /** Whether it begins paused; undefined where it is never paused. */
  readonly paused: boolean | undefined;
}

/** What a page says. */
export type Request = { readonly neurite: number } & (
  | { readonly type: 'hello' }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly network: number;
      readonly method: CallName;
      readonly args: unknown;
      readonly wishes?: Wishes;
    }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'pause'; readonly id: number; readonly paused: boolean }
  /** A progress was heard, and another may come. */
  | { readonly type: 'heard'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly question: number; readonly value: unknown; readonly failed: boolean }
  /** A data set comes, under a number. */
  | { readonly type: 'data'; readonly data: unknown }
  | { readonly type: 'forget'; readonly handle: number }
  /** Threads end, whatever runs on them. */
  | { readonly type: 'end'; readonly handle: number }
);

/** What is asked of a page during a call. */
export type Question =
  | { readonly what: 'epoch'; readonly end: unknown; readonly parameters?: Float32Array }
  /** The next rows of a stream, whose epochs are numbered as they are begun. */
  | { readonly what: 'rows'; readonly source: number; readonly epoch: number }
  | { readonly what: 'close'; readonly epoch: number };

/** Rows of a stream. */
export interface StreamedRows {
  readonly rows: readonly unknown[];
  readonly done: boolean;
}

/** What a worker says. */
export type Reply = { readonly neurite: number } /** @param lock what it locks for as long as it runs */ & (
  | { readonly type: 'hello'; readonly lock: string | undefined }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown; readonly states: readonly unknown[] }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorData; readonly aborted: boolean; readonly states: readonly unknown[] }
  | { readonly type: 'progress'; readonly id: number; readonly progress: unknown; readonly parameters?: Float32Array }
  | { readonly type: 'question'; readonly id: number; readonly question: number; readonly asked: Question }
);

/** What a message is, if it is one of neurite's. */
export function read<M extends Request | Reply>(data: unknown): M | undefined {
  return typeof data === 'object' && data !== null && 'neurite' in data && 'type' in data ? (data as M) : undefined;
}
