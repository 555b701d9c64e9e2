/** The reference of the API, by TypeDoc from the docstrings: under api/, each name in the group that the README's table has it in. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Application, Comment, CommentTag, Converter, JSX, ReflectionKind } from 'typedoc';
import { shared } from './styles.mjs';
import { banner } from './template.mjs';

/** The entries of package.json that are modules of the source. */
const ENTRIES = Object.entries(JSON.parse(readFileSync('package.json', 'utf8')).exports)
  .filter(([, conditions]) => conditions.require)
  .map(([entry]) => (entry === '.' ? 'index' : entry.slice(2)));
const FIRST = 'Making a network';
const REST = 'Types and other names';

/**
 * Which group of the README's table each name is in: the heading above its row, or the row's own name where that is no code ("losses"). A row that begins
 * with a name counts before one that only mentions it.
 */
export function groups() {
  const readme = readFileSync('README.md', 'utf8');
  const [, table] = /^## The API in one table\n([\s\S]*?)^## /m.exec(readme);
  const capital = (title) => `${title[0].toUpperCase()}${title.slice(1)}`.replaceAll('`', '');
  const mentions = [];
  let heading = FIRST;
  for (const row of table.split('\n').filter((line) => line.startsWith('| ') && line !== '| | |')) {
    const [, head, text] = /^\| (.*?) \| ?(.*?) ?\|$/.exec(row);
    const [, title] = /^\*\*(.+?)\*\*$/.exec(head) ?? [];
    if (title) {
      heading = capital(title);
      continue;
    }
    const group = /^\w+$/.test(head) ? capital(head) : heading;
    [head, text].forEach((cell, column) => {
      for (const [, code] of cell.matchAll(/`([^`]+)`/g))
        for (const { 0: name, index } of code.matchAll(/(?<![\w.'])[a-zA-Z]\w*/g)) mentions.push({ name, group, rank: index > 0 ? 2 : column });
    });
  }
  const groupOf = new Map();
  for (const { name, group } of mentions.sort((a, b) => a.rank - b.rank)) if (!groupOf.has(name)) groupOf.set(name, group);
  return groupOf;
}

/** TypeDoc groups by the tag of each signature. */
function categorize(child, group) {
  for (const holder of child.signatures ?? [child]) {
    holder.comment ??= new Comment();
    holder.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: group }]));
  }
}

export async function reference(folder) {
  const css = 'build/reference.css';
  writeFileSync(css, `${shared()}\n${readFileSync('site/reference.css', 'utf8')}`);
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
    categoryOrder: [
      FIRST,
      'Activations',
      'Ops',
      'Initialisers',
      'Losses',
      'Optimizers',
      'Training',
      'Schedules',
      'Metrics',
      'Using',
      'Looking inside',
      '*',
      'Rules',
      REST,
    ],
    navigation: { includeCategories: true, includeGroups: false, includeFolders: false },
    sort: ['source-order'],
    customCss: css,
    favicon: 'site/icon.svg',
    logLevel: 'Error',
    visibilityFilters: {},
  });
  const groupOf = groups();
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      // Named as it is imported.
      module.name = module.name === 'index' ? 'neurite' : `neurite/${module.name}`;
      for (const child of module.children ?? []) {
        const group = groupOf.get(child.name);
        if (group) categorize(child, group);
      }
    }
  });
  app.renderer.hooks.on('body.begin', ({ page }) => JSX.createElement(JSX.Raw, { html: banner(`api/${page.url}`, 'api') }));
  const project = await app.convert();
  if (!project) throw new Error('site: the reference was not made');
  await app.generateDocs(project, `${folder}/api`);
  if (app.logger.hasErrors()) throw new Error('site: the reference has errors, which are above');
}
