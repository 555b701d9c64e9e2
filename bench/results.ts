/** npm run bench:results: makes bench/RESULTS.md from bench/history/. */
import { writeFileSync } from 'node:fs';
import { history, root } from './history.js';
import { page } from './page.js';

writeFileSync(`${root}bench/RESULTS.md`, page(history()));
