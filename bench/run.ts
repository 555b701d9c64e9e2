/** npm run bench: the kernels against the limit of the machine, the workloads against plain JavaScript, in one run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Check } from './check.js';
import { KernelBench, kernelEffort, passes, productName, products } from './kernels.js';
import { type Build, compare } from './measure.js';
import { mnist } from './mnist.js';
import { options } from './options.js';
import { coldStarts, memories, nodeCommand } from './processes.js';
import { Report } from './report.js';
import { rows } from './rows.js';
import { selection } from './selection.js';
import { neuriteSize } from './size.js';

const given = options('bench');
const { repetitions, build: chosen } = given;
const wanted = selection(given.only);
const report = new Report(given, 'bench');
const check = given.check ? new Check() : undefined;
const binaries = (['relaxed', 'simd'] as const)
  .map((build) => ({ build, bytes: readFileSync(fileURLToPath(import.meta.resolve(`neurite/core${build === 'simd' ? '' : '.relaxed'}.wasm`))) }))
  .filter(({ build, bytes }) => WebAssembly.validate(bytes) && (!chosen || build === chosen));

for (const { build, bytes } of binaries) {
  const bench = new KernelBench(bytes, build, kernelEffort(repetitions));
  for (const product of products) {
    const workload = productName(product);
    if (!wanted(workload)) continue;
    const measure = async () => {
      const result = await bench.product(product);
      report.add(result);
      return result.value / (result.limit as number);
    };
    await (check ? check.hold(workload, build, measure) : measure());
  }
  for (const pass of check ? [] : passes) if (wanted(pass.workload, 'K')) report.add(await bench.pass(pass));
}

let split: ReturnType<typeof mnist> | undefined;
for (const { workload, unit, effort, contenders } of rows(() => (split ??= mnist()), chosen ?? 'auto')) {
  if (!wanted(workload)) continue;
  const measure = async () => {
    const results = await compare(workload, unit, contenders(), effort(repetitions));
    for (const result of results) report.add(result);
    return results[1]?.ratio as number;
  };
  await (check ? check.hold(workload, chosen ?? (binaries[0]?.build as Build), measure) : measure());
}

if (check) process.exitCode = check.report() ? 0 : 1;
else {
  if (wanted('C')) {
    for (const result of await coldStarts([nodeCommand('neurite', 'fresh/cold.js')], repetitions)) report.add(result, 'above an empty process');
    report.add(await neuriteSize(), 'minified and gzipped');
  }
  if (wanted('M')) for (const result of await memories([nodeCommand('neurite', 'fresh/memory.js')], repetitions)) report.add(result);
}
