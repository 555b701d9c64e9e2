/** Links of the README and the guides lead somewhere, on a disk and in the package: it has the files that they name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './markdown.js';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const { files: shipped } = JSON.parse(read('package.json')) as { files: string[] };

/** Whether `npm pack` takes a file: what package.json lists, and what npm takes always. */
function ships(file: string): boolean {
  return ['README.md', 'LICENSE', 'package.json'].includes(file) || shipped.some((entry) => file === entry || file.startsWith(`${entry}/`));
}

/** A Markdown text without its programs. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

/** What a heading is called in a link, as GitHub and npm call it. */
function anchors(text: string): string[] {
  const titles = [...prose(text).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] as string);
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(['README.md', 'CHANGELOG.md', ...guides.map((name) => `docs/${name}`)])('%s', (file) => {
  const links = [...prose(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string).filter((link) => !/^https?:/.test(link));

  test('links to files that ship, and to headings that are there', () => {
    const wrong = links.filter((link) => {
      const [path, anchor] = link.split('#') as [string, string?];
      const target = path === '' ? file : normalize(join(dirname(file), path));
      return !existsSync(join(root, target)) || !ships(target) || (anchor !== undefined && !anchors(read(target)).includes(anchor));
    });
    expect(wrong).toEqual([]);
  });
});

test('the index has every guide', () => {
  const linked = [...read('docs/README.md').matchAll(/\]\(([\w-]+\.md)/g)].map((match) => match[1]);
  expect(guides.filter((name) => name !== 'README.md' && !linked.includes(name))).toEqual([]);
});

test('the README begins with what installs it, and has a program that is pasted as it is', () => {
  const blocks = [...read('README.md').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => [match[1], match[2]]);
  expect(blocks[0]).toEqual(['sh', 'npm install neurite\n']);
  expect(blocks[1]?.[0]).toBe('ts');
  expect(read('README.md')).toMatch(/\bworker\b/);
});

test('docs/hosts.md has every code of what a host lacks', () => {
  const source = read('src/errors.ts');
  const codes = [...new Set([...source.matchAll(/'(NO_[A-Z_]+|WASM_[A-Z_]+|WORKER)'/g)].map((match) => match[1] as string))];
  expect(codes.filter((code) => !read('docs/hosts.md').includes(`| \`${code}\` |`))).toEqual([]);
});
