/** The rows that a population is trained or evaluated on: a data set for all nets, or one for each. */
import { DataType } from '../../assembly/opcodes.js';
import { isList } from '../arguments/describe.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral, endReading, type Uploaded } from '../data/dataset.js';
import { isStreamed } from '../data/rows.js';
import { ShapeError, ValueError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import { runAll } from '../training/callbacks.js';
import { type Cohort, type Groups, LANES } from './cohort.js';

/** A data set or its literal: for all nets; or a list with one for each net. */
export type PopulationData = OneDataset | readonly OneDataset[];
export type OneDataset = Dataset | DatasetLiteral<AnyTargets, Inputs>;

/** Uploads data sets and points the nets of a group to their rows. All data were read before: no code of the caller's runs after construction. */
export class Sources {
  readonly rows: number;
  readonly forms: readonly TargetForm[];
  readonly #cohort: Cohort;
  /** One, or one for each net. */
  readonly #sets: readonly Dataset[];
  readonly #uploads: readonly Uploaded[];
  readonly #own: readonly Dataset[];
  /** An order of the rows for each seed. */
  readonly #orders = new Map<number, number>();

  /** @throws ShapeError for data sets of another number, of other rows, or with other columns; ValueError for what cannot be read */
  constructor(
    readonly call: string,
    cohort: Cohort,
    data: PopulationData,
  ) {
    this.#cohort = cohort;
    const { core, columns, count } = cohort;
    const several = isList(data);
    const list = (several ? Array.from(data as readonly OneDataset[]) : [data]) as OneDataset[];
    if (several && list.length !== count)
      throw new ShapeError(`${call}: ${list.length} data sets came for ${count} nets, expected ${count}, one for each, or one for all`);
    const made = new Map<unknown, Dataset>();
    this.#sets = list.map((one, i) => {
      if (isStreamed(one))
        throw new ValueError(`${call}: the data are a stream, expected a data set or { x, y }: nets take rows in different orders`);
      if (Dataset.is(one)) return one;
      const known = made.get(one) ?? new Dataset(one, several ? `${call}: data[${i}]` : call);
      made.set(one, known);
      return known;
    });
    this.#own = [...made.values()];
    const uploads: Uploaded[] = [];
    this.#uploads = uploads;
    try {
      this.#sets.forEach((set, i) => {
        const what = several ? `${call}: data[${i}]` : call;
        const uploaded = set.upload(what, core, columns);
        if (!uploaded) throw new ValueError(`${what}: the data are larger than their budget of ${set.budget} bytes, expected a larger budget`);
        uploaded.readers++;
        uploads.push(uploaded);
        const [first] = uploads as [Uploaded];
        if (uploaded.rows !== first.rows)
          throw new ShapeError(
            `${what} has ${uploaded.rows} rows and data[0] has ${first.rows}, expected as many: the nets take their steps together`,
          );
        if (String(uploaded.forms) !== String(first.forms))
          throw new ShapeError(
            `${what} has targets as ${uploaded.forms.join(' and ')} and data[0] as ${first.forms.join(' and ')}, expected the same`,
          );
      });
    } catch (error) {
      this.free();
      throw error;
    }
    const [first] = uploads as [Uploaded];
    this.rows = first.rows;
    this.forms = first.forms;
  }

  /** Makes room for an order for each of these seeds. */
  reserve(seeds: readonly number[]): void {
    const { core } = this.#cohort;
    for (const seed of new Set(seeds)) {
      if (!this.#orders.has(seed)) this.#orders.set(seed, core.allocate(this.rows * 4, `${this.call}: the order of ${this.rows} rows`));
    }
  }

  /** Draws a new order for each seed, from a stream of it. */
  shuffle(stream: number): void {
    const { permutation } = this.#cohort.core.exports;
    for (const [seed, address] of this.#orders) permutation(address, this.rows, seed, stream);
  }

  /** Points a block to its rows, in the order of each net's seed, or as they are stored. */
  enter({ first, groups }: Groups, seeds: readonly number[] | undefined): void {
    const cohort = this.#cohort;
    const inputs = cohort.model.inputs.length;
    const orders: number[] = [];
    for (let index = 0; index < groups * LANES; index++) {
      // Lanes without a net repeat the last one's rows.
      const net = Math.min(first * LANES + index, cohort.count - 1);
      const at = this.#sets.length > 1 ? net : 0;
      const set = this.#sets[at] as Dataset;
      const { columns } = this.#uploads[at] as Uploaded;
      for (let i = 0; i < columns.length; i++) {
        const { address, type, isShared } = columns[i] as Uploaded['columns'][number];
        const asInput = i < inputs || isShared === true;
        const unscaled = !asInput && (type === DataType.Uint32 || i >= inputs + this.forms.length);
        const scale = unscaled ? 1 : asInput ? set.scale : set.targetScale;
        const offset = unscaled ? 0 : asInput ? set.offset : set.targetOffset;
        cohort.setSource(i, index, address, type, scale, offset);
      }
      if (seeds) orders.push(this.#orders.get(seeds[net] as number) as number);
    }
    cohort.setOrders(seeds ? orders : undefined);
  }

  free(): void {
    const { core } = this.#cohort;
    runAll(
      ...[...this.#orders.values()].map((address) => () => core.free(address)),
      ...this.#uploads.map((uploaded) => () => endReading(core, uploaded)),
      ...this.#own.map((set) => () => set.dispose()),
    );
    this.#orders.clear();
  }
}
