/** RESULTS.md out of the history: the machine, the limits, the ratios, what falls short and why. Every figure in it is of a line of the history. */
import { type Goal, goals } from './floors.js';
import type { Line } from './history.js';
import { missing, notes, systems } from './reasons.js';
import { format, percent } from './report.js';
import { predictions, shared, stepping, trainingFlops, trainings } from './workloads.js';

const unique = <A>(values: readonly A[]) => [...new Set(values)];

const table = (rows: readonly (readonly string[])[]) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

/** A table of what `cell` finds, without the rows and columns where it finds nothing. */
function grid<R, C>(
  rows: readonly R[],
  columns: readonly C[],
  names: { row: (row: R) => string; column: (column: C) => string },
  cell: (row: R, column: C) => string | undefined,
): string {
  const used = columns.filter((column) => rows.some((row) => cell(row, column)));
  const kept = rows.filter((row) => used.some((column) => cell(row, column)));
  const lines = kept.map((row) => [names.row(row), ...used.map((column) => cell(row, column) ?? '–')]);
  return table([['', ...used.map(names.column)], ['---', ...used.map(() => '---')], ...lines]);
}

/** "Node 24" of "Node 24.21.0", "Firefox" of "Firefox 153.7.0". */
const engineOf = ({ engine }: Line) => /^Node \d+|^\w+/.exec(engine)?.[0] as string;

/** Whether a line is of a kernel by itself, which is measured in either build; a network is in one. */
const isKernel = ({ command, unit }: Line) => command !== 'bench:peers' && ['GFLOP/s', 'GB/s', 'ns/element'].includes(unit);

/** The lines that count: of each row in an engine, those of the last run that measured it. */
function latest(lines: readonly Line[]): Line[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const { command, workload, build, unit, date, commit, system } = line;
    const key = [command, workload, unit, engineOf(line), isKernel(line) && build].join();
    const same = groups.get(key)?.filter((other) => other.date === date && other.commit === commit && other.system !== system) ?? [];
    groups.set(key, [...same, line]);
  }
  return [...groups.values()].flat();
}

type Work = readonly [workload: string, unit: string];

/** The rows that others do too. */
const works: readonly Work[] = [
  ...[...trainings, stepping, ...predictions].map(({ id, unit }) => [id, unit] as const),
  ...shared.filter(({ threads }) => threads === 2).map(({ work: { id, unit }, threads }) => [`${id} ${threads} threads`, unit] as const),
  ...Object.entries({ P1: 'µs', P2: 'steps/s' }),
  ...Object.entries({ 'I3 fresh': 'ns', 'T1 layers.fit': 'samples/s', 'T2 layers.fit': 'samples/s' }),
  ...Object.entries({ 'G 256x256x256 nn': 'GFLOP/s', 'G 512x512x512 nn': 'GFLOP/s', C: 'ms', M: 'MB' }),
  ['C', 'kB'],
];

/** What the page says of the lines of one machine. */
class Page {
  readonly #lines: readonly Line[];
  readonly engines: readonly string[];

  constructor(lines: readonly Line[]) {
    this.#lines = latest(lines);
    this.engines = unique(this.#lines.map(engineOf));
  }

  /** The lines of a row, from the run that has most systems beside one another. */
  #row(engine: string, workload: string, unit?: string): Line[] {
    const found = this.#lines.filter((line) => line.workload === workload && engineOf(line) === engine && (!unit || line.unit === unit));
    const runs = unique(found.map(({ command }) => command)).map((command) => found.filter((line) => line.command === command));
    return runs.sort((a, b) => b.length - a.length || Number(b[0]?.command === 'bench') - Number(a[0]?.command === 'bench'))[0] ?? [];
  }

