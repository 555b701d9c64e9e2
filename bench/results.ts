/**
 * node build/bench/results.js <file>… > bench/RESULTS.md: a page out of what the benchmarks printed with --json, one file a run.
 * The page says what was measured on which machine and commit: the last one that changed the program, so the runs are to be of that or a later
 * one. A workload that a file has twice was measured again, and counts as it was the second time.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Result } from './measure.js';
import { note, reason, type System } from './peers/systems.js';
import { remarks } from './remarks.js';
import { format } from './report.js';
import { frozenCalls, trainingFlops, trainings } from './workloads.js';

type Run = readonly Result[];
const runs: readonly Run[] = process.argv.slice(2).map((file) => {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const results = lines.map((line) => JSON.parse(line) as Result);
  const key = ({ workload, system, build, unit, node }: Result) => [workload, system, build, unit, node].join();
  return [...new Map(results.map((result) => [key(result), result])).values()];
});

const engines = ['Node 24', 'Node 20', 'Chromium', 'Firefox'] as const;
type Engine = (typeof engines)[number];
const javascript = ['jax-js', 'tfjs-wasm', 'tfjs-wasm-tuned', 'onnxruntime-web', 'brain.js', 'synaptic', 'plain-js'];
const systems = ['neurite', ...javascript, 'numpy', 'pytorch'];

function engineOf({ node }: Result): Engine | undefined {
  return engines.find((engine) => (/^\d/.test(node) ? `Node ${node}` : node).startsWith(engine));
}

/** The runs in an engine; those with most systems first, so that a workload is taken from where most were measured beside it. */
function runsIn(engine: Engine): Run[] {
  const count = (run: Run) => new Set(run.map(({ system }) => system)).size;
  return runs.filter((run) => run.some((result) => engineOf(result) === engine)).sort((a, b) => count(b) - count(a));
}

/** The results of a workload in the first run that has it. */
function resultsOf(engine: Engine, workload: string, unit?: string): Result[] {
  const matches = (result: Result) => result.workload === workload && engineOf(result) === engine && (!unit || result.unit === unit);
  return (
    runsIn(engine)
      .find((run) => run.some(matches))
      ?.filter(matches) ?? []
  );
}

/** A figure, and how it reads. */
interface Figure {
  readonly value: number;
  readonly text: string;
}

function share(engine: Engine, workload: string, build: string): Figure | undefined {
  // The run of the kernels by themselves has both builds.
  const found = runs
    .flat()
    .find((result) => result.workload === workload && engineOf(result) === engine && result.build === build && !result.ratio && result.limit);
  if (!found?.limit) return undefined;
  const percent = (100 * found.value) / found.limit;
  return { value: percent, text: `${percent.toFixed(0)} % (${found.value.toFixed(1)} of ${found.limit.toFixed(1)} GFLOP/s)` };
}

/** The worst of several shares. */
function worstShare(engine: Engine, workloads: readonly string[], build: string): Figure | undefined {
  const all = workloads.map((workload) => share(engine, workload, build));
  if (all.some((figure) => !figure)) return undefined;
  const figures = all as Figure[];
  return { value: Math.min(...figures.map(({ value }) => value)), text: figures.map(({ value }) => `${value.toFixed(0)} %`).join(', ') };
}

/** How many times as fast as the fastest of some systems. */
function ahead(workload: string, among: readonly string[], engine: Engine = 'Node 24'): Figure | undefined {
  const peers = resultsOf(engine, workload).filter(({ system, ratio }) => among.includes(system) && ratio);
  const nearest = peers.sort((a, b) => (a.ratio as number) - (b.ratio as number))[0];
  return nearest && { value: nearest.ratio as number, text: `${(nearest.ratio as number).toFixed(2)} (${nearest.system})` };
}

function amount(engine: Engine, workload: string, unit: string): Figure | undefined {
  const found = resultsOf(engine, workload, unit).find(({ system }) => system === 'neurite');
  return found && { value: found.value, text: `${found.value.toFixed(1)} ${unit}` };
}

interface Floor {
  readonly what: string;
  readonly floor: number;
  readonly reach?: number;
  readonly unit: '%' | '×' | 'kB' | 'ms' | 'MB';
  readonly measured: Figure | undefined;
}

