import fc from 'fast-check';
import { FileError, NeuriteError } from 'neurite';
import { describe, expect, test } from 'vitest';
import { Fields, MAX_DEPTH, MAX_VALUES, numberOf, numberToJson, parseJson, toJson } from '../../src/files/json.js';

const parse = (text: string) => parseJson(text, 'the text');

test('reads what JSON.parse reads, with the same values', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\n\t', '\r\n  '), (text, space) => {
      const spaced = space + text + space;
      expect(parse(spaced)).toStrictEqual(JSON.parse(spaced));
    }),
    { numRuns: 2000 },
  );
});

test.each(['0', '-0', '1e-7', '5e-324', '1.7976931348623157e308', '-1.5E+3', '"\\u00e9\\n\\ud83d\\ude00"', '"é😀"', '{"a b":[true,false,null,{}]}'])(
  'reads %s',
  (text) => {
    expect(parse(text)).toStrictEqual(JSON.parse(text));
  },
);

test.each([
  ...[
    '',
    ' ',
    '{',
    '[',
    '"',
    '{"a"',
    '{"a":',
    '{"a":1',
    '[1',
    '[1,',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[,]',
    '1 2',
    '{}{}',
    '[]]',
    'nul',
    'nulll',
    'True',
    'undefined',
    'NaN',
    'Infinity',
  ],
  ...[
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '0x10',
    '1e999',
    '-1e999',
    '1'.repeat(65),
    "'a'",
    '{a:1}',
    '{1:1}',
    '"\\x"',
    '"\\u12"',
    '"\n"',
    '"\u0000"',
    '"\\',
    '"\\"',
    '\ufeff{}',
    '/**/1',
  ],
  ...['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"__proto__":1,"__proto__":2}', '{"b":{"a":1,"c":2,"a":3}}'],
])('refuses %j', (text) => {
  expect(() => parse(text)).toThrow(FileError);
});

test('nesting ends at the limit, however long the text', () => {
  const nested = (n: number) => '['.repeat(n) + ']'.repeat(n);
  expect(() => parse(nested(MAX_DEPTH + 1))).not.toThrow();
  expect(() => parse(nested(MAX_DEPTH + 2))).toThrow(/within one another/);
  for (const text of ['['.repeat(1e6), '{"a":'.repeat(1e6), '[{"a":'.repeat(1e6)]) expect(() => parse(text)).toThrow(FileError);
});

test('values end at the limit', () => {
  const list = (n: number) => `[${'0,'.repeat(n - 1)}0]`;
  expect(parse(list(MAX_VALUES - 1))).toHaveLength(MAX_VALUES - 1);
  expect(() => parse(list(MAX_VALUES))).toThrow(/more than 262144 values/);
});

test('__proto__ and constructor are keys like any other', () => {
  const value = parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":0}') as Record<string, unknown>;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  const fields = new Fields(value, 'the object');
  expect(fields.take('__proto__')).toEqual({ polluted: 1 });
  expect(fields.has('hasOwnProperty')).toBe(false);
  expect(fields.take('valueOf')).toBeUndefined();
});

describe('toJson', () => {
  test('gives what JSON.stringify would write', () => {
    const value = { a: [1, 'b', null, true], b: undefined, c: { toJSON: () => ({ mean: [0.1] }) }, d: new Date(0) };
    expect(toJson(value, 'v')).toStrictEqual(JSON.parse(JSON.stringify(value)));
  });

  const circular: unknown[] = [];
  circular.push(circular);
  test.each([
    ['NaN', { mean: [1, Number.NaN] }, 'v.mean[1] is NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'v is Infinity'],
    ['typed arrays', { mean: new Float32Array(3) }, 'v.mean is a Float32Array of 3'],
    ['functions', { f: () => 0 }, 'v.f is '],
    ['undefined in a list', [undefined], 'v[0] is undefined'],
    ['maps', { m: new Map() }, 'v.m is a Map'],
    ['bigints', 1n, 'v is 1'],
    ['what contains itself', circular, 'lies more than 64 deep'],
  ])('refuses %s', (_, value, message) => {
    expect(() => toJson(value, 'v')).toThrow(NeuriteError);
    expect(() => toJson(value, 'v')).toThrow(message);
  });
});

test('every number comes back exactly', () => {
  fc.assert(
    fc.property(fc.double(), (x) => {
      const written = JSON.parse(JSON.stringify(numberToJson(x)));
      expect(numberOf(written)).toBe(x);
    }),
    { examples: [[-0], [Number.NaN], [Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY], [Number.MIN_VALUE], [Number.MAX_VALUE]] },
  );
});
