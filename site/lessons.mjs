/**
 * The lessons as pages: the text of site/lessons, the program of examples/seeds, and what it prints. The programs run once here, in Node, so that a page
 * has its numbers before it runs them itself.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleLessons } from './bundle.mjs';
import { program, render } from './markdown.mjs';
import { neighbours, turns, way } from './template.mjs';

const GROUPS = [
  ['One hidden layer', /^S1\.[1-7]$/],
  ['Losses and gradient descent', /^S1\.\d+$/],
  ['Many layers', /^S2/],
  ['Chains, samples and scores', /^S[34]/],
];

const pathOf = (id) => `lessons/${id.toLowerCase()}.html`;

/** The formulas of docs/notes.md that a lesson's table names: "(notes 1, 2, 4)" or "(notes 10 to 12)". */
function formulasOf(title) {
  const [, named = ''] = /\(notes ([\d, to]+)\)/.exec(title) ?? [];
  return named.split(', ').flatMap((part) => {
    const [first, last = first] = part.split(' to ').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** What each program prints in Node, as the page shows it. */
async function printed() {
  const { lessons, run, html } = await import(pathToFileURL(resolve(await bundleLessons())));
  const all = new Map();
  for (const id of lessons) {
    const parts = await run(id);
    const wrong = parts.filter(({ kind, differs }) => kind === 'table' && differs);
    if (wrong.length > 0) throw new Error(`site: lesson ${id} differs from its formulas: ${JSON.stringify(wrong)}`);
    all.set(id, { html: parts.map(html).join('\n'), formulas: formulasOf(parts.find(({ kind }) => kind === 'table').head[0]) });
  }
  return all;
}

export async function lessonPages() {
  const outputs = await printed();
  const lessons = [...outputs].map(([id, output]) => {
    const file = `site/lessons/${id.toLowerCase()}.md`;
    const text = render(readFileSync(file, 'utf8'), { math: true, link: (href) => way(pathOf(id), href) });
    return { id, path: pathOf(id), short: text.title, text, ...output };
  });
  const groups = GROUPS.map(([title]) => ({ title, pages: [] }));
  for (const lesson of lessons) groups[GROUPS.findIndex(([, ids]) => ids.test(lesson.id))].pages.push(lesson);
  const pages = lessons.map(({ id, path, short, text, html, formulas }) => {
    const numbers = formulas.map((n) => `<a href="${way(path, `guides/notes.html#formula-${n}`)}">${n}</a>`);
    const [heading, ...rest] = text.html.split('</h1>\n');
    const body = `<article>
${heading}</h1>
<p class="under">Lesson ${id}${numbers.length > 0 ? ` · formula${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}` : ''}</p>
${rest.join('</h1>\n')}
<h2 id="numbers">Its numbers</h2>
<section class="run" data-lesson="${id}" aria-labelledby="numbers">
<p class="bar"><button type="button" hidden>Run again</button> <span role="status">From Node, when this page was made.</span></p>
<div class="printed">${html}</div>
</section>
<h2 id="program">Its program</h2>
<p>As it stands in the repository; <code>npm run seeds -- ${id}</code> runs it there.</p>
${program(readFileSync(`examples/seeds/${id.toLowerCase()}.ts`, 'utf8'), 'typescript')}
</article>${turns(path, [{ path: 'lessons/index.html', short: 'Lessons' }, ...lessons])}`;
    return {
      path,
      title: `${short} · neurite`,
      description: text.sections[0].text.replace(/\\[a-z]+|[{}]/g, '').slice(0, 155),
      room: 'lessons',
      kind: 'text',
      body,
      contents: [...text.sections, { level: 2, id: 'numbers', title: 'Its numbers' }, { level: 2, id: 'program', title: 'Its program' }],
      sections: text.sections,
      aside: neighbours(path, 'Lessons', groups),
      scripts: ['lesson.js'],
      math: true,
    };
  });
  return [index(groups, lessons.length), ...pages];
}

function index(groups, count) {
  const path = 'lessons/index.html';
  const lists = groups.map(({ title, pages }) => {
    const items = pages.map(({ path: to, short, id, text }) => {
      const [first] = text.html.match(/<p>[\s\S]*?<\/p>/) ?? [''];
      return `<li><a href="${way(path, to)}">${short}</a> <span class="id">${id}</span>${first}</li>`;
    });
    return `<h2 id="${title.toLowerCase().replace(/\W+/g, '-')}">${title}</h2><ul class="lessons">${items.join('')}</ul>`;
  });
  return {
    path,
    title: 'Lessons · neurite',
    description: `How neural networks learn, in ${count} short lessons that run in their page.`,
    room: 'lessons',
    kind: 'text',
    body: `<article><h1>Lessons</h1>
<p>How networks compute and how they learn, in ${count} short lessons. Each states its formulas, shows its program, and runs it in the page: the column
<em>neurite</em> is what the library computes, the column <em>notes</em> what the formula gives in float64, and the mark says whether they agree.</p>
<p>They follow the problems of five lecture notes, in our words; <a href="${way(path, 'guides/notes.html')}">the formulas</a> are gathered with their numbers.</p>
${lists.join('\n')}</article>`,
    math: true,
  };
}
