import type { Floats } from '../arguments/arrays.js';
import { Core } from '../core/core.js';
import { addLinear } from '../core/linear.js';
import { MemoryError } from '../errors.js';
import { weigh } from './weight.js';

/**
 * A core on a shared memory, whose views no growth detaches. So each block that a user is given a view of has a SharedArrayBuffer of its own, an object
 * over the same memory: whatever is made of the view, by `subarray` or of its `buffer`, holds that object. A block that is given back is allocated again
 * only once the object was collected, when nothing shows the block any more.
 */
export class SharedCore extends Core {
  /** The buffers of blocks that users were given views of, by the addresses of these. */
  readonly #shown = new Map<number, ArrayBufferLike>();
  /** Frees a block once nothing shows it. */
  readonly #unseen =
    typeof FinalizationRegistry === 'undefined'
      ? undefined
      : new FinalizationRegistry<Waiting>(({ address, bytes }) => {
          this.#waiting -= bytes;
          this.free(address);
        });
  #waiting = 0;

  /** Bytes of blocks that were given back, and that a view may still show. */
  get waiting(): number {
    return this.#waiting;
  }

  override view(block: number, at: number, n: number): Floats {
    let buffer = this.#shown.get(block);
    if (!buffer) {
      buffer = another(this.memory.buffer);
      addLinear(buffer);
      this.#shown.set(block, buffer);
    }
    return new Float32Array(buffer as ArrayBuffer, at * 4, n);
  }

  override retire(address: number, bytes: number): void {
    const buffer = this.#shown.get(address);
    this.#shown.delete(address);
    if (!buffer) return this.free(address);
    this.#waiting += bytes;
    weigh(buffer, bytes);
    this.#unseen?.register(buffer, { address, bytes });
  }

  override allocate(bytes: number, what: string): number {
    try {
      return super.allocate(bytes, what);
    } catch (error) {
      if (error instanceof MemoryError) error.message += this.#remedy();
      throw error;
    }
  }

  #remedy(): string {
    if (this.#waiting === 0) return '';
    return `; views may still show ${this.#waiting} bytes of what was given back, which are free once these are forgotten and the program has waited, as await does`;
  }
}

/** A block that was given back. */
interface Waiting {
  readonly address: number;
  readonly bytes: number;
}

/** Another object over the same shared memory. Where the host makes none, the memory's own: its blocks wait until it has grown. */
function another(buffer: ArrayBufferLike): ArrayBufferLike {
  isCloned ??= clones();
  return isCloned ? structuredClone(buffer) : buffer;
}

let isCloned: boolean | undefined;

/** Whether a clone is another object over the same memory: not every host knows how, and what stands in for it copies. */
function clones(): boolean {
  try {
    const one = new SharedArrayBuffer(1);
    const other = structuredClone(one);
    new Uint8Array(one)[0] = 1;
    return other !== one && new Uint8Array(other)[0] === 1;
  } catch {
    return false;
  }
}
