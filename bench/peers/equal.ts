/** What every system begins with, and what it must come to. */
import { type Build, checkClose } from '../measure.js';
import { network } from '../neurite.js';
import { inputs, type Prediction, type Training } from '../workloads.js';
import type { Predicting } from './peer.js';

/** The parameters that everyone begins with: neurite's. */
export function initial(work: Training | Prediction, build: 'auto' | Build): Float32Array {
  const net = network(work, build);
  const parameters = net.parameters.slice();
  net.dispose();
  return parameters;
}

/** Compares what others predict with what neurite does. */
export async function checkPredictions(workload: string, work: Prediction, peers: readonly Predicting[], build: 'auto' | Build): Promise<void> {
  const net = network(work, build);
  const expected = net.predict(inputs(work)[0] as Float32Array);
  net.dispose();
  // A probability is off by no more than its logit is, and that by its longest sum's roundings.
  const tolerance = Math.max(...work.sizes) * 2 ** -24 * 4;
  for (const peer of peers) checkClose(`${workload}: ${peer.system}`, await peer.outputs(), expected, tolerance);
}
