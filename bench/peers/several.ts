/** A row on several threads: neurite's beside its one, and beside other systems with as many. */
import type { Split } from '../data.js';
import { type Build, compare, type Result } from '../measure.js';
import { onThreads } from '../neurite.js';
import { predictionEffort, trainingEffort } from '../rows.js';
import { inputs, type Prediction, shared, type Training } from '../workloads.js';
import { checkPredictions, initial } from './equal.js';
import type { Peer, Predicting } from './peer.js';

/** How many threads others have too: as many as most machines have cores. */
export const THREADS = 2;

/** The work that is measured on so many, with the names of its rows. */
export const onSeveral: readonly (readonly [workload: string, work: Training | Prediction])[] = shared
  .filter(({ threads }) => threads === THREADS)
  .map(({ work }) => [`${work.id} ${THREADS} threads`, work]);

/** Everyone's work is checked before it is timed: neurite's bits, other systems' outputs or their accuracy. */
export async function compareOnSeveral(
  workload: string,
  work: Training | Prediction,
  peers: readonly Peer[],
  { mnist, build, repetitions }: { readonly mnist: () => Split; readonly build: 'auto' | Build; readonly repetitions: number },
): Promise<Result[]> {
  const parameters = initial(work, build);
  if (!('optimizer' in work)) {
    const others: Predicting[] = [];
    for (const peer of peers) if (peer.predict) others.push(await peer.predict(work, parameters, inputs(work)));
    await checkPredictions(workload, work, others, build);
    const own = await onThreads(work, undefined, build, { threads: THREADS });
    return compare(workload, work.unit, [...own, ...others], predictionEffort(repetitions));
  }
  const data = work.data(mnist);
  const contenders = await onThreads(work, data, build, { threads: THREADS });
  for (const peer of peers) if (peer.train) contenders.push(await peer.train(work, data, parameters));
  return compare(workload, work.unit, contenders, trainingEffort(repetitions));
}
