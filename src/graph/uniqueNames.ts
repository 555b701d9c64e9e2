/**
 * Gives out names, each once: the wish itself, or where that is taken the wish with `_2`, `_3`, …. However often the same is wished for, each
 * name takes the same time.
 */
export function uniqueNames(reserved: readonly string[] = []): (wish: string) => string {
  const taken = new Set(reserved);
  const next = new Map<string, number>();
  return (wish) => {
    let name = wish;
    let i = next.get(wish) ?? 2;
    while (taken.has(name)) name = `${wish}_${i++}`;
    next.set(wish, i);
    taken.add(name);
    return name;
  };
}
