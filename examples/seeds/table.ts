/** A table of our numbers beside the notes', as every script here prints it. */

/** A number, or several in row-major order. */
export type Numbers = number | ArrayLike<number>;

const list = (values: Numbers) => (typeof values === 'number' ? [values] : Array.from(values));

/** Six digits, without those that are 0; the first four of many. */
function show(values: Numbers): string {
  const all = list(values);
  const shown = all.slice(0, all.length > 6 ? 4 : 6).map((value) => String(Number(value.toPrecision(6)) + 0));
  return all.length > shown.length ? `${shown.join(' ')} … (${all.length})` : shown.join(' ');
}

/** The tests of a row of the seed documents, printed as a table. A number that differs is marked ✗ and makes the process end with status 1. */
export class Table {
  /** What it is of, and its equations, a line each. */
  protected readonly head: readonly string[];
  /** Quantity, our numbers, the notes' and the mark, the names of the columns first. */
  protected readonly rows: string[][] = [['', 'neurite', 'notes', '']];
  protected differs = false;

  /**
   * @param id of the row, such as S1.3
   * @param title what it shows, and where the notes have it
   * @param equations what is computed, a line each
   */
  constructor(id: string, title: string, ...equations: string[]) {
    this.head = [`${id} · ${title}`, ...equations.map((equation) => `    ${equation}`)];
  }

  /**
   * Our numbers and the notes', which may differ by `tolerance` each. The notes print four decimals, so half of the last is the default.
   * What the notes have as an equation is its value in float64.
   */
  compare(quantity: string, ours: Numbers | undefined, notes: Numbers, tolerance = 5e-5): this {
    const [a, b] = [list(ours ?? []), list(notes)];
    const errors = b.map((value, i) => Math.abs(value - (a[i] ?? Number.NaN)));
    const worst = a.length === b.length ? errors.reduce((most, error) => (error <= most ? most : error), 0) : Number.NaN;
    return this.#add(quantity, show(a), show(b), worst <= tolerance, `differs by ${show(worst)}`);
  }

  /** A number of ours and what the notes say about it, in words. */
  claim(quantity: string, ours: Numbers, notes: string, holds: boolean): this {
    return this.#add(quantity, show(ours), notes, holds, 'does not hold');
  }

  #add(quantity: string, ours: string, notes: string, holds: boolean, complaint: string): this {
    this.rows.push([quantity, ours, notes, holds ? '✓' : `✗ ${complaint}`]);
    this.differs ||= !holds;
    return this;
  }

  print(): void {
    const widths = [0, 1, 2].map((column) => Math.max(...this.rows.map((row) => (row[column] as string).length)));
    const lines = this.rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd());
    console.log([...this.head, ...lines, ''].join('\n'));
    if (this.differs) process.exitCode = 1;
  }
}
