/** What was measured, where and when: a line of JSON per row in bench/history/, one file per machine. Lines are added, never changed. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { lowest } from './floors.js';
import type { Result } from './measure.js';

/** One line. Lines taken over from a page of rounded figures may lack what that page left out. */
export interface Line extends Omit<Result, 'value' | 'min' | 'max'>, Partial<Pick<Result, 'value' | 'min' | 'max'>> {
  readonly date: string;
  /** The last commit that changed the program. */
  readonly commit: string;
  readonly machine: string;
  readonly command: 'bench' | 'bench:peers' | 'bench:browser';
  /** Of the system, where it is another than neurite. */
  readonly version?: string | undefined;
  /** value ÷ limit. */
  readonly share?: number;
  /** The lowest ratio, or share, that was no regression at that time. */
  readonly floor?: number;
}

export type Command = Line['command'];

/** This module runs from bench/ and, compiled, from build/bench/. */
export const root = fileURLToPath(new URL(import.meta.url.endsWith('.js') ? '../../' : '../', import.meta.url));
const folder = `${root}bench/history/`;

/** Every line of every machine, oldest first. */
export function history(): Line[] {
  const lines = readdirSync(folder).flatMap((file) =>
    readFileSync(folder + file, 'utf8')
      .trim()
      .split('\n'),
  );
  return lines.map((line) => JSON.parse(line) as Line).sort((a, b) => (a.date < b.date ? -1 : Number(a.date > b.date)));
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const program = ['--', 'assembly', 'src', 'scripts', 'asconfig.json', 'package-lock.json'];

/**
 * Begins a run: the function returned adds a result to the file of this machine.
 * @throws Error where the program has changes that are not committed, for no commit would name what is measured
 */
export function recorder(command: Command): (result: Result & { readonly version?: string | undefined }) => void {
  const changed = git('status', '--porcelain', ...program);
  if (changed) throw new Error(`--write needs a program that is committed, found changes:\n${changed}`);
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`;
  const run = { date: new Date().toISOString().slice(0, 10), commit: git('log', '-1', '--format=%h', ...program), machine, command };
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${machine.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.jsonl`;
  return (result) => {
    const { workload, build, value, limit } = result;
    const floor = build && command !== 'bench:peers' ? lowest(workload, build) : undefined;
    const line: Line = { ...run, ...result, ...(limit && { share: value / limit }), ...(floor !== undefined && { floor }) };
    const rounded = (_: string, entry: unknown) => (typeof entry === 'number' ? Number(entry.toPrecision(5)) : entry);
    appendFileSync(file, `${JSON.stringify(line, rounded)}\n`);
  };
}
