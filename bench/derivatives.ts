/** What derivatives cost, beside what users know the cost of: predictions and gradients. */

import { crossEntropy, dense, type Network, sequential, sgd } from 'neurite';
import { hvp, jacobian } from 'neurite/derivatives';
import { uniformArray, uniforms } from './data.js';
import type { Build } from './measure.js';
import { predictionEffort, type Row } from './rows.js';

/** Calls to one measured run. */
const CALLS = 16;
const ROWS = 32;

const x = () => uniformArray(ROWS * 784, 1, 0, 1);

/** A derivative, and as many of the calls it is compared with as it may cost. */
interface Comparison {
  readonly workload: string;
  readonly work: string;
  readonly times: number;
  readonly calls: (net: Network) => { derivative: () => unknown; known: () => unknown };
}

const comparisons: readonly Comparison[] = [
  {
    workload: 'D jacobian',
    work: 'D 4 × predict 10 rows',
    times: 4,
    calls(net) {
      const rows = x();
      const [one, ten] = [rows.subarray(0, 784), rows.subarray(0, 7840)];
      return { derivative: () => jacobian(net, one), known: () => net.predict(ten) };
    },
  },
  {
    workload: 'D hvp',
    work: 'D 5 × gradient',
    times: 5,
    calls(net) {
      const next = uniforms(1);
      const rows = x();
      const y = Uint8Array.from({ length: ROWS }, () => Math.floor(10 * next()));
      const v = uniformArray(net.parameterCount, 2);
      return { derivative: () => hvp(net, rows, y, v), known: () => net.gradient(rows, y) };
    },
  },
];

export function derivativeRows(build: 'auto' | Build): Row[] {
  return comparisons.map(({ workload, work, times, calls }) => ({
    workload,
    unit: 'µs',
    effort: predictionEffort,
    contenders() {
      const net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), build, seed: 1 });
      const { derivative, known } = calls(net);
      const run = (n: number, f: () => unknown) => () => {
        for (let i = 0; i < n; i++) f();
      };
      const shared = { system: 'neurite', build: net.build, amount: CALLS };
      return [
        { ...shared, run: run(CALLS, derivative), free: () => net.dispose() },
        { ...shared, work, run: run(times * CALLS, known) },
      ];
    },
  }));
}
