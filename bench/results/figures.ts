/** The figures of the README and of the guides. */
import { javascript } from '../floors.js';
import { grid, table } from './markdown.js';
import { cellOf, FIRST, type Measured, works } from './measured.js';

const chosen = ['T1', 'T3', 'T4', 'I1', 'I3'];
const rows = works.filter(({ workload, unit }) => chosen.includes(workload) || (workload === 'C' && unit === 'ms'));

/** The README's table, of the figures of one engine. @throws Error where there are none */
function speed(measured: Measured): string {
  const lines = rows.map((work) => {
    const row = measured.row(FIRST, work);
    const [own, pytorch] = ['neurite', 'pytorch'].map((name) => row.find(({ system }) => system === name));
    const nearest = measured.nearest(row, javascript);
    if (!own) throw new Error(`bench/history has no ${work.workload} in ${FIRST}`);
    const cell = (line = own) => cellOf(line, work.unit);
    return [work.words as string, cell(own), nearest ? `${cell(nearest)} (${nearest.system})` : '–', pytorch ? cell(pytorch) : '–'];
  });
  return `Measured ${measured.dates(FIRST)} on ${measured.machine}, in one thread of ${measured.versions(FIRST)}.

${table(['', 'neurite', '× the nearest in JavaScript', '× PyTorch, one thread'], lines)}`;
}

/** How many times as fast a frozen predictor is, for docs/performance.md. */
function frozen(measured: Measured): string {
  const calls = [2, 4, 12, 256].map((rows) => `${rows} rows`);
  return `784-512-256-10, measured ${measured.dates(FIRST)} on ${measured.machine}.

${grid([[''], calls, (call) => [call]], [measured.engines, String], (call, engine) => measured.toItself(engine, `F ${call}, not frozen`)?.toFixed(2))}`;
}

const PLACE = /(<!-- from bench\/history: (speed|frozen) -->\n)[\s\S]*?(<!-- end -->)/;

/** A page with its figures. @throws Error for a page without a place for them */
export function withFigures(text: string, measured: Measured): string {
  if (!PLACE.test(text)) throw new Error('there is no place for the figures of bench/history');
  return text.replace(PLACE, (_, before, which, after) => `${before}${which === 'frozen' ? frozen(measured) : speed(measured)}\n${after}`);
}
