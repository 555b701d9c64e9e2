import { beforeEach, describe, expect, test } from 'vitest';
import { binary as binaryOf, type CoreExports } from '../../src/core/core.js';
import { builds } from './machine.js';
import { numbers } from './numbers.js';

const PAGE = 65536;
const MIB = 2 ** 20;

/** The module with a maximum to its memory: section 5, one memory, flag 0 and the minimum become flag 1, minimum and maximum. */
function limited(binary: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < binary.length; ) {
    const start = at++;
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = binary[at++] as number;
      size |= (byte & 127) << shift;
      more = byte > 127;
    }
    if (binary[start] === 5) {
      const minimum = binary[at + 2] as number;
      expect([size, minimum < 128, pages < 128]).toEqual([3, true, true]);
      return Uint8Array.of(...binary.subarray(0, start), 5, 4, 1, 1, minimum, pages, ...binary.subarray(at + size));
    }
    at += size;
  }
  throw new Error('no memory section');
}

describe.each(builds)('%s', (build) => {
  const binary = binaryOf(build);
  let core: CoreExports;

  /** A core of its own, with at most `pages` pages. */
  function start(pages?: number): void {
    const module = new WebAssembly.Module(pages ? limited(binary, pages) : binary);
    core = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
  }
  beforeEach(() => start());

  const bytes = () => core.memory.buffer.byteLength;
  const allocate = (size: number) => core.allocate(size) >>> 0;
  const view = (address: number, size: number) => new Uint8Array(core.memory.buffer, address, size);

  test('blocks are aligned to 16, zeroed also when used before, and never overlap', () => {
    const next = numbers(1, 0, 1);
    const live: { address: number; size: number; mark: number }[] = [];
    for (let i = 0; i < 20_000; i++) {
      if (live.length > 40 || (live.length && next() < 0.5)) {
        const [block] = live.splice(Math.floor(next() * live.length), 1);
        const { address, size, mark } = block as (typeof live)[0];
        if (!view(address, size).every((byte) => byte === mark)) expect.fail(`block of ${size} bytes at ${address} was written to`);
        core.free(address);
      } else {
        const size = Math.floor(2 ** (next() * 13));
        const address = allocate(size);
        if (address === 0 || address % 16) expect.fail(`${size} bytes at ${address}`);
        if (view(address, size).some((byte) => byte)) expect.fail(`block of ${size} bytes is not zeroed`);
        const mark = 1 + (i % 255);
        view(address, size).fill(mark);
        live.push({ address, size, mark });
      }
    }
  });

  test('growth is what is missing, and less than a sixteenth or 1 MiB more', () => {
    for (const size of [3 * MIB, 47_040_000, 5 * MIB, 123_456_789, 100]) {
      const before = bytes();
      expect(allocate(size)).not.toBe(0);
      expect(bytes() - before).toBeLessThanOrEqual(Math.max(size * (1 + 1 / 16) + 2 * PAGE, before / 16, MIB));
    }
    expect(bytes()).toBeLessThan((47_040_000 + 123_456_789 + 8 * MIB) * (1 + 1 / 16) + 4 * MIB);
  });

  test('pages that are grown join the free block in front of them', () => {
    const first = allocate(20 * MIB);
    core.free(first);
    const before = bytes();
    expect(allocate(24 * MIB)).toBe(first);
    expect(bytes() - before).toBeLessThan(7 * MIB);
  });

  test('10⁵ allocations and releases leave the memory as large as it was', () => {
    const sizes = [64, 4096, 100_000, 3 * MIB, 1];
    let after = 0;
    for (let i = 0; i < 20_000; i++) {
      const blocks = sizes.map((size) => (i % 100 === 0 || size < MIB ? allocate(size) : 0));
      for (const block of i % 2 ? blocks : blocks.reverse()) core.free(block);
      if (i === 1) after = bytes();
    }
    expect(bytes()).toBe(after);
  });

  test('what cannot be had is 0, and the heap goes on', () => {
    const block = allocate(1000);
    view(block, 1000).fill(7);
    const before = bytes();
    for (const size of [2 ** 32 - 1, 2 ** 32 - 16, 2 ** 32 - 2 ** 16]) expect(allocate(size)).toBe(0);
    expect(bytes()).toBe(before);
    expect(view(block, 1000).every((byte) => byte === 7)).toBe(true);
    expect(allocate(1000)).not.toBe(0);
  });

  test('a host that refuses to grow is 0, and the heap goes on', () => {
    start(64);
    const block = allocate(1000);
    view(block, 1000).fill(7);
    expect(allocate(4 * MIB)).toBe(0);
    expect(allocate(3 * MIB)).not.toBe(0);
    let blocks = 0;
    for (let address = allocate(1000); address; address = allocate(1000)) {
      expect(address + 1000).toBeLessThanOrEqual(bytes());
      blocks++;
    }
    expect(blocks).toBeGreaterThan(500);
    expect(bytes()).toBe(64 * PAGE);
    expect(view(block, 1000).every((byte) => byte === 7)).toBe(true);
    core.free(block);
    expect(allocate(900)).toBe(block);
  });

  test('pages that the host adds by itself do no harm, and are used', () => {
    const first = allocate(1000);
    view(first, 1000).fill(7);
    core.memory.grow(100);
    const before = bytes();
    const second = allocate(4 * MIB);
    view(second, 4 * MIB).fill(8);
    expect(bytes()).toBe(before);
    expect(view(first, 1000).every((byte) => byte === 7)).toBe(true);
    core.free(first);
    core.free(second);
  });

  test('a block of more than 512 MiB is as large as asked', () => {
    const size = 513 * MIB;
    const block = allocate(size);
    const next = allocate(16);
    expect(block).not.toBe(0);
    expect(Math.max(block + size, next + 16)).toBeLessThanOrEqual(bytes());
    expect(next >= block + size || next + 16 <= block).toBe(true);
  });
});
