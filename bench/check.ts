import { lowestRatio } from './floors.js';
import type { Build } from './measure.js';

/** How often a ratio is measured before it counts as below its floor: a machine that does something else for a while is no regression. */
const ATTEMPTS = 3;

/** What `--check` found: the best ratio of every row that has a floor. */
export class Check {
  readonly #held: { readonly name: string; readonly floor: number; readonly ratio: number }[] = [];

  /** Measures a ratio, again where it is below its floor. One without a floor is not measured at all. */
  async hold(workload: string, build: Build, measure: () => Promise<number>): Promise<void> {
    const floor = lowestRatio(workload, build);
    if (floor === undefined) return;
    let ratio = 0;
    for (let attempt = 0; attempt < ATTEMPTS && ratio < floor; attempt++) ratio = Math.max(ratio, await measure());
    this.#held.push({ name: `${workload} (${build})`, floor, ratio });
  }

  /** Prints what is below its floor. Returns whether something was measured and nothing is. */
  report(): boolean {
    const below = this.#held.filter(({ ratio, floor }) => !(ratio >= floor));
    for (const { name, ratio, floor } of below) console.error(`below its floor: ${name}: ${ratio.toPrecision(3)}, expected at least ${floor}`);
    console.error(`${this.#held.length - below.length} of ${this.#held.length} ratios hold`);
    return this.#held.length > 0 && below.length === 0;
  }
}
