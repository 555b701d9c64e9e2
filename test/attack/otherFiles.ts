/** Files of populations and of predictors of eight bits, byte by byte and damaged in every way: each loads to what works, or is a FileError or a MemoryError. */
import { adam, batchNorm, dense, FileError, load, MemoryError, meanSquaredError, NeuriteError, save, sequential, sgd } from 'neurite';
import { int8 } from 'neurite/int8';
import { loadPopulation, type Population, population, savePopulation } from 'neurite/population';
import { coreOf } from '../../src/core/core.js';
import { laneCoreOf } from '../../src/population/core.js';
import { generator } from '../files/bits.js';
import { mutator } from '../files/mutate.js';
import { about, CORE, find, Neighbours, type Report, report } from './victims.js';

/** What one file may add to a core's memory. */
const MOST_GROWTH = 64 * 2 ** 20;

/** Values that a byte is set to, besides each of its bits turned. */
const BYTES = [0, 34, 48, 57, 123, 127, 128, 255];

interface Kind {
  readonly name: string;
  readonly files: readonly Uint8Array[];
  /** Loads, uses and saves. @returns what it saved, which has to load to the same bytes */
  use(bytes: Uint8Array): Uint8Array;
}

const rowsOf = (features: number, rows = 3) => Float32Array.from({ length: features * rows }, (_, i) => Math.sin(i));

function populations(): Kind {
  const data = { x: rowsOf(2, 5), y: rowsOf(2, 5) };
  const made = (herd: Population) => {
    for (let i = 0; i < 2; i++) herd.step(data.x, data.y);
    herd.mutate({ nets: 0 });
    const file = savePopulation(herd);
    herd.dispose();
    return file;
  };
  const loss = meanSquaredError();
  const nets = [
    sequential(2, [dense(2, 'tanh')], { build: CORE, seed: 1, loss, optimizer: adam() }),
    sequential(2, [dense(3), batchNorm(), dense(2)], { build: CORE, seed: 1, loss, optimizer: sgd({ momentum: 0.5 }) }),
  ];
  return {
    name: 'population',
    files: [...nets.map((net, i) => made(population(net, 2 + 3 * i))), savePopulation(population(sequential(2, [dense(2)], { build: CORE }), 1))],
    use(bytes) {
      const herd = loadPopulation(bytes, { build: CORE });
      try {
        const { length } = herd.input;
        herd.predict(rowsOf(length / herd.count));
        if (herd.optimizer) herd.step(rowsOf(length / herd.count), rowsOf(herd.output.length / herd.count));
        herd.network(herd.count - 1).dispose();
        return savePopulation(herd);
      } finally {
        herd.dispose();
      }
    },
  };
}

function predictors(): Kind {
  const nets = [
    sequential(2, [dense(3, 'tanh'), dense(2)], { build: CORE, seed: 1 }),
    sequential(5, [dense(17, 'relu'), batchNorm(), dense(9, 'softmax')], { build: CORE, seed: 1 }),
  ];
  return {
    name: 'int8',
    files: nets.map((net) => save(net.freeze({ quantize: int8 }))),
    use(bytes) {
      const predictor = load(bytes, { build: CORE, quantize: int8 });
      try {
        predictor.predict(rowsOf(predictor.inFeatures[0] as number, 5));
        return save(predictor);
      } finally {
        predictor.dispose();
      }
    },
  };
}

/** Each byte set and each of its bits turned; then the ways of `mutator`, as long as there is time. @param step every how many bytes */
export async function attackOtherFiles(seed: number, step: number, mutated: number, until = Number.POSITIVE_INFINITY): Promise<Report> {
  const out = report('other files');
  const count = (what: string) => out.codes.set(what, (out.codes.get(what) ?? 0) + 1);
  const neighbours = new Neighbours();
  const memory = () => coreOf(CORE).memory.buffer.byteLength + laneCoreOf(CORE).core.memory.buffer.byteLength;
  const kinds = [populations(), predictors()];

  const attempt = ({ name, use }: Kind, program: string, bytes: Uint8Array) => {
    out.calls++;
    about(program);
    const before = memory();
    let saved: Uint8Array | undefined;
    try {
      saved = use(bytes);
      count(`${name}: loaded`);
    } catch (error) {
      // What a net computes with the parameters of a damaged file may be no number, and one with an optimizer may have lost its loss.
      const isTyped =
        error instanceof FileError ||
        error instanceof MemoryError ||
        (error instanceof NeuriteError && (error.code === 'NOT_FINITE' || error.code === 'NOT_CONFIGURED'));
      if (isTyped) count(`${name}: ${(error as NeuriteError).code}`);
      else find(out, `RAW ${name}: ${String(error).replace(/\d+/g, 'N').slice(0, 120)}`, program);
    }
    if (memory() - before > MOST_GROWTH) find(out, `MEMORY ${name}`, `${program}: ${memory() - before} bytes`);
    if (!saved) return;
    try {
      const again = use(saved);
      // A step was done, or none: what loads is used in the same way.
      if (again.length < saved.length / 2) find(out, `USED ${name}: the file shrinks`, program);
    } catch (error) {
      find(out, `USED ${name}: what it saved does not load: ${String(error).replace(/\d+/g, 'N').slice(0, 120)}`, program);
    }
  };
  const began = performance.now();
  /** @param share of the time at most, a third for each loop */
  const look = async (where: string, share = 3) => {
    await new Promise((done) => setImmediate(done));
    const said = neighbours.changed();
    if (said) find(out, said, where);
    return performance.now() > began + ((until - began) * share) / 3;
  };

  for (const [third, kind] of kinds.entries())
    bytes: for (const [number, file] of kind.files.entries())
      for (let at = 0; at < file.length; at += step) {
        const was = file[at] as number;
        for (const value of new Set([...BYTES, ...Array.from({ length: 8 }, (_, bit) => was ^ (1 << bit)), was + 1])) {
          if (value === was) continue;
          const bytes = file.slice();
          bytes[at] = value;
          attempt(kind, `${kind.name} ${number}: byte ${at} from ${was} to ${value}`, bytes);
        }
        attempt(kind, `${kind.name} ${number}: cut at ${at}`, file.slice(0, at));
        if (at % 16 === 0 && (await look(`${kind.name} ${number}: before byte ${at}`, third + 1))) break bytes;
      }
  const { pick, mutations } = mutator(generator(seed));
  const ways = Object.entries(mutations);
  for (let i = 0; i < mutated; i++) {
    const kind = kinds[i % kinds.length] as Kind;
    const [way, mutate] = ways[i % ways.length] as (typeof ways)[number];
    attempt(kind, `${kind.name}: ${way}, number ${i} of seed ${seed}`, mutate(pick(kind.files), pick(kind.files)));
    if (i % 256 === 255 && (await look(`mutation ${i}`))) return out;
  }
  await look('the end');
  return out;
}
