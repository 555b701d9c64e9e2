/** The files that are made of bench/history: its pages, and those that have figures of it. */

import { withFigures } from './figures.js';
import type { Measured } from './measured.js';
import { page } from './page.js';
import { tables } from './tables.js';

/** By its path, what a file becomes of what it is. */
export const made: Readonly<Record<string, (measured: Measured, text: string) => string>> = {
  'bench/RESULTS.md': page,
  'bench/TABLES.md': tables,
  'README.md': (measured, text) => withFigures(text, measured),
  'docs/performance.md': (measured, text) => withFigures(text, measured),
};
