/** Finds sections by words: each must be in a section's words, its heading or its page's title, from the beginning of a word. */

export interface IndexedPage {
  readonly path: string;
  readonly title: string;
  readonly sections: readonly (readonly [anchor: string, heading: string, text: string])[];
}

export interface Hit {
  readonly path: string;
  readonly title: string;
  readonly heading: string;
  readonly excerpt: string;
}

const MOST = 12;
const AROUND = 60;

const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Where a word begins with `word`, or −1. */
function beginning(text: string, word: string): number {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] as string)) return at;
  return -1;
}

/** The best first: a word in a heading counts 8 times, in the page's title 4 times as much as one below it. */
export function find(pages: readonly IndexedPage[], query: string): Hit[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits = pages.flatMap(({ path, title, sections }) =>
    sections.flatMap(([anchor, heading, text]) => {
      const [of, over, below] = [title, heading, text].map(fold) as [string, string, string];
      let score = 0;
      let first = -1;
      for (const word of words) {
        const at = beginning(below, word);
        const worth = (beginning(over, word) >= 0 ? 8 : 0) + (beginning(of, word) >= 0 ? 4 : 0) + (at >= 0 ? 1 : 0);
        if (worth === 0) return [];
        score += worth;
        if (first < 0) first = at;
      }
      const from = Math.max(0, first - AROUND);
      const excerpt = `${from > 0 ? '… ' : ''}${text.slice(from, from + 3 * AROUND)}`;
      return [{ score, path: anchor ? `${path}#${anchor}` : path, title, heading, excerpt }];
    }),
  );
  return hits.sort((a, b) => b.score - a.score).slice(0, MOST);
}
