/** The package as it is published: packed, unpacked into a node_modules elsewhere, and loaded there. Needs dist/, which `npm test` builds first. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The entries of package.json that are modules, by their names: `check` for `./check`. */
const entryNames = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }).exports)
  .map((entry) => entry.slice(2))
  .filter((entry) => /^\w+$/.test(entry));
const consumer = mkdtempSync(join(tmpdir(), 'neurite-package-'));
const installed = join(consumer, 'node_modules', 'neurite');
let tarball = '';
let packed: string[] = [];

beforeAll(() => {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist/ is not built: npm run build');
  const command = ['pack', '--silent', '--ignore-scripts', '--json', '--pack-destination', consumer];
  const [{ filename, files }] = JSON.parse(execFileSync('npm', command, { cwd: root, encoding: 'utf8' }));
  packed = files.map((file: { path: string }) => file.path);
  mkdirSync(join(consumer, 'node_modules'));
  tarball = join(consumer, filename);
  execFileSync('tar', ['-xzf', tarball, '-C', consumer]);
  renameSync(join(consumer, 'package'), installed);
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

test('packing builds first: a clean clone has no dist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(scripts.prepack).toBe('npm run --silent build');
});

/** The Nodes to load the package in: those of .ci/run, else the one that runs the tests. */
const given = process.env.NEURITE_NODES;
const nodes = given ? given.split(delimiter) : [process.execPath];

/** What a consumer does: hide every way to the network and to a decoder of base64, load the package, predict with it. */
function script(load: string): string {
  return `
    for (const name of ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'atob', 'Buffer']) {
      Object.defineProperty(globalThis, name, { get() { throw new Error(name + ' is out of bounds'); } });
    }
    const { sequential, dense } = ${load};
    const net = sequential(4, [dense(16, 'tanh'), dense(3, 'softmax')], { seed: 1, build: 'simd' });
    console.log(JSON.stringify(Array.from(net.predict([0.1, -0.2, 0.3, -0.4]))));
  `;
}

/** What uses every entry: their classes are the same, else a network of one were none to another. */
function everyEntry(load: string): string {
  return `
    (async (load) => {
      const { crossEntropy, dense, Network, sequential, ValueError } = await load('neurite');
      const [{ checkGradients }, { jacobian }, { summary }] = [await load('neurite/check'), await load('neurite/derivatives'), await load('neurite/inspect')];
      const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), seed: 1, build: 'simd' });
      const x = [0.1, -0.2, 0.3, -0.4];
      const refused = [checkGradients, jacobian, summary].map((call) => { try { call({}, [], []); } catch (error) { return error instanceof ValueError; } });
      console.log(JSON.stringify({
        line: String(net), name: net instanceof Network && Network.name, jacobian: jacobian(net, x).length,
        summary: summary(net).includes('131'), passed: checkGradients(net, x, 1).passed, refused,
      }));
    })(${load});
  `;
}

/** The package's modules, those for edge hosts and the script for a page aside. */
function modules(kind: '.js' | '.cjs' = '.js'): string[] {
  return readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(kind) && !/^(workerd|edge-light|neurite\.iife)\.js$/.test(file))
    .map((file) => join(installed, 'dist', file));
}

/**
 * What a consumer's script prints in that Node, where it may read itself and the package's package.json and modules, and no other file.
 * @throws when the script does
 */
function run(node: string, file: string, text: string): string {
  const path = join(consumer, file);
  writeFileSync(path, text);
  const permission = version(node).startsWith('20.') ? '--experimental-permission' : '--permission';
  const readable = [path, join(installed, 'package.json'), ...modules(), ...modules('.cjs')].map((name) => `--allow-fs-read=${name}`);
  return execFileSync(node, [permission, ...readable, path], { cwd: consumer, encoding: 'utf8', stdio: 'pipe' });
}

function version(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
}

