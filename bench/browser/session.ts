/** A page that is measured: in a browser with a profile of its own, served from here until it has told its result. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { Installed } from './browsers.js';

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** A page, and what it loads. */
export interface Page {
  /** As HTML. */
  readonly page: string;
  /** Where on disk a path lies that the page asks for; undefined where nothing is served. */
  fileOf(path: string): string | undefined;
}

/** What is done with a page. It ends a session by posting `{ done: T }` or `{ error: string }`. */
export interface Session extends Page {
  /** Of the page's address. */
  readonly query?: Readonly<Record<string, string>>;
  /** Hears what else the page posts, before it is answered. */
  hear?(told: unknown): void | Promise<void>;
  /** Starts the browser with the page in another way than by its address as the last argument. */
  start?(url: string, profile: string): { readonly child: ChildProcess; readonly opened?: Promise<unknown> };
  /** Files of the profile, such as a Firefox's `user.js`. */
  readonly profile?: Readonly<Record<string, string>>;
}

/** Removes a folder into which processes of a browser that ends may still write: rmSync's own retries do not list a folder again. */
async function remove(folder: string, tries = 20): Promise<void> {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (tries === 0) throw error;
    await setTimeout(200);
    await remove(folder, tries - 1);
  }
}

/** Opens the page, and waits for its end. @throws where the browser ends before, or the page tells of an error */
export async function session<T>(browser: Installed, { query = {}, page, fileOf, hear, start, profile: files = {} }: Session): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'neurite-bench-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(profile, name), content);
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}/?${new URLSearchParams(query)}`;
  const { child, opened } = start?.(url, profile) ?? { child: spawn(browser.command, [...browser.args(profile), url], { stdio: 'ignore' }) };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  try {
    return await new Promise<T>((resolve, reject) => {
      exited.then(() => reject(new Error(`${browser.name} ended before it was done`)));
      opened?.catch(reject);
      server.on('request', (request, response) => {
        answer(request, response, page, fileOf, async (told) => {
          if ('done' in told) resolve(told.done as T);
          else if ('error' in told) reject(new Error(`${browser.name}: ${told.error}`));
          else await hear?.(told);
        }).catch(reject);
      });
    });
  } finally {
    child.kill();
    await exited;
    server.close();
    server.closeAllConnections();
    // A browser's helpers may write to it for a moment after its end.
    await remove(profile);
  }
}

/** Answers with the headers under which a page's clock is fine. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  page: string,
  fileOf: (path: string) => string | undefined,
  hear: (told: object) => Promise<void>,
): Promise<void> {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST') {
    await hear(JSON.parse(await text(request)));
    response.writeHead(204).end();
    return;
  }
  if (pathname === '/') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    return;
  }
  const path = pathname.includes('..') ? undefined : fileOf(pathname);
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile())
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  else response.writeHead(404).end();
}
