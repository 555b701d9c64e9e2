/** Files that were damaged, and files made by a grammar: each loads to a working network, or is a FileError or a MemoryError. */

import { type AnyNetwork, FileError, fromJSON, load, MemoryError, type NetworkJson, NeuriteError, save, toJSON } from 'neurite';
import { summary, trace } from 'neurite/inspect';
import { type Core, coreOf } from '../../src/core/core.js';
import { features } from '../../src/graph/shape.js';
import { internals } from '../../src/network/network.js';
import { bitsOf, canonical, generator } from '../files/bits.js';
import { mutator, prototypes } from '../files/mutate.js';
import { networks } from '../files/networks.js';
import { makeFile } from './modelFiles.js';
import { CORE, find, hash, Neighbours, type Report, report } from './victims.js';

/** What reads a file: neurite's own, unless a test takes one that lets damage through. */
export interface Reader {
  load(bytes: Uint8Array, options: { build: typeof CORE }): AnyNetwork;
  fromJSON(json: string | NetworkJson, options: { build: typeof CORE; maxParameters: number }): AnyNetwork;
}

/** How many files are mutated and made; a quarter as many texts of JSON come beside each. */
export interface Amount {
  readonly mutated: number;
  readonly made: number;
}

/** What `npm run attack` does. */
export const LONG: Amount = { mutated: 204_000, made: 52_000 };

/** A text alone may ask for any number of parameters. */
const MAX_PARAMETERS = 2 ** 20;

/** What one case may add to the core's memory: its network, and the workspace of its first prediction. */
const MOST_GROWTH = 256 * 2 ** 20;

/** What loading may allocate: so much for any file, and so much for each of its bytes. */
const [MOST_FIXED, MOST_PER_BYTE] = [2 ** 17, 64];

/** Refusals shown by themselves; the others are added up. */
const SHOWN = 24;

/** Every n-th network that loads is used in every way. */
const USED = 2;

/** Counts the blocks of a core that are allocated, until `restore`. */
class Blocks {
  readonly #live = new Set<number>();
  readonly #core: Core;
  allocated = 0;

  constructor(core: Core) {
    this.#core = core;
    const { allocate, free } = core;
    core.allocate = (bytes, what) => {
      const address = allocate.call(core, bytes, what);
      this.#live.add(address);
      this.allocated += bytes;
      return address;
    };
    core.free = (address) => {
      this.#live.delete(address);
      free.call(core, address);
    };
  }

  /** Blocks that nobody freed, without those that wait for their views to go. */
  count(): number {
    // Detaches the views, so that the next allocation frees what waits.
    this.#core.memory.grow(0);
    this.#core.free(this.#core.allocate(16, 'a look'));
    return this.#live.size;
  }

