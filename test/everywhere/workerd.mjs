/** A Worker of the edge: what a bundler makes of the program for it, answered by workerd, as miniflare starts it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { here, installed, tool } from './project.mjs';

const WORKER = `import * as neurite from 'neurite';
import { program } from './program.mjs';

export default {
  async fetch() {
    try {
      const { loss } = await program(neurite);
      return Response.json({ loss });
    } catch (error) {
      return new Response(String(error.stack), { status: 500 });
    }
  },
};
`;

/** Bundles as wrangler does: with the conditions of workerd, and each .wasm as a module beside the script. @throws where it does not answer */
export async function inWorkerd({ tarball, folder }) {
  await installed(folder, tarball);
  cpSync(join(here, 'program.mjs'), join(folder, 'program.mjs'));
  writeFileSync(join(folder, 'worker.js'), WORKER);
  const modules = await bundledForWorkerd(join(folder, 'worker.js'), folder);
  const answer = await answered(modules);
  if (!answer.ok) throw new Error(answer.text);
}

/** @returns the modules that miniflare takes: the script, and the files that it imports */
export async function bundledForWorkerd(input, folder, options = {}) {
  const wasm = [];
  const bundle = await rolldown({
    input,
    cwd: folder,
    platform: 'neutral',
    resolve: { conditionNames: ['workerd', 'worker', 'browser', 'module', 'import', 'default'] },
    plugins: [
      {
        name: 'wasm modules',
        async resolveId(id, importer) {
          if (!id.endsWith('.wasm')) return null;
          const { id: path } = await this.resolve(id, importer, { skipSelf: true });
          const name = path.split('/').pop();
          wasm.push({ type: 'CompiledWasm', path: name, contents: path });
          return { id: `./${name}`, external: true };
        },
      },
    ],
    ...options,
  });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
  return [{ type: 'ESModule', path: 'worker.js', contents: output[0].code }, ...wasm];
}

/** What the worker of these modules answers to a first request. */
export async function answered(modules) {
  const { Miniflare } = createRequire(join(await tool('workerd'), 'none.js'))('miniflare');
  const miniflare = new Miniflare({
    compatibilityDate: '2026-07-01',
    modules: modules.map((module) => (module.type === 'CompiledWasm' ? { ...module, contents: readFileSync(module.contents) } : module)),
  });
  try {
    const response = await miniflare.dispatchFetch('http://localhost/');
    return { ok: response.ok, text: await response.text() };
  } finally {
    await miniflare.dispose();
  }
}
