/** npm run bench: the kernels against the limit of the machine, the workloads against plain JavaScript, in one run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kernelEffort, measurePass, measureProducts, passes, productName, products } from './kernels.js';
import { type Build, compare } from './measure.js';
import { mnist } from './mnist.js';
import { comparison, Report } from './report.js';
import { rows } from './workloads.js';

const usage = `npm run bench -- [options]
  --only <T1,G,…>     some rows only; G stands for all matrix products, K for the other kernels
  --build <name>      simd or relaxed; else the kernels in both and the networks in what the package picks
  --repetitions <n>   of each row (5)
  --json              a line of JSON per result
  --help              this text`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    build: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
function binary(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(`neurite/${file}`))));
}

const only = options.only?.split(',');
const repetitions = Number(options.repetitions);
const wanted = (workload: string, family?: string) => !only || only.includes(workload) || (family !== undefined && only.includes(family));
const binaries: Record<Build, Uint8Array<ArrayBuffer>> = { relaxed: binary('core.relaxed.wasm'), simd: binary('core.wasm') };
const builds = (['relaxed', 'simd'] as const).filter((build) => WebAssembly.validate(binaries[build]) && (!options.build || build === options.build));
const report = new Report(options.json);

for (const build of builds) {
  for (const product of products) {
    if (!wanted(productName(product), 'G')) continue;
    for (const { result, share = 0 } of await measureProducts(binaries[build], build, [product], kernelEffort(repetitions))) {
      report.add(result, `${(100 * share).toFixed(0)} % of the limit`);
    }
  }
  for (const pass of passes) {
    if (wanted(pass.workload, 'K')) report.add((await measurePass(binaries[build], build, pass, kernelEffort(repetitions))).result);
  }
}

let split: ReturnType<typeof mnist> | undefined;
const data = () => (split ??= mnist());
for (const { workload, unit, effort, contenders } of rows(data, (options.build as Build | undefined) ?? 'auto')) {
  if (!wanted(workload, workload.split(' ')[0])) continue;
  const { results, ratios } = await compare(workload, unit, contenders(), effort(repetitions));
  for (const [i, result] of results.entries()) report.add(result, i === 0 ? undefined : comparison(ratios[i] as number, 'neurite'));
}
