/** What went wrong, as a word a program can switch on. */
export type ErrorCode =
  | 'SHAPE'
  | 'VALUE'
  | 'DETACHED'
  | 'BUSY'
  | 'DISPOSED'
  | 'NOT_CONFIGURED'
  | 'MEMORY'
  | 'FILE'
  | 'NOT_FINITE'
  | 'GRAPH'
  | 'CORE'
  | 'NO_WEBASSEMBLY'
  | 'NO_SIMD'
  | 'NO_RELAXED_SIMD'
  | 'NO_FETCH'
  | 'WASM_FORBIDDEN'
  | 'WASM_ASYNC_ONLY'
  | 'WASM_MISSING'
  | 'WASM_DAMAGED'
  | 'WASM_VERSION'
  | 'NO_ISOLATION'
  | 'NO_THREADS'
  | 'WORKER';

/** The base of every error neurite throws on purpose. `code` says what kind; the message says what came and what was expected. */
export class NeuriteError extends Error {
  override name = 'NeuriteError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    // ErrorOptions, which libraries before es2022 don't know.
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A shape or a length does not fit. */
export class ShapeError extends NeuriteError {
  override name = 'ShapeError';
  constructor(message: string) {
    super('SHAPE', message);
  }
}

/** A value is out of range: a rate, a size, a class id, NaN in the data. The code is `DETACHED` for bytes whose buffer was transferred. */
export class ValueError extends NeuriteError {
  override name = 'ValueError';
  constructor(message: string, code: 'VALUE' | 'DETACHED' = 'VALUE') {
    super(code, message);
  }
}

/** The network is busy with a `fit` or an evaluation. */
export class BusyError extends NeuriteError {
  override name = 'BusyError';
  constructor(call: string, running: 'fit' | 'evaluate' | 'evaluateAsync' | 'step' | 'configure', what = 'network') {
    const doing = { fit: 'trained', evaluate: 'evaluated', evaluateAsync: 'evaluated', step: 'trained', configure: 'configured' }[running];
    const remedy = running === 'fit' || running === 'evaluateAsync' ? 'for its promise, or abort it through its signal' : 'until it has returned';
    super('BUSY', `${call}: the ${what} is being ${doing} by ${running}; wait ${remedy}`);
  }
}

/** The network was disposed, or the predictor, the population, or the threads that it runs on. */
export class DisposedError extends NeuriteError {
  override name = 'DisposedError';
  constructor(call: string, what = 'the network was disposed') {
    super('DISPOSED', `${call}: ${what}`);
  }
}

/** The network lacks a loss or an optimizer that the call needs. */
export class NotConfiguredError extends NeuriteError {
  override name = 'NotConfiguredError';
  constructor(call: string, missing: string, what: 'network' | 'population' = 'network') {
    super(
      'NOT_CONFIGURED',
      `${call}: the ${what} has no ${missing}; ${what === 'network' ? `pass { ${missing} } when it is made, or call configure({ ${missing} })` : `make it of a network with { ${missing} }`}`,
    );
  }
}

/** 12,345 */
function grouped(n: number): string {
  return `${n}`.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `fit: cannot allocate 12,345 bytes for x`, where `what` is `fit: x`. */
function cannotAllocate(what: string, bytes: number): string {
  return what.replace(/^(.*: )?/, (call) => `${call}cannot allocate ${grouped(bytes)} bytes for `);
}

/** An allocation failed. Sizes are bytes. */
export class MemoryError extends NeuriteError {
  override name = 'MemoryError';
  constructor(
    what: string,
    readonly requested: number,
    readonly available: number,
  ) {
    super(
      'MEMORY',
      requested > available
        ? `${cannotAllocate(what, requested)}; one block has at most ${grouped(available)}`
        : `${cannotAllocate(what, requested)}; dispose() frees a network at once, garbage collection only after your code returns`,
    );
  }
}

/** The core trapped, which is a defect of neurite. Its memory may be damaged, so every network on it stops computing. */
export class CoreError extends NeuriteError {
  override name = 'CoreError';
  constructor(cause: unknown) {
    super(
      'CORE',
      `the core failed (${cause instanceof Error ? cause.message : cause}) and its networks no longer compute; load them from files, or make new ones`,
      { cause },
    );
  }
}

/** The host lacks a feature that neurite needs, or forbids it. The code says which. */
export class UnsupportedError extends NeuriteError {
  override name = 'UnsupportedError';
  constructor(
    code: 'NO_WEBASSEMBLY' | 'NO_SIMD' | 'NO_RELAXED_SIMD' | 'NO_FETCH' | 'WASM_FORBIDDEN' | 'WASM_ASYNC_ONLY' | 'NO_ISOLATION' | 'NO_THREADS',
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** A model file, or the core's `.wasm` file, is missing, damaged, of another version, or holds something else. */
export class FileError extends NeuriteError {
  override name = 'FileError';
  constructor(message: string, code: 'FILE' | 'WASM_MISSING' | 'WASM_DAMAGED' | 'WASM_VERSION' = 'FILE', options?: { readonly cause?: unknown }) {
    super(code, message, options);
  }
}

/** Where a value first became NaN or infinite. */
export interface NonFiniteValue {
  /** The node, by the name that `trace` gives it; `∂L/∂…` for the gradient at one. */
  readonly name: string;
  readonly shape: string;
  /** NaN, Infinity or −Infinity. */
  readonly value: number;
  /** The row, from 0; undefined where the node has no rows. */
  readonly row: number | undefined;
  /** The index within its row, or within a node without rows. */
  readonly index: number;
  /** The values it was computed from, where each input gives one. */
  readonly inputs: readonly { readonly name: string; readonly value: number }[];
}

/** `log1 [rows, 3] is NaN in row 2, feature 0, where x is -0.5`. */
function describeValue({ name, shape, value, row, index, inputs }: NonFiniteValue): string {
  const place = row === undefined ? `at ${index}` : `in row ${row}, feature ${index}`;
  const made = inputs.map((input) => `${input.name} is ${input.value}`).join(' and ');
  return `${name} ${shape} is ${value} ${place}${made && `, where ${made}`}`;
}

/** A value became NaN or infinite: the loss of a training step, or a parameter after it; with `debug`, any value. The parameters are unchanged. */
export class NotFiniteError extends NeuriteError {
  override name = 'NotFiniteError';
  constructor(
    call: string,
    /** The step, counted from 1 within its epoch; 0 for a prediction. */
    readonly step: number,
    /** The epoch, counted from 1; undefined for a single step. */
    readonly epoch?: number,
    /** The first such value, if the network looked for it (`debug: true`). */
    readonly where?: NonFiniteValue,
    /** Whether the loss is finite and the update would make a parameter NaN or infinite. */
    readonly update = false,
  ) {
    const when = epoch === undefined ? '' : ` in step ${step} of epoch ${epoch}`;
    super(
      'NOT_FINITE',
      where
        ? `${call}: ${describeValue(where)}${when}`
        : `${call}: ${update ? "the update would make a parameter or the optimizer's state NaN or infinite" : 'the loss became NaN or infinite'}${when}; the parameters are as before that step. Scale the inputs (standardize), lower the learning rate, set clipNorm, or call reset(); debug: true shows where`,
    );
  }
}
