/** Copies a text, and says so on the button that asked for it. */
import { say, warn } from './dom.js';

const SHOWN = 1200;

export async function copy(text: string, what: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    warn(`The browser does not let the page copy. Here is ${what}:`, text);
    return;
  }
  say(`Copied ${what}.`);
  const before = button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = before;
  }, SHOWN);
}
