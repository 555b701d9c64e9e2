/**
 * The programs of a Markdown file, as its reader takes them: a block that begins with an import, or is of another language, is a program of its own; one
 * without imports goes on with the program before it. A comment before a block says what else there is to know of it:
 *
 * - `<!-- page -->`: the program runs in a browser.
 * - `<!-- goes on -->`: the block goes on with the program before it, although it imports.
 * - `<!-- file: first.mjs -->`: the block is a file of that name, which other blocks run or open.
 * - `<!-- not run: why -->`: nothing here can run it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Program {
  /** Where its first block begins, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly page: boolean;
  readonly file: string | undefined;
  readonly notRun: string | undefined;
  /** What a block of text behind it says that it prints. */
  readonly printed: string | undefined;
}

const FENCE = /(?:^<!-- ([^\n]*) -->\n)?^```([^\n]*)\n([\s\S]*?)^```$/gm;

/** @throws Error for a directive that is not known, and for a block without a language */
export function programsOf(file: string): Program[] {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const programs: Program[] = [];
  for (const match of text.matchAll(FENCE)) {
    const [whole, comment = '', info = '', code = ''] = match;
    const before = text.slice(0, match.index).split('\n').length;
    const line = before + whole.slice(0, whole.indexOf('```')).split('\n').length - 1;
    const where = `${file}:${line}`;
    const language = info.trim();
    if (!/^\w+$/.test(language)) throw new Error(`${where}: the block's language is ${JSON.stringify(language)}, expected one word`);
    const [, directive, value] = /^(page|goes on|file|not run)(?:: (.+))?$/.exec(comment) ?? [];
    if (/^(page|goes on|file|not run|given)\b/.test(comment) && !directive) throw new Error(`${where}: ${comment} is no directive`);
    const last = programs.at(-1);
    if (language === 'text' && directive === undefined) {
      // A text elsewhere is a picture, or what a reader shall not type.
      if (last !== undefined) programs[programs.length - 1] = { ...last, printed: code };
      continue;
    }
    const goesOn = directive === 'goes on' || (language === 'ts' && directive === undefined && !/^import /m.test(code));
    if (goesOn) {
      if (last?.language !== language || last.file !== undefined) throw new Error(`${where}: there is no program to go on with`);
      programs[programs.length - 1] = { ...last, code: `${last.code}\n${code}` };
      continue;
    }
    programs.push({
      line,
      language,
      code,
      page: directive === 'page',
      file: directive === 'file' ? value : undefined,
      notRun: directive === 'not run' ? value : undefined,
      printed: undefined,
    });
  }
  return programs;
}
