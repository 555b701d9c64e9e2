/** Keeps the page for when there is no network: what it is made of when it is installed, and what else of it is asked for. */
/* The build writes the list of files and their mark here. */
const FILES = [];
const MARK = 'dev';

/** As of a host that isolates the page: from its second visit on it has threads, wherever it is served. */
function isolated({ body, status, statusText, headers }) {
  const all = new Headers(headers);
  all.set('Cross-Origin-Opener-Policy', 'same-origin');
  all.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(body, { status, statusText, headers: all });
}

addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(MARK);
      await cache.addAll(FILES);
      await self.skipWaiting();
    })(),
  );
});

addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('playground-') && name !== MARK) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(MARK);
      const kept = await cache.match(request, { ignoreSearch: true });
      if (kept) return isolated(kept);
      const response = await fetch(request);
      // The data of a tab, once it is opened.
      if (response.ok) await cache.put(request, response.clone());
      return isolated(response);
    })(),
  );
});
