/** Measures workloads on the visitor's machine, beside the same work in plain JavaScript, and beside what its vector units can do at most. */
import './speed.css';
import { binaryCrossEntropy, crossEntropy, dataset, dense, initialize, type Network, sequential, sgd } from 'neurite';
import { type Samples, uniformArray } from '../../../bench/data.js';
import { limit } from '../../../bench/limit.js';
import { type Activation, PlainNetwork } from '../../../bench/plain.js';
import { button, make } from '../view/dom.js';

interface Work {
  readonly title: string;
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
  readonly batch: number;
  /** Rows of an epoch; 0 where it predicts. */
  readonly rows: number;
  /** Of what one counts. */
  readonly unit: string;
}

const works: readonly Work[] = [
  { title: 'Trains 784-128-10, batches of 32', sizes: [784, 128, 10], activations: ['relu', 'softmax'], batch: 32, rows: 1024, unit: 'samples/s' },
  {
    title: 'Trains 784-512-256-10, batches of 128',
    sizes: [784, 512, 256, 10],
    activations: ['relu', 'relu', 'softmax'],
    batch: 128,
    rows: 512,
    unit: 'samples/s',
  },
  { title: 'Trains 2-8-1, batches of 4', sizes: [2, 8, 1], activations: ['tanh', 'sigmoid'], batch: 4, rows: 2000, unit: 'samples/s' },
  { title: 'Predicts a row by 784-128-10', sizes: [784, 128, 10], activations: ['relu', 'softmax'], batch: 1, rows: 0, unit: 'rows/s' },
  { title: 'Predicts a row by 4-16-3', sizes: [4, 16, 3], activations: ['sigmoid', 'sigmoid'], batch: 1, rows: 0, unit: 'rows/s' },
];

/** Milliseconds of a measurement, and how many there are: the best counts, as what disturbs one only slows it. */
const TIME = 120;
const TIMES = 4;
const RATE = 0.01;

const HEADS = ['', 'neurite', 'plain JavaScript', 'times as fast', 'of the limit'];

const breath = () => new Promise((resolve) => setTimeout(resolve, 30));

/** @param run does an amount of work, which it gives @returns the most in a second */
async function most(run: () => number | Promise<number>): Promise<number> {
  let best = 0;
  for (let time = 0; time < TIMES; time++) {
    let done = 0;
    const began = performance.now();
    let took = 0;
    do {
      done += await run();
      took = performance.now() - began;
    } while (took < TIME);
    best = Math.max(best, (done / took) * 1000);
    await breath();
  }
  return best;
}

function samples({ sizes, rows }: Work): Samples {
  const features = sizes[0] as number;
  const classes = Math.max(2, sizes.at(-1) as number);
  return { rows, features, x: uniformArray(rows * features, 1, 0, 1), y: Uint8Array.from({ length: rows }, (_, i) => i % classes) };
}

function networkOf({ sizes, activations }: Work): Network {
  const layers = sizes.slice(1).map((units, i) => dense(units, activations[i] as Activation));
  const loss = activations.at(-1) === 'softmax' ? crossEntropy() : binaryCrossEntropy();
  return sequential(sizes[0] as number, layers, { loss: loss as never, optimizer: sgd({ learningRate: RATE }), seed: 1 }) as Network;
}

async function neuriteAt(work: Work): Promise<{ rate: number; build: string }> {
  const net = networkOf(work);
  const { build } = net;
  try {
    if (work.rows === 0) return { rate: await most(predicting(work, (x, out) => net.predict(x, out))), build };
    const { x, y, rows } = samples(work);
    const data = dataset({ x, y: work.sizes.at(-1) === 1 ? Float32Array.from(y) : y } as never);
    const rate = await most(async () => {
      await net.fit(data, { epochs: 1, batchSize: work.batch, budgetMs: 1000 });
      return rows;
    });
    data.dispose();
    return { rate, build };
  } finally {
    net.dispose();
  }
}

