/** Odd values put into well-formed calls of everything that is public; what is public is read off the exports and prototypes. */

import { createContext, runInContext } from 'node:vm';
import * as neurite from 'neurite';
import * as check from 'neurite/check';
import * as derivatives from 'neurite/derivatives';
import * as inspect from 'neurite/inspect';
import * as eight from 'neurite/int8';
import * as populations from 'neurite/population';
import * as progress from 'neurite/progress';
import * as threading from 'neurite/threads';
import { generator } from '../files/bits.js';
import { optimizers, schedules } from '../vocabulary.js';
import {
  about,
  CORE,
  codeOf,
  find,
  grow,
  herdState,
  Neighbours,
  OURS,
  parametersOf,
  type Report,
  report,
  small,
  smallHerd,
  threw,
} from './victims.js';

// biome-ignore lint/suspicious/noExplicitAny: the attack is on what types forbid
type Any = any;

class LongArray extends Float32Array {
  override get length(): number {
    return 1000;
  }
}
class OddArray extends Array {
  static override get [Symbol.species](): ArrayConstructor {
    throw OURS;
  }
}

/** Everything that the package's entries export. */
const PUBLIC: Any = { ...neurite, ...check, ...derivatives, ...inspect, ...eight, ...populations, ...progress, ...threading };

/** Another realm. */
const foreign = createContext();

/** Odd values, by name; some act on the network in use. */
export function oddities(net: neurite.Network, other: neurite.Network, herd: populations.Population): [string, () => unknown][] {
  const doing = (act: () => void) => () => {
    const row: Any = [1, 2, 3];
    Object.defineProperty(row, 1, {
      get: () => {
        act();
        return 2;
      },
      enumerable: true,
    });
    return row;
  };
  const quiet = (act: () => void) => () => {
    try {
      act();
    } catch (error) {
      if (!codeOf(error)) throw error;
    }
  };
  const plain: [string, unknown][] = [
    ...[
      null,
      undefined,
      true,
      false,
      '',
      '5',
      'length',
      0,
      -0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1 / 0,
      1e308,
      2 ** 31,
      2 ** 53,
      5n,
    ].map((v): [string, unknown] => [typeof v === 'string' ? `'${v}'` : typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : String(v), v]),
    ['Symbol()', Symbol()],
    ['{}', {}],
    ['Object.create(null)', Object.create(null)],
    ['[]', []],
    ['[[]]', [[]]],
    ['[null]', [null]],
    ['Array(3)', Array(3)],
    ['new Date', new Date(0)],
    ['new Map', new Map()],
    ['Promise', Promise.resolve(1)],
    ['() => 1', () => 1],
    ['class', class {}],
    ['BigInt64Array', new BigInt64Array(3)],
    ['DataView', new DataView(new ArrayBuffer(12))],
    ['shared', new Float32Array(new SharedArrayBuffer(12))],
    ['foreign array', runInContext('[1, 2, 3]', foreign)],
    ['foreign Float32Array', runInContext('new Float32Array(3)', foreign)],
    ['long subclass', new LongArray(3)],
    ['OddArray', OddArray.from([1, 2, 3])],
    ['proxy', new Proxy([1, 2, 3], {})],
    ['proxy of Float32Array', new Proxy(new Float32Array(3), {})],
    ['network', other],
    ['population', herd],
    ['int8', eight.int8],
  ];
  const throwing = () => {
    throw OURS;
  };
  return [
    ...plain.map(([name, value]): [string, () => unknown] => [name, () => value]),
    ['throwing proxy', () => new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing })],
    [
      'revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    ['toString throws', () => ({ toString: throwing, valueOf: throwing })],
    [
      'length throws',
      () => ({
        get length() {
          throw OURS;
        },
      }),
    ],
    ['() => { throw }', () => throwing],
    [
      'detached',
      () => {
        const a = new Float32Array(3);
        structuredClone(a, { transfer: [a.buffer] });
        return a;
      },
    ],
    [
      'resizable out of bounds',
      () => {
        const b = new (ArrayBuffer as Any)(12, { maxByteLength: 24 });
        const a = new Float32Array(b, 0, 3);
        b.resize(4);
        return a;
      },
    ],
    ['endless', () => new Proxy([1, 2, 3], { get: (list, key) => (key === 'length' ? Number.MAX_SAFE_INTEGER : Reflect.get(list, key)) })],
    [
      'endless iterator',
      () =>
        Object.assign([1, 2, 3], {
          *[Symbol.iterator]() {
            for (;;) yield 1;
          },
        }),
    ],
    ['resizable', () => new Float32Array(new (ArrayBuffer as Any)(12, { maxByteLength: 24 }))],
    ['growable shared', () => new Float32Array(new (SharedArrayBuffer as Any)(12, { maxByteLength: 24 }))],
    [
      'resized by a getter',
      () => {
        const b = new (ArrayBuffer as Any)(24, { maxByteLength: 48 });
        const row: Any = [1, new Float32Array(b), 3];
        Object.defineProperty(row, 0, { get: () => b.resize(8) ?? 1, enumerable: true });
        return row;
      },
    ],
    ['getter throws', doing(throwing)],
    [
      'getter shrinks',
      () => {
        const a: Any = [1, 2, 3];
        Object.defineProperty(a, 0, {
          get: () => {
            a.length = 1;
            return 1;
          },
        });
        return a;
      },
    ],
    ['getter allocates', doing(grow)],
    ['getter predicts', doing(quiet(() => net.predict([9, 9, 9])))],
    ['getter steps', doing(quiet(() => net.step([9, 9, 9], [9, 9] as Any)))],
    ['getter disposes', doing(() => net.dispose())],
    ['net.parameters', () => net.parameters],
    ['net.output', () => net.output],
    ['other.output', () => other.output],
    ['net.gradients', () => net.gradients],
    ['herd.input', () => herd.input],
    ['herd.output', () => herd.output],
    ['getter steps the population', doing(quiet(() => herd.step([9, 9, 9], [9, 9] as Any)))],
    ['getter predicts with the population', doing(quiet(() => herd.predict(new Float32Array(3 * 300))))],
    ['getter disposes of the population', doing(() => herd.dispose())],
  ];
}

