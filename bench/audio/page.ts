/** The page of `npm run bench:audio`: plays through the network, without swaps and with ten a second, and tells what it sees to where it came from. */
import { parameters, post, tell } from '../browser/told.js';
import type { Cost, Question, Seen, Told } from './messages.js';

const seconds = Number(parameters.get('seconds'));
const repetitions = Number(parameters.get('repetitions'));
/** Blocks of a measurement: half a second and more. */
const BLOCKS = 40_000;
/** Seconds in which the engine compiles what is hot, and in which each block is timed at most. */
const [WARMUP, TIMED] = [5, 5];

const say = (told: Told) => post(told);

const wait = (time: number) => new Promise((resolve) => setTimeout(resolve, time * 1000));

/** What Chromium counts of its own: buffers that came too late. */
function underruns(context: AudioContext): number | undefined {
  const stats = (context as { playbackStats?: { underrunEvents?: number } }).playbackStats;
  return stats?.underrunEvents;
}

async function run(): Promise<void> {
  const context = new AudioContext({ sampleRate: 48_000 });
  await context.audioWorklet.addModule(new URL('./processor.js', import.meta.url));
  const node = new AudioWorkletNode(context, 'measured', { channelCount: 1, channelCountMode: 'explicit', outputChannelCount: [1] });
  const ask = <T>(question: Question) =>
    new Promise<T>((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data);
      node.port.postMessage(question);
    });
  const costs: Cost[] = [];
  for (let i = 0; i < repetitions; i++) costs.push(await ask<Cost>({ ask: 'cost', blocks: BLOCKS }));
  await say({ what: 'costs', costs });

  const source = new OscillatorNode(context, { frequency: 220 });
  source
    .connect(node)
    .connect(new GainNode(context, { gain: 0.1 }))
    .connect(context.destination);
  source.start();
  // A browser without a sound device may wait for one.
  const plays = await Promise.race([context.resume().then(() => true), wait(10).then(() => false)]);
  if (!plays) return say({ what: 'silent' });
  let swaps = true;
  const trainer = new Worker(new URL('./trainer.js', import.meta.url), { type: 'module' });
  trainer.addEventListener('message', ({ data }: MessageEvent<Float32Array>) => {
    if (swaps) node.port.postMessage(data);
  });
  await wait(WARMUP);
  await say({ what: 'times begin' });
  await wait(Math.min(TIMED, seconds));
  await say({ what: 'times end' });
  for (const phase of ['no swaps', 'ten swaps a second']) {
    swaps = phase !== 'no swaps';
    await wait(0.5);
    await say({ what: 'settles' });
    // A collection throws compiled code away, and whoever plays 375 blocks a second compiles for half a minute.
    for (let i = 0; i < repetitions; i++) {
      await ask<true>({ ask: 'compile', blocks: BLOCKS / repetitions });
      await wait(0.5);
    }
    await ask<Seen>({ ask: 'seen' });
    node.port.postMessage({ ask: 'begin' } satisfies Question);
    await wait(0.5);
    await say({ what: 'begins', phase });
    const [start, before] = [performance.now(), underruns(context)];
    let passed = 0;
    while (passed < seconds) {
      await wait(0.05);
      const now = (performance.now() - start) / 1000;
      if (Math.floor(now) > Math.floor(passed)) await say({ what: 'goes on' });
      passed = now;
    }
    const after = underruns(context);
    const seen = await ask<Seen>({ ask: 'seen' });
    await say({
      what: 'ends',
      phase,
      seen,
      underruns: before === undefined || after === undefined ? undefined : after - before,
    });
  }
}

tell(run);
