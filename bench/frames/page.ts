/** A page that animates beside T2's training in a worker: how long its frames are, and what the training loses by it. Posts the figures. */
import type { Predictor } from 'neurite';
import { inWorker, type WorkerNetwork } from 'neurite/worker';
import { parameters, tell } from '../browser/told.js';
import { random } from '../data.js';
import { median } from '../measure.js';
import { network } from '../neurite.js';
import { type Training, trainings } from '../workloads.js';

/** What the page measures. */
export interface Frames {
  /** Milliseconds between frames: the 95th percentile, and the longest. */
  readonly p95: number;
  readonly longest: number;
  readonly frames: number;
  /** Samples a second of the training beside the animation, and of the same alone. */
  readonly beside: number;
  readonly alone: number;
  /** The median of their ratios, turn by turn. */
  readonly share: number;
  /** Times that the page took newer weights, a second. */
  readonly updates: number;
}

const ROWS = 8000;
const BATCH = 128;
const SECONDS = Number(parameters.get('seconds'));
const TURNS = 5;

/** Trains for some seconds. @returns samples a second, by the clock of the page */
async function train(
  net: WorkerNetwork,
  data: Parameters<WorkerNetwork['fit']>[0],
  epochs: number,
  live?: Predictor,
): Promise<{ rate: number; updates: number }> {
  let updates = 0;
  const began = performance.now();
  await net.fit(data, {
    epochs,
    batchSize: BATCH,
    ...(live && {
      snapshots: true,
      onProgress: ({ parameters }) => {
        if (parameters) live.update(parameters);
        updates++;
      },
    }),
  });
  const seconds = (performance.now() - began) / 1000;
  return { rate: (epochs * ROWS) / seconds, updates: updates / seconds };
}

/** Moves and draws 300 dots and predicts one image with the newest weights, each frame. @returns what ends it, with the times between the frames */
function animate(live: Predictor, image: Float32Array): () => number[] {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 300;
  document.body.append(canvas);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const dots = Array.from({ length: 300 }, (_, i) => ({ x: (i * 37) % 300, y: (i * 91) % 300, dx: (i % 7) - 3, dy: (i % 5) - 2 }));
  const out = new Float32Array(10);
  const times: number[] = [];
  let last: number | undefined;
  let ended = false;
  const frame = (now: number) => {
    if (ended) return;
    if (last !== undefined) times.push(now - last);
    last = now;
    live.predict(image, out);
    context.clearRect(0, 0, 300, 300);
    for (const [i, dot] of dots.entries()) {
      dot.x = (dot.x + dot.dx + 300) % 300;
      dot.y = (dot.y + dot.dy + 300) % 300;
      context.fillStyle = `hsl(${360 * (out[i % 10] as number)} 80% 50%)`;
      context.fillRect(dot.x, dot.y, 3, 3);
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  return () => {
    ended = true;
    canvas.remove();
    return times;
  };
}

async function measure(): Promise<Frames> {
  const make = () => network(trainings[1] as Training, 'auto');
  const { x, y } = random(ROWS, 784, 10, 1);
  const live = make().freeze();
  const image = x.slice(0, 784);
  const net = await inWorker(make());
  const data = net.worker.dataset({ x, y }, { transfer: true });
  // Until engines have compiled what is hot.
  await train(net, data, 5, live);
  const { rate } = await train(net, data, 10);
  const epochs = Math.max(1, Math.round((rate * SECONDS) / TURNS / ROWS));
  const [times, alone, beside, updates]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let turn = 0; turn < TURNS; turn++) {
    alone.push((await train(net, data, epochs)).rate);
    const end = animate(live, image);
    const found = await train(net, data, epochs, live);
    times.push(...end());
    beside.push(found.rate);
    updates.push(found.updates);
  }
  await net.dispose();
  times.sort((a, b) => a - b);
  return {
    p95: times[Math.floor(times.length * 0.95)] as number,
    longest: times.at(-1) as number,
    frames: times.length,
    alone: median(alone),
    beside: median(beside),
    share: median(beside.map((value, i) => value / (alone[i] as number))),
    updates: median(updates),
  };
}

tell(measure);
