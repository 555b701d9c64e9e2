import { lowest } from './floors.js';
import type { Result } from './measure.js';
import type { Measurement } from './suite.js';

/** How often a ratio is measured before it counts as below its floor: a machine that does something else for a while is no regression. */
const ATTEMPTS = 3;

/** What a floor is of: how many times as fast the first is as the second, or the share of the limit of one that is alone. */
function ratioOf([first, second]: readonly Result[]): number {
  return second?.ratio ?? (first as Result).value / ((first as Result).limit as number);
}

/** What `--check` found: the best ratio of every row that has a floor. */
export class Check {
  #held = 0;
  #below = 0;

  /** Measures a row, again where it is below its floor, and says so where it stays there. One without a floor is not measured at all. */
  async hold({ workload, build, measure }: Measurement): Promise<void> {
    const floor = lowest(workload, build);
    if (floor === undefined) return;
    let ratio = 0;
    for (let attempt = 0; attempt < ATTEMPTS && ratio < floor; attempt++) ratio = Math.max(ratio, ratioOf(await measure()));
    if (ratio >= floor) this.#held++;
    else {
      this.#below++;
      console.error(`below its floor: ${workload} (${build}): ${ratio.toPrecision(3)}, expected at least ${floor}`);
    }
  }

  /** Whether something was measured and nothing is below its floor. */
  done(): boolean {
    console.error(`${this.#held} of ${this.#held + this.#below} ratios hold`);
    return this.#held > 0 && this.#below === 0;
  }
}
