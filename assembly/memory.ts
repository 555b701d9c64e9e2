/**
 * The heap: blocks in the order of their addresses, the free ones in a list, neighbours that are free joined.
 * A block is taken from the first free one that is large enough, and the memory grows by what is missing.
 * A core holds a few dozen blocks, so a walk of the list costs nothing beside clearing the block.
 */

/** Before each block: its size with this header, and, where it is free, the next free one. */
const HEADER: usize = 16;
const NEXT: usize = 4;

const LEAST_PAGES = 16;

/** One less than the address space has, so that the end of the last one is an address too. */
const MOST_PAGES = 65535;

/** The free block with the lowest address; 0 for none. */
let first: usize = 0;
/** Where the pages that are in use or in the list end; 0 before the first allocation. */
let end: usize = 0;

/**
 * A zeroed block of `size` bytes, aligned to 16; 0 when the host refuses the memory.
 *
 * The memory grows by what is missing, or by a sixteenth of what there is where that is more (at least 1 MiB), so that many
 * small blocks do not grow it once each.
 */
export function allocate(size: usize): usize {
  const needed = (size + (HEADER + 15)) & ~15;
  if (needed < size) return 0;
  if (!end) {
    end = (__heap_base + 15) & ~15;
    add();
  }
  let block = take(needed);
  if (!block) {
    if (!grow(needed)) return 0;
    block = take(needed);
  }
  memory.fill(block + HEADER, 0, size);
  return block + HEADER;
}

/** Gives a block back; 0 is let through. */
export function free(block: usize): void {
  if (block) insert(block - HEADER);
}

function sizeOf(block: usize): usize {
  return load<usize>(block);
}

/** Takes `size` bytes off the first free block that has them; 0 for none. */
function take(size: usize): usize {
  let before: usize = 0;
  for (let block = first; block; before = block, block = load<usize>(block, NEXT)) {
    const rest = sizeOf(block) - size;
    if (sizeOf(block) < size) continue;
    let next = load<usize>(block, NEXT);
    if (rest) {
      store<usize>(block + size, rest);
      store<usize>(block + size, next, NEXT);
      next = block + size;
      store<usize>(block, size);
    }
    link(before, next);
    return block;
  }
  return 0;
}

/** Puts a block into the list and joins it to the free blocks on both sides. */
function insert(block: usize): void {
  let before: usize = 0;
  let next = first;
  while (next && next < block) {
    before = next;
    next = load<usize>(next, NEXT);
  }
  if (block + sizeOf(block) == next) {
    store<usize>(block, sizeOf(block) + sizeOf(next));
    next = load<usize>(next, NEXT);
  }
  store<usize>(block, next, NEXT);
  if (before && before + sizeOf(before) == block) {
    store<usize>(before, sizeOf(before) + sizeOf(block));
    store<usize>(before, next, NEXT);
  } else {
    link(before, block);
  }
}

/** Makes `block` the free one behind `before`, or the first. */
function link(before: usize, block: usize): void {
  if (before) store<usize>(before, block, NEXT);
  else first = block;
}

/** Grows the memory until the last free block has `size` bytes; false when the host refuses. */
function grow(size: usize): bool {
  let missing = size;
  for (let block = first; block; block = load<usize>(block, NEXT)) {
    if (block + sizeOf(block) == end) missing -= sizeOf(block);
  }
  const pages = min(memory.size(), MOST_PAGES);
  const needed = <i32>((end >>> 16) + ((missing + 0xffff) >>> 16)) - pages;
  if (needed > MOST_PAGES - pages) return false;
  const wanted = min(max(needed, max(LEAST_PAGES, pages >> 4)), MOST_PAGES - pages);
  if (needed > 0 && memory.grow(wanted) < 0 && memory.grow(needed) < 0) return false;
  add();
  return true;
}

/** Adds the pages that the memory has by now to the list. */
function add(): void {
  const block = end;
  end = <usize>min(memory.size(), MOST_PAGES) << 16;
  store<usize>(block, end - block);
  insert(block);
}
