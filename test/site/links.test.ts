/** Every link of the site leads to a file of it, and to an anchor that is there; none needs to know where the site lies. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { folder, pages, read, root } from './site.js';

const ids = new Map<string, Set<string>>();
function idsOf(path: string): Set<string> {
  let found = ids.get(path);
  if (!found) {
    found = new Set([...read(path).matchAll(/\sid="([^"]*)"/g)].map((match) => match[1] as string));
    ids.set(path, found);
  }
  return found;
}

/** What is wrong with a link of a page, or undefined. */
function wrong(from: string, link: string): string | undefined {
  if (/^(https?:|mailto:|data:)/.test(link)) return undefined;
  if (link.startsWith('/')) return 'is from the root';
  const [path = '', anchor] = link.replaceAll('&amp;', '&').split('#');
  const file = path.split('?')[0] as string;
  const target = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(file)));
  if (target.startsWith('..')) return 'leaves the site';
  const place = join(folder, target);
  if (!existsSync(place) || !statSync(place).isFile()) return 'leads to no file';
  if (anchor && target.endsWith('.html') && !idsOf(target).has(decodeURIComponent(anchor))) return 'leads to no anchor';
  return undefined;
}

test('there are guides, lessons, figures, a reference and a playground', () => {
  for (const path of [
    'index.html',
    'guides/losses.html',
    'lessons/s4.1.html',
    'figures.html',
    'compatibility.html',
    'api/index.html',
    'playground/index.html',
  ])
    expect(pages).toContain(path);
  const lessons = readdirSync(join(root, 'site/lessons')).map((file) => `lessons/${file.replace(/\.md$/, '.html')}`);
  expect(pages.filter((path) => path.startsWith('lessons/s')).sort()).toEqual(lessons.sort());
  expect(read('index.html')).toContain(`In ${lessons.length} short`);
  expect(pages.filter((path) => path.startsWith('api/functions/')).length).toBeGreaterThan(100);
});

test('every link and source leads somewhere', () => {
  let count = 0;
  const found = pages.flatMap((path) => {
    // A program in a page has links in its text.
    const html = read(path).replace(/<script(?![^>]*\ssrc=)[\s\S]*?<\/script>/g, '');
    const links = [...html.matchAll(/<[a-z][^>]*?\s(?:href|src|data-index)="([^"]*)"/g)].map((match) => match[1] as string);
    count += links.length;
    return links.flatMap((link) => {
      const why = wrong(path, link);
      return why ? [`${path}: ${link} ${why}`] : [];
    });
  });
  expect(found).toEqual([]);
  expect(count).toBeGreaterThan(5000);
});

test('a link is refused that leads to no file, to no anchor, out of the site, or from the root', () => {
  expect(['none.html', '#none', '../x.html', '/index.html', 'guides/data.html#none'].map((link) => wrong('index.html', link))).toEqual([
    'leads to no file',
    'leads to no anchor',
    'leaves the site',
    'is from the root',
    'leads to no anchor',
  ]);
  expect(wrong('guides/data.html', '../index.html#why')).toBeUndefined();
});

test('no page loads anything from elsewhere', () => {
  const foreign = pages.flatMap((path) => read(path).match(/<(?:script|img|link|iframe|source)[^>]*(?:src|href)="(?:https?:)?\/\/[^>]*>/g) ?? []);
  expect(foreign).toEqual([]);
  expect(read('site.css')).not.toMatch(/url\(["']?(https?:)?\/\//);
});
