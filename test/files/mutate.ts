/** Ways to damage model files and texts of JSON, from a seeded generator. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file's header as text, and its data. */
export function headerOf(file: Uint8Array): { text: string; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { text: decoder.decode(file.subarray(8, 8 + length)), data: file.subarray(8 + length) };
}

/** The file of a header and data; `length` is what it says of the header's. */
export function fileOf(text: string, data: Uint8Array, length?: bigint): Uint8Array {
  const header = encoder.encode(text);
  const file = new Uint8Array(8 + header.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(header.length), true);
  file.set(header, 8);
  file.set(data, 8 + header.length);
  return file;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

const numbers = [
  -1,
  0,
  -0,
  1,
  2,
  3,
  4,
  7,
  0.5,
  255,
  2 ** 16,
  2 ** 24,
  2 ** 28 - 1,
  2 ** 28,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  1e308,
  -1e308,
  5e-324,
];
const words = [
  '',
  'NaN',
  'Infinity',
  '-Infinity',
  '-0',
  '0',
  'rows',
  'relu',
  'input',
  'target',
  'oneHot',
  'matmul',
  'concat',
  'pad',
  'parameter',
  'constant',
  'fill',
];
const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  'op',
  'inputs',
  'shape',
  'tensor',
  'toJSON',
  'then',
  '0',
];

/** Damage by chance: the same for the same generator. */
export interface Mutator {
  /** A whole number from 0 to n − 1. */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  /** A tree with one value changed. */
  mutateTree(tree: Tree): Tree;
  /** The ways a file is damaged; each gets a file and another. */
  readonly mutations: Readonly<Record<string, (file: Uint8Array, other: Uint8Array) => Uint8Array>>;
  /** The ways a text of JSON is damaged; some give the value that it says. */
  readonly texts: Readonly<Record<string, (text: string) => unknown>>;
}

