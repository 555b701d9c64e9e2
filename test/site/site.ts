/** The built site: its files, and a browser on it. It is served below a folder, so that a link from the root leads nowhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
// @ts-expect-error: a script without types.
import { serve } from '../../scripts/serve.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const folder = join(root, 'build/site');
if (!existsSync(join(folder, 'index.html'))) throw new Error(`${folder} is not built: npm run docs`);

/** The paths of all pages, the reference's and the playground's among them. */
export const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.html'));

export const read = (path: string) => readFileSync(join(folder, path), 'utf8');

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00a0', '#39': "'", '#x27': "'" };

/** The text of HTML, without its tags. */
export const textOf = (html: string) => html.replace(/<[^>]*>/g, '').replace(/&([#\w]+);/g, (whole, name: string) => entities[name] ?? whole);

export interface Visit {
  readonly page: Page;
  /** What was said on the console, thrown, answered with an error, or asked of anyone else. */
  readonly problems: string[];
}

export class Visitor {
  readonly #browser: Browser;
  readonly #server: { url: string; close: () => void };
  /** Of pages that need no options: a context of its own costs each a process. */
  #shared: BrowserContext | undefined;

  private constructor(browser: Browser, server: { url: string; close: () => void }) {
    this.#browser = browser;
    this.#server = server;
  }

  static async come(): Promise<Visitor> {
    const server = (await serve(join(root, 'build'))) as { url: string; close: () => void };
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    return new Visitor(await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] }), server);
  }

  async open(path: string, options?: Parameters<Browser['newPage']>[0]): Promise<Visit> {
    const viewport = { width: 1024, height: 768 };
    if (!options) this.#shared ??= await this.#browser.newContext({ viewport });
    const page = await (options ? this.#browser.newPage({ viewport, ...options }) : (this.#shared as BrowserContext).newPage());
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('response', (response) => response.status() >= 400 && problems.push(`${response.status()} for ${response.url()}`));
    page.on('request', (request) => {
      if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(`${this.#server.url}site/`)) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(`${this.#server.url}site/${path}`);
    return { page, problems };
  }

  async leave(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}