  /** neurite's lines of a kind, those first that were measured where no other system took turns: a share of the limit, or a ratio to itself, is most reliable there. */
  #alone(has: (line: Line) => unknown): Line[] {
    const own = this.#lines.filter((line) => line.system === 'neurite' && has(line));
    return own.sort((a, b) => b.date.localeCompare(a.date) || Number(a.command === 'bench:peers') - Number(b.command === 'bench:peers'));
  }

  /** How neurite trains, predicts or starts by itself. */
  #byItself(engine: string, workload: string, unit?: string): Line | undefined {
    return this.#alone((line) => line.workload === workload && engineOf(line) === engine && (!unit || line.unit === unit))[0];
  }

  #kernel(engine: string, workload: string, build: string | undefined): Line | undefined {
    return this.#lines.find((line) => isKernel(line) && line.workload === workload && engineOf(line) === engine && line.build === build);
  }

  head(): string {
    const lines = this.#lines;
    const versions = unique(lines.flatMap(({ system, version }) => (version ? [`${system} ${version}`] : [])));
    const runOf = ({ date, commit }: Line) => `${date}, commit ${commit}`;
    const runs = unique(lines.map(runOf)).sort().reverse();
    const enginesOf = (run: string) => unique(lines.filter((line) => runOf(line) === run).map(engineOf)).join(', ');
    const when = runs.length > 1 ? runs.map((run) => `${run} (${enginesOf(run)})`) : runs;
    return `${when.join('; ')}: ${lines[0]?.machine}, one thread where a row says no more; ${unique(lines.map(({ engine }) => engine)).join(', ')}.
Beside: ${versions.join(', ')}; numpy with OpenBLAS and PyTorch as Debian has them, which use wider vectors than WebAssembly has (AVX2, AVX-512).`;
  }

  /** The figure that a goal is for: the worst of its rows, the nearest of its systems. */
  #figure({ workloads, engine, build, among, unit }: Goal): readonly [value: number, text: string] | undefined {
    const shareOf = (workload: string) => (build ? this.#kernel(engine, workload, build) : this.#byItself(engine, workload))?.share;
    const shares = workloads.flatMap((workload) => shareOf(workload) ?? []);
    if (unit === '%') return shares.length === workloads.length ? [100 * Math.min(...shares), shares.map(percent).join(', ')] : undefined;
    if (!among) {
      const value = this.#byItself(engine, workloads[0] as string, unit)?.value;
      return value === undefined ? undefined : [value, `${format(value)} ${unit}`];
    }
    const lines = this.#row(engine, workloads[0] as string);
    const ratios = lines.flatMap(({ system, ratio }) => (ratio && among.includes(system) ? [[ratio, `${format(ratio)} (${system})`] as const] : []));
    return ratios.sort(([a], [b]) => a - b)[0];
  }

  goals(): string {
    const rows = goals.map((goal) => {
      const { what, unit, floor, aim, limitedBy = '' } = goal;
      const [value = Number.NaN, text = '–'] = this.#figure(goal) ?? [];
      const meets = (bound = Number.NaN) => (unit === '×' || unit === '%' ? value >= bound : value <= bound);
      const verdict = text === '–' ? 'not measured' : !meets(floor) ? '**short**' : meets(aim) ? 'reached, and the aim' : 'reached';
      const bounds = [floor, aim].map((bound) => (bound === undefined ? '' : unit === '×' ? String(bound) : `${bound} ${unit}`));
      return [what, ...bounds, text, verdict, meets(aim) ? '' : limitedBy];
    });
    return table([['', 'floor', 'aim', 'measured', '', 'what limits it'], Array(6).fill('---'), ...rows]);
  }

  /** Workloads beside other systems in one engine, or in several one beside the other. */
  ratios(...engines: readonly string[]): string {
    const columns = engines.flatMap((engine) => systems.map((system) => ({ engine, system })));
    const column = ({ engine, system }: (typeof columns)[number]) => (engines.length > 1 ? `${engine}, ${system}` : system);
    return grid(works, columns, { row: ([workload, unit]) => `**${workload}**, ${unit}`, column }, ([workload, unit], { engine, system }) => {
      const line = this.#row(engine, workload, unit).find((line) => line.system === system);
      const figure = line && (line.ratio === undefined ? format(line.value as number) : `${format(line.ratio)} ×`);
      return figure && notes[system]?.[workload] ? `${figure} \\*` : figure;
    });
  }

  /** What nobody has measured, and why. */
  unmeasured(): string[] {
    const none = works.filter(([workload, unit]) => !this.engines.some((engine) => this.#row(engine, workload, unit).length));
    return none.map(([workload]) => `- **${workload}**: not measured: no run has it yet.`);
  }

  /** neurite beside itself: what a frozen predictor gains, and one of int8; what a derivative costs. */
  own(): string {
    const own = this.#alone(({ ratio }) => ratio);
    const find = (workload: string, engine: string) => own.find((line) => line.workload === workload && engineOf(line) === engine)?.ratio;
    const workloads = unique(own.map(({ workload }) => workload));
    return grid(workloads, this.engines, { row: String, column: String }, (workload, engine) => find(workload, engine)?.toFixed(2));
  }

  /** Products and passes in every engine and build. */
  kernels(): string {
    const units = new Map(this.#lines.filter(isKernel).map(({ workload, unit }) => [workload, unit]));
    const columns = (['relaxed', 'simd'] as const).flatMap((build) => this.engines.map((engine) => ({ engine, build })));
    const column = ({ engine, build }: (typeof columns)[number]) => `${engine}, ${build === 'simd' ? 'baseline' : build}`;
    return grid([...units], columns, { row: (entry) => entry.join(', '), column }, ([workload], { engine, build }) => {
      const line = this.#kernel(engine, workload, build);
      return line && `${format(line.value as number)}${line.share ? `, ${percent(line.share)}` : ''}`;
    });
  }

  /** How fast the training of networks of a size to speak of executes its floating-point operations, and what share of the limit that is. */
  executed(engine: string): string {
    const cubes = this.#lines.filter((line) => engineOf(line) === engine && line.workload === 'G 256x256x256 nn');
    const limit = Math.max(0, ...cubes.flatMap(({ value, share, limit }) => limit ?? (value && share ? value / share : [])));
    const figures = trainings.flatMap(({ id, sizes, unit }) => {
      const own = this.#byItself(engine, id);
      if (!own?.value || unit !== 'samples/s') return [];
      const speed = (own.value * trainingFlops(sizes)) / 1e9;
      const share = own.share ?? (limit && speed / limit);
      return [`${id} ${speed.toFixed(1)}${share ? ` (${percent(share)})` : ''}`];
    });
    return `${engine}: ${figures.join(', ')}`;
  }
}

/** The page on the machine that was measured last. */
export function page(history: readonly Line[]): string {
  const machine = history.at(-1)?.machine;
  const page = new Page(history.filter((line) => line.machine === machine));
  const nodes = page.engines.filter((engine) => engine.startsWith('Node'));
  const browsers = page.engines.filter((engine) => !nodes.includes(engine));
  return `# What was measured

${page.head()}

\`npm run bench:results\` makes this page from \`bench/history/\`, to which \`npm run bench\`, \`bench:peers\` and \`bench:browser\` add with \`--write\`: medians, their
spread, accuracies, every row and date. Systems take turns in at least five repetitions; a ratio is the median of the ratios within a repetition. Absolute
figures drift with the machine by a fifth and more from one run to the next, ratios by much less. What others come to is checked before it is timed, what
neurite does on several threads to the bits of one thread, in populations to those of single nets (relaxed build: to 2⁻¹⁸). Systems that take seconds for
what others do in a fifth of one train fewer epochs in a repetition (\`bench/workloads.ts\`); their accuracies are of these.

## Floors

${page.goals()}

## Beside other systems

neurite's median, and how many times as fast it is as each system; for C and M, each system's own figure. T: training, I: prediction, G: square products,
C: cold start above an empty process and what a page loads, M: peak memory, P1: a frame of 300 nets 8-16-4, P2: steps of 256 nets 2-8-1. On 2 threads everyone has two. \`bench/workloads.ts\` defines the work.

${nodes.map((engine) => `${engine}:\n\n${page.ratios(engine)}`).join('\n\n')}

${browsers.length ? `Browsers:\n\n${page.ratios(...browsers)}\n\n` : ''}Products executed in training, in GFLOP/s of the whole step's time and as a share of the limit: ${nodes.map((engine) => page.executed(engine)).join('; ')}.

${[...page.unmeasured(), ...missing()].join('\n')}

## Beside itself

How many times as fast a frozen predictor is as its network (F, 784-512-256-10), one of int8 as one of floats (Q, the same), a derivative as the calls it may cost (D, 784-128-10),
several threads as fewer, and a population (P1, P2) as its nets one by one and as one net.

${page.own()}

## Kernels beside the limit

Products by rows × inputs × outputs of a layer (nt: X·Wᵀ, nn: dZ·W, tn: dZᵀ·X), and as a share of the limit: what multiply-add on 128-bit registers alone
reaches in the same engine and run.

${page.kernels()}
`;
}
