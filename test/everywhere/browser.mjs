/**
 * Browsers as installed, driven without a driver: each opens one page, which asks its server for the next page to show, in a frame, and hands over
 * what that page tells by `postMessage`. Every page has a server and so an origin of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { chromium as playwright } from 'playwright';

/** What a page tells its parent, which it needs no connection for. Errors that nobody catches are told too. */
export const TELL = `
const tell = (message) => parent.postMessage(message, '*');
addEventListener('error', (event) => tell({ error: event.message || 'a file did not load' }));
addEventListener('unhandledrejection', (event) => tell({ error: String(event.reason) }));
function finish(result) {
  result.then(
    ({ loss, prediction }) => tell({ loss, prediction }),
    (error) => tell({ error: String(error), code: error && error.code, message: error && error.message }),
  );
}
`;

const CONTROL = `<!doctype html>
<meta charset="utf-8">
<title>neurite everywhere</title>
<iframe allow="autoplay"></iframe>
<script>
  const frame = document.querySelector('iframe');
  let shown;
  const post = (body) => fetch('/told', { method: 'POST', body: JSON.stringify({ shown, ...body }) });
  addEventListener('message', ({ data }) => post({ data }));
  (async () => {
    for (;;) {
      ({ shown } = await (await fetch('/next')).json());
      if (shown) frame.src = shown;
    }
  })();
</script>
`;

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};

const closers = new Set();

/** Ends every browser and every server. */
export async function closeAll() {
  await Promise.all([...closers].map((close) => close()));
}

async function listen(handler) {
  const server = createServer(handler).listen(0, 'localhost');
  await once(server, 'listening');
  const close = () => {
    closers.delete(close);
    server.close();
    server.closeAllConnections();
  };
  closers.add(close);
  return { url: `http://localhost:${server.address().port}`, close };
}

/**
 * Serves a folder at an origin of its own.
 *
 * @param files texts by their path, besides the folder's
 * @param headers of every answer
 */
export function serve(folder, files = {}, headers = {}) {
  return listen((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const onDisk = join(folder, normalize(name));
    const body = name in files ? files[name] : statSync(onDisk, { throwIfNoEntry: false })?.isFile() ? readFileSync(onDisk) : undefined;
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(body);
  });
}

/** A browser that is started with its first page and lives until `closeAll`. */
class Browser {
  #kind;
  #started;
  #waiting = [];
  #answer;
  #listener;

  constructor(kind) {
    this.#kind = kind;
  }

  get name() {
    return this.#kind.name;
  }

  /** "156.0.7941.0". @throws where it is not installed, saying what to install */
  version() {
    const { name, commands, packages, version = (command) => execFileSync(command, ['--version'], { encoding: 'utf8', stdio: 'pipe' }) } = this.#kind;
    for (const command of commands()) {
      try {
        return { command, version: /[\d.]+/.exec(version(command))[0] };
      } catch {
        // not this one
      }
    }
    throw new Error(`${name} is not installed: apt-get install --no-install-recommends ${packages}`);
  }