  restore(): void {
    for (const name of ['allocate', 'free']) Reflect.deleteProperty(this.#core, name);
  }
}

const list = <T>(items: readonly T[]): T | readonly T[] => (items.length === 1 ? (items[0] as T) : items);

/** Rows of one value for each input, of 0 where an input takes ids. */
function inputsOf(net: AnyNetwork, rows: number, value: number): Float32Array | readonly Float32Array[] {
  const { model, ids } = internals('test', net).engine;
  return list(model.inputs.map(({ shape }, i) => new Float32Array(rows * features(shape)).fill(ids?.[i] ? 0 : value)));
}

/** Predictions of each output, as one number; every NaN is one. */
function predicted(net: AnyNetwork, rows: number): number {
  const y = net.predict(inputsOf(net, rows, 0.5) as never) as unknown;
  return (Array.isArray(y) ? y : [y]).reduce((h: number, values: Float32Array) => hash(new Uint8Array(canonical(bitsOf(values)).buffer), h), 1);
}

/** Predicts, steps, traces and saves; counts what it did. @throws Error saying which bits differ */
function use(net: AnyNetwork, rows: number, readers: Reader, count: (what: string) => void): void {
  const { columns } = internals('test', net).engine;
  predicted(net, rows);
  count('predicted');
  const x = inputsOf(net, rows, 0.25);
  const y = list(
    columns.targets.map(({ width, probabilities }) => (probabilities ? new Int32Array(rows) : new Float32Array(rows * width).fill(0.5))),
  );
  const may = (what: string, act: () => unknown) => {
    try {
      act();
      count(what);
    } catch (error) {
      // Parameters that a file has may be anything: what comes of them may be no numbers. A batch norm takes two rows or more.
      const isTyped = error instanceof NeuriteError && (error.code === 'NOT_FINITE' || (error.code === 'SHAPE' && rows === 1));
      if (!isTyped) throw error;
      count(`${what}: ${error.code}`);
    }
  };
  if (net.loss) may('stepped', () => (net.optimizer ? net.step(x as never, y as never) : net.gradient(x as never, y as never)));
  may('traced', () => (net.loss ? trace(net, x as never, y as never) : trace(net, x as never)));
  summary(net);
  const options = { optimizerState: net.optimizer !== undefined };
  const saved = save(net, options);
  let again: AnyNetwork;
  try {
    again = readers.load(saved, { build: CORE });
  } catch (error) {
    throw new Error(`what it saved does not load: ${error}`, { cause: error });
  }
  try {
    if (!Buffer.from(save(again, options)).equals(saved)) throw new Error('loaded and saved again, the bytes differ');
    if (predicted(again, rows) !== predicted(net, rows)) throw new Error('loaded again, it predicts other bits');
  } finally {
    again.dispose();
  }
  count('saved');
}

/** What a refusal says, without what came: a kind of message. */
function kindOf(message: string): string {
  const expected = message.lastIndexOf('expected ');
  return (expected >= 0 ? message.slice(expected) : message.replace(/^\w+: (the architecture(: | is ))?/, ''))
    .replace(/"([^"\\]|\\.)*"/g, '"…"')
    .replace(/-?\d+/g, 'N')
    .slice(0, 48);
}

