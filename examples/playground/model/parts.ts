/** Work in parts: a generator that yields where a page may paint. */
export type Parts<T> = Generator<undefined, T>;

/** Does all of them now. */
export function atOnce<T>(parts: Parts<T>): T {
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
  }
}

/** Does each in a task of its own: what was written is painted first, and a click is heard. */
export async function oneByOne<T>(parts: Parts<T>): Promise<T> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve));
    const { done, value } = parts.next();
    if (done) return value;
  }
}
