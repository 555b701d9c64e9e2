/** Elements of the page. */

export function byId<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

type Children = readonly (Node | string)[];

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Children
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export interface Choice<T> {
  readonly value: T;
  readonly text: string;
}

/** A list to choose from that stands in a sentence. */
export function choice<T>(label: string, choices: readonly Choice<T>[], chosen: T, changed: (value: T) => void): HTMLSelectElement {
  const select = make('select', { 'aria-label': label, class: 'word' });
  choices.forEach(({ value, text }, i) => {
    select.append(make('option', { value: String(i), ...(value === chosen && { selected: '' }) }, text));
  });
  select.addEventListener('change', () => changed((choices[Number(select.value)] as Choice<T>).value));
  return select;
}

/** The same of numbers; one that is none of them is put among them. */
export function numberChoice(
  label: string,
  numbers: readonly number[],
  chosen: number,
  changed: (value: number) => void,
  unit = '',
): HTMLSelectElement {
  const all = numbers.includes(chosen) ? numbers : [...numbers, chosen].sort((a, b) => a - b);
  const choices = all.map((value) => ({ value, text: `${Number(value.toPrecision(6))}${unit}` }));
  return choice(label, choices, chosen, changed);
}

/** @param label what it is called where its text says too little */
export function button(text: string, label: string | undefined, clicked: () => void, kind = ''): HTMLButtonElement {
  const made = make('button', { type: 'button', ...(label && { 'aria-label': label }), ...(kind && { class: kind }) }, text);
  made.addEventListener('click', clicked);
  return made;
}

/** Says something that nobody asked for, once, where assistive technology hears it. */
export function say(text: string): void {
  byId('said').textContent = text;
}

/** Says what is wrong or missing. */
export function warn(...texts: readonly string[]): void {
  const box = byId('warnings');
  box.replaceChildren(...texts.map((text) => make('p', {}, text)));
  box.hidden = texts.length === 0;
}

/** Tells of each change of an element's size. */
export function onResize(element: Element, changed: () => void): void {
  let size: string | undefined;
  new ResizeObserver(() => {
    const now = `${element.clientWidth} × ${element.clientHeight}`;
    // The first call is about the size it has.
    if (size !== undefined && size !== now) changed();
    size = now;
  }).observe(element);
}

/** Tells once that an element is in sight, or nearly. */
export function onSight(element: Element, seen: () => void): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      seen();
    },
    { rootMargin: '200px' },
  );
  observer.observe(element);
}

/** The longest that idle work is put off, in ms. */
const LATEST = 2000;

/** Once the page has nothing else to do, or has had something for long. */
export function onIdle(run: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(run, { timeout: LATEST });
  else setTimeout(run, 200);
}
