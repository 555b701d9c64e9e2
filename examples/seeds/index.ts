/** The seed documents' worked examples: all rows, or those named. The status is 1 where a number differs from the notes'. */
import { rows } from './rows.js';

const ids = Object.keys(rows);
const wanted = process.argv.slice(2).map((text) => text.toUpperCase());
const unknown = wanted.find((text) => !ids.some((id) => id === text || id.startsWith(`${text}.`)));
if (unknown !== undefined) {
  console.error(`seeds: there is no row ${unknown}\n\nnpm run seeds -- [row …]\n  a document (S1) or its rows: ${ids.join(', ')}`);
  process.exitCode = 2;
} else {
  for (const id of ids) {
    if (wanted.length === 0 || wanted.some((text) => id === text || id.startsWith(`${text}.`))) await rows[id]?.();
  }
}
