/**
 * The built declarations in the hands of others: checked by several TypeScripts, in every kind of module resolution, with and without the DOM library.
 * Needs dist/, which `npm test` builds first. `.ci/run` names the TypeScripts of .ci/typescripts in NEURITE_TYPESCRIPTS; without it the project's own
 * is the only one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import own from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const consumer = mkdtempSync(join(tmpdir(), 'neurite-declarations-'));

beforeAll(() => {
  if (!existsSync(join(root, 'dist/index.d.ts'))) throw new Error('dist/ is not built: npm run build');
  mkdirSync(join(consumer, 'node_modules'));
  symlinkSync(root, join(consumer, 'node_modules/neurite'), 'dir');
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

/** The TypeScripts that are to check the declarations, as versions. */
const { devDependencies } = JSON.parse(readFileSync(join(root, '.ci/typescripts/package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};
/** From the oldest to the newest. */
const wanted = Object.values(devDependencies).map((alias) => alias.replace('npm:typescript@', ''));

const require = createRequire(import.meta.url);
/** The TypeScripts that there are; as the folder of its package where one has no interface but its command, as since 7. */
const given = new Map<string, typeof own | string>([[own.version, own]]);
for (const path of process.env.NEURITE_TYPESCRIPTS?.split(delimiter) ?? []) {
  const { version, main } = require(join(path, 'package.json')) as { version: string; main?: string };
  given.set(version, main ? (require(path) as typeof own) : path);
}

/** Whether a version is that one or a later one. */
function since(version: string, first: string): boolean {
  const [[major = 0, minor = 0], [firstMajor = 0, firstMinor = 0]] = [version, first].map((one) => one.split('.').map(Number)) as [
    number[],
    number[],
  ];
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

/** What a program says that uses most of what there is. */
const USE = `
import { adam, add, type AnyNetwork, crossEntropy, dataset, dense, input, load, meanSquaredError, NeuriteError, network, save, sequential } from 'neurite';
const x = new Float32Array(4);
const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }) });
export const history = net.fit({ x, y: Uint8Array.of(1) }, { epochs: 1, batchSize: 2, onEpoch: ({ epoch, loss }) => console.log(epoch, loss) });
export const probabilities: Float32Array = net.predict(x);
const bytes = save(net);
export const again: Float32Array = load(bytes).predict(x);
// A type that fails is any to those who skip the check of libraries.
type IsAny<T> = 0 extends 1 & T ? true : false;
export const isAny: [IsAny<typeof bytes>, IsAny<typeof probabilities>, IsAny<typeof history>] = [false, false, false];
export const file: Uint8Array = bytes;
export const loss: number = net.evaluate(dataset({ x, y: [1] })).loss + net.step(x, 1);
const [a, b] = [input(4), input(4)];
const two = network({ inputs: [a, b], outputs: [dense(1)(a), dense(1)(add(a, b))], loss: [meanSquaredError(), meanSquaredError()] });
const [first, second] = two.predict([x, x]);
export const both: Float32Array[] = [first, second];
export const lists: [number[], number[]] = two.predict([[1, 2, 3, 4], [1, 2, 3, 4]]);
export const count = (any: AnyNetwork) => any.parameterCount;
count(two);
net[Symbol.dispose]();
export const wrong = new NeuriteError('VALUE', 'wrong', { cause: first });
// @ts-expect-error two inputs are a list
two.predict(x);
// @ts-expect-error two outputs are a list
two.predict([x, x]).fill(0);
// @ts-expect-error there is no such activation
dense(3, 'relux');
declare const console: { log(...values: unknown[]): void };
`;

/** With the DOM library: results are parts of a Blob, a signal is an AbortSignal. */
const PAGE = `
import { dense, meanSquaredError, save, sequential } from 'neurite';
const net = sequential(4, [dense(1)], { loss: meanSquaredError() });
export const blob = new Blob([net.predict(new Float32Array(4)), net.parameters, save(net)]);
export const history = net.fit({ x: [1, 2, 3, 4], y: [1] }, { signal: new AbortController().signal });
`;

/** Since TypeScript 5.7. */
const GENERIC = `
import { dense, sequential } from 'neurite';
const net = sequential(4, [dense(1)]);
export const result: Float32Array<ArrayBuffer> = net.predict(new Float32Array(4));
export const classes: Uint32Array<ArrayBuffer> | number = net.classify(result);
`;

const ENTRIES = `
import { dense, load, save, sequential } from 'neurite';
import { checkGradients } from 'neurite/check';
import { jacobian } from 'neurite/derivatives';
import { type Trace, trace } from 'neurite/inspect';
import { population } from 'neurite/population';
import { progressBar } from 'neurite/progress';
import { type Threads, threads, type WorkerThreads } from 'neurite/threads';
import { inWorker, startWorker, WorkerError } from 'neurite/worker';
const net = sequential(4, [dense(1)]);
export const nets: Float32Array = population(net, 3).network(2).predict(new Float32Array(4));
// Where the host has no threads there are none.
export const shared = async () => {
  const team: Threads | undefined = await threads('auto').catch(() => undefined);
  sequential(4, [dense(1)], { threads: team });
  load(save(net), { threads: team });
  team?.[Symbol.dispose]();
  const worker = await startWorker();
  const there: WorkerThreads | undefined = await threads(2, { worker }).catch(() => undefined);
  await inWorker(net, { worker, threads: there });
  there?.[Symbol.dispose]();
};
export const slopes: Float32Array = jacobian(net, [1, 2, 3, 4]);
export const seen: Trace<undefined> = trace(net, [1, 2, 3, 4]);
export const far = inWorker(net).then((there) => there.snapshot()).then((parameters: Float32Array) => parameters.length);
export { checkGradients, progressBar, WorkerError };
`;

/** Only ES modules import a binary. */
const BINARIES = `
import { initialize } from 'neurite';
import module from 'neurite/core.wasm';
import relaxed from 'neurite/core.relaxed.wasm';
export const ready: Promise<void> = initialize({ module }).then(() => initialize({ module: relaxed }));
export const bytes: Promise<void> = initialize({ bytes: new Uint8Array(8) });
`;

/** In place of `test`, where another says the same. */
const none = (_name: string, _body: () => void) => {};

/** Kinds of module resolution, with the files that a project may have in each. */
const RESOLUTIONS: Readonly<Record<string, { readonly options: object; readonly extensions: readonly string[] }>> = {
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, extensions: ['.ts'] },
  node16: { options: { module: 'node16', moduleResolution: 'node16' }, extensions: ['.mts', '.cts'] },
  nodenext: { options: { module: 'nodenext', moduleResolution: 'nodenext' }, extensions: ['.mts', '.cts'] },
  node10: { options: { module: 'commonjs', moduleResolution: 'node10' }, extensions: ['.ts'] },
};

/** Libraries and declarations as a TypeScript has read them: they are the same in each program of the same options. */
const read = new Map<typeof own, Map<string, own.SourceFile | undefined>>();

/** What compiling says, and the files that were read, where the compiler tells. */
interface Compiled {
  readonly messages: string[];
  readonly files: readonly own.SourceFile[];
}

/** Compiles programs, by their files' names, as a strict user does who checks libraries too. */
function compile(ts: typeof own | string, programs: Readonly<Record<string, string>>, options: object): Compiled {
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(consumer, name), text);
  const json = {
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: false,
    noErrorTruncation: true,
    // The link is the package: nothing above it is looked at.
    preserveSymlinks: true,
    ...options,
  };
  return typeof ts === 'string' ? byCommand(ts, Object.keys(programs), json) : byInterface(ts, Object.keys(programs), json);
}

function byInterface(ts: typeof own, names: readonly string[], json: object): Compiled {
  const { options, errors } = ts.convertCompilerOptionsFromJson(json, consumer);
  const host = ts.createCompilerHost(options);
  const known = read.get(ts) ?? new Map<string, own.SourceFile | undefined>();
  read.set(ts, known);
  const readFile = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (names.includes(basename(name))) return readFile(name, ...rest);
    // The kind of a module, too, is a matter of how it is resolved.
    const key = /\/lib\.[^/]*\.d\.ts$/.test(name) ? name : `${name} ${options.moduleResolution} ${options.target}`;
    if (!known.has(key)) known.set(key, readFile(name, ...rest));
    return known.get(key);
  };
  const program = ts.createProgram(
    names.map((name) => join(consumer, name)),
    options,
    host,
  );
  const messages = [...errors, ...ts.getPreEmitDiagnostics(program)].map((d) => {
    const line = d.file && d.start !== undefined ? d.file.getLineAndCharacterOfPosition(d.start).line + 1 : 0;
    return `${d.file?.fileName.replace(consumer, '')}:${line} ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
  });
  return { messages, files: program.getSourceFiles() };
}

function byCommand(folder: string, files: readonly string[], compilerOptions: object): Compiled {
  const project = join(consumer, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'bin/tsc'), '--pretty', 'false', '--project', project], {
    cwd: consumer,
    encoding: 'utf8',
  });
  const messages = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  if (status !== 0 && messages.length === 0) messages.push(`exit ${status}`);
  return { messages, files: [] };
}

describe.each([...new Set([...wanted, own.version])])('TypeScript %s', (version) => {
  const ts = given.get(version);
  // .ci/run has them all: there, one that is missing is a failure.
  const missing = `not installed: npm ci --ignore-scripts --prefix .ci/typescripts, and its folders in NEURITE_TYPESCRIPTS`;
  test.skipIf(!ts && !process.env.CI)(ts ? 'is given' : missing, () =>
    expect(ts && (typeof ts === 'string' || ts.version === version), missing).toBe(true),
  );

  // 7 has no node10 any more, and 6 wants to be told that one means it.
  const kinds = Object.keys(RESOLUTIONS).filter((kind) => kind !== 'node10' || !since(version, '7.0'));
  describe.runIf(ts).each(kinds)('checks the declarations, module resolution %s', (kind) => {
    const { options, extensions } = RESOLUTIONS[kind] as (typeof RESOLUTIONS)[string];
    const old = kind === 'node10' && since(version, '6.0') ? { ignoreDeprecations: '6.0' } : {};

    /** Programs in all kinds of files that the resolution knows; those without `require` in the first alone. */
    const files = (programs: Record<string, string>) => ({
      ...Object.fromEntries(extensions.flatMap((extension) => Object.entries(programs).map(([name, text]) => [`${name}${extension}`, text]))),
      [`binaries${extensions[0]}`]: BINARIES,
    });
    const generic: Record<string, string> = since(version, '5.7') ? { generic: GENERIC } : {};

    // The oldest, the newest and the project's own check each kind with both, the others each kind with one of them.
    const whole = version === own.version || version === wanted[0] || version === wanted.at(-1);
    const wantsPage = kind === 'node16' || kind === 'node10';

    const [bare, page] = [whole || !wantsPage, whole || wantsPage];
    (bare ? test : none)('without the DOM library, target and lib es2020', () => {
      const programs = files({ use: USE, entries: ENTRIES, ...generic });
      expect(compile(ts as typeof own, programs, { ...options, ...old, target: 'es2020', lib: ['es2020'] }).messages).toEqual([]);
    });

    (page ? test : none)('with the DOM library, target and lib es2022', () => {
      const programs = files({ page: PAGE, entries: ENTRIES, ...generic });
      expect(compile(ts as typeof own, programs, { ...options, ...old, target: 'es2022', lib: ['es2022', 'dom'] }).messages).toEqual([]);
    });
  });

  test.runIf(ts)('types are no less to those who skip the check of libraries', () => {
    const { options } = RESOLUTIONS.bundler as (typeof RESOLUTIONS)[string];
    expect(compile(ts as typeof own, { 'use.ts': USE }, { ...options, target: 'es2020', lib: ['es2020'], skipLibCheck: true }).messages).toEqual([]);
  });

  // An entry by itself brings along what its declarations refer to.
  test.runIf(ts)('checks the declarations of neurite/inspect alone', () => {
    const { options } = RESOLUTIONS.nodenext as (typeof RESOLUTIONS)[string];
    const alone = "import { type Trace, trace } from 'neurite/inspect';\nexport { type Trace, trace };\n";
    expect(compile(ts as typeof own, { 'alone.mts': alone }, { ...options, target: 'es2020', lib: ['es2020'] }).messages).toEqual([]);
  });
});

/** What the tests below compile with. */
const STRICT = { ...RESOLUTIONS.nodenext?.options, target: 'es2022', lib: ['es2022'] };

test('the declarations agree with those of Node', () => {
  const options = { ...STRICT, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
  expect(
    compile(own, { 'use.mts': USE.replace(/^declare const console.*$/m, ''), 'entries.cts': ENTRIES, 'binaries.mts': BINARIES }, options).messages,
  ).toEqual([]);
});

test('no declaration a user reaches gives a typed array an argument, which TypeScript before 5.7 refuses', () => {
  const { files } = compile(own, { 'use.mts': USE, 'entries.mts': ENTRIES }, STRICT);
  const reached = files.filter(({ fileName }) => fileName.includes('/neurite/dist/'));
  expect(reached.length).toBeGreaterThan(1);
  const found: string[] = [];
  for (const file of reached) {
    const visit = (node: own.Node): void => {
      if (own.isTypeReferenceNode(node) && node.typeArguments && /^(Big)?(Float|Int|Uint)\d+(Clamped)?Array$/.test(node.typeName.getText(file)))
        found.push(`${file.fileName.replace(/.*neurite\//, '')}: ${node.getText(file)}`);
      own.forEachChild(node, visit);
    };
    visit(file);
  }
  expect(found).toEqual([]);
});

test('what the compiler says of a call that does not fit the network', () => {
  const wrong: [call: string, message: string][] = [
    ['sequential(2, [dense(1)]).predict("1")', `Argument of type 'string' is not assignable to parameter of type 'Values'.`],
    ['two.predict(x)', `Argument of type 'Float32Array<ArrayBuffer>' is not assignable to parameter of type 'readonly Values[]'.`],
    ['two.step(x, [1])', `Argument of type 'Float32Array<ArrayBuffer>' is not assignable to parameter of type 'readonly Values[]'.`],
    ['two.predict([x, x], x)', `Argument of type 'Float32Array<ArrayBuffer>' is not assignable to parameter of type 'never'.`],
    ['one(two)', `Argument of type 'Network<AnyTargets, 2, 2>' is not assignable to parameter of type 'Network<AnyTargets, 1, 1>'.`],
  ];
  const text = `
    import { dense, input, network, type Network, sequential } from 'neurite';
    const x = new Float32Array(2);
    const [a, b] = [input(2), input(2)];
    const two = network({ inputs: [a, b], outputs: [dense(1)(a), dense(1)(b)] });
    const one = (net: Network) => net.predict(x);
    ${wrong.map(([call]) => `${call};`).join('\n')}
  `;
  const { messages } = compile(own, { 'wrong.mts': text }, STRICT);
  expect(messages).toHaveLength(wrong.length);
  wrong.forEach(([call, message], i) => expect(messages[i], call).toContain(message));
});
