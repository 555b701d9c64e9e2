/** Runs a built example by its name, the rest of the arguments being the example's: `npm run example -- iris 7`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [name, ...args] = process.argv.slice(2);
const folder = new URL('../build/examples/', import.meta.url);
const program = fileURLToPath(new URL(`${name}.js`, folder));
if (!name || !existsSync(program)) {
  // What exports something is a part of others.
  const isProgram = (file) => file.endsWith('.js') && !/^export {\s*\w/m.test(readFileSync(new URL(file, folder), 'utf8'));
  const names = readdirSync(folder, { recursive: true }).filter(isProgram).sort();
  console.error(
    `npm run example -- <name> [arguments]: no example ${name ?? 'named'}; there are ${names.map((file) => file.slice(0, -3)).join(', ')}`,
  );
  process.exit(2);
}
process.argv = [process.argv[0], program, ...args];
await import(program);
