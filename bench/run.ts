/** npm run bench: the kernels against the limit of the machine, the workloads against plain JavaScript, in one run. */
import { Check } from './check.js';
import { binaries, mnist } from './files.js';
import { kernelEffort } from './kernels.js';
import { options } from './options.js';
import { coldStarts, memories, nodeCommand } from './processes.js';
import { Report } from './report.js';
import { selection } from './selection.js';
import { neuriteSize } from './size.js';
import { type Measurement, suite } from './suite.js';

const given = options('bench');
const { repetitions, build: chosen } = given;
const wanted = selection(given.only);
const report = new Report(given, 'bench');
const check = given.check ? new Check() : undefined;

async function reported(measure: Measurement['measure']) {
  const results = await measure();
  for (const result of results) report.add(result);
  return results;
}

for (const row of suite(binaries(chosen), { wanted, effort: kernelEffort(repetitions), mnist, chosen })) {
  const measure = () => reported(row.measure);
  await (check ? check.hold({ ...row, measure }) : measure());
}

const [starts, memory] = [wanted('C'), wanted('M')];
if (check) process.exitCode = check.done() ? 0 : 1;
else {
  if (starts) {
    for (const result of await coldStarts([nodeCommand('neurite', 'fresh/cold.js')], repetitions)) report.add(result, 'above an empty process');
    report.add(await neuriteSize(), 'minified and gzipped');
  }
  if (memory) await reported(() => memories([nodeCommand('neurite', 'fresh/memory.js')], repetitions));
}

wanted.done();
