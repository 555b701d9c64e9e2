/** Every function and constant that an entry exports stands in the README or in a guide. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
  expect(missing, `name these in the table of README.md or in a guide of docs/, as code: ${missing.join(', ')}`).toEqual([]);
});

const { exports: conditions } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, object> };

describe.each(
  Object.keys(entries)
    .map((file) => /src\/(\w+)\/index/.exec(file)?.[1])
    .filter((name) => name !== undefined),
)('neurite/%s', (name) => {
  test('has the conditions of every entry in package.json', () => {
    const known = JSON.stringify(conditions['./check']).replaceAll('/check.', `/${name}.`);
    expect(conditions[`./${name}`]).toEqual(JSON.parse(known));
  });

  test('is among the entries that the script of pages lacks', () => {
    expect(readFileSync(join(root, 'docs/hosts.md'), 'utf8')).toMatch(new RegExp(`The entries .*\`neurite/${name}\`.* are not in it`));
  });
});

test('there are entries, and words', () => {
  expect(Object.keys(entries).length).toBeGreaterThan(8);
  expect(words.size).toBeGreaterThan(300);
});