/** @param until when to stop, of the clock of `performance` */
export async function attackFiles(
  seed: number,
  amount: Amount,
  until = Number.POSITIVE_INFINITY,
  reader: Reader = { load, fromJSON } as unknown as Reader,
): Promise<Report> {
  const out = report('files');
  const count = (what: string, n = 1) => out.codes.set(what, (out.codes.get(what) ?? 0) + n);
  const refusals = new Map<string, number>();
  const neighbours = new Neighbours();
  const core = coreOf(CORE);
  const sources = networks.flatMap(([name, make], i) => {
    if (name === 'wide') return [];
    const net = make();
    const source = { file: save(net, { optimizerState: i % 2 === 0 }).slice(), text: JSON.stringify(toJSON(net)) };
    net.dispose();
    return [source];
  });
  const before = prototypes();
  const blocks = new Blocks(core);
  let next = generator(seed);
  const chance = mutator(() => next());
  const { pick, mutations, texts } = chance;
  const [ways, textWays] = [Object.keys(mutations), Object.keys(texts)];

  /** Reads what a case gives. `wrong`: true must be refused, false must load, undefined may be either. */
  const attempt = (
    kind: string,
    program: string,
    call: 'load' | 'fromJSON',
    bytes: number | undefined,
    wrong: boolean | undefined,
    read: () => AnyNetwork,
  ) => {
    out.calls++;
    const memory = core.memory.buffer.byteLength;
    const allocated = blocks.allocated;
    let net: AnyNetwork | undefined;
    try {
      net = read();
    } catch (error) {
      const typed = error instanceof FileError || error instanceof MemoryError;
      if (!typed) find(out, `RAW ${call}: ${kind}: ${String(error).replace(/\d+/g, 'N').slice(0, 120)}`, program);
      else if (error instanceof FileError && !(error.message.startsWith(`${call}: `) && error.message.length < 2000))
        find(out, `MESSAGE ${call}: ${kind}`, `${program} ${error.message.slice(0, 300)}`);
      else if (wrong === false) find(out, `REFUSED ${kind}: ${kindOf(error.message)}`, `${program} ${error.message}`);
      if (typed) refusals.set(kindOf(error.message), (refusals.get(kindOf(error.message)) ?? 0) + 1);
      count('refused');
    }
    const added = blocks.allocated - allocated;
    if (bytes !== undefined && added > MOST_FIXED + MOST_PER_BYTE * bytes)
      find(out, `ALLOCATED ${call}: ${kind}`, `${program} ${added} bytes for a file of ${bytes}`);
    if (net) {
      if (wrong) find(out, `ACCEPTED ${call}: ${kind}`, program);
      const loaded = (out.codes.get('loaded') ?? 0) + 1;
      out.codes.set('loaded', loaded);
      try {
        if (loaded % USED === 0) use(net, 1 + (loaded % 3), reader, count);
      } catch (error) {
        // What a damaged file asks for may be more than there is; what a sound one asks for is not.
        if (wrong === undefined && error instanceof MemoryError) count('used: MEMORY');
        else find(out, `USED ${call}: ${kind}: ${String(error).replace(/\d+/g, 'N').slice(0, 160)}`, program);
      }
      net.dispose();
    }
    const growth = core.memory.buffer.byteLength - memory;
    if (growth > MOST_GROWTH) find(out, `MEMORY ${call}: ${kind}`, `${program} ${growth} bytes`);
  };

  const mutate = (i: number, where: string) => {
    const way = ways[i % ways.length] as string;
    const bytes = (mutations[way] as (typeof mutations)[string])(pick(sources).file, pick(sources).file);
    count('mutated');
    attempt(way, where, 'load', bytes.length, undefined, () => reader.load(bytes, { build: CORE }));
    if (i % 4) return;
    const textWay = textWays[(i / 4) % textWays.length] as string;
    const json = (texts[textWay] as (typeof texts)[string])(pick(sources).text);
    count('texts');
    attempt(textWay, where, 'fromJSON', undefined, undefined, () => reader.fromJSON(json as string, { build: CORE, maxParameters: MAX_PARAMETERS }));
  };
  const make = (i: number, where: string) => {
    const { kind, wrong, file, json } = makeFile(chance);
    count('made');
    attempt(kind, where, 'load', file.length, wrong, () => reader.load(file, { build: CORE }));
    if (i % 4 || !json) return;
    count('texts');
    attempt(kind, where, 'fromJSON', undefined, json.wrong, () => reader.fromJSON(json.text, { build: CORE, maxParameters: MAX_PARAMETERS }));
  };

  const baseline = blocks.count();
  const look = (where: string) => {
    const said = neighbours.changed();
    if (said) find(out, said, where);
    if (prototypes() !== before) find(out, 'PROTOTYPE: a built-in prototype changed', where);
    const left = blocks.count() - baseline;
    if (left > 0) find(out, 'LEAK: blocks are left when every network is disposed', `${where}: ${left}`);
  };
  const total = amount.mutated + amount.made;
  let [mutated, made, early] = [0, 0, core.memory.buffer.byteLength];
  for (let i = 0; i < total; i++) {
    if (i % 64 === 0) {
      // Lets the sign of life through, and ends when time is over.
      await new Promise((done) => setImmediate(done));
      if (performance.now() > until) break;
    }
    // A case depends on its number and the seed alone.
    next = generator((Math.imul(i + 1, 0x85ebca6b) ^ seed) >>> 0);
    for (let k = 0; k < 4; k++) next();
    const where = `case ${i} of seed ${seed}:`;
    if (made * total < i * amount.made) make(made++, where);
    else mutate(mutated++, where);
    if (i % 1000 === 999) look(where);
    if (i === Math.floor(total / 4)) early = core.memory.buffer.byteLength;
  }
  look('at the end');
  count('MiB of memory after a quarter', early / 2 ** 20);
  count('MiB at the end', core.memory.buffer.byteLength / 2 ** 20);
  if (core.memory.buffer.byteLength - early > MOST_GROWTH) find(out, 'MEMORY grows', `from ${early} to ${core.memory.buffer.byteLength} bytes`);
  blocks.restore();
  neighbours.dispose();
  const sorted = [...refusals].sort(([, a], [, b]) => b - a);
  for (const [kind, n] of sorted.slice(0, SHOWN)) count(`“${kind}”`, n);
  count(
    `${Math.max(0, sorted.length - SHOWN)} other refusals`,
    sorted.slice(SHOWN).reduce((sum, [, n]) => sum + n, 0),
  );
  return out;
}
