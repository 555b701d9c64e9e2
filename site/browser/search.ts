/** The search: a dialog over the index, which is fetched when it is first opened. */
import { find, type IndexedPage } from './find.js';

function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Readonly<Record<string, string>>, ...children: (Node | string)[]) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Adds the button to `place`; `/` opens the dialog too. @param index where the index is; its paths are relative to it */
export function addSearch(place: HTMLElement, index: URL): void {
  const open = make('button', { type: 'button', class: 'search', 'aria-keyshortcuts': '/' }, 'Search');
  const field = make('input', {
    type: 'search',
    'aria-label': 'Search guides and lessons',
    placeholder: 'Search guides and lessons',
    autocomplete: 'off',
  });
  const list = make('ul', {});
  const told = make('p', { role: 'status' });
  const close = make('button', { type: 'button' }, 'Close');
  const dialog = make('dialog', { class: 'search', 'aria-label': 'Search' }, make('div', {}, field, close), told, list);
  place.append(open);
  document.body.append(dialog);

  let pages: Promise<readonly IndexedPage[]> | undefined;
  const load = () => {
    pages ??= fetch(index).then((response) => response.json());
    return pages;
  };
  const show = () => {
    dialog.showModal();
    field.select();
    load().catch((error) => {
      pages = undefined;
      told.textContent = `The index did not load: ${error}`;
    });
  };
  const search = async () => {
    const hits = find(await load(), field.value);
    told.textContent = field.value.trim() === '' ? '' : `${hits.length === 0 ? 'Nothing' : hits.length} found`;
    list.replaceChildren(
      ...hits.map(({ path, title, heading, excerpt }) =>
        make('li', {}, make('a', { href: new URL(path, index).href }, make('strong', {}, heading), make('span', {}, title), excerpt)),
      ),
    );
  };
  open.addEventListener('click', show);
  close.addEventListener('click', () => dialog.close());
  field.addEventListener('input', search);
  list.addEventListener('click', ({ target }) => (target as HTMLElement).closest('a') && dialog.close());
  field.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') list.querySelector('a')?.click();
  });
  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (key !== '/' || event.ctrlKey || event.metaKey || (target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return;
    event.preventDefault();
    show();
  });
}
