/** Every row of the seed documents has its script and its text on the site, and no script or text is without a row. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { rows } from '../../examples/seeds/rows.js';

const ids = Object.keys(rows);

/** The names of a folder's files that begin as a row's. */
const named = (folder: string) =>
  readdirSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)))
    .filter((file) => /^s\d/.test(file))
    .sort();

test('rows are counted from 1 in each document, in order', () => {
  const counts = new Map<string, number>();
  const counted = ids.map((id) => {
    const document = id.split('.')[0] as string;
    counts.set(document, (counts.get(document) ?? 0) + 1);
    return `${document}.${counts.get(document)}`;
  });
  expect(ids).toEqual(counted);
  expect([...counts.keys()]).toEqual([...counts.keys()].map((_, i) => `S${i + 1}`));
});

test.each([
  ['examples/seeds', 'ts'],
  ['site/lessons', 'md'],
])('%s has a file for each', (folder, ending) => {
  expect(named(folder)).toEqual(ids.map((id) => `${id.toLowerCase()}.${ending}`).sort());
});
