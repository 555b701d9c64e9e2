/** The worker of a lesson's page: runs the one that it is told, and says what was printed. */
import { html, run } from './lessons.js';

/** What the worker says. */
export type Said = { readonly html: string; readonly agree: number; readonly of: number; readonly ms: number } | { readonly error: string };

addEventListener('message', async ({ data }: MessageEvent<string>) => {
  try {
    const start = performance.now();
    const parts = await run(data);
    const ms = performance.now() - start;
    const marks = parts.flatMap((part) => (part.kind === 'table' ? part.rows.slice(1).map((row) => row[3]) : []));
    postMessage({ html: parts.map(html).join('\n'), agree: marks.filter((mark) => mark === '✓').length, of: marks.length, ms } satisfies Said);
  } catch (error) {
    postMessage({ error: String(error) } satisfies Said);
  }
});
