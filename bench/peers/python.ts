import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { predictionAmount, trainingAmount } from '../workloads.js';
import { folder } from './packages.js';
import type { Peer } from './peer.js';

/** The system's own Python: Debian's numpy and PyTorch are packages of it. */
export const interpreter = '/usr/bin/python3';

/** Calls of a prediction and turns of a product in one request, so that the way there and back is nothing against them. */
const CALLS = { rows: 1024, one: 2048 };
const GIGA_OPERATIONS = 2;

/** A process that answers a line with a line. */
class Python {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'neurite-bench-'));
  #files = 0;

  constructor(library: 'numpy' | 'pytorch', threads: number) {
    // Threads of OpenMP that wait by looking again and again take the core from those that work: asleep, two of them are up to three times as fast.
    const env = { ...process.env, ...(threads > 1 && { OMP_WAIT_POLICY: 'passive' }) };
    this.#process = spawn(interpreter, [`${folder}serve.py`, library, String(threads)], { env });
    this.#process.on('error', (error) => this.#errors.push(error.message));
    this.#process.stderr.on('data', (text) => this.#errors.push(String(text)));
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(this.#errors.join('').trim().split('\n').at(-1) || `${interpreter} ended`);
    return JSON.parse(value);
  }

  ask(request: Record<string, unknown>): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  /** Writes an array where the process can read it. */
  file(values: Float32Array | Uint8Array): string {
    const path = join(this.folder, String(this.#files++));
    writeFileSync(path, values);
    return path;
  }

  close(): void {
    this.#process.stdin.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const width = arrays[0]?.length ?? 0;
  const result = new Float32Array(arrays.length * width);
  arrays.forEach((values, i) => {
    result.set(values, i * width);
  });
  return result;
}

/** numpy or PyTorch with so many threads, in a process of its own. @throws Error when the system's Python doesn't have it */
export async function python(library: 'numpy' | 'pytorch', threads = 1): Promise<Peer> {
  const process = new Python(library, threads);
  let version: string;
  try {
    version = (await process.answer()) as string;
  } catch (error) {
    process.close();
    throw error;
  }
  return {
    version,
    async train(work, { train, test }, initial) {
      const { sizes, activations, batch, optimizer, epochs } = work;
      const files = { x: process.file(train.x), y: process.file(train.y), parameters: process.file(initial) };
      await process.ask({ do: 'train', sizes, activations, batch, optimizer, ...files });
      return {
        system: library,
        asynchronous: true,
        amount: trainingAmount(work, train.rows),
        run: () => process.ask({ do: 'epochs', epochs }),
        accuracy:
          test &&
          (() => process.ask({ do: 'accuracy', features: test.features, x: process.file(test.x), y: process.file(test.y) }) as Promise<number>),
      };
    },
    async predict(work, initial, inputs) {
      const { sizes, activations, rows } = work;
      const calls = Math.ceil((rows === 1 ? CALLS.one : CALLS.rows) / rows);
      await process.ask({ do: 'predictor', sizes, activations, rows, x: process.file(concatenate(inputs)), parameters: process.file(initial) });
      return {
        system: library,
        asynchronous: true,
        amount: predictionAmount({ ...work, calls }),
        run: () => process.ask({ do: 'predict', calls }),
        outputs: () => process.ask({ do: 'outputs' }) as Promise<number[]>,
      };
    },
    async multiply(n, a, b) {
      const operations = 2e-9 * n ** 3;
      const turns = Math.ceil(GIGA_OPERATIONS / operations);
      await process.ask({ do: 'factors', n, a: process.file(a), b: process.file(b) });
      return {
        system: library,
        asynchronous: true,
        amount: turns * operations,
        run: () => process.ask({ do: 'multiply', turns }),
        product: () => process.ask({ do: 'product' }) as Promise<number[]>,
      };
    },
    close: () => process.close(),
  };
}
