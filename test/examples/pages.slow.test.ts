/** The examples that are pages, in Chromium: `npm test` builds them first. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { copyParameters, sequential } from 'neurite';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFeatures, layers } from '../../examples/audio/model.js';
// @ts-expect-error: a script without types.
import { serve } from '../../scripts/serve.mjs';
import { filled, numbers } from '../kernels/numbers.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

interface Opened {
  readonly page: Page;
  readonly url: string;
  /** What went wrong, and what was asked of anyone else. */
  readonly problems: string[];
  readonly close: () => Promise<void>;
}

describe.skipIf(!existsSync(executablePath))('pages, where Chromium is installed', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'] });
  });
  afterAll(() => browser?.close());

  async function open(name: string): Promise<Opened> {
    const folder = fileURLToPath(new URL(`../../build/examples/${name}`, import.meta.url));
    if (!existsSync(`${folder}/page.js`)) throw new Error(`${folder} is not built: npm run build`);
    const server = (await serve(folder)) as { url: string; close: () => void };
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(server.url)) problems.push(`asked for ${request.url()}`);
    });
    const close = async () => {
      await page.close();
      server.close();
    };
    return { page, url: server.url, problems, close };
  }

  /** Elements with text or a picture that leave the page, are cut, or lie on others. */
  function misplaced(page: Page): Promise<string[]> {
    return page.evaluate(() => {
      const all = [...document.querySelectorAll<HTMLElement>('h1, header p, button, fieldset label, .sliders label, canvas, figcaption, dt, dd')];
      const shown = all.map((element) => ({ element, box: element.getBoundingClientRect() }));
      const name = (element: HTMLElement) => element.textContent?.trim().slice(0, 20) || element.id;
      const found: string[] = [];
      if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the window');
      shown.forEach(({ element, box }, i) => {
        if (box.left < 0 || box.right > innerWidth || box.width === 0 || box.height === 0) found.push(`${name(element)} leaves the page`);
        if (element.scrollWidth > element.clientWidth + 1) found.push(`${name(element)} is cut`);
        for (const other of shown.slice(i + 1)) {
          const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
          const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
          if (across > 1 && down > 1) found.push(`${name(element)} lies on ${name(other.element)}`);
        }
      });
      return found;
    });
  }

  test.each(['audio', 'agents'])('%s: nothing overlaps or is cut at any width, in light and dark, and nothing goes wrong', async (name) => {
    const { page, url, problems, close } = await open(name);
    await page.goto(url);
    const grounds = new Set<string>();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [320, 390, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await page.waitForTimeout(50);
        expect(await misplaced(page), `${width}, ${colorScheme}`).toEqual([]);
      }
      grounds.add(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
    }
    expect(grounds.size).toBe(2);
    expect(problems).toEqual([]);
    await close();
  });

  test('agents: they live, and are born', async () => {
    const { page, url, problems, close } = await open('agents');
    await page.goto(url);
    await page.click('#fast');
    await page.waitForFunction(
      () => Number(document.getElementById('births')?.textContent) > 3 && document.getElementById('food')?.textContent !== '–',
    );
    await page.click('#again');
    await page.waitForFunction(() => Number.parseInt(document.getElementById('time')?.textContent ?? '', 10) > 2);
    await page.click('#play');
    const [before, after] = [await page.innerText('#time'), await page.waitForTimeout(200).then(() => page.innerText('#time'))];
    expect(after).toBe(before);
    expect(problems).toEqual([]);
    await close();
  });

  test('audio: it plays, the worker learns, its weights are swapped in', async () => {
    const { page, url, problems, close } = await open('audio');
    await page.goto(url);
    await page.click('text=Hard clip');
    await page.fill('#rate', '-2');
    await page.click('#play');
    await page.waitForFunction(() => Number(document.getElementById('loss')?.textContent) < 0.01);
    await page.waitForFunction(() => Number(document.getElementById('swaps')?.textContent) > 10);
    await page.waitForFunction(() => Number.parseInt((document.getElementById('level')?.textContent ?? '').replace('−', '-'), 10) > -40);
    expect(await page.innerText('#play')).toBe('Stop');
    await page.click('#play');
    await page.waitForFunction(() => document.getElementById('play')?.textContent === 'Play');
    await page.click('#afresh');
    await page.waitForFunction(() => Number(document.getElementById('steps')?.textContent?.replace(',', '')) < 2000);
    expect(await page.isHidden('#trouble')).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });

  test('audio: what the audio thread gives is the network’s function, and one block fades from the old to the new', async () => {
    const { page, url, problems, close } = await open('audio');
    await page.goto(url);
    const [block, before, blocks] = [128, 4, 10];
    const input = filled(blocks * block, numbers(1));
    using net = sequential(inFeatures, layers(), { seed: 3 });
    const old = net.predict(input);
    const next = numbers(2, -0.5, 0.5);
    net.parameters.set(net.parameters.map(() => next()));
    const fresh = net.predict(input);
    const heard = await page.evaluate(
      async ({ input, parameters, at, rate }) => {
        const context = new OfflineAudioContext(1, input.length, rate);
        await context.audioWorklet.addModule('processor.js');
        const shaper = new AudioWorkletNode(context, 'shaper', { channelCount: 1, channelCountMode: 'explicit', outputChannelCount: [1] });
        const buffer = new AudioBuffer({ length: input.length, sampleRate: rate });
        buffer.copyToChannel(Float32Array.from(input), 0);
        const source = new AudioBufferSourceNode(context, { buffer });
        source.connect(shaper).connect(context.destination);
        source.start();
        context.suspend(at / rate).then(async () => {
          shaper.port.postMessage(Float32Array.from(parameters));
          await new Promise((resolve) => setTimeout(resolve, 300));
          context.resume();
        });
        return [...(await context.startRendering()).getChannelData(0)];
      },
      { input: [...input], parameters: [...copyParameters(net)], at: before * block, rate: 48_000 },
    );
    heard.forEach((sample, i) => {
      const share = Math.min(1, Math.max(0, (i + 1 - before * block) / block));
      const expected = (old[i] as number) + share * ((fresh[i] as number) - (old[i] as number));
      expect(Math.abs(sample - expected), `sample ${i}`).toBeLessThan(1e-6);
    });
    expect(heard.length).toBe(blocks * block);
    expect(problems).toEqual([]);
    await close();
  });
});
