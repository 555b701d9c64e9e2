/** Letters to change, add or leave out to make one word of another (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length] as number;
}

/** The known word that a given one was meant to be: at most a third of its letters differ. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const [best] = known.map((word) => ({ word, far: distance(given.toLowerCase(), word.toLowerCase()) })).sort((a, b) => a.far - b.far);
  return best && best.far <= Math.max(1, given.length / 3) ? best.word : undefined;
}
