import { describe, expect, test } from 'vitest';
import { beside, confusionMatrix, decisionBoundary, image, lossCurve } from '../../examples/terminal.js';

const lines = (...rows: string[]) => rows.join('\n');

describe('lossCurve', () => {
  test('draws each value', () => {
    expect(lossCurve([3, 2, 1], { rows: 2 })).toBe(lines('      3.00 ┼╮', '      2.00 ┤╰╮', '      1.00 ┤ ╰'));
  });

  test('averages what is more than its columns', () => {
    expect(lossCurve([4, 2, 3, 1, 1, 1], { rows: 2, columns: 3 })).toBe(lossCurve([3, 2, 1], { rows: 2 }));
  });

  test('leaves out what is not finite', () => {
    expect(lossCurve([Number.NaN, 3, 2, Number.POSITIVE_INFINITY, 1], { rows: 2 })).toBe(lossCurve([3, 2, 1], { rows: 2 }));
    expect(lossCurve([Number.NaN])).toBe('(no finite values)');
    expect(lossCurve([])).toBe('(no finite values)');
  });

  test('draws values that are all the same', () => {
    expect(lossCurve([1, 1])).toContain('1.00');
  });
});

test('confusionMatrix counts each pair, a row for each actual class', () => {
  expect(confusionMatrix([0, 0, 0, 1], [0, 0, 1, 1], ['cat', 'dog', 'eel'])).toBe(
    lines(
      'actual │   cat   dog   eel    recall',
      '───────┼────────────────────────────',
      '   cat │     2     1     ·    66.7 %',
      '   dog │     ·     1     ·   100.0 %',
      '   eel │     ·     ·     ·         –',
    ),
  );
});

describe('decisionBoundary', () => {
  /** Class 1 above the diagonal. */
  const above = (points: Float32Array) =>
    Uint32Array.from({ length: points.length / 2 }, (_, i) => Number((points[2 * i + 1] ?? 0) > (points[2 * i] ?? 0)));

  test('asks for the centre of each cell, the second feature growing upwards', () => {
    const asked: number[] = [];
    const classify = (points: Float32Array) => {
      asked.push(...points);
      return new Uint32Array(points.length / 2);
    };
    decisionBoundary(classify, { x: [0, 4], y: [-2, 2], columns: 2, rows: 2 });
    expect(asked).toEqual([1, 1, 3, 1, 1, -1, 3, -1]);
  });

  test('shades the regions and marks the points inside the plane', () => {
    const plane = { x: [0, 1], y: [0, 1], columns: 4, rows: 4 } as const;
    expect(decisionBoundary(above, plane)).toBe(lines('░░░ ', '░░  ', '░   ', '    '));
    const marked = decisionBoundary(above, { ...plane, points: [0.1, 0.9, 0.9, 0.1, 0.4, 0.6, 5, 5], labels: [1, 0, 1, 0] });
    expect(marked).toBe(lines('x░░ ', '░x  ', '░   ', '   o'));
  });
});

describe('image', () => {
  test('puts two pixels into a character', () => {
    expect(image([1, 1, 0, 0, 1, 0, 1, 0], 4)).toBe('█▀▄ ');
  });

  test('has a dark row below an odd height, and a scale of its own', () => {
    expect(image([0, 127, 128, 255], 2, 255)).toBe('▄▄');
    expect(image(Uint8Array.of(255, 0), 1, 255)).toBe('▀');
    expect(image([1, 0, 1, 0, 1, 1], 2)).toBe(lines('█ ', '▀▀'));
  });
});

test('beside aligns pictures of different sizes', () => {
  expect(beside(['ab\nc', 'def\ng\nh'], 1)).toBe(lines('ab def', 'c  g', '   h'));
  expect(beside([])).toBe('');
});
