/**
 * Runs a built example by its name, the rest of the arguments being the example's: `npm run example -- iris 7`. One that is a page is served until
 * Ctrl+C, the argument being the port: `npm run example -- audio 8080`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pagesIn } from './pages.mjs';
import { serve } from './serve.mjs';

const [name, ...args] = process.argv.slice(2);
const folder = fileURLToPath(new URL('../build/examples/', import.meta.url));
const pages = pagesIn(folder);
const program = `${folder}${name}.js`;
if (pages.includes(name)) {
  const { url } = await serve(`${folder}${name}`, Number(args[0] ?? 0));
  console.log(`${name}: open ${url} in a browser; Ctrl+C ends it`);
} else if (name && existsSync(program)) {
  process.argv = [process.argv[0], program, ...args];
  await import(program);
} else {
  // What exports something is a part of others.
  const isProgram = (file) => file.endsWith('.js') && !/^export {\s*\w/m.test(readFileSync(`${folder}${file}`, 'utf8'));
  const isOfPage = (file) => pages.includes(file.split(/[/\\]/)[0]);
  const programs = readdirSync(folder, { recursive: true }).filter((file) => isProgram(file) && !isOfPage(file));
  const names = [...programs.map((file) => file.slice(0, -3)), ...pages].sort();
  console.error(`npm run example -- <name> [arguments]: no example ${name ?? 'named'}; there are ${names.join(', ')}`);
  process.exit(2);
}
