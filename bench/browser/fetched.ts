/** What a page of the benchmarks reads from where it came from, and what it tells there. */
import { fromIdx, type Split } from '../data.js';
import type { Result } from '../measure.js';

/** What such a page posts. */
export type Message = { readonly result: Result } | { readonly done: true; readonly error?: string };

export async function post(message: Message): Promise<void> {
  await fetch('/results', { method: 'POST', body: JSON.stringify(message) });
}

export async function bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

export async function mnist(): Promise<Split> {
  const samples = async (name: string, rows: number) => {
    const [images, labels] = await Promise.all([bytes(`/mnist/${name}-images-idx3-ubyte`), bytes(`/mnist/${name}-labels-idx1-ubyte`)]);
    return fromIdx(images, labels, rows);
  };
  return { train: await samples('train', 8000), test: await samples('t10k', 2000) };
}

/** Runs what a page measures in an isolated page, and tells its end. */
export function tell(run: () => Promise<void>): void {
  const isolated = async () => {
    if (!crossOriginIsolated) throw new Error('the page is not isolated: its clock is too coarse, and it has no threads');
    await run();
  };
  isolated().then(
    () => post({ done: true }),
    (error: Error) => post({ done: true, error: String(error.stack ?? error) }),
  );
}
