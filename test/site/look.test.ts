/** How pages look and are used: no serious finding of axe, nothing beyond the window at any width, in light and dark; the search; the keyboard. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, Visitor } from './site.js';

const PAGES = ['index.html', 'guides/losses.html', 'lessons/s2.7.html', 'figures.html', 'compatibility.html', 'lessons/index.html'];
/** One of each kind. */
const KINDS = PAGES.slice(0, 4);
const SCHEMES = ['light', 'dark'] as const;

describe('pages', () => {
  let visitor: Visitor;
  beforeAll(async () => {
    visitor = await Visitor.come();
  });
  afterAll(() => visitor?.leave());

  test.each(KINDS.flatMap((path) => SCHEMES.map((colorScheme) => [path, colorScheme] as const)))(
    '%s, %s: axe finds nothing serious',
    async (path, colorScheme) => {
      const { page, problems } = await visitor.open(path, { colorScheme, reducedMotion: 'reduce' });
      await page.addScriptTag({ path: join(root, 'node_modules/axe-core/axe.min.js') });
      const found = await page.evaluate(async () => {
        // biome-ignore lint/suspicious/noExplicitAny: the script has no types here.
        const { violations } = await (globalThis as any).axe.run();
        return violations
          .filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      });
      expect(found).toEqual([]);
      expect(problems).toEqual([]);
      await page.close();
    },
  );

  test.each([...PAGES, 'guides/readme.html', 'guides/hosts.html', 'guides/notes.html', 'lessons/s1.13.html', 'lessons/s3.1.html'])(
    '%s: nothing is wider than the window, cut or overlaid, from a phone to a desk',
    async (path) => {
      const { page, problems } = await visitor.open(path);
      for (const width of [320, 390, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        const found = await page.evaluate(() => {
          const wrong: string[] = [];
          const name = (element: Element) => `${element.tagName} ${element.textContent?.trim().slice(0, 30)}`;
          if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
          const blocks = [...document.querySelectorAll('h1, h2, h3, p, .program, .scroll, .chart, .banner a, button, .aside, .inside')].filter(
            (element) => !element.closest('dialog, .katex, details:not([open])') && !element.classList.contains('copy'),
          );
          const shown = blocks
            .map((element) => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && box.height > 0);
          shown.forEach(({ element, box }, i) => {
            const scrolled = element.parentElement?.closest('.scroll, pre');
            if (!scrolled && (box.left < 0 || box.right > innerWidth + 0.5)) wrong.push(`${name(element)} leaves the window`);
            for (const other of shown.slice(i + 1)) {
              if (element.contains(other.element) || other.element.contains(element)) continue;
              const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
              const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
              if (across > 1 && down > 1) wrong.push(`${name(element)} lies on ${name(other.element)}`);
            }
          });
          return wrong;
        });
        expect(found, `${width} pixels`).toEqual([]);
      }
      expect(problems).toEqual([]);
      await page.close();
    },
  );

  test('light and dark differ, also in the reference', async () => {
    for (const path of ['index.html', 'api/functions/neurite.dense.html']) {
      const grounds = new Set<string>();
      for (const colorScheme of SCHEMES) {
        const { page, problems } = await visitor.open(path, { colorScheme });
        await page.waitForSelector('h1:visible');
        grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        expect(problems).toEqual([]);
        await page.close();
      }
      expect(grounds.size, path).toBe(2);
    }
  });

  test('the network of the front page begins by itself, rests while it is paused, and learns the exclusive or', async () => {
    const { page, problems } = await visitor.open('index.html');
    const button = page.locator('#xor button');
    await page.waitForSelector('#xor button:enabled:text-is("Pause")');
    await button.press('Enter');
    expect(await button.innerText()).toBe('Play');
    // What was under way is shown one frame later.
    await page.waitForTimeout(200);
    const paused = await page.innerText('#xor output');
    expect(paused).toMatch(/^loss \d\.\d{3}, \d+ % right$/);
    await page.waitForTimeout(300);
    expect(await page.innerText('#xor output')).toBe(paused);
    await button.press('Enter');
    await page.waitForSelector('#xor button:text-is("Again")', { timeout: 30_000 });
    expect(await page.innerText('#xor output')).toMatch(/100 % right/);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('the search opens by /, finds a section, and Enter goes there', async () => {
    const { page, problems } = await visitor.open('lessons/s1.3.html');
    await page.waitForSelector('button.search');
    await page.keyboard.press('/');
    await page.keyboard.type('content security policy');
    await page.waitForSelector('dialog.search li a');
    expect(await page.innerText('dialog.search li >> nth=0')).toMatch(/Content Security Policy/i);
    await page.keyboard.press('Enter');
    await page.waitForURL(/guides\/hosts\.html#/);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('the keyboard reaches the content, every place and the search, each with a ring', async () => {
    const { page } = await visitor.open('index.html');
    await page.waitForSelector('button.search');
    const reached: string[] = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab');
      const { text, ring } = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        return { text: element.textContent?.trim() ?? '', ring: getComputedStyle(element).outlineStyle };
      });
      expect(ring, text).not.toBe('none');
      reached.push(text);
    }
    expect(reached.slice(0, 8)).toEqual(['Skip to content', 'neurite', 'Guides', 'Lessons', 'Playground', 'API', 'Figures', 'Search']);
    await page.close();
  });

  test('every page of the reference that a name leads to is dressed as the site', async () => {
    const { page, problems } = await visitor.open('api/modules/neurite.html');
    await page.waitForSelector('h1:visible');
    const groups = await page.evaluate(() =>
      [...document.querySelectorAll('.tsd-accordion h2, .tsd-accordion-summary h2, .tsd-index-summary')].map((h) => h.textContent?.trim()),
    );
    for (const group of ['Making a network', 'Losses', 'Optimizers', 'Training', 'Using', 'Looking inside'])
      expect(
        groups.some((title) => title?.includes(group)),
        group,
      ).toBe(true);
    expect(await page.innerText('.banner nav')).toContain('Lessons');
    expect(problems).toEqual([]);
    await page.close();
  });
});
