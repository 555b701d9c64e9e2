import { Core } from '../core/core.js';

/** Most bytes of retired blocks: the oldest are freed first. */
const MOST_RETIRED = 2 ** 24;

/**
 * A core on a shared memory. Its views never go stale: no growth detaches them, so a block that a user may hold a view of is not allocated again until
 * MOST_RETIRED bytes were retired after it.
 */
export class SharedCore extends Core {
  readonly #waiting: { readonly address: number; readonly bytes: number }[] = [];
  #bytes = 0;

  override retire(address: number, bytes: number): void {
    this.#waiting.push({ address, bytes });
    this.#bytes += bytes;
    while (this.#bytes > MOST_RETIRED) this.#freeOldest();
  }

  override allocate(bytes: number, what: string): number {
    for (;;) {
      try {
        return super.allocate(bytes, what);
      } catch (error) {
        if (this.#waiting.length === 0) throw error;
        this.#freeOldest();
      }
    }
  }

  #freeOldest(): void {
    const oldest = this.#waiting.shift();
    if (!oldest) return;
    this.#bytes -= oldest.bytes;
    this.free(oldest.address);
  }
}