/** Well-formed arguments for what is given a name; a name not listed gets [x, y, {}]. */
function recipe(name: string, net: neurite.Network, herd: populations.Population): unknown[] {
  const x = [1, 2, 3];
  const y = [1, 0];
  const node = () => neurite.input(3);
  const rows = { x: [x, x, x, x], y: [y, y, y, y] };
  const known: Record<string, () => unknown[]> = {
    sequential: () => [3, [neurite.dense(2)], { seed: 1, build: CORE, loss: neurite.meanSquaredError(), optimizer: neurite.sgd() }],
    network: () => {
      const i = node();
      return [{ inputs: i, outputs: neurite.dense(2)(i), seed: 1, build: CORE }];
    },
    dense: () => [2, 'relu', { name: 'a', init: neurite.zeros, bias: true }],
    input: () => [3, 'x'],
    parameter: () => [3, { init: neurite.zeros, name: 'p' }],
    constant: () => [x, 3],
    linear: () => [1, 2],
    named: () => [node(), 'n'],
    load: () => [neurite.save(net), { build: CORE }],
    fromJSON: () => [JSON.parse(JSON.stringify(neurite.toJSON(net))), { seed: 1 }],
    ...Object.fromEntries(
      optimizers.map(({ name, variants }) => [name, () => [{ ...variants.at(-1)?.[1], clipValue: 1, groups: neurite.decayMatrices() }]]),
    ),
    parameterGroups: () => [[{ parameters: ['dense1'], learningRateFactor: 0.5, weightDecay: 0.1 }]],
    decayMatrices: () => [[{ parameters: () => true, learningRateFactor: 0.5 }]],
    crossEntropy: () => [{ fromLogits: true }],
    binaryCrossEntropy: () => [{ reduction: 'sum' }],
    meanSquaredError: () => [],
    squaredError: () => [{ scale: 1 }],
    dataset: () => [rows],
    trainValidationSplit: () => [rows, { validation: 0.5, seed: 1 }],
    kFold: () => [rows, 2, { seed: 1 }],
    standardize: () => [[x, [3, 2, 1]]],
    minMax: () => [[x, [3, 2, 1]], { range: [0, 1] }],
    transform: () => [[x], neurite.standardize([x, [3, 2, 1]])],
    tabular: () => [[{ a: 1, b: 'x' }], { a: 'number', b: { as: 'oneHot', unknown: 'own' } }],
    encode: () => [neurite.tabular([{ a: 1 }], { a: 'number' }), [{ a: 2 }]],
    inverseTransform: () => [[x], neurite.standardize([x, [3, 2, 1]])],
    cosine: () => [0.1, { epochs: 10, final: 0.01 }],
    stepDecay: () => [0.1, { every: 2, factor: 0.5 }],
    exponentialDecay: () => [0.1, { factor: 0.5 }],
    oneCycle: () => [0.1, { epochs: 10, pctStart: 0.5, divFactor: 5, finalDivFactor: 5, anneal: 'linear' }],
    reduceOnPlateau: () => [0.1, { monitor: 'loss', mode: 'max', factor: 0.5, patience: 1, cooldown: 1, minDelta: 0.1, relative: false }],
    warmup: () => [5, () => 0.1],
    concat: () => [node(), node()],
    slice: () => [node(), 0, 2],
    clip: () => [node(), 0, 1],
    pow: () => [node(), 2],
    scale: () => [node(), 2],
    shift: () => [node(), 1],
    affine: () => [node(), 2, 1],
    matmul: () => [node(), neurite.parameter([3, 2]), false, false],
    checkGradients: () => [net, { x: [x], y: [y] }],
    predict: () => [x, new Float32Array(2)],
    logits: () => [x, new Float32Array(2)],
    classify: () => [x],
    run: () => [1],
    update: () => [net.parameters.slice()],
    copyParameters: () => [net, new Float32Array(net.parameterCount)],
    step: () => [x, y, { learningRate: 0.1 }],
    gradient: () => [x, y],
    trace: () => [net, x, y],
    vjp: () => [net, x, y, { output: 0 }],
    jvp: () => [net, x, { x }, { output: 0 }],
    jacobian: () => [net, x, { output: 0 }],
    parameterJacobian: () => [net, x, { output: 0 }],
    hvp: () => [net, x, y, new Float32Array(net.parameterCount)],
    inputHvp: () => [net, x, x, { output: 0 }],
    inputHessian: () => [net, x, { output: 0 }],
    fit: () => [
      rows,
      {
        epochs: 2,
        initialEpoch: 1,
        batchSize: 2,
        shuffle: true,
        validationData: rows,
        learningRate: 0.1,
        earlyStopping: { patience: 1 },
        onEpoch: () => true,
        onProgress: () => {},
      },
    ],
    evaluate: () => [rows, { metrics: [neurite.mae] }],
    configure: () => [{ loss: neurite.meanSquaredError(), optimizer: neurite.sgd() }],
    save: () => [net, { optimizerState: true }],
    explain: () => [net, 'step', 4],
    ...Object.fromEntries(['summary', 'toMermaid', 'toDot', 'graph', 'toJSON'].map((name) => [name, () => [net]])),
    ...Object.fromEntries(['hessian', 'inputGradient', 'perSampleGradients'].map((name) => [name, () => [net, x, y]])),
    population: () => [net, 3, { seeds: [1, 2, 3], seed: 1 }],
    savePopulation: () => [herd],
    loadPopulation: () => [populations.savePopulation(herd), { build: CORE }],
    progressBar: () => [{ stream: { write: () => true, isTTY: false } }],
    threads: () => [1, { build: CORE }],
    'herd.predict': () => [x, new Float32Array(6)],
    'herd.predictEach': () => [[x, x, x], new Float32Array(6)],
    'herd.ensemble': () => [x],
    'herd.step': () => [x, y, { learningRate: [0.1, 0.2, 0.3], weight: [1] }],
    'herd.stepEach': () => [[x, x, x], [y, y, y], { learningRate: 0.1 }],
    'herd.fit': () => [
      [rows, { x: [x, x, x], y: [y, y, y] }, rows],
      {
        epochs: 2,
        batchSize: 2,
        learningRate: [0.1, 0.2, () => 0.1],
        validationData: rows,
        metrics: [neurite.mae],
        earlyStopping: { patience: 1 },
        onEpoch: () => true,
        onProgress: () => {},
      },
    ],
    'herd.evaluate': () => [[rows, { x: [x], y: [y] }, rows], { metrics: [neurite.mae] }],
    'herd.parameters': () => [1],
    'herd.network': () => [1],
    'herd.setParameters': () => [1, herd.parameters(2)],
    'herd.setNetwork': () => [1, net],
    'herd.copy': () => [0, 2],
    'herd.mutate': () => [{ nets: [0, 2], rate: 0.5, deviation: 0.1 }],
    'herd.crossover': () => [0, 1, 2, { rate: 0.5 }],
    'herd.reset': () => [],
    'herd.run': () => [],
    'frozen.update': () => [net.parameters.slice()],
    freeze: () => [{ quantize: eight.int8 }],
    layer: () => [net.layers[0]?.name],
    '.parameter': () => [net.parameterNames[0]],
  };
  // Own names alone: what every object has, such as toString, is no list of arguments.
  const found = [name, name.slice(1)].find((one) => Object.hasOwn(known, one));
  const made = found === undefined ? undefined : known[found]?.();
  return made ?? (name.startsWith('.') ? [x, y] : [node(), node()]);
}

