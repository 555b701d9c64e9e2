/** Markdown as the site's HTML: links that lead from page to page, headings that can be linked to, programs in colour, formulas. */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import katex from 'katex';
import MarkdownIt from 'markdown-it';

const LANGUAGES = { bash, javascript, json, python, typescript, xml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

export const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

/** What a heading is called in a link, as GitHub calls it. */
export const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');

/** A program in colour. Its region takes the keyboard's focus, so that a long line can be scrolled to. */
export function program(code, language) {
  const known = hljs.getLanguage(language);
  const shown = known ? hljs.highlight(code, { language }).value : escaped(code);
  const label = known ? 'Program' : 'Text';
  return `<div class="program"><pre tabindex="0" role="region" aria-label="${label}"><code data-language="${escaped(language)}">${shown}</code></pre></div>\n`;
}

const katexOf = (tex, displayMode) => katex.renderToString(tex, { displayMode, strict: 'error', throwOnError: true });

/** What a wide space parts goes on a line of its own where the page is narrow. */
export function formula(tex, display = false) {
  if (!display) return katexOf(tex, false);
  const parts = tex.split(/(?:\\q?quad\s*)+/).filter((part) => part.trim() !== '');
  return `<span class="formulas">${parts.map((part) => katexOf(part, true)).join('')}</span>`;
}

/** `$x$` within a line, `$$x$$` by itself. */
function formulas(md) {
  md.inline.ruler.after('escape', 'formula', (state, silent) => {
    const { src, pos } = state;
    if (src[pos] !== '$') return false;
    const mark = src.startsWith('$$', pos) ? '$$' : '$';
    const end = src.indexOf(mark, pos + mark.length);
    if (end < 0) return false;
    if (!silent) state.push('formula', '', 0).meta = { tex: src.slice(pos + mark.length, end), display: mark === '$$' };
    state.pos = end + mark.length;
    return true;
  });
  md.renderer.rules.formula = (tokens, i) => formula(tokens[i].meta.tex, tokens[i].meta.display);
}

/** A table whose first column has no name has the names of its rows there. */
function rowHeaders(md) {
  md.core.ruler.push('row headers', ({ tokens }) => {
    let named = false;
    tokens.forEach((token, i) => {
      if (token.type === 'thead_open') named = plain(tokens[i + 3]) === '';
      if (token.type === 'th_open') token.attrSet('scope', 'col');
      if (token.type !== 'tr_open' || !named || tokens[i + 1].type !== 'td_open') return;
      tokens[i + 1].tag = tokens[i + 3].tag = 'th';
      tokens[i + 1].attrSet('scope', 'row');
    });
  });
}

/**
 * @param text Markdown
 * @param link from what a link says to where it leads from this page
 * @returns its HTML, its title, and its sections: each heading, where it is and the words below it
 */
export function render(text, { link = (href) => href, math = false, listAnchor } = {}) {
  const md = new MarkdownIt({ html: true, highlight: () => '' });
  if (math) md.use(formulas);
  md.use(rowHeaders);
  const sections = [];
  const taken = new Map();
  let title = '';
  md.renderer.rules.fence = (tokens, i) => program(tokens[i].content, tokens[i].info.trim());
  md.renderer.rules.table_open = () => '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>\n';
  md.renderer.rules.table_close = () => '</table></div>\n';
  md.core.ruler.push('site', ({ tokens }) => {
    tokens.forEach((token, i) => {
      const { type, tag } = token;
      if (type === 'heading_open') {
        const words = plain(tokens[i + 1]);
        const times = taken.get(words) ?? 0;
        taken.set(words, times + 1);
        const id = `${anchorOf(words)}${times > 0 ? `-${times}` : ''}`;
        token.attrSet('id', id);
        if (tag === 'h1') title = words;
        sections.push({ level: Number(tag[1]), title: words, id, words: [] });
      } else if (type === 'inline') {
        // A heading is not among the words below it.
        if (tokens[i - 1]?.type !== 'heading_open') sections.at(-1)?.words.push(plain(token));
        for (const child of token.children) if (child.type === 'link_open') child.attrSet('href', link(child.attrGet('href')));
      } else if (type === 'fence') sections.at(-1)?.words.push(token.content);
      else if (type === 'list_item_open' && listAnchor && token.info) token.attrSet('id', `${listAnchor}-${token.info}`);
    });
  });
  md.renderer.rules.heading_close = (tokens, i) => {
    const open = tokens[i - 2];
    const id = open.attrGet('id');
    return open.tag === 'h1' ? '</h1>\n' : ` <a class="anchor" href="#${id}" aria-label="Link to this heading">#</a></${open.tag}>\n`;
  };
  const html = md.render(text);
  return { html, title, sections: sections.map(({ words, ...section }) => ({ ...section, text: words.join(' ') })) };
}

/** The words of a line. */
function plain({ children }) {
  return children
    .map(({ type, content, meta }) => (type === 'formula' ? meta.tex : type === 'softbreak' ? ' ' : content))
    .join('')
    .trim();
}
