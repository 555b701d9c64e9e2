/** Model files made by a grammar: of networks of every kind, which must load, and with one thing wrong, which must not. */
import { VERSION } from '../../src/files/version.js';
import { fileOf, type Tree } from '../files/mutate.js';

type Json = { [key: string]: Tree };

interface Shape {
  readonly batched: boolean;
  readonly size: number[];
}

/** What a file says, before it is bytes. */
interface Draft {
  nodes: Json[];
  inputs: number[];
  outputs: number[];
  layers: Json[];
  losses: (Json | null)[];
  penalties?: number[];
  optimizer: Json | null;
  seed: number;
  build: string;
  metadata: Json;
  training?: Json;
  /** Shape and words of each tensor. */
  tensors: Map<string, { shape: number[]; words: Uint32Array }>;
}

export interface Made {
  /** The kind of network, and what is wrong with it. */
  readonly kind: string;
  /** Whether a reader must refuse it, or must not; undefined where it is so odd that it may. */
  readonly wrong: boolean | undefined;
  readonly file: Uint8Array;
  /** The architecture alone, and whether a reader of that must refuse it; undefined where the file's damage is not in it. */
  readonly json: { readonly text: string; readonly wrong: boolean | undefined } | undefined;
}

interface Chance {
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
}

const UNARY = ['abs', 'affine', 'clip', 'erf', 'erfc', 'exp', 'expm1', 'leakyRelu', 'log', 'log1p', 'pow', 'relu', 'sigmoid', 'softplus', 'sqrt'];
const UNARIES = [...UNARY, 'square', 'heaviside', 'tanh'];
const BINARIES = ['add', 'sub', 'mul', 'div', 'minimum', 'maximum', 'binaryCrossEntropy', 'crossEntropy'];
const NAMES = ['w', 'b', 'dense1.weights', '__proto__', 'constructor', 'é"\\\n😀', '', 'a.b.c', 'optimizer', 'toString', 'x'.repeat(300)];

/** A draft that grows node by node; every node gets a user in the end. */
class Growth {
  readonly draft: Draft = {
    nodes: [],
    inputs: [],
    outputs: [],
    layers: [],
    losses: [],
    optimizer: null,
    seed: 0,
    build: 'auto',
    metadata: {},
    tensors: new Map(),
  };
  readonly shapes: Shape[] = [];
  readonly #varies: boolean[] = [];
  readonly #unused = new Set<number>();

  constructor(readonly chance: Chance) {}

  width(node: number): number {
    return (this.shapes[node] as Shape).size.at(-1) as number;
  }

