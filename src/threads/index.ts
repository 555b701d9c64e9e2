/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/threads`: networks on several threads, which share one memory. */
export type { Threads } from '../core/core.js';
export { type ThreadsOptions, type ThreadsWorker, threads, type WorkerThreads } from './threads.js';
