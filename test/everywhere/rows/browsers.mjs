/** Pages without a bundler: the files of the package as a server has them, in every realm that a browser has. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, firefox, serve, showExtension, TELL, webkit } from '../browser.mjs';
import { entry, here, installed } from '../project.mjs';

const html = (body) => `<!doctype html>\n<meta charset="utf-8">\n<title>neurite</title>\n<script src="/tell.js"></script>\n${body}\n`;
const script = (text, type) => `<script${type ? ` type="${type}"` : ''}>\n${text}\n</script>`;

/** How the program is run where there are no modules: its file without the word `export`. */
const classicProgram = () => readFileSync(join(here, 'program.mjs'), 'utf8').replace(/^export /m, '');

/** What a worker of any kind answers with, as `finish` wants it. */
const ANSWER = '({ loss, prediction }) => ({ loss, prediction }), (error) => ({ error: String(error && error.stack || error) })';
const awaited =
  "new Promise((resolve, reject) => { worker.onmessage = ({ data }) => data.error ? reject(data.error) : resolve(data); worker.onerror = (event) => reject(event.message || 'the worker did not load'); })";

/** The files of each way. `files` are paths in the package: of the ES module, of the file for a script tag, of neurite/worker and its script. */
const ways = [
  {
    way: 'module in a page, with an import map',
    ci: true,
    pages: ({ module }) => ({
      '/index.html': html(
        script(JSON.stringify({ imports: { neurite: module } }), 'importmap') +
          script("import * as neurite from 'neurite';\nimport { program } from '/program.mjs';\nfinish(program(neurite));", 'module'),
      ),
    }),
  },
  {
    way: 'script tag',
    ci: true,
    pages: ({ classic }) => ({
      '/index.html': html(`<script src="${classic()}"></script><script src="/program.js"></script>${script('finish(program(neurite));')}`),
    }),
  },
  {
    way: 'worker, importScripts',
    ci: true,
    pages: ({ classic }) => ({
      '/index.html': html(script(`const worker = new Worker('/worker.js');\nfinish(${awaited});`)),
      '/worker.js': `importScripts('${classic()}', '/program.js');\nprogram(neurite).then(${ANSWER}).then(postMessage);`,
    }),
  },
  {
    way: 'worker, module',
    ci: true,
    pages: ({ module }) => ({
      '/index.html': html(script(`const worker = new Worker('/worker.js', { type: 'module' });\nfinish(${awaited});`)),
      '/worker.js': `import * as neurite from '${module}';\nimport { program } from '/program.mjs';\nprogram(neurite).then(${ANSWER}).then(postMessage);`,
    }),
  },
  {
    way: 'service worker',
    ci: true,
    pages: ({ classic }) => ({
      '/index.html': html(
        script(`finish((async () => {
          const registered = await navigator.serviceWorker.register('/service.js');
          const service = registered.installing ?? registered.waiting ?? registered.active;
          return new Promise((resolve, reject) => {
            navigator.serviceWorker.onmessage = ({ data }) => data.error ? reject(data.error) : resolve(data);
            navigator.serviceWorker.startMessages();
            service.postMessage('go');
          });
        })());`),
      ),
      '/service.js': `importScripts('${classic()}', '/program.js');\naddEventListener('message', (event) => event.waitUntil(program(neurite).then(${ANSWER}).then((answer) => event.source.postMessage(answer))));`,
    }),
  },
  {
    way: 'AudioWorklet',
    ci: true,
    pages: ({ module }) => ({
      '/index.html': html(
        script(`finish((async () => {
          const context = new OfflineAudioContext(1, 48000, 48000);
          await context.audioWorklet.addModule('/worklet.js');
          const worker = new AudioWorkletNode(context, 'program').port;
          context.startRendering();
          return ${awaited};
        })());`),
      ),
      '/worklet.js': `import * as neurite from '${module}';\nimport { program } from '/program.mjs';
registerProcessor('program', class extends AudioWorkletProcessor {
  constructor() { super(); program(neurite).then(${ANSWER}).then((answer) => this.port.postMessage(answer)); }
  process() { return true; }
});`,
    }),
  },
  {
    way: "Content-Security-Policy with 'wasm-unsafe-eval'",
    ci: true,
    policy: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
    pages: strict,
  },
  {
    way: "Content-Security-Policy without 'wasm-unsafe-eval': the typed error",
    ci: true,
    policy: "default-src 'none'; script-src 'self'",
    pages: strict,
    refused: true,
  },
  {
    way: 'neurite/worker, modules with an import map',
    ci: true,
    pages: ({ module, inWorker }) => ({
      '/index.html': html(
        script(JSON.stringify({ imports: { neurite: module, 'neurite/worker': inWorker() } }), 'importmap') +
          script(
            "import * as neurite from 'neurite';\nimport { inWorker } from 'neurite/worker';\nimport { programInWorker } from '/programInWorker.mjs';\nfinish(programInWorker(neurite, inWorker));",
            'module',
          ),
      ),
    }),
  },
  {
    way: 'neurite/worker from its own file, where a policy forbids blob:',
    policy: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
    pages: ({ module, inWorker, host }) => ({
      '/index.html': html('<script type="module" src="/page.js"></script>'),
      '/page.js': `import * as neurite from '${module}';\nimport { inWorker } from '${inWorker()}';\nimport { programInWorker } from '/programInWorker.mjs';
finish(programInWorker(neurite, inWorker, { worker: () => new Worker('${host()}') }));`,
    }),
  },
];

