/** What went wrong, as a word a program can switch on. */
export type ErrorCode = 'SHAPE' | 'VALUE' | 'BUSY' | 'DISPOSED' | 'NOT_CONFIGURED' | 'MEMORY' | 'FILE' | 'NOT_FINITE' | 'GRAPH';

/** Every error neurite throws on purpose: `code` says what kind, the message what came and what was expected. */
export class NeuriteError extends Error {
  override name = 'NeuriteError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A shape or a length that doesn't fit. */
export class ShapeError extends NeuriteError {
  override name = 'ShapeError';
  constructor(message: string) {
    super('SHAPE', message);
  }
}

/** A value outside its range: a rate, a size, a class id, NaN in the data. */
export class ValueError extends NeuriteError {
  override name = 'ValueError';
  constructor(message: string) {
    super('VALUE', message);
  }
}

/** The network is in the middle of a `fit`. */
export class BusyError extends NeuriteError {
  override name = 'BusyError';
  constructor(call: string) {
    super('BUSY', `${call}: the network is being trained by fit; wait for its promise, or abort it through its signal`);
  }
}

/** The network was disposed. */
export class DisposedError extends NeuriteError {
  override name = 'DisposedError';
  constructor(call: string) {
    super('DISPOSED', `${call}: the network was disposed`);
  }
}

/** Something the call needs was not set. */
export class NotConfiguredError extends NeuriteError {
  override name = 'NotConfiguredError';
  constructor(call: string, missing: string) {
    super('NOT_CONFIGURED', `${call}: the network has no ${missing}; pass { ${missing} } when it is made, or call configure({ ${missing} })`);
  }
}

/** Memory that cannot be had; sizes in bytes. */
export class MemoryError extends NeuriteError {
  override name = 'MemoryError';
  constructor(
    what: string,
    readonly requested: number,
    readonly available: number,
  ) {
    super('MEMORY', `${what}: ${requested} bytes of memory are not to be had (at most ${available} in one block)`);
  }
}

/** A model file that is not what it should be. */
export class FileError extends NeuriteError {
  override name = 'FileError';
  constructor(message: string) {
    super('FILE', message);
  }
}

/** A loss that became NaN or infinite; the parameters are as before that step. */
export class NotFiniteError extends NeuriteError {
  override name = 'NotFiniteError';
  constructor(
    call: string,
    /** The step, counted from 1 within its epoch. */
    readonly step: number,
    /** The epoch, counted from 1; undefined for a single step. */
    readonly epoch?: number,
  ) {
    const where = epoch === undefined ? '' : ` in step ${step} of epoch ${epoch}`;
    super(
      'NOT_FINITE',
      `${call}: the loss became NaN or infinite${where}; the parameters are as before that step. Scale the inputs, lower the learning rate, or set clipNorm`,
    );
  }
}
