/**
 * The heap: blocks side by side, each with a header. Free blocks are in lists by size, one for each power of two; free neighbours are joined.
 * The time to allocate or free does not depend on the number of blocks.
 *
 * In the debug build guards stand behind each block. `free` and `damaged` detect a write past the end of one.
 */
import { BEFORE, FREE, forgetFound, HEADER, heapStart, isFree, LISTS, NEXT, PREVIOUS, sizeOf, TAIL } from './blocks';

const GUARD: u8 = 0xa5;
/** Fills a freed block in the debug build: NaN as floats, and no valid size or address. */
const FREED: u8 = 0xff;

const LEAST_PAGES = 16;

/** Most pages: one less than the address space has, so that the end of the last page is an address too. */
const MOST_PAGES = 65535;

/** The first free block of each list; list i holds sizes from 16·2ⁱ to 16·2ⁱ⁺¹ − 16. */
const ownLists: usize = ASC_FEATURE_THREADS ? 0 : memory.data(28 << 2);

// @ts-ignore: decorator
@inline
function lists(): usize {
  return ASC_FEATURE_THREADS ? heapStart() - LISTS : ownLists;
}

/** Bit i is set where list i holds a block. */
let filled: u32 = 0;

/** Blocks tried in the list of a size before a larger one is split. */
const TRIES = 16;

/** Where the blocks begin; where the last one begins; where it ends. All 0 before the first allocation. */
let start: usize = 0;
let last: usize = 0;
let end: usize = 0;

/**
 * Allocates a zeroed block of `size` bytes, aligned to 16. @returns its address, or 0 when the host refuses the memory
 *
 * The memory grows by the missing bytes, by a sixteenth of its size or by 1 MiB, whichever is most: many small blocks do not grow it once each.
 */
export function allocate(size: usize): usize {
  const needed = (size + (HEADER + TAIL + 15)) & ~15;
  if (needed < size) return 0;
  if (!end) {
    start = heapStart();
    end = start;
    add();
  }
  let block = take(needed, TRIES);
  if (!block) block = take(needed, i32.MAX_VALUE);
  if (!block) {
    if (!grow(needed)) return 0;
    block = take(needed, i32.MAX_VALUE);
  }
  memory.fill(block + HEADER, 0, size);
  if (!ASC_NO_ASSERT) {
    const tail = block + HEADER + size;
    memory.fill(tail, GUARD, block + sizeOf(block) - 4 - tail);
    store<usize>(block + sizeOf(block) - 4, size);
  }
  return block + HEADER;
}

/** Frees a block; ignores 0. */
export function free(address: usize): void {
  if (!address) return;
  let block = address - HEADER;
  if (!ASC_NO_ASSERT) {
    assert(!isFree(block), 'a block is freed twice');
    assert(isIntact(block), 'a write went past the end of a block');
    memory.fill(address, FREED, sizeOf(block) - HEADER);
    forgetFound();
  }
  const after = block + sizeOf(block);
  if (after != end && isFree(after)) {
    unlink(after);
    resize(block, sizeOf(block) + sizeOf(after));
  }
  if (block != start) {
    const before = block - load<usize>(block, BEFORE);
    if (isFree(before)) {
      unlink(before);
      resize(before, sizeOf(before) + sizeOf(block));
      block = before;
    }
  }
  link(block);
}

/** The address of the first block with a damaged header, or with a write past its end; 0 where all are intact. Debug build only. */
export function damaged(): usize {
  if (ASC_NO_ASSERT) return 0;
  let before: usize = 0;
  for (let block = start; block != end; block += sizeOf(block)) {
    if (sizeOf(block) < HEADER || block + sizeOf(block) > end || load<usize>(block, BEFORE) != before) return block + HEADER;
    if (!isFree(block) && !isIntact(block)) return block + HEADER;
    before = sizeOf(block);
  }
  return 0;
}

/** Whether the guards behind a block are unchanged. */
function isIntact(block: usize): bool {
  const stop = block + sizeOf(block) - 4;
  const size = load<usize>(stop);
  if (((size + (HEADER + TAIL + 15)) & ~15) > sizeOf(block)) return false;
  for (let at = block + HEADER + size; at < stop; at++) if (load<u8>(at) != GUARD) return false;
  return true;
}

/** Sets the size of a block that is in no list, and records it in the next block. */
function resize(block: usize, size: usize): void {
  store<usize>(block, size);
  if (block + size == end) last = block;
  else store<usize>(block + size, size, BEFORE);
}

function listOf(size: usize): u32 {
  return 27 - <u32>clz<u32>(<u32>size);
}

/** Inserts a block at the head of its list. */
function link(block: usize): void {
  const list = listOf(sizeOf(block));
  const head = lists() + (list << 2);
  const next = load<usize>(head);
  store<usize>(block, load<usize>(block) | FREE);
  store<usize>(block, next, NEXT);
  store<usize>(block, 0, PREVIOUS);
  if (next) store<usize>(next, block, PREVIOUS);
  store<usize>(head, block);
  filled |= 1 << list;
}

/** Removes a block from its list. */
function unlink(block: usize): void {
  const next = load<usize>(block, NEXT);
  const previous = load<usize>(block, PREVIOUS);
  if (next) store<usize>(next, previous, PREVIOUS);
  if (previous) {
    store<usize>(previous, next, NEXT);
  } else {
    const list = listOf(sizeOf(block));
    store<usize>(lists() + (list << 2), next);
    if (!next) filled &= ~(1 << list);
  }
  store<usize>(block, sizeOf(block));
}

/** Takes `size` bytes from a free block: one of the first `tries` of the list for this size, else one of the next larger list; 0 for none. */
function take(size: usize, tries: i32): usize {
  const list = listOf(size);
  let block = load<usize>(lists() + (list << 2));
  for (; block && sizeOf(block) < size; block = load<usize>(block, NEXT)) {
    if (--tries == 0) {
      block = 0;
      break;
    }
  }
  if (!block) {
    const larger = filled & ~((2 << list) - 1);
    if (!larger) return 0;
    block = load<usize>(lists() + (ctz(larger) << 2));
  }
  unlink(block);
  const rest = sizeOf(block) - size;
  if (rest) {
    resize(block + size, rest);
    resize(block, size);
    link(block + size);
  }
  return block;
}

/** Grows the memory until the last block is a free one of `size` bytes; false when the host refuses. */
function grow(size: usize): bool {
  const missing = isFree(last) ? size - sizeOf(last) : size;
  const pages = min(memory.size(), MOST_PAGES);
  const needed = <i32>((end >>> 16) + ((missing + 0xffff) >>> 16)) - pages;
  if (needed > MOST_PAGES - pages) return false;
  const wanted = min(max(needed, max(LEAST_PAGES, pages >> 4)), MOST_PAGES - pages);
  if (needed > 0 && memory.grow(wanted) < 0 && memory.grow(needed) < 0) return false;
  add();
  return true;
}

/** Adds the new pages of the memory as a free block, joined to the last one if that is free. */
function add(): void {
  let block = end;
  const before = last;
  end = <usize>min(memory.size(), MOST_PAGES) << 16;
  if (before) {
    if (isFree(before)) {
      block = before;
      unlink(block);
    } else {
      store<usize>(block, sizeOf(before), BEFORE);
    }
  } else {
    store<usize>(block, 0, BEFORE);
  }
  resize(block, end - block);
  link(block);
}
