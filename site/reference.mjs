/** The reference of the API, by TypeDoc from the docstrings: under api/, each name in the group that the README's table has it in. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { Application, Comment, CommentTag, Converter, JSX, ReflectionKind } from 'typedoc';
import { banner } from './template.mjs';

const ENTRIES = ['index', 'check', 'derivatives', 'inspect', 'progress', 'worker'];
const FIRST = 'Making a network';
const REST = 'Types and other names';

/** Which group of the README's table each name is in. */
export function groups() {
  const readme = readFileSync('README.md', 'utf8');
  const [, table] = /^## The API in one table\n([\s\S]*?)^## /m.exec(readme);
  const groupOf = new Map();
  let group = FIRST;
  for (const row of table.split('\n')) {
    const [, title] = /^\| \*\*(.+?)\*\* \|/.exec(row) ?? [];
    if (title) group = `${title[0].toUpperCase()}${title.slice(1)}`.replaceAll('`', '');
    for (const [, code] of row.matchAll(/`([^`]+)`/g)) for (const [name] of code.matchAll(/(?<![\w.'])[a-zA-Z]\w*/g)) if (!groupOf.has(name)) groupOf.set(name, group);
  }
  return groupOf;
}

export async function reference(folder) {
  const css = 'build/reference.css';
  writeFileSync(css, ['site.css'].map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n').match(/^(:root \{[\s\S]*?^\}|@media \(prefers-color-scheme: dark\) \{[\s\S]*?^\})/gm).slice(0, 2).join('\n') + readFileSync('site/reference.css', 'utf8'));
  const app = await Application.bootstrap({
    name: 'neurite',
    entryPoints: ENTRIES.map((entry) => (entry === 'index' ? 'src/index.ts' : `src/${entry}/index.ts`)),
    tsconfig: 'tsconfig.build.json',
    readme: 'none',
    excludeInternal: true,
    excludePrivate: true,
    disableSources: true,
    disableGit: true,
    hideGenerator: true,
    githubPages: false,
    categorizeByGroup: false,
    defaultCategory: REST,
    categoryOrder: [FIRST, 'Training', 'Using', 'Looking inside', 'Rules', '*', REST],
    navigation: { includeCategories: true, includeGroups: false },
    sort: ['source-order'],
    customCss: css,
    logLevel: 'Error',
    visibilityFilters: {},
  });
  const groupOf = groups();
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      for (const child of module.kindOf(ReflectionKind.Module) ? (module.children ?? []) : []) {
        const group = groupOf.get(child.name);
        const holders = child.signatures ?? [child];
        if (group) for (const holder of holders) (holder.comment ??= new Comment()).blockTags.push(new CommentTag('@category', [{ kind: 'text', text: group }]));
      }
  });
  app.renderer.hooks.on('body.begin', ({ page }) => JSX.createElement(JSX.Raw, { html: banner(`api/${page.url}`, 'api') }));
  const project = await app.convert();
  if (!project) throw new Error('site: the reference was not made');
  await app.generateDocs(project, `${folder}/api`);
  if (app.logger.hasErrors()) throw new Error('site: the reference has errors, which are above');
}
