import type { Floats, NumericArray, Words } from './arrays.js';

/** One row or several: a typed array or a flat list of whole rows, or a list of rows. */
export type Values = NumericArray | readonly number[] | readonly (readonly number[])[];

/** `One` for N = 1, `List` for more. An N that is not known (`number`, `any`) gives either. */
export type OneOrList<N extends number, One, List> = number extends N ? One | List : N extends 1 ? One : List;

/** Lists by their lengths. */
interface Tuples<T> {
  1: [T];
  2: [T, T];
  3: [T, T, T];
  4: [T, T, T, T];
  5: [T, T, T, T, T];
  6: [T, T, T, T, T, T];
  7: [T, T, T, T, T, T, T];
  8: [T, T, T, T, T, T, T, T];
}

/** A list of N: a tuple for up to eight. */
export type ListOf<N extends number, Thing> = number extends N ? Thing[] : N extends keyof Tuples<Thing> ? Tuples<Thing>[N] : Thing[];

/** What a network of N inputs takes: values for one input, a list of them for several. */
export type Inputs<N extends number = number> = OneOrList<N, Values, readonly Values[]>;

/** What a network of N outputs returns: the result for one output, a list of N for several. */
export type Outputs<N extends number, Result> = OneOrList<N, Result, ListOf<N, Result>>;

/** What `predict` returns: floats for a typed array, `number[]` for `number[]`, a list of rows for a list of rows. */
export type Returned<X extends Values> = X extends NumericArray ? Floats : X extends readonly (readonly number[])[] ? number[][] : number[];

/** What each output of a network of N inputs is, for what `predict` was given: in the form of its first input. */
export type ReturnedOf<N extends number, X> = number extends N
  ? (X extends Values ? Returned<X> : never) | (X extends readonly (infer First extends Values)[] ? Returned<First> : never)
  : N extends 1
    ? X extends Values
      ? Returned<X>
      : never
    : X extends readonly (infer First extends Values)[]
      ? Returned<First>
      : never;

/** What `classify` returns: a `Uint32Array` for several rows, a number for one. Flat numbers may be either. */
export type Decided<N extends number, X> = [ReturnedOf<N, X>] extends [number[][]] ? Words : number | Words;

/** Ends a training early: an `AbortSignal`, declared by structure, since not all hosts have its type. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** The reason that the promise rejects with. */
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** Class ids, one a row; a plain number for a single row. */
export type ClassIds = NumericArray | readonly number[] | number;

/** Targets as users pass them: values as wide as the output, or class ids. */
export type Targets = Values | ClassIds;

/** Weights of the rows of one loss, or of its elements; a list of those of several. */
export type Weights = Values | readonly (Values | undefined)[];

/** Targets of one loss, or a list of those of several. */
export type AnyTargets = Targets | readonly Targets[];
