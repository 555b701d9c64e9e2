/** What the files of rows/ list, in the order of their names. */
import { readdirSync } from 'node:fs';

/** @returns the `rows` of each file, sorted by its name */
export async function rowMakers() {
  const folder = new URL('./rows/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.mjs'));
  return Promise.all(files.sort().map(async (file) => (await import(new URL(file, folder).href)).rows));
}
