/**
 * What CONTRIBUTING says of adding things, done on a copy of the source: a loss and a layer, each one file, one row, one word in the README; of every
 * kind, what the tests say of a definition whose row or word is forgotten.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'neurite-contributing-'));

/** The blocks of CONTRIBUTING that say which file they belong to, in their order. */
const blocks = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/```typescript\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
  ([, file, code]) => ({ file: file as string, code: code as string }),
);

/** Replaces a text that stands in a file of the copy once. */
function edit(file: string, before: string, after: string): void {
  const path = join(copy, file);
  const parts = readFileSync(path, 'utf8').split(before);
  expect(parts, `${file}: ${before}`).toHaveLength(2);
  writeFileSync(path, parts.join(after));
}

function run(...args: string[]): string {
  try {
    return execFileSync(process.execPath, args, {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, CI: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (error) {
    throw new Error((error as { stdout?: string }).stdout ?? String(error), { cause: error });
  }
}

/** The messages of all tests of these files that fail. */
function failures(...tests: readonly string[]): string {
  const { stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', ...tests], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, CI: '' },
    maxBuffer: 2 ** 28,
  });
  const { testResults } = JSON.parse(stdout) as { testResults: { assertionResults: { failureMessages: string[] }[] }[] };
  return testResults.flatMap(({ assertionResults }) => assertionResults.flatMap(({ failureMessages }) => failureMessages)).join('\n');
}

const tables = ['test/losses/table.test.ts', 'test/layers/table.test.ts'];

beforeAll(() => {
  for (const entry of [
    'src',
    'test',
    'assembly',
    'scripts',
    'bench',
    'examples',
    'site',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'vitest.fast.config.ts',
    'asconfig.json',
    'int8.asconfig.json',
    'population.asconfig.json',
    'threads.asconfig.json',
    'README.md',
    'CONTRIBUTING.md',
    'docs',
  ])
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: (source) => !source.includes('/node_modules') });
  mkdirSync(join(copy, 'build'));
  for (const file of readdirSync(join(root, 'build'))) if (/\.(wasm|stamp)$/.test(file)) cpSync(join(root, 'build', file), join(copy, 'build', file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('a loss and a layer: a file, a row and a word each', () => {
  expect(blocks.map(({ file }) => file)).toEqual(['src/losses/cauchy.ts', 'test/vocabulary.ts', 'src/layers/gain.ts', 'test/vocabulary.ts']);
  const [loss, lossRow, layer, layerRow] = blocks.map(({ code }) => code) as [string, string, string, string];
  writeFileSync(join(copy, 'src/losses/cauchy.ts'), loss);
  writeFileSync(join(copy, 'src/layers/gain.ts'), layer);
  const forgotten = failures(...tables);
  expect(forgotten).toContain('add a row to `losses` of test/vocabulary.ts for cauchy');
  expect(forgotten).toContain('add a row to `layers` of test/vocabulary.ts for gain');
  edit('test/vocabulary.ts', 'export const losses: readonly LossRow[] = [\n', `export const losses: readonly LossRow[] = [\n${lossRow}`);
  edit('test/vocabulary.ts', 'export const layers: readonly LayerRow[] = [\n', `export const layers: readonly LayerRow[] = [\n${layerRow}`);
  const path = join(copy, 'test/vocabulary.ts');
  writeFileSync(path, `import { gain, cauchy } from 'neurite';\n${readFileSync(path, 'utf8')}`);
  const unsaid = failures(...tables);
  expect(unsaid).toContain('add cauchy, as code, to the row "losses" of the table in README.md');
  expect(unsaid).toContain('add gain, as code, to a row of the table in README.md');
  edit('README.md', '\n| losses | ', '\n| `gain({ name })` | a factor for each feature |\n| losses | `cauchy()`, ');
  run('scripts/tables.mjs');
  run('node_modules/typescript/bin/tsc', '--noEmit', '--skipLibCheck', '-p', '.');
  const tests = [...tables, 'test/vocabulary.test.ts', 'test/files/save.test.ts'];
  const report = JSON.parse(run('node_modules/vitest/vitest.mjs', 'run', '--reporter=json', ...tests));
  expect(report).toMatchObject({ success: true, numFailedTests: 0 });
  const names: string[] = report.testResults.flatMap(({ assertionResults }: { assertionResults: { fullName: string }[] }) =>
    assertionResults.map((one) => one.fullName),
  );
  for (const name of [
    'cauchy loss and gradient are those of float64 (simd)',
    'gain its value is that of float64 (relaxed)',
    'cauchy comes back from JSON as it began',
  ])
    expect(
      names.some((one) => one.startsWith(name)),
      name,
    ).toBe(true);
});

/** A definition of each other kind, as short as may be: its file, which is new or has it at its end. */
const definitions: readonly (readonly [file: string, text: string])[] = [
  [
    'src/optimizers/halving.ts',
    `import { add } from '../ops/add.js';
import { mul } from '../ops/mul.js';
import { composedOptimizer } from './composed.js';

export const halving = /* @__PURE__ */ composedOptimizer({
  name: 'halving',
  learningRate: 0.5,
  options: {},
  update: ({ weights, gradient, descent }) => ({ weights: add(weights, mul(gradient, descent)) }),
});
`,
  ],
  [
    'src/training/schedules/still.ts',
    `import { made } from '../../arguments/recipe.js';

export function still(rate: number) {
  return made(['still', rate], () => rate);
}
`,
  ],
  [
    'src/training/metrics/counted.ts',
    `import { made } from '../../arguments/recipe.js';

export const counted = /* @__PURE__ */ made(['counted'], { name: 'counted', begin: () => ({ add() {}, value: () => 0 }) });
`,
  ],
  ['src/layers/initializers.ts', 'export const halves: Initializer = /* @__PURE__ */ constantInit(0.5);\n'],
  [
    'src/ops/cube.ts',
    `import { apply, type Node, type Op, shapeOfOnly } from '../graph/node.js';
import { scale } from './affine.js';
import { mul } from './mul.js';
import { square } from './square.js';

const chain = (y: Node, d: Node) => mul(d, scale(square(y.inputs[0] as Node), 3));

export const cubeOp: Op = {
  name: 'cube',
  inputs: 1,
  attributes: {},
  diagonal: true,
  shape: shapeOfOnly,
  backward: (y, dy) => [chain(y, dy)],
  compose: ({ inputs: [x] }) => mul(square(x as Node), x as Node),
};

export function cube(x: Node): Node {
  return apply(cubeOp, [x]);
}
`,
  ],
];

test('every other kind: the tests name what is forgotten', () => {
  for (const [file, text] of definitions) writeFileSync(join(copy, file), text, { flag: 'a' });
  edit(
    'src/layers/activations.ts',
    'export const activations = {\n',
    'export function twice(x: Node): Node {\n  return scale(x, 2);\n}\n\nexport const activations = {\n  twice: { apply: twice, init: glorotUniform },\n',
  );
  const tests = ['test/vocabulary.test.ts', 'test/layers/initializers.test.ts', 'test/docs/exports.test.ts'];
  const found = failures(...tests, 'test/training/optimizers.test.ts', 'test/training/schedules.test.ts');
  for (const [list, name] of Object.entries({
    optimizers: 'halving',
    schedules: 'still',
    metrics: 'counted',
    initializers: 'halves',
    activations: 'twice',
    functions: 'twice',
  }))
    expect(found).toContain(`add a row to \`${list}\` of test/vocabulary.ts for ${name}`);
  expect(found).toContain('the op cube has no rows; expected one among the `functions` of test/vocabulary.ts where users write it');
  expect(found).toContain('the op cube has no float64 value: export cubeValue beside cubeOp');
  expect(found).toMatch(/name these in the table of README.md or in a guide of docs\/, as code: .*\bhalving\b/);
});
