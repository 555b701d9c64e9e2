/** The playground as a part of the site, under playground/. */
import { cpSync } from 'node:fs';
import { buildPlayground, PLAYGROUND } from '../scripts/playground.mjs';

export async function playground(folder) {
  await buildPlayground();
  cpSync(PLAYGROUND, `${folder}/playground`, { recursive: true });
}
