/** The lessons, run one by one: in a worker of a page, and in Node where the pages are made. */
import { rows } from '../../examples/seeds/rows.js';
import { hand, type Printed, receiver } from './printed.js';

export { html } from './printed.js';

export const lessons: readonly string[] = Object.keys(rows);

/**
 * Runs a lesson, which a process or worker does once.
 *
 * @returns what it printed, in its order
 * @throws RangeError for a lesson that there is not
 */
export async function run(id: string): Promise<Printed[]> {
  const lesson = rows[id];
  if (!lesson) throw new RangeError(`there is no lesson ${id}, expected one of ${lessons.join(', ')}`);
  const parts: Printed[] = [];
  receiver((part) => parts.push(part));
  const { log } = console;
  console.log = (text) => hand({ kind: 'picture', text: String(text) });
  try {
    await lesson();
  } finally {
    console.log = log;
  }
  return parts;
}
