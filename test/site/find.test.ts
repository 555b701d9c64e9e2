/** The search by itself. */
import { expect, test } from 'vitest';
import { find, type IndexedPage } from '../../site/browser/find.js';

const pages: IndexedPage[] = [
  {
    path: 'a.html',
    title: 'Data',
    sections: [
      ['', 'Data', 'Rows and columns.'],
      ['streams', 'Streams', 'Rows that come one after another, more than memory holds.'],
    ],
  },
  { path: 'b.html', title: 'Émile', sections: [['', 'Émile', 'A stream of memory and data.']] },
];
const paths = (query: string) => find(pages, query).map(({ path }) => path);

test('a heading goes before the words below it', () => {
  expect(paths('stream')).toEqual(['a.html#streams', 'b.html']);
});

test('each word must be there, from its beginning', () => {
  expect(paths('rows memory')).toEqual(['a.html#streams']);
  expect(paths('rows nothing')).toEqual([]);
  expect(paths('eams')).toEqual([]);
});

test('case and accents do not count; nothing finds nothing', () => {
  expect(paths('EMILE')).toEqual(['b.html']);
  expect(paths('  ')).toEqual([]);
});

test('the excerpt is around the first word found', () => {
  const [hit] = find([{ path: 'c.html', title: 'C', sections: [['', 'C', `${'x '.repeat(200)}needle end`]] }], 'needle');
  expect(hit?.excerpt).toMatch(/^… .*needle end$/);
});
