/** What of the history counts: the last run of each row on the machine that was measured last. */
import type { Line } from '../history.js';
import { notes } from '../reasons.js';
import { format } from '../report.js';
import { described, predictions, shared, stepping, trainingFlops, trainings } from '../workloads.js';

export const unique = <A>(values: readonly A[]) => [...new Set(values)];

/** "Node 24" of "Node 24.21.0", "Firefox" of "Firefox 153.7.0". */
export const engineOf = ({ engine }: Line) => /^Node \d+|^\w+/.exec(engine)?.[0] as string;

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

/** A row that others do too. */
export interface Work {
  readonly workload: string;
  readonly unit: string;
  /** What it is, where it is one of those that tell most. */
  readonly words?: string;
}

/** The engine whose figures come first. */
export const FIRST = 'Node 24';

export const works: readonly Work[] = [
  ...[...trainings, ...predictions].map((work) => ({ workload: work.id, unit: work.unit, words: described(work) })),
  { workload: stepping.id, unit: stepping.unit },
  { workload: 'I3 fresh', unit: 'ns' },
  { workload: 'P1', unit: 'µs', words: 'predicts a row by each of 300 nets 8-16-4' },
  { workload: 'P2', unit: 'steps/s', words: 'trains 256 nets 2-8-1, steps of all' },
  ...shared
    .filter(({ threads }) => threads === 2)
    .map(({ work: { id, unit } }) => ({ workload: `${id} 2 threads`, unit, words: `${id}, everyone on two threads` })),
  ...['T1', 'T2'].map((id) => ({ workload: `${id} layers.fit`, unit: 'samples/s' })),
  ...['G 256x256x256 nn', 'G 512x512x512 nn'].map((workload) => ({ workload, unit: 'GFLOP/s' })),
  { workload: 'C', unit: 'ms', words: 'starts, above an empty process' },
  { workload: 'C', unit: 'kB', words: 'a page that trains, minified and gzipped' },
  { workload: 'M', unit: 'MB', words: 'peak memory in T2' },
];

/** Where lines have no ratio, each system's own figure is told, of which the least is the best. */
const figureOf = ({ ratio, value }: Line) => ratio ?? (value as number);

/** A line as a cell: how many times as fast neurite is, or the system's own figure. */
export const cellOf = (line: Line, unit = '') =>
  line.ratio === undefined ? `${format(line.value as number)}${unit && ` ${unit}`}` : `${format(line.ratio)} ×`;

export class Measured {
  readonly lines: readonly Line[];
  readonly machine: string;
  readonly engines: readonly string[];

  constructor(history: readonly Line[]) {
    this.machine = history.at(-1)?.machine ?? '';
    this.lines = latest(history.filter(({ machine }) => machine === this.machine));
    this.engines = unique(this.lines.map(engineOf));
  }

  /** When it was measured in an engine: "2026-11-22 to 2026-11-28". */
  dates(engine: string): string {
    const dates = this.lines.flatMap((line) => (engineOf(line) === engine ? line.date : [])).sort();
    return unique([dates[0], dates.at(-1)]).join(' to ');
  }

  /** An engine with its versions: "Node 24.21.0". */
  versions(engine: string): string {
    return unique(this.lines.filter((line) => engineOf(line) === engine).map((line) => line.engine)).join(', ');
  }

  /** The lines of a row, from the run that has most systems beside one another. */
  row(engine: string, { workload, unit }: Pick<Work, 'workload'> & { readonly unit?: string }): Line[] {
    const found = this.lines.filter((line) => line.workload === workload && engineOf(line) === engine && (!unit || line.unit === unit));
    const runs = unique(found.map(({ command }) => command)).map((command) => found.filter((line) => line.command === command));
    return runs.sort((a, b) => b.length - a.length || Number(b[0]?.command === 'bench') - Number(a[0]?.command === 'bench'))[0] ?? [];
  }

  /** Who of a row comes nearest to neurite; one that does other work does not count. */
  nearest(row: readonly Line[], among: readonly string[]): Line | undefined {
    const others = row.filter(({ system, workload }) => among.includes(system) && !notes[system]?.[workload]);
    return others.sort((a, b) => figureOf(a) - figureOf(b))[0];
  }

  /** neurite's lines of a kind, those first that were measured where no other system took turns: a share of the limit, or a ratio to itself, is most reliable there. */
  alone(has: (line: Line) => unknown): Line[] {
    const own = this.lines.filter((line) => line.system === 'neurite' && has(line));
    return own.sort((a, b) => b.date.localeCompare(a.date) || Number(a.command === 'bench:peers') - Number(b.command === 'bench:peers'));
  }

  /** How neurite trains, predicts or starts by itself. */
  byItself(engine: string, workload: string, unit?: string): Line | undefined {
    return this.alone((line) => line.workload === workload && engineOf(line) === engine && (!unit || line.unit === unit))[0];
  }

  /** How many times as fast neurite is as itself at a row of its own. */
  toItself(engine: string, workload: string): number | undefined {
    return this.alone((line) => line.ratio && line.workload === workload && engineOf(line) === engine)[0]?.ratio;
  }

  get kernels(): Line[] {
    return this.lines.filter(isKernel);
  }

  kernel(engine: string, workload: string, build: string | undefined): Line | undefined {
    return this.kernels.find((line) => line.workload === workload && engineOf(line) === engine && line.build === build);
  }

  /** How fast the training of networks of a size to speak of executes its floating-point operations, in GFLOP/s, and what share of the limit that is. */
  executed(engine: string): { id: string; speed: number; share: number | undefined }[] {
    const cubes = this.lines.filter((line) => engineOf(line) === engine && line.workload === 'G 256x256x256 nn');
    const limit = Math.max(0, ...cubes.flatMap(({ value, share, limit }) => limit ?? (value && share ? value / share : [])));
    return trainings.flatMap(({ id, sizes, unit }) => {
      const own = this.byItself(engine, id);
      if (!own?.value || unit !== 'samples/s') return [];
      const speed = (own.value * trainingFlops(sizes)) / 1e9;
      return [{ id, speed, share: own.share ?? (limit ? speed / limit : undefined) }];
    });
  }
}
