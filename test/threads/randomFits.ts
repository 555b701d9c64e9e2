/** Random trainings: networks, data and calls of a seed, on whatever threads, and what came of each call as bits. */
import {
  type AnyNetwork,
  adagrad,
  adam,
  adamW,
  batchNorm,
  binaryCrossEntropy,
  checkpoint,
  concat as concatOf,
  crossEntropy,
  Dataset,
  dataset,
  decayMatrices,
  dense,
  dropout,
  embedding,
  input,
  type Layer,
  layerNorm,
  lion,
  load,
  meanSquaredError,
  type Node,
  nadam,
  network,
  type Optimizer,
  parameterGroups,
  restore,
  rmsProp,
  save,
  sgd,
  stream,
} from 'neurite';
import type { Build, Threads } from '../../src/core/core.js';
import { hash } from '../attack/victims.js';
import { generator } from '../files/bits.js';

// biome-ignore lint/suspicious/noExplicitAny: a random network has any inputs and targets
type Any = any;

/** Layers whose weights have 32,761 to 32,769 elements, and others around them: units, then inputs. */
const LIMITS = [
  [151, 217],
  [217, 151],
  [181, 181],
  [128, 256],
  [256, 128],
  [99, 331],
  [331, 99],
] as const;

const WIDTHS = [1, 2, 3, 5, 8, 13, 16, 31, 32, 33, 64, 70, 100, 128, 151, 181, 217, 256, 331, 512, 784, 1030];
const UNITS = [1, 2, 3, 7, 8, 9, 16, 24, 33, 40, 64, 99, 128, 151, 181, 217, 256];

/** Bytes of rows from which on helpers copy them, and up to which. */
const COPIED = [4096, 2 ** 19];

/** The most multiply-adds of a pass forward, and numbers of a data set. */
const MOST_WORK = 2 ** 23;
const MOST_DATA = 400_000;

