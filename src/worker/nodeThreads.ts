import { fieldOf } from '../arguments/describe.js';
import type { WorkerLike } from './port.js';

/** What is used of node:worker_threads. */
export interface Threads {
  readonly Worker: new (
    script: string,
    options: {
      readonly eval: boolean;
      readonly execArgv?: readonly string[];
      readonly name: string;
      readonly workerData?: unknown;
      readonly transferList?: readonly unknown[];
    },
  ) => WorkerLike;
  readonly MessageChannel: new () => { readonly port1: NodePort; readonly port2: NodePort };
  readonly parentPort: WorkerLike | null;
}

/** What is used of a MessagePort of Node. */
interface NodePort {
  /** @returns whether the other end is there: no documentation promises it */
  postMessage(message: unknown): unknown;
  close(): void;
}

/** node:worker_threads, where the host has it. */
export async function nodeThreads(): Promise<Threads | undefined> {
  return (await nodeModule('node:worker_threads')) as Threads | undefined;
}

/** A module of Node, where the host has it. No bundler sees the name, so none asks for settings. */
export async function nodeModule(name: string): Promise<unknown> {
  const node: unknown = fieldOf(globalThis, 'process');
  if (typeof fieldOf(fieldOf(node, 'versions'), 'node') !== 'string') return undefined;
  const builtin = fieldOf(node, 'getBuiltinModule');
  if (typeof builtin === 'function') return builtin.call(node, name);
  // Node 21, and 22 before 22.3.
  return new Function('name', 'return import(name)')(name);
}