const layer = (name: string) => ['nt', 'nn', 'tn'].map((form) => `G ${name} ${form}`);
const cube = 'G 256x256x256 nn';
const floors: readonly Floor[] = [
  { what: 'GEMM 256³, relaxed, Node 24', floor: 84, reach: 92, unit: '%', measured: share('Node 24', cube, 'relaxed') },
  { what: 'GEMM 256³, relaxed, Chromium', floor: 80, reach: 90, unit: '%', measured: share('Chromium', cube, 'relaxed') },
  { what: 'GEMM 256³, relaxed, Firefox', floor: 78, reach: 88, unit: '%', measured: share('Firefox', cube, 'relaxed') },
  {
    what: 'GEMM 256×1024×1024 and its two transposed forms, relaxed, Node 24',
    floor: 78,
    reach: 90,
    unit: '%',
    measured: worstShare('Node 24', layer('256x1024x1024'), 'relaxed'),
  },
  { what: 'GEMM 32×784×128, relaxed, Node 24', floor: 65, reach: 85, unit: '%', measured: share('Node 24', 'G 32x784x128 nt', 'relaxed') },
  { what: 'GEMM 256³, baseline, Node 24', floor: 72, reach: 80, unit: '%', measured: share('Node 24', cube, 'simd') },
  { what: 'GEMM 256³, baseline, Node 20', floor: 60, reach: 70, unit: '%', measured: share('Node 20', cube, 'simd') },
  { what: 'T1 ÷ the fastest JavaScript peer', floor: 3, reach: 3.8, unit: '×', measured: ahead('T1', javascript) },
  { what: 'T2 ÷ the fastest JavaScript peer', floor: 2.2, reach: 2.8, unit: '×', measured: ahead('T2', javascript) },
  { what: 'T3 ÷ the fastest JavaScript peer', floor: 2.4, reach: 2.9, unit: '×', measured: ahead('T3', javascript) },
  { what: 'T5 ÷ the fastest JavaScript peer', floor: 1.8, reach: 2.3, unit: '×', measured: ahead('T5', javascript) },
  { what: 'T1 ÷ PyTorch with one thread', floor: 1, reach: 1.3, unit: '×', measured: ahead('T1', ['pytorch']) },
  { what: 'T3 ÷ PyTorch with one thread', floor: 0.75, reach: 0.95, unit: '×', measured: ahead('T3', ['pytorch']) },
  { what: 'T4 ÷ plain loops', floor: 2.5, reach: 5, unit: '×', measured: ahead('T4', ['plain-js']) },
  { what: 'T4 by step ÷ plain loops', floor: 2.2, reach: 3, unit: '×', measured: ahead('T4 step', ['plain-js']) },
  { what: 'I1, onnxruntime-web’s time ÷ ours', floor: 3, reach: 6, unit: '×', measured: ahead('I1', ['onnxruntime-web']) },
  { what: 'I2 ÷ the fastest JavaScript peer', floor: 1.6, reach: 2.2, unit: '×', measured: ahead('I2', javascript) },
  {
    what: 'I3 into an array passed in, the fastest JavaScript peer’s time ÷ ours',
    floor: 5,
    reach: 10,
    unit: '×',
    measured: ahead('I3', javascript),
  },
  { what: 'C, the bundle of a page that trains, minified and gzipped', floor: 25, reach: 18, unit: 'kB', measured: amount('Node 20', 'C', 'kB') },
  { what: 'C, cold start above an empty process, Node 20', floor: 25, reach: 12, unit: 'ms', measured: amount('Node 20', 'C', 'ms') },
  { what: 'M, peak memory in T2', floor: 110, reach: 80, unit: 'MB', measured: amount('Node 24', 'M', 'MB') },
  { what: 'M, peak memory in T2, Node 20', floor: 110, reach: 80, unit: 'MB', measured: amount('Node 20', 'M', 'MB') },
  { what: '4 predictions of 10 rows ÷ the Jacobian of one row, 784-128-10', floor: 1, unit: '×', measured: derivative('D 4 × predict 10 rows') },
  { what: '5 gradients ÷ a Hessian-vector product, 784-128-10', floor: 1, unit: '×', measured: derivative('D 5 × gradient') },
];

