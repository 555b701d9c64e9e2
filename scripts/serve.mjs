/** Serves a folder to a browser on this machine: what an example that is a page needs, and a test of it. */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';

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
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Cache-Control': 'no-store' });
    createReadStream(file).pipe(response);
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
