/** The numbers of a run. */
import type { Sample } from '../model/run.js';
import { byId } from './dom.js';

/** What a call of the training did. */
export interface Spent {
  readonly rows: number;
  readonly steps: number;
  readonly seconds: number;
}

function put(id: string, value: number | undefined, text: (value: number) => string): void {
  const element = byId(id);
  element.textContent = value === undefined ? '–' : text(value);
  // To the bit, for whoever compares.
  element.dataset.value = String(value);
}

/** With a comma before each three digits. `Intl` is not asked: the page opens without loading it. */
const grouped = (whole: number) => String(whole).replace(/\B(?=(\d{3})+$)/g, ',');

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export function writeLosses({ training, test, trainingRight, testRight }: Sample): void {
  put('training-loss', training, (v) => v.toPrecision(4));
  put('test-loss', test, (v) => v.toPrecision(4));
  put('training-right', trainingRight, percent);
  put('test-right', testRight, percent);
}

function duration(seconds: number): string {
  const [scaled, unit] = seconds >= 1 ? [seconds, 's'] : seconds >= 1e-3 ? [seconds * 1e3, 'ms'] : [seconds * 1e6, 'µs'];
  return `${scaled.toPrecision(3)} ${unit}`;
}

/** @param recent the last calls, whose mean the speed is */
export function writeProgress(steps: number, epochs: number, recent: readonly Spent[]): void {
  const total = (of: keyof Spent) => recent.reduce((sum, one) => sum + one[of], 0);
  const seconds = total('seconds');
  byId('steps').textContent = grouped(steps);
  byId('epochs').textContent = epochs < 10 ? String(Number(epochs.toFixed(1))) : grouped(Math.round(epochs));
  byId('rate').textContent = seconds > 0 ? grouped(Math.round(total('rows') / seconds)) : '–';
  byId('time').textContent = seconds > 0 ? duration(seconds / total('steps')) : '–';
}
