/** Every row of one page or process: the kernels of each binary beside the limit, then the workloads. */
import type { Split } from './data.js';
import { KernelBench, type KernelEffort, passes, productName, products } from './kernels.js';
import { type Build, compare, type Result } from './measure.js';
import { rows } from './rows.js';
import type { Selection } from './selection.js';

export interface Measurement {
  readonly workload: string;
  readonly build: Build;
  readonly measure: () => Promise<Result[]>;
}

/** Networks run in `chosen`, or in what the package picks: the first of the binaries, which are those that the engine can run. */
export function* suite(
  binaries: readonly (readonly [Build, BufferSource])[],
  { wanted, effort, mnist, chosen }: { wanted: Selection; effort: KernelEffort; mnist: () => Split; chosen: Build | undefined },
): Generator<Measurement> {
  for (const [build, bytes] of binaries) {
    const bench = new KernelBench(bytes, build, effort);
    for (const product of products) {
      const workload = productName(product);
      if (wanted(workload)) yield { workload, build, measure: async () => [await bench.product(product)] };
    }
    for (const pass of passes)
      if (wanted(pass.workload, 'K')) yield { workload: pass.workload, build, measure: async () => [await bench.pass(pass)] };
  }
  const build = binaries[0]?.[0] as Build;
  for (const { workload, unit, effort: times, contenders } of rows(mnist, chosen ?? 'auto')) {
    if (wanted(workload)) yield { workload, build, measure: async () => compare(workload, unit, await contenders(), times(effort.repetitions)) };
  }
}
