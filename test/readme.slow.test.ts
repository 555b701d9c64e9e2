import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a block may take as given: `<!-- given: images, labels -->` before it. */
const GIVEN: Record<string, string> = {
  images: 'const images = new Float32Array(40 * 784).map((_, i) => (i * 7919) % 256 / 256);',
  labels: 'const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10);',
  image: 'const image = new Float32Array(784).fill(0.5);',
};

interface Block {
  readonly line: number;
  readonly code: string;
}

/** The TypeScript blocks of a Markdown file, each with the lines that it takes as given. */
function blocks(file: string): Block[] {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  return [...text.matchAll(/(?:<!-- given: ([^>]*) -->\n)?```ts\n([\s\S]*?)```/g)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    code: [...(match[1] ?? '').split(', ').flatMap((name) => GIVEN[name.trim()] ?? []), match[2], 'export {};'].join('\n'),
  }));
}

const all = ['README.md', 'CONTRIBUTING.md', 'docs/worker.md'].flatMap((file) => blocks(file).map((block) => ({ ...block, file })));

test('there are blocks to be run', () => {
  expect(all.length).toBeGreaterThan(3);
});

test.each(all)('$file line $line is well typed and runs', ({ file, line, code }) => {
  const folder = `${root}/build/readme`;
  mkdirSync(folder, { recursive: true });
  const source = `${folder}/${file.replace('/', '.')}.${line}.mts`;
  writeFileSync(source, code);
  const program = ts.createProgram([source], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    types: ['node'],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    skipLibCheck: true,
  });
  const problems = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  expect(problems).toEqual([]);
  const runnable = source.replace(/mts$/, 'mjs');
  writeFileSync(runnable, ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText);
  expect(execFileSync(process.execPath, [runnable], { encoding: 'utf8' })).not.toBe('');
});
