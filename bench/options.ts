import { parseArgs } from 'node:util';
import type { Build } from './measure.js';

/** What every benchmark's command line says. */
export interface Options {
  readonly repetitions: number;
  readonly json: boolean;
  readonly build: Build | undefined;
  readonly check: boolean;
  /** The rows asked for, as they were. */
  readonly only: string | undefined;
  /** Whether a workload, or the family it belongs to, is to be measured. */
  readonly wanted: (workload: string, family?: string) => boolean;
}

const lines = {
  only: '  --only <T1,G,…>     some rows only; G stands for all matrix products, K for the other kernels, F for frozen predictors, D for derivatives',
  build: '  --build <name>      simd or relaxed; else the kernels in both and the networks in what the package picks',
  repetitions: '  --repetitions <n>   of each row (5)',
  check: '  --check             compare with the floors in bench/floors.json; exit 1 below',
  json: '  --json              a line of JSON per result',
  help: '  --help              this text',
};

/** Reads the command line of `npm run <script>`; prints what there is and ends the process where that is asked. */
export function options(script: string, { check = false } = {}): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      build: { type: 'string' },
      repetitions: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      ...(check && { check: { type: 'boolean' as const, default: false } }),
    },
  });
  if (values.help) {
    console.log(
      [`npm run ${script} -- [options]`, ...Object.entries(lines).flatMap(([name, text]) => (name === 'check' && !check ? [] : text))].join('\n'),
    );
    process.exit(0);
  }
  const { build } = values;
  if (build !== undefined && build !== 'simd' && build !== 'relaxed') throw new Error(`--build is ${build}, expected simd or relaxed`);
  const repetitions = Number(values.repetitions);
  if (!(Number.isInteger(repetitions) && repetitions > 0)) throw new Error(`--repetitions is ${values.repetitions}, expected a whole number > 0`);
  const only = values.only?.split(',');
  return {
    only: values.only,
    repetitions,
    json: values.json,
    build,
    check: 'check' in values && values.check === true,
    wanted: (workload, family) => !only || only.includes(workload) || (family !== undefined && only.includes(family)),
  };
}
