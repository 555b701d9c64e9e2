import { Bench } from 'tinybench';

export type Build = 'simd' | 'relaxed';

/** What a unit means: how often in a second, or how long. */
export type Unit = 'samples/s' | 'steps/s' | 'GFLOP/s' | 'GB/s' | 'µs' | 'ns' | 'ns/element' | 'ms' | 'MB' | 'kB';

/** One system that does the work of a row. */
export interface Contender {
  readonly system: string;
  readonly build?: Build;
  /** Does some of the work once. */
  readonly run: () => unknown;
  /** Whether `run` returns a promise to wait for. Default false. */
  readonly asynchronous?: boolean;
  /** What it does, where that isn't the workload by itself but something to compare with. */
  readonly work?: string;
  /** How much that is: samples, steps, calls, elements, or giga-operations. */
  readonly amount: number;
  /** The share of test samples decided rightly, asked for after the last repetition. */
  readonly accuracy?: (() => number | Promise<number>) | undefined;
  readonly free?: () => void;
}

/** One row of a report: what `--json` prints. */
export interface Result {
  readonly workload: string;
  readonly system: string;
  readonly build?: Build;
  /** The median of the repetitions. */
  readonly value: number;
  readonly unit: Unit;
  readonly min: number;
  readonly max: number;
  /** What the machine could do at most, measured between the same repetitions. */
  readonly limit?: number;
  readonly accuracy?: number;
  /** How many times better the first system of the same run is: the median of the ratios within each repetition. Not there for the first itself. */
  readonly ratio?: number;
  readonly node: string;
}

export interface Effort {
  readonly repetitions: number;
  /** Milliseconds a contender runs in each repetition, at least; it runs at least once. */
  readonly time: number;
  /** Milliseconds before the first repetition that are not counted. */
  readonly warmup: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Units of which less is better, and how many of them a second is. */
const times: Partial<Record<Unit, number>> = { ms: 1e3, µs: 1e6, ns: 1e9, 'ns/element': 1e9 };

/** `amount` done in `seconds`, in a unit. */
export function quantity(unit: Unit, amount: number, seconds: number): number {
  const scale = times[unit];
  return scale === undefined ? amount / seconds : (seconds / amount) * scale;
}

/** The engine the benchmark runs in: Node's version, or the browser's name. */
export const engine = typeof process === 'undefined' ? navigator.userAgent : process.versions.node;

/**
 * Lets each contender do its work in turn, again and again, so that a machine that slows down or speeds up does so for all of them.
 * Every second repetition goes round the other way. Within a repetition the median counts: it forgets what else the machine did.
 */
export async function alternate(contenders: readonly Contender[], { repetitions, time, warmup }: Effort): Promise<number[][]> {
  const round = async (list: readonly (readonly [Contender, number])[], budget: number): Promise<void> => {
    const bench = new Bench({ time: budget, iterations: 1, warmup: false, throws: true });
    for (const [{ run, asynchronous = false }, i] of list) bench.add(String(i), run, { async: asynchronous });
    await bench.run();
    bench.tasks.forEach((task, at) => {
      if (task.result.state !== 'completed') throw new Error(`${(list[at] as readonly [Contender, number])[0].system} did not complete`);
      const [{ amount }, i] = list[at] as readonly [Contender, number];
      (seconds[i] as number[]).push(task.result.latency.p50 / 1e3 / amount);
    });
  };
  let seconds: number[][] = contenders.map(() => []);
  const numbered = contenders.map((contender, i) => [contender, i] as const);
  await round(numbered, warmup);
  seconds = contenders.map(() => []);
  for (let i = 0; i < repetitions; i++) await round(i % 2 ? [...numbered].reverse() : numbered, time);
  return seconds;
}

/** Measures the contenders of a workload by turns; the first is the one the others are compared with. */
export async function compare(workload: string, unit: Unit, contenders: readonly Contender[], effort: Effort): Promise<Result[]> {
  try {
    const seconds = await alternate(contenders, effort);
    const first = seconds[0] as number[];
    const results: Result[] = [];
    for (const [i, contender] of contenders.entries()) {
      const own = seconds[i] as number[];
      const accuracy = await contender.accuracy?.();
      const values = own.map((value) => quantity(unit, 1, value));
      const { node, ...result } = summarize(contender.work ?? workload, contender, unit, values, accuracy);
      const ratio = i > 0 && median(own.map((value, r) => value / (first[r] as number)));
      results.push({ ...result, ...(ratio && { ratio }), node });
    }
    return results;
  } finally {
    for (const { free } of contenders) free?.();
  }
}

/** The result of the values that repetitions gave. */
export function summarize(
  workload: string,
  { system, build }: Pick<Contender, 'system' | 'build'>,
  unit: Unit,
  values: readonly number[],
  accuracy?: number,
): Result {
  return {
    workload,
    system,
    ...(build && { build }),
    value: median(values),
    unit,
    min: Math.min(...values),
    max: Math.max(...values),
    ...(accuracy !== undefined && { accuracy }),
    node: engine,
  };
}