function predicting({ sizes }: Work, predict: (x: Float32Array, out: Float32Array) => unknown): () => number {
  const x = uniformArray(sizes[0] as number, 2, 0, 1);
  const out = new Float32Array(sizes.at(-1) as number);
  return () => {
    for (let i = 0; i < 500; i++) predict(x, out);
    return 500;
  };
}

async function plainAt(work: Work): Promise<number> {
  const net = new PlainNetwork(work.sizes, work.activations, work.batch, { kind: 'sgd', learningRate: RATE });
  if (work.rows === 0)
    return most(
      predicting(work, (x, out) => {
        const u = net.predict(x, 1);
        for (let j = 0; j < out.length; j++) out[j] = u[j] as number;
      }),
    );
  const data = samples(work);
  return most(() => {
    net.train(data);
    return data.rows;
  });
}

/** Floating-point operations of a row: two a weight forward, and of training as many for the deltas, but none to the input, and for the gradients. */
function operations({ sizes, rows }: Work): number {
  return sizes.slice(1).reduce((sum, outputs, i) => sum + 2 * outputs * (sizes[i] as number) * (rows === 0 ? 1 : i === 0 ? 2 : 3), 0);
}

const rounded = (v: number) => Number(v.toPrecision(3)).toLocaleString('en');

export function openSpeed(host: HTMLElement): void {
  const body = make('tbody', {});
  const head = make('tr', {}, ...HEADS.map((text) => make('th', { scope: 'col' }, text)));
  const status = make('p', { class: 'caption', role: 'status', id: 'speed-status' }, 'It takes about ten seconds, in which the page stutters.');
  const begin = button('Measure', undefined, () => measure(), 'main');
  host.replaceChildren(
    make('p', { class: 'lead' }, 'How fast is this machine? The same work by neurite and by loops in JavaScript, in one thread.'),
    make('div', { class: 'transport' }, begin, status),
    make(
      'section',
      { class: 'panel' },
      make(
        'div',
        { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'measurements' },
        make('table', { class: 'speeds' }, make('thead', {}, head), body),
      ),
    ),
    make(
      'p',
      { class: 'caption' },
      'The limit is the most multiply-adds that a loop over registers alone does on 128-bit vectors in WebAssembly, measured here too. Tiny networks are limited by the call, not by it. The loops are those of the project’s benchmarks: Float32Arrays, four products at a time.',
    ),
  );

  const measure = async () => {
    begin.disabled = true;
    body.replaceChildren();
    const say = (text: string) => {
      status.textContent = text;
    };
    try {
      say('Measuring the limit …');
      await breath();
      let peak: number | undefined;
      let missing = '';
      try {
        await initialize();
        const net = sequential(1, [dense(1)]);
        const loop = limit(net.build);
        net.dispose();
        peak = await most(() => loop(200_000));
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error);
      }
      for (const work of works) {
        say(`${work.title} …`);
        await breath();
        const plain = await plainAt(work);
        const own = missing ? undefined : (await neuriteAt(work)).rate;
        const cells = [
          own === undefined ? '–' : `${rounded(own)} ${work.unit}`,
          `${rounded(plain)} ${work.unit}`,
          own === undefined ? '–' : `${(own / plain).toFixed(1)} ×`,
          own === undefined || !peak || (work.sizes[0] as number) < 100 ? '–' : `${Math.round((100 * own * operations(work)) / peak)} %`,
        ];
        body.append(
          make(
            'tr',
            {},
            make('th', { scope: 'row' }, work.title),
            ...cells.map((text, i) => make('td', { 'data-head': HEADS[i + 1] as string }, text)),
          ),
        );
      }
      say(
        missing
          ? `Plain JavaScript alone: ${missing}`
          : `The limit is ${rounded((peak as number) / 1e9)} GFLOP/s. ${navigator.hardwareConcurrency} threads are there, one was used.`,
      );
    } catch (error) {
      say(`The measurement ended: ${error instanceof Error ? error.message : error}`);
    }
    begin.disabled = false;
  };
}