function strict({ module }) {
  return {
    '/index.html': html('<script type="module" src="/page.js"></script>'),
    '/page.js': `import * as neurite from '${module}';\nimport { program } from '/program.mjs';\nfinish(program(neurite));`,
  };
}

/** Whether what was told is the typed error that a policy has to give, which names its remedy. */
function checkRefusal({ error, code, message }) {
  if (code !== 'WASM_FORBIDDEN' || !message.includes("'wasm-unsafe-eval'"))
    throw new Error(`expected a NeuriteError with the code WASM_FORBIDDEN that names 'wasm-unsafe-eval', came ${code ?? 'none'}: ${error}`);
}

async function runPage(browser, { pages, policy, refused }, { tarball, folder }) {
  browser.version();
  await installed(folder, tarball);
  const at = (path) => `/node_modules/neurite/${path}`;
  const files = {
    '/tell.js': TELL,
    '/program.js': classicProgram(),
    '/program.mjs': readFileSync(join(here, 'program.mjs'), 'utf8'),
    '/programInWorker.mjs': readFileSync(join(here, 'programInWorker.mjs'), 'utf8'),
    ...pages({
      module: at(entry(folder, '.', ['browser', 'import'])),
      classic: () => at(scriptFile(folder)),
      inWorker: () => at(entry(folder, './worker', ['browser', 'import'])),
      host: () => at(entry(folder, './worker/host.js', ['browser', 'import'])),
    }),
  };
  const { url, close } = await serve(folder, files, policy ? { 'Content-Security-Policy': policy } : {});
  try {
    await browser.show(`${url}/`);
    if (refused) throw new Error('it works where it has to be refused');
  } catch (error) {
    if (!refused || !error.told) throw error;
    checkRefusal(error.told);
  } finally {
    close();
  }
}

/** The file that CDNs give for a script tag. */
function scriptFile(folder) {
  const { jsdelivr, unpkg } = JSON.parse(readFileSync(join(folder, 'node_modules/neurite/package.json'), 'utf8'));
  const file = jsdelivr ?? unpkg;
  if (!file) throw new Error('package.json names no file for a script tag (jsdelivr, unpkg)');
  return file.replace(/^\.\//, '');
}

/** An extension's page, under the policy of its manifest or the one that extensions have by themselves. */
async function runExtension(policy, { tarball, folder }) {
  await installed(folder, tarball);
  const write = (name, text) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'icons'), { recursive: true });
  write(
    'manifest.json',
    JSON.stringify({
      manifest_version: 3,
      name: 'neurite',
      version: '1.0',
      host_permissions: ['http://localhost/*'],
      ...(policy && { content_security_policy: { extension_pages: policy } }),
    }),
  );
  write('page.html', html('<script type="module" src="/page.js"></script>'));
  write(
    'tell.js',
    TELL.replace(
      "parent.postMessage(message, '*')",
      "fetch(decodeURIComponent(location.search.slice(1)), { method: 'POST', body: JSON.stringify(message) })",
    ),
  );
  write('program.mjs', readFileSync(join(here, 'program.mjs'), 'utf8'));
  write(
    'page.js',
    `import * as neurite from '/node_modules/neurite/${entry(folder, '.', ['browser', 'import'])}';\nimport { program } from '/program.mjs';\nfinish(program(neurite));`,
  );
  const told = await showExtension(folder, 'page.html');
  if (!policy) checkRefusal(told);
  else if (told.error) throw new Error(told.error);
}

export function rows(context) {
  const pages = [chromium, firefox, webkit].flatMap((browser) =>
    ways.map((way) => ({
      host: browser.name,
      way: way.way,
      ...(way.ci && browser !== webkit && { ci: true }),
      version: async () => browser.version().version,
      run: () => runPage(browser, way, context),
    })),
  );
  const version = async () => chromium.version().version;
  return [
    ...pages,
    { host: 'Chromium extension', way: 'page, its usual policy: the typed error', version, run: () => runExtension(undefined, context) },
    {
      host: 'Chromium extension',
      way: "page, a policy with 'wasm-unsafe-eval'",
      version,
      run: () => runExtension("script-src 'self' 'wasm-unsafe-eval'; object-src 'self'", context),
    },
  ];
}
