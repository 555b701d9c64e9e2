/** A lesson's page: runs its program in a worker and shows what it printed, in place of what Node printed. */
import type { Said } from './runner.js';

const section = document.querySelector<HTMLElement>('.run[data-lesson]') as HTMLElement;
const [button, status, printed] = ['button', '[role=status]', '.printed'].map((name) => section.querySelector(name)) as [
  HTMLButtonElement,
  HTMLElement,
  HTMLElement,
];

function refused(why: string): void {
  status.textContent = `It does not run here: ${why}. The numbers are from Node.`;
  section.dataset.state = 'refused';
}

/** A worker for each run: a module's program runs once. */
function run(): void {
  section.dataset.state = 'running';
  button.disabled = true;
  status.textContent = 'Running …';
  const worker = new Worker(new URL('./runner.js', import.meta.url), { type: 'module' });
  const end = () => {
    worker.terminate();
    button.disabled = false;
  };
  worker.onmessage = ({ data }: MessageEvent<Said>) => {
    end();
    if ('error' in data) return refused(data.error);
    printed.innerHTML = data.html;
    section.dataset.state = data.agree === data.of ? 'agrees' : 'differs';
    status.textContent = `Run in this page in ${data.ms < 10 ? data.ms.toPrecision(2) : Math.round(data.ms)} ms: ${data.agree} of ${data.of} agree.`;
  };
  worker.onerror = ({ message }) => {
    end();
    refused(message || 'its worker did not start');
  };
  worker.postMessage(section.dataset.lesson);
}

const lacks = ['WebAssembly', 'Worker'].find((name) => !(name in globalThis));
if (lacks) refused(`this browser has no ${lacks}`);
else {
  button.hidden = false;
  button.addEventListener('click', run);
  run();
}
