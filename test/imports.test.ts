import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The rooms of the source: which files they hold, and which rooms those may import; `type x` allows `import type` only.
 * A file is in the first room that fits it. Each room knows those below it; only network and training, and network and io, know each other,
 * since `fit` and `save` are methods of the network they train and save.
 */
const rooms: readonly { name: string; files: RegExp; imports: readonly string[] }[] = [
  // What both sides of the boundary are compiled from.
  { name: 'opcodes', files: /^assembly\/opcodes\.ts$/, imports: [] },
  { name: 'context', files: /^assembly\/context\.ts$/, imports: [] },
  { name: 'assembly', files: /^assembly\//, imports: ['assembly', 'opcodes', 'context'] },
  // What anything in src/ may say: errors, and what users pass in.
  { name: 'errors', files: /^src\/errors\.ts$/, imports: [] },
  { name: 'linear', files: /^src\/core\/linear\.ts$/, imports: [] },
  { name: 'values', files: /^src\/(values|foreignNames)\.ts$/, imports: ['values', 'linear', 'errors'] },
  { name: 'core', files: /^src\/core\//, imports: ['core', 'linear', 'opcodes', 'context', 'errors', 'type values'] },
  { name: 'graph', files: /^src\/graph\//, imports: ['graph', 'ops', 'type core', 'errors', 'values'] },
  { name: 'ops', files: /^src\/ops\//, imports: ['graph', 'ops', 'opcodes', 'type core', 'errors', 'values'] },
  {
    name: 'vocabulary',
    files: /^src\/(layers\/|(losses|optimizers|initializers|decisions)\.ts$)/,
    imports: ['vocabulary', 'graph', 'ops', 'opcodes', 'errors', 'values'],
  },
  { name: 'compile', files: /^src\/compile\//, imports: ['compile', 'graph', 'ops', 'type vocabulary', 'core', 'opcodes', 'errors'] },
  {
    name: 'network',
    files: /^src\/(network|sequential|batch|fastPath|engine|predictor|trace|derivatives|diagram|nonFinite)\.ts$/,
    imports: ['network', 'training', 'io', 'compile', 'vocabulary', 'graph', 'ops', 'core', 'linear', 'opcodes', 'context', 'errors', 'values'],
  },
  {
    name: 'training',
    files: /^src\/training\//,
    imports: ['training', 'network', 'vocabulary', 'graph', 'core', 'opcodes', 'context', 'errors', 'values'],
  },
  { name: 'io', files: /^src\/io\//, imports: ['io', 'network', 'vocabulary', 'graph', 'ops', 'errors', 'values'] },
  { name: 'check', files: /^src\/check\//, imports: ['check', 'graph', 'ops', 'type vocabulary', 'type network', 'errors', 'values'] },
  {
    name: 'index',
    files: /^src\/index\.ts$/,
    imports: ['errors', 'values', 'core', 'graph', 'ops', 'vocabulary', 'compile', 'network', 'training', 'io'],
  },
  { name: 'oracle', files: /^test\/oracle\//, imports: ['oracle'] },
  { name: 'examples', files: /^examples\//, imports: ['examples'] },
  // The kernels are measured in neurite/core.wasm itself, whose programs are written in these words.
  { name: 'bench', files: /^bench\//, imports: ['bench', 'opcodes', 'context'] },
];

const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };

/** Whether a room may import that by name: the public entry and the tools, where the package is used; the tools alone, in the oracle. */
function mayImportPackage(room: string, specifier: string): boolean {
  if (room === 'assembly') return specifier.startsWith('rt/'); // AssemblyScript's own runtime
  if (!['examples', 'bench', 'oracle'].includes(room)) return false;
  if (specifier === 'neurite') return room !== 'oracle';
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

/** Everything a module imports or exports from elsewhere: statements, `import()` and `import('…')` types. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
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
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

/** What a file imports against the rules, in words. */
function violations(file: string, text: string): string[] {
  const room = roomOf(file);
  return importsOf(file, text).flatMap(({ specifier, typeOnly }) => {
    const complaint = `${file} (${room ?? 'test'}) imports ${typeOnly ? 'types of ' : ''}${specifier}`;
    if (!specifier.startsWith('.')) return room === undefined || mayImportPackage(room, specifier) ? [] : [complaint];
    const target = posix.join(posix.dirname(file), specifier).replace(/(\.[jt]s)?$/, '.ts');
    const targetRoom = roomOf(target);
    if (targetRoom === 'index') return [complaint];
    if (room === undefined) return [];
    const allowed = rooms.find(({ name }) => name === room)?.imports ?? [];
    if (targetRoom !== undefined && (allowed.includes(targetRoom) || (typeOnly && allowed.includes(`type ${targetRoom}`)))) return [];
    return [complaint];
  });
}

const files = ['assembly', 'src', 'test', 'examples', 'bench'].flatMap((folder) =>
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
});

describe('the rules themselves', () => {
  test.each([
    ['assembly/unary.ts', "import { X } from '../src/core/core';"],
    ['assembly/opcodes.ts', "import { X } from './context';"],
    ['src/core/core.ts', "import { Node } from '../graph/node.js';"],
    ['src/core/core.ts', "import { add } from '../../assembly/unary.js';"],
    ['src/graph/node.ts', "import { Core } from '../core/core.js';"],
    ['src/graph/node.ts', "import { type Core } from '../core/core.js';"],
    ['src/ops/add.ts', "import { Context } from '../../assembly/context.js';"],
    ['src/layers/dense.ts', "import { compile } from '../compile/compile.js';"],
    ['src/losses.ts', "export * from './network.js';"],
    ['src/compile/compile.ts', "const { fit } = await import('../training/fit.js');"],
    ['src/compile/compile.ts', "let fit: import('../training/fit.js').Fit;"],
    ['src/network.ts', "import { sequential } from './index.js';"],
    ['src/losses.ts', "import { save } from './io/safetensors.js';"],
    ['src/training/fit.ts', "import { readFileSync } from 'node:fs';"],
    ['src/training/fit.ts', "import cliProgress from 'cli-progress';"],
    ['test/oracle/dense.ts', "import { Opcode } from '../../assembly/opcodes.js';"],
    ['test/oracle/dense.ts', "import { sequential } from 'neurite';"],
    ['assembly/memory.ts', "import { readFileSync } from 'node:fs';"],
    ['src/compile/update.ts', "import { adam } from '../optimizers.js';"],
    ['src/training/fit.ts', "import { compile } from '../compile/program.js';"],
    ['test/network.test.ts', "import { sequential } from '../src/index.js';"],
    ['examples/mnist.ts', "import { sequential } from '../src/network.js';"],
    ['examples/mnist.ts', "import { run } from '../bench/run.js';"],
    ['examples/mnist.ts', "import wasm from 'neurite/core.wasm';"],
    ['bench/run.ts', "import leftPad from 'left-pad';"],
  ])('%s must not say %s', (file, text) => {
    expect(violations(file, text)).toHaveLength(1);
  });

  test.each([
    ['assembly/unary.ts', "import { Opcode } from './opcodes';\nimport { dot } from './gemm/gemm';"],
    ['src/core/core.ts', "import { Context } from '../../assembly/context.js';"],
    ['src/graph/node.ts', "import type { Build } from '../core/core.js';"],
    ['src/ops/add.ts', "import { Opcode } from '../../assembly/opcodes.js';\nimport { Node } from '../graph/node.js';"],
    ['assembly/memory.ts', "import { BLOCK } from 'rt/common';"],
    ['src/compile/update.ts', "import type { Optimizer } from '../optimizers.js';"],
    ['src/training/fit.ts', "import { Engine } from '../engine.js';"],
    ['test/oracle/gradientCheck.test.ts', "import { expect } from 'vitest';\nimport { dense } from './dense.js';"],
    ['test/network.test.ts', "import { sequential } from 'neurite';\nimport { test } from 'vitest';\nimport { Core } from '../src/core/core.js';"],
    [
      'examples/seeds/xor.ts',
      "import { sequential } from 'neurite';\nimport { readFileSync } from 'node:fs';\nimport { image } from '../terminal.js';",
    ],
    ['bench/run.ts', "import { Bench } from 'tinybench';\nimport loader from '@assemblyscript/loader/umd';"],
  ])('%s may say %s', (file, text) => {
    expect(violations(file, text)).toEqual([]);
  });
});
