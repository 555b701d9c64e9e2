/** npm run bench: the kernels against the limit of the machine, the workloads against plain JavaScript, in one run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { derivativeRows } from './derivatives.js';
import { Floors } from './floors.js';
import { frozenRows } from './frozen.js';
import { KernelBench, kernelEffort, passes, productName, products } from './kernels.js';
import { type Build, compare } from './measure.js';
import { mnist } from './mnist.js';
import { options } from './options.js';
import { coldStarts, memories, nodeCommand } from './processes.js';
import { Report } from './report.js';
import { rows } from './rows.js';
import { neuriteSize } from './size.js';

const { repetitions, json, build: chosen, check, wanted } = options('bench', { check: true });

function binary(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(`neurite/${file}`))));
}

const binaries: Record<Build, Uint8Array<ArrayBuffer>> = { relaxed: binary('core.relaxed.wasm'), simd: binary('core.wasm') };
const builds = (['relaxed', 'simd'] as const).filter((build) => WebAssembly.validate(binaries[build]) && (!chosen || build === chosen));
const report = new Report(json);
const floors = check ? new Floors() : undefined;

for (const build of builds) {
  const bench = new KernelBench(binaries[build], build, kernelEffort(repetitions));
  for (const product of products) {
    const workload = productName(product);
    if (!wanted(workload, 'G')) continue;
    const measure = async () => {
      const result = await bench.product(product);
      report.add(result);
      return result.value / (result.limit as number);
    };
    await (floors ? floors.hold(workload, build, measure) : measure());
  }
  for (const pass of check ? [] : passes) {
    if (wanted(pass.workload, 'K')) report.add(await bench.pass(pass));
  }
}

let split: ReturnType<typeof mnist> | undefined;
const data = () => (split ??= mnist());
for (const { workload, unit, effort, contenders } of [
  ...rows(data, chosen ?? 'auto'),
  ...frozenRows(chosen ?? 'auto'),
  ...derivativeRows(chosen ?? 'auto'),
]) {
  if (!wanted(workload, workload.split(' ')[0])) continue;
  const measure = async () => {
    const results = await compare(workload, unit, contenders(), effort(repetitions));
    for (const result of results) report.add(result);
    return results[1]?.ratio as number;
  };
  await (floors ? floors.hold(workload, chosen ?? (builds[0] as Build), measure) : measure());
}

if (!check) {
  if (wanted('C')) {
    for (const result of await coldStarts([nodeCommand('neurite', 'fresh/cold.js')], repetitions)) report.add(result, 'above an empty process');
    report.add(await neuriteSize(), 'minified and gzipped');
  }
  if (wanted('M')) for (const result of await memories([nodeCommand('neurite', 'fresh/memory.js')], repetitions)) report.add(result);
}

if (floors) {
  console.error(floors.summary());
  process.exitCode = floors.held ? 0 : 1;
}