  #push(node: Json, shape: Shape, inputs: readonly number[] = []): number {
    const index = this.draft.nodes.length;
    if (this.chance.below(8) === 0) node.name = this.chance.pick(NAMES);
    this.draft.nodes.push(node);
    this.shapes.push(shape);
    this.#varies.push(node.op === 'input' || inputs.some((i) => this.#varies[i]));
    for (const i of inputs) this.#unused.delete(i);
    this.#unused.add(index);
    return index;
  }

  op(op: string, inputs: number[], size: number, attributes?: Json): number {
    return this.#push({ op, inputs, ...(attributes && { attributes }) }, { batched: true, size: [size] }, inputs);
  }

  input(features: number): number {
    const index = this.#push({ op: 'input', shape: ['rows', features] }, { batched: true, size: [features] });
    this.draft.inputs.push(index);
    return index;
  }

  stored(op: 'parameter' | 'constant', size: number[]): number {
    const { below, pick } = this.chance;
    const { tensors } = this.draft;
    let tensor = pick(NAMES);
    while (tensors.has(tensor) || tensor === '__metadata__') tensor = `${tensor.slice(0, 12)}${tensors.size}`;
    tensors.set(tensor, { shape: size, words: this.words(size.reduce((n, m) => n * m, 1)) });
    const initial = pick<Json>([
      { kind: 'uniform', low: -1, high: 1 },
      { kind: 'normal', mean: 0, deviation: below(9) / 8 },
      { kind: 'constant', value: '-0' },
    ]);
    return this.#push({ op, shape: size, tensor, ...(op === 'parameter' && { initial }) }, { batched: false, size });
  }

  /** Numbers from −1 to 1; rarely bits that are no number. */
  words(n: number): Uint32Array {
    const { below, pick } = this.chance;
    const words = new Uint32Array(Float32Array.from({ length: n }, () => below(2001) / 1000 - 1).buffer);
    if (below(40) === 0) words[below(n)] = pick([0x7f800000, 0xff800000, 0x7fc00001, 0xffffffff, 0x80000000, 1, 0x7f7fffff]);
    return words;
  }

  unary(op: string, x: number): number {
    const alpha = this.chance.pick([1, 0.5, -1, 2, 0, 3]);
    return this.op(op, [x], this.width(x), { alpha, beta: op === 'clip' ? alpha + 1 : this.chance.pick<Tree>([0, 1, '-0', -2]) });
  }

  /** x·Wᵀ, or x·W. */
  product(x: number, units: number, kind: 'parameter' | 'constant' = 'parameter'): [number, number] {
    const tb = this.chance.below(3) > 0;
    const w = this.stored(kind, tb ? [units, this.width(x)] : [this.width(x), units]);
    return [this.op('matmul', [x, w], units, { ta: false, tb }), w];
  }

  dense(x: number, units: number): number {
    const { below, pick } = this.chance;
    const weights = this.stored('parameter', [units, this.width(x)]);
    let z = this.op('matmul', [x, weights], units, { ta: false, tb: true });
    const biases = below(4) ? this.stored('parameter', [units]) : undefined;
    if (biases !== undefined) z = this.op('add', [z, this.op('expandRows', [biases], units)], units);
    const activation = pick(['tanh', 'relu', 'sigmoid', 'softplus', 'identity']);
    const u = activation === 'identity' ? z : this.unary(activation, z);
    const name = `${pick(NAMES)}${this.draft.layers.length}`;
    const parameters = { weights, ...(biases !== undefined && { biases }) };
    this.draft.layers.push({ kind: 'dense', name, input: x, output: u, parameters, nodes: { z }, attributes: { activation } });
    return u;
  }

  /** One more node of any op. */
  any(): void {
    const { below, pick } = this.chance;
    const batches = this.shapes.flatMap(({ batched }, i) => (batched ? [i] : []));
    const waiting = batches.filter((i) => this.#unused.has(i));
    const x = pick(below(3) && waiting.length > 0 ? waiting : batches);
    const n = this.width(x);
    switch (below(12)) {
      case 0:
      case 1:
        this.unary(pick(UNARIES), x);
        break;
      case 2:
      case 3: {
        const op = pick(BINARIES);
        const same = batches.filter((i) => this.width(i) === n);
        const other = below(2) ? pick(same) : this.op('expandRows', [this.stored(pick(['parameter', 'constant']), [n])], n);
        this.op(op, below(2) ? [x, other] : [other, x], op.endsWith('CrossEntropy') || op === 'crossEntropy' ? 1 : n);
        break;
      }
      case 4:
        this.product(x, 1 + below(6), pick(['parameter', 'constant']));
        break;
      case 5:
        this.dense(x, 1 + below(6));
        break;
      case 6:
        this.op(pick(['softmax', 'logSoftmax']), [x], n);
        break;
      case 7:
        this.op(pick(['sumFeatures', 'logSumExp', 'max']), [x], 1);
        break;
      case 8: {
        const parts = Array.from({ length: 1 + below(4) }, () => pick(batches));
        this.op(
          'concat',
          parts,
          parts.reduce((sum, i) => sum + this.width(i), 0),
        );
        break;
      }
      case 9: {
        const width = 1 + below(n);
        this.op('slice', [x], width, { start: below(n - width + 1), width });
        break;
      }
      case 10: {
        const width = n + below(4);
        this.op('pad', [x], width, { start: below(width - n + 1), width });
        break;
      }
      default:
        if (n === 1) this.op('expandFeatures', [x], 5, { width: 5 });
        else
          this.op(
            'add',
            [x, this.#push({ op: 'fill', shape: ['rows', n], attributes: { value: 0.5, factors: 0 } }, { batched: true, size: [n] })],
            n,
          );
    }
  }

  /** Gives every node a user, the network outputs and losses, an optimizer and its state. */
  finish(): Draft {
    const { below, pick } = this.chance;
    const { draft } = this;
    const waiting = [...this.#unused];
    const varying = waiting.filter((i) => this.#varies[i]);
    const others = waiting.filter((i) => !this.#varies[i]);
    const groups: number[][] = [];
    const most = 1 + below(4);
    for (const i of varying) {
      if (groups.length < most) groups.push([i]);
      else pick(groups).push(i);
    }
    (groups[0] as number[]).push(...others);
    const joined = groups.map((group) =>
      group.length === 1
        ? (group[0] as number)
        : this.op(
            'concat',
            group,
            group.reduce((sum, i) => sum + this.width(i), 0),
          ),
    );
    const trained = below(4) > 0;
    joined.forEach((node) => {
      this.#end(node, trained);
    });
    if (trained && below(3) === 0) this.#penalize();
    if (trained || below(4) === 0) this.#optimize();
    draft.seed = below(2 ** 31);
    draft.build = pick(['auto', 'simd']);
    if (below(3) === 0) draft.metadata = { inputs: ['age', 'height'], deep: Array.from({ length: below(55) }).reduce<Tree>((inner) => [inner], 1) };
    return draft;
  }

  #end(node: number, trained: boolean): void {
    const { below, pick } = this.chance;
    const width = this.width(node);
    const weight = pick([1, 0.3, 2]);
    const kind = trained ? pick(['meanSquaredError', 'squaredError', 'crossEntropy', 'binaryCrossEntropy', 'quantile', 'own', 'none']) : 'none';
    let [output, loss] = [node, null as Json | null];
    if (kind === 'meanSquaredError') loss = { name: kind, reduction: 'mean', fromLogits: false, scale: 1, weight };
    if (kind === 'squaredError') loss = { name: kind, reduction: 'sum', fromLogits: false, scale: pick([1, 0.5]), weight };
    if (kind === 'binaryCrossEntropy' || (kind === 'crossEntropy' && width > 1)) {
      const fromLogits = below(2) === 0;
      const counts = kind === 'crossEntropy' ? width : 2;
      const options = {
        labelSmoothing: pick([0, 0, 0.1]),
        classWeights: below(3) ? [] : Array.from({ length: counts }, (_, k) => k / 2),
        probabilities: below(3) > 0,
      };
      loss = { name: kind, reduction: pick(['mean', 'sum']), fromLogits, scale: 1, weight, ...options };
      output = this.unary('affine', node);
      if (!fromLogits) output = kind === 'crossEntropy' ? this.op('softmax', [output], width) : this.unary('sigmoid', output);
    }
    if (kind === 'quantile')
      loss = {
        name: kind,
        reduction: pick(['mean', 'sum']),
        fromLogits: false,
        scale: 1,
        weight,
        tau: width % 2 ? 0.25 : pick([0.5, [0.5], [0.25, 0.75]]),
      };
    if (kind === 'own') loss = { name: pick(NAMES), reduction: pick(['mean', 'sum']), weight, ...this.#own(node, width) };
    this.draft.outputs.push(output);
    this.draft.losses.push(loss);
  }

  /** The graph of a loss that has no name in files. */
  #own(output: number, width: number): { target: number; rows: number } {
    const { below, pick } = this.chance;
    const target = this.#push({ op: 'target', shape: ['rows', width], name: 'y' }, { batched: true, size: [width] });
    let rows = this.op(pick(['sub', 'mul', 'maximum']), [output, target], width);
    if (below(2)) rows = this.op('mul', [rows, this.op('expandRows', [this.stored('constant', [width])], width)], width);
    rows = this.unary(pick(['square', 'abs', 'tanh']), rows);
    return { target, rows: this.op('sumFeatures', [rows], 1) };
  }

  /** Penalties of outputs, of inner nodes and of parameters. */
  #penalize(): void {
    const { below, pick } = this.chance;
    const { draft } = this;
    const parameters = draft.nodes.flatMap(({ op }, i) => (op === 'parameter' ? [i] : []));
    const varying = this.#varies.flatMap((varies, i) => (varies && draft.nodes[i]?.op !== 'target' && !this.#depends(i, 'target') ? [i] : []));
    draft.penalties = Array.from({ length: 1 + below(2) }, () => {
      if (parameters.length === 0 || below(2)) return this.op('sumFeatures', [this.unary('square', pick(varying))], 1);
      const parameter = pick(parameters);
      const shape = this.shapes[parameter] as Shape;
      return this.#push({ op: 'abs', inputs: [parameter], attributes: { alpha: 0, beta: 0 } }, shape, [parameter]);
    });
  }

  #depends(node: number, op: string): boolean {
    const { inputs, op: own } = this.draft.nodes[node] as Json;
    return own === op || ((inputs as number[] | undefined) ?? []).some((i) => this.#depends(i, op));
  }

  #optimize(): void {
    const { below, pick } = this.chance;
    const { draft } = this;
    const common = { learningRate: pick([0.01, 0, 0.1]), weightDecay: pick([0, 0.001]), clipNorm: pick<Tree>(['Infinity', 1, 0.5]) };
    const name = pick(['sgd', 'adam', 'adamW']);
    const momentum = name === 'sgd' ? pick([0, 0.5, 0.9]) : 0;
    draft.optimizer =
      name === 'sgd'
        ? { name, ...common, momentum, nesterov: momentum > 0 && below(2) === 0 }
        : { name, ...common, beta1: 0.9, beta2: pick([0.999, 0.99]), epsilon: 1e-7 };
    if (below(2)) return;
    draft.training = { epochsTrained: below(100), stepsDone: below(10_000), powers: [pick([1, 0.5, 0]), pick([1, 0.25])] };
    const slots = name === 'sgd' ? (momentum > 0 ? ['optimizer.velocity'] : []) : ['optimizer.m', 'optimizer.v'];
    const count = countOf(draft);
    // An average of squares is not below 0.
    for (const slot of slots) draft.tensors.set(slot, { shape: [count], words: new Uint32Array(count).fill(below(2) ? 0x3c23d70a : 0) });
  }
}

/** How many parameters a draft has. */
function countOf({ nodes, tensors }: Draft): number {
  return nodes.reduce((sum, { op, tensor }) => sum + (op === 'parameter' ? (tensors.get(tensor as string)?.words.length as number) : 0), 0);
}

/** A network of one of the kinds. */
const networks: readonly [kind: string, share: number, grow: (g: Growth, chance: Chance) => void][] = [
  [
    'layers',
    300,
    (g, { below }) => {
      let x = g.input(1 + below(5));
      for (let i = below(5); i >= 0; i--) x = g.dense(x, 1 + below(6));
    },
  ],
  [
    'graph',
    600,
    (g, { below }) => {
      for (let i = below(3); i >= 0; i--) g.input(1 + below(5));
      for (let i = below(16); i >= 0; i--) g.any();
    },
  ],
  [
    '40 inputs',
    12,
    (g, { below }) => {
      for (let i = 0; i < 40; i++) g.input(1 + below(2));
      g.dense(g.op('concat', [...g.draft.inputs], g.draft.inputs.reduce((sum, i) => sum + g.width(i), 0)), 3); // biome-ignore format: one thing
    },
  ],
  [
    '1,100 inputs',
    1,
    (g) => {
      for (let i = 0; i < 1100; i++) g.input(1);
      g.dense(g.op('concat', [...g.draft.inputs], 1100), 2);
    },
  ],
  [
    'a chain of 2,000 nodes',
    1,
    (g, { pick }) => {
      let x = g.input(2);
      const op = pick(['tanh', 'softplus', 'abs']);
      for (let i = 0; i < 2000; i++) x = g.unary(op, x);
    },
  ],
];

type Change = (draft: Draft, chance: Chance) => unknown;

const someNode = ({ nodes }: Draft, { pick }: Chance, fits: (node: Json) => unknown): Json | undefined => {
  const fitting = nodes.filter(fits);
  return fitting.length > 0 ? pick(fitting) : undefined;
};
const NO_NUMBER: Tree[] = ['x', null, {}, [], true, [0]];

/** One thing wrong in the architecture; each says false where the draft has no such thing. In JSON alone these are wrong too. */
const wrongs: Record<string, Change> = {
  'an index of a later node': (d, c) => {
    const at = c.pick(d.nodes.flatMap(({ inputs }, i) => (inputs ? [i] : [])).concat(-1));
    if (at < 0) return false;
    const inputs = (d.nodes[at] as Json).inputs as Tree[];
    inputs[c.below(inputs.length)] = c.pick<Tree>([at, at + 1, d.nodes.length, -1, 0.5, 2 ** 31, 2 ** 53, '0', null]);
  },
  'an input too many or few': (d, c) => {
    const node = someNode(d, c, ({ inputs, op }) => inputs && op !== 'concat');
    if (!node) return false;
    node.inputs = c.below(2) ? [...(node.inputs as Tree[]), 0] : (node.inputs as Tree[]).slice(1);
  },
  'an op that files have not': (d, c) => {
    const node = c.pick(d.nodes);
    const op = c.pick<Tree>(['sumRows', 'oneHot', 'target', 'nothing', '__proto__', 'constructor', 'toString', '', 1, null]);
    // The targets of a loss of one's own are in files.
    if (op === node.op) return false;
    node.op = op;
  },
  'an attribute that is none': (d, c) => {
    const node = someNode(d, c, ({ attributes }) => attributes && Object.keys(attributes).length > 0);
    if (!node) return false;
    const attributes = node.attributes as Json;
    const key = c.pick(Object.keys(attributes));
    if (c.below(3)) attributes[key] = c.pick<Tree>(typeof attributes[key] === 'boolean' ? ['x', null, 0, {}] : NO_NUMBER);
    else if (c.below(2)) delete attributes[key];
    else attributes.more = 1;
  },
  'a field more': (d, c) => {
    c.pick([...d.nodes, ...d.layers, ...d.losses, d.optimizer].filter((item) => item !== null))[c.pick(['more', '__proto__x', 'toJSON'])] = 1;
  },
  'a shape that is none': (d, c) => {
    const node = someNode(d, c, ({ shape }) => shape) as Json;
    const shape = node.shape as Tree[];
    const odd = c.pick<Tree>([0, -1, 0.5, '3', null, 2 ** 28, 2 ** 53, 1e308]);
    node.shape = c.pick<Tree>([
      shape.map((n, i) => (i === shape.length - 1 ? odd : n)),
      [],
      ['rows'],
      [2, 2, 2],
      ['rows', 2, 2],
      3,
      [2 ** 27, 2 ** 27],
    ]);
  },
  'a width of millions': (d, c) => {
    const x = d.nodes.length;
    d.nodes.push({ op: 'sumFeatures', inputs: [d.outputs[0] as number] });
    d.nodes.push({ op: 'expandFeatures', inputs: [x], attributes: { width: 2 ** 27 - c.below(100) } });
    d.nodes.push({ op: 'sumFeatures', inputs: [x + 1] });
    d.outputs.push(x + 2);
    d.losses.push(null);
  },
  'doubled widths': (d) => {
    let x = d.outputs[0] as number;
    for (let i = 0; i < 30; i++) x = d.nodes.push({ op: 'concat', inputs: [x, x] }) - 1;
    d.outputs.push(d.nodes.push({ op: 'sumFeatures', inputs: [x] }) - 1);
    d.losses.push(null);
  },
  'too many nodes': (d, c) => {
    if (c.below(20)) return false;
    while (d.nodes.length <= 2 ** 14) d.nodes.push({ op: 'tanh', inputs: [d.nodes.length - 1], attributes: { alpha: 0, beta: 0 } });
    d.outputs.push(d.nodes.length - 1);
    d.losses.push(null);
  },
  'a node without use': (d) => {
    d.nodes.push({ op: 'tanh', inputs: [0], attributes: { alpha: 0, beta: 0 } });
  },
  'wrong inputs': (d, c) => {
    const other = d.nodes.findIndex(({ op }) => op !== 'input');
    d.inputs = c.pick<unknown>([
      d.inputs.slice(1),
      [...d.inputs, d.inputs[0]],
      [...d.inputs, other],
      [...d.inputs, -1],
      {},
      0,
      null,
      [[0]],
    ]) as number[];
  },
  'wrong outputs': (d, c) => {
    const still = d.nodes.findIndex(({ op }) => op === 'parameter' || op === 'constant');
    d.outputs = c.pick<unknown>([[], [d.nodes.length], ['0'], {}, null, [...d.outputs, still], [...d.outputs, 0.5]]) as number[];
  },
  'wrong layers': (d, c) => {
    const [layer] = d.layers;
    if (!layer) return false;
    const key = c.pick(['input', 'output', 'weights', 'z', 'kind', 'name', 'activation', 'parameters', 'nodes', 'attributes', 'updates']);
    const parameter = d.nodes.findIndex(({ op }) => op === 'parameter');
    const odd = (last: number) => c.pick<Tree>([-1, d.nodes.length, 0.5, 'x', null, last]);
    if (c.below(6) === 0) d.layers.push({ ...layer });
    else if (key === 'weights') layer.parameters = { weights: odd(layer.output as number) };
    else if (key === 'z') layer.nodes = { z: c.pick<Tree>([-1, d.nodes.length, 0.5, 'x', null]) };
    else if (key === 'activation') layer.attributes = { activation: c.pick<Tree>([1, null, []]) };
    else if (key === 'updates')
      layer.updates = [c.pick<Tree>([1, null, [], {}, { state: parameter, next: parameter }, { state: layer.output as number, next: 0 }])];
    else if (key === 'input' || key === 'output') layer[key] = odd(parameter);
    else layer[key] = c.pick<Tree>([1, null, []]);
  },
  'two layers of one name': (d) => {
    const [a, b] = d.layers;
    if (!a || !b) return false;
    b.name = a.name as string;
  },
  'a loss that is none': (d, c) => {
    const loss = c.pick([...d.losses.filter((entry) => entry !== null), null]);
    if (!loss) return false;
    const [key, value] = c.pick<[string, Tree]>([
      // One of the caller's own may have any name.
      ['name', 'rows' in loss ? 1 : c.pick<Tree>(['charbonnier', 'constructor', 1])],
      ['reduction', c.pick<Tree>(['max', null])],
      ['fromLogits', c.pick<Tree>([0, 'true', null])],
      ['scale', c.pick<Tree>([0, -1, 'NaN', 'Infinity', 1e39, 1e-50, null])],
      ['labelSmoothing', c.pick<Tree>([-0.5, 2, 'NaN', [], null])],
      ['classWeights', c.pick<Tree>([0, 'x', [-1], [1, 2, 3, 'NaN'], null])],
      ['tau', c.pick<Tree>([0, 'NaN', [], [1], [0.5, null]])],
      ['weight', c.pick<Tree>([0, -1, 'NaN', 'Infinity', 1e39, 1e-50, null])],
    ]);
    if (c.below(6) || !(key in loss)) loss[key] = value;
    else delete loss[key];
  },
  'a loss of a graph that is none': (d, c) => {
    const at = d.losses.findIndex((loss) => loss && 'rows' in loss);
    const loss = d.losses[at];
    if (!loss) return false;
    const wide = d.nodes.findIndex(({ op, shape }) => op === 'parameter' && shape);
    const [key, value] = c.pick<[string, Tree]>([
      ['target', c.pick<Tree>([-1, d.nodes.length, 0.5, 'y', null, loss.rows as number, d.inputs[0] as number])],
      ['rows', c.pick<Tree>([-1, d.nodes.length, 0.5, 'y', null, loss.target as number, wide])],
    ]);
    if (c.below(6)) loss[key] = value;
    else delete loss[key];
  },
  "one target for two outputs' losses": (d) => {
    const loss = d.losses.find((one) => one && 'rows' in one);
    if (!loss) return false;
    d.outputs.push(d.outputs[d.losses.indexOf(loss)] as number);
    d.losses.push({ ...loss });
  },
  'a target in an output': (d) => {
    const loss = d.losses.find((one) => one && 'rows' in one);
    if (!loss) return false;
    d.outputs.push(loss.rows as number);
    d.losses.push(null);
  },
  'penalties that are none': (d, c) => {
    const sum = d.nodes.push({ op: 'sumFeatures', inputs: [d.outputs[0] as number] }) - 1;
    const wide = d.nodes.push({ op: 'expandFeatures', inputs: [sum], attributes: { width: 3 } }) - 1;
    d.penalties = c.pick<unknown>([[wide], [sum, d.nodes.length], [-1], ['0'], {}, null, 0, [[sum]]]) as number[];
  },
  'losses too many or few': (d, c) => {
    if (c.below(2)) d.losses.push(null);
    else d.losses.pop();
  },
  'an optimizer that is none': (d, c) => {
    if (!d.optimizer) return false;
    // An option that is left out is as usual.
    const remove = !c.below(6);
    const key = remove ? 'name' : c.pick(Object.keys(d.optimizer));
    const odd: Tree[] = key === 'nesterov' ? [1, null] : key === 'name' ? ['tiger', 'toString'] : [-1, 'NaN', '-Infinity', null, 'x', []];
    if (remove) delete d.optimizer[key];
    else d.optimizer[key] = c.pick(odd);
  },
  'a seed that is none': (d, c) => {
    d.seed = c.pick<unknown>([-1, 2 ** 32, 0.5, '1', null, 1e308]) as number;
  },
  'a build that is none': (d, c) => {
    d.build = c.pick<unknown>(['relaxed', 'debug', '', null, 0, ['simd']]) as string;
  },
  'metadata too deep': (d, c) => {
    d.metadata = { deep: Array.from({ length: 64 + c.below(1000) }).reduce<Tree>((inner) => (c.below(2) ? [inner] : { a: inner }), 0) };
  },
};

/** One thing wrong between the architecture and the tensors. */
const fileWrongs: Record<string, Change> = {
  'another size of a tensor': (d, c) => {
    const node = someNode(d, c, ({ tensor }) => tensor !== undefined);
    if (!node) return false;
    const at = c.below((node.shape as number[]).length);
    node.shape = (node.shape as number[]).map((n, i) => (i === at ? Math.max(1, n + c.pick([1, -1, 7])) + (n === 1 ? 1 : 0) : n));
  },
  'a tensor missing': (d, c) => {
    if (d.tensors.size === 0) return false;
    d.tensors.delete(c.pick([...d.tensors.keys()]));
  },
  'a tensor more': (d) => {
    d.tensors.set('more', { shape: [1], words: new Uint32Array(1) });
  },
  'a tensor for two nodes': (d, c) => {
    const named = d.nodes.filter(({ tensor }) => tensor !== undefined);
    const [a, b] = [c.pick([...named, undefined]), c.pick([...named, undefined])];
    if (!a || !b || a === b) return false;
    a.tensor = b.tensor as string;
  },
  'training that is none': (d, c) => {
    if (!d.training) return false;
    const [key, value] = c.pick<[string, Tree]>([
      ['epochsTrained', c.pick<Tree>([-1, 0.5, 2 ** 53, '1', null])],
      ['stepsDone', c.pick<Tree>([-1, 0.5, 2 ** 53, '1', null])],
      ['powers', c.pick<Tree>([[], [1], [1, 1, 1], [2, 1], [1, -1], ['1', 1], null, {}])],
      ['more', 1],
    ]);
    d.training[key] = value;
  },
  'state without an optimizer': (d) => {
    if (!d.training) return false;
    d.optimizer = null;
  },
  'state of another length': (d, c) => {
    const slot = c.pick(['optimizer.velocity', 'optimizer.m', 'optimizer.v']);
    const words = d.tensors.get(slot)?.words;
    if (!words) return false;
    d.tensors.set(slot, { shape: [words.length + 1], words: new Uint32Array(words.length + 1) });
  },
  'metadata missing': (d) => {
    d.metadata = undefined as unknown as Json;
  },
};

const ODD_NUMBERS: Tree[] = ['NaN', 'Infinity', '-Infinity', '-0', 1e308, -1e308, 3e38, 5e-324, 1e-45, 1e-30, 0.5, -3, 2 ** 24];

/** What is allowed, or nearly, and that nobody writes. */
const oddities: Record<string, Change> = {
  'odd attributes': (d, c) => {
    for (const { attributes } of d.nodes)
      for (const key of ['alpha', 'beta', 'value'])
        if (attributes && key in (attributes as Json) && c.below(3) === 0) (attributes as Json)[key] = c.pick(ODD_NUMBERS);
  },
  'odd factors': (d, c) => {
    for (const { attributes } of d.nodes) if (attributes && 'factors' in (attributes as Json)) (attributes as Json).factors = c.below(4);
    const factors = c.below(4);
    d.outputs[0] = d.nodes.push({ op: 'scaleBy', inputs: [d.outputs[0] as number], attributes: { alpha: c.pick([1, 0, -2]), factors } }) - 1;
  },
  'an output twice': (d, c) => {
    const at = c.below(d.outputs.length);
    const loss = d.losses[at];
    d.outputs.push(d.outputs[at] as number);
    d.losses.push(loss ? { ...loss } : null);
  },
  'any node an output': (d, c) => {
    for (let i = c.below(3); i >= 0; i--) {
      d.outputs.push(c.below(d.nodes.length));
      d.losses.push(c.below(2) ? null : { name: 'squaredError', reduction: 'sum', fromLogits: false, scale: 1, weight: 1 });
    }
  },
  'layers of any nodes': (d, c) => {
    for (const layer of d.layers)
      for (const key of ['input', 'output', 'weights', 'biases', 'z']) {
        if (c.below(4) > 0) continue;
        const node = c.below(d.nodes.length);
        if (key === 'z') layer.nodes = { z: node };
        else if (key === 'weights' || key === 'biases') layer.parameters = { ...(layer.parameters as Record<string, Tree>), [key]: node };
        else layer[key] = node;
      }
  },
  'a wide node': (d, c) => {
    const width = 2 ** (10 + c.below(11)) - c.below(3);
    const x = d.nodes.push({ op: 'sumFeatures', inputs: [d.outputs[0] as number] }) - 1;
    d.nodes.push(
      { op: 'expandFeatures', inputs: [x], attributes: { width } },
      { op: c.pick(['softmax', 'sumFeatures', 'logSumExp']), inputs: [x + 1] },
    );
    d.outputs.push(x + 2);
    d.losses.push(null);
  },
  'odd weights of losses': (d, c) => {
    for (const loss of d.losses) if (loss) loss[c.pick(['weight', 'scale'])] = c.pick(ODD_NUMBERS);
  },
  'an odd optimizer': (d, c) => {
    const { optimizer } = d;
    if (!optimizer) return false;
    for (const key of Object.keys(optimizer))
      if (typeof optimizer[key] === 'number' && c.below(2)) optimizer[key] = c.pick([...ODD_NUMBERS, 0, 0.99999997]);
  },
  'odd state': (d, c) => {
    if (!d.training) return false;
    d.training = { epochsTrained: 2 ** 53 - 1, stepsDone: 2 ** 53 - 1, powers: [c.pick([0, 1, 5e-324]), c.pick([0, 1, 5e-324])] };
    for (const [name, { words }] of d.tensors)
      if (name.startsWith('optimizer.'))
        for (let i = 0; i < words.length; i++) words[i] = c.pick([0, 1, 0x7f7fffff, 0xff7fffff, 0x7fc00000, 0xffffffff, 0x80000000]);
  },
  'odd initial values': (d, c) => {
    for (const node of d.nodes) {
      if (!node.initial) continue;
      const initial = node.initial as Json;
      for (const key of Object.keys(initial)) if (key !== 'kind' && c.below(2)) initial[key] = c.pick(ODD_NUMBERS);
    }
  },
  'odd parameters': (d, c) => {
    for (const { words } of d.tensors.values()) if (c.below(2)) for (let i = 0; i < words.length; i++) words[i] = c.below(2 ** 16) * c.below(2 ** 16);
  },
};

interface Header {
  header: Json;
  data: Uint8Array;
  length?: bigint;
}

/** One thing wrong in the safetensors header or the data. */
const headerWrongs: Record<string, (to: Header, chance: Chance) => unknown> = {
  'a dtype not float32': (to, c) => change(to, c, (entry) => (entry.dtype = c.pick<Tree>(['F64', 'F16', 'I32', '', null, 32]))),
  'an offset off': (to, c) =>
    change(to, c, (entry) => {
      const offsets = entry.data_offsets as number[];
      const at = c.below(2);
      offsets[at] = c.pick<unknown>([(offsets[at] as number) + c.pick([1, -1, 4, -4]), 2 ** 53, -1, 0.5, '0', null]) as number;
    }),
  'another shape in the header': (to, c) =>
    change(to, c, (entry) => {
      const shape = entry.shape as number[];
      entry.shape = c.pick<Tree>([[...shape, 2], [...shape, 1], [], shape.map((n) => n + 1), [2 ** 53], [2 ** 32, 2 ** 32], [-1], 'x', null]);
      if (shape.length === 0) entry.shape = null;
    }),
  'offsets that are none': (to, c) => change(to, c, (entry) => (entry.data_offsets = c.pick<Tree>([[], [0], [0, 4, 8], null, {}, 'x']))),
  'a field more in the header': (to, c) => change(to, c, (entry) => (entry.more = 1)),
  'another name in the header': (to, c) => {
    const name = nameIn(to, c);
    if (name === undefined) return false;
    to.header[`${name}?`] = to.header[name] as Tree;
    delete to.header[name];
  },
  'a byte less': (to) => {
    if (to.data.length === 0) return false;
    to.data = to.data.subarray(1);
  },
  'bytes more': (to, c) => {
    to.data = new Uint8Array([...to.data, ...new Uint8Array(1 + c.below(8))]);
  },
  'a header length off': (to, c) => {
    const length = BigInt(new TextEncoder().encode(JSON.stringify(to.header)).length);
    to.length = BigInt.asUintN(64, c.pick([length - 1n, length + 1n, 0n, -1n, 2n ** 63n, 2n ** 32n + length, 2n ** 24n]));
  },
  'metadata that are no strings': (to, c) => {
    to.header.__metadata__ = c.pick<Tree>([{ ...(to.header.__metadata__ as Json), more: 1 }, 'x', null, [], {}]);
  },
};

function nameIn({ header }: Header, { pick }: Chance): string | undefined {
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  return names.length > 0 ? pick(names) : undefined;
}

function change(to: Header, chance: Chance, edit: (entry: Json) => unknown): unknown {
  const name = nameIn(to, chance);
  return name === undefined ? false : edit(to.header[name] as Json);
}

function textOf({ tensors, ...architecture }: Draft): string {
  return JSON.stringify({ format: 'neurite', version: VERSION, ...architecture });
}

/** The architecture without tensors: constants have their values in it. */
function textAlone({ tensors, training, ...architecture }: Draft): string {
  const nodes = architecture.nodes.map(({ tensor, ...node }) => {
    if (tensor === undefined || node.op !== 'constant') return node;
    const { words } = tensors.get(tensor as string) as { words: Uint32Array };
    const numbers = Array.from(new Float32Array(words.buffer), (value) =>
      Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value),
    );
    return { ...node, values: numbers };
  });
  return JSON.stringify({ format: 'neurite', version: VERSION, ...architecture, nodes });
}

