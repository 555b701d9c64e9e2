/** The script of a worker: a Web Worker's own scope, or a thread of Node. */
import { fieldOf } from '../arguments/describe.js';
import { serve } from './host.js';
import { nodeThreads } from './nodeThreads.js';
import type { WorkerLike } from './port.js';

/** Holds a lock for as long as this realm runs, which tells a page of its end. @returns its name, where the host has locks */
function hold(): string | undefined {
  const locks = fieldOf(fieldOf(globalThis, 'navigator'), 'locks') as
    | { request(name: string, then: () => Promise<never>): Promise<never> }
    | undefined;
  if (typeof locks?.request !== 'function') return undefined;
  const name = `neurite-${Math.random()}`;
  locks.request(name, () => new Promise<never>(() => {})).catch(() => {});
  return name;
}

async function start(): Promise<void> {
  // A Web Worker's scope; Node has none. Listen at once: what came before is lost otherwise.
  if (typeof fieldOf(globalThis, 'WorkerGlobalScope') === 'function') return serve(globalThis as unknown as WorkerLike, hold());
  const port = (await nodeThreads())?.parentPort;
  if (!port) throw new Error('neurite/worker/host.js: this is no worker, expected new Worker(…) with this script');
  serve(port);
}

void start();
