/** Random networks for tests of the compiler, as a fast-check arbitrary. */
import fc from 'fast-check';
import { type Activation, dense } from 'neurite';
import type { Core } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import type { Node } from '../../src/graph/node.js';
import { features } from '../../src/graph/shape.js';
import type { Loss } from '../../src/losses/loss.js';
import { lossesOf } from '../../src/losses/networkLoss.js';
import { binaryCrossEntropy, crossEntropy, meanSquaredError, squaredError } from '../../src/losses/table.generated.js';
import type { TargetForm } from '../../src/losses/targetForm.js';
import { add } from '../../src/ops/add.js';
import { scale } from '../../src/ops/affine.js';
import { concat, slice } from '../../src/ops/columns.js';
import { leakyRelu } from '../../src/ops/leakyRelu.js';
import { input } from '../../src/ops/leaves.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { sigmoid } from '../../src/ops/sigmoid.js';
import { softmax } from '../../src/ops/softmax.js';
import { sub } from '../../src/ops/sub.js';
import { tanh } from '../../src/ops/tanh.js';
import type { Optimizer } from '../../src/optimizers/optimizer.js';
import { filled, numbers } from '../kernels/numbers.js';
import { activationNames } from '../vocabulary.js';

/** Every named activation, and functions that use their z, or the value of an inner activation, more than once. */
const activations: [string, Activation][] = [
  ...activationNames.map((name): [string, Activation] => [name, name]),
  ['leakyRelu 0.3', (z) => leakyRelu(z, 0.3)],
  ['leakyRelu −0.5', (z) => leakyRelu(z, -0.5)],
  ['leakyRelu 2', (z) => leakyRelu(z, 2)],
  ['z + relu', (z) => add(z, relu(z))],
  ['tanh·sigmoid', (z) => mul(tanh(z), sigmoid(z))],
  ['tanh − z/10', (z) => sub(tanh(z), scale(z, 0.1))],
  ['relu²', (z) => mul(relu(z), relu(z))],
  ['softmax + z', (z) => add(softmax(z), z)],
  ['first, all', (z) => concat(slice(z, 0, 1), tanh(z))],
];

const losses: { loss: Loss; last: Activation; least: number; classes: boolean }[] = [
  { loss: crossEntropy(), last: 'softmax', least: 2, classes: true },
  { loss: crossEntropy({ reduction: 'sum' }), last: 'softmax', least: 2, classes: false },
  { loss: crossEntropy({ fromLogits: true }), last: 'identity', least: 2, classes: true },
  { loss: binaryCrossEntropy(), last: 'sigmoid', least: 1, classes: false },
  { loss: binaryCrossEntropy({ fromLogits: true, reduction: 'sum' }), last: 'identity', least: 1, classes: false },
  { loss: meanSquaredError(), last: 'identity', least: 1, classes: false },
  { loss: meanSquaredError(), last: 'softmax', least: 1, classes: false },
  { loss: meanSquaredError(), last: 'sigmoid', least: 1, classes: false },
  { loss: squaredError({ scale: 0.5 }), last: 'tanh', least: 1, classes: false },
];

export interface Architecture {
  inFeatures: number;
  layers: { units: number; activation: number; bias: boolean; again: boolean }[];
  outputs: number;
  loss: number;
  /** Another output with a loss of its own: the value of the first layer, or a head upon the output, which then comes after it or before. */
  second: 'none' | 'first' | 'upon' | 'before';
  /** The loss of a head upon the output. */
  headLoss: number;
  rows: number;
  seed: number;
  /** Parameters are uniform on ± this: up to where activations saturate. */
  size: number;
}

export const architectures: fc.Arbitrary<Architecture> = fc.record({
  inFeatures: fc.integer({ min: 1, max: 9 }),
  layers: fc.array(
    fc.record({ units: fc.integer({ min: 1, max: 9 }), activation: fc.nat(activations.length - 1), bias: fc.boolean(), again: fc.boolean() }),
    { maxLength: 4 },
  ),
  outputs: fc.integer({ min: 1, max: 6 }),
  loss: fc.nat(losses.length - 1),
  second: fc.constantFrom('none', 'first', 'upon', 'before'),
  headLoss: fc.nat(losses.length - 1),
  rows: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(2 ** 31),
  size: fc.constantFrom(0.5, 0.5, 2, 20),
});

/** An engine of an architecture with parameters drawn, and the data of a batch. */
export interface Case {
  engine: Engine;
  classes: TargetForm[];
  /** For each input of a training program: values, or class ids. */
  batch: ArrayLike<number>[];
  rows: number;
}

/** An output with its loss, and targets of a batch for it. */
interface Head {
  readonly node: Node;
  readonly loss: Loss | { readonly loss: Loss; readonly weight: number };
  readonly targets: (rows: number, next: () => number) => ArrayLike<number>;
  readonly form: TargetForm;
}

function headOn(node: Node, chosen: number, outputs: number): Head {
  const { loss, last, least, classes } = losses[chosen] as (typeof losses)[number];
  const width = Math.max(outputs, least);
  const targets = (rows: number, next: () => number) => {
    const positive = () => (next() + 1) / 2;
    return classes ? Uint32Array.from({ length: rows }, () => Math.floor(positive() * width)) : filled(rows * width, positive);
  };
  return { node: dense(width, last)(node), loss, targets, form: classes ? 'ids' : 'values' };
}

function headsOf(last: Node, first: Node | undefined, { loss, outputs, second, headLoss }: Architecture): Head[] {
  const head = headOn(last, loss, outputs);
  if (second === 'none' || (second === 'first' && !first)) return [head];
  if (second === 'first') {
    const node = first as Node;
    const targets = (rows: number, next: () => number) => filled(rows * features(node.shape), next);
    return [head, { node, loss: { loss: meanSquaredError(), weight: 0.5 }, targets, form: 'values' }];
  }
  const other = headOn(head.node, headLoss, 2);
  return second === 'upon' ? [head, other] : [other, head];
}

export function caseOf(architecture: Architecture, core: Core, optimizer: Optimizer): Case {
  const { inFeatures, layers, rows, seed, size } = architecture;
  const x = input(inFeatures);
  let node = x;
  let first: Node | undefined;
  for (const { units, activation, bias, again } of layers) {
    const inputs = features(node.shape);
    // Applied twice where that fits: a layer whose parameters have two uses.
    const layer = dense(again ? inputs : units, (activations[activation] as [string, Activation])[1], { bias });
    node = layer(node);
    if (again && features(node.shape) === inputs) node = layer(node);
    first ??= node;
  }
  const heads = headsOf(node, first, architecture);
  const model = { inputs: [x], outputs: heads.map((head) => head.node) };
  const engine = new Engine(model, core);
  const loss = heads.map((head) => head.loss);
  engine.configure(lossesOf('test', loss.length > 1 ? loss : (loss[0] as Loss), model), engine.planUpdate(optimizer));
  const next = numbers(seed);
  core.f32.set(
    filled(engine.parameterCount, () => size * next()),
    engine.parametersAddress >> 2,
  );
  const batch = [filled(rows * inFeatures, next), ...heads.map(({ targets }) => targets(rows, next))];
  return { engine, classes: heads.map(({ form }) => form), batch, rows };
}
