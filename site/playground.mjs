/** The playground as a part of the site, under playground/. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export async function playground(folder) {
  const configFile = 'examples/playground/vite.config.ts';
  if (!existsSync(configFile)) return;
  const { build } = await import('vite');
  await build({ configFile, logLevel: 'warn', build: { outDir: resolve(folder, 'playground') } });
}
