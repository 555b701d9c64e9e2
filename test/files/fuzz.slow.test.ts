/** Files that were damaged, or made to do damage: `load` gives a network or a FileError, soon, and in little memory. */

import { type AnyNetwork, FileError, fromJSON, load, NeuriteError, save, toJSON } from 'neurite';
import { summary } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { internals } from '../../src/network/network.js';
import { workOf } from '../compile/work.js';
import { generator } from './bits.js';
import { mutator, prototypes } from './mutate.js';
import { networks } from './networks.js';

const MUTANTS = 24_000;

/** What one load may add to the core's memory: the network it makes, and its first prediction's workspace. */
const MOST_MEMORY = 256 * 2 ** 20;

/** Most steps, as `workOf` counts them, that one load takes for each byte of its file. */
const MOST_WORK = 3;

const { pick, mutations, texts: textMutations } = mutator(generator(20260801));

/** Files of the networks, without the wide ones, whose damage would mostly be to elements; every second with optimizer state. */
const files = networks.flatMap(([name, make], i) => {
  if (name === 'wide') return [];
  using net = make();
  return [save(net, { optimizerState: i % 2 === 0 }).slice()];
});

/** Uses a network that a damaged file gave: its shapes must hold whatever was damaged. */
function use(net: AnyNetwork): void {
  const { engine } = internals('test', net);
  const { inputs } = engine.model;
  const x = inputs.map((node, i) => new Float32Array(node.shape.size[0] as number).fill(engine.ids?.[i] ? 0 : 0.5));
  if (x.length === 1) net.predict(x[0] as Float32Array);
  else net.predict(x);
  const again = load(save(net));
  again.dispose();
  summary(net);
}

/** The network of a file, or why there is none. */
function attempt(bytes: Uint8Array): [AnyNetwork | undefined, unknown] {
  try {
    return [load(bytes), undefined];
  } catch (error) {
    return [undefined, error];
  }
}

const TEXTS = 6_000;

/** JSON of the networks, and parameters that such a text may ask for in this test. */
const texts = networks.map(([, make]) => {
  using net = make();
  return JSON.stringify(toJSON(net));
});
const MAX_PARAMETERS = 2 ** 20;

test(`${TEXTS} damaged texts of JSON: a network or a FileError each`, { timeout: 120_000 }, () => {
  const before = prototypes();
  let loaded = 0;
  let refused = 0;
  const { core } = internals('test', load(files[0] as Uint8Array)).engine;
  const memory = core.memory.buffer.byteLength;
  for (let i = 0; i < TEXTS; i++) {
    const ways = Object.values(textMutations);
    const json = (ways[i % ways.length] as (typeof ways)[number])(pick(texts));
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
      using again = fromJSON(JSON.stringify(toJSON(net)), { maxParameters: MAX_PARAMETERS });
      expect(JSON.stringify(toJSON(again))).toBe(JSON.stringify(toJSON(net)));
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
  const { core } = internals('test', load(files[0] as Uint8Array)).engine;
  const memory = core.memory.buffer.byteLength;
  let most = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const kind = kinds[i % kinds.length] as string;
    const bytes = (mutations[kind] as (typeof mutations)[string])(pick(files), pick(files));
    let net: AnyNetwork | undefined;
    let refusal: unknown;
    const work = workOf(() => {
      [net, refusal] = attempt(bytes);
    });
    // Whatever the file, its reader first makes its words: a few for each op there is.
    most = Math.max(most, work / (bytes.length + 512));
    if (refusal !== undefined) {
      if (!(refusal instanceof FileError && refusal.message.startsWith('load: ') && refusal.message.length < 2000))
        throw new Error(`${kind}: ${refusal}`, { cause: refusal });
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
  }
  const count = (of: Map<string, number>) => [...of.values()].reduce((sum, n) => sum + n, 0);
  expect(count(loaded) + count(refused)).toBe(MUTANTS);
  // Each way of damage is refused at times, and those that reach the architecture or the elements pass at times.
  for (const kind of kinds) expect(refused.get(kind) ?? 0, kind).toBeGreaterThan(0);
  for (const kind of ['flipped bits', 'another value in the architecture', 'another number in the header'])
    expect(loaded.get(kind) ?? 0, kind).toBeGreaterThan(20);
  expect(most).toBeLessThan(MOST_WORK);
  expect(core.memory.buffer.byteLength - memory).toBeLessThan(MOST_MEMORY);
  expect(prototypes()).toBe(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
