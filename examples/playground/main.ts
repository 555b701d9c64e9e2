/** The page: its tabs, of which all but the first are loaded when they are opened. */
import { openPlayground, pausePlayground, rememberPlayground } from './playground.js';
import { byId, onIdle, warn } from './view/dom.js';

const tabs: Readonly<Record<string, (() => Promise<(host: HTMLElement) => void | Promise<void>>) | undefined>> = {
  points: undefined,
  digits: async () => (await import('./tabs/digits.js')).openDigits,
  table: async () => (await import('./tabs/table.js')).openTable,
  speed: async () => (await import('./tabs/speed.js')).openSpeed,
};
const names = Object.keys(tabs);
const opened = new Set(['points']);

async function show(name: string): Promise<void> {
  for (const one of names) {
    const tab = byId(`tab-${one}`);
    tab.setAttribute('aria-selected', String(one === name));
    tab.tabIndex = one === name ? 0 : -1;
    byId(one).hidden = one !== name;
  }
  if (name !== 'points') pausePlayground();
  if (opened.has(name)) return;
  opened.add(name);
  try {
    const open = await tabs[name]?.();
    await open?.(byId(name));
  } catch (error) {
    opened.delete(name);
    warn(`The tab did not load: ${error instanceof Error ? error.message : error}`);
  }
}

names.forEach((name, i) => {
  const tab = byId(`tab-${name}`);
  tab.addEventListener('click', () => {
    show(name);
    if (name === 'points') rememberPlayground();
    else history.replaceState(null, '', `#tab=${name}`);
  });
  tab.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    const next = names[(i + by + names.length) % names.length] as string;
    byId(`tab-${next}`).focus();
    byId(`tab-${next}`).click();
  });
});

function start(): void {
  openPlayground()
    .catch((error) => {
      // What is left without WebAssembly: the plain loops of the speed tab compute in JavaScript alone.
      warn(
        `The network cannot run here: ${error instanceof Error ? error.message : error}`,
        'Data sets can be looked at and links can be made all the same, and the Speed tab measures plain JavaScript. A current Firefox, Chrome, Edge or Safari has all that is needed.',
      );
    })
    .then(() => onIdle(keep));
  goTo();
  addEventListener('hashchange', goTo);
}

/** The tab that the address names; any other address is of the first. */
function goTo(): void {
  const asked = /^#tab=(\w*)/.exec(location.hash)?.[1] ?? 'points';
  if (names.includes(asked)) show(asked);
  else warn(`The link’s tab is “${asked.slice(0, 40)}”, expected one of ${names.join(', ')}.`);
}

/** Keeps the page for when there is no network, once it has nothing else to do: it loads what the page is made of anew. */
function keep(): void {
  if ('serviceWorker' in navigator && isSecureContext) navigator.serviceWorker.register('offline.js').catch(() => {});
}

start();
