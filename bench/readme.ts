/** The figures of the README and of the guides, taken from RESULTS.md. */
import { described, predictions, trainings } from './workloads.js';

const chosen = ['T1', 'T3', 'T4', 'I1', 'I3'];
const rows = [
  ...[...trainings, ...predictions].filter(({ id }) => chosen.includes(id)).map((work) => [`**${work.id}**, ${work.unit}`, described(work)] as const),
  ['**C**, ms', 'starts, above an empty process'] as const,
];

/** Systems of other languages: the others are JavaScript's. */
const FOREIGN = ['', 'neurite', 'numpy', 'pytorch'];

const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** When and where; of several runs with figures of Node 24, the first and the last, as each row is of the last run that has it. */
function measured(results: string): string {
  const head = /^(\d{4}-\d\d-\d\d, commit \w+.*): (.*), one thread/m.exec(results)?.slice(1) ?? [];
  const [runs = '', machine] = head;
  const dates = runs
    .split('; ')
    .filter((run) => !run.includes('(') || run.includes('Node 24'))
    .map((run) => run.slice(0, 10))
    .sort();
  const [first, last] = [dates[0], dates.at(-1)];
  if (!first || !machine) throw new Error('bench/RESULTS.md does not say when and where it was measured');
  return `measured ${first === last ? first : `${first} to ${last}`} on ${machine}`;
}

/** The README's table, of the figures of Node 24. @throws Error for a page without them */
export function speed(results: string): string {
  const section = results.split(/^Node 24:$/m)[1] ?? '';
  const [head = [], , ...table] = [...section.matchAll(/^\|.*$/gm)].map(([line]) => cellsOf(line));
  const lines = rows.map(([name, what]) => {
    const row = table.find(([first]) => first === name);
    const own = row?.[1];
    if (!row || !own) throw new Error(`bench/RESULTS.md has no ${name}`);
    // One that does other work is marked.
    const others = head.flatMap((system, i) =>
      FOREIGN.includes(system) || !/^[\d.,]+( ×)?$/.test(row[i] as string) ? [] : [[row[i] as string, system]],
    );
    const [nearest] = others.sort(([a = ''], [b = '']) => Number.parseFloat(a) - Number.parseFloat(b));
    const unit = name.split(', ')[1] as string;
    const beside = (cell: string) => (cell.endsWith('×') ? cell : `${cell} ${unit}`);
    return `| ${[what, `${own} ${unit}`, nearest ? `${beside(nearest[0] as string)} (${nearest[1]})` : '–', beside(row[head.indexOf('pytorch')] as string)].join(' | ')} |`;
  });
  const version = /Node 24\.[.\d]*\d/.exec(results)?.[0];
  return [
    `${measured(results).replace('m', 'M')}, in one thread of ${version}.`,
    '',
    '|  | neurite | × the nearest in JavaScript | × PyTorch, one thread |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** How many times as fast a frozen predictor is, for docs/performance.md. @throws Error for a page without it */
export function frozen(results: string): string {
  const section = results.split(/^## Beside itself$/m)[1] ?? '';
  const [head, rule, ...lines] = [...section.matchAll(/^\|.*$/gm)].map(([line]) => line);
  const rows = lines.flatMap((line) => (/^\| F \d+ rows/.test(line) ? [cellsOf(line.replace(/^\| F (\d+ rows), not frozen/, '| $1'))] : []));
  if (!head || !rule || rows.length === 0) throw new Error('bench/RESULTS.md has no predictors that are frozen');
  // Engines that have such rows.
  const kept = (cells: readonly string[]) => cells.filter((_, i) => rows.some((row) => row[i] !== '–'));
  const table = [cellsOf(head), cellsOf(rule), ...rows].map((cells) => `| ${kept(cells).join(' | ')} |`);
  return [`784-512-256-10, ${measured(results)}.`, '', ...table].join('\n');
}

const PLACE = /(<!-- from bench\/RESULTS\.md(: frozen)? -->\n)[\s\S]*?(<!-- end -->)/;

/** A page with the figures of the results. @throws Error for a page without a place for them */
export function withFigures(text: string, results: string): string {
  if (!PLACE.test(text)) throw new Error('there is no place for the figures of bench/RESULTS.md');
  return text.replace(PLACE, (_, before, which, after) => `${before}${which ? frozen(results) : speed(results)}\n${after}`);
}

/** The pages that have figures. */
export const pages = ['README.md', 'docs/performance.md'];
