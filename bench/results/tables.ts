/** TABLES.md: everything that was measured, row by row. */
import type { Line } from '../history.js';
import { missing, notes, systems } from '../reasons.js';
import { format, percent } from '../report.js';
import { bound, judged } from './judged.js';
import { grid, table } from './markdown.js';
import { cellOf, engineOf, type Measured, unique, works } from './measured.js';

/** Each run that has a row which counts, with its engines. */
function runs({ lines }: Measured): string[] {
  const runOf = ({ date, commit }: Line) => `${date}, commit ${commit}`;
  const enginesOf = (run: string) => unique(lines.filter((line) => runOf(line) === run).map(engineOf)).join(', ');
  return unique(lines.map(runOf))
    .sort()
    .reverse()
    .map((run) => `- ${run}: ${enginesOf(run)}`);
}

function floors(measured: Measured): string {
  const rows = judged(measured).map(({ what, unit, floor, aim, figure, verdict, limitedBy = '' }) => [
    ...[what, bound(floor, unit), aim === undefined ? '' : bound(aim, unit), figure],
    ...[verdict === 'short' ? '**short**' : verdict, verdict === 'reached, and the aim' ? '' : limitedBy],
  ]);
  return table(['', 'floor', 'aim', 'measured', '', 'what limits it'], rows);
}

/** Every workload beside every other system in an engine. */
function ratios(measured: Measured, engine: string): string {
  return grid([[''], works, ({ workload, unit }) => [`**${workload}**, ${unit}`]], [systems, String], (work, system) => {
    const line = measured.row(engine, work).find((line) => line.system === system);
    return line && `${cellOf(line)}${notes[system]?.[work.workload] ? ' \\*' : ''}`;
  });
}

/** What nobody has measured. */
function unmeasured(measured: Measured): string[] {
  const none = works.filter((work) => !measured.engines.some((engine) => measured.row(engine, work).length));
  return none.map(({ workload }) => `- **${workload}**: not measured: no run has it yet.`);
}

function executed(measured: Measured, engine: string): string {
  const figures = measured.executed(engine).map(({ id, speed, share }) => `${id} ${speed.toFixed(1)}${share ? ` (${percent(share)})` : ''}`);
  return `- ${engine}: ${figures.join(', ')}`;
}

/** What a frozen predictor gains, and one of int8; what a derivative costs, and what threads and populations bring. */
function own(measured: Measured): string {
  const workloads = unique(measured.alone(({ ratio }) => ratio).map(({ workload }) => workload)).sort();
  return grid([[''], workloads, (workload) => [workload]], [measured.engines, String], (workload, engine) =>
    measured.toItself(engine, workload)?.toFixed(2),
  );
}

/** Products and passes in every engine and build. */
function kernels(measured: Measured): string {
  const units = [...new Map(measured.kernels.map(({ workload, unit }) => [workload, unit]))];
  const columns = (['relaxed', 'simd'] as const).flatMap((build) => measured.engines.map((engine) => ({ engine, build })));
  const title = ({ engine, build }: (typeof columns)[number]) => `${engine}, ${build === 'simd' ? 'baseline' : build}`;
  return grid([[''], units, (entry) => [entry.join(', ')]], [columns, title], ([workload], { engine, build }) => {
    const line = measured.kernel(engine, workload, build);
    return line && `${format(line.value as number)}${line.share ? `, ${percent(line.share)}` : ''}`;
  });
}

export function tables(measured: Measured): string {
  const { engines, lines, machine } = measured;
  const versions = unique(lines.flatMap(({ system, version }) => (version ? [`${system} ${version}`] : [])));
  return `# Every figure

[RESULTS.md](RESULTS.md) tells on a page what matters of these tables. \`npm run bench:results\` makes both from \`bench/history/\`.

${machine}; ${engines.map((engine) => measured.versions(engine)).join(', ')}. Each row is of the last run that measured it:

${runs(measured).join('\n')}

Beside: ${versions.join(', ')}; NumPy with OpenBLAS and PyTorch as Debian has them, which use wider vectors than WebAssembly has (AVX2, AVX-512).
What others come to is checked before it is timed. What neurite does on several threads is checked against the bits of one thread, populations against those
of single nets (relaxed build: to 2⁻¹⁸). Systems that take seconds for what others do in a fifth of one train fewer epochs in a repetition
(\`bench/workloads.ts\`, which defines the work); their accuracies are of these.

## Floors

A floor is what a row must reach, an aim what it reaches for (\`bench/floors.ts\`).

${floors(measured)}

## Beside other systems

neurite's median, and how many times as fast it is as each system; for C and M, each system's own figure. T: training, I: prediction, G: square products,
C: cold start above an empty process and what a page loads, M: peak memory, P1: a frame of 300 nets 8-16-4, P2: steps of 256 nets 2-8-1.
One thread, where a row says no more; on 2 threads everyone has two.

${engines.map((engine) => `### ${engine}\n\n${ratios(measured, engine)}`).join('\n\n')}

### Who has no row, and why

${[...unmeasured(measured), ...missing()].join('\n')}

## Training beside the limit

Products executed in training, in GFLOP/s of the whole step's time, and as a share of the limit, which is what multiply-add on 128-bit registers alone
reaches in the same engine and run.

${engines.map((engine) => executed(measured, engine)).join('\n')}

## Kernels beside the limit

Products by rows × inputs × outputs of a layer (nt: X·Wᵀ, nn: dZ·W, tn: dZᵀ·X), and as a share of the limit.

${kernels(measured)}

## Beside itself

How many times as fast a frozen predictor is as its network (F, 784-512-256-10), one of int8 as one of floats (Q, the same), a derivative as the calls it may cost (D, 784-128-10),
an update composed of ops as three by the kernel (O, Adam, 784-512-256-10),
several threads as fewer, and a population (P1, P2) as its nets one by one and as one net.

${own(measured)}
`;
}
