/** Every loss, a row each: what the tests need to know of it. A loss without a row fails. */
import { binaryCrossEntropy, crossEntropy, type Loss, meanSquaredError, squaredError } from 'neurite';
import * as oracle from '../oracle/losses.js';

export interface LossRow {
  readonly make: () => Loss;
  /** An activation of the output that it fits. */
  readonly output: 'softmax' | 'sigmoid' | 'identity';
  /** Targets of a row, of numbers in [0, 1). */
  targets(draws: readonly number[]): number[];
  /** The loss of a row in float64, from the logits where the loss has a head, else from the output; and ∂/∂ of these. */
  row(v: number[], t: number[]): number;
  gradient(v: number[], t: number[]): number[];
  /** What the sum over the rows is divided by for a mean besides the rows: 1, or the outputs. */
  readonly divisor: 'one' | 'outputs';
  /** Its word in `test/torch/networks.ts`, or why PyTorch has none. */
  readonly torch: string;
}

const same = (draws: readonly number[]) => [...draws];

export const losses: Readonly<Record<string, LossRow>> = {
  crossEntropy: {
    make: crossEntropy,
    output: 'softmax',
    targets(draws) {
      const total = draws.reduce((a, b) => a + b, 0);
      return draws.map((v) => v / total);
    },
    row: oracle.crossEntropy,
    gradient: oracle.crossEntropyGradient,
    divisor: 'one',
    torch: 'crossEntropy',
  },
  binaryCrossEntropy: {
    make: binaryCrossEntropy,
    output: 'sigmoid',
    targets: same,
    row: oracle.binaryCrossEntropy,
    gradient: oracle.binaryCrossEntropyGradient,
    divisor: 'outputs',
    torch: 'binaryCrossEntropy',
  },
  meanSquaredError: {
    make: meanSquaredError,
    output: 'identity',
    targets: same,
    row: oracle.squaredError,
    gradient: oracle.squaredErrorGradient,
    divisor: 'outputs',
    torch: 'meanSquaredError',
  },
  squaredError: {
    make: squaredError,
    output: 'identity',
    targets: same,
    row: oracle.squaredError,
    gradient: oracle.squaredErrorGradient,
    divisor: 'one',
    torch: 'squaredError',
  },
};
