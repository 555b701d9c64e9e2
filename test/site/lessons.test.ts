/** Every lesson runs in its page, and shows the numbers that its formula and the seed's test have. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages, read, textOf, Visitor } from './site.js';

/** Numbers of the notes, as test/seeds has them: a quantity that a lesson shows, and what neurite shall say of it. */
const NUMBERS: Record<string, Record<string, readonly number[]>> = {
  's1.2': { 'ŷ at z = −2, −0.1, 0, 0.1, 2': [0, 0, 1, 1, 1], 'argmax of (2, 5, 5): the first on ties': [1] },
  's1.3': { 'z^O on x < 1, [1, 3), ≥ 3': [0.5, -0.5, 1.5], 'ŷ on the three': [1, 0, 1] },
  's1.4': { 'z^O': [-0.5, -0.5, 0.5, -1.5, 0.5], ŷ: [0, 0, 1, 0, 1] },
  's1.5': { 'z^O within, and beyond each side': [0.5, -0.5, -0.5, -0.5], 'points where it is 1': [36] },
  's1.6': { 'letters: N_i, N_o of softmax': [400, 26], 'speech: N_i, N_o of sigmoid': [120, 1], 'stock price: N_i, N_o of identity': [5, 1] },
  's1.8': { '∂f/∂x there': [1, 5, 3, 4, 3, 0] },
  's1.11': { '(17) at z = 10000, y = 0': [1e4], '(17) at z = 10000, y = 1': [0] },
  's1.14': { 'rates W': [1.2, -2], 'heights αe^b': [0.5, 1.5] },
  's2.1': { 'sigmoid neuron on XOR: least loss': [Math.LN2], 'best accuracy': [0.75] },
  's2.2': { 'their AND, set by hand': [0, 1, 1, 0], 'learnt by 8 tanh units': [0, 1, 1, 0] },
  's2.3': { parameters: [35] },
  's2.7': {
    'z¹': [0.3775, 0.3925],
    'a¹': [0.5933, 0.5969],
    'z²': [1.106, 1.225],
    'ŷ = a²': [0.7514, 0.7729],
    L: [0.2984],
    '∂L/∂w²₁₁': [0.082167],
    'δ²': [0.138499, -0.038098],
    'δ¹': [0.0087714, 0.0099543],
    '∂L/∂w¹₁₁': [0.00043857],
  },
};
/** Of what training finds, and of what the notes print with four digits. */
const TOLERANCES: Record<string, number> = { 's1.14': 0.02, 's2.1': 0.07, 's2.7': 5e-4 };

/** The cells of a page's tables of numbers, a row each. */
const cellsOf = (html: string) =>
  [...html.matchAll(/<tr><th scope="row"[^>]*>([\s\S]*?)<\/tr>/g)].map((row) => (row[1] as string).split(/<\/t[hd]>(?:<t[hd][^>]*>)?/).map(textOf));

/** Whether texts are the same but for their numbers, which may differ by a millionth. */
function near(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split(' ')) as [string[], string[]];
  return left.length === right.length && left.every((part, i) => part === right[i] || Math.abs(Number(part) - Number(right[i])) <= 1e-6);
}

const lessons = pages.filter((path) => /^lessons\/s/.test(path)).map((path) => path.slice('lessons/'.length, -'.html'.length));

describe('lessons', () => {
  let visitor: Visitor;
  beforeAll(async () => {
    visitor = await Visitor.come();
  });
  afterAll(() => visitor?.leave());

  test.each(lessons)('%s runs in its page, and its numbers agree', async (id) => {
    const path = `lessons/${id}.html`;
    const { page, problems } = await visitor.open(path);
    await page.waitForSelector('.run[data-state=agrees], .run[data-state=differs], .run[data-state=refused]');
    const status = await page.innerText('.run [role=status]');
    expect(status).toMatch(/^Run in this page in [\d.]+ ms: (\d+) of \1 agree\.$/);
    const live = cellsOf(await page.innerHTML('.printed'));
    const before = cellsOf(read(path));
    // The same quantities as in Node, and the same notes: where these are neurite's own words, to the bits that builds differ by.
    expect(live.map(([quantity, , , mark]) => [quantity, mark])).toEqual(before.map(([quantity, , , mark]) => [quantity, mark]));
    live.forEach(([quantity, , notes = ''], i) => {
      expect(near(notes, before[i]?.[2] ?? ''), `${quantity}: ${notes}`).toBe(true);
    });
    expect(live.length).toBeGreaterThanOrEqual(3);
    expect(live.filter(([, , , mark]) => mark !== '✓')).toEqual([]);
    for (const [quantity, numbers] of Object.entries(NUMBERS[id] ?? {})) {
      const row = live.find(([name]) => name === quantity);
      expect(row, `${quantity} of ${live.map(([name]) => name).join(' | ')}`).toBeDefined();
      const shown = row?.[1]?.split(' ').map(Number) ?? [];
      expect(shown.length, quantity).toBe(numbers.length);
      numbers.forEach((number, i) => {
        expect(Math.abs((shown[i] as number) - number), `${quantity}: ${shown}`).toBeLessThanOrEqual(TOLERANCES[id] ?? 1e-9);
      });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll('.katex-display')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1)
        .map((element) => element.textContent),
    );
    expect(cut, 'formulas wider than a phone').toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('a lesson runs again by the keyboard', async () => {
    const { page, problems } = await visitor.open('lessons/s1.3.html');
    await page.waitForSelector('.run[data-state=agrees]');
    await page.evaluate(() => {
      (document.querySelector('.printed') as HTMLElement).textContent = '';
    });
    await page.press('.run button', 'Enter');
    await page.waitForSelector('.printed table');
    expect(problems).toEqual([]);
    await page.close();
  });

  test('without WebAssembly and without workers a page says so, and keeps the numbers of Node', async () => {
    for (const name of ['WebAssembly', 'Worker']) {
      const { page } = await visitor.open('index.html');
      await page.addInitScript((name) => Reflect.deleteProperty(globalThis, name), name);
      await page.goto(page.url().replace('index.html', 'lessons/s2.7.html'));
      await page.waitForSelector('.run[data-state=refused]');
      expect(await page.innerText('.run [role=status]')).toMatch(/does not run here: .*\. The numbers are from Node\.$/);
      expect(await page.innerText('.printed')).toContain('0.082167');
      await page.close();
    }
  });
});
