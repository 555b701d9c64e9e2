/**
 * What kernels write to besides their results: their scratch. One thread has it in static memory. Instances on one shared memory share what is static:
 * there each thread has a block of the heap (`setScratch`), and its address in a global, which is the instance's own.
 */

/** Where each kernel's scratch lies in the block of a thread, and the bytes of all. */
export enum Scratch {
  /** a packed block of b, or strips of a: 256 kB */
  Block = 0,
  /** a strip of a, or a panel of b: 8 × 512 floats */
  Narrow = 0x40000,
  /** a tile on its way to c: 8 × 8 floats */
  Tile = 0x44000,
  /** the tail of a vector */
  Tail = 0x44100,
  /** four words of the generator */
  Words = 0x44110,
  Size = 0x44120,
}

let ofThread: usize = 0;

/** Sets the memory of this instance's thread: Scratch.Size bytes, aligned to 16. */
export function setScratch(address: usize): void {
  ofThread = address;
}

/** The address of a kernel's scratch: the static one or, where there are threads, that of this thread. */
// @ts-ignore: decorator
@inline
export function scratch(own: usize, which: Scratch): usize {
  return ASC_FEATURE_THREADS ? ofThread + <usize>which : own;
}
