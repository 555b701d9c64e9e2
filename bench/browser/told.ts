/** What a page of the benchmarks is asked, what it reads from where it came from, and what it tells there. */
import { fromIdx, type Split } from '../data.js';
import type { Build } from '../measure.js';
import { selection } from '../selection.js';

/** The page's address. */
export const parameters = new URLSearchParams(location.search);

/** What the options of a benchmark ask of its page. */
export function asked() {
  return {
    wanted: selection(parameters.get('only')),
    chosen: (parameters.get('build') ?? undefined) as Build | undefined,
    repetitions: Number(parameters.get('repetitions')),
  };
}

/** @returns when it was heard */
export async function post(told: object): Promise<void> {
  await fetch('/told', { method: 'POST', body: JSON.stringify(told) });
}

/** Runs what an isolated page measures, and tells its end: what it comes to, or its error. */
export function tell(run: () => Promise<unknown>): void {
  const isolated = async () => {
    if (!crossOriginIsolated) throw new Error('the page is not isolated: its clock is too coarse, and it has no threads');
    return run();
  };
  isolated().then(
    (done = true) => post({ done }),
    (error: Error) => post({ error: String(error.stack ?? error) }),
  );
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
