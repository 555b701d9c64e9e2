/**
 * The built declarations in the hands of others: checked by several TypeScripts, with and without the DOM library. Needs dist/, which `npm test`
 * builds first. `.ci/run` names the TypeScripts of .ci/typescripts in NEURITE_TYPESCRIPTS; without it the project's own is the only one.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
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
const wanted = Object.values(devDependencies).map((alias) => alias.replace('npm:typescript@', ''));

const require = createRequire(import.meta.url);
const given = new Map<string, typeof own>([[own.version, own]]);
for (const path of process.env.NEURITE_TYPESCRIPTS?.split(delimiter) ?? []) {
  const one = require(path) as typeof own;
  given.set(one.version, one);
}

/** Whether typed arrays say what memory they lie in. */
function isGeneric(version: string): boolean {
  const [major, minor] = version.split('.').map(Number) as [number, number];
  return major > 5 || (major === 5 && minor >= 7);
}

/** What a program says that uses most of what there is. */
const USE = `
import { adam, add, type AnyNetwork, crossEntropy, dataset, dense, input, load, meanSquaredError, NeuriteError, network, save, sequential } from 'neurite';
const x = new Float32Array(4);
const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }) });
export const history = net.fit({ x, y: Uint8Array.of(1) }, { epochs: 1, batchSize: 2, onEpoch: ({ epoch, loss }) => console.log(epoch, loss) });
export const probabilities: Float32Array = net.predict(x);
export const again: Float32Array = load(save(net)).predict(x);
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

const CHECK = `
import { dense, sequential } from 'neurite';
import { checkGradients } from 'neurite/check';
import { jacobian } from 'neurite/derivatives';
import { type Trace, trace } from 'neurite/inspect';
const net = sequential(4, [dense(1)]);
export const slopes: Float32Array = jacobian(net, [1, 2, 3, 4]);
export const seen: Trace<undefined> = trace(net, [1, 2, 3, 4]);
export { checkGradients };
`;

/** Libraries and declarations as a TypeScript has read them: they are the same in each program. */
const read = new Map<typeof own, Map<string, own.SourceFile | undefined>>();

/** Compiles programs as a strict user does who checks libraries too; what is wrong with them, and the files that were read. */
function compile(
  ts: typeof own,
  programs: Record<string, string>,
  libraries: readonly string[],
): { messages: string[]; files: readonly own.SourceFile[] } {
  const names = Object.entries(programs).map(([name, text]) => {
    const file = join(consumer, `${name}.mts`);
    writeFileSync(file, text);
    return file;
  });
  const options: own.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: libraries.map((library) => `lib.${library}.d.ts`),
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: false,
    noErrorTruncation: true,
    // The link is the package: nothing above it is looked at.
    preserveSymlinks: true,
  };
  const host = ts.createCompilerHost(options);
  const known = read.get(ts) ?? new Map<string, own.SourceFile | undefined>();
  read.set(ts, known);
  const readFile = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (names.includes(name)) return readFile(name, ...rest);
    if (!known.has(name)) known.set(name, readFile(name, ...rest));
    return known.get(name);
  };
  const program = ts.createProgram(names, options, host);
  const messages = ts.getPreEmitDiagnostics(program).map((d) => {
    const line = d.file && d.start !== undefined ? d.file.getLineAndCharacterOfPosition(d.start).line + 1 : 0;
    return `${d.file?.fileName.replace(consumer, '')}:${line} ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
  });
  return { messages, files: program.getSourceFiles() };
}

describe.each([...new Set([...wanted, own.version])])('TypeScript %s', (version) => {
  const ts = given.get(version);
  // .ci/run has them all: there, one that is missing is a failure.
  const missing = `not installed: npm ci --ignore-scripts --prefix .ci/typescripts, and its folders in NEURITE_TYPESCRIPTS`;
  test.skipIf(!ts && !process.env.CI)(ts ? 'is given' : missing, () => expect(ts?.version, missing).toBe(version));

  describe.runIf(ts)('checks the declarations', () => {
    const generic: Record<string, string> = isGeneric(version) ? { generic: GENERIC } : {};
    test('without the DOM library, lib es2020', () => {
      expect(compile(ts as typeof own, { use: USE, ...generic }, ['es2020']).messages).toEqual([]);
    });

    test('with the DOM library, lib es2022', () => {
      expect(compile(ts as typeof own, { use: USE, page: PAGE, ...generic }, ['es2022', 'dom']).messages).toEqual([]);
    });

    test('of neurite/check alone', () => {
      expect(compile(ts as typeof own, { check: CHECK }, ['es2020']).messages).toEqual([]);
    });
  });
});

test('no declaration a user reaches gives a typed array an argument, which TypeScript before 5.7 refuses', () => {
  const { files } = compile(own, { use: USE, check: CHECK }, ['es2022']);
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
  const { messages } = compile(own, { wrong: text }, ['es2022']);
  expect(messages).toHaveLength(wrong.length);
  wrong.forEach(([call, message], i) => expect(messages[i], call).toContain(message));
});
