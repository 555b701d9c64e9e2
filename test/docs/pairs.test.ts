/** The table of docs/losses.md: each output and loss, with its targets, learns what the table says that it predicts. */
import { readFileSync } from 'node:fs';
import * as neurite from 'neurite';
import { expect, test } from 'vitest';
import { root } from './markdown.js';

const { adam, sequential } = neurite;
const table = readFileSync(`${root}/docs/losses.md`, 'utf8').split('\n## ')[0] as string;
const cells = (line: string) => line.split('|').map((cell) => cell.trim());
const rows = [...table.matchAll(/^\| .* \|$/gm)].map(([line]) => cells(line)).slice(1);

/** The programs of a cell. */
const programs = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);

/** What the words of the table stand for. */
const words = { ...neurite, classes: 3, labels: 3, n: 3, delta: 1, tau: 0.5 };
const made = (code: string): unknown => new Function('words', `with (words) return ${code}`)(words);

/** Targets of every row, and what the output is to be near to, by the words of the fourth column. */
const TARGETS: Record<string, { y: number[]; near: number[] }[]> = {
  'class ids from 0, one a row; or a probability of each class': [
    { y: [2], near: [0, 0, 1] },
    { y: [0.2, 0.3, 0.5], near: [0.2, 0.3, 0.5] },
  ],
  '0 or 1': [{ y: [1], near: [1] }],
  '0 or 1 for each label': [{ y: [1, 0, 1], near: [1, 0, 1] }],
  numbers: [{ y: [2, 2, 2], near: [2, 2, 2] }],
  'whole numbers ≥ 0': [{ y: [3], near: [3] }],
  'probabilities that sum to 1': [{ y: [0.2, 0.3, 0.5], near: [0.2, 0.3, 0.5] }],
  vectors: [{ y: [3, 0, 4], near: [0.6, 0, 0.8] }],
};

const pairs = rows.flatMap(([, what, layers, losses, targets]) =>
  programs(layers).flatMap((layer) => programs(losses).map((loss) => ({ what, layer, loss, targets: targets as string }))),
);

test('the table is read whole', () => {
  expect(rows.length).toBeGreaterThan(10);
  expect(pairs.length).toBeGreaterThan(10);
});

test.each(pairs)('$what: $layer with $loss', async ({ layer, loss, targets }) => {
  for (const { y, near } of TARGETS[targets] ?? []) {
    const net = sequential(1, [made(layer) as neurite.Layer], { loss: made(loss) as neurite.Loss, optimizer: adam({ learningRate: 0.05 }), seed: 1 });
    const target = y.slice(0, net.outFeatures);
    for (let i = 0; i < 600; i++) net.step([1], target);
    let found = [...net.predict([1])];
    if (layer === 'dense(n)' && loss === 'cosineSimilarity()') found = found.map((value) => value / Math.hypot(...found));
    if (loss === 'hinge()') expect([net.classify([1]), (found[0] as number) >= 0.9]).toEqual([1, true]);
    else for (const [i, value] of found.entries()) expect(value, `${found}`).toBeCloseTo(near[i] as number, 1);
  }
  expect(TARGETS[targets]).toBeDefined();
});
