import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import type { EpochEnd, Evaluation, FitProgress } from '../training/history.js';

/** Where text goes: what of a Node stream is needed. */
export interface TextStream {
  write(text: string): unknown;
  /** Whether a line can be written over. Without it, only ended epochs are written. */
  readonly isTTY?: boolean;
  /** Characters of a line. Default 80. */
  readonly columns?: number;
}

/** Options of `progressBar`. */
export interface ProgressBarOptions {
  /** Default `process.stderr`; in a host without it, the console. */
  readonly stream?: TextStream;
  /** Characters of the bar itself. Default 24. */
  readonly width?: number;
}

/** Two callbacks of `fit`. */
export interface ProgressBar {
  onProgress(progress: FitProgress): void;
  onEpoch(end: EpochEnd): void;
}

/**
 * Shows a training in a terminal: a bar for the epoch under way, and a line for each that has ended, with its losses and metrics.
 * `fit(data, { epochs: 10, ...progressBar() })`. Where the output is no terminal, there are only the lines. An `onEpoch` of your own takes the place of
 * the bar's: call that in it, as in `const bar = progressBar()` and `onEpoch: (end) => { bar.onEpoch(end); … }`.
 * @throws ValueError for a stream that cannot be written to, or a width that is no whole number
 */
export function progressBar(options: ProgressBarOptions = {}): ProgressBar {
  const { stream = usualStream(), width = 24 } = checkOptions('progressBar', options, ['stream', 'width']);
  if (typeof fieldOf(stream, 'write') !== 'function')
    throw new ValueError(`progressBar: stream is ${describe(stream)}, expected a stream, such as process.stdout`);
  if (!(Number.isInteger(width) && width > 0)) throw new ValueError(`progressBar: width is ${describe(width)}, expected a whole number > 0`);
  const show = (line: string, end: string) => stream.write(`${stream.isTTY ? '\r\x1b[K' : ''}${line}${end}`);
  return {
    onProgress(progress) {
      // The last progress of an epoch is followed by its end.
      if (!stream.isTTY || progress.step === progress.steps) return;
      const line = [epochOf(progress), bar(progress.step / progress.steps, width), ...valuesOf(progress), `${seconds(progress.secondsLeft)} left`];
      // A longer line would wrap, and could not be written over.
      show(line.join('  ').slice(0, (stream.columns ?? 80) - 1), '');
    },
    onEpoch(end) {
      const judged = end.validation ?? end.training;
      const values = judged ? valuesOf(judged).map((value) => `${end.validation ? 'validation' : 'training'} ${value}`) : [];
      show([epochOf(end), ...valuesOf(end), ...values, seconds(end.seconds)].join('  '), '\n');
    },
  };
}

function usualStream(): TextStream {
  const host = globalThis as { process?: { stderr?: TextStream } };
  return host.process?.stderr ?? { write: (text) => console.log(text.trimEnd()) };
}

function epochOf({ epoch, epochs }: FitProgress): string {
  return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
}

function bar(share: number, width: number): string {
  const full = Math.round(share * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** What is known of times and places, which is shown by itself. */
const OTHERS: readonly (keyof EpochEnd)[] = [
  'epoch',
  'epochs',
  'step',
  'steps',
  'seconds',
  'samplesPerSecond',
  'secondsLeft',
  'longestBlock',
  'validation',
  'training',
];

/** Losses and metrics, each as a name and a number; of a metric with a number per class, the average. */
function valuesOf(evaluation: Evaluation): string[] {
  const found = Object.entries(evaluation).filter(([name]) => !(OTHERS as readonly string[]).includes(name));
  return found.flatMap(([name, value]) => {
    if (name === 'losses') return value ? [`(${(value as number[]).map(short).join(' + ')})`] : [];
    const number: unknown = typeof value === 'number' ? value : fieldOf(value, 'macro');
    if (typeof number !== 'number') return [];
    return [`${name} ${name === 'accuracy' ? `${(100 * number).toFixed(1)} %` : short(number)}`];
  });
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

/** A time: `0.4 s`, `75 s`, `5 min`. */
function seconds(value: number): string {
  if (!Number.isFinite(value)) return '?';
  return value < 10 ? `${value.toFixed(1)} s` : value < 600 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}