/** What a random case is made of. */
class Draw {
  readonly next: () => number;
  constructor(seed: number) {
    this.next = generator(seed);
    for (let i = 0; i < 8; i++) this.next();
  }
  below(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n);
  }
  chance(one: number): boolean {
    return this.below(one) === 0;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** What a value is, as bits: times are left out. */
function told(value: unknown): string {
  return (
    JSON.stringify(value, (key, v) => {
      if (/second|longest|rowsPer/i.test(key)) return undefined;
      if (ArrayBuffer.isView(v)) return hash(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
      return typeof v === 'number' ? (Object.is(v, -0) ? '-0' : String(v)) : v;
    }) ?? ''
  );
}

/** An optimizer, sometimes with groups, decays and clipping. */
function optimizerOf(draw: Draw): Optimizer {
  const common: Any = {
    ...(draw.chance(3) && { weightDecay: 0.01 }),
    ...(draw.chance(4) && { clipNorm: draw.pick([0.01, 1, 100]) }),
    ...(draw.chance(6) && { clipParameterNorm: draw.pick([0.005, 1]) }),
    ...(draw.chance(6) && { clipValue: draw.pick([0.001, 1]) }),
  };
  const some = () =>
    draw.pick([
      decayMatrices(),
      parameterGroups([{ parameters: (name: string) => name.endsWith('.biases'), learningRateFactor: 2 } as Any]),
      parameterGroups([
        { parameters: (_: string, shape: readonly number[]) => shape.length === 2, learningRateFactor: 0.5, weightDecay: 0.02 } as Any,
        { parameters: (name: string) => name.includes('1'), weightDecay: 0, learningRateFactor: 0 } as Any,
      ]),
    ]);
  if (draw.chance(4)) common.groups = some();
  const rate = draw.pick([undefined, 0.001, 0.01, 0.05, 1.5]);
  const given = rate === undefined ? common : { ...common, learningRate: rate };
  switch (draw.below(11)) {
    case 0:
      return sgd({ ...(rate !== undefined && { learningRate: rate }) });
    case 1:
      return sgd(given);
    case 2:
      return sgd({ ...given, momentum: 0.9 });
    case 3:
      return sgd({ ...given, momentum: 0.5, nesterov: true });
    case 4:
      return adamW(given);
    case 5:
      return lion({ ...given, learningRate: 0.001 });
    case 6:
      return nadam(given);
    case 7:
      return rmsProp(given);
    case 8:
      return adagrad(given);
    default:
      return adam(given);
  }
}

/** The hidden layers, with a weight around the size from which on it is updated by itself in half of the cases. */
function hiddenOf(draw: Draw, from: number, count: number): { layers: Layer[]; widths: number[] } {
  const layers: Layer[] = [];
  const widths = [from];
  const activation = () => draw.pick(['relu', 'tanh', 'identity', 'sigmoid', 'gelu', 'softplus'] as const);
  for (let i = 0; i < count; i++) {
    const width = widths.at(-1) as number;
    const limit = LIMITS.find(([, inputs]) => inputs === width);
    const units = limit && draw.below(4) ? limit[0] : draw.pick(UNITS);
    if (draw.chance(8)) layers.push(batchNorm());
    if (draw.chance(8)) layers.push(layerNorm());
    if (draw.chance(6)) layers.push(dropout(0.25));
    layers.push(
      dense(units, activation(), { bias: draw.below(5) > 0, trainable: draw.below(8) > 0, ...(draw.chance(12) && ({ maxNorm: 0.5 } as Any)) }),
    );
    widths.push(units);
  }
  return { layers, widths };
}

/** A case: its networks can be made again and again, on one thread or on several. */
export interface RandomFit {
  readonly says: string;
  /** What each call of it gave, in order. */
  run(options: { readonly build: Build; readonly threads?: Threads | undefined }): Promise<string[]>;
}

const OURS = Object.assign(new Error('ours'), { code: 'OURS' });

export function randomFit(seed: number): RandomFit {
  const draw = new Draw(seed);
  const kind = draw.pick(['ids', 'ids', 'probabilities', 'values', 'values', 'bits', 'x', 'embedding', 'two'] as const);
  const near = draw.below(2) > 0;
  const embeds = kind === 'embedding';
  const two = kind === 'two';
  const features = embeds ? 1 + draw.below(4) : near ? (draw.pick(LIMITS)[1] as number) : draw.pick(WIDTHS);
  const vocabulary = draw.pick([10, 700, 4096]);
  const size = embeds ? draw.pick([8, 47, 64]) : features;
  const second = two ? draw.pick(WIDTHS) : 0;
  const outputs = kind === 'x' ? features : draw.pick([1, 2, 3, 8, 10, 33]);
  const ids = kind === 'ids' || embeds;
  const classes = ids || kind === 'probabilities';
  const shape = draw.next();
  const layerCount = 1 + draw.below(2);
  const make = () => {
    const own = new Draw(shape);
    const { layers, widths } = hiddenOf(own, embeds ? features * size : features + second, layerCount);
    const first = input(features, 'a');
    const other = two ? input(second, 'b') : undefined;
    let at: Node = embeds ? embedding(vocabulary, size)(first) : first;
    const repeated = own.chance(6);
    const shared = dense(size, 'tanh');
    if (repeated && !embeds && !two && size <= 331) at = shared(shared(at));
    if (other) {
      // Both inputs by layers of their own, or side by side.
      const units = own.pick([8, 64, 128]);
      const [l, r] = [dense(units, 'tanh'), dense(units, 'tanh')];
      const joint = own.chance(2);
      const sum = { l: l(at), r: r(other) };
      at = joint ? concatOf(at, other) : concatOf(sum.l, sum.r);
    }
    for (const each of layers) at = each(at);
    const code = at;
    at = dense(outputs, classes && outputs > 1 ? 'softmax' : kind === 'bits' ? 'sigmoid' : 'identity')(at);
    return { inputs: other ? [first, other] : first, code, output: at, widths };
  };
  const { widths } = make();
  const work = widths.slice(1).reduce((sum, units, i) => sum + units * (widths[i] as number), (widths.at(-1) as number) * outputs + 1);
  const most = Math.max(1, Math.min(Math.floor(MOST_WORK / work), Math.floor(MOST_DATA / (features + outputs)), 1100));
  const wide = draw.chance(2) ? features : second || features;
  const atCopy = Math.floor((draw.pick(COPIED) as number) / 4 / wide) + draw.below(3) - 1;
  const batch = Math.max(1, Math.min(most, draw.pick([1, 2, 7, 8, 16, 33, 64, 100, atCopy, atCopy, atCopy, atCopy])));
  const rows = Math.max(2, Math.min(most * 2, batch * (1 + draw.below(3)) + draw.below(batch + 1) - draw.below(2)));
  const isClassLoss = classes && outputs > 1;
  const bytes = !embeds && draw.chance(4);
  const numbersOf = (n: number, own: Draw): ArrayLike<number> => Float32Array.from({ length: n }, () => (own.below(2001) - 1000) / 500);
  const columns = () => {
    const own = new Draw(seed + 77);
    const x = embeds
      ? own.chance(2)
        ? Uint16Array.from({ length: rows * features }, () => own.below(vocabulary))
        : Float32Array.from({ length: rows * features }, () => own.below(vocabulary))
      : bytes
        ? Uint8Array.from({ length: rows * features }, () => own.below(256))
        : numbersOf(rows * features, own);
    const b = two ? numbersOf(rows * second, own) : undefined;
    const y = isClassLoss
      ? kind === 'probabilities'
        ? oneHotOf(rows, outputs, own)
        : new (own.pick([Uint8Array, Uint32Array, Float32Array]))(Array.from({ length: rows }, () => own.below(outputs)))
      : kind === 'bits'
        ? Uint8Array.from({ length: rows * outputs }, () => own.below(2))
        : numbersOf(rows * outputs, own);
    return { x: b ? [x, b] : x, y };
  };
  const scaled = embeds ? {} : draw.chance(2) ? { scale: bytes ? 1 / 255 : 0.5, offset: draw.pick([0, -0.25]) } : bytes ? { scale: 1 / 255 } : {};
  const besides = {
    ...scaled,
    ...(draw.chance(4) && { budget: 0 }),
    ...(!isClassLoss && kind !== 'x' && draw.chance(4) && { targetScale: 0.25 }),
    ...(draw.chance(4) && { weight: Float32Array.from({ length: rows }, (_, i) => (i * 7) % 5) }),
  };
  const loss = isClassLoss ? crossEntropy() : kind === 'bits' ? binaryCrossEntropy() : meanSquaredError();
  const optimizer = draw.next();
  const program = draw.next();
  const steps = 4 + draw.below(4);
  const says = `${seed}: ${kind} ${features}${two ? `+${second}` : ''} → ${widths.slice(1).join('-')}-${outputs}, ${rows} rows in batches of ${batch}${bytes ? ', bytes' : ''} ${JSON.stringify({ ...besides, weight: besides.weight && 1 })}`;

  const run: RandomFit['run'] = async (options) => {
    const own = new Draw(program);
    const trace: string[] = [];
    const graph = make();
    const given = { loss, optimizer: optimizerOf(new Draw(optimizer)), seed: seed % 1000, ...options } as Any;
    const created: Any[] = [];
    const keep = <T>(net: T): T => {
      created.push(net);
      return net;
    };
    let net: Any = keep(network({ inputs: graph.inputs, outputs: graph.output, ...given } as Any));
    const twin: Any = keep(network({ inputs: graph.inputs, outputs: graph.output, ...given, seed: 5 } as Any));
    const partner: Any = own.chance(3)
      ? keep(network({ inputs: graph.inputs, outputs: graph.output, ...given, seed: undefined, parametersOf: net } as Any))
      : undefined;
    let { x, y } = columns() as Any;
    if (own.chance(5) && !two && !Array.isArray(x)) {
      const shared = new SharedArrayBuffer(x.byteLength);
      const view = new x.constructor(shared);
      view.set(x);
      x = view;
    }
    const target = kind === 'x' && !Array.isArray(x) && own.chance(2) ? 'x' : kind === 'x' ? Float32Array.from(x as Float32Array) : y;
    const literal = { x, y: target, ...besides } as Any;
    let data: Any = own.chance(2) ? dataset(literal) : literal;
    const held: [Any, number][] = [];
    const part = (from: number, n: number) => {
      const cut = (values: Any, width: number) => Float32Array.from(values.subarray(from * width, (from + n) * width));
      const xs = two ? [cut(x[0], features), cut(x[1], second)] : cut(x, features);
      const width = isClassLoss && kind !== 'probabilities' ? 1 : outputs;
      const ys = kind === 'x' ? cut(x, features) : width === 1 && isClassLoss ? y.slice(from, from + n) : cut(y, width);
      return [xs, ys] as const;
    };
    const told1 = (name: string, value: unknown) => {
      trace.push(`${name}: ${told(value)} ${told(net.parameters.slice())}`);
    };
    const grow = () => {
      if (!options.threads) return;
      const core = options.threads.coreFor('test');
      held.push([core, core.allocate(2 ** 16 + 2 ** 12 * own0.below(200), 'test')]);
    };
    // Draws that only one side makes.
    const own0 = new Draw(seed + 5);
    const fitOptions = () => ({
      epochs: 1 + own.below(2),
      batchSize: own.chance(8) ? rows + 5 : own.chance(10) ? 1 + own.below(3) : batch,
      shuffle: own.below(3) > 0,
      ...(own.chance(5) && { accumulationSteps: 2 }),
      ...(own.chance(6) && { learningRate: (epoch: number, step: number) => 0.01 / (epoch + step) }),
    });
    const acts: Record<string, (stop: AbortController) => unknown> = {
      nothing: () => true,
      'predicts in onEpoch': () => void net.predict(part(0, 1)[0]),
      'evaluates in onEpoch': () => void net.evaluate(literal),
      'takes a step of another': () => void twin.step(...part(0, Math.min(rows, 9))),
      throws: () => {
        throw OURS;
      },
      aborts: (stop) => void stop.abort(OURS),
      'ends early': () => false,
      grows: grow,
      'makes another': () => {
        keep(network({ inputs: graph.inputs, outputs: graph.output, ...given } as Any)).predict(part(0, 1)[0]);
      },
      'disposes of the data': () => void (Dataset.is(data) && (data as Any).dispose()),
      'changes the data': () => {
        const one = Array.isArray(x) ? x[0] : x;
        if (!embeds) for (let i = 0; i < one.length; i += 3) one[i] = (one[i] as number) > 0 ? 0 : 1;
      },
      'steps itself': () => void net.step(...part(0, 1)),
      'configures itself': () => void net.configure({ optimizer: sgd() }),
      'freezes itself': () => void net.setTrainable(net.parameterNames[0], false),
    };
    const fit = async (one: Any, of: Any, how: Any) => {
      const stop = new AbortController();
      const act = own.below(3) ? 'nothing' : own.pick(Object.keys(acts));
      const history = await one.fit(of, { ...how, signal: stop.signal, onEpoch: () => acts[act]?.(stop) });
      return [act, history];
    };
    const calls: Record<string, () => unknown> = {
      fit: () => fit(net, data, fitOptions()),
      'fit again': () => fit(net, data, fitOptions()),
      'fit with validation': () => fit(net, literal, { ...fitOptions(), validationSplit: 0.3 }),
      'fit two': async () => {
        const how = { ...fitOptions(), budgetMs: 1 };
        const both = await settled([net.fit(data, how), twin.fit(data, { ...how, shuffle: true })]);
        return [both, twin.parameters.slice()];
      },
      'fit a partner': () => (partner ? fit(partner, data, fitOptions()) : undefined),
      'fit both of one': async () => {
        if (!partner) return undefined;
        // Which comes first is no one's: only that nothing breaks.
        await settled([net.fit(literal, { batchSize: batch }), partner.fit(literal, { batchSize: batch })]);
        net.reset();
        partner.configure({ optimizer: optimizerOf(new Draw(optimizer)) });
        return 'done';
      },
      'fit of a stream': () => {
        const list = Array.from({ length: rows }, (_, i) => {
          const [xs, ys] = part(i, 1);
          return { x: xs, y: ys } as Any;
        });
        let s: Any = stream(() => list, scaled as Any);
        if (own.chance(2)) s = s.shuffle(1 + own.below(rows));
        return fit(net, s.batch(batch), { epochs: 1 });
      },
      step: () => net.step(...part(0, Math.min(rows, batch))),
      'step of a row': () => net.step(...part(own.below(rows), 1)),
      gradient: () => [net.gradient(...part(0, Math.min(rows, batch))), net.gradients.slice()],
      evaluate: () => net.evaluate(data),
      predict: () => net.predict(part(0, rows)[0]),
      'predict a row': () => net.predict(part(rows - 1, 1)[0]),
      configure: () => void net.configure({ optimizer: optimizerOf(own) }),
      freeze: () => {
        const name = own.pick(net.parameterNames as string[]);
        net.setTrainable(name, own.chance(2));
        return name;
      },
      grows: () => grow(),
      'a loop': () => {
        const out: unknown[] = [];
        for (let i = 0; i < 3; i++) {
          out.push(net.step(...part(i % rows, 1 + ((i * 5) % Math.min(batch, rows - (i % rows))))));
          out.push(net.predict(part(0, 1)[0]));
          if (i === 1) out.push(net.evaluate(data));
        }
        return out;
      },
      'saves and loads': () => {
        const again: Any = keep(load(save(net), options.threads ? { threads: options.threads } : { build: options.build }));
        return again.predict(part(0, Math.min(rows, 20))[0]);
      },
      'goes on from a checkpoint': () => {
        if (partner) return undefined;
        net = keep(restore(checkpoint(net), options.threads ? { threads: options.threads } : ({ build: options.build } as Any)));
        return undefined;
      },
      'changes the data': () => {
        acts['changes the data']?.(new AbortController());
      },
      'detaches the data': () => {
        const one = Array.isArray(x) ? x[0] : x;
        if (!own.chance(4) || one.buffer instanceof SharedArrayBuffer) return;
        const before = one.slice();
        structuredClone(one.buffer, { transfer: [one.buffer] });
        if (two) x = [before, x[1]];
        else x = before;
        literal.x = x;
      },
      'takes other data': () => {
        if (Dataset.is(data)) (data as Any).dispose();
        data = own.chance(2) ? dataset(literal) : literal;
      },
    };
    const names = Object.keys(calls);
    const record = async (name: string) => {
      try {
        told1(name, await calls[name]?.());
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        told1(name, `${code} ${message}`);
      }
    };
    try {
      await record('fit');
      for (let i = 0; i < steps; i++) await record(own.pick(names));
      await record('fit again');
      await record('evaluate');
      trace.push(told(save(net, { optimizerState: true } as Any)));
      if (Dataset.is(data)) (data as Any).dispose();
    } finally {
      for (const one of created as AnyNetwork[]) one.dispose();
      for (const [core, address] of held) core.free(address);
    }
    return trace;
  };
  return { says, run };
}

function oneHotOf(rows: number, outputs: number, own: Draw): Float32Array {
  const y = new Float32Array(rows * outputs);
  for (let i = 0; i < rows; i++) y[i * outputs + own.below(outputs)] = 1;
  return y;
}

/** What became of each, once all are over. */
async function settled(runs: readonly Promise<unknown>[]): Promise<unknown[]> {
  const all = await Promise.allSettled(runs);
  return all.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message));
}
