/** What packing the weights ahead gains: a frozen predictor beside its network, on few rows. */

import { uniformArray } from './data.js';
import type { Build } from './measure.js';
import { network } from './neurite.js';
import { predictionEffort, type Row } from './rows.js';
import { frozenCalls, predictionAmount, predictions } from './workloads.js';

/** What a network and a frozen predictor have in common. */
interface Predicting {
  predict(x: Float32Array, out: Float32Array): Float32Array;
}

/** Calls to one measured run. */
const CALLS = 64;

export function frozenRows(build: 'auto' | Build): Row[] {
  const { sizes, activations } = predictions.find(({ id }) => id === 'I2') as (typeof predictions)[number];
  return frozenCalls.map(({ rows, workload }) => ({
    workload,
    unit: 'samples/s',
    effort: predictionEffort,
    contenders() {
      const net = network({ sizes, activations }, { build });
      const fixed = net.freeze();
      const x = uniformArray(rows * net.inFeatures, 1, 0, 1);
      const out = new Float32Array(rows * net.outFeatures);
      const calls = rows === 256 ? 1 : CALLS;
      const run = (predictor: Predicting) => () => {
        for (let i = 0; i < calls; i++) predictor.predict(x, out);
      };
      const shared = { system: 'neurite', build: net.build, amount: predictionAmount({ unit: 'samples/s', calls, rows }) };
      return [
        { ...shared, run: run(fixed) },
        {
          ...shared,
          work: `${workload}, not frozen`,
          run: run(net),
          free: () => {
            fixed.dispose();
            net.dispose();
          },
        },
      ];
    },
  }));
}
