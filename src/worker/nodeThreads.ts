import { fieldOf } from '../arguments/describe.js';
import type { WorkerLike } from './port.js';

/** What is used of node:worker_threads. */
export interface Threads {
  readonly Worker: new (script: string, options: { readonly eval: boolean; readonly name: string }) => WorkerLike;
  readonly parentPort: WorkerLike | null;
}

/** node:worker_threads, where the host has it. No bundler sees the name, so none asks for settings. */
export async function nodeThreads(): Promise<Threads | undefined> {
  const name = 'node:worker_threads';
  const node: unknown = fieldOf(globalThis, 'process');
  if (typeof fieldOf(fieldOf(node, 'versions'), 'node') !== 'string') return undefined;
  const builtin = fieldOf(node, 'getBuiltinModule');
  if (typeof builtin === 'function') return builtin.call(node, name) as Threads;
  // Node 21, and 22 before 22.3.
  return (await new Function('name', 'return import(name)')(name)) as Threads;
}
