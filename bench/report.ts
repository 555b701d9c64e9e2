import { recorder } from './history.js';
import type { Result } from './measure.js';
import type { Options } from './options.js';

/** A number with three digits that count. */
export function format(value: number): string {
  return value >= 999.5 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** A share, with a digit behind the point where it is small. */
export const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const widths = [21, 18, 9, 19, 10, 8, 0];

function line(row: readonly string[]): string {
  const cells = row.map((cell, i) => (i === 2 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)));
  return cells.join('  ').trimEnd();
}

/** A result as a line of the table; `remark` is what else there is to say of it. */
function cells({ workload, system, build, value, unit, min, max, accuracy, limit, ratio }: Result, remark?: string): string[] {
  const compared = [
    ...(limit === undefined ? [] : [`${percent(value / limit)} of the limit`]),
    ...(ratio === undefined ? [] : [`neurite is ${ratio.toFixed(2)} × as fast`]),
    ...(remark ? [remark] : []),
  ];
  const right = accuracy === undefined ? '' : `${(100 * accuracy).toFixed(2)} %`;
  const spread = `${format(min)} … ${format(max)}`;
  return [workload, build ? `${system} (${build})` : system, format(value), spread, unit, right, compared.join('; ')];
}

/** Prints results as they come, as a table or a JSON object a line, and writes them to the history where that is asked. */
export class Report {
  readonly #json: boolean;
  readonly #record: ReturnType<typeof recorder> | undefined;
  #begun = false;

  constructor({ json, write }: Options, command: Parameters<typeof recorder>[0]) {
    this.#json = json;
    this.#record = write ? recorder(command) : undefined;
  }

  add(result: Result & { readonly version?: string | undefined }, remark?: string): void {
    this.#record?.(result);
    if (this.#json) {
      console.log(JSON.stringify(result));
      return;
    }
    if (!this.#begun) console.log(line(['workload', 'system', 'median', 'min … max', 'unit', 'accuracy', 'compared']));
    this.#begun = true;
    console.log(line(cells(result, remark)));
  }
}
