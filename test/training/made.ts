/** What optimizers are tried on: a small network, and a batch for it. */
import { crossEntropy, dense, type Optimizer, sequential } from 'neurite';
import type { Build } from '../../src/core/core.js';
import { filled, numbers } from '../kernels/numbers.js';

export const rows = 12;
export const x = filled(rows * 5, numbers(1));
export const y = Uint8Array.from({ length: rows }, (_, i) => i % 3);

export const made = (optimizer: Optimizer, build: Build = 'simd') =>
  sequential(5, [dense(7, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, build, seed: 4 });
