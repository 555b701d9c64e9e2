/** The rows that a population is trained or evaluated on: a data set for all nets, or one for each, each of as many rows as it has. */
import { DataType } from '../../assembly/opcodes.js';
import { isList } from '../arguments/describe.js';
import { countOf, elementsOf } from '../arguments/list.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral, endReading, type Uploaded } from '../data/dataset.js';
import { isStreamed } from '../data/rows.js';
import type { TargetShape } from '../engine/columns.js';
import { ShapeError, ValueError } from '../errors.js';
import { hasIds, type TargetForm, weightingOf } from '../losses/targetForm.js';
import { runAll } from '../training/callbacks.js';
import { type Cohort, type Groups, LANES } from './cohort.js';

/** A data set or its literal: for all nets; or a list with one for each net. */
export type PopulationData = OneDataset | readonly OneDataset[];
export type OneDataset = Dataset | DatasetLiteral<AnyTargets, Inputs>;

/** The data sets that a caller gave. */
export class Given {
  /** One for all nets, or one for each. */
  readonly sets: readonly Dataset[];
  readonly #own: readonly Dataset[];

  /** @throws ShapeError for data sets of another number; ValueError for what is none */
  constructor(
    readonly call: string,
    data: PopulationData,
    count: number,
  ) {
    const several = isList(data);
    const found = several ? countOf(data) : count;
    if (found !== count) throw new ShapeError(`${call}: ${found} data sets came for ${count} nets, expected ${count}, one for each, or one for all`);
    const list = (several ? elementsOf(data, count) : [data]) as OneDataset[];
    const made = new Map<unknown, Dataset>();
    this.sets = list.map((one, i) => {
      if (isStreamed(one))
        throw new ValueError(
          `${call}: the data are a stream, expected a data set or { x, y }: each net takes the rows in an order of its own, and a stream gives them once`,
        );
      if (Dataset.is(one)) return one;
      const known = made.get(one) ?? new Dataset(one, several ? `${call}: data[${i}]` : call);
      made.set(one, known);
      return known;
    });
    this.#own = [...made.values()];
  }

  /** What an error calls the data set of a net. */
  nameOf(at: number): string {
    return this.sets.length > 1 ? `${this.call}: data[${at}]` : this.call;
  }

  free(): void {
    runAll(...this.#own.map((set) => () => set.dispose()));
  }
}

/** An order of the rows of some nets: those of one seed, with as many rows and epochs before. */
interface Order {
  readonly address: number;
  readonly seed: number;
  readonly rows: number;
  readonly stream: number;
}

/** Uploads data sets and points nets to their rows. All data were read before: no code of the caller's runs after construction. */
export class Sources {
  /** The most rows that a net has. */
  readonly most: number;
  readonly forms: readonly TargetForm[];
  readonly #given: Given;
  readonly #cohort: Cohort;
  /** One, or one for each net, as the data sets are. */
  readonly #uploads: readonly Uploaded[];
  readonly #ranges: readonly (readonly [first: number, end: number])[];
  /** Numbers of a row of each column. */
  readonly #widths: readonly number[];
  readonly #orders = new Map<string, Order>();
  /** The order of each net. */
  #orderOf: Order[] = [];

  /**
   * @param range which of the rows of a data set: from the first up to the second
   * @throws ShapeError for data sets with other columns; ValueError for what cannot be read
   */
  constructor(given: Given, cohort: Cohort, range: (rows: number) => readonly [first: number, end: number] = (rows) => [0, rows]) {
    this.#given = given;
    this.#cohort = cohort;
    const { core, columns } = cohort;
    const uploads: Uploaded[] = [];
    this.#uploads = uploads;
    try {
      given.sets.forEach((set, i) => {
        const what = given.nameOf(i);
        const uploaded = set.upload(what, core, columns);
        if (!uploaded) throw new ValueError(`${what}: the data are larger than their budget of ${set.budget} bytes, expected a larger budget`);
        uploaded.readers++;
        uploads.push(uploaded);
        const [first] = uploads as [Uploaded];
        if (String(uploaded.forms) !== String(first.forms))
          throw new ShapeError(
            `${what} has targets as ${uploaded.forms.join(' and ')} and data[0] as ${first.forms.join(' and ')}, expected the same`,
          );
      });
      this.#ranges = uploads.map(({ rows }) => range(rows));
    } catch (error) {
      this.free();
      throw error;
    }
    this.most = this.#ranges.reduce((most, [first, end]) => Math.max(most, end - first), 0);
    this.forms = (uploads[0] as Uploaded).forms;
    const weights = this.forms.map((form, i) => ({ rows: 1, elements: (columns.targets[i] as TargetShape).width })[weightingOf(form) ?? 'rows']);
    this.#widths = [
      ...columns.inputs,
      ...this.forms.map((form, i) => (hasIds(form) ? 1 : (columns.targets[i] as TargetShape).width)),
      ...weights.filter((_, i) => weightingOf(this.forms[i] as TargetForm)),
    ];
  }

