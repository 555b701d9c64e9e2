/** The layout of a block of the heap. `memory.ts` allocates, joins and splits blocks. */

/** Bytes of the header: the block's size with its header, bit 0 set if it is free; the size of the block before; the next and the previous free block. */
export const HEADER: usize = 16;
export const BEFORE: usize = 4;
export const NEXT: usize = 8;
export const PREVIOUS: usize = 12;
export const FREE: usize = 1;

/** Bytes behind each block in the debug build: guards, and last the size that was asked for. */
export const TAIL: usize = ASC_NO_ASSERT ? 0 : 32;

/** Bytes from this block to the next. */
export function sizeOf(block: usize): usize {
  return load<usize>(block) & ~FREE;
}

export function isFree(block: usize): bool {
  return (load<usize>(block) & FREE) != 0;
}

/**
 * Whether `bytes` from an address on lie in one live block, as it was asked for; true for no bytes.
 * Debug build only: the others do not store the size asked for.
 */
export function isInBlock(address: usize, bytes: usize): bool {
  if (bytes == 0) return true;
  const end = <usize>memory.size() << 16;
  let block = (__heap_base + 15) & ~15;
  while (block + HEADER <= end && sizeOf(block)) {
    const next = block + sizeOf(block);
    if (address < next) {
      const stop = block + HEADER + load<usize>(next - 4);
      return !isFree(block) && address >= block + HEADER && address <= stop && bytes <= stop - address;
    }
    block = next;
  }
  return false;
}
