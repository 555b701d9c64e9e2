/**
 * npm run test:playground: the built page in Chromium and Firefox, as a visitor uses it. Prints a line for each check; exits 1 where one fails.
 *
 * `-- --ci` runs Chromium alone, without what measures time; `-- --only WORDS` runs the checks that have them in their name; `-- --shots DIR` writes
 * pictures of every tab at three widths, for looking at.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium, firefox } from 'playwright';
import { buildPlayground, PLAYGROUND } from '../../scripts/playground.mjs';
import { ISOLATED } from '../../scripts/serve.mjs';
import { closeAll, serve } from '../everywhere/browser.mjs';

const { values } = parseArgs({ options: { ci: { type: 'boolean' }, only: { type: 'string' }, shots: { type: 'string' } } });
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Bytes that are loaded before a further tab is opened, packed. */
const MOST_BYTES = 150_000;
const LINK =
  '#data=moons&points=200&noise=20&test=30&features=x,y,xy&layers=6,5&activation=gelu&loss=binaryCrossEntropy&optimizer=adamW&rate=0.01&momentum=0.9&decay=0.01&penalty=l2&strength=0.0003&batch=7&seed=11&steps=1234';

const widths = [390, 768, 1440];
const schemes = ['light', 'dark'];

await buildPlayground();
/** As the playground is served, and as a host serves it that sends no headers. */
const url = `${(await serve(PLAYGROUND, {}, ISOLATED)).url}/`;
const plain = `${(await serve(PLAYGROUND)).url}/`;
const work = mkdtempSync(join(tmpdir(), 'neurite-playground-'));

/** Firefox as it is installed, by WebDriver BiDi. */
async function startFirefox() {
  const started = await firefox.launch({ channel: 'moz-firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr' });
  // Firefox knows no command for colour schemes, without which Playwright makes no context: it looks as Firefox looks by itself.
  const session = Object.getPrototypeOf(started._connection.toImpl(started)._browserSession);
  const { send } = session;
  session.send = function (method, given) {
    return method === 'emulation.setMediaFeaturesOverride' ? Promise.resolve({}) : send.call(this, method, given);
  };
  return started;
}

const engines = {
  Chromium: () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] }),
  ...(!values.ci && { Firefox: startFirefox }),
};
/** That in which the checks run now. */
let engine;
let browser;

let failures = 0;
let passes = 0;

function expect(what, is) {
  if (!is) throw new Error(what);
}

const checks = [];

/** A page of its own, which nothing may be written to the console of. */
async function open(hash, use, { init, offline = false, from = url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, serviceWorkers: offline ? 'allow' : 'block', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(String(error.stack ?? error)));
  await page.addInitScript(() => {
    globalThis.copied = [];
    // A page that is driven has no clipboard.
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => void globalThis.copied.push(text) }, configurable: true });
  });
  if (init) await page.addInitScript(init);
  try {
    await page.goto(from + hash);
    const told = await use(page, context);
    // What Playwright itself says of the pages whose service worker it holds back.
    const odd = said.filter((line) => !/Service Worker registration blocked by Playwright/.test(line));
    expect(`the console says ${odd.join(' | ')}`, odd.length === 0);
    return told;
  } finally {
    await context.close();
  }
}

/** @param without an engine that cannot do it, and why */
function check(name, run, without = {}) {
  if (!values.only || name.includes(values.only)) checks.push({ name, run, without });
}

