import { bytesOf } from '../arguments/bytes.js';
import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import { checkpoint } from '../files/checkpoint.js';
import { save } from '../files/save.js';
import { otherBuild } from '../network/chooseBuild.js';
import type { AnyNetwork, Network } from '../network/network.js';
import type { WorkerThreads } from '../threads/threads.js';
import { type Handle, handleOf } from './handles.js';
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
  /**
   * Threads of a worker to run on, as `await threads(2, { worker })` of `neurite/threads` gives them: the network goes to that worker, and has the bits of
   * one thread. Default: the worker alone.
   */
  readonly threads?: WorkerThreads | undefined;
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return ArrayBuffer.isView(value) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/** The number of threads in their worker. @throws ValueError for what are none */
function handleOfThreads(call: string, threads: WorkerThreads | undefined): Handle | undefined {
  if (threads === undefined) return undefined;
  const handle = handleOf(threads);
  if (handle?.kind !== 'threads')
    throw new ValueError(`${call}: threads is ${describe(threads)}, expected await threads(2, { worker }), of neurite/threads`);
  return handle;
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
 * @throws ValueError for ops and optimizers of one's own, which are code, and threads of another worker or build; WorkerError where the worker does not
 *   start; FileError for other bytes
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
  const { worker, threads } = checkOptions(call, options, ['worker', 'threads']);
  const team = handleOfThreads(call, threads);
  const sent = isBytes(network) ? { bytes: bytesOf(call, network).slice(), debug: false } : packed(call, network as AnyNetwork);
  // A file says which build it asks for; the worker compares that.
  if (threads && !isBytes(network) && network.build !== threads.build) throw otherBuild(call, network.build, 'threads', threads.build);
  const to = await workerFor(call, worker === undefined ? (team?.worker as NeuriteWorker | undefined) : worker, true);
  if (team && team.worker !== to)
    throw new ValueError(`${call}: threads are those of another worker than the one of the option worker, expected the same`);
  const { number, said } = await to.create(call, sent.bytes, { debug: sent.debug, threads: team?.number });
  return new WorkerNetwork(to, number, said as Said, threads);
}
