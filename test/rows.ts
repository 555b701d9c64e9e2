/** What the tests of tables say where a definition lacks its row, its export or its word: what to do, so that nobody has to read the test. */
import { readFileSync } from 'node:fs';
import * as neurite from 'neurite';
import { expect } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const recipe = 'CONTRIBUTING.md shows how, under "Adding a loss, a layer, …"';

/** The names that occur in `names` and fail `is`, each once. */
const those = (names: readonly string[], is: (name: string, i: number) => boolean) => [...new Set(names.filter(is))];

/** Expects one row of a list of the vocabulary for each definition, and none besides. */
export function expectRows(list: string, rows: readonly string[], defined: readonly string[]): void {
  const place = `\`${list}\` of test/vocabulary.ts`;
  const missing = those(defined, (name) => !rows.includes(name));
  expect(missing, `add a row to ${place} for ${missing.join(', ')}; ${recipe}`).toEqual([]);
  const unknown = those(rows, (name) => !defined.includes(name));
  expect(unknown, `src/ defines no ${unknown.join(', ')}: correct or remove the row in ${place}`).toEqual([]);
  const twice = those(rows, (name, i) => rows.indexOf(name) < i);
  expect(twice, `leave one row in ${place} for ${twice.join(', ')}`).toEqual([]);
}

/** Expects an export of `neurite`. @param remedy what to do where it lacks */
export function expectExport(name: string, remedy: string): void {
  expect(Object.keys(neurite).includes(name), `neurite does not export ${name}: ${remedy}`).toBe(true);
}

/** Expects a name, as code, in the row of the README's table that begins with `title`; without one, in any row. */
export function expectInReadme(name: string, title?: string, before = '`'): void {
  const lines = readme.split('\n').filter((line) => line.startsWith(title === undefined ? '| ' : `| ${title} |`));
  const found = lines.some((line) => new RegExp(`${before}${name}['\`(]`).test(line));
  expect(found, `add ${name}, as code, to ${title === undefined ? 'a row' : `the row "${title}"`} of the table in README.md`).toBe(true);
}

/** Expects a word of another library, or the reason why it has none. */
export function expectAnswered(name: string, isAnswered: boolean, library = 'PyTorch', field = 'torch'): void {
  expect(
    isAnswered,
    `say in the row of ${name} in test/vocabulary.ts what it is in ${library}, or \`${field}: { none: '…' }\` for the reason why it has none`,
  ).toBe(true);
}
