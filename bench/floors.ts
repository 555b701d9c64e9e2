import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Build } from './measure.js';

/** How often a ratio is measured before it counts as below its floor: a machine that does something else for a while is no regression. */
const ATTEMPTS = 3;

interface Held {
  readonly name: string;
  readonly floor: number;
  /** The best that was measured. */
  readonly ratio: number;
}

/** The lowest ratios that are no regression, per build: for products the share of the limit, else how many times as fast as what it is compared with. */
export class Floors {
  readonly #floors: Record<Build, Record<string, number>>;
  readonly #held: Held[] = [];

  constructor(file = fileURLToPath(new URL('../../bench/floors.json', import.meta.url))) {
    this.#floors = JSON.parse(readFileSync(file, 'utf8'));
  }

  /** Measures a ratio, again where it is below its floor. One without a floor is not measured at all. */
  async hold(workload: string, build: Build, measure: () => Promise<number>): Promise<void> {
    const floor = this.#floors[build][workload];
    if (floor === undefined) return;
    let ratio = 0;
    for (let attempt = 0; attempt < ATTEMPTS && ratio < floor; attempt++) ratio = Math.max(ratio, await measure());
    this.#held.push({ name: `${workload} (${build})`, floor, ratio });
  }

  /** Whether something was measured and nothing is below its floor. */
  get held(): boolean {
    return this.#held.length > 0 && this.#held.every(({ ratio, floor }) => ratio >= floor);
  }

  summary(): string {
    const below = this.#held.filter(({ ratio, floor }) => !(ratio >= floor));
    const lines = below.map(({ name, ratio, floor }) => `below its floor: ${name}: ${ratio.toPrecision(3)}, expected at least ${floor}`);
    return [...lines, `${this.#held.length - below.length} of ${this.#held.length} ratios hold`].join('\n');
  }
}
