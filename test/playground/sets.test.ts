import { describe, expect, test } from 'vitest';
import { onCircle } from '../../examples/playground/data/circle.js';
import { featuresOf, rowsOf } from '../../examples/playground/data/features.js';
import { Order } from '../../examples/playground/data/order.js';
import { normal, random } from '../../examples/playground/data/random.js';
import { type DataName, dataSets, pointsOf, REACH, split, truths } from '../../examples/playground/data/sets.js';

const generated = (Object.keys(dataSets) as DataName[]).filter((name) => name !== 'drawn');

describe('the data sets', () => {
  test.each(generated)('%s: as many points as asked, on a grid within reach, the same for a seed', (name) => {
    const points = pointsOf(name, 200, 30, 5);
    expect(points).toHaveLength(200);
    expect(pointsOf(name, 200, 30, 5)).toEqual(points);
    expect(pointsOf(name, 200, 30, 6)).not.toEqual(points);
    for (const { x, y, target } of points) {
      for (const v of [x, y, target]) expect(Math.round(100 * v) / 100).toBe(v);
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(REACH);
      if (dataSets[name].task === 'classes') expect([0, 1]).toContain(target);
    }
  });

  test.each(generated.filter((name) => dataSets[name].task === 'classes'))('%s: as many of each class', (name) => {
    expect(pointsOf(name, 200, 0, 1).filter(({ target }) => target === 1)).toHaveLength(100);
  });

  test('the exclusive or is one without noise', () => {
    for (const { x, y, target } of pointsOf('xor', 400, 0, 2)) expect(target).toBe(Number(x > 0 !== y > 0));
  });

  test('the ring is around the disc', () => {
    for (const { x, y, target } of pointsOf('circles', 400, 0, 2)) expect(Math.hypot(x, y) > 1.6).toBe(target === 1);
  });

  test('values are those of their curve without noise', () => {
    expect(Object.keys(truths)).toEqual(generated.filter((name) => dataSets[name].task === 'values'));
    for (const [name, truth] of Object.entries(truths))
      for (const { x, target } of pointsOf(name as DataName, 100, 0, 1)) expect(Math.abs(target - truth(x)), name).toBeLessThan(0.02);
  });

  test('a split keeps every point once, and its share', () => {
    const points = pointsOf('moons', 100, 10, 1);
    const { training, test } = split(points, 30, 1);
    expect(test).toHaveLength(30);
    expect(new Set([...training, ...test])).toEqual(new Set(points));
    expect(split(points, 100, 1).training).toHaveLength(1);
    expect(split([], 50, 1)).toEqual({ training: [], test: [] });
  });
});

describe('what they are made of', () => {
  test('sine and cosine are right to 1e-8', () => {
    for (let i = -1000; i <= 1000; i++) {
      const [c, s] = onCircle(i / 50);
      expect(Math.abs(c - Math.cos(i / 50))).toBeLessThan(1e-8);
      expect(Math.abs(s - Math.sin(i / 50))).toBeLessThan(1e-8);
    }
  });

  test('random numbers fill [0, 1), and the normal ones have mean 0 and variance 1', () => {
    const n = 20_000;
    const draw = random(3);
    const uniform = Array.from({ length: n }, draw);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    // Five standard errors.
    expect(Math.abs(uniform.reduce((a, b) => a + b) / n - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(n));
    const normals = Array.from({ length: n }, () => normal(draw));
    expect(Math.abs(normals.reduce((a, b) => a + b) / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(normals.reduce((a, b) => a + b * b, 0) / n - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
  });

  test('features are what their names say', () => {
    expect(featuresOf('values')).toEqual(['x', 'xx']);
    expect([...rowsOf([{ x: 3, y: -4 }], featuresOf('classes'))]).toEqual([3, -4, 9, 16, -12, 5]);
  });

  test('the order has each row once in a round, however it is taken', () => {
    const whole = [...new Order(7, 1).take(21)];
    for (let round = 0; round < 3; round++) expect(whole.slice(7 * round, 7 * round + 7).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const order = new Order(7, 1);
    expect([...order.take(5), ...order.take(10), ...order.take(6)]).toEqual(whole);
    expect([...new Order(7, 2).take(21)]).not.toEqual(whole);
  });
});
