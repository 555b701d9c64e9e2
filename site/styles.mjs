/** The site's style sheet: the playground's colours, then its own; and that of formulas, with its fonts. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The colours and faces that the playground names, in light and in dark, and the head of every page: the site and its reference have the same. */
export function shared() {
  const css = readFileSync('examples/playground/style.css', 'utf8');
  const found = css.match(/^(:root \{[\s\S]*?^\}|@media \(prefers-color-scheme: dark\) \{[\s\S]*?^\})/gm);
  if (found?.length !== 2)
    throw new Error(`site: the playground's style.css has ${found?.length ?? 0} blocks of colours, expected a light and a dark one`);
  return [...found, readFileSync('site/banner.css', 'utf8')].join('\n');
}

export function styles(folder) {
  const own = readdirSync('site/styles').sort();
  writeFileSync(`${folder}/site.css`, [shared(), ...own.map((name) => readFileSync(`site/styles/${name}`, 'utf8'))].join('\n'));
  mkdirSync(`${folder}/katex/fonts`, { recursive: true });
  const katex = 'node_modules/katex/dist';
  // Every browser that runs neurite reads woff2.
  const css = readFileSync(`${katex}/katex-swap.min.css`, 'utf8').replace(/,url\([^)]*\.(woff|ttf)\) format\("(woff|truetype)"\)/g, '');
  writeFileSync(`${folder}/katex/katex.css`, css);
  for (const font of readdirSync(`${katex}/fonts`).filter((name) => name.endsWith('.woff2')))
    cpSync(`${katex}/fonts/${font}`, `${folder}/katex/fonts/${font}`);
}
