/** The frame around each page: its head, the way to the others, the place for what it has to say. */
import { posix } from 'node:path';
import { escaped } from './markdown.mjs';

/** What the head of every page leads to. */
const PLACES = [
  ['guides/index.html', 'Guides', 'guides'],
  ['lessons/index.html', 'Lessons', 'lessons'],
  ['playground/index.html', 'Playground', 'playground'],
  ['api/index.html', 'API', 'api'],
  ['figures.html', 'Figures', 'figures'],
];

/** The way from one page of the site to another. */
export function way(from, to) {
  const [path, anchor] = to.split('#');
  const relative = path === '' ? '' : posix.relative(posix.dirname(from), path);
  return anchor === undefined ? relative : `${relative}#${anchor}`;
}

/** The head of a page at `path`, which `room` is of. */
export function banner(path, room) {
  const items = PLACES.map(([to, name, of]) => `<a href="${way(path, to)}"${of === room ? ' aria-current="true"' : ''}>${name}</a>`);
  return `<header class="banner"><div><a class="brand" href="${way(path, 'index.html')}"><svg viewBox="0 0 26 20" aria-hidden="true"><path d="M4 10C14 10 12 3 24 3M4 10h20M4 10c10 0 8 7 20 7"/><circle cx="4.5" cy="10" r="4"/></svg>neurite</a><nav aria-label="Site">${items.join('')}</nav></div></header>`;
}

/**
 * @param page `path` in the site; `title`, `description`; `room` of the head's places; `body`; `aside`: a list of neighbours; `contents`: sections of
 *   the page to list; `scripts` it needs, `math` whether it has formulas
 */
export function layout({ path, title, description, room, body, aside = '', contents = [], scripts = [], math = false, kind = '' }) {
  const up = (to) => way(path, to);
  const listed = contents.filter(({ level }) => level === 2);
  const inside =
    listed.length > 1
      ? `<nav class="inside" aria-label="On this page"><p>On this page</p><ul>${listed.map(({ id, title }) => `<li><a href="#${id}">${escaped(title)}</a></li>`).join('')}</ul></nav>`
      : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<meta name="description" content="${escaped(description)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${up('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${up('site.css')}">
${math ? `<link rel="stylesheet" href="${up('katex/katex.css')}">\n` : ''}${scripts.map((script) => `<link rel="modulepreload" href="${up(script)}">\n`).join('')}<script type="module" src="${up('page.js')}" data-index="${up('search.json')}"></script>
${scripts.map((script) => `<script type="module" src="${up(script)}"></script>\n`).join('')}</head>
<body class="${kind}">
<a class="skip" href="#content">Skip to content</a>
${banner(path, room)}
<div class="frame">
<main id="content" tabindex="-1">
${body}
</main>
${inside}${aside}
</div>
<footer class="foot"><p>neurite, MIT licence. <a href="${up('guides/changelog.html')}">Changes</a> · <a href="${up('compatibility.html')}">Where it runs</a> · <a href="${up('license.txt')}">Licence</a></p></footer>
</body>
</html>
`;
}

/** A list of pages beside one of them, with the one before and the one behind. */
export function neighbours(path, name, groups) {
  const lists = groups.map(
    ({ title, pages }) =>
      `<p>${escaped(title)}</p><ul>${pages.map((page) => `<li><a href="${way(path, page.path)}"${page.path === path ? ' aria-current="page"' : ''}>${escaped(page.short)}</a></li>`).join('')}</ul>`,
  );
  return `<nav class="aside" aria-label="${name}">${lists.join('')}</nav>`;
}

/** The pages before and behind. */
export function turns(path, pages) {
  const at = pages.findIndex((page) => page.path === path);
  const [before, behind] = [pages[at - 1], pages[at + 1]];
  const link = (page, word, kind) =>
    page ? `<a class="${kind}" href="${way(path, page.path)}"><span>${word}</span> ${escaped(page.short)}</a>` : '';
  return `<nav class="turns" aria-label="Next and previous">${link(before, 'Before', 'before')}${link(behind, 'Next', 'behind')}</nav>`;
}
