/** Every function and constant that an entry exports stands in the README or in a guide. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as renamed from '../../src/ops/renamed.js';
import { root } from './markdown.js';

const entries = import.meta.glob(['../../src/index.ts', '../../src/*/index.ts'], { eager: true });
const guides = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`);
const text = ['README.md', ...guides].map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
/** The words of all code, in lines and in programs. */
const words = new Set([...text.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].flatMap(([code]) => code.match(/[A-Za-z]\w*/g) ?? []));

test.each(Object.entries(entries))('%s', (_, entry) => {
  // A class is what a function gives, and in its declarations.
  const missing = Object.keys(entry).filter((name) => /^[a-z]/.test(name) && !words.has(name) && !(name in renamed));
  expect(missing).toEqual([]);
});

test('there are entries, and words', () => {
  expect(Object.keys(entries).length).toBeGreaterThan(8);
  expect(words.size).toBeGreaterThan(300);
});
