/** What CONTRIBUTING says of adding a loss and a layer, done on a copy of the source: one file, one row, one word in the README each. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    'README.md',
    'CONTRIBUTING.md',
    'docs',
  ])
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: (source) => !source.includes('/node_modules') });
  mkdirSync(join(copy, 'build'));
  for (const file of ['core.wasm', 'core.relaxed.wasm', 'core.stamp']) cpSync(join(root, 'build', file), join(copy, 'build', file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('a loss and a layer: a file, a row and a word each', () => {
  expect(blocks.map(({ file }) => file)).toEqual(['src/losses/cauchy.ts', 'test/vocabulary.ts', 'src/layers/gain.ts', 'test/vocabulary.ts']);
  const [loss, lossRow, layer, layerRow] = blocks.map(({ code }) => code) as [string, string, string, string];
  writeFileSync(join(copy, 'src/losses/cauchy.ts'), loss);
  writeFileSync(join(copy, 'src/layers/gain.ts'), layer);
  edit('test/vocabulary.ts', 'export const losses: readonly LossRow[] = [\n', `export const losses: readonly LossRow[] = [\n${lossRow}`);
  edit('test/vocabulary.ts', 'export const layers: readonly LayerRow[] = [\n', `export const layers: readonly LayerRow[] = [\n${layerRow}`);
  const path = join(copy, 'test/vocabulary.ts');
  writeFileSync(path, `import { gain, cauchy } from 'neurite';\n${readFileSync(path, 'utf8')}`);
  edit('README.md', '\n| losses | ', '\n| `gain({ name })` | a factor for each feature |\n| losses | `cauchy()`, ');
  run('scripts/tables.mjs');
  run('node_modules/typescript/bin/tsc', '--noEmit', '--skipLibCheck', '-p', '.');
  const tests = ['test/losses/table.test.ts', 'test/layers/table.test.ts', 'test/vocabulary.test.ts', 'test/files/save.test.ts'];
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
