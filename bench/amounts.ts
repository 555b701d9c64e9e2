import type { Prediction, Training } from './workloads.js';

/** How much work one run of a training is. */
export function trainingAmount({ unit, batch, epochs }: Pick<Training, 'unit' | 'batch' | 'epochs'>, rows: number): number {
  return epochs * (unit === 'steps/s' ? Math.ceil(rows / batch) : rows);
}

/** How much work one run of a prediction is. */
export function predictionAmount({ unit, calls, rows }: Pick<Prediction, 'unit' | 'calls' | 'rows'>): number {
  return calls * (unit === 'samples/s' ? rows : 1);
}
