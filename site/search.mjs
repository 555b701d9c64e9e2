/** What the search looks through: each section of the guides and lessons with its words. The page fetches it when somebody searches. */
import { way } from './template.mjs';

/** @returns a page's path and title, and its sections as [anchor, heading, words] */
export function searchIndex(pages) {
  return pages
    .filter(({ sections }) => sections)
    .map(({ path, title, sections }) => ({
      path: way('index.html', path),
      title: title.replace(/ · neurite$/, ''),
      sections: sections.map(({ id, title, text, level }) => [level === 1 ? '' : id, title, text.replace(/\s+/g, ' ')]),
    }));
}
