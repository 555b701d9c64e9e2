/**
 * Every program that the site shows is one that a test runs: those of the guides and the README in test/docs/guides.slow.test.ts, those of the lessons in
 * test/seeds/scripts.slow.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pages, read, root, textOf } from './site.js';

const file = (path: string) => readFileSync(join(root, path), 'utf8');

/** The blocks of code of a page. */
const shown = (path: string) =>
  [...read(path).matchAll(/<pre[^>]*><code[^>]*>([\s\S]*?)<\/code><\/pre>/g)].map((match) => textOf(match[1] as string));

/** The blocks of a Markdown file. */
const fences = (path: string) => [...file(path).matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);

const guides = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];

test('the guides show the blocks of their files, all of which are tested', () => {
  for (const path of pages.filter((page) => /^(guides\/|compatibility)/.test(page))) {
    const name = /([\w-]+)\.html$/.exec(path)?.[1] as string;
    const source = { index: 'docs/README.md', readme: 'README.md', changelog: 'CHANGELOG.md' }[name] ?? `docs/${name}.md`;
    expect(shown(path), path).toEqual(fences(source));
    if (source !== 'CHANGELOG.md') expect(guides).toContain(source);
    else expect(fences(source)).toEqual([]);
  }
});

test('the front page shows how to install, and the README’s first program', () => {
  expect(shown('index.html')).toEqual(['npm install neurite\n', fences('README.md')[1]]);
});

test('a lesson shows the program of its row, and no other', () => {
  const lessons = pages.filter((page) => /^lessons\/s/.test(page));
  for (const path of lessons) expect(shown(path), path).toEqual([file(`examples/seeds/${path.slice('lessons/'.length, -'.html'.length)}.ts`)]);
  const programs = readdirSync(join(root, 'examples/seeds')).filter((name) => /^s\d/.test(name));
  expect(lessons).toHaveLength(programs.length);
});

test('figures have no program', () => {
  expect(shown('figures.html')).toEqual([]);
});
