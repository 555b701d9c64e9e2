/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/worker`: networks in a worker, off the page's thread. */
export { type InWorkerOptions, inWorker } from './inWorker.js';
export { NeuriteWorker, WorkerDataset } from './neuriteWorker.js';
export type { WorkerLike } from './port.js';
export { startWorker, type WorkerSource } from './start.js';
export { WorkerError } from './workerError.js';
export {
  type ParameterCopy,
  type TransferOption,
  type WithParameters,
  type WorkerData,
  type WorkerFitOptions,
  WorkerNetwork,
} from './workerNetwork.js';
