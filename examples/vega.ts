/** The files of the vega-datasets package. */
import { readFileSync } from 'node:fs';

/** The text of one of the package's files. */
export function vega(file: string): string {
  return readFileSync(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')), 'utf8');
}
