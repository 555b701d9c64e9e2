/**
 * Every metric against scikit-learn: `npm run test:sklearn`, with Debian's python3-sklearn under the system's own python3. Skipped by `npm test` where
 * there is none, but never by `npm run test:sklearn` nor in CI.
 */
import type { MetricBatch } from 'neurite';
import { beforeAll, describe, expect, test } from 'vitest';
import { decide } from '../../src/losses/decisions.js';
import { numbers } from '../kernels/numbers.js';
import { answerOf, hasModule, isRequired } from '../python.js';
import { type Judged, metrics } from '../vocabulary.js';

/** Cases of each kind: every metric is tried on as many or more. */
const CASES = 240;

interface Case {
  readonly kind: Judged;
  readonly batch: MetricBatch;
}

/** Rows of a kind with ties, absent classes, repeated rows, and weights of which some are 0. */
function caseOf(kind: Judged, seed: number): Case {
  const next = numbers(seed * 7 + kind.length);
  const whole = (n: number) => Math.floor(((next() + 1) / 2) * n);
  // scikit-learn has no R² of one row.
  const least = kind === 'values' ? 2 : 1;
  const rows = least + whole(seed % 5 === 0 ? 4 : 60);
  const width = kind === 'single' ? 1 : kind === 'values' || kind === 'labels' ? 1 + whole(4) + Number(kind === 'labels') : 3 + whole(4);
  const classes = kind === 'classes' || kind === 'undecided';
  const weight =
    seed % 3 === 0 ? undefined : Float32Array.from({ length: rows }, () => Math.max(0, whole(7) - 2) * (seed % 3 === 1 ? 1 : next() ** 2));
  weight?.fill(1, 0, least);
  const logits = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const before = i > 0 && whole(3) === 0 ? whole(i) : undefined;
    for (let j = 0; j < width; j++) {
      // Few levels make ties; of classes whole rows are repeated, as two differ in the order of a sum else.
      const z = before !== undefined && classes ? (logits[before * width + j] as number) : classes ? 3 * next() : Math.round(4 * next()) / 2;
      logits[i * width + j] = kind === 'undecided' && whole(9) === 0 ? Number.NaN : z;
    }
  }
  const outputs = kind === 'values' ? logits : classes ? softmaxRows(logits, width) : logits.map((z) => 1 / (1 + Math.exp(-z)));
  const decisions = kind === 'values' ? 0 : kind === 'labels' ? width : 1;
  const predicted = new Int32Array(rows * decisions);
  for (let i = 0; i < rows && decisions > 0; i++) decide(classes ? 'largest' : 'each', 0, logits, i * width, width, predicted, i * decisions);
  const lowest = whole(2);
  const range = classes ? width - lowest : 2;
  // Some cases have a single class.
  const actual = Int32Array.from(predicted, (found) =>
    seed % 11 === 0 ? 1 : whole(2) ? Math.max(0, found) : classes ? lowest + whole(range) : whole(range),
  );
  const targets = Float32Array.from(outputs, (u) => (whole(8) === 0 ? 0 : u + next() / 2));
  weight?.forEach((w, i) => {
    if (w > 0) return;
    targets.fill(Number.NaN, i * width, (i + 1) * width);
    actual.fill(0, i * decisions, (i + 1) * decisions);
  });
  return { kind, batch: { rows, width, outputs, logits, targets, decisions, actual, predicted, weight } };
}

function softmaxRows(logits: Float32Array, width: number): Float32Array {
  return logits.map((z, i) => {
    const from = i - (i % width);
    return Math.exp(z) / logits.subarray(from, from + width).reduce((sum, other) => sum + Math.exp(other), 0);
  });
}

/** A batch in two, as an evaluation gives it. */
function halves(batch: MetricBatch): MetricBatch[] {
  const half = Math.floor(batch.rows / 2);
  return [
    [0, half],
    [half, batch.rows],
  ].map(([from, to]) => {
    const part = <A extends { slice(from: number, to: number): A }>(values: A, width: number) =>
      values.slice((from as number) * width, (to as number) * width);
    const { width, decisions, outputs, logits, targets, actual, predicted, weight } = batch;
    return {
      rows: (to as number) - (from as number),
      width,
      decisions,
      outputs: part(outputs, width),
      logits: part(logits, width),
      targets: targets && part(targets, width),
      actual: part(actual as Int32Array, decisions),
      predicted: part(predicted as Int32Array, decisions),
      weight: weight && part(weight, 1),
    };
  });
}

/** All numbers of a value, in order. */
function flat(value: unknown): number[] {
  if (value === null) return [Number.NaN];
  return typeof value === 'object' ? Object.values(value as object).flatMap(flat) : [value as number];
}

const rowsOf = (values: ArrayLike<number>, width: number) =>
  width === 0 ? [] : Array.from({ length: values.length / width }, (_, i) => Array.from(values).slice(i * width, (i + 1) * width));

const kinds: readonly Judged[] = ['classes', 'undecided', 'single', 'labels', 'values'];
const cases = kinds.flatMap((kind) => Array.from({ length: CASES }, (_, seed) => caseOf(kind, seed)));

describe.runIf(isRequired('test:sklearn') || hasModule('sklearn'))('the metrics of scikit-learn', () => {
  let answers: unknown[][] = [];

  beforeAll(() => {
    const question = {
      metrics: metrics.map(({ sklearn, judges }) => ({ sklearn, judges })),
      cases: cases.map(({ kind, batch: { width, decisions, outputs, logits, targets, actual, predicted, weight } }) => ({
        kind,
        outputs: rowsOf(outputs, width),
        logits: rowsOf(logits, width),
        targets: rowsOf(targets ?? [], width),
        actual: rowsOf(actual, decisions),
        predicted: rowsOf(predicted, decisions),
        weight: weight ? Array.from(weight) : null,
      })),
    };
    answers = answerOf(new URL('metrics.py', import.meta.url), question) as unknown[][];
  }, 300_000);

  test.each(metrics.map((row, i) => [row.name, row, i] as const))('%s', (_, { metric, judges }, i) => {
    const judged = cases.filter(({ kind }) => judges.includes(kind));
    expect(judged.length).toBeGreaterThanOrEqual(200);
    judged.forEach(({ kind, batch }, at) => {
      const running = metric.begin(batch.width, kind === 'values' ? undefined : kind === 'labels' || kind === 'single' ? 'each' : 'largest');
      for (const half of halves(batch)) running.add(half);
      const found = flat(running.value());
      const expected = flat(answers[i]?.[at]);
      expect(found.length).toBe(expected.length);
      found.forEach((value, k) => {
        const wanted = expected[k] as number;
        const near = Number.isNaN(wanted) ? Number.isNaN(value) : Math.abs(value - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted));
        if (!near) expect.fail(`${kind}, case ${at}, value ${k}: ${value}, scikit-learn has ${wanted}`);
      });
    });
  });
});
