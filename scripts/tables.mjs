/**
 * Derives tables from the files of their rooms, so that nobody keeps a list by hand. Of losses, layers, optimizers, metrics and schedules: all that their
 * files export. Of ops: `table.generated.ts` has every exported definition `…Op`, `values.generated.ts` every float64 value `…Value` under the name of the op beside
 * it. Writes only what has changed. Silent.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** How a file of src/optimizers defines one. */
const OPTIMIZER = /^export const (\w+) = \/\* @__PURE__ \*\/ (?:optimizerMaker|composedOptimizer|adamLike)\(/gm;

const folder = new URL('../src/ops/', import.meta.url);

/** The constants a source exports whose names end so. */
function exported(text, ending) {
  return Array.from(text.matchAll(new RegExp(`^export const (\\w+)${ending}\\b`, 'gm')), ([, name]) => name);
}

function write(file, text) {
  const url = new URL(file, folder);
  if (!existsSync(url) || readFileSync(url, 'utf8') !== text) writeFileSync(url, text);
}

/** The optimizers as a list, which has no effect where nobody reads it. */
function writeMakers() {
  const room = new URL('../src/optimizers/', import.meta.url);
  // Those in search/ are in no list: a file that names one is read by who passes its maker.
  const names = readdirSync(room)
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) => Array.from(readFileSync(new URL(file, room), 'utf8').matchAll(OPTIMIZER), ([, name]) => ({ file, name })));
  const imports = names.map(({ file, name }) => `import { ${name} } from './${file.replace(/ts$/, 'js')}';\n`).join('');
  write(
    '../optimizers/makers.generated.ts',
    `/** Made by scripts/tables.mjs from the files beside it. */\nimport type { OptimizerMaker } from './optimizer.js';\n${imports}\n/** Every optimizer there is. */\nexport const makers: readonly OptimizerMaker[] = [${names.map(({ name }) => name).join(', ')}];\n`,
  );
}

/** The table of a folder whose definitions stand in files of their own: all that a file exports whose source has this call. */
function writeExports(room, call) {
  const files = readdirSync(new URL(`../src/${room}/`, import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'))
    .filter((file) => call.test(readFileSync(new URL(`../src/${room}/${file}`, import.meta.url), 'utf8')))
    .sort();
  const lines = files.map((file) => `export * from './${file.replace(/ts$/, 'js')}';\n`).join('');
  write(`../${room}/table.generated.ts`, `/** Made by scripts/tables.mjs from the files beside it. */\n${lines}`);
}

export function writeTables() {
  writeExports('losses', /\bdefineLoss(<.*>)?\(\{/);
  writeExports('layers', /\breturn layer\(/);
  // A worker makes these again from their recipes.
  writeExports('training/metrics', /\bmade\(\[/);
  writeExports('training/schedules', /\bmade\(\[/);
  writeMakers();
  writeExports('optimizers', new RegExp(OPTIMIZER.source, 'm'));
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return { from: `./${file.replace(/ts$/, 'js')}`, ops: exported(text, 'Op'), values: exported(text, 'Value') };
    });
  const table = files.filter(({ ops }) => ops.length > 0);
  write(
    'table.generated.ts',
    `/** Made by scripts/tables.mjs from the files beside it. */
import type { Op } from '../graph/node.js';
${table.map(({ from, ops }) => `import { ${ops.map((name) => `${name}Op`).join(', ')} } from '${from}';\n`).join('')}
/** Every op there is. */
export const ops: readonly Op[] = [
${table.flatMap(({ ops }) => ops.map((name) => `  ${name}Op,\n`)).join('')}];
`,
  );
  const valued = files.filter(({ values }) => values.length > 0);
  write(
    'values.generated.ts',
    `/** Made by scripts/tables.mjs from the files beside it. */
import type { Float64Value } from '../graph/node.js';
${valued.map(({ from, values }) => `import { ${values.map((name) => `${name}Value`).join(', ')} } from '${from}';\n`).join('')}
/** The float64 value of every op that has one, by the op's name. */
export const values: ReadonlyMap<string, Float64Value> = new Map([
${valued.flatMap(({ values }) => values.map((name) => `  ['${name}', ${name}Value],\n`)).join('')}]);
`,
  );
}

writeTables();
