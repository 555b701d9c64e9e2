/** What every system begins with, and what it must come to. */
import type { Build } from '../measure.js';
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

/** @throws when outputs differ by more than roundings explain: who computes something else has no result */
export function checkEqual(workload: string, system: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  let worst = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs((found[i] as number) - (expected[i] as number)));
  if (!(worst <= tolerance)) throw new Error(`${workload}: outputs of ${system} differ by ${worst}`);
}

/** Compares what others predict with what neurite does. */
export async function checkPredictions(workload: string, work: Prediction, peers: readonly Predicting[], build: 'auto' | Build): Promise<void> {
  const net = network(work, build);
  const expected = net.predict(inputs(work)[0] as Float32Array);
  net.dispose();
  // A probability is off by no more than its logit is, and that by its longest sum's roundings.
  const tolerance = Math.max(...work.sizes) * 2 ** -24 * 4;
  for (const peer of peers) checkEqual(workload, peer.system, await peer.outputs(), expected, tolerance);
}
