/** The configuration of workerd for a worker that imports the package: `wrangler` makes one from what a bundler finds. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export function workerdConfig(folder: string, dist: string): string {
  const shared = readdirSync(join(dist, 'shared')).filter((name) => name.endsWith('.js'));
  const modules: [name: string, kind: string, file: string][] = [
    ['worker.mjs', 'esModule', join(folder, 'worker.mjs')],
    ['model.safetensors', 'data', join(folder, 'model.safetensors')],
    ['neurite', 'esModule', join(dist, 'workerd.js')],
    ['index.js', 'esModule', join(dist, 'index.js')],
    ['core.wasm', 'wasm', join(dist, 'core.wasm')],
    ...shared.map((name): [string, string, string] => [`shared/${name}`, 'esModule', join(dist, 'shared', name)]),
  ];
  // An absolute path would be one of workerd's own files.
  const listed = modules.map(([name, kind, file]) => `(name = "${name}", ${kind} = embed "${relative(folder, file)}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "2025-01-01", modules = [${listed.join(', ')}]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`;
}
