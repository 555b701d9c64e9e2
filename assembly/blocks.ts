/** The layout of a block of the heap. `memory.ts` allocates, joins and splits blocks. */

/** Bytes of the header: the block's size with its header, bit 0 set if it is free; the size of the block before; the next and the previous free block. */
export const HEADER: usize = 16;
export const BEFORE: usize = 4;
export const NEXT: usize = 8;
export const PREVIOUS: usize = 12;
export const FREE: usize = 1;

/** Bytes behind each block in the debug build: guards, and last the size that was asked for. */
export const TAIL: usize = ASC_NO_ASSERT ? 0 : 32;

/** Bytes of the lists of free blocks (`memory.ts`). */
export const LISTS: usize = 28 << 2;

/**
 * Where the heap begins: behind what is static and, where there are threads, behind the lists too. A second instance on the memory writes what is
 * static once more, so nothing there may change.
 */
// @ts-ignore: decorator
@inline
export function heapStart(): usize {
  return ((__heap_base + 15) & ~15) + (ASC_FEATURE_THREADS ? LISTS : 0);
}

/** Bytes from this block to the next. */
export function sizeOf(block: usize): usize {
  return load<usize>(block) & ~FREE;
}

export function isFree(block: usize): bool {
  return (load<usize>(block) & FREE) != 0;
}

/** The block that `isInBlock` found last, 0 where it may have been joined with another since. */
let found: usize = 0;

/** To be called before blocks are joined: what was the beginning of one may then be none. */
export function forgetFound(): void {
  found = 0;
}

/**
 * Whether `bytes` from an address on lie in one live block, as it was asked for; true for no bytes. It looks from the block found last on, in
 * whichever direction, since a program's operands are near each other: from the first block on, each assertion would pass all networks that
 * there are. On a shared memory another instance may join blocks, so there it begins at the first.
 * Debug build only: the others do not store the size asked for.
 */
export function isInBlock(address: usize, bytes: usize): bool {
  if (bytes == 0) return true;
  const end = <usize>memory.size() << 16;
  let block = !ASC_FEATURE_THREADS && found ? found : heapStart();
  while (address < block && load<usize>(block, BEFORE)) block -= load<usize>(block, BEFORE);
  while (block + HEADER <= end && sizeOf(block)) {
    const next = block + sizeOf(block);
    if (address < next) {
      found = block;
      const stop = block + HEADER + load<usize>(next - 4);
      return !isFree(block) && address >= block + HEADER && address <= stop && bytes <= stop - address;
    }
    block = next;
  }
  return false;
}
