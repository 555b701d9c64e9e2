/** The guides of docs/, the README and the changes as pages; where neurite runs, as a page of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { escaped, render } from './markdown.mjs';
import { neighbours, turns, way } from './template.mjs';

/** Which page of the site a file of the repository is. */
export function pageOf(file) {
  if (file === 'README.md') return 'guides/readme.html';
  if (file === 'CHANGELOG.md') return 'guides/changelog.html';
  if (file === 'LICENSE') return 'license.txt';
  if (file === 'docs/compatibility.md') return 'compatibility.html';
  const [, name] = /^docs\/([\w-]+)\.md$/.exec(file) ?? [];
  if (!name) throw new Error(`site: no page is made of ${file}`);
  return name === 'README' ? 'guides/index.html' : `guides/${name}.html`;
}

/** Where a link of a file of the repository leads, from its page. */
export function linksOf(file) {
  return (href) => {
    if (/^[a-z]+:/.test(href)) return href;
    const [path, anchor] = href.split('#');
    if (path === '') return href;
    const to = pageOf(posix.normalize(posix.join(posix.dirname(file), path)));
    return way(pageOf(file), anchor === undefined ? to : `${to}#${anchor}`);
  };
}

/** The guides in the order of docs/README.md, under its headings. */
function contents() {
  const groups = [];
  for (const line of readFileSync('docs/README.md', 'utf8').split('\n')) {
    const [, title] = /^(To .*):$/.exec(line) ?? [];
    if (title) groups.push({ title, pages: [] });
    const [, short, name] = /^\d+\. \[(.*?)\]\(([\w-]+\.md)\)/.exec(line) ?? [];
    if (name) groups.at(-1).pages.push({ short, path: pageOf(`docs/${name}`) });
  }
  groups.push({
    title: 'To look up',
    pages: [
      { short: 'The formulas', path: pageOf('docs/notes.md') },
      { short: 'The README', path: pageOf('README.md') },
      { short: 'Changes', path: pageOf('CHANGELOG.md') },
    ],
  });
  return groups;
}

/** The first sentences of a page. */
const firstWords = ({ sections }) => (sections.find(({ text }) => text)?.text ?? '').slice(0, 155);

/** The table of hosts in a few words: how many ways each was tried, before the rows themselves. */
function hosts(text) {
  const counts = new Map();
  for (const [, host, result] of text.matchAll(/^\| ([^|]+?) \|(?:[^|]*\|){2} ([^|]+?) \|$/gm)) {
    if (host === 'host' || host === '---') continue;
    const { tried = 0, passed = 0 } = counts.get(host) ?? {};
    counts.set(host, { tried: tried + 1, passed: passed + Number(result === 'passed') });
  }
  const cells = [...counts].map(([host, { tried, passed }]) => `<div><dt>${escaped(host)}</dt><dd>${passed} of ${tried}</dd></div>`);
  return `<dl class="hosts">${cells.join('')}</dl>\n`;
}

export function guidePages() {
  const groups = contents();
  const order = [{ path: 'guides/index.html', short: 'Guides' }, ...groups.flatMap(({ pages }) => pages)];
  const files = ['README.md', 'CHANGELOG.md', ...readdirSync('docs').map((name) => `docs/${name}`)];
  return files.map((file) => {
    const path = pageOf(file);
    const text = readFileSync(file, 'utf8');
    const isTable = file === 'docs/compatibility.md';
    const page = render(text, { link: linksOf(file), listAnchor: file === 'docs/notes.md' ? 'formula' : undefined });
    const body = isTable ? page.html.replace('<div class="scroll"', `${hosts(text)}<div class="scroll"`) : page.html;
    return {
      path,
      title: `${page.title}${page.title === 'neurite' ? ', the README' : ' · neurite'}`,
      description: firstWords(page),
      room: 'guides',
      kind: 'text',
      body: `<article>${body}</article>${turns(path, order)}`,
      contents: page.sections,
      sections: page.sections,
      aside: neighbours(path, 'Guides', groups),
    };
  });
}
