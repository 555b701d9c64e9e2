import { NeuriteError } from '../errors.js';

/** The worker ended, or did not begin: every call that waits for it is rejected with this, and every later one. `cause` is what the host said. */
export class WorkerError extends NeuriteError {
  override name = 'WorkerError';
  constructor(message: string, cause?: unknown) {
    super('WORKER', message, cause === undefined ? undefined : { cause });
  }
}
