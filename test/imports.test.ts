import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The rooms of the source, in the order of the data's way. A room imports from itself and from rooms before it, those it names in `imports`.
 * A file is in the first room that fits it.
 */
const rooms: readonly { name: string; files: RegExp; imports: readonly string[] }[] = [
  // The words that both sides of the boundary are compiled from.
  { name: 'opcodes', files: /^assembly\/opcodes\.ts$/, imports: [] },
  { name: 'context', files: /^assembly\/(population\/)?context\.ts$/, imports: [] },
  { name: 'assembly', files: /^assembly\//, imports: ['opcodes', 'context'] },
  { name: 'errors', files: /^src\/errors\.ts$/, imports: [] },
  { name: 'arguments', files: /^src\/arguments\//, imports: ['errors'] },
  { name: 'core', files: /^src\/core\//, imports: ['opcodes', 'context', 'errors', 'arguments'] },
  { name: 'graph', files: /^src\/graph\//, imports: ['opcodes', 'errors', 'arguments'] },
  { name: 'ops', files: /^src\/ops\//, imports: ['graph', 'opcodes', 'errors', 'arguments'] },
  { name: 'layers', files: /^src\/layers\//, imports: ['ops', 'graph', 'errors', 'arguments'] },
  { name: 'optimizers', files: /^src\/optimizers\//, imports: ['ops', 'graph', 'opcodes', 'errors', 'arguments'] },
  { name: 'losses', files: /^src\/losses\//, imports: ['optimizers', 'layers', 'ops', 'graph', 'opcodes', 'errors', 'arguments'] },
  { name: 'compile', files: /^src\/compile\//, imports: ['losses', 'optimizers', 'layers', 'ops', 'graph', 'opcodes', 'errors', 'arguments'] },
  {
    name: 'engine',
    files: /^src\/engine\//,
    imports: ['compile', 'losses', 'optimizers', 'layers', 'ops', 'graph', 'core', 'opcodes', 'context', 'errors', 'arguments'],
  },
  { name: 'data', files: /^src\/data\//, imports: ['engine', 'losses', 'graph', 'core', 'opcodes', 'context', 'errors', 'arguments'] },
  {
    name: 'training',
    files: /^src\/training\//,
    imports: ['data', 'engine', 'losses', 'optimizers', 'graph', 'core', 'context', 'errors', 'arguments'],
  },
  {
    name: 'network',
    files: /^src\/network\//,
    imports: ['training', 'data', 'engine', 'losses', 'optimizers', 'layers', 'ops', 'graph', 'core', 'opcodes', 'context', 'errors', 'arguments'],
  },
  {
    name: 'files',
    files: /^src\/files\//,
    imports: ['network', 'training', 'engine', 'losses', 'optimizers', 'layers', 'ops', 'graph', 'errors', 'arguments'],
  },
  {
    name: 'derivatives',
    files: /^src\/derivatives\//,
    imports: ['network', 'data', 'engine', 'compile', 'losses', 'ops', 'graph', 'context', 'errors', 'arguments'],
  },
  {
    name: 'inspect',
    files: /^src\/inspect\//,
    imports: ['network', 'data', 'engine', 'compile', 'losses', 'layers', 'ops', 'graph', 'opcodes', 'errors', 'arguments'],
  },
  {
    name: 'check',
    files: /^src\/check\//,
    imports: ['inspect', 'derivatives', 'network', 'data', 'losses', 'layers', 'ops', 'graph', 'errors', 'arguments'],
  },
  // How threads and workers are spoken to, whatever the host.
  { name: 'ports', files: /^src\/worker\/(port|nodeThreads)\.ts$/, imports: ['errors', 'arguments'] },
  { name: 'threads', files: /^src\/threads\//, imports: ['ports', 'core', 'errors', 'arguments'] },
  {
    name: 'worker',
    files: /^src\/worker\//,
    imports: [
      'ports',
      'threads',
      'derivatives',
      'files',
      'network',
      'training',
      'data',
      'losses',
      'optimizers',
      'ops',
      'graph',
      'core',
      'errors',
      'arguments',
    ],
  },
  {
    name: 'int8',
    files: /^src\/int8\//,
    imports: ['files', 'engine', 'compile', 'layers', 'ops', 'graph', 'core', 'opcodes', 'context', 'errors'],
  },
  {
    name: 'population',
    files: /^src\/population\//,
    imports: [
      'files',
      'network',
      'training',
      'data',
      'engine',
      'compile',
      'losses',
      'optimizers',
      'layers',
      'ops',
      'graph',
      'core',
      'opcodes',
      'context',
      'errors',
      'arguments',
    ],
  },
  { name: 'progress', files: /^src\/progress\//, imports: ['training', 'errors', 'arguments'] },
  {
    name: 'index',
    files: /^src\/index\.ts$/,
    imports: ['files', 'network', 'training', 'data', 'losses', 'optimizers', 'layers', 'ops', 'graph', 'core', 'errors', 'arguments'],
  },
  { name: 'oracle', files: /^test\/oracle\//, imports: [] },
  { name: 'examples', files: /^examples\/(?!playground\/)/, imports: [] },
  // The kernels are measured in neurite/core.wasm itself, whose programs are written in these words.
  { name: 'bench', files: /^bench\/(?!peers\/)/, imports: ['opcodes', 'context'] },
  // The page, which measures by the loops of the benchmarks.
  { name: 'playground', files: /^examples\/playground\//, imports: ['bench'] },
  // The programs of the site's pages: the lessons and the playground's network in them.
  { name: 'site', files: /^site\//, imports: ['examples', 'playground'] },
  // The systems it is compared with: a package of their own, which nothing else imports.
  { name: 'peers', files: /^bench\/peers\//, imports: ['bench'] },
];

const { devDependencies, exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
  exports: Record<string, unknown>;
};

/** Whether a room may import that by name: the public entry and the tools, where the package is used; the tools alone, in the oracle. */
function mayImportPackage(room: string, specifier: string): boolean {
  if (room === 'assembly') return specifier.startsWith('rt/'); // AssemblyScript's own runtime
  if (!['examples', 'bench', 'playground', 'peers', 'oracle'].includes(room)) return false;
  if (specifier === 'neurite' || specifier.startsWith('neurite/'))
    return room !== 'oracle' && specifier.replace('neurite', '.') in entries && !specifier.endsWith('.wasm');
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return specifier.startsWith('node:') || name in devDependencies;
}

function roomOf(file: string): string | undefined {
  return rooms.find((room) => room.files.test(file))?.name;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** The first circle of files that import one another, type imports included; empty where there is none. */
function firstCircle(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle.length) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle.length) return circle;
  }
  return [];
}

/** Where a relative import of a file leads. */
function targetOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/(\.[jt]s)?$/, '.ts');
}

/** What files of this text were found to import: each is parsed once. */
const parsed = new Map<string, Import[]>();

/** Everything a module imports or exports from elsewhere: statements, `import()` and `import('…')` types. */
function importsOf(file: string, text: string): Import[] {
  const known = parsed.get(text);
  if (known) return known;
  const found: Import[] = [];
  parsed.set(text, found);
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (!specifier) return;
    if (!ts.isStringLiteralLike(specifier)) throw new Error(`${file}: import of something that is no string literal`);
    found.push({ specifier: specifier.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
      add(node.moduleReference.expression, node.isTypeOnly);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode: ts.JSDocParsingMode.ParseNone }));
  return found;
}

/** What a file imports against the rules, in words. */
function violations(file: string, text: string): string[] {
  const room = roomOf(file);
  return importsOf(file, text).flatMap(({ specifier, typeOnly }) => {
    const complaint = `${file} (${room ?? 'test'}) imports ${typeOnly ? 'types of ' : ''}${specifier}`;
    if (!specifier.startsWith('.')) return room === undefined || mayImportPackage(room, specifier) ? [] : [complaint];
    const targetRoom = roomOf(targetOf(file, specifier));
    if (targetRoom === 'index') return [complaint];
    if (room === undefined) return [];
    const { name, imports } = rooms.find(({ name }) => name === room) ?? { name: room, imports: [] as readonly string[] };
    // The two words of the boundary stand for themselves.
    if (targetRoom !== undefined && (imports.includes(targetRoom) || (targetRoom === name && name !== 'opcodes' && name !== 'context'))) return [];
    return [complaint];
  });
}

const files = ['assembly', 'src', 'test', 'examples', 'bench', 'site'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/'))),
);

describe('the rooms of the source', () => {
  test.each(files)('%s imports only what its room may', (file) => {
    expect(violations(file, readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });

  test('every source file is in a room', () => {
    expect(files.filter((file) => !file.startsWith('test/') && roomOf(file) === undefined)).toEqual([]);
  });

  test('a room imports from rooms before it', () => {
    const names: readonly string[] = rooms.map(({ name }) => name);
    for (const [i, { name, imports }] of rooms.entries())
      expect({ name, before: imports.every((other) => names.indexOf(other) < i) }).toEqual({ name, before: true });
  });

  test('no file imports itself, by any way, not even its types', () => {
    const imports = files.map((file): [string, string[]] => {
      const own = importsOf(file, readFileSync(join(root, file), 'utf8')).filter(({ specifier }) => specifier.startsWith('.'));
      return [file, own.map(({ specifier }) => targetOf(file, specifier))];
    });
    expect(firstCircle(new Map(imports))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  test('a circle is found', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', []],
      ['c', ['d']],
      ['d', ['b', 'c']],
    ]);
    expect(firstCircle(imports)).toEqual(['c', 'd', 'c']);
    expect(firstCircle(new Map([['a', ['b']]]))).toEqual([]);
  });

  test.each([
    ['assembly/kernels/unary.ts', "import { X } from '../../src/core/core';"],
    ['assembly/opcodes.ts', "import { X } from './context';"],
    ['src/core/core.ts', "import { Node } from '../graph/node.js';"],
    ['src/core/core.ts', "import { add } from '../../assembly/kernels/unary.js';"],
    ['src/graph/node.ts', "import { Core } from '../core/core.js';"],
    ['src/graph/node.ts', "import { type Core } from '../core/core.js';"],
    ['src/ops/add.ts', "import { Context } from '../../assembly/context.js';"],
    ['src/layers/dense.ts', "import { compile } from '../compile/compile.js';"],
    ['src/losses/losses.ts', "export * from '../network/network.js';"],
    ['src/compile/compile.ts', "const { fit } = await import('../training/fit.js');"],
    ['src/compile/compile.ts', "let fit: import('../training/fit.js').Fit;"],
    ['src/network/network.ts', "import { sequential } from '../index.js';"],
    ['src/losses/losses.ts', "import { save } from '../files/safetensors.js';"],
    ['src/training/fit.ts', "import { readFileSync } from 'node:fs';"],
    ['src/training/fit.ts', "import cliProgress from 'cli-progress';"],
    ['test/oracle/dense.ts', "import { Opcode } from '../../assembly/opcodes.js';"],
    ['test/oracle/dense.ts', "import { sequential } from 'neurite';"],
    ['assembly/memory.ts', "import { readFileSync } from 'node:fs';"],
    ['src/optimizers/optimizers.ts', "import { dense } from '../layers/dense.js';"],
    ['src/training/fit.ts', "import { compile } from '../compile/program.js';"],
    ['test/network.test.ts', "import { sequential } from '../src/index.js';"],
    ['examples/mnist.ts', "import { sequential } from '../src/network/network.js';"],
    ['examples/mnist.ts', "import { run } from '../bench/run.js';"],
    ['examples/mnist.ts', "import wasm from 'neurite/core.wasm';"],
    ['bench/run.ts', "import leftPad from 'left-pad';"],
    ['bench/run.ts', "import { brain } from './peers/brain.js';"],
    ['bench/run.ts', "import { NeuralNetwork } from 'brain.js';"],
    ['bench/peers/brain.ts', "import { Opcode } from '../../assembly/opcodes.js';"],
  ])('%s must not say %s', (file, text) => {
    expect(violations(file, text)).toHaveLength(1);
  });

  test.each([
    ['assembly/kernels/unary.ts', "import { Opcode } from '../opcodes';\nimport { dot } from '../gemm/gemm';"],
    ['src/core/core.ts', "import { Context } from '../../assembly/context.js';"],
    ['src/graph/node.ts', "import type { Opcode } from '../../assembly/opcodes.js';"],
    ['src/ops/add.ts', "import { Opcode } from '../../assembly/opcodes.js';\nimport { Node } from '../graph/node.js';"],
    ['assembly/memory.ts', "import { BLOCK } from 'rt/common';"],
    ['src/compile/update.ts', "import type { Optimizer } from '../optimizers/optimizer.js';"],
    ['src/training/fit.ts', "import { Engine } from '../engine/engine.js';"],
    ['test/oracle/gradientCheck.test.ts', "import { expect } from 'vitest';\nimport { dense } from './dense.js';"],
    ['test/network.test.ts', "import { sequential } from 'neurite';\nimport { test } from 'vitest';\nimport { Core } from '../src/core/core.js';"],
    [
      'examples/seeds/xor.ts',
      "import { sequential } from 'neurite';\nimport { readFileSync } from 'node:fs';\nimport { image } from '../terminal.js';",
    ],
    ['bench/peers/brain.ts', "import { compare } from '../measure.js';\nimport { sequential } from 'neurite';"],
    ['bench/run.ts', "import { Bench } from 'tinybench';\nimport loader from '@assemblyscript/loader/umd';"],
  ])('%s may say %s', (file, text) => {
    expect(violations(file, text)).toEqual([]);
  });
});
