/** RESULTS.md out of the history: the machine, the limits, the ratios, what falls short and why. Every figure in it is of a line of the history. */
import { type Goal, goals } from './floors.js';
import type { Line } from './history.js';
import { missing, notes, systems } from './reasons.js';
import { format } from './report.js';
import { pending, predictions, stepping, trainingFlops, trainings } from './workloads.js';

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const unique = <A>(values: readonly A[]) => [...new Set(values)];
const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(0)} %`);

/** "Node 24" of "Node 24.21.0", "Firefox" of "Firefox 153.7.0". */
function engineOf({ engine }: Line): string {
  return /^Node \d+|^\w+/.exec(engine)?.[0] as string;
}

/** Whether a line is of a kernel by itself, which is measured in either build; a network is in one. */
function isKernel({ command, unit }: Line): boolean {
  return command !== 'bench:peers' && ['GFLOP/s', 'GB/s', 'ns/element'].includes(unit);
}

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

/** The rows that others do too. */
const works: readonly (readonly [workload: string, unit: string])[] = [
  ...[...trainings, stepping, ...predictions].map(({ id, unit }) => [id, unit] as const),
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
  of(engine: string, workload: string, unit?: string): Line[] {
    const found = this.#lines.filter((line) => line.workload === workload && engineOf(line) === engine && (!unit || line.unit === unit));
    const runs = unique(found.map(({ command }) => command)).map((command) => found.filter((line) => line.command === command));
    return runs.sort((a, b) => b.length - a.length)[0] ?? [];
  }

  head(): string {
    const lines = this.#lines;
    const versions = unique(lines.flatMap(({ system, version }) => (version ? [`${system} ${version}`] : [])));
    const runs = unique(lines.map(({ date, commit }) => `${date}, commit ${commit}`));
    return `${runs.join('; ')}: ${lines[0]?.machine}, one thread; ${unique(lines.map(({ engine }) => engine)).join(', ')}.