  /** Shows a page until it tells. @returns what it told @throws where it tells of an error, or nothing in time */
  async show(url, seconds = 40) {
    this.#started ??= this.#start();
    await this.#started;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`the page told nothing in ${seconds} s`))), seconds * 1000);
      const settle = (how) => {
        clearTimeout(timer);
        this.#listener = undefined;
        this.#next('about:blank');
        how();
      };
      this.#listener = (shown, data) => {
        if (shown !== url) return;
        settle(() => ('error' in data ? reject(Object.assign(new Error(data.error), { told: data })) : resolve(data)));
      };
      this.#next(url);
    });
  }

  #next(shown) {
    this.#waiting.push(shown);
    this.#flush();
  }

  #flush() {
    if (!this.#answer || this.#waiting.length === 0) return;
    // Only the newest counts.
    this.#answer.end(JSON.stringify({ shown: this.#waiting.at(-1) }));
    this.#waiting = [];
    this.#answer = undefined;
  }

  async #start() {
    const { command } = this.version();
    const profile = mkdtempSync(join(tmpdir(), 'neurite-browser-'));
    const asked = Promise.withResolvers ? Promise.withResolvers() : withResolvers();
    const { url } = await listen(async (request, response) => {
      if (request.url === '/next') {
        this.#answer = response;
        asked.resolve();
        this.#flush();
      } else if (request.url === '/told') {
        const { shown, data } = JSON.parse(await text(request));
        response.writeHead(204).end();
        this.#listener?.(shown, data);
      } else response.writeHead(200, { 'Content-Type': 'text/html' }).end(CONTROL);
    });
    const { args, env } = this.#kind;
    const child = spawn(command, args(profile, url), { stdio: 'ignore', env: { ...process.env, ...env }, detached: true });
    const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    closers.add(async () => {
      try {
        process.kill(-child.pid);
      } catch {
        // it ended by itself
      }
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    let timer;
    await Promise.race([
      asked.promise,
      exited.then(() => Promise.reject(new Error(`${this.name} ended at once`))),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${this.name} asked for no page in 60 s`)), 60_000);
      }),
    ]).finally(() => clearTimeout(timer));
  }
}

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

const chromiumFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--autoplay-policy=no-user-gesture-required'];
const chromiums = () => [process.env.CHROMIUM ?? 'chromium', 'chromium-browser', 'google-chrome'];

export const chromium = new Browser({
  name: 'Chromium',
  commands: chromiums,
  packages: 'chromium',
  args: (profile, url) => [...chromiumFlags, `--user-data-dir=${profile}`, url],
});

export const firefox = new Browser({
  name: 'Firefox',
  commands: () => ['firefox-esr', 'firefox'],
  packages: 'firefox-esr',
  args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
});

/** Debian's WebKit has no mode without a screen: it runs on one that is not there. */
export const webkit = new Browser({
  name: 'WebKit',
  commands: () => ['xvfb-run'],
  packages: 'webkit2gtk-driver xvfb xauth',
  version: () => {
    if (!miniBrowser()) throw new Error('no MiniBrowser');
    // Neither of its programs says its version.
    return execFileSync('dpkg-query', ['--show', 'webkit2gtk-driver'], { encoding: 'utf8', stdio: 'pipe' }).split('\t')[1];
  },
  args: (_, url) => ['-a', miniBrowser(), '--private', url],
  env: {
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
    LIBGL_ALWAYS_SOFTWARE: '1',
  },
});

function miniBrowser() {
  const folders = ['x86_64', 'aarch64'].flatMap((cpu) => ['4.1', '4.0', '6.0'].map((api) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-${api}`));
  return folders.map((folder) => `${folder}/MiniBrowser`).find(existsSync);
}

/**
 * Opens a page of an extension, in a Chromium of its own: what it tells comes by `fetch` to the address in its query. Newer Chromiums load an
 * extension that is not packed only by their DevTools.
 */
export async function showExtension(extension, page, seconds = 40) {
  const { command } = chromium.version();
  const told = withResolvers();
  const { url, close } = await listen(async (request, response) => {
    told.resolve(JSON.parse(await text(request)));
    response.writeHead(204, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  const browser = await playwright.launch({
    executablePath: execFileSync('which', [command], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--enable-unsafe-extension-debugging'],
    ignoreDefaultArgs: ['--disable-extensions'],
  });
  const timer = setTimeout(() => told.reject(new Error(`the extension told nothing in ${seconds} s`)), seconds * 1000);
  try {
    const tools = await browser.newBrowserCDPSession();
    const { id } = await tools.send('Extensions.loadUnpacked', { path: extension });
    await tools.send('Target.createTarget', { url: `chrome-extension://${id}/${page}?${encodeURIComponent(url)}` });
    return await told.promise;
  } finally {
    clearTimeout(timer);
    await browser.close();
    close();
  }
}