function derivative(workload: string): Figure | undefined {
  const ratio = resultsOf('Node 24', workload)[0]?.ratio;
  return ratio === undefined ? undefined : { value: ratio, text: ratio.toFixed(2) };
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Less is better of what is no ratio. */
function meets({ unit }: Floor, value: number, bound: number): boolean {
  return unit === '×' || unit === '%' ? value >= bound : value <= bound;
}

function verdict(floor: Floor): string {
  const { measured, reach } = floor;
  if (!measured) return 'not measured';
  if (!meets(floor, measured.value, floor.floor)) return '**short**';
  return reach !== undefined && meets(floor, measured.value, reach) ? 'reached, and the aim' : 'reached';
}

function floorRows(): string[][] {
  const bound = ({ unit }: Floor, value: number | undefined) => (value === undefined ? '' : unit === '×' ? String(value) : `${value} ${unit}`);
  return floors.map((floor) => [
    floor.what,
    bound(floor, floor.floor),
    bound(floor, floor.reach),
    floor.measured?.text ?? '–',
    verdict(floor),
    verdict(floor).startsWith('reached, and') ? '' : (remarks[floor.what] ?? ''),
  ]);
}

/** A figure with its spread, and of others how many times as fast neurite is. */
function cell({ value, min, max, ratio, accuracy }: Result): string {
  const spread = min === max ? '' : ` (${format(min)} … ${format(max)})`;
  const beside = [...(ratio ? [`${format(ratio)} ×`] : []), ...(accuracy === undefined ? [] : [`${(100 * accuracy).toFixed(1)} % right`])];
  return `${format(value)}${spread}${beside.length ? `; ${beside.join(', ')}` : ''}`;
}

function workloadTable(engine: Engine, rows: readonly (readonly [workload: string, unit: string])[]): string {
  const present = systems.filter((system) =>
    rows.some(([workload, unit]) => resultsOf(engine, workload, unit).some((result) => result.system === system)),
  );
  return table(
    ['', ...present],
    rows.flatMap(([workload, unit]) => {
      const results = resultsOf(engine, workload, unit);
      if (results.length === 0) return [];
      const found = present.map((system) => {
        const result = results.find((one) => one.system === system);
        return result ? `${cell(result)}${note(system, workload) ? ' \\*' : ''}` : '–';
      });
      return [[`**${workload}**, ${unit}`, ...found]];
    }),
  );
}

const works: readonly (readonly [string, string])[] = [
  ['T1', 'samples/s'],
  ['T2', 'samples/s'],
  ['T3', 'samples/s'],
  ['T4', 'steps/s'],
  ['T4 step', 'steps/s'],
  ['T5', 'samples/s'],
  ['T1 layers.fit', 'samples/s'],
  ['T2 layers.fit', 'samples/s'],
  ['I1', 'µs'],
  ['I2', 'samples/s'],
  ['I3', 'ns'],
  ['I3 fresh', 'ns'],
  ['C', 'ms'],
  ['C', 'kB'],
  ['M', 'MB'],
];

/** How fast the training of networks of a size to speak of executes its floating-point operations, and what share of the limit that is. */
function executed(engine: Engine): string {
  const limits = runs
    .flat()
    .filter((result) => engineOf(result) === engine && result.workload === cube && result.limit && result.system === 'neurite');
  const [limit] = limits.map((result) => result.limit as number).sort((a, b) => b - a);
  const figures = trainings.flatMap(({ id, sizes, unit }) => {
    const own = resultsOf(engine, id).find(({ system }) => system === 'neurite');
    if (!own || !limit || unit !== 'samples/s') return [];
    const speed = (own.value * trainingFlops(sizes)) / 1e9;
    return [`${id} ${speed.toFixed(1)} (${((100 * speed) / limit).toFixed(0)} %)`];
  });
  return figures.join(', ');
}

/** Products and passes: of one build in every engine. */
function kernelTable(build: string): string {
  const inBuild = runs.flat().filter((result) => result.build === build && result.system === 'neurite' && !result.accuracy);
  const names = [...new Set(inBuild.filter(({ unit }) => ['GFLOP/s', 'GB/s', 'ns/element'].includes(unit)).map(({ workload }) => workload))];
  const used = engines.filter((engine) => inBuild.some((result) => engineOf(result) === engine && names.includes(result.workload)));
  return table(
    ['', ...used],
    names.map((workload) => {
      const { unit } = inBuild.find((result) => result.workload === workload) as Result;
      const cells = used.map((engine) => {
        const all = inBuild.filter((result) => result.workload === workload && engineOf(result) === engine);
        const result = all.at(-1);
        if (!result) return '–';
        return result.limit ? `${format(result.value)}, ${((100 * result.value) / result.limit).toFixed(0)} %` : format(result.value);
      });
      return [`${workload}, ${unit}`, ...cells];
    }),
  );
}

/** Predictors whose weights are packed ahead beside their networks, by the rows of a call. */
function frozenTable(): string {
  const used = (['Node 24', 'Node 20'] as const).filter((engine) => frozenCalls.some(({ workload }) => resultsOf(engine, workload).length > 0));
  const cells = (engine: Engine, workload: string) => {
    const [fixed, network] = [workload, `${workload}, not frozen`].map((name) => resultsOf(engine, name)[0]);
    return fixed && network?.ratio ? [format(fixed.value), format(network.value), network.ratio.toFixed(2)] : ['–', '–', '–'];
  };
  return table(
    ['rows', ...used.flatMap((engine) => [`${engine}, frozen`, 'network', 'ratio'])],
    frozenCalls.map(({ rows, workload }) => [String(rows), ...used.flatMap((engine) => cells(engine, workload))]),
  );
}

function reasonsList(): string {
  const ids = ['T1', 'T2', 'T3', 'T4', 'T5', 'I1', 'I2', 'I3', 'G', 'C', 'M'];
  const lines = systems.flatMap((system) => {
    const by = new Map<string, string[]>();
    for (const id of ids) {
      const why = reason(system as System, id);
      if (why) by.set(why, [...(by.get(why) ?? []), id]);
    }
    return [...by].map(([why, workloads]) => `- ${system}, ${workloads.join(', ')}: ${why}.`);
  });
  const noted = systems.flatMap((system) => {
    const text = note(system, 'T4');
    return text ? [`- \\* ${system}, T4: ${text}.`] : [];
  });
  return [...lines, ...noted].join('\n');
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const program = ['--', 'assembly', 'src', 'scripts', 'asconfig.json', 'package-lock.json'];
if (git('status', '--porcelain', ...program))
  console.error('there are changes that are not committed: the page names a commit that was not measured');
const commit = git('log', '-1', '--format=%h', ...program);
const versions = Object.entries<string>(JSON.parse(readFileSync(`${root}bench/peers/package.json`, 'utf8')).dependencies).map(
  ([name, version]) => `${name} ${version}`,
);
const measuredIn = [...new Set(runs.flat().map(({ node }) => (/^\d/.test(node) ? `Node ${node}` : node)))];
const date = new Date().toISOString().slice(0, 10);

console.log(`# What was measured

${date}, commit ${commit}, ${cpus()[0]?.model}, ${availableParallelism()} cores, one thread; ${measuredIn.join(', ')}.
Beside: ${versions.join(', ')}; Debian's numpy with OpenBLAS and PyTorch, which use wider vectors than WebAssembly has (AVX2, AVX-512).

The page is made by \`node build/bench/results.js <runs>\` from what \`npm run bench\`, \`npm run bench:peers\` and \`npm run bench:browser\` print with
\`--json\`. Every figure is a median of at least five repetitions, in which the systems take turns; ratios are medians of the ratios within a repetition.
Absolute figures drift with the machine by a fifth and more from one run to the next, ratios by much less.

## Floors

${table(['', 'floor', 'aim', 'measured', '', 'what limits it'], floorRows())}

## Workloads beside other systems

The median, its spread, how many times as fast neurite is, and the share of test images decided rightly. T: training, I: prediction, C: cold start above an
empty process and what a page loads, M: peak memory; the workloads are defined in \`bench/workloads.ts\`.

### Node 24, relaxed SIMD

${workloadTable('Node 24', works)}

Products executed in training, in GFLOP/s of the whole step's time and as a share of the 128-bit limit: ${executed('Node 24')}.

### Node 20, baseline SIMD

${workloadTable('Node 20', works)}

### Browsers, relaxed SIMD

${(['Chromium', 'Firefox'] as const).map((engine) => `${engine}:\n\n${workloadTable(engine, works)}`).join('\n\n')}

Not measured, or not quite the same:

${reasonsList()}

## Frozen predictors beside their networks, 784-512-256-10, samples/s

${frozenTable()}

## Products of square matrices beside other systems, GFLOP/s

${workloadTable('Node 24', [
  ['G 256x256x256 nn', 'GFLOP/s'],
  ['G 512x512x512 nn', 'GFLOP/s'],
])}

## Kernels

Products by rows × inputs × outputs of a layer (nt: X·Wᵀ, nn: dZ·W, tn: dZᵀ·X), in GFLOP/s and as a share of what multiply-add on 128-bit registers alone
reaches in the same engine and run.

### Relaxed SIMD

${kernelTable('relaxed')}

### Baseline SIMD

${kernelTable('simd')}`);
