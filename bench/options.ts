import { parseArgs } from 'node:util';
import type { Command } from './history.js';
import type { Build } from './measure.js';

/** What every benchmark's command line says. */
export interface Options {
  readonly repetitions: number;
  readonly json: boolean;
  readonly write: boolean;
  readonly build: Build | undefined;
  readonly check: boolean;
  /** Of bench:peers: in browsers. */
  readonly browsers: boolean;
  /** The rows asked for, as they were. */
  readonly only: string | undefined;
}

const help = `
  --only <T1,G,…>     some rows only; G stands for all matrix products, K for the other kernels, F for frozen predictors, Q for those of int8, D for derivatives, O for updates composed of ops
  --build <name>      simd or relaxed; else the kernels in both and the networks in what the package picks
  --repetitions <n>   of each row (5)
  --browsers          of bench:peers alone: the rows on several threads in Chromium and Firefox
  --check             of bench alone: compare with the floors in bench/floors.ts; exit 1 below
  --json              a line of JSON per result
  --write             add the results to bench/history/; npm run bench:results makes bench/RESULTS.md of it
  --help              this text`;

/** The seconds of each part, which are all that some commands are told. */
export function secondsOf(command: string, usual: number): number {
  const seconds = Number(process.argv[2] ?? usual);
  if (!(seconds > 0)) throw new Error(`${command}: got ${process.argv[2]} seconds, expected a number above 0`);
  return seconds;
}

/** Reads the command line of `npm run <command>`; prints what there is and ends the process where that is asked. */
export function options(command: Command): Options {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { only: text, build: text, repetitions: { ...text, default: '5' }, check: flag, browsers: flag, json: flag, write: flag, help: flag },
  });
  if (values.help) {
    console.log(`npm run ${command} -- [options]${help}`);
    process.exit(0);
  }
  const { build, check, browsers, only } = values;
  if (build !== undefined && build !== 'simd' && build !== 'relaxed') throw new Error(`--build is ${build}, expected simd or relaxed`);
  if (check && command !== 'bench') throw new Error(`--check belongs to bench, not to ${command}`);
  if (browsers && command !== 'bench:peers') throw new Error(`--browsers belongs to bench:peers, not to ${command}`);
  const repetitions = Number(values.repetitions);
  if (!(Number.isInteger(repetitions) && repetitions > 0)) throw new Error(`--repetitions is ${values.repetitions}, expected a whole number > 0`);
  return { only, repetitions, json: values.json, write: values.write, build, check, browsers };
}
