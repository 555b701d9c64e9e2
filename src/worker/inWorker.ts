import { bytesOf } from '../arguments/bytes.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets } from '../arguments/values.js';
import { checkpoint } from '../files/checkpoint.js';
import { save } from '../files/save.js';
import type { AnyNetwork, Network } from '../network/network.js';
import type { NeuriteWorker } from './neuriteWorker.js';
import { checkSendable } from './sendable.js';
import { type WorkerSource, workerFor } from './start.js';
import { type Said, WorkerNetwork } from './workerNetwork.js';

/** Options of `inWorker`. */
export interface InWorkerOptions {
  /**
   * Where it goes: what `startWorker()` gave, or the `worker` of another network. Or a worker of the caller's that runs the file
   * neurite/worker/host.js, or a function that makes one, where a Content-Security-Policy forbids workers from a text. Default: one of its own.
   */
  readonly worker?: NeuriteWorker | WorkerSource;
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return ArrayBuffer.isView(value) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

function packed(call: string, network: AnyNetwork): { readonly bytes: Uint8Array; readonly debug: boolean } {
  const { trainee } = checkSendable(call, network);
  // Where it would go on with its next fit here, it does there; a fit that was ended on the way is over in both.
  return { bytes: trainee.resume ? checkpoint(network) : save(network, { optimizerState: true }), debug: trainee.locate !== undefined };
}

/**
 * Puts a copy of a network into a worker: parameters, optimizer's state, epochs done, and where the checkpoint is that it was restored from. The network itself stays as it
 * is, and may be disposed of. What it does there has the bits that it would have here.
 *
 * @param network or the bytes of a file of `save` or `checkpoint`, of which nothing is made here
 * @throws ValueError for ops and optimizers of one's own, which are code; WorkerError where the worker does not start; FileError for other bytes
 */
export function inWorker<T extends AnyTargets, In extends number, Out extends number>(
  network: Network<T, In, Out>,
  options?: InWorkerOptions,
): Promise<WorkerNetwork<T, In, Out>>;
export function inWorker<In extends number = 1, Out extends number = 1>(
  file: Uint8Array | ArrayBuffer,
  options?: InWorkerOptions,
): Promise<WorkerNetwork<AnyTargets, In, Out>>;
export async function inWorker(network: AnyNetwork | Uint8Array | ArrayBuffer, options: InWorkerOptions = {}): Promise<unknown> {
  const call = 'inWorker';
  const { worker } = checkOptions(call, options, ['worker']);
  const sent = isBytes(network) ? { bytes: bytesOf(call, network).slice(), debug: false } : packed(call, network as AnyNetwork);
  const to = await workerFor(call, worker, true);
  const { number, said } = await to.create(call, sent.bytes, { debug: sent.debug });
  return new WorkerNetwork(to, number, said as Said);
}
