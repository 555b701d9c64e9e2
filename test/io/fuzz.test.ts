/** Files that were damaged, or made to do damage: `load` gives a network or a FileError, soon, and in little memory. */
import { type AnyNetwork, FileError, fromJSON, load, NeuriteError } from 'neurite';
import { expect, test } from 'vitest';
import { partsOf } from '../../src/network.js';
import { generator } from './bits.js';
import { networks } from './networks.js';

const MUTANTS = 24_000;

/** What one load may add to the core's memory: the network it makes, and its first prediction's workspace. */
const MOST_MEMORY = 256 * 2 ** 20;

/** A load of a file of some kilobytes takes less than a millisecond; this is on a machine that does other things too. */
const MOST_SECONDS = 5;

const next = generator(20260801);
const below = (n: number) => next() % n;
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function headerOf(file: Uint8Array): { text: string; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { text: decoder.decode(file.subarray(8, 8 + length)), data: file.subarray(8 + length) };
}

function fileOf(text: string, data: Uint8Array, length?: bigint): Uint8Array {
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

type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

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

/** Files of the networks, without the wide ones, whose damage would mostly be to elements; every second with optimizer state. */
const files = networks.flatMap(([name, make], i) => {
  if (name === 'wide') return [];
  using net = make();
  return [net.save({ optimizerState: i % 2 === 0 }).slice()];
});

/** What must not change: the names on every prototype a parser could reach. */
function prototypes(): string {
  return [Object, Array, Function, String, Number, Boolean, Map, Set, Uint8Array, Float32Array]
    .map(({ prototype }) => [Object.getOwnPropertyNames(prototype), Object.getPrototypeOf(prototype) === Object.prototype].join())
    .join('\n');
}

/** Uses a network that a damaged file gave: its shapes must hold whatever was damaged. */
function use(net: AnyNetwork): void {
  const { inputs } = partsOf(net).engine.model;
  const x = inputs.map((node) => new Float32Array(node.shape.size[0] as number).fill(0.5));
  if (x.length === 1) net.predict(x[0] as Float32Array);
  else net.predict(x);
  const again = load(net.save());
  again.dispose();
  net.summary();
}

const TEXTS = 6_000;

/** JSON of the networks, and parameters that such a text may ask for in this test. */
const texts = networks.map(([, make]) => {
  using net = make();
  return JSON.stringify(net);
});
const MAX_PARAMETERS = 2 ** 20;

test(`${TEXTS} damaged texts of JSON: a network or a FileError each`, { timeout: 120_000 }, () => {
  const before = prototypes();
  let loaded = 0;
  let refused = 0;
  const { core } = partsOf(load(files[0] as Uint8Array)).engine;
  const memory = core.memory.buffer.byteLength;
  for (let i = 0; i < TEXTS; i++) {
    const text = pick(texts);
    const at = below(text.length);
    const damaged: (() => unknown)[] = [
      () => text.slice(0, at) + text.slice(at + 1 + below(4)),
      () => text.slice(0, at) + pick(['0', '"', ',', '{', '}', '[', ']', '-', 'e', '\\', ' ']) + text.slice(at + 1),
      () => JSON.stringify(mutateTree(JSON.parse(text))),
      () => mutateTree(JSON.parse(text)),
      () => mutateTree(mutateTree(JSON.parse(text))),
    ];
    const json = (damaged[i % damaged.length] as () => unknown)();
    let net: AnyNetwork;
    try {
      net = fromJSON(json as string, { maxParameters: MAX_PARAMETERS });
    } catch (error) {
      if (!(error instanceof FileError && error.message.startsWith('fromJSON: ') && error.message.length < 2000))
        throw new Error(`${JSON.stringify(json)?.slice(0, 500)}: ${error}`, { cause: error });
      refused++;
      continue;
    }
    loaded++;
    try {
      use(net);
      using again = fromJSON(JSON.stringify(net), { maxParameters: MAX_PARAMETERS });
      expect(JSON.stringify(again)).toBe(JSON.stringify(net));
    } catch (error) {
      if (!(error instanceof NeuriteError)) throw new Error(`used: ${error}`, { cause: error });
    }
    net.dispose();
  }
  expect(refused).toBeGreaterThan(TEXTS / 4);
  expect(loaded).toBeGreaterThan(TEXTS / 20);
  expect(core.memory.buffer.byteLength - memory).toBeLessThan(MOST_MEMORY);
  expect(prototypes()).toBe(before);
});

test(`${MUTANTS} damaged files: a network or a FileError each`, { timeout: 120_000 }, () => {
  const before = prototypes();
  const kinds = Object.keys(mutations);
  const loaded = new Map<string, number>();
  const refused = new Map<string, number>();
  const { core } = partsOf(load(files[0] as Uint8Array)).engine;
  const memory = core.memory.buffer.byteLength;
  let slowest = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const kind = kinds[i % kinds.length] as string;
    const bytes = (mutations[kind] as (typeof mutations)[string])(pick(files), pick(files));
    const began = performance.now();
    let net: AnyNetwork | undefined;
    try {
      net = load(bytes);
    } catch (error) {
      if (!(error instanceof FileError && error.message.startsWith('load: ') && error.message.length < 2000))
        throw new Error(`${kind}: ${error}`, { cause: error });
      refused.set(kind, (refused.get(kind) ?? 0) + 1);
    }
    if (net) {
      loaded.set(kind, (loaded.get(kind) ?? 0) + 1);
      try {
        use(net);
      } catch (error) {
        if (!(error instanceof NeuriteError)) throw new Error(`${kind}, used: ${error}`, { cause: error });
      }
      net.dispose();
    }
    slowest = Math.max(slowest, (performance.now() - began) / 1000);
  }
  const count = (of: Map<string, number>) => [...of.values()].reduce((sum, n) => sum + n, 0);
  expect(count(loaded) + count(refused)).toBe(MUTANTS);
  // Each way of damage is refused at times, and those that reach the architecture or the elements pass at times.
  for (const kind of kinds) expect(refused.get(kind) ?? 0, kind).toBeGreaterThan(0);
  for (const kind of ['flipped bits', 'another value in the architecture', 'another number in the header'])
    expect(loaded.get(kind) ?? 0, kind).toBeGreaterThan(20);
  expect(slowest).toBeLessThan(MOST_SECONDS);
  expect(core.memory.buffer.byteLength - memory).toBeLessThan(MOST_MEMORY);
  expect(prototypes()).toBe(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