/** Everything public: exported functions, and what the prototypes of the given objects have. */
function targets(): string[] {
  const exported = Object.entries(PUBLIC)
    .filter(([, v]) => typeof v === 'function' && !/Error$|^(Network|Dataset|GradientCheck|Trace|Population)$/.test((v as Any).name))
    .map(([name]) => name);
  const net = small();
  const methods = Object.entries(Object.getOwnPropertyDescriptors(neurite.Network.prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && !(name in PUBLIC && !['step'].includes(name)))
    .map(([name]) => `.${name}`);
  const frozen = net.freeze();
  const predictor = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(frozen)))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .flatMap(([name]) => [`frozen.${name}`, `eight.${name}`]);
  const herd = Object.entries(Object.getOwnPropertyDescriptors(populations.Population.prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => `herd.${name}`);
  net.dispose();
  return [...exported, ...methods, ...predictor, ...herd];
}

export async function attackValues(seed: number, most: number, until = Number.POSITIVE_INFINITY): Promise<Report> {
  const out = report('values');
  const next = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[next() % list.length] as T;
  const all = targets();
  const neighbours = new Neighbours();
  let net = small();
  const other = small(2);
  let herd = smallHerd();
  const recent: string[] = [];
  while (out.calls < most && performance.now() < until) {
    const target = all[out.calls % all.length] as string;
    try {
      net.parameters;
    } catch {
      net = small();
    }
    try {
      herd.parameters(0);
      if (next() % 50 === 0) herd.dispose();
      herd.parameters(0);
    } catch {
      herd = smallHerd();
    }
    if (net.parameterCount === 0 || next() % 50 === 0) {
      net.dispose();
      net = small();
    }
    const frozen = target.startsWith('frozen.') ? net.freeze() : target.startsWith('eight.') ? net.freeze({ quantize: eight.int8 }) : undefined;
    const ofHerd = target.startsWith('herd.');
    const name = target.replace(/^(frozen|eight|herd)\./, '.');
    let args: unknown[];
    try {
      args = recipe(ofHerd ? target : name, net, herd);
    } catch (error) {
      out.calls++;
      threw(out, error, 'recipe', name);
      net.dispose();
      net = small();
      continue;
    }
    // Who reads a list to its end, as most do, reads an endless one for ever: populations count first.
    const counts = ofHerd || name === 'population';
    const odd = oddities(net, other, herd).filter(([label]) => counts || !label.startsWith('endless'));
    const told: string[] = [];
    for (let n = 1 + (next() % 2); n > 0; n--) {
      const [label, make] = pick(odd);
      const at = args.length ? next() % args.length : 0;
      const arg = args[at] as Any;
      // A second value goes beside the first, never into it: that would run its traps here.
      const inside =
        told.length === 0 &&
        arg &&
        typeof arg === 'object' &&
        !ArrayBuffer.isView(arg) &&
        !(arg instanceof neurite.Network) &&
        Object.keys(arg).length > 0 &&
        next() % 2;
      if (inside) {
        const key = pick(Object.keys(arg));
        args[at] = Array.isArray(arg) ? arg.map((v, i) => (String(i) === key ? make() : v)) : { ...arg, [key]: make() };
        told.push(`[${at}].${key} = ${label}`);
      } else {
        args[at] = make();
        told.push(`[${at}] = ${label}`);
      }
    }
    const program = `${target}(${told.join(', ')})`;
    const acts = /steps|disposes|net\.(param|grad)|herd\.(in|out)put/.test(program);
    const state = () => parametersOf(net) + herdState(herd) / 2 ** 32;
    const before = state();
    out.calls++;
    about(program);
    try {
      const self: Any = frozen ?? (ofHerd ? herd : name.startsWith('.') ? net : undefined);
      let result: Any = self ? self[name.slice(1)](...args) : PUBLIC[name](...args);
      if (result instanceof Promise) result = await result;
      const isMade = result instanceof neurite.Network || result instanceof populations.Population || typeof result?.coreFor === 'function';
      if (isMade && result !== net && result !== other && result !== herd) result.dispose();
      else if (typeof result === 'function' && schedules.some((row) => row.name === name)) result(1, 0, 1);
    } catch (error) {
      threw(out, error, target, program);
      let now = before;
      try {
        now = state();
      } catch {
        /* disposed */
      }
      if (!acts && name !== '.fit' && now !== before) find(out, `CHANGED by a call that threw: ${target}`, program);
    }
    frozen?.dispose();
    if (recent.push(program) >= 100) {
      const said = neighbours.changed();
      if (said) find(out, said, `one of: ${recent.join(' ; ')}`.slice(0, 600));
      if (said?.startsWith('CORE')) break;
      recent.length = 0;
    }
  }
  const said = neighbours.changed();
  if (said) find(out, said, `one of: ${recent.join(' ; ')}`.slice(0, 600));
  return out;
}
