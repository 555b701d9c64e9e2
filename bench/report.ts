import type { Result } from './measure.js';

/** A number with three digits that count. */
export function format(value: number): string {
  if (value >= 999.5) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

const columns = ['workload', 'system', 'median', 'min … max', 'unit', 'accuracy', 'compared'] as const;

/** One line of the table; `remark` is what else there is to say of it. */
function cells(result: Result, remark?: string): string[] {
  const { workload, system, build, value, unit, min, max, accuracy } = result;
  const name = build ? `${system} (${build})` : system;
  const share = accuracy === undefined ? '' : `${(100 * accuracy).toFixed(2)} %`;
  return [
    workload,
    name,
    format(value),
    `${format(min)} … ${format(max)}`,
    unit,
    share,
    [...comparison(result), ...(remark ? [remark] : [])].join('; '),
  ];
}

/** What a result is compared with, in words. */
function comparison({ value, limit, ratio }: Result): string[] {
  return [
    ...(limit === undefined ? [] : [`${((100 * value) / limit).toFixed(0)} % of the limit`]),
    ...(ratio === undefined ? [] : [`neurite is ${ratio.toFixed(2)} × as fast`]),
  ];
}

const widths = [21, 18, 9, 19, 10, 8, 0];

function line(row: readonly string[]): string {
  return row
    .map((cell, i) => (i === 2 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
    .join('  ')
    .trimEnd();
}

/** Prints results as they come: a table in the terminal, or a JSON object a line. */
export class Report {
  #begun = false;

  constructor(readonly json: boolean) {}

  add(result: Result, remark?: string): void {
    if (this.json) {
      console.log(JSON.stringify(result));
      return;
    }
    if (!this.#begun) console.log(line(columns));
    this.#begun = true;
    console.log(line(cells(result, remark)));
  }
}
