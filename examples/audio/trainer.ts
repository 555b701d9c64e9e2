/** The worker: it learns the curve that it was last told, and sends its parameters ten times a second. */
import { adam, copyParameters, meanSquaredError, sequential } from 'neurite';
import { type CurveName, curves } from './curves.js';
import { inFeatures, layers } from './model.js';

/** What the page says. */
export interface Lesson {
  readonly curve: CurveName;
  readonly learningRate: number;
  /** Whether it begins again from random parameters. */
  readonly afresh?: boolean;
}

/** What the worker says. */
export interface Report {
  /** Of `copyParameters`, moved here: nothing is copied on the way. */
  readonly parameters: Float32Array;
  readonly loss: number;
  readonly steps: number;
}

const BATCH = 64;
/** So slow that one hears it: the worker could take fifty times as many. */
const STEPS_PER_SECOND = 1000;
const TICK = 20;
const REPORT = 100;

const net = sequential(inFeatures, layers(), { loss: meanSquaredError(), optimizer: adam(), seed: 3 });
const x = new Float32Array(BATCH);
const y = new Float32Array(BATCH);
let lesson: Lesson = { curve: 'clean', learningRate: 0.003 };
let steps = 0;
let loss = Number.NaN;

addEventListener('message', ({ data }: MessageEvent<Lesson>) => {
  lesson = data;
  if (!data.afresh) return;
  net.reset();
  steps = 0;
});

setInterval(() => {
  const curve = curves[lesson.curve];
  for (let i = (STEPS_PER_SECOND * TICK) / 1000; i > 0; i--) {
    for (let row = 0; row < BATCH; row++) {
      const sample = 2 * Math.random() - 1;
      x[row] = sample;
      y[row] = curve(sample);
    }
    const now = net.step(x, y, { learningRate: lesson.learningRate });
    loss = steps++ === 0 ? now : loss + 0.02 * (now - loss);
  }
}, TICK);

setInterval(() => {
  const parameters = copyParameters(net);
  postMessage({ parameters, loss, steps } satisfies Report, { transfer: [parameters.buffer] });
}, REPORT);
