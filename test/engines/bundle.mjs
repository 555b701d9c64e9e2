/**
 * The program of test/engines as files for each kind of host, made of the built package: one module with all of neurite in it, and the same with a
 * static import of core.wasm for workerd, as the package's conditions have it.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What it prints stands between these words, whatever else a runtime says. */
export const [BEGIN, END] = ['<hashes>', '</hashes>'];

/** @returns the folder: program.js, main.js that prints what it gives, edge.js and core.wasm of workerd */
export async function bundle() {
  const folder = join(root, 'build/engines');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const make = (entry, file) =>
    build({
      input: join(root, 'test/engines/program.ts'),
      platform: 'neutral',
      // Its paths lead to src/.
      tsconfig: false,
      resolve: { alias: { neurite: join(root, 'dist', entry) } },
      external: /\.wasm$/,
      makeAbsoluteExternalsRelative: false,
      transform: { target: 'es2022' },
      output: { file: join(folder, file), format: 'esm' },
    });
  await make('index.js', 'program.js');
  await make('workerd.js', 'edgeProgram.js');
  copyFileSync(join(root, 'dist/core.wasm'), join(folder, 'core.wasm'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(
    join(folder, 'main.js'),
    `import { program } from './program.js';\nconsole.log('${BEGIN}' + JSON.stringify(await program()) + '${END}');\n`,
  );
  writeFileSync(
    join(folder, 'edge.js'),
    `import { program } from './edgeProgram.js';\nexport default { fetch: async () => Response.json(await program()) };\n`,
  );
  return folder;
}
