import type { Floats, NumericArray, Words } from './arrays.js';

/** One row or several: a typed array or a flat list of whole rows, or a list of rows. */
export type Values = NumericArray | readonly number[] | readonly (readonly number[])[];

/** `One` where there is one of a thing, `List` where there are several. `N` is how many; `number` or `any` where it is not known, which gives either. */
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

/** A list of N things: a tuple for up to eight. */
export type ListOf<N extends number, Thing> = number extends N ? Thing[] : N extends keyof Tuples<Thing> ? Tuples<Thing>[N] : Thing[];

/** What a network of N inputs is given: values where there is one, a list of them where there are several. */
export type Inputs<N extends number = number> = OneOrList<N, Values, readonly Values[]>;

/** What a network of N outputs gives: the result where there is one, a list of N where there are several. */
export type Outputs<N extends number, Result> = OneOrList<N, Result, ListOf<N, Result>>;

/** What `predict` gives for what it was given: a typed array gives floats, `number[]` gives `number[]`, a list of rows gives a list of rows. */
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

/** What `classify` gives: a `Uint32Array` for a list of rows. Flat numbers may be one row, which gives a number, or several. */
export type Decided<N extends number, X> = [ReturnedOf<N, X>] extends [number[][]] ? Words : number | Words;

/** Ends a training early: an `AbortSignal`, by its structure, since not every host's types know it. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** What a promise is rejected with. */
  readonly reason: unknown;
  throwIfAborted(): void;
}

/** Class ids, one a row; a plain number for a single row. */
export type ClassIds = NumericArray | readonly number[] | number;

/** Targets as users pass them: values as wide as the output, or class ids. */
export type Targets = Values | ClassIds;

/** Targets of one loss, or a list of those of several. */
export type AnyTargets = Targets | readonly Targets[];
