/**
 * docs/weights.md does what it says: each program runs on the files that Python wrote, and finds Python's predictions. Where the system's Python has the
 * library, it writes them anew; the files in foreign/ were written by the libraries themselves with the package safetensors (foreign/guide.py).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dense, readSafetensors, save, sequential, writeSafetensors } from 'neurite';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { required } from '../torch/python.js';
import { randomRows } from './bits.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const foreign = fileURLToPath(new URL('foreign', import.meta.url));
const guide = readFileSync(join(root, 'docs/weights.md'), 'utf8');
const PYTHON = '/usr/bin/python3';
const environment = { ...process.env, PYTHONPATH: join(foreign, 'standin'), PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore' };

/** Whether the system's Python has a package. */
function has(name: string): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore', env: environment });
    return true;
  } catch {
    return false;
  }
}

/** The programs of a section. */
function programs(title: string, language: 'ts' | 'py'): string[] {
  const section = guide.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1] as string);
}

/** Checks the types of a program of the guide, runs it in a folder, and gives what it prints. */
function run(code: string, folder: string): string {
  const source = join(folder, 'program.mts');
  writeFileSync(source, `${code}\nexport {};\n`);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    types: ['node'],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    skipLibCheck: true,
  };
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([source], options)).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  expect(problems).toEqual([]);
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
  writeFileSync(join(folder, 'program.mjs'), outputText);
  return execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
}

/** A folder within the package, so that a program finds it. */
function folderOf(name: string): string {
  const folder = join(root, 'build/guide', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The files of the folder were read where every prediction is as near as float32 rounds. */
const near = (printed: string) => expect(Number(/off by at most (.*)/.exec(printed)?.[1])).toBeLessThan(1e-6);

describe.each([
  ['PyTorch', 'torch'],
  ['scikit-learn', 'sklearn'],
  ['Keras', 'keras'],
])('%s', (title, library) => {
  const [python, ...more] = programs(title, 'py');
  const [program, ...others] = programs(title, 'ts');

  test('has two programs', () => {
    expect([more, others]).toEqual([[], []]);
    expect(python).toContain('check.safetensors');
  });

  test('the files that the library wrote', () => {
    const folder = folderOf(`${title}-kept`);
    for (const file of ['model', 'check']) cpSync(join(foreign, title.toLowerCase(), `${file}.safetensors`), join(folder, `${file}.safetensors`));
    near(run(program as string, folder));
  }, 60_000);

  // Keras is on no Debian; PyTorch and scikit-learn are.
  test.runIf((required && library !== 'keras') || has(library))(
    'files that it writes now',
    () => {
      const folder = folderOf(`${title}-now`);
      writeFileSync(join(folder, 'write.py'), python as string);
      execFileSync(PYTHON, ['write.py'], { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
      near(run(program as string, folder));
    },
    120_000,
  );
});

test('the other programs run', () => {
  expect(run(programs('And back', 'ts')[0] as string, folderOf('back'))).toBe('[16,4] [16] [3,16] [3]\n');
  expect(run(programs('A part of a live network', 'ts')[0] as string, folderOf('part'))).toBe('true\n');
}, 60_000);

test.runIf(required || has('torch'))(
  'PyTorch loads what is written here, and predicts the same',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'neurite-guide-'));
    try {
      using net = sequential(4, [dense(16, 'relu'), dense(3)], { build: 'simd' });
      const tensors = readSafetensors(save(net));
      const x = randomRows(40, 1);
      const file = writeSafetensors({
        '0.weight': tensors['dense1.weights'] as never,
        '0.bias': tensors['dense1.biases'] as never,
        '2.weight': tensors['dense2.weights'] as never,
        '2.bias': tensors['dense2.biases'] as never,
      });
      writeFileSync(join(folder, 'state.safetensors'), file);
      writeFileSync(join(folder, 'x.safetensors'), writeSafetensors({ x: { shape: [10, 4], data: x } }));
      const code = `
import json, torch
from safetensors.torch import load_file
model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
model.load_state_dict(load_file("state.safetensors"))
print(json.dumps(model(load_file("x.safetensors")["x"]).flatten().tolist()))`;
      const printed = execFileSync(PYTHON, ['-c', code], { cwd: folder, encoding: 'utf8', env: environment });
      const found = net.predict(x);
      for (const [i, value] of (JSON.parse(printed) as number[]).entries()) expect(found[i]).toBeCloseTo(value, 6);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
