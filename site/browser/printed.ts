/** What a lesson prints, and how it looks in its page. */

export type Printed =
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[]; readonly differs: boolean }
  | { readonly kind: 'picture'; readonly text: string };

let receive: (part: Printed) => void = () => {};

/** Who takes what is printed from now on. */
export function receiver(take: (part: Printed) => void): void {
  receive = take;
}

export function hand(part: Printed): void {
  receive(part);
}

const escaped = (text: string) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] as string);

/** `∂L/∂W` and `  row by row` keep their indentation: what goes into detail stands below its whole. */
const cell = (text: string) => escaped(text.trimStart());
const inset = (text: string) => (/^\s/.test(text) ? ' class="inset"' : '');

export function html(part: Printed): string {
  if (part.kind === 'picture') return `<pre class="picture" tabindex="0" role="region" aria-label="Picture">${escaped(part.text)}</pre>`;
  const [columns = [], ...rows] = part.rows;
  const head = `<tr><th scope="col">quantity</th>${columns
    .slice(1, 3)
    .map((name) => `<th scope="col">${escaped(name)}</th>`)
    .join('')}<th scope="col"><span class="hidden">agree</span></th></tr>`;
  const lines = rows.map(
    ([quantity = '', ours = '', notes = '', mark = '']) =>
      `<tr><th scope="row"${inset(quantity)}>${cell(quantity)}</th><td>${escaped(ours)}</td><td>${escaped(notes)}</td><td class="${mark === '✓' ? 'agrees' : 'differs'}">${escaped(mark)}</td></tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="Numbers"><table class="numbers"><thead>${head}</thead><tbody>${lines.join('')}</tbody></table></div>`;
}
