import { vi } from 'vitest';
import { Core } from '../../src/core/core.js';
import { MemoryError } from '../../src/errors.js';

/** Every block of memory that is allocated and not yet freed, from now on. */
export function watchBlocks(refuse: (count: number) => boolean = () => false): { blocks: Map<number, string>; allocations: () => number } {
  const blocks = new Map<number, string>();
  const returned = new Set<number>();
  let count = 0;
  const { allocate, free, retire } = Core.prototype;
  const retired = new Set<number>();
  vi.spyOn(Core.prototype, 'allocate').mockImplementation(function (this: Core, bytes, what) {
    if (refuse(count++)) throw new MemoryError(what, bytes, 0);
    const address = allocate.call(this, bytes, what);
    blocks.set(address, what);
    returned.delete(address);
    return address;
  });
  vi.spyOn(Core.prototype, 'free').mockImplementation(function (this: Core, address) {
    // Blocks of before may come back too: of networks that were forgotten.
    if (returned.has(address)) throw new Error(`the block at ${address} is freed twice`);
    if (blocks.delete(address) || retired.delete(address)) returned.add(address);
    free.call(this, address);
  });
  // What somebody had a view of is given back as well, but not before no view shows it.
  vi.spyOn(Core.prototype, 'retire').mockImplementation(function (this: Core, address, bytes) {
    if (returned.has(address) || retired.has(address)) throw new Error(`the block at ${address} is given back twice`);
    if (blocks.delete(address)) retired.add(address);
    retire.call(this, address, bytes);
  });
  return { blocks, allocations: () => count };
}
