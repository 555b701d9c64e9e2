/**
 * The heap: AssemblyScript's TLSF allocator (`--runtime minimal`), with a growth of its own in front of it. TLSF alone doubles
 * the memory each time it grows, traps where the host refuses, and knows nothing of pages that somebody else added. So a request
 * that no free block can hold is met here first: the memory is grown by what is missing, and the new pages are handed over as a
 * block that is freed, which joins them to the free block in front of them.
 *
 * What is read of TLSF's records (assemblyscript 0.28, std/assembly/rt/tlsf.ts; the version is pinned): a word of size and two
 * tags before each block, a used block of size zero, the tail, at the end of the memory, and the maps of which classes of
 * size have free blocks, sixteen classes to each power of two.
 */
import { BLOCK_OVERHEAD } from 'rt/common';
import { ROOT } from 'rt/tlsf';

/** A tag in a block's word: the block on its left is free, and ends with its own address. */
const LEFT_FREE: usize = 2;

/** From this size on TLSF takes any block of the class a request falls in, were it smaller than the request. */
const COARSE: usize = 1 << 29;
const COARSE_CLASS: usize = 1 << 25;

/** Where the last class begins. */
const LARGEST: usize = 31 * COARSE_CLASS + 12;

const LEAST_PAGES = 16;

/** One less than the address space has, so that the end of the last one is an address too. */
const MOST_PAGES = 65535;

/** Where the pages that TLSF has end; 0 before the first allocation. */
let end: usize = 0;

/**
 * A zeroed block of `size` bytes, aligned to 16; 0 when the host refuses the memory or `size` is beyond 992 MiB + 12, the last class of TLSF.
 *
 * The memory grows by what is missing, or by a sixteenth of what there is where that is more (at least 1 MiB), so that many
 * small blocks do not grow it once each.
 */
export function allocate(size: usize): usize {
  if (size > LARGEST) return 0;
  let payload = max((size + BLOCK_OVERHEAD + 15) & ~15, 16) - BLOCK_OVERHEAD;
  // The smallest size that a block of its class can have: then any block of the class will do.
  if (payload >= COARSE) payload = ((payload + COARSE_CLASS - 13) & ~(COARSE_CLASS - 1)) + 12;
  if (!end) {
    heap.free(heap.alloc(0));
    end = <usize>min(memory.size(), MOST_PAGES) << 16;
  }
  if (!fits(payload) && !grow(payload)) return 0;
  const block = heap.alloc(payload);
  memory.fill(block, 0, size);
  return block;
}

/** Gives a block back; 0 is let through. */
export function free(block: usize): void {
  heap.free(block);
}

/** The size TLSF looks for: the request plus one less than its class is wide, so that any block it then finds is large enough. */
function searched(payload: usize): usize {
  if (payload < 256 || payload >= COARSE) return payload;
  return payload + ((<usize>1 << (27 - clz(payload))) - 1);
}

/** Whether TLSF will find a free block for a payload: its own look at the two levels of its maps. */
function fits(payload: usize): bool {
  const root = changetype<usize>(ROOT);
  const size = searched(payload);
  let first: usize = 0;
  let second = size >> 4;
  if (size >= 256) {
    const log: usize = 31 - clz(size);
    first = log - 7;
    second = (size >> (log - 4)) ^ 16;
  }
  return (load<usize>(root + (first << 2), 4) & (<usize>-1 << second)) != 0 || (load<usize>(root) & (<usize>-2 << first)) != 0;
}

/** Hands over pages until the last free block holds a payload, new ones where there are none left; false when the host refuses. */
function grow(payload: usize): bool {
  const tail = end - BLOCK_OVERHEAD;
  const tags = load<usize>(tail) & LEFT_FREE;
  let missing = searched(payload) + BLOCK_OVERHEAD;
  if (tags) missing -= (load<usize>(load<usize>(tail - sizeof<usize>())) & ~<usize>3) + BLOCK_OVERHEAD;
  const pages = min(memory.size(), MOST_PAGES);
  const needed = <i32>((end >>> 16) + ((missing + 0xffff) >>> 16)) - pages;
  if (needed > MOST_PAGES - pages) return false;
  const wanted = min(max(needed, max(LEAST_PAGES, pages >> 4)), MOST_PAGES - pages);
  if (needed > 0 && memory.grow(wanted) < 0 && memory.grow(needed) < 0) return false;
  // The tail becomes a used block that spans the new pages, with a new tail behind it; freeing it does the rest.
  end = <usize>min(memory.size(), MOST_PAGES) << 16;
  const newTail = end - BLOCK_OVERHEAD;
  store<usize>(tail, (newTail - tail - BLOCK_OVERHEAD) | tags);
  store<usize>(newTail, 0);
  heap.free(tail + BLOCK_OVERHEAD);
  return true;
}
