/** npm run bench:results: makes bench/RESULTS.md from bench/history/, and the figures of other pages from that. */
import { readFileSync, writeFileSync } from 'node:fs';
import { history, root } from './history.js';
import { page } from './page.js';
import { pages, withFigures } from './readme.js';

const results = page(history());
writeFileSync(`${root}bench/RESULTS.md`, results);
for (const file of pages) writeFileSync(root + file, withFigures(readFileSync(root + file, 'utf8'), results));
