/** Checkpoints that were damaged, or made to do damage: `restore` gives a network or a FileError, and a network that it was to go into stays as it was. */
import { type AnyNetwork, checkpoint, FileError, lbfgs, NeuriteError, restore, save } from 'neurite';
import { beforeAll, expect, test } from 'vitest';
import { internals } from '../../src/network/network.js';
import { generator } from './bits.js';
import { fileOf, headerOf, mutator, prototypes } from './mutate.js';
import { type Run, runs } from './runs.js';

const MUTANTS = 50_000;

const { pick, mutations, texts } = mutator(generator(20261126));

interface Kept {
  readonly run: Run;
  readonly bytes: Uint8Array;
}

const kept: Kept[] = [];

beforeAll(async () => {
  for (const run of runs) {
    for (const at of [1, 3, 6]) {
      const net = run.make();
      const abort = new AbortController();
      let calls = 0;
      let bytes: Uint8Array | undefined;
      const called = () => {
        if (++calls !== at) return;
        bytes = checkpoint(net).slice();
        abort.abort(new Error('killed'));
      };
      const options = { ...run.options(), budgetMs: 1e-9, signal: abort.signal, onProgress: called, onEpoch: called };
      await net.fit(run.data() as never, options).then(undefined, () => {});
      kept.push({ run, bytes: bytes as Uint8Array });
      // With the parameters of its step beside those of the best epoch, where early stopping put these back.
      if (run.options().earlyStopping) kept.push({ run, bytes: checkpoint(net) });
    }
  }
});

/** The file with what it says of the training changed. */
function otherTraining(bytes: Uint8Array, change: (text: string) => unknown): Uint8Array {
  const { text, data } = headerOf(bytes);
  const header = JSON.parse(text);
  // biome-ignore lint/complexity/useLiteralKeys: as the file has it
  const metadata = header['__metadata__'];
  const changed = change(metadata['neurite.checkpoint']);
  metadata['neurite.checkpoint'] = typeof changed === 'string' ? changed : JSON.stringify(changed);
  return fileOf(JSON.stringify(header), data);
}

test(`${MUTANTS} damaged checkpoints: a network or a FileError each`, { timeout: 600_000 }, async () => {
  const before = prototypes();
  const ways = [...Object.values(mutations), ...Object.values(texts)];
  const counts = { restored: 0, refused: 0, trained: 0, stopped: 0 };
  const options = { optimizers: [lbfgs] };
  const targets = new Map(runs.map((run) => [run, run.make() as AnyNetwork]));
  const states = new Map([...targets].map(([run, net]) => [run, Buffer.from(save(net, { optimizerState: true })).toString('hex')]));
  for (let i = 0; i < MUTANTS; i++) {
    const { run, bytes } = pick(kept);
    const way = i % ways.length;
    const damaged =
      way < Object.keys(mutations).length
        ? (ways[way] as (typeof mutations)[string])(bytes, pick(kept).bytes)
        : otherTraining(bytes, ways[way] as (text: string) => unknown);
    const into = i % 3 === 0 ? (targets.get(run) as AnyNetwork) : undefined;
    let net: AnyNetwork;
    try {
      net = restore(damaged, { ...options, ...(into && { into }) });
    } catch (error) {
      if (!(error instanceof FileError && error.message.startsWith('restore: ') && error.message.length < 2000))
        throw new Error(`${i}: ${error}`, { cause: error });
      counts.refused++;
      if (into && counts.refused % 50 === 0) expect(Buffer.from(save(into, { optimizerState: true })).toString('hex')).toBe(states.get(run));
      continue;
    }
    counts.restored++;
    // A training that goes on from there ends, or says why not.
    if (counts.restored % 20 === 0) {
      try {
        const { epochs = 1 } = run.options();
        const resume = internals('test', net).trainee.resume;
        if ((resume?.epoch ?? 1) + 20 > epochs) await net.fit(run.data() as never, run.options());
        counts.trained++;
      } catch (error) {
        if (!(error instanceof NeuriteError)) throw new Error(`${i}, trained: ${error}`, { cause: error });
        counts.stopped++;
      }
    }
    if (into) {
      targets.set(run, run.make());
      into.dispose();
    } else net.dispose();
  }
  expect(counts.restored + counts.refused).toBe(MUTANTS);
  expect(counts.restored).toBeGreaterThan(MUTANTS / 50);
  expect(counts.refused).toBeGreaterThan(MUTANTS / 4);
  expect(counts.trained).toBeGreaterThan(10);
  expect(prototypes()).toBe(before);
});
