/** Serves a folder to a browser on this machine: what an example that is a page needs, and a test of it. */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { createGzip } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** With them a page is cross-origin isolated: it may share memory between threads, and measures time more finely. */
export const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** What carries the hash of its content in its name: it never changes, and a worker that needs what its page has loaded asks for it no second time. */
const HASHED = /[\\/]assets[\\/][^\\/]*-[\w-]{8}\.\w+$/;

/** What is worth packing on its way. */
const PACKED = /\.(html|js|css|json|svg|txt|wasm)$/;

/** @param port 0: any that is free @returns where it is, and what ends it */
export async function serve(folder, port = 0) {
  const root = join(folder, sep);
  const server = createServer((request, response) => {
    let file = root;
    try {
      const { pathname } = new URL(request.url, 'http://localhost');
      file = join(root, decodeURIComponent(pathname));
      if (file.endsWith(sep)) file = join(file, 'index.html');
    } catch {
      // Answered with 404: no file is the folder itself.
    }
    if (!file.startsWith(root) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    const headers = {
      'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
      'Cache-Control': HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-store',
      ...ISOLATED,
    };
    // As static hosts do.
    if (PACKED.test(file) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      response.writeHead(200, { ...headers, 'Content-Encoding': 'gzip' });
      createReadStream(file).pipe(createGzip()).pipe(response);
    } else {
      response.writeHead(200, headers);
      createReadStream(file).pipe(response);
    }
  });
  // To this machine alone.
  server.listen(port, 'localhost');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://localhost:${server.address().port}/`, close };
}
