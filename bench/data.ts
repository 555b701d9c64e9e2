/** Inputs and class ids, row by row. */
export interface Samples {
  readonly rows: number;
  readonly features: number;
  readonly x: Float32Array;
  readonly y: Uint8Array;
  /** The same inputs as bytes, where x = bytes / 255. */
  readonly bytes?: Uint8Array;
}

/** What is trained on, and what is tested: nothing where the data have nothing to be learnt. */
export interface Split {
  readonly train: Samples;
  readonly test?: Samples;
}

/** Uniform numbers in [0, 1), the same in every run and every engine: the high bits of a 32-bit linear congruence, mixed. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let bits = state ^ (state >>> 15);
    bits = Math.imul(bits, 0x2c1b3c6d);
    bits ^= bits >>> 12;
    return (bits >>> 0) / 2 ** 32;
  };
}

/** `n` floats, uniform in [low, high). */
export function uniformArray(n: number, seed: number, low = -1, high = 1): Float32Array {
  const next = uniforms(seed);
  return Float32Array.from({ length: n }, () => low + (high - low) * next());
}

/** Bytes as numbers from 0 to 1. By a loop: `Float32Array.from` with a function makes a list of all of them first, of many times the memory. */
function scaled(bytes: Uint8Array): Float32Array {
  const x = new Float32Array(bytes.length);
  for (let i = 0; i < x.length; i++) x[i] = (bytes[i] as number) / 255;
  return x;
}

/** The first `rows` samples of an IDX file of images and of its file of labels, which may end there. Pixels go from 0 to 1. */
export function fromIdx(images: Uint8Array, labels: Uint8Array, rows: number): Samples & { readonly bytes: Uint8Array } {
  const features = 784;
  const bytes = images.subarray(16, 16 + rows * features);
  const y = labels.subarray(8, 8 + rows);
  if (bytes.length < rows * features || y.length < rows) throw new Error(`IDX files with fewer than ${rows} samples`);
  let x: Float32Array | undefined;
  return {
    ...{ rows, features, y, bytes },
    get x() {
      x ??= scaled(bytes);
      return x;
    },
  };
}

/** A new order, in place. */
export function shuffle(order: Uint32Array, next: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
}

/** Two half circles that reach into each other, with a little noise: class 0 above, class 1 below. */
export function moons(rows: number, seed: number): Samples {
  const next = uniforms(seed);
  const noise = () => 0.1 * (next() + next() + next() + next() - 2) * Math.sqrt(3);
  const x = new Float32Array(rows * 2);
  const y = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const below = i & 1;
    const angle = Math.PI * next();
    x[2 * i] = (below ? 1 - Math.cos(angle) : Math.cos(angle)) + noise();
    x[2 * i + 1] = (below ? 0.5 - Math.sin(angle) : Math.sin(angle)) + noise();
    y[i] = below;
  }
  return { rows, features: 2, x, y };
}

/** Rows of uniform numbers that say nothing of their classes. */
export function random(rows: number, features: number, classes: number, seed: number): Samples {
  const next = uniforms(seed + 1);
  return { rows, features, x: uniformArray(rows * features, seed), y: Uint8Array.from({ length: rows }, () => Math.floor(next() * classes)) };
}

/** The share of rows whose largest output (or, of a single one, whose side of ½) is the right one. */
export function accuracyOf(outputs: ArrayLike<number>, y: Uint8Array): number {
  const width = outputs.length / y.length;
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    let decided = 0;
    if (width === 1) decided = Number((outputs[i] as number) >= 0.5);
    else for (let j = 1; j < width; j++) if ((outputs[i * width + j] as number) > (outputs[i * width + decided] as number)) decided = j;
    if (decided === y[i]) right++;
  }
  return right / y.length;
}
