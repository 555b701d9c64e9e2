/** What every page can do with JavaScript: programs are copied by a button, and the guides are searched. */
import { addSearch } from './search.js';

for (const program of document.querySelectorAll<HTMLElement>('.program')) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', textContent: 'Copy' });
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(program.querySelector('code')?.textContent ?? '');
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  if (navigator.clipboard) program.append(button);
}

addSearch(
  document.querySelector('.banner > div') as HTMLElement,
  new URL(document.querySelector<HTMLElement>('[data-index]')?.dataset.index ?? '', document.baseURI),
);