/** @param next gives whole numbers from 0 to 2³² − 1 */
export function mutator(next: () => number): Mutator {
  const below = (n: number) => next() % n;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

  /** A value of any kind, small or nested. */
  function anything(depth = 0): Tree {
    switch (below(depth > 4 ? 5 : 9)) {
      case 0:
        return null;
      case 1:
        return below(2) === 0;
      case 2:
        return pick(numbers);
      case 3:
        return pick(words);
      case 4:
        return pick(keys);
      case 5:
        return Array.from({ length: below(4) }, () => anything(depth + 1));
      case 6:
        return Object.fromEntries(Array.from({ length: below(4) }, () => [pick(keys), anything(depth + 1)]));
      case 7:
        return Array.from({ length: 1 + below(100) }).reduce<Tree>((inner) => (below(2) ? [inner] : { [pick(keys)]: inner }), 0);
      default:
        return 'x'.repeat(below(2000));
    }
  }

  /** Another value in the place of one: of the same kind most times, so that many mutants get far. */
  function mutated(value: Tree): Tree {
    const kind = below(10);
    if (kind < 2) return anything();
    if (typeof value === 'number') {
      if (kind < 6) return value + pick([-2, -1, 1, 2]);
      return kind < 9 ? pick(numbers) : value * pick([2, -1, 1024, 0.5]);
    }
    if (typeof value === 'string') return kind < 8 ? pick(words) : value + pick(keys);
    if (typeof value === 'boolean') return !value;
    if (Array.isArray(value)) {
      const at = below(value.length + 1);
      if (kind < 4) return [...value.slice(0, at), ...value.slice(at + 1)];
      if (kind < 6) return [...value.slice(0, at), value[at] ?? anything(), ...value.slice(at)];
      if (kind < 8) return [...value.slice(at), ...value.slice(0, at)];
      return [...value.slice(0, at), anything(), ...value.slice(at)];
    }
    return anything();
  }

  /** Changes one value somewhere in a tree: a walk down it that stops by chance. */
  function mutateTree(tree: Tree): Tree {
    if (typeof tree !== 'object' || tree === null || below(6) === 0) return mutated(tree);
    if (Array.isArray(tree)) {
      if (tree.length === 0) return mutated(tree);
      const at = below(tree.length);
      return tree.map((item, i) => (i === at ? mutateTree(item) : item));
    }
    const entries = Object.entries(tree);
    if (entries.length === 0) return mutated(tree);
    const at = below(entries.length);
    switch (below(12)) {
      case 0:
        return Object.fromEntries(entries.filter((_, i) => i !== at));
      case 1:
        return Object.fromEntries([...entries, [pick(keys), anything()]]);
      case 2: {
        const other = below(entries.length);
        const swap = (i: number) => entries[i === at ? other : i === other ? at : i]?.[1] as Tree;
        return Object.fromEntries(entries.map(([key], i) => [key, swap(i)]));
      }
      default:
        return Object.fromEntries(entries.map(([key, item], i) => [key, i === at ? mutateTree(item) : item]));
    }
  }

  /** The ways a file is damaged; each gets a file and another. */
  const mutations: Record<string, (file: Uint8Array, other: Uint8Array) => Uint8Array> = {
    'flipped bits': (file) => {
      const copy = file.slice();
      for (let i = below(8); i >= 0; i--) {
        const at = below(copy.length);
        copy[at] = (copy[at] as number) ^ (1 << below(8));
      }
      return copy;
    },
    'other bytes in the header': (file) => {
      const copy = file.slice();
      const end = copy.length - headerOf(file).data.length;
      for (let i = below(3); i >= 0; i--) copy[below(end)] = pick([0, 9, 32, 34, 44, 45, 48, 57, 58, 69, 91, 92, 93, 101, 123, 125, 128, 255]);
      return copy;
    },
    truncated: (file) => file.slice(0, below(file.length)),
    extended: (file, other) => join(file, other.subarray(0, 1 + below(16))),
    'spliced with another': (file, other) => join(file.subarray(0, below(file.length)), other.subarray(below(other.length))),
    'a piece left out': (file) => {
      const at = below(file.length);
      return join(file.subarray(0, at), file.subarray(at + 1 + below(16)));
    },
    'a piece twice': (file) => {
      const at = below(file.length);
      return join(file.subarray(0, at + below(64)), file.subarray(at));
    },
    'another header length': (file) => {
      const { text, data } = headerOf(file);
      const length = BigInt(encoder.encode(text).length);
      return fileOf(
        text,
        data,
        BigInt.asUintN(64, pick([0n, 1n, 2n ** 24n, 2n ** 32n, 2n ** 63n, -1n]) + (below(2) ? length : 0n) + BigInt(below(9) - 4)),
      );
    },
    'another number in the header': (file) => {
      const { text, data } = headerOf(file);
      const found = [...text.matchAll(/-?\d+(\.\d+)?(e[+-]\d+)?/g)];
      const { 0: digits, index } = pick(found);
      const other = pick([...numbers.map(String), '1e999', '00', '1e', '-', '9'.repeat(1 + below(200)), `${digits}0`, `0${digits}`, `${digits}.0`]);
      return fileOf(text.slice(0, index) + other + text.slice(index + digits.length), data);
    },
    'a key twice': (file) => {
      const { text, data } = headerOf(file);
      const { 0: key, index } = pick([...text.matchAll(/\\?"[\w.]+\\?":/g)]);
      const within = key.startsWith('\\');
      return fileOf(`${text.slice(0, index)}${key}${within ? '\\"x\\"' : '"x"'},${text.slice(index)}`, data);
    },
    'deep nesting': (file) => {
      const { text, data } = headerOf(file);
      const at = below(text.length);
      return fileOf(text.slice(0, at) + pick(['[', '{"a":', '[{"a":', '{"__proto__":', '[[],']).repeat(1 << below(16)) + text.slice(at), data);
    },
    'another value in the header': (file) => {
      const { text, data } = headerOf(file);
      return fileOf(JSON.stringify(mutateTree(JSON.parse(text))), data);
    },
    'another value in the architecture': (file) => changed(file, mutateTree),
    'two other values in the architecture': (file) => changed(file, (tree) => mutateTree(mutateTree(tree))),
    'other values in nodes and header': (file) => {
      const { text, data } = headerOf(changed(file, mutateTree));
      return fileOf(JSON.stringify(mutateTree(JSON.parse(text))), data);
    },
    'the architecture of another': (file, other) => {
      const [mine, theirs] = [file, other].map((from) => JSON.parse(headerOf(from).text));
      return fileOf(JSON.stringify({ ...mine, __metadata__: theirs.__metadata__ }), headerOf(file).data);
    },
  };

  function changed(file: Uint8Array, change: (tree: Tree) => Tree): Uint8Array {
    const { text, data } = headerOf(file);
    const header = JSON.parse(text);
    header.__metadata__.neurite = JSON.stringify(change(JSON.parse(header.__metadata__.neurite)));
    return fileOf(JSON.stringify(header), data);
  }

  const texts: Mutator['texts'] = {
    'a piece left out': (text) => {
      const at = below(text.length);
      return text.slice(0, at) + text.slice(at + 1 + below(4));
    },
    'another character': (text) => {
      const at = below(text.length);
      return text.slice(0, at) + pick(['0', '"', ',', '{', '}', '[', ']', '-', 'e', '\\', ' ']) + text.slice(at + 1);
    },
    'another value': (text) => JSON.stringify(mutateTree(JSON.parse(text))),
    'another value, parsed': (text) => mutateTree(JSON.parse(text)),
    'two other values, parsed': (text) => mutateTree(mutateTree(JSON.parse(text))),
  };

  return { below, pick, mutateTree, mutations, texts };
}

/** What must not change: the names on every prototype a parser could reach. */
export function prototypes(): string {
  return [Object, Array, Function, String, Number, Boolean, Map, Set, Uint8Array, Float32Array]
    .map(({ prototype }) => [Object.getOwnPropertyNames(prototype), Object.getPrototypeOf(prototype) === Object.prototype].join())
    .join('\n');
}