async function perform({ name, run, without: { [engine]: why } }) {
  if (why) return console.log(`left    ${name}: ${why}`);
  const began = performance.now();
  try {
    const told = await run();
    passes++;
    console.log(`ok      ${name}${told ? `: ${told}` : ''} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures++;
    console.log(
      `failed  ${name}: ${String(error?.message ?? error)
        .split('\n')
        .slice(0, 6)
        .join(' ')}`,
    );
  }
}

const value = (page, id) => page.locator(`#${id}`).evaluate((element) => Number(element.dataset.value));
const replayed = (page, steps) =>
  page.waitForFunction((n) => document.getElementById('points').dataset.replayed === String(n), steps, { timeout: 60_000 });

check('the exclusive or is learnt to 100 %', () =>
  open('', async (page) => {
    await page.selectOption('#pace', 'fast');
    await page.click('#play');
    await page.waitForFunction(() => ['training-right', 'test-right'].every((id) => document.getElementById(id).dataset.value === '1'), undefined, {
      timeout: 30_000,
    });
    await page.click('#play');
  }),
);

check('the spirals are learnt to 95 %', () =>
  open('#data=spirals&points=400&noise=0&layers=8,8&steps=8000', async (page) => {
    await replayed(page, 8000);
    const right = [await value(page, 'training-right'), await value(page, 'test-right')];
    expect(`${right} is right`, Math.min(...right) >= 0.95);
  }),
);

check('regressions reach the floor of their noise', () =>
  open('#data=sine&noise=10&steps=6000', async (page) => {
    await replayed(page, 6000);
    // The noise has variance 0.01.
    const sine = await value(page, 'training-loss');
    expect(`the sine has a loss of ${sine}`, sine < 0.02);
    await page.goto(`${url}#data=line&noise=10&layers=&steps=3000`);
    await replayed(page, 3000);
    const line = await value(page, 'training-loss');
    expect(`the line has a loss of ${line}`, line < 0.015);
    return `${sine.toFixed(4)} and ${line.toFixed(4)} at a variance of 0.01`;
  }),
);

/** The losses of the link, which every engine gives. */
let bits;
check('a link and its program give the same loss, to the bit, in the page and in Node', () =>
  open(LINK, async (page) => {
    await replayed(page, 1234);
    const of = async () => [await value(page, 'training-loss'), await value(page, 'test-loss')];
    const here = await of();
    bits ??= here;
    expect(
      `the page has ${here}, the engine before ${bits}`,
      here.every((loss, i) => Object.is(loss, bits[i])),
    );
    await page.click('#link');
    await page.click('#code');
    await page.waitForFunction(() => globalThis.copied.length === 2);
    const [link, program] = await page.evaluate(() => globalThis.copied);
    expect(`the link is ${link}`, link.endsWith(LINK));
    // Beside the package, by whose own name the program imports it.
    const file = join(root, 'build/playground-program.mjs');
    writeFileSync(file, program);
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
    const there = [...printed.matchAll(/loss ([\d.e-]+)/g)].map(([, number]) => Number(number));
    expect(`Node has ${there}, the page ${bits}`, there.length === 2 && there.every((loss, i) => Object.is(loss, bits[i])));
    // Played by hand, batch after batch and in epochs, it is the same run.
    await page.goto(`${url}${LINK.replace('steps=1234', 'steps=1230')}`);
    await replayed(page, 1230);
    for (let i = 0; i < 4; i++) {
      await page.click('#step');
      await page.waitForFunction((n) => document.getElementById('steps').textContent === n, `1,23${i + 1}`);
    }
    expect(
      'four single steps give another loss',
      (await of()).every((loss, i) => Object.is(loss, bits[i])),
    );
    return String(bits[0]);
  }),
);

/** What the digits have come to: what is right, on how many threads, and the pictures of all units, which follow from every weight. */
const digitsAt = (from) =>
  open(
    '#tab=digits',
    async (page) => {
      await page.waitForSelector('#digits[data-right]', { timeout: 90_000 });
      return page.evaluate(() => ({
        isolated: crossOriginIsolated,
        ...document.getElementById('digits').dataset,
        loaded: performance.getEntriesByType('resource').filter(({ name }) => /threads/.test(name)).length,
        // Not toDataURL: what that gives is other in each context of Firefox.
        weights: [...document.querySelectorAll('.looks canvas')]
          .map((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join(' '))
          .join(),
        status: document.getElementById('digits-status').textContent,
      }));
    },
    { from },
  );

check('where the page is isolated the digits are learnt on threads, to the same bits; elsewhere nothing more is loaded', async () => {
  const [isolated, alone] = [await digitsAt(url), await digitsAt(plain)];
  expect(`isolated: ${isolated.isolated} and ${alone.isolated}`, isolated.isolated && !alone.isolated);
  expect(`${isolated.threads} threads: ${isolated.status}`, isolated.threads > 1 && isolated.status.includes(`on ${isolated.threads} threads`));
  expect(`${alone.threads} threads, ${alone.loaded} files of threads`, alone.threads === '1' && alone.loaded === 0 && isolated.loaded > 0);
  expect(`${isolated.right} and ${alone.right} are right`, isolated.right === alone.right);
  expect('there are no pictures', isolated.weights.length > 1000);
  expect('the weights differ', isolated.weights === alone.weights);
  return `${isolated.threads} threads: ${isolated.status} One: ${alone.status}`;
});

check('a link gives the same bits where the page is not isolated', () =>
  open(
    LINK,
    async (page) => {
      await replayed(page, 1234);
      const found = [await value(page, 'training-loss'), await value(page, 'test-loss')];
      expect(
        `it gives ${found}, isolated ${bits}`,
        found.every((loss, i) => Object.is(loss, bits?.[i])),
      );
    },
    { from: plain },
  ),
);

check('every data set, optimizer and loss trains', () =>
  open('', async (page) => {
    const words = { 'data set': 6, optimizer: 7, loss: 3, activation: 9, regularisation: 3 };
    for (const [label, count] of Object.entries(words)) {
      for (let i = 0; i < count; i++) {
        await page.selectOption(`select[aria-label="${label}"]`, { index: i });
        await page.click('#step');
        await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
        const loss = await value(page, 'training-loss');
        expect(`${label} ${i} has a loss of ${loss}`, Number.isFinite(loss));
      }
      await page.selectOption('select[aria-label="data set"]', { index: 0 });
    }
  }),
);

check('points are drawn and erased, by pointer and by keys', () =>
  open('#data=drawn', async (page) => {
    const count = async () => Number((await page.locator('.recipe p').first().textContent()).match(/(\d+) points so far/)[1]);
    const box = await page.locator('#surface').boundingBox();
    const move = (x, y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 12 });
    await move(0.2, 0.3);
    await page.mouse.down();
    await move(0.8, 0.3);
    await page.mouse.up();
    const drawn = await count();
    expect(`${drawn} points were drawn`, drawn >= 5);
    await page.check('text=blue discs');
    await page.focus('#surface');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect('the keys draw no point', (await count()) === drawn + 1);
    await page.check('text=erase');
    await page.focus('#surface');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect('the keys erase no point', (await count()) === drawn);
    await page.click('#step');
    await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
    const link = await page.evaluate(() => location.hash);
    await page.reload();
    await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
    expect('the link lost points', (await count()) === drawn && link.includes('drawn='));
  }),
);

check('a connection tells its weight, gradient and update', () =>
  open('#steps=50', async (page) => {
    await replayed(page, 50);
    await page.focus('.unit >> nth=0');
    await page.keyboard.press('ArrowDown');
    const keys = await page.textContent('#readout');
    expect(
      `it says ${keys}`,
      /^From feature x to layer 1, unit 1: weight −?[\d.]+\. In the last step its gradient was .+, which changed it by .+\.$/.test(keys),
    );
    const [from, to] = [await page.locator('.feature').first().boundingBox(), await page.locator('.unit').first().boundingBox()];
    // Just behind the feature all its lines begin.
    await page.mouse.move(from.x + from.width + 3, from.y + from.height / 2);
    const hovered = await page.textContent('#readout');
    expect(`it says ${hovered} between ${from.x} and ${to.x}`, /^From feature x to layer 1/.test(hovered));
  }),
);

check('a frozen step has the numbers of its formulas', () =>
  open('#steps=30&layers=3', async (page) => {
    await replayed(page, 30);
    await page.click('#freeze');
    const titles = [];
    for (;;) {
      titles.push(await page.textContent('#backward h3'));
      const next = page.locator('[data-next]');
      if (await next.isDisabled()) break;
      const small = await page.locator('.formula small').textContent();
      // z = a·b + c·d + … = value: the printed sum is that of the printed factors, to their rounding.
      if (titles.at(-1).startsWith('Forward')) {
        const [sum, rest] = small.replaceAll('−', '-').split(' = ');
        const computed = sum
          .split(' + ')
          .reduce((all, term) => all + term.split('·').reduce((product, one) => product * Number(one.replace(/[()]/g, '')), 1), 0);
        expect(`${small} is ${computed}`, Math.abs(computed - Number.parseFloat(rest)) < 0.02);
      }
      await next.click();
    }
    expect(
      titles.join('; '),
      titles.join('; ') === 'Forward: layer 1; Forward: the output; The loss; Backward: the output; Backward: layer 1; The update',
    );
    await page.click('text=Do this step');
    await page.waitForFunction(() => document.getElementById('steps').textContent === '31');
  }),
);

check('a link with nonsense says what it ignores', () =>
  open('#data=circles&rate=quick&nobody=knows&seed=5', async (page) => {
    const said = await page.textContent('#warnings');
    expect(said, said.includes('rate is “quick”, expected a number') && said.includes('nobody'));
    expect('the rest is lost', (await page.inputValue('input[aria-label="seed"]')) === '5');
  }),
);

check('a run that diverges says so', () =>
  open('#optimizer=sgd&momentum=0.9&rate=10&data=line&layers=&batch=50', async (page) => {
    await page.selectOption('#pace', 'fast');
    await page.click('#play');
    await page.waitForFunction(() => document.getElementById('warnings').textContent.includes('no longer a number'));
  }),
);

check('a drawn seven is read as 7', () =>
  open('#tab=digits', async (page) => {
    await page.waitForSelector('#digits[data-right]', { timeout: 60_000 });
    const right = Number(await page.getAttribute('#digits', 'data-right'));
    expect(`${right} of the test digits are right`, right > 0.92);
    const box = await page.locator('.pad').boundingBox();
    const move = (x, y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 });
    await move(0.3, 0.25);
    await page.mouse.down();
    await move(0.7, 0.25);
    await move(0.45, 0.8);
    await page.mouse.up();
    expect(await page.textContent('#read'), (await page.textContent('#read')) === 'a 7');
    await page.click('text=Clear');
    await page.focus('.pad');
    for (const key of ['Space', ...Array(9).fill('ArrowDown'), 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Space'])
      await page.keyboard.press(key);
    expect('no digit is drawn by keys', (await page.textContent('#read')) === 'a 1');
    expect('no digit is misread', (await page.locator('#misread figure').count()) > 5);
    return `${(100 * right).toFixed(1)} % of the test digits`;
  }),
);

const csv = [
  'kind,length,width,colour',
  ...Array.from(
    { length: 120 },
    (_, i) => `${i % 2 ? 'oak' : 'elm'},${10 + (i % 2) * 5 + (i % 7) / 2},${i % 5 ? 3 + (i % 3) : ''},${['red', 'green'][i % 3 ? 0 : 1]}`,
  ),
].join('\n');
check('a table is learnt, saved, opened again, and predicts the same', () =>
  open('#tab=table', async (page) => {
    await page.setInputFiles('#csv-file', { name: 'trees.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.click('button:text-is("Train")');
    await page.waitForSelector('#prediction[data-value]', { timeout: 60_000 });
    const metrics = await page.textContent('#table-metrics');
    expect(metrics, metrics.includes('Right100.0 %'));
    await page.fill('.fields input >> nth=0', '14.5');
    const predicted = await page.getAttribute('#prediction', 'data-value');
    await page.fill('#model-name', 'trees');
    await page.click('text=Save in this browser');
    await page.waitForSelector('#shelf >> text=trees');
    const file = join(work, 'trees.safetensors');
    // Firefox tells its driver nothing of downloads.
    const tellsDownloads = engine !== 'Firefox';
    if (tellsDownloads) {
      const downloading = page.waitForEvent('download');
      await page.click('text=Download');
      await (await downloading).saveAs(file);
    }
    for (const again of tellsDownloads ? ['shelf', 'file'] : ['shelf']) {
      await page.goto('about:blank');
      await page.goto(`${url}#tab=table`);
      if (again === 'shelf') await page.click('#shelf >> text=Open');
      else await page.setInputFiles('#model-file', file);
      await page.fill('.fields input >> nth=0', '14.5');
      const found = await page.getAttribute('#prediction', 'data-value');
      expect(`${again}: ${found} was ${predicted}`, found === predicted);
    }
    await page.click('#shelf >> text=Delete');
    await page.waitForSelector('text=None is saved in this browser yet.');
    // A number is learnt too.
    await page.click('text=Take Palmer');
    await page.selectOption('select[aria-label="target"]', { label: 'Body Mass (g)' });
    await page.click('button:text-is("Train")');
    await page.waitForFunction(() => /R²0\.[789]/.test(document.getElementById('table-metrics')?.textContent ?? ''), undefined, { timeout: 60_000 });
  }),
);

check('what is no table is refused with its reason', () =>
  open('#tab=table', async (page) => {
    const said = async (name, buffer) => {
      await page.setInputFiles(
        '#csv-file',
        typeof buffer === 'string' && buffer.startsWith('/') ? buffer : { name, mimeType: 'text/csv', buffer: Buffer.from(buffer) },
      );
      await page.waitForFunction(() => !document.getElementById('table-trouble').hidden);
      return page.textContent('#table-trouble');
    };
    const rows = (line) => Array(20).fill(line).join('\n');
    for (const [name, buffer, expected] of [
      ['picture.csv', Uint8Array.of(137, 80, 78, 71, 0, 0, 44, 10, 1), 'is no CSV'],
      ['ragged.csv', `a,b\n${rows('1,2')}\n1,2,3`, 'is no CSV'],
      ['words.csv', `a,b\n${rows('x,y')}`, 'no numeric column'],
      ['empty.csv', '', 'empty'],
    ]) {
      const found = await said(name, buffer);
      expect(`${name}: ${found}`, found.includes(expected));
    }
    const huge = join(work, 'huge.csv');
    const file = openSync(huge, 'w');
    // A hole: it takes no room.
    ftruncateSync(file, 201 * 2 ** 20);
    closeSync(file);
    const found = await said('huge.csv', huge);
    expect(found, found.includes('201 MB'));
    const model = join(work, 'other.safetensors');
    writeFileSync(model, 'no model');
    await page.setInputFiles('#model-file', model);
    await page.waitForFunction(() => /load/.test(document.getElementById('table-trouble').textContent));
  }),
);

check('without a worker, WebAssembly or IndexedDB the page says so and goes on', async () => {
  await open(
    '',
    async (page) => {
      await page.waitForFunction(() => document.getElementById('warnings').textContent.includes('no workers'));
      await page.click('#step');
      await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
    },
    { init: () => delete globalThis.Worker },
  );
  await open(
    '',
    async (page) => {
      const said = await page.textContent('#warnings');
      expect(said, said.includes('cannot run here'));
      await page.selectOption('select[aria-label="data set"]', { label: 'two moons' });
      expect('a link is not made', (await page.evaluate(() => location.hash)).includes('data=moons'));
      await page.click('#tab-speed');
      await page.click('button:text-is("Measure")');
      await page.waitForFunction(() => document.querySelectorAll('.speeds tbody tr').length === 5, undefined, { timeout: 60_000 });
    },
    { init: () => delete globalThis.WebAssembly },
  );
  await open(
    '#tab=table',
    async (page) => {
      await page.waitForSelector('text=Models cannot be saved in this browser');
    },
    { init: () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }) },
  );
});

check('a worker that ends is told of, and another is started', () =>
  open(
    '',
    async (page) => {
      await page.click('#step');
      await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
      await page.evaluate(() => globalThis.workers.forEach((worker) => worker.terminate()));
      await page.waitForTimeout(300);
      await page.click('#step');
      await page.waitForFunction(() => document.getElementById('warnings').textContent.includes('Begin again to start another'));
      await page.click('#reset');
      await page.click('#step');
      await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
      const workers = await page.evaluate(() => globalThis.workers.length);
      expect(`${workers} workers`, workers === 2);
    },
    {
      init: () => {
        globalThis.workers = [];
        globalThis.Worker = class extends Worker {
          constructor(...given) {
            super(...given);
            globalThis.workers.push(this);
          }
        };
      },
    },
  ),
);

check('where shared memory is refused the digits are learnt without', () =>
  open(
    '#tab=digits',
    async (page) => {
      await page.waitForSelector('#digits[data-right]', { timeout: 90_000 });
      const threads = await page.getAttribute('#digits', 'data-threads');
      expect(`on ${threads} threads`, threads === '1');
    },
    {
      // In the page, before the worker is asked: its modules cannot be compiled.
      init: () => {
        const { compile } = WebAssembly;
        WebAssembly.compile = (bytes) => (bytes.length > 0 ? Promise.reject(new RangeError('out of memory')) : compile(bytes));
      },
    },
  ),
);

check('the address follows the tab, and the tab the address', () =>
  open('#data=moons&seed=4', async (page) => {
    const shown = () => page.getAttribute('[role=tab][aria-selected=true]', 'id');
    await page.click('#tab-speed');
    expect('the address is not that of the tab', (await page.evaluate(() => location.hash)) === '#tab=speed');
    await page.click('#tab-points');
    const back = await page.evaluate(() => location.hash);
    expect(back, back.includes('data=moons') && back.includes('seed=4'));
    await page.evaluate(() => {
      location.hash = '#tab=table';
    });
    await page.waitForSelector('#table:visible');
    expect(await shown(), (await shown()) === 'tab-table');
    await page.goBack();
    await page.waitForSelector('#points:visible');
    expect('the run is lost', (await page.inputValue('input[aria-label="seed"]')) === '4');
    await page.goForward();
    await page.waitForSelector('#table:visible');
    await page.evaluate(() => {
      location.hash = '#tab=nowhere';
    });
    await page.waitForFunction(() => /tab is “nowhere”, expected one of points/.test(document.getElementById('warnings').textContent));
  }),
);

check('two tabs share the saved models', () =>
  open('#tab=table', async (page, context) => {
    await page.setInputFiles('#csv-file', { name: 'trees.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.click('button:text-is("Train")');
    await page.waitForSelector('#prediction[data-value]', { timeout: 60_000 });
    await page.fill('#model-name', 'shared');
    const other = await context.newPage();
    await other.goto(`${url}#tab=table`);
    await other.waitForSelector('text=None is saved in this browser yet.');
    await page.click('text=Save in this browser');
    await page.waitForSelector('#shelf >> text=shared');
    await other.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await other.waitForSelector('#shelf >> text=shared');
    await page.click('#shelf >> text=Delete');
    await page.waitForSelector('text=None is saved in this browser yet.');
    await other.click('#shelf >> text=Open');
    await other.waitForFunction(() => /no longer saved/.test(document.getElementById('table-trouble').textContent));
    await other.waitForSelector('text=None is saved in this browser yet.');
  }),
);

check('a wide table of another country is learnt', () =>
  open('#tab=table', async (page) => {
    const columns = Array.from({ length: 500 }, (_, j) => j);
    const line = (of) => columns.map(of).join(';');
    const text = [
      `größe;${line((j) => `c${j}`)}`,
      ...Array.from({ length: 60 }, (_, i) => `${i % 2 ? 'groß' : 'klein'};${line((j) => `${(i % 2) + ((i * j) % 7)},5`)}`),
    ];
    await page.setInputFiles('#csv-file', { name: 'breit.csv', mimeType: 'text/csv', buffer: Buffer.from(text.join('\n'), 'latin1') });
    await page.waitForSelector('text=60 rows, 501 columns');
    await page.click('button:text-is("Train")');
    await page.waitForSelector('#prediction[data-value]', { timeout: 60_000 });
    const predicted = await page.textContent('#prediction');
    expect(predicted, /^größe: (groß|klein)$/.test(predicted));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    expect('it is wider than the window', wide);
  }),
);

/** What a keyboard must reach: of a group of radio buttons or tabs, one. */
const controls = () =>
  [...document.querySelectorAll('button, select, input, a[href], [tabindex="0"], .file')]
    .filter(
      (element) =>
        !element.disabled &&
        element.checkVisibility({ visibilityProperty: true }) &&
        element.tabIndex >= 0 &&
        !(element.type === 'radio' && !element.checked),
    )
    .filter((element) => element.tagName !== 'LABEL');

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Each state of the page that is looked at from all sides. */
const visits = {
  points: {
    hash: '#steps=200&data=spirals&layers=8,8,8,8,8',
    async prepare(page) {
      await replayed(page, 200);
      await page.click('#freeze');
      for (let i = 0; i < 8; i++) await page.click('[data-next]');
    },
  },
  values: { hash: '#data=sine&steps=300', prepare: (page) => replayed(page, 300) },
  drawn: { hash: '#data=drawn', prepare: (page) => page.waitForSelector('#pens:visible') },
  digits: { hash: '#tab=digits', prepare: (page) => page.waitForSelector('#digits[data-right]', { timeout: 60_000 }) },
  table: {
    hash: '#tab=table',
    async prepare(page) {
      await page.click('text=Take Palmer');
      await page.click('button:text-is("Train")');
      await page.waitForSelector('#prediction[data-value]', { timeout: 60_000 });
    },
  },
  speed: {
    hash: '#tab=speed',
    async prepare(page) {
      await page.waitForSelector('button:text-is("Measure")');
      if (values.ci) return;
      await page.click('button:text-is("Measure")');
      await page.waitForSelector('button:text-is("Measure"):not(:disabled)', { timeout: 90_000 });
    },
  },
};

for (const [name, { hash, prepare }] of Object.entries(visits))
  check(`${name}: by keyboard, by axe in light and dark, at three widths`, () =>
    open(hash, async (page) => {
      await prepare(page);
      const all = await page.evaluate(
        `(${controls})().forEach((element, i) => { element.dataset.control = i; }), document.querySelectorAll('[data-control]').length`,
      );
      await page.evaluate(() => document.activeElement.blur());
      const reached = [];
      for (let i = 0; i < all + 8; i++) {
        await page.keyboard.press('Tab');
        reached.push(await page.evaluate(() => document.activeElement?.dataset.control));
      }
      const missed = await page.evaluate(
        (found) =>
          [...document.querySelectorAll('[data-control]')]
            .filter((one) => !found.includes(one.dataset.control))
            .map((one) => one.outerHTML.slice(0, 90)),
        reached,
      );
      expect(`${missed.length} are not reached by the keyboard: ${missed.slice(0, 3)}`, missed.length === 0);
      await page.evaluate(axe);
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate(() => globalThis.axe.run(document));
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        const told = serious.map(({ id, nodes }) => `${id} at ${nodes.slice(0, 2).map(({ html }) => html.slice(0, 80))}`).join('; ');
        expect(`${colorScheme}: ${told}`, serious.length === 0);
      }
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        // Curves follow a frame later.
        await page.waitForFunction((most) => document.documentElement.scrollWidth <= most, width, { timeout: 2000 }).catch(() => {});
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(`it is ${wide} wide at ${width}`, wide <= width);
        if (!values.shots) continue;
        mkdirSync(values.shots, { recursive: true });
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme });
          await page.waitForTimeout(250);
          await page.screenshot({ path: join(values.shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }
      return `${all} controls`;
    }),
  );

check('arrow keys change the tab', () =>
  open('', async (page) => {
    await page.focus('#tab-points');
    await page.keyboard.press('ArrowRight');
    expect('it does not', (await page.getAttribute('#tab-digits', 'aria-selected')) === 'true');
  }),
);

check('the first load is small', () =>
  open('', async (page) => {
    // All of the tab is in sight, its curves too.
    await page.setViewportSize({ width: 1440, height: 2000 });
    const names = await page.evaluate(async () => {
      document.getElementById('step').click();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
    });
    const all = new Set(['/index.html', '/assets/worker.js', ...names]);
    const bytes = [...all].reduce((sum, name) => sum + gzipSync(readFileSync(join(PLAYGROUND, name)), { level: 9 }).length, 0);
    expect(`${bytes} bytes, expected at most ${MOST_BYTES}`, bytes <= MOST_BYTES);
    return `${bytes.toLocaleString('en')} bytes, packed`;
  }),
);

check('a page that is loaded again while it trains begins as its link says', () =>
  open('#steps=30', async (page) => {
    const steps = () => page.evaluate(() => Number(document.getElementById('steps').textContent.replace(/,/g, '')));
    await page.waitForFunction(() => document.getElementById('points').dataset.replayed === '30');
    const loss = await page.getAttribute('#training-loss', 'data-value');
    await page.click('#play');
    await page.waitForFunction(() => Number(document.getElementById('steps').textContent) > 100);
    await page.reload();
    await page.waitForFunction(() => document.getElementById('points').dataset.replayed === '30');
    expect(`it is at ${await steps()} steps`, (await steps()) === 30);
    const again = await page.getAttribute('#training-loss', 'data-value');
    expect(`its loss is ${again}, before it was ${loss}`, again === loss);
    await page.click('#step');
    await page.waitForFunction(() => document.getElementById('steps').textContent === '31');
  }),
);

check('a link that is opened while it trains is replayed', () =>
  open('', async (page) => {
    await page.selectOption('#pace', 'fast');
    await page.click('#play');
    await page.waitForFunction(() => Number(document.getElementById('steps').textContent.replace(/,/g, '')) > 100);
    for (const steps of [40, 50]) {
      // The second while the first is replayed.
      await page.evaluate((hash) => {
        location.hash = hash;
      }, `#steps=${steps}&seed=${steps}`);
    }
    await page.waitForFunction(() => document.getElementById('points').dataset.replayed === '50');
    expect('it is at 50 steps', (await page.textContent('#steps')) === '50');
  }),
);

check('what is clicked while the page opens is done', () =>
  open(
    '',
    async (page) => {
      await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
    },
    { init: () => addEventListener('DOMContentLoaded', () => document.getElementById('step').click()) },
  ),
);

check('it works without a network once it is loaded', () =>
  open(
    '',
    async (page, context) => {
      await page.evaluate(() => navigator.serviceWorker.ready);
      await context.setOffline(true);
      await page.reload();
      await page.click('#step');
      await page.waitForFunction(() => document.getElementById('steps').textContent === '1');
      await page.click('#tab-table');
      await page.click('text=Take Palmer');
      await page.waitForSelector('text=344 rows');
    },
    { offline: true },
  ),
);

if (!values.ci) {
  check('frames while it trains', () =>
    open('#data=spirals&points=400&layers=8,8&noise=0', async (page) => {
      await page.selectOption('#pace', 'fast');
      await page.click('#play');
      const frames = await page.evaluate(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const times = [];
        let last = await new Promise(requestAnimationFrame);
        while (times.length < 240) {
          const now = await new Promise(requestAnimationFrame);
          times.push(now - last);
          last = now;
        }
        return times.sort((a, b) => a - b);
      });
      const at = (share) => frames[Math.floor(share * frames.length)].toFixed(1);
      return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`;
    }),
  );
}

for (const [name, start] of Object.entries(engines)) {
  engine = name;
  browser = await start();
  console.log(`${name} ${browser.version()}`);
  for (const one of checks) await perform(one);
  await browser.close();
}
await closeAll();
rmSync(work, { recursive: true, force: true });
console.log(`\n${passes} passed, ${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
