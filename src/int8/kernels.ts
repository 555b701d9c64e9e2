import type { Core } from '../core/core.js';
import { decodePrintable } from '../core/printable.js';
import { refusal } from '../core/refusal.js';
import { UnsupportedError } from '../errors.js';
import { binary } from './binary.generated.js';

/** The exports of the int8 module (`assembly/int8/index.ts`). Addresses are bytes of its core's memory. */
export interface Int8Kernels {
  packedSize(n: number, k: number): number;
  pack(y: number, w: number, n: number, k: number): void;
  roomSize(m: number, k: number): number;
  linear(u: number, x: number, panels: number, b: number, m: number, n: number, k: number, limit: number, relu: number, room: number): void;
}

const instances = new WeakMap<Core, Int8Kernels>();

/**
 * The kernels in a core's memory, instantiated on first use.
 * @throws UnsupportedError where the host forbids compiling, and for a core on several threads, whose memory is shared
 */
export function kernelsOf(core: Core): Int8Kernels {
  const known = instances.get(core);
  if (known) return known;
  if (Object.prototype.toString.call(core.memory.buffer) === '[object SharedArrayBuffer]')
    throw new UnsupportedError('NO_THREADS', 'freeze: weights of eight bits do not run on threads; freeze a network without the option threads');
  try {
    const module = new WebAssembly.Module(decodePrintable(binary));
    const made = new WebAssembly.Instance(module, { env: { memory: core.memory as WebAssembly.Memory } }).exports as unknown as Int8Kernels;
    instances.set(core, made);
    return made;
  } catch (error) {
    throw refusal(error);
  }
}
