/** Looks after helpers while the leader waits for them, and hears of no event. */

/** How long no part may be finished, in ms, where the host does not say whether a helper is still there. */
const PATIENCE = 60_000;

/** The most that counts between two looks, in ms: a machine that slept in between is not waited for. */
const STEP = 1000;

/** What is asked of a helper. */
interface Watched {
  /** Whether it ended; undefined where the host does not say. */
  isGone(): boolean | undefined;
}

/**
 * What the core calls again and again while its leader waits: `job` counts instructions, `finished` the parts of this one that are done.
 * @param lost called once a helper is gone, which never finishes its part; it throws
 */
export function watchOver(
  helpers: readonly Watched[],
  lost: (why: string) => never,
  now: () => number = () => performance.now(),
): (job: number, finished: number) => void {
  let [lastJob, lastFinished, last, waited] = [-1, -1, 0, 0];
  return (job, finished) => {
    let isKnown = true;
    for (const helper of helpers) {
      const isGone = helper.isGone();
      if (isGone) lost('ended inside its part');
      if (isGone === undefined) isKnown = false;
    }
    if (isKnown) return;
    const time = now();
    waited = job === lastJob && finished === lastFinished ? waited + Math.min(time - last, STEP) : 0;
    [lastJob, lastFinished, last] = [job, finished, time];
    if (waited >= PATIENCE) lost('did not finish its part within a minute');
  };
}
