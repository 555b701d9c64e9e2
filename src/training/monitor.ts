import { describe, fieldOf } from '../arguments/describe.js';
import { nearest } from '../arguments/nearest.js';
import { ValueError } from '../errors.js';
import { answerOf } from './callbacks.js';
import type { EpochEnd } from './history.js';
import type { Metric } from './metrics/metric.js';

/** Which value of an epoch is watched. */
export interface Monitor {
  /**
   * `'loss'`, `'accuracy'`, or the name of one of `metrics`, of `validation` where there is validation data, else of `training`; of a metric with a
   * number per class, the `macro` average. Or a function of the epoch's end that returns a number. A loss that is not finite is never better;
   * only for such an epoch may the function return NaN. Default `'loss'`.
   */
  readonly monitor?: string | ((end: EpochEnd) => number);
  /** Whether lower or higher is better. Default: as the metric says, lower for `'loss'` and for a function, higher for `'accuracy'`. */
  readonly mode?: 'min' | 'max';
}

/**
 * What a monitor makes of an epoch: a number of which lower is better.
 * @param option what an error calls it, such as `earlyStopping`
 * @throws ValueError for a name that is none of the loss, the accuracy and the metrics
 */
export function watcher(
  option: string,
  { monitor = 'loss', mode }: Monitor,
  metrics: readonly Metric[],
  decides: boolean,
): (end: EpochEnd) => number {
  if (mode !== undefined && mode !== 'min' && mode !== 'max')
    throw new ValueError(`fit: ${option}.mode is ${describe(mode)}, expected 'min' or 'max'`);
  if (typeof monitor === 'function') {
    const sign = mode === 'max' ? -1 : 1;
    return (end) => sign * calledWith(option, monitor, end);
  }
  checkMonitor(option, monitor, metrics, decides);
  const sign = (mode ?? usualMode(monitor, metrics)) === 'max' ? -1 : 1;
  return (end) => sign * monitoredValue(option, monitor, end);
}

/** Whether a value improves as it falls or as it rises. */
export function usualMode(monitor: string, metrics: readonly Metric[]): 'min' | 'max' {
  return monitor === 'loss' ? 'min' : (metrics.find(({ name }) => name === monitor)?.mode ?? 'max');
}

/** @throws ValueError for a monitor that is none of the loss, the accuracy and the metrics, with the name that was meant */
export function checkMonitor(option: string, monitor: unknown, metrics: readonly Metric[], decides: boolean): void {
  if (monitor === 'accuracy' && !decides)
    throw new ValueError(`fit: ${option}.monitor is 'accuracy', but the loss has no decisions; expected 'loss' or a function`);
  const known = ['loss', ...(decides ? ['accuracy'] : []), ...metrics.map(({ name }) => name)];
  if (known.includes(monitor as string)) return;
  const meant = typeof monitor === 'string' ? nearest(monitor.replace(/^val_?/, ''), known) : undefined;
  const list = known.map((name) => `'${name}'`).join(', ');
  throw new ValueError(
    `fit: ${option}.monitor is ${describe(monitor)}, expected ${list}, a metric of { metrics }, or a function${meant ? `; did you mean '${meant}'?` : ''}`,
  );
}

/** The evaluation that an epoch is judged by. */
function watchedOf(end: EpochEnd) {
  return end.validation ?? end.training ?? end;
}

/** The watched number of an epoch; of a metric with a number per class, the average. @throws ValueError where it is none */
export function monitoredValue(option: string, name: string, end: EpochEnd): number {
  const found: unknown = fieldOf(watchedOf(end), name);
  const value = typeof found === 'number' ? found : fieldOf(found, 'macro');
  if (typeof value !== 'number') throw new ValueError(`fit: ${option}.monitor is '${name}', whose value is ${describe(found)}, expected a number`);
  return value;
}

function calledWith(option: string, monitor: (end: EpochEnd) => number, end: EpochEnd): number {
  const value: unknown = answerOf('fit', `${option}.monitor`, monitor(end));
  const finite = Number.isFinite(end.loss) && Number.isFinite(watchedOf(end).loss);
  if (typeof value !== 'number' || (Number.isNaN(value) && finite))
    throw new ValueError(`fit: ${option}.monitor gave ${describe(value)} for epoch ${end.epoch}, expected a number`);
  return value;
}
