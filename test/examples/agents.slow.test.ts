import { describe, expect, test } from 'vitest';
import { HEIGHT, WIDTH, World } from '../../examples/agents/world.js';

const STEP = 1 / 30;

/** What all agents found and touched in some seconds. */
function live(world: World, seconds: number): { eaten: number; hurt: number } {
  const { eaten, hurt } = world;
  for (let i = 0; i < seconds / STEP; i++) world.step(STEP);
  return { eaten: world.eaten - eaten, hurt: world.hurt - hurt };
}

describe('agents', () => {
  test.each([1, 2, 3])(
    'seed %i: in two minutes they come to find 1.6 times as much, and touch fewer thorns for it',
    (seed) => {
      const world = new World({ seed });
      const first = live(world, 20);
      live(world, 100);
      const last = live(world, 20);
      world.dispose();
      expect(last.eaten).toBeGreaterThan(1.6 * first.eaten);
      expect(last.hurt / last.eaten).toBeLessThan(0.9 * (first.hurt / first.eaten));
    },
    60_000,
  );

  test('the same seed, the same world; all stay in it', () => {
    const [a, b, c] = [new World({ seed: 4, agents: 40 }), new World({ seed: 4, agents: 40 }), new World({ seed: 5, agents: 40 })];
    for (const world of [a, b, c]) live(world, 40);
    expect(a.births).toBeGreaterThan(20);
    expect(a.x).toEqual(b.x);
    expect(a.energy).toEqual(b.energy);
    expect(a.x).not.toEqual(c.x);
    for (let i = 0; i < a.agents; i++) {
      expect(a.x[i]).toBeGreaterThanOrEqual(0);
      expect(a.x[i]).toBeLessThan(WIDTH);
      expect(a.y[i]).toBeGreaterThanOrEqual(0);
      expect(a.y[i]).toBeLessThan(HEIGHT);
      expect(a.energy[i]).toBeGreaterThan(0);
    }
    for (const world of [a, b, c]) world.dispose();
  });
});
