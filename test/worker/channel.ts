import { afterEach } from 'vitest';
import { serve } from '../../src/worker/host.js';
import type { WorkerLike } from '../../src/worker/port.js';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** The page's end of a channel whose other end answers as a worker does, in this thread: the protocol without a second thread. */
export function channel(): WorkerLike & MessagePort {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serve(port2);
  return port1;
}

/** The bits of floats. */
export function bits(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}

/** Bits in place of floats, wherever they are in a value. */
export function exact(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [Object.prototype.toString.call(value), ...bits(value as Float32Array)];
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, exact(one)]));
}