test.runIf(given)('Node 20, 22 and 24 are among the given ones', () => {
  const majors = nodes.map((node) => Number.parseInt(version(node), 10));
  expect(majors).toEqual(expect.arrayContaining([20, 22, 24]));
});

describe.each(nodes)('loaded in %s', (node) => {
  test('by import and by require, with no file access and no network, to the same result bit for bit', () => {
    const expected = run(process.execPath, 'reference.mjs', script("await import('neurite')"));
    const probabilities = JSON.parse(expected);
    expect(probabilities).toHaveLength(3);
    expect(run(node, 'import.mjs', script("await import('neurite')"))).toBe(expected);
    expect(run(node, 'require.cjs', script("require('neurite')"))).toBe(expected);
  });

  test.each([
    ['import', 'entries.mjs', '(name) => import(name)'],
    ['require', 'entries.cjs', '(name) => require(name)'],
    ['both', 'mixed.cjs', "(name) => (name === 'neurite' ? require(name) : import(name))"],
  ])('every entry works by %s, and a class is the same whichever it comes from', (_, file, load) => {
    expect(JSON.parse(run(node, file, everyEntry(load)))).toEqual({
      line: 'Network 4 → 16 relu → 3 softmax, 131 parameters',
      name: 'Network',
      jacobian: 12,
      summary: true,
      passed: true,
      refused: [true, true, true],
    });
  });

  test('files outside the package are refused to it', () => {
    const read = "import { readFileSync } from 'node:fs'; readFileSync('node_modules/neurite/dist/core.wasm');";
    expect(() => run(node, 'read.mjs', read)).toThrow('ERR_ACCESS_DENIED');
  });
});

test('the modules import one another and nothing else, and name no way to files or the network', () => {
  const forbidden = ['require', 'fetch', 'XMLHttpRequest', 'WebSocket', 'importScripts', 'Deno', 'Bun'];
  const found: string[] = [];
  for (const file of modules()) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
        const { moduleSpecifier } = node;
        if (moduleSpecifier && !(ts.isStringLiteral(moduleSpecifier) && modules().includes(join(dirname(file), moduleSpecifier.text))))
          found.push(moduleSpecifier.getText());
      } else if (ts.isMetaProperty(node)) found.push('import.meta');
      else if (node.kind === ts.SyntaxKind.ImportKeyword) found.push('import()');
      else if (ts.isAwaitExpression(node) && !ts.findAncestor(node, ts.isFunctionLike)) found.push('await at the top level');
      // `initialize` fetches a `.wasm` where it is told to.
      else if (ts.isIdentifier(node) && node.text === 'fetch' && ts.findAncestor(node, ts.isFunctionDeclaration)?.name?.text === 'responseOf') return;
      else if (ts.isIdentifier(node) && forbidden.includes(node.text)) found.push(node.text);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  expect(modules().length).toBeGreaterThanOrEqual(4);
  expect(found).toEqual([]);
});

test('the package holds what is built, and its documents', () => {
  const kinds = [
    new RegExp(`^dist/(index|${entryNames.join('|')}|shared/\\w+)\\.(js|js\\.map|cjs|d\\.ts|d\\.cts)$`),
    /^dist\/(workerd|edge-light)\.(js|js\.map)$/,
    /^dist\/worker\/host\.js$/,
    /^dist\/neurite\.iife\.js$/,
    /^dist\/core(\.relaxed)?\.wasm(\.d\.ts)?$/,
    new RegExp(`^(${entryNames.join('|')})/package\\.json$`),
    /^docs\/[\w-]+\.md$/,
    /^(package\.json|(README|CHANGELOG)\.md|LICENSE)$/,
  ];
  const unexpected = packed.filter((file) => !kinds.some((kind) => kind.test(file)));
  expect(unexpected).toEqual([]);
  expect(packed).toEqual(expect.arrayContaining(['dist/index.js', 'dist/core.wasm', 'dist/core.relaxed.wasm', 'package.json', 'LICENSE']));
});

