/** The heap: AssemblyScript's TLSF, asked to grow by what is needed rather than by doubling. */

/** Bytes of `size`, aligned to 16 and zeroed; 0 when the host refuses the memory. */
export function allocate(size: usize): usize {
  // TLSF wants at most 2^30 − 4 in one block and traps on more; and on a growth the host refuses.
  if (size > 0x3ffffff0) return 0;
  const block = heap.alloc(size);
  memory.fill(block, 0, size);
  return block;
}

/** Gives a block back. */
export function free(block: usize): void {
  heap.free(block);
}
