/** Digits: a network of 784-128-10 that learns to read in this page, and reads what one draws. */
import './digits.css';
import { adam, copyParameters, crossEntropy, dataset, dense, type Network, type Predictor, sequential } from 'neurite';
import { settle } from '../model/workshop.js';
import { onTheme, paint } from '../view/colours.js';
import { button, make } from '../view/dom.js';
import { DigitPad } from './digitPad.js';
import { EXCITING, excitingDigits, type Usual, usualOf } from './exciting.js';

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const HIDDEN = 128;
const EPOCHS = 5;
const BATCH = 32;
const TRAINING = 10_000;
const TEST = 2_000;
const MISREAD = 18;
/** Of the pictures of units: their palest halves are brought out. */
const CONTRAST = 1.8;

interface Digits {
  readonly x: Uint8Array<ArrayBuffer>;
  readonly y: Uint8Array<ArrayBuffer>;
  readonly testX: Uint8Array<ArrayBuffer>;
  readonly testY: Uint8Array<ArrayBuffer>;
}

async function fetchDigits(): Promise<Digits> {
  const response = await fetch('digits.bin');
  if (!response.ok || !response.body) throw new Error(`the digits are not there (${response.status})`);
  const bytes = new Uint8Array(await new Response(response.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
  const expected = (TRAINING + TEST) * (PIXELS + 1);
  if (bytes.length !== expected) throw new Error(`the digits are ${bytes.length} bytes, expected ${expected}`);
  let at = 0;
  const next = (count: number) => {
    at += count;
    return bytes.slice(at - count, at);
  };
  return { x: next(TRAINING * PIXELS), y: next(TRAINING), testX: next(TEST * PIXELS), testY: next(TEST) };
}

/** Ink on paper, as a picture of 28 × 28. */
function inkOf(image: ArrayLike<number>, at: number): HTMLCanvasElement {
  const canvas = make('canvas', { width: String(SIDE), height: String(SIDE), class: 'ink' });
  const draw = canvas.getContext('2d') as CanvasRenderingContext2D;
  const picture = draw.createImageData(SIDE, SIDE);
  for (let i = 0; i < PIXELS; i++) picture.data.set([30, 30, 30, image[at + i] as number], 4 * i);
  draw.putImageData(picture, 0, 0);
  return canvas;
}

export async function openDigits(host: HTMLElement): Promise<void> {
  const pad = make('canvas', { class: 'pad', width: '280', height: '280', tabindex: '0', role: 'application' });
  pad.setAttribute('aria-label', 'Draw a digit: with the keyboard, arrow keys move the pen, the space bar puts it down or lifts it');
  const bars = make('ol', { class: 'bars', 'aria-label': 'probability of each digit', start: '0' });
  for (let digit = 0; digit < 10; digit++)
    bars.append(make('li', {}, make('b', {}, String(digit)), make('span', { class: 'bar' }), make('span', { class: 'share' }, '–')));
  const read = make('output', { id: 'read', class: 'read' });
  const status = make('p', { class: 'caption', role: 'status', id: 'digits-status' }, 'Loading 12,000 digits, 1.9 MB …');
  const progress = make('progress', { max: '1', value: '0', 'aria-label': 'training' });
  const train = button('Train again', undefined, () => learn(), 'main');
  train.disabled = true;
  const misread = make('div', { class: 'misread', id: 'misread' });
  const hidden = make('div', { class: 'hidden-units', role: 'group', 'aria-label': 'hidden units' });
  const large = make('canvas', {
    class: 'large',
    width: String(SIDE),
    height: String(SIDE),
    role: 'img',
    'aria-label': 'the digits that excite the chosen unit',
  });
  const itsWeights = make('canvas', {
    class: 'large',
    width: String(SIDE),
    height: String(SIDE),
    role: 'img',
    'aria-label': 'the weights of the chosen unit',
  });
  const about = make('p', { class: 'caption', 'aria-live': 'polite' });
  host.replaceChildren(
    make('p', { class: 'lead' }, 'Draw a digit. A network of 784 pixels, 128 hidden units and 10 outputs reads it while you draw.'),
    make(
      'div',
      { class: 'stage even' },
      make(
        'section',
        { class: 'panel' },
        make('h2', {}, 'Draw here'),
        pad,
        make(
          'div',
          { class: 'stages' },
          button('Clear', undefined, () => drawn.clear()),
        ),
      ),
      make('section', { class: 'panel' }, make('h2', {}, 'It reads'), read, bars),
      make(
        'section',
        { class: 'panel' },
        make('h2', {}, 'It learns'),
        make('p', { class: 'caption' }, 'From 10,000 handwritten digits, in this page; another 2,000 test it.'),
        make('div', { class: 'stages' }, train, progress),
        status,
      ),
    ),
    make('section', { class: 'panel' }, make('h2', {}, 'Misread'), misread),
    make(
      'section',
      { class: 'panel' },
      make('h2', {}, 'What a hidden unit looks for'),
      make(
        'p',
        { class: 'caption' },
        `The ${EXCITING} test digits that excite it most, on average: orange where they have more ink than digits usually have, blue where they have less. One without a picture is excited by none.`,
      ),
      make(
        'div',
        { class: 'looks' },
        hidden,
        make(
          'div',
          {},
          about,
          make('figure', {}, large, make('figcaption', {}, 'The digits that excite it')),
          make(
            'figure',
            {},
            itsWeights,
            make('figcaption', {}, 'Its 784 weights, each by how much its pixel varies: ink on orange speaks for the unit'),
          ),
        ),
      ),
    ),
  );

  const makeNet = () =>
    sequential(PIXELS, [dense(HIDDEN, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 2e-3 }), seed: 1 });
  let net = makeNet();
  let reader: Predictor = net.freeze();
  const probabilities = new Float32Array(10);
  let trained = false;
  const drawn = new DigitPad(pad, (pixels) => {
    if (!pixels) {
      read.textContent = '';
      bars.querySelectorAll<HTMLElement>('li').forEach((bar) => {
        bar.style.setProperty('--share', '0');
        (bar.lastChild as HTMLElement).textContent = '–';
      });
      return;
    }
    reader.predict(pixels, probabilities);
    const best = probabilities.indexOf(Math.max(...probabilities));
    read.textContent = trained ? `a ${best}` : 'it has not learnt yet';
    read.dataset.digit = String(best);
    bars.querySelectorAll<HTMLElement>('li').forEach((bar, digit) => {
      const share = probabilities[digit] as number;
      bar.style.setProperty('--share', String(share));
      bar.classList.toggle('best', digit === best);
      (bar.lastChild as HTMLElement).textContent = `${Math.round(100 * share)} %`;
    });
  });

  const units = Array.from({ length: HIDDEN }, (_, unit) => {
    const chosen = button('', `hidden unit ${unit + 1}`, () => choose(unit), 'tile');
    chosen.append(make('canvas', { width: String(SIDE), height: String(SIDE), 'aria-hidden': 'true' }));
    return chosen;
  });
  hidden.append(...units);
  let chosen = 0;
  let weights: Float32Array = new Float32Array(net.parameterCount);
  let pictures = new Float32Array(HIDDEN * PIXELS);
  let usual: Usual | undefined;
  /** The first layer alone: what each unit says of a digit. */
  const layer = sequential(PIXELS, [dense(HIDDEN, 'relu')]);
  const drawPicture = (canvas: HTMLCanvasElement, values: Float32Array, at: number) => {
    const draw = canvas.getContext('2d') as CanvasRenderingContext2D;
    const picture = draw.createImageData(SIDE, SIDE);
    const most = values.subarray(at, at + PIXELS).reduce((all, v) => Math.max(all, Math.abs(v)), 1e-6);
    paint(new Uint32Array(picture.data.buffer), values, at, 1, (v) => (CONTRAST * v) / most);
    draw.putImageData(picture, 0, 0);
  };
  const choose = (unit: number) => {
    chosen = unit;
    units.forEach((one, i) => {
      one.setAttribute('aria-pressed', String(i === unit));
    });
    drawPicture(large, pictures, unit * PIXELS);
    const own = weights.slice(unit * PIXELS, (unit + 1) * PIXELS);
    drawPicture(
      itsWeights,
      own.map((w, i) => w * (usual?.spread[i] ?? 1)),
      0,
    );
    const second = PIXELS * HIDDEN + HIDDEN;
    const speaks = Array.from({ length: 10 }, (_, digit) => ({ digit, w: weights[second + digit * HIDDEN + unit] as number })).sort(
      (a, b) => b.w - a.w,
    );
    const isDead = pictures.subarray(unit * PIXELS, (unit + 1) * PIXELS).every((v) => v === 0);
    if (trained && isDead) about.textContent = `Unit ${unit + 1} is excited by none of the test digits.`;
    else
      about.textContent = `Unit ${unit + 1} speaks most for ${speaks[0]?.digit} and ${speaks[1]?.digit}, and most against ${speaks.at(-1)?.digit}.`;
  };
  const showUnits = () => {
    units.forEach((one, unit) => {
      drawPicture(one.lastElementChild as HTMLCanvasElement, pictures, unit * PIXELS);
    });
    choose(chosen);
  };

  onTheme(showUnits);

  const digits = await fetchDigits().catch((error) => {
    status.textContent = `${error instanceof Error ? error.message : error}. The network here has not learnt anything yet.`;
    return undefined;
  });
  if (!digits) return;
  const testRows = Float32Array.from(digits.testX, (byte) => byte / 255);
  const outputs = new Float32Array(TEST * 10);
  const activations = new Float32Array(TEST * HIDDEN);
  usual = usualOf(testRows);
  const lookAtUnits = () => {
    layer.parameters.set(weights.subarray(0, layer.parameterCount));
    layer.predict(testRows, activations);
    pictures = excitingDigits(testRows, activations, usual as Usual);
    showUnits();
  };

  const test = () => {
    reader.predict(testRows, outputs);
    const wrong: { i: number; read: number; sure: number }[] = [];
    for (let i = 0; i < TEST; i++) {
      const own = outputs.subarray(10 * i, 10 * i + 10);
      const sure = Math.max(...own);
      if (own.indexOf(sure) !== digits.testY[i]) wrong.push({ i, read: own.indexOf(sure), sure });
    }
    wrong.sort((a, b) => b.sure - a.sure);
    misread.replaceChildren(
      ...wrong
        .slice(0, MISREAD)
        .map(({ i, read, sure }) =>
          make(
            'figure',
            {},
            inkOf(digits.testX, i * PIXELS),
            make('figcaption', {}, `a ${digits.testY[i]}, read as ${read} (${Math.round(100 * sure)}\u00a0%)`),
          ),
        ),
    );
    return 1 - wrong.length / TEST;
  };

  const learn = async () => {
    train.disabled = true;
    trained = false;
    net.dispose();
    net = makeNet();
    reader = net.freeze();
    const began = performance.now();
    const told = (parameters: Float32Array, done: number, rate: number, right: number | undefined) => {
      reader.update(parameters);
      weights = parameters;
      trained = true;
      progress.value = done;
      status.textContent = `${Math.round(rate).toLocaleString('en')} digits a second${threads > 1 ? ` on ${threads} threads` : ''}${right === undefined ? '' : `; ${(100 * right).toFixed(1)} % of the test digits right`}, after ${((performance.now() - began) / 1000).toFixed(1)} s.`;
      drawn.look();
    };
    let right: number | undefined;
    let threads = 1;
    const data = { x: digits.x.slice(), y: digits.y.slice() };
    try {
      const settled = await settle(net as unknown as Network, BATCH);
      host.dataset.threads = String(settled?.threads ?? 0);
      if (settled) {
        const { learner, worker } = settled;
        threads = settled.threads;
        const there = worker.dataset({ ...data, scale: 1 / 255 }, { transfer: true });
        await learner.fit(there, {
          epochs: EPOCHS,
          batchSize: BATCH,
          snapshots: true,
          onProgress: ({ parameters, epoch, step, steps, samplesPerSecond }) =>
            parameters && told(parameters, (epoch - 1 + step / steps) / EPOCHS, samplesPerSecond, right),
          onEpoch: ({ parameters, epoch, samplesPerSecond }) => {
            if (!parameters) return;
            reader.update(parameters);
            right = test();
            told(parameters, epoch / EPOCHS, samplesPerSecond, right);
            lookAtUnits();
          },
        });
        there.dispose();
        await learner.dispose();
      } else {
        const here = dataset({ ...data, scale: 1 / 255 });
        await net.fit(here, {
          epochs: EPOCHS,
          batchSize: BATCH,
          onEpoch: ({ epoch, samplesPerSecond }) => {
            reader.update(copyParameters(net));
            right = test();
            told(copyParameters(net), epoch / EPOCHS, samplesPerSecond, right);
            lookAtUnits();
          },
        });
        here.dispose();
      }
      host.dataset.right = String(right);
    } catch (error) {
      status.textContent = `The training ended: ${error instanceof Error ? error.message : error}`;
    }
    train.disabled = false;
  };
  await learn();
}
