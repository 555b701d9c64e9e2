import type { Core } from '../core/core.js';
import { decodePrintable } from '../core/printable.js';
import { refusal } from '../core/refusal.js';
import { binary } from './binary.generated.js';

/** What packs weights, and how much room a product takes. Addresses are bytes of a core's memory. */
export interface Int8Packing {
  /** Floats of packed w[n, k]. */
  packedSize(n: number, k: number): number;
  pack(y: number, w: number, n: number, k: number): void;
  unpack(integers: number, scales: number, panels: number, n: number, k: number): void;
  repack(panels: number, integers: number, scales: number, n: number, k: number): void;
  /** Bytes. */
  roomSize(m: number, k: number): number;
}

/** The exports of the int8 module (`assembly/int8/index.ts`). */
export interface Int8Kernels extends Int8Packing {
  linear(u: number, x: number, panels: number, b: number, m: number, n: number, k: number, relu: number, room: number): void;
}

/** What a core on several threads exports besides (`assembly/threads.ts`): there, products are instructions of its own. */
interface ThreadsExports {
  packedSizeInt8: Int8Packing['packedSize'];
  packInt8: Int8Packing['pack'];
  unpackInt8: Int8Packing['unpack'];
  repackInt8: Int8Packing['repack'];
  roomSizeInt8: Int8Packing['roomSize'];
}

const instances = new WeakMap<Core, Int8Kernels>();

/** Whether a core runs on several threads, whose memory is shared: the kernels are part of it. */
export function hasThreads(core: Core): boolean {
  return Object.prototype.toString.call(core.memory.buffer) === '[object SharedArrayBuffer]';
}

/** What packs for a core. @throws UnsupportedError where the host forbids compiling */
export function packingOf(core: Core): Int8Packing {
  if (!hasThreads(core)) return kernelsOf(core);
  // Asked for in each call: a core that failed has others.
  const exports = () => core.exports as unknown as ThreadsExports;
  return {
    packedSize: (...sizes) => exports().packedSizeInt8(...sizes),
    pack: (...operands) => exports().packInt8(...operands),
    unpack: (...operands) => exports().unpackInt8(...operands),
    repack: (...operands) => exports().repackInt8(...operands),
    roomSize: (...sizes) => exports().roomSizeInt8(...sizes),
  };
}

/**
 * The kernels in the memory of a core on one thread, instantiated on first use.
 * @throws UnsupportedError where the host forbids compiling
 */
export function kernelsOf(core: Core): Int8Kernels {
  const known = instances.get(core);
  if (known) return known;
  try {
    const module = new WebAssembly.Module(decodePrintable(binary));
    const made = new WebAssembly.Instance(module, { env: { memory: core.memory as WebAssembly.Memory } }).exports as unknown as Int8Kernels;
    instances.set(core, made);
    return made;
  } catch (error) {
    throw refusal(error);
  }
}
