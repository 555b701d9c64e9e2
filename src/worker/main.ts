/** The script of a worker: a Web Worker's own scope, or a thread of Node. */
import { fieldOf } from '../arguments/describe.js';
import { serve } from './host.js';
import { holdForLife } from './lifeLock.js';
import { nodeThreads } from './nodeThreads.js';
import type { WorkerLike } from './port.js';

async function start(): Promise<void> {
  // A Web Worker's scope; Node has none. Listen at once: what came before is lost otherwise.
  if (typeof fieldOf(globalThis, 'WorkerGlobalScope') === 'function') return serve(globalThis as unknown as WorkerLike, holdForLife());
  const port = (await nodeThreads())?.parentPort;
  if (!port) throw new Error('neurite/worker/host.js: this is no worker, expected new Worker(…) with this script');
  serve(port);
}

void start();
