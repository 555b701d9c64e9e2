/** Starts the worker that neurite brings along. */
import { fieldOf, isOf } from '../arguments/describe.js';
import { NeuriteWorker, REFUSED } from './neuriteWorker.js';
import { nodeThreads } from './nodeThreads.js';
import type { WorkerLike } from './port.js';
import { workerScript } from './script.js';
import { WorkerError } from './workerError.js';

/** A worker that the caller made of neurite/worker/host.js, or what makes one. */
export type WorkerSource = WorkerLike | (() => WorkerLike | PromiseLike<WorkerLike>);

/** The workers that are made of those of the caller's: each has one conversation. */
const known = /* @__PURE__ */ new WeakMap<object, NeuriteWorker>();

/** A Web Worker of the text, or a thread. @throws WorkerError where the host refuses */
async function make(call: string): Promise<WorkerLike> {
  const script = workerScript();
  if (script === undefined) throw new WorkerError(`${call}: this build has no worker in it, expected { worker }`);
  const { Worker, Blob, URL } = globalThis;
  try {
    if (typeof Worker === 'function' && typeof Blob === 'function' && typeof fieldOf(URL, 'createObjectURL') === 'function') {
      const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
      // Deno knows module workers alone.
      const worker = new Worker(url, { name: 'neurite', ...('Deno' in globalThis && { type: 'module' }) });
      // Not before the worker has read it.
      const revoke = () => URL.revokeObjectURL(url);
      for (const event of ['message', 'error']) worker.addEventListener(event, revoke, { once: true });
      return worker;
    }
    const threads = await nodeThreads();
    if (threads) return new threads.Worker(script, { eval: true, name: 'neurite' });
  } catch (error) {
    throw new WorkerError(`${call}: the host refuses a worker (${String(fieldOf(error, 'message') ?? error)}); ${REFUSED}`, error);
  }
  throw new WorkerError(`${call}: this host has no workers, neither Worker nor node:worker_threads`);
}

/** The worker that a call goes to. @param isOwn whether one that is started ends with its last network */
export async function workerFor(call: string, given: WorkerSource | NeuriteWorker | undefined, isOwn: boolean): Promise<NeuriteWorker> {
  if (isOf(given, NeuriteWorker)) return given;
  const source = (typeof given === 'function' ? await given() : given) as WorkerLike;
  if (source === undefined && given === undefined) return new NeuriteWorker(await make(call), isOwn, call);
  const found = known.get(source);
  if (found) return found;
  const worker = new NeuriteWorker(source, isOwn && typeof given === 'function', call);
  known.set(source, worker);
  return worker;
}

/**
 * Starts a worker for networks: `inWorker(network, { worker })` puts them there. It runs until `terminate()`; a program in Node ends all the same when
 * nothing waits for it. A worker that `inWorker` starts by itself ends with its network.
 *
 * @param worker one that the caller made of the file neurite/worker/host.js, for a host that forbids workers from a text, or a function that makes it
 * @throws WorkerError where it does not start, and says why
 */
export async function startWorker(worker?: WorkerSource): Promise<NeuriteWorker> {
  return (await workerFor('startWorker', worker, false)).ready('startWorker');
}
