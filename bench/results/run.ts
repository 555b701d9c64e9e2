/** npm run bench:results: makes bench/RESULTS.md and bench/TABLES.md from bench/history/, and the figures of other pages. */
import { readFileSync, writeFileSync } from 'node:fs';
import { history, root } from '../history.js';
import { made } from './made.js';
import { Measured } from './measured.js';

const measured = new Measured(history());
for (const [file, make] of Object.entries(made)) writeFileSync(root + file, make(measured, readFileSync(root + file, 'utf8')));