Beside: ${versions.join(', ')}; numpy with OpenBLAS and PyTorch as Debian has them, which use wider vectors than WebAssembly has (AVX2, AVX-512).`;
  }

  /** The figure that a goal is for: the worst of its rows, the nearest of its systems. */
  #figure({ workloads, engine, build, among, unit }: Goal): { value: number; text: string } | undefined {
    if (unit === '%') {
      const shares = workloads.map(
        (workload) =>
          this.#lines.filter((line) => line.workload === workload && engineOf(line) === engine && line.build === build && line.share).at(-1)?.share,
      );
      if (shares.includes(undefined)) return undefined;
      return { value: 100 * Math.min(...(shares as number[])), text: shares.map(percent).join(', ') };
    }
    const own = this.of(engine, workloads[0] as string, among ? undefined : unit);
    if (!among) {
      const value = own.find(({ system }) => system === 'neurite')?.value;
      return value === undefined ? undefined : { value, text: `${format(value)} ${unit}` };
    }
    const [nearest] = own.filter(({ system, ratio }) => ratio && among.includes(system)).sort((a, b) => (a.ratio as number) - (b.ratio as number));
    return nearest && { value: nearest.ratio as number, text: `${format(nearest.ratio as number)} (${nearest.system})` };
  }

  goals(): string {
    const rows = goals.map((goal) => {
      const { what, unit, floor, aim, limitedBy = '' } = goal;
      const figure = this.#figure(goal);
      const meets = (bound: number) => figure && (unit === '×' || unit === '%' ? figure.value >= bound : figure.value <= bound);
      const aimed = aim !== undefined && meets(aim);
      const verdict = !figure ? 'not measured' : !meets(floor) ? '**short**' : aimed ? 'reached, and the aim' : 'reached';
      const bound = (value: number | undefined) => (value === undefined ? '' : unit === '×' ? String(value) : `${value} ${unit}`);
      return [what, bound(floor), bound(aim), figure?.text ?? '–', verdict, aimed ? '' : limitedBy];
    });
    return table(['', 'floor', 'aim', 'measured', '', 'what limits it'], rows);
  }

  /** Workloads beside other systems in one engine, or in several one beside the other. */
  ratios(...engines: readonly string[]): string {
    const columns = engines.flatMap((engine) => {
      const present = systems.filter((system) =>
        works.some(([workload, unit]) => this.of(engine, workload, unit).some((line) => line.system === system)),
      );
      return present.map((system) => ({ engine, system }));
    });
    const rows = works.flatMap(([workload, unit]) => {
      const cells = columns.map(({ engine, system }) => {
        const line = this.of(engine, workload, unit).find((line) => line.system === system);
        if (!line) return '–';
        const figure = line.ratio !== undefined ? `${format(line.ratio)} ×` : format(line.value as number);
        return notes[system]?.[workload] ? `${figure} \\*` : figure;
      });
      const measured = cells.filter((cell) => cell !== '–').length;
      // A product that nobody else has done is among the kernels; what one engine lacks is told where nobody has it.
      if (unit === 'GFLOP/s' ? measured <= engines.length : !measured && this.engines.some((engine) => this.of(engine, workload, unit).length))
        return [];
      return [[`**${workload}**, ${unit}`, ...(measured ? cells : ['not measured', ...cells.slice(1)])]];
    });
    return table(['', ...columns.map(({ engine, system }) => (engines.length > 1 ? `${engine}, ${system}` : system))], rows);
  }

  /** neurite beside itself: what a frozen predictor gains, what a derivative costs. */
  own(): string {
    const own = this.#lines.filter(({ system, ratio }) => system === 'neurite' && ratio);
    const used = this.engines.filter((engine) => own.some((line) => engineOf(line) === engine));
    const cell = (workload: string, engine: string) => own.find((line) => line.workload === workload && engineOf(line) === engine)?.ratio;
    const row = (workload: string) => [workload, ...used.map((engine) => cell(workload, engine)?.toFixed(2) ?? '–')];
    return table(['', ...used], unique(own.map(({ workload }) => workload)).map(row));
  }

  /** Products and passes in every engine and build. */
  kernels(): string {
    const kernels = this.#lines.filter(isKernel);
    const builds = (['relaxed', 'simd'] as const).flatMap((build) => this.engines.map((engine) => ({ engine, build })));
    const of = (engine: string, build: string) => kernels.filter((line) => engineOf(line) === engine && line.build === build);
    const used = builds.filter(({ engine, build }) => of(engine, build).length);
    const rows = unique(kernels.map(({ workload }) => workload)).map((workload) => {
      const cells = used.map(({ engine, build }) => of(engine, build).find((line) => line.workload === workload));
      const shown = cells.map((line) => (line ? `${format(line.value as number)}${line.share ? `, ${percent(line.share)}` : ''}` : '–'));
      return [`${workload}, ${cells.find((line) => line)?.unit}`, ...shown];
    });
    return table(['', ...used.map(({ engine, build }) => `${engine}, ${build === 'simd' ? 'baseline' : build}`)], rows);
  }

  /** How fast the training of networks of a size to speak of executes its floating-point operations, and what share of the limit that is. */
  executed(engine: string): string {
    const cubes = this.#lines.filter((line) => engineOf(line) === engine && line.workload === 'G 256x256x256 nn');
    const limit = Math.max(...cubes.flatMap(({ value, share, limit }) => limit ?? (value && share ? value / share : [])));
    const figures = trainings.flatMap(({ id, sizes, unit }) => {
      const own = this.of(engine, id).find(({ system }) => system === 'neurite');
      if (!own?.value || unit !== 'samples/s') return [];
      const speed = (own.value * trainingFlops(sizes)) / 1e9;
      return [`${id} ${speed.toFixed(1)} (${percent(own.share ?? (limit > 0 ? speed / limit : undefined))})`];
    });
    return figures.join(', ');
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
figures drift with the machine by a fifth and more from one run to the next, ratios by much less.

## Floors

${page.goals()}

## Beside other systems

neurite's median, and how many times as fast it is as each system; for C and M, each system's own figure. T: training, I: prediction, G: square products,
C: cold start above an empty process and what a page loads, M: peak memory. \`bench/workloads.ts\` defines the work.

${nodes.map((engine) => `${engine}:\n\n${page.ratios(engine)}`).join('\n\n')}

${browsers.length ? `Browsers:\n\n${page.ratios(...browsers)}\n\n` : ''}Products executed in training, in GFLOP/s of the whole step's time and as a share of the limit: ${nodes.map((engine) => `${engine}: ${page.executed(engine)}`).join('; ')}.

${[...Object.entries(pending).map(([id, why]) => `- **${id}**: not measured: ${why}.`), ...missing()].join('\n')}

## Beside itself

How many times as fast a frozen predictor is as its network (F, 784-512-256-10), and a derivative as the calls it may cost (D, 784-128-10).

${page.own()}

## Kernels beside the limit

Products by rows × inputs × outputs of a layer (nt: X·Wᵀ, nn: dZ·W, tn: dZᵀ·X), and as a share of the limit: what multiply-add on 128-bit registers alone
reaches in the same engine and run.

${page.kernels()}
`;
}
