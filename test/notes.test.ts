/** Numbers of docs/notes.md, wherever text names them: `(notes 18)`, `notes 18, 19`, `notes 34 to 36`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const formulas = [...read('docs/notes.md').matchAll(/^(\d+)\. \S/gm)].map((match) => Number(match[1]));

const files = ['assembly', 'src', 'test', 'examples', 'bench']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules') && !file.endsWith('.generated.ts') && file !== 'test/notes.test.ts')
  .concat('README.md', 'CONTRIBUTING.md');

/** The numbers that a text names, and those of the lecture notes themselves, which no reader has. */
function named(text: string): { numbers: number[]; foreign: string[] } {
  const numbers = [...text.matchAll(/\bnotes (\d+(?:(?:, | to | and )\d+)*)/g)]
    .flatMap(([, list]) => (list as string).match(/\d+/g) ?? [])
    .map(Number);
  return { numbers, foreign: text.match(/\(00[0-4]\b[^)\n]*\)?|\b00[0-4] (?:eq\.|§|problem)/g) ?? [] };
}

test('the formulas are numbered from 1 without a gap', () => {
  expect(formulas.length).toBeGreaterThan(40);
  expect(formulas).toEqual(formulas.map((_, i) => i + 1));
});

test.each(files)('%s names formulas of docs/notes.md', (file) => {
  const { numbers, foreign } = named(read(file));
  expect(numbers.filter((number) => !formulas.includes(number))).toEqual([]);
  expect(foreign).toEqual([]);
});

test('a number that is not there, and one that no reader has, are found', () => {
  expect(named('loss (notes 18, 19), activations (notes 34 to 36), the sum (notes 99)').numbers).toEqual([18, 19, 34, 36, 99]);
  expect(named('softmax (000 eq. 5), step (002), 001 §3, rate 0.001, 1,000 times').foreign).toEqual(['(000 eq. 5)', '(002)', '001 §']);
});
