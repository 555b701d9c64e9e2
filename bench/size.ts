/** What a user's page loads (C in kB): an entry bundled as a bundler does for a page, minified and gzipped, and the files it fetches. */

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'rolldown';
import { type Result, summarize } from './measure.js';

/** Bundles `source` as if it were a file in `folder`, from where packages are found; more files are loaded by it. */
export async function size(system: string, source: string, folder: string, files: readonly Uint8Array[] = []): Promise<Result> {
  const entry = `${folder}entry.js`;
  const { output } = await build({
    input: entry,
    write: false,
    logLevel: 'silent',
    platform: 'browser',
    plugins: [{ name: 'entry', resolveId: (id) => (id === entry ? id : undefined), load: (id) => (id === entry ? source : undefined) }],
    // Annotations of calls without effects are left out by all bundlers that minify.
    output: { minify: true, comments: false, codeSplitting: false },
  });
  const code = output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('');
  const bytes = [new TextEncoder().encode(code), ...files].reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  return summarize('C', { system }, 'kB', [bytes / 1000]);
}

/** A page that trains. */
const training = `
import { adam, crossEntropy, dense, sequential } from 'neurite';
export const net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
`;

/** Both binaries are in the bundle. */
export function neuriteSize(): Promise<Result> {
  return size('neurite', training, fileURLToPath(new URL('./', import.meta.url)));
}