function headerOf(draft: Draft, { below }: Chance): Header {
  const entries = [...draft.tensors];
  // In any order.
  if (entries.length > 1 && below(3) === 0) entries.push(...entries.splice(0, below(entries.length)));
  let end = 0;
  const header: Json = { __metadata__: { neurite: textOf(draft) } };
  for (const [name, { shape, words }] of entries) {
    const entry = { dtype: 'F32', shape: [...shape], data_offsets: [end, end + words.byteLength] };
    Object.defineProperty(header, name, { value: entry, enumerable: true, writable: true, configurable: true });
    end += words.byteLength;
  }
  return { header, data: new Uint8Array(Buffer.concat(entries.map(([, { words }]) => new Uint8Array(words.buffer)))) };
}

/** The next file. Two of five have nothing wrong, and one has something odd. */
export function makeFile(chance: Chance): Made {
  const { below, pick } = chance;
  let at = below(networks.reduce((sum, [, share]) => sum + share, 0));
  const [network, , grow] = networks.find(([, share]) => {
    at -= share;
    return at < 0;
  }) as (typeof networks)[number];
  const growth = new Growth(chance);
  grow(growth, chance);
  const draft = growth.finish();
  let kind = '';
  let json: Made['json'];
  const where = pick(['nowhere', 'nowhere', 'odd', pick(['architecture', 'tensors']), pick(['architecture', 'header'])]);
  if (where === 'nowhere') json = { text: textAlone(draft), wrong: false };
  const attempt = <T>(ways: Record<string, (to: T, chance: Chance) => unknown>, to: T) => {
    const name = pick(Object.keys(ways));
    if ((ways[name] as (typeof ways)[string])(to, chance) !== false) kind = name;
  };
  if (where === 'architecture') {
    attempt(wrongs, draft);
    json = { text: textAlone(draft), wrong: kind !== '' };
  }
  if (where === 'odd') {
    attempt(oddities, draft);
    json = { text: textAlone(draft), wrong: kind === '' ? false : undefined };
  }
  if (where === 'tensors') attempt(fileWrongs, draft);
  const header = headerOf(draft, chance);
  if (where === 'header') attempt(headerWrongs, header);
  const file = fileOf(JSON.stringify(header.header), header.data, header.length);
  return { kind: `${network}, ${kind || 'nothing wrong'}`, wrong: where === 'odd' ? json?.wrong : kind !== '', file, json };
}
