/** What can only be measured in processes of their own: how long one takes to begin (C), and how much memory it takes (M). */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { alternate, type Contender, type Result, summarize, timed } from './measure.js';

const run = promisify(execFile);

/** A system and the command that runs it, and what the same command costs with nothing in it. */
export interface Command {
  readonly system: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly empty: readonly string[];
}

/** A module of build/bench, run by the Node at hand. */
export function nodeCommand(system: string, module: string, ...args: string[]): Command {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  return { system, file: process.execPath, args: [path(module), ...args], empty: [path('fresh/empty.js')] };
}

/** Starting a process varies more than anything else here. */
const STARTS = 21;

/** Milliseconds from start to end above an empty process, by turns with it. */
export async function coldStarts(commands: readonly Command[], repetitions: number): Promise<Result[]> {
  const contender = (system: string, file: string, args: readonly string[]): Contender => ({
    system,
    asynchronous: true,
    amount: 1,
    run: () => run(file, [...args]),
  });
  const contenders = commands.flatMap(({ system, file, args, empty }) => [contender(system, file, args), contender('empty', file, empty)]);
  const seconds = await alternate(contenders, { repetitions: Math.max(repetitions, STARTS), time: 0, warmup: 0 });
  return commands.map(({ system }, i) => {
    const empty = seconds[2 * i + 1] as number[];
    const own = seconds[2 * i] as number[];
    return timed(
      'C',
      { system },
      'ms',
      own.map((total, r) => total - (empty[r] as number)),
    );
  });
}

/** The most memory each was in, which it prints itself. */
export async function memories(commands: readonly Command[], repetitions: number): Promise<Result[]> {
  const megabytes: number[][] = commands.map(() => []);
  for (let r = 0; r < repetitions; r++) {
    for (const [i, { file, args }] of commands.entries()) (megabytes[i] as number[]).push(Number((await run(file, [...args])).stdout));
  }
  return commands.map(({ system }, i) => summarize('M', { system }, 'MB', megabytes[i] as number[]));
}