test('scripts are plain ASCII, which needs no charset, and the texts in them are those of the source', () => {
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((file) => /\.c?js$/.test(file));
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => /[^\0-\x7f]/.test(readFileSync(join(installed, 'dist', file), 'utf8')))).toEqual([]);
  const line = "import('neurite').then(({ dense, sequential }) => console.log(String(sequential(4, [dense(3)]))))";
  expect(execFileSync(process.execPath, ['-e', line], { cwd: consumer, encoding: 'utf8' })).toContain('Network 4 → 3');
});

test('every module has its source map, which holds the sources', () => {
  // A worker's script is in neurite/worker as text, and no bundle's part.
  for (const file of modules().filter((name) => !name.endsWith('host.js'))) {
    const text = readFileSync(file, 'utf8');
    const name = /^\/\/# sourceMappingURL=(.*)$/m.exec(text)?.[1];
    // What only re-exports has nothing to map.
    if (name === undefined) expect(text.replace(/^(import|export) .*;$/gm, '').trim(), file).toBe('');
    else {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(dirname(file), name), 'utf8'));
      expect(sources.length).toBeGreaterThan(0);
      expect(sourcesContent.filter((content: string | null) => !content)).toEqual([]);
    }
  }
});

test('an uncaught error shows a line that can be read, and names its class', () => {
  const file = join(consumer, 'uncaught.mjs');
  writeFileSync(file, "import { dense, sequential } from 'neurite';\nsequential(4, [dense(3)]).predict([1, 2]);\n");
  const { status, stderr } = spawnSync(process.execPath, [file], { cwd: consumer, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('ShapeError: predict: x has 2 numbers');
  expect(stderr.length).toBeLessThan(2000);
  expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(250);
});

test('each entry has its module, its file for CommonJS and the declarations of both, and so has package.json', () => {
  const { exports, main, module, types } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const entries = Object.entries(exports as Record<string, object>).filter(([entry]) => !/\.(wasm|json|js)$/.test(entry));
  const folders = readdirSync(join(root, 'src'), { encoding: 'utf8' }).filter((name) => existsSync(join(root, 'src', name, 'index.ts')));
  expect(entries.map(([entry]) => entry)).toEqual(['.', ...folders.sort().map((name) => `./${name}`)]);
  for (const [entry, conditions] of entries) {
    const name = entry === '.' ? 'index' : entry.slice(2);
    const esm = { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
    const cjs = { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` };
    const edge = (file: string) => ({ types: './dist/index.d.ts', default: `./dist/${file}.js` });
    const edges = entry === '.' ? { workerd: edge('workerd'), 'edge-light': edge('edge-light') } : {};
    const expected = { ...edges, 'module-sync': esm, module: esm, require: cjs, default: esm };
    expect(conditions).toEqual(expected);
    // The first that a host knows counts: an edge host knows `module` too.
    expect(Object.keys(conditions)).toEqual(Object.keys(expected));
    const files = [esm, cjs, ...Object.values(edges)].flatMap((one): string[] => Object.values(one)).map((file) => file.slice(2));
    expect(packed).toEqual(expect.arrayContaining(files));
    // Resolvers that know no conditions.
    if (entry === '.') expect([main, module, types]).toEqual([cjs.default, esm.default, esm.types]);
    else {
      const folder = JSON.parse(readFileSync(join(installed, name, 'package.json'), 'utf8'));
      const named = Object.fromEntries(['main', 'module', 'types'].map((field) => [field, join(installed, name, folder[field])]));
      const files = { main: cjs.default, module: esm.default, types: esm.types };
      expect(named).toEqual(Object.fromEntries(Object.entries(files).map(([field, file]) => [field, join(installed, file)])));
      expect(folder.sideEffects).toBe(false);
    }
  }
});

test('what a bundler may leave out is marked so', () => {
  const marked = modules().filter((file) => readFileSync(file, 'utf8').includes('/* @__PURE__ */'));
  expect(marked.map((file) => file.replace(/.*dist./, '').replaceAll('\\', '/'))).toEqual(
    expect.arrayContaining(['shared/graph.js', 'shared/network.js']),
  );
});

test('declarations have public names only', () => {
  const declarations = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  expect(declarations).toEqual(expect.arrayContaining(['index.d.ts', 'check.d.ts', 'derivatives.d.ts', 'inspect.d.ts', 'progress.d.ts']));
  const text = declarations.map((file) => readFileSync(join(installed, 'dist', file), 'utf8')).join('\n');
  for (const name of ['Engine', 'Internals', 'LoadedProgram', 'Workspace', 'CoreExports', 'RowSource'])
    expect(text).not.toMatch(new RegExp(`\\b${name}\\b`));
  // Docstrings travel with them.
  expect(text).toContain('A network of layers one behind the other: a graph with one path.');
});

test('both binaries are there as files, for hosts that import them statically', () => {
  const resolve = `console.log(['core.wasm', 'core.relaxed.wasm'].map((name) => require.resolve('neurite/' + name)).join('\\n'))`;
  const files = execFileSync(process.execPath, ['-e', resolve], { cwd: consumer, encoding: 'utf8' }).trim().split('\n');
  expect(files.map((file) => WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file))))).toEqual([[], []]);
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  expect(messages).toEqual([]);
});

test('attw has nothing to say: types and files agree in every kind of resolution', () => {
  const attw = (...options: string[]) => {
    const command = [join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'), tarball, '--no-definitely-typed', '--format', 'ascii'];
    const { stdout, status } = spawnSync(process.execPath, [...command, ...options], { encoding: 'utf8' });
    expect(stdout).toContain('No problems found');
    expect(status).toBe(0);
    return [...stdout.matchAll(/^"neurite\/?(.*)"$/gm)].map(([, entry]) => (entry ? `./${entry}` : '.'));
  };
  const binaries = ['core.wasm', 'core.relaxed.wasm'];
  // The worker's script has an address, and exports nothing.
  const script = 'worker/host.js';
  const modules = attw('--exclude-entrypoints', script, ...binaries);
  // No CommonJS file can require a binary: hosts give it to `import` alone.
  const files = attw('--ignore-rules', 'cjs-resolves-to-esm', '--entrypoints', ...binaries);
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect([...modules, ...files, `./${script}`].sort()).toEqual(Object.keys(exports).sort());
});

test('a type error for an unknown activation lists those there are', () => {
  const file = join(consumer, 'wrong.mts');
  writeFileSync(file, "import { dense } from 'neurite';\ndense(3, 'relux');\n");
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
    strict: true,
    noEmit: true,
    noErrorTruncation: true,
  });
  const messages = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatch(/'"relux"' is not assignable to parameter of type '.*"relu".*"softmax"/);
});

test.each([
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
])('its types serve a strict consumer, module resolution %s', (_, module, moduleResolution) => {
  const file = join(consumer, 'consumer.mts');
  writeFileSync(
    file,
    `import { adam, crossEntropy, dense, sequential } from 'neurite';
    const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }), seed: 1 });
    await net.fit({ x: new Float32Array(8), y: Uint8Array.of(0, 1) }, { epochs: 1, batchSize: 2, onEpoch: ({ epoch, loss }) => console.log(epoch, loss) });
    const probabilities: Float32Array = net.predict(new Float32Array(4));
    // @ts-expect-error there is no such activation
    dense(3, 'relux');
    console.log(probabilities);`,
  );
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
    module,
    moduleResolution,
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  });
  expect(
    ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
      getCanonicalFileName: String,
      getCurrentDirectory: () => consumer,
      getNewLine: () => '\n',
    }),
  ).toBe('');
});