  #indexOf(net: number): number {
    return this.#uploads.length > 1 ? net : 0;
  }

  rowsOf(net: number): number {
    const [first, end] = this.#ranges[this.#indexOf(net)] as readonly [number, number];
    return end - first;
  }

  /** Calls with each number of rows that there is, once, and what an error calls the first data set of them. */
  eachRows(check: (what: string, rows: number) => void): void {
    const seen = new Set<number>();
    this.#ranges.forEach(([first, end], i) => {
      if (!seen.has(end - first)) check(this.#given.nameOf(i), end - first);
      seen.add(end - first);
    });
  }

  /** Makes room for the order of each net: those of one seed with as many rows and epochs before share one. */
  reserve(seeds: readonly number[], epochs: readonly number[]): void {
    const { core } = this.#cohort;
    this.#orderOf = seeds.map((seed, net) => {
      const rows = this.rowsOf(net);
      const stream = epochs[net] as number;
      const key = `${seed} ${rows} ${stream}`;
      let order = this.#orders.get(key);
      if (!order) {
        order = { address: core.allocate(rows * 4, `${this.#given.call}: the order of ${rows} rows`), seed, rows, stream };
        this.#orders.set(key, order);
      }
      return order;
    });
  }

  /** Draws each order anew: from the stream of its seed that is `from` and the epochs before, of which this fit has done `epochs`. */
  shuffle(from: number, epochs: number): void {
    const { permutation } = this.#cohort.core.exports;
    for (const { address, seed, rows, stream } of this.#orders.values()) permutation(address, rows, seed, (from + stream + epochs) >>> 0);
  }

  /**
   * Points the nets of a block to their rows, in their orders or as they are stored. Lanes that are not among `nets`, a bit each, repeat the rows of the
   * first that is: their own may be fewer.
   */
  enter({ first, groups }: Groups, nets: number, ordered: boolean): void {
    const cohort = this.#cohort;
    const inputs = cohort.model.inputs.length;
    const orders: number[] = [];
    const one = first * LANES + 31 - Math.clz32(nets & -nets);
    for (let index = 0; index < groups * LANES; index++) {
      const net = nets & (1 << index) ? first * LANES + index : one;
      const at = this.#indexOf(net);
      const set = this.#given.sets[at] as Dataset;
      const { columns } = this.#uploads[at] as Uploaded;
      const [from] = this.#ranges[at] as readonly [number, number];
      for (let i = 0; i < columns.length; i++) {
        const { address, type, isShared } = columns[i] as Uploaded['columns'][number];
        const asInput = i < inputs || isShared === true;
        const unscaled = !asInput && (type === DataType.Uint32 || i >= inputs + this.forms.length);
        const scale = unscaled ? 1 : asInput ? set.scale : set.targetScale;
        const offset = unscaled ? 0 : asInput ? set.offset : set.targetOffset;
        const bytes = type === DataType.Uint8 ? 1 : 4;
        cohort.setSource(i, index, address + from * (this.#widths[i] as number) * bytes, type, scale, offset);
      }
      if (ordered) orders.push((this.#orderOf[net] as Order).address);
    }
    cohort.setOrders(ordered ? orders : undefined);
  }

  free(): void {
    const { core } = this.#cohort;
    runAll(
      ...[...this.#orders.values()].map((order) => () => core.free(order.address)),
      ...this.#uploads.map((uploaded) => () => endReading(core, uploaded)),
    );
    this.#orders.clear();
  }
}
