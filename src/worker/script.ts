/** The text of the worker's script, `neurite/worker/host.js`: scripts/build.mjs puts it here. */
declare const NEURITE_WORKER_SCRIPT: string;

/** @returns undefined in a build without it */
export function workerScript(): string | undefined {
  return typeof NEURITE_WORKER_SCRIPT === 'undefined' ? undefined : NEURITE_WORKER_SCRIPT;
}
