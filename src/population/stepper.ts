/** What the steps of a block read besides their data: learning rates, and what the optimizer's formula makes of them. */
import { type Cohort, type Groups, LANES } from './cohort.js';

/** Rates and scalars of the steps of one block. */
export class Stepper {
  readonly #cohort: Cohort;
  #table = new Float64Array(0);
  /** Scalars and the powers behind each step, by the rates and powers they follow from: nets mostly share them. */
  readonly #scalars = new Map<string, { readonly table: Float64Array; readonly after: Float64Array }>();
  #rates: readonly Float64Array[] = [];
  #constant = true;

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
  }

  /** Sets the rates of the next slice: those of all nets, for each step, or one entry for all steps. */
  set(rates: readonly Float64Array[], constant: boolean): void {
    this.#rates = rates;
    this.#constant = constant;
    this.#scalars.clear();
  }

  /** Writes rates and scalars of steps `from` … of a block. @returns what is to be called when so many of them are done */
  write({ first, groups }: Groups, from: number, count: number): () => void {
    const cohort = this.#cohort;
    const { update } = cohort;
    const nets = groups * LANES;
    // Lanes without a net repeat the last one's.
    const netOf = (index: number) => Math.min(first * LANES + index, cohort.count - 1);
    const rateOf = (step: number, index: number) => (this.#rates[this.#constant ? 0 : from + step] as Float64Array)[netOf(index)] as number;
    const steps = this.#constant ? 1 : count;
    if (this.#table.length < steps * nets) this.#table = new Float64Array(steps * nets);
    for (let step = 0; step < steps; step++) for (let index = 0; index < nets; index++) this.#table[step * nets + index] = rateOf(step, index);
    cohort.setRates(this.#table.subarray(0, steps * nets), nets);
    if (!update?.composition || update.scalarCount === 0) return () => {};
    const { scalarCount, start } = update;
    const table = new Float64Array(count * scalarCount * nets);
    const after: Float64Array[] = [];
    for (let index = 0; index < nets; index++) {
      const powers = cohort.readPowers(netOf(index));
      const rates = Float64Array.from({ length: count }, (_, step) => rateOf(step, index));
      const key = `${this.#constant ? rates[0] : rates}|${count}|${powers}`;
      const known = this.#scalars.get(key) ?? update.composition.scalarTable(update.kinds, update.scalars, rates, powers);
      this.#scalars.set(key, known);
      for (let i = 0; i < count * scalarCount; i++) table[i * nets + index] = known.table[i] as number;
      after.push(known.after.subarray((count - 1) * start.length, count * start.length));
    }
    cohort.setScalars(table);
    return () => {
      after.forEach((powers, index) => {
        const at = cohort.powerIndexOf(first * LANES + index);
        powers.forEach((power, i) => {
          cohort.core.f64[at + i * LANES] = power;
        });
      });
    };
  }
}
