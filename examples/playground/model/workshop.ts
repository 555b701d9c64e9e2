/** The one worker of the page, where networks train; those that gain run on several threads of it, where the page is isolated. */
import type { Network } from 'neurite';
import type { WorkerThreads } from 'neurite/threads';
import type { NeuriteWorker, WorkerNetwork } from 'neurite/worker';

/** The worker; undefined where none starts, and then why. */
export interface Workshop {
  readonly worker: NeuriteWorker | undefined;
  readonly reason: string | undefined;
}

/** A network in the worker, and on how many threads it is. */
export interface Settled {
  readonly learner: WorkerNetwork;
  readonly worker: NeuriteWorker;
  readonly threads: number;
}

/** Multiplications of a layer in a step from which on threads pay: neurite shares out what takes some µs. */
const WORTH = 2 ** 17;

let workshop: Promise<Workshop> | undefined;
/** By the build of the networks that run on them; undefined where none start. */
let teams = new Map<string, Promise<WorkerThreads | undefined>>();

/** Where the worker's script is: Vite bundles it beside the page, of the same chunks. */
declare const PLAYGROUND_WORKER: string;

async function start(): Promise<Workshop> {
  if (typeof Worker !== 'function') return { worker: undefined, reason: 'this browser has no workers' };
  try {
    const { startWorker } = await import('neurite/worker');
    const url = new URL(PLAYGROUND_WORKER, document.baseURI);
    return { worker: await startWorker(() => new Worker(url, { type: 'module', name: 'neurite' })), reason: undefined };
  } catch (error) {
    return { worker: undefined, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Starts the worker on first use, and another where it has ended. */
export async function openWorkshop(): Promise<Workshop> {
  workshop ??= start();
  const found = await workshop;
  if (!found.worker?.ended) return found;
  workshop = start();
  teams = new Map();
  return workshop;
}

function teamFor({ build }: Network, worker: NeuriteWorker): Promise<WorkerThreads | undefined> {
  const known = teams.get(build);
  if (known) return known;
  const team = import('neurite/threads')
    .then(({ threads }) => threads('auto', { worker, build }))
    // One core, or a host that refuses: the worker alone has the same bits.
    .catch(() => undefined);
  teams.set(build, team);
  return team;
}

/** Puts a network into the worker. @returns undefined where there is none: it trains in the page then */
export async function settle(net: Network, batchSize: number): Promise<Settled | undefined> {
  const { worker } = await openWorkshop();
  if (!worker) return undefined;
  const { inWorker } = await import('neurite/worker');
  const gains = crossOriginIsolated && net.layers.some(({ inFeatures, outFeatures }) => batchSize * inFeatures * outFeatures >= WORTH);
  const threads = gains ? await teamFor(net, worker) : undefined;
  const learner = (await inWorker(net, { worker, ...(threads && { threads }) })) as WorkerNetwork;
  return { learner, worker, threads: threads?.count ?? 1 };
}
