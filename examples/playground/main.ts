/** The page: its tabs, of which all but the first are loaded when they are opened. */
import { openPlayground, pausePlayground } from './playground.js';
import { byId, warn } from './view/dom.js';

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
    if (name !== 'points') history.replaceState(null, '', `#tab=${name}`);
    show(name);
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
  try {
    openPlayground();
  } catch (error) {
    // What is left without WebAssembly: the plain loops of the speed tab compute in JavaScript alone.
    warn(
      `The network cannot run here: ${error instanceof Error ? error.message : error}`,
      'Data sets can be looked at and links can be made all the same, and the Speed tab measures plain JavaScript. A current Firefox, Chrome, Edge or Safari has all that is needed.',
    );
  }
  const asked = /^#tab=(\w+)/.exec(location.hash)?.[1];
  if (asked && names.includes(asked)) show(asked);
}

start();
if ('serviceWorker' in navigator && isSecureContext) navigator.serviceWorker.register('offline.js').catch(() => {});
