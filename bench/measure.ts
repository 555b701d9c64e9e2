import { Bench } from 'tinybench';
import { limit } from './limit.js';

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
  /** Giga-operations of multiply-adds in a unit of the amount, where what they take at most is told beside the result. */
  readonly operations?: number | undefined;
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
  /** How many times better the first system of the same run is: the median of the ratios within each repetition. Absent for the first itself. */
  readonly ratio?: number;
  /** "Node 24.21.0", "Chromium 156.0.8078.79". */
  readonly engine: string;
}

export interface Effort {
  readonly repetitions: number;
  /** Milliseconds a contender runs in each repetition, at least; it runs at least once. */
  readonly time: number;
  /** Milliseconds before the first repetition that are not counted. */
  readonly warmup: number;
}

/** @throws where numbers differ by more than roundings explain: who computes something else has no result */
export function checkClose(what: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  let worst = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs((found[i] as number) - (expected[i] as number)));
  if (!(worst <= tolerance)) throw new Error(`${what}: differs by ${worst}, expected at most ${tolerance}`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Units of which less is better, and how many of them a second is. */
const times: Partial<Record<Unit, number>> = { ms: 1e3, µs: 1e6, ns: 1e9, 'ns/element': 1e9 };

/** Seconds for one sample, step, call, element or giga-operation, in a unit. */
function quantity(unit: Unit, seconds: number): number {
  const scale = times[unit];
  return scale === undefined ? 1 / seconds : seconds * scale;
}

const engine = typeof process === 'undefined' ? navigator.userAgent : `Node ${process.versions.node}`;

/**
 * Lets each contender do its work in turn, again and again, so that a machine that slows down or speeds up does so for all of them.
 * Every second repetition goes round the other way. Returns, per contender, the seconds per unit of work of each repetition: the median of its
 * runs, which forgets what else the machine did.
 */
export async function alternate(contenders: readonly Contender[], { repetitions, time, warmup }: Effort): Promise<number[][]> {
  const seconds: number[][] = contenders.map(() => []);
  const round = async (list: readonly number[], budget: number, count: boolean): Promise<void> => {
    const bench = new Bench({ time: budget, iterations: 1, warmup: false, throws: true });
    for (const i of list) {
      const { run, asynchronous = false } = contenders[i] as Contender;
      bench.add(String(i), run, { async: asynchronous });
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      const { system, amount } = contenders[Number(name)] as Contender;
      if (result.state !== 'completed') throw new Error(`${system} did not complete`);
      if (count) (seconds[Number(name)] as number[]).push(result.latency.p50 / 1e3 / amount);
    }
  };
  const order = [...contenders.keys()];
  await round(order, warmup, false);
  for (let i = 0; i < repetitions; i++) await round(i % 2 ? [...order].reverse() : order, time, true);
  return seconds;
}

/**
 * Measures the contenders of a workload by turns; the first is the one the others are compared with. Where it says how many operations it takes, the
 * loop that does nothing else has its turns too.
 */
export async function compare(workload: string, unit: Unit, contenders: readonly Contender[], effort: Effort): Promise<Result[]> {
  const [{ build, operations } = {} as Partial<Contender>] = contenders;
  const most = build && operations !== undefined ? [ceiling(build, CEILING)] : [];
  try {
    const seconds = await alternate([...contenders, ...most], effort);
    const first = seconds[0] as number[];
    const results: Result[] = [];
    for (const [i, contender] of contenders.entries()) {
      const own = seconds[i] as number[];
      const accuracy = await contender.accuracy?.();
      const ratio = i > 0 && median(own.map((value, r) => value / (first[r] as number)));
      const result = timed(contender.work ?? workload, contender, unit, own);
      const limit = i === 0 && most.length > 0 && quantity(unit, median(seconds.at(-1) as number[]) * (operations as number));
      results.push({ ...result, ...(limit && { limit }), ...(accuracy !== undefined && { accuracy }), ...(ratio && { ratio }) });
    }
    return results;
  } finally {
    for (const { free } of contenders) free?.();
  }
}

/** Giga-operations of the loop to one run beside a network: some hundredths of a second. */
const CEILING = 2;

/** The loop that does nothing but multiply and add, about `run` giga-operations at a time. */
export function ceiling(build: Build, run: number): Contender {
  const loop = limit(build);
  const turns = Math.round((run * 1e9) / loop(1));
  return { system: 'limit', run: () => loop(turns), amount: loop(1) * turns * 1e-9 };
}

type Who = Pick<Contender, 'system' | 'build'>;

/** The result of the seconds that repetitions took. */
export function timed(workload: string, who: Who, unit: Unit, seconds: readonly number[]): Result {
  return summarize(
    workload,
    who,
    unit,
    seconds.map((value) => quantity(unit, value)),
  );
}

/** The result of the values that repetitions gave. */
export function summarize(workload: string, { system, build }: Who, unit: Unit, values: readonly number[]): Result {
  return { workload, system, ...(build && { build }), value: median(values), unit, min: Math.min(...values), max: Math.max(...values), engine };
}
