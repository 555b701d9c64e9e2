/** RESULTS.md: on one page, what was measured, where, beside whom, what falls short and why. */
import { javascript } from '../floors.js';
import { bound, judged } from './judged.js';
import { grid } from './markdown.js';
import { cellOf, engineOf, FIRST, type Measured, unique, works } from './measured.js';

/** The rows that tell most. */
const told = works.filter(({ words }) => words);

/** The nearest of a row, with its name. */
function nearest(measured: Measured, engine: string, work: (typeof told)[number], unit?: string): string | undefined {
  const line = measured.nearest(measured.row(engine, work), javascript);
  return line && `${cellOf(line, unit)} ${line.system}`;
}

/** Workloads in the first engine: neurite's figure, and how many times as fast it is as the others. */
function beside(measured: Measured): string {
  const columns = ['neurite', 'fastest in JavaScript', 'PyTorch', 'NumPy'] as const;
  return grid([['', 'what it does'], told, ({ workload, words = '' }) => [`**${workload}**`, words]], [columns, String], (work, column) => {
    if (column === 'fastest in JavaScript') return nearest(measured, FIRST, work, work.unit);
    const line = measured.row(FIRST, work).find(({ system }) => system === column.toLowerCase());
    return line && cellOf(line, work.unit);
  });
}

/** The same in the other engines: a bundle is as long in each. */
function elsewhere(measured: Measured): string {
  const rows = told.filter(({ unit }) => unit !== 'kB');
  const others = measured.engines.filter((engine) => engine !== FIRST);
  return grid([[''], rows, ({ workload, unit }) => [`**${workload}**, ${unit}`]], [others, String], (work, engine) => {
    const own = measured.row(engine, work).find(({ system }) => system === 'neurite');
    return own && [cellOf(own), nearest(measured, engine, work)].filter(Boolean).join('; ');
  });
}

/** "85–98 %": the least and the greatest of some numbers. */
function range(values: readonly number[], digits: number, unit = ''): string | undefined {
  if (values.length === 0) return undefined;
  const ends = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${unique(ends).join('–')}${unit}`;
}

/** What of the limit products reach in each build, and a whole training step. */
function limits(measured: Measured): string {
  const shares = (engine: string, name: RegExp, build: string) =>
    measured.kernels.flatMap((line) => (engineOf(line) === engine && line.build === build && name.test(line.workload) ? (line.share ?? []) : []));
  const columns: Readonly<Record<string, (engine: string) => number[]>> = {
    'products, relaxed': (engine) => shares(engine, /^G (?!1x)/, 'relaxed'),
    'products, baseline': (engine) => shares(engine, /^G (?!1x)/, 'simd'),
    'one row, relaxed': (engine) => shares(engine, /^G 1x/, 'relaxed'),
    'one row, baseline': (engine) => shares(engine, /^G 1x/, 'simd'),
    'a training step': (engine) => measured.executed(engine).flatMap(({ share }) => share ?? []),
  };
  return grid([[''], measured.engines, (engine) => [engine]], [Object.entries(columns), ([title]) => title], (engine, [, of]) =>
    range(
      of(engine).map((share) => 100 * share),
      0,
      ' %',
    ),
  );
}

/** What neurite is beside itself, in words, and the rows that are meant. */
const itself: readonly (readonly [what: string, workloads: readonly string[]])[] = [
  ['2 threads beside one: T1, T2', ['T1', 'T2'].map((id) => `${id} 2 threads, by one`)],
  ['2 threads beside one: T3, T5, I2', ['T3', 'T5', 'I2'].map((id) => `${id} 2 threads, by one`)],
  ['8 threads beside 2: T3', ['T3 8 threads, by 2']],
  ['a frozen predictor beside its network, 2 and 4 rows', ['F 2 rows, not frozen', 'F 4 rows, not frozen']],
  ['the same, 12 and 256 rows', ['F 12 rows, not frozen', 'F 256 rows, not frozen']],
  ['int8 beside floats, 2 to 256 rows', [2, 4, 12, 256].map((rows) => `Q ${rows} rows, floats`)],
  ['a Jacobian beside 4 predictions of 10 rows', ['D 4 × predict 10 rows']],
  ['a Hessian-vector product beside 5 gradients', ['D 5 × gradient']],
  ['an Adam composed of ops beside 3 of its kernel, 784-512-256-10', ['O 3 × adam']],
  ['P1 by a population beside one net after the other', ['P1 one by one']],
  ['P2 by a population beside T4, steps a second', ['P2 as T4, one net']],
];

function own(measured: Measured): string {
  return grid([['how many times as fast'], itself, ([what]) => [what]], [measured.engines, String], ([, workloads], engine) =>
    range(
      workloads.flatMap((workload) => measured.toItself(engine, workload) ?? []),
      2,
    ),
  );
}

/** The goals that are missed, and why; what one thing limits stands together. */
function short(measured: Measured): string {
  const missed = judged(measured).filter(({ verdict }) => verdict === 'short');
  const reasons = unique(missed.map(({ what, limitedBy }) => limitedBy ?? what));
  const lines = reasons.map((reason) => {
    const goals = missed.filter(({ what, limitedBy }) => (limitedBy ?? what) === reason);
    const figures = goals.map(({ what, figure, floor, unit }) => `**${what}**: ${figure}, floor ${bound(floor, unit)}`);
    const why = goals[0]?.limitedBy;
    return `- ${figures.join('; ')}.${why ? ` ${why[0]?.toUpperCase()}${why.slice(1)}.` : ''}`;
  });
  return lines.join('\n') || 'Nothing.';
}

export function page(measured: Measured): string {
  const goals = judged(measured).filter(({ verdict }) => verdict !== 'not measured');
  const reached = goals.filter(({ verdict }) => verdict !== 'short');
  return `# What was measured

${measured.machine}: ${measured.engines.map((engine) => `${measured.versions(engine)}, ${measured.dates(engine)}`).join('; ')}. One thread, where a row says no more.

A figure is neurite's median. A ratio (×) says how many times as fast neurite is: below 1, the other is faster. Systems take turns in at least five
repetitions; a ratio is the median of the ratios within a repetition. Figures drift with the machine by a fifth and more from one run to the next, ratios by
much less. [TABLES.md](TABLES.md) has every system with its version, every kernel and every floor, and says who has no row, and why.

## Beside others, in ${FIRST}

${beside(measured)}

Time from start, bytes and memory are each system's own. plain-js is loops over Float32Arrays, as good as they get while they are simple; tfjs-wasm-tuned is
TensorFlow.js with gradients written by hand, which are faster than its own. PyTorch and NumPy compute on wider vectors (AVX2, AVX-512) than WebAssembly has.

## In other engines

neurite's median, and the nearest in JavaScript. In browsers, other libraries are measured with two threads only; beside one thread are plain loops.

${elsewhere(measured)}

## Beside the limit

The limit is what multiply-add on 128-bit registers alone reaches in the same engine and run. Products of matrices from 64×64×64 to 1024×1024×1024,
a row of 784 by a matrix, and the products in all the time of a training step (T1, T2, T3, T5) come to a share of it:

${limits(measured)}

## Beside itself

${own(measured)}

## What falls short

${reached.length} of ${goals.length} floors are reached. Below theirs are:

${short(measured)}

## Measuring again

\`npm run bench\`, \`bench:peers\` and \`bench:browser\` measure, and add to \`bench/history/\` with \`-- --write\`; \`npm run bench:results\` makes this page
of it. \`bench/workloads.ts\` defines the work, \`bench/floors.ts\` the floors.
`;
}
