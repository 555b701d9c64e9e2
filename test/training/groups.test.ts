/** Groups of parameters and clipping, for every optimizer, against updates without them and against float64. */
import {
  adam,
  adamW,
  add,
  batchNorm,
  crossEntropy,
  decayMatrices,
  defineOptimizer,
  dense,
  fromJSON,
  input,
  layerNorm,
  lion,
  load,
  mul,
  type Node,
  nadam,
  type Optimizer,
  parameter,
  parameterGroups,
  save,
  sequential,
  sgd,
  toJSON,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { type Build, coreOf } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import { makerOf } from '../../src/optimizers/optimizer.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, close, EPSILON, filled, numbers } from '../kernels/numbers.js';
import { optimizers } from '../vocabulary.js';
import { made, rows, x, y } from './made.js';
import { correctedSquares, signDescent } from './throwaway.js';

/** The same optimizer with other options. */
const changed = (optimizer: Optimizer, options: Partial<Optimizer>): Optimizer => {
  const { name: _, ...own } = optimizer;
  return makerOf(optimizer)({ ...own, ...options } as object);
};

/** The lengths of the parameters that updates are tried on: below, at and above vectors. */
const sizes = [5, 3, 8, 1];
const total = sizes.reduce((sum, n) => sum + n, 0);

/** What steps on given gradients leave: weights, then slots. */
function updates(optimizer: Optimizer, build: Build, steps: number): Float32Array[] {
  const parameters = sizes.map((n, i) => parameter(n, { name: `p${i}` }));
  const inputs = sizes.map((n) => input(n));
  const engine = new Engine({ inputs, outputs: parameters.map((p, i) => mul(inputs[i] as Node, p)) }, coreOf(build));
  const { core } = engine;
  try {
    engine.configure(
      [],
      engine.planUpdate(optimizer, () => new Map(parameters.map((p, i) => [p, `p${i}`]))),
    );
    const { places, epilogue = [] } = engine.updateRecipe();
    const program = engine.derived('update', 1, () => ({ roots: [], inputs: [], outputs: [], places, epilogue }));
    core.f32.set(filled(total, numbers(7)), engine.parametersAddress >>> 2);
    for (let step = 0; step < steps; step++) {
      const scalars = engine.scalarsFor([optimizer.learningRate]);
      core.f32.set(filled(total, numbers(step + 20)), engine.gradientsAddress >>> 2);
      program.workspace.setLearningRate(optimizer.learningRate);
      engine.setScalars(program, scalars);
      program.run(1);
      engine.advance(0);
    }
    const state = engine.optimizerState as NonNullable<typeof engine.optimizerState>;
    const powers = Float32Array.from(core.f64.subarray(state.powers >>> 3, (state.powers >>> 3) + state.powerCount));
    return [...[engine.parametersAddress, ...state.slots].map((at) => core.f32.slice(at >>> 2, (at >>> 2) + total)), powers];
  } finally {
    engine.free();
  }
}

const variants: readonly (readonly [string, Optimizer])[] = [
  ...optimizers.flatMap((row) => row.variants.map(([label, optimizer]) => [label, optimizer] as const)),
  ['signDescent', signDescent({ learningRate: 0.01, weightDecay: 0.1 })],
  ['correctedSquares', correctedSquares({ learningRate: 0.01 })],
];

describe.each(builds)('%s', (build) => {
  describe.each(variants)('%s', (_, optimizer) => {
    test('a group is updated as all are where its options hold for all, bit for bit', () => {
      const groups = parameterGroups([
        { parameters: ['p1', 'p2'], learningRateFactor: 0.5 },
        { parameters: (name) => name === 'p2' || name === 'p3', weightDecay: 0.03 },
      ]);
      const grouped = updates(changed(optimizer, { groups, clipNorm: Number.POSITIVE_INFINITY }), build, 5);
      const alone = [
        {},
        { learningRate: optimizer.learningRate / 2 },
        { learningRate: optimizer.learningRate / 2, weightDecay: 0.03 },
        { weightDecay: 0.03 },
      ].map((options) => updates(changed(optimizer, { ...options, clipNorm: Number.POSITIVE_INFINITY }), build, 5));
      let from = 0;
      sizes.forEach((n, i) => {
        const part = (values: readonly Float32Array[]) => values.slice(0, -1).map((one) => bitsOf(one.subarray(from, from + n)));
        expect(part(grouped), `p${i}`).toEqual(part(alone[i] as Float32Array[]));
        from += n;
      });
      // The powers are advanced once a step.
      expect(grouped.at(-1)).toEqual(alone[0]?.at(-1));
    });

    test('fit takes the steps that step takes, and a file goes on with the same bits', async () => {
      const all = changed(optimizer, {
        groups: decayMatrices([{ parameters: 'dense2', learningRateFactor: 0.25 }]),
        weightDecay: 0.05,
        clipValue: 0.2,
        clipParameterNorm: 0.3,
        clipNorm: 0.4,
      });
      using net = made(all, build);
      using twin = made(all, build);
      await net.fit({ x, y }, { epochs: 3, batchSize: 5, shuffle: false });
      for (let i = 0; i < 3; i++)
        for (let from = 0; from < rows; from += 5) twin.step(x.subarray(from * 5, (from + 5) * 5), y.subarray(from, from + 5));
      expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
      const file = save(net, { optimizerState: true });
      using loaded = load(file, { build, optimizers: [signDescent, correctedSquares] });
      expect(save(loaded, { optimizerState: true })).toEqual(file);
      for (const one of [net, loaded]) await one.fit({ x, y }, { epochs: 2, batchSize: 4, learningRate: (epoch) => 0.01 / epoch });
      expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    });
  });

  /** What plain descent moves each parameter by, beside what float64 says of the gradient. */
  function moves(optimizer: Optimizer, clipped: (parameters: number[][]) => number[][]): void {
    using net = made(optimizer, build);
    net.gradient(x, y);
    const all = net.parameterNames.map((name) => net.parameter(name));
    const gradients = all.map(({ gradient }) => [...(gradient as Float32Array)]);
    const before = net.parameters.slice();
    net.step(x, y);
    const expected = clipped(gradients).flat();
    net.parameters.forEach((after, i) => {
      const bound = 8 * EPSILON * (Math.abs(after) + Math.abs(expected[i] as number));
      expect(close(after, (before[i] as number) - (expected[i] as number), bound)).toBe(true);
    });
  }
  const norm = (values: readonly number[]) => Math.hypot(...values);
  const toNorm = (values: readonly number[], most: number) => values.map((v) => v * Math.min(1, most / norm(values)));

  test('clips by value, by the norm of each parameter, by that of all, and in this order', () => {
    const options = { learningRate: 1 };
    moves(sgd(options), (all) => all);
    moves(sgd({ ...options, clipValue: 0.02 }), (all) => all.map((g) => g.map((v) => Math.min(0.02, Math.max(-0.02, v)))));
    moves(sgd({ ...options, clipParameterNorm: 0.05 }), (all) => all.map((g) => toNorm(g, 0.05)));
    moves(sgd({ ...options, clipValue: 0.03, clipParameterNorm: 0.05, clipNorm: 0.08 }), (all) => {
      const each = all.map((g) =>
        toNorm(
          g.map((v) => Math.min(0.03, Math.max(-0.03, v))),
          0.05,
        ),
      );
      return each.map((g) => g.map((v) => v * Math.min(1, 0.08 / norm(each.flat()))));
    });
    moves(sgd({ ...options, clipValue: 1e9, clipParameterNorm: Number.POSITIVE_INFINITY }), (all) => all);
  });

  test('clips the gradient of the loss, to which L2 is added then, as PyTorch does', () => {
    using net = made(sgd(), build);
    const w = net.parameterNames.map((name) => [...net.parameter(name).values]);
    const weightDecay = 0.3;
    const decayed = (all: number[][]) => all.map((g, i) => g.map((v, j) => v + weightDecay * (w[i]?.[j] as number)));
    const options = { learningRate: 1, weightDecay };
    moves(sgd({ ...options, clipValue: 0.01 }), (all) => decayed(all.map((g) => g.map((v) => Math.min(0.01, Math.max(-0.01, v))))));
    moves(sgd({ ...options, clipParameterNorm: 0.02 }), (all) => decayed(all.map((g) => toNorm(g, 0.02))));
    moves(sgd({ ...options, clipNorm: 0.02 }), (all) => decayed(all.map((g) => g.map((v) => v * Math.min(1, 0.02 / norm(all.flat()))))));
  });

  test('decayMatrices: none on the gains and shifts of norms either', () => {
    const layers = () => [dense(7), layerNorm(), dense(6), batchNorm(), dense(3, 'softmax')];
    const options = { loss: crossEntropy(), build, seed: 4 };
    const of = (weightDecay: number) =>
      sequential(5, layers(), { ...options, optimizer: adamW({ learningRate: 0.01, weightDecay, groups: decayMatrices() }) });
    using net = of(0.5);
    using plain = of(0);
    for (const one of [net, plain]) one.step(x, y);
    for (const name of net.parameterNames) {
      const same = bitsOf(net.parameter(name).values).join() === bitsOf(plain.parameter(name).values).join();
      expect(same, name).toBe(!/^dense\d\.weights$/.test(name));
    }
  });

  test('decayMatrices: a decay on weights, none on biases', () => {
    for (const make of [sgd, adam, adamW, lion, nadam]) {
      // Clipping keeps plain descent out of the products.
      const optimizer = make({ learningRate: 0.01, weightDecay: 0.5, groups: decayMatrices(), clipNorm: 1e9 });
      using net = made(optimizer, build);
      using plain = made(make({ learningRate: 0.01, weightDecay: 0, clipNorm: 1e9 }), build);
      net.parameter('dense1.biases').set(Array.from({ length: 7 }, () => 3));
      plain.parameter('dense1.biases').set(Array.from({ length: 7 }, () => 3));
      for (const one of [net, plain]) one.step(x, y);
      for (const name of net.parameterNames) {
        const same = bitsOf(net.parameter(name).values).join() === bitsOf(plain.parameter(name).values).join();
        expect(same, name).toBe(name.endsWith('biases'));
      }
    }
  });
});

describe('a network holds the names that groups come to', () => {
  const listed = (optimizer: Optimizer | undefined) => optimizer?.groups?.list;

  test('of layers, of functions, and of vectors', () => {
    using net = made(
      adamW({
        groups: decayMatrices([
          { parameters: 'dense1', learningRateFactor: 0.1 },
          { parameters: (name, shape) => name.startsWith('dense2') && shape.length === 2, weightDecay: 0.3 },
          { parameters: () => false, weightDecay: 7 },
        ]),
      }),
    );
    const expected = [
      { parameters: ['dense1.biases', 'dense2.biases'], weightDecay: 0 },
      { parameters: ['dense1.weights', 'dense1.biases'], learningRateFactor: 0.1 },
      { parameters: ['dense2.weights'], weightDecay: 0.3 },
    ];
    expect(listed(net.optimizer)).toEqual(expected);
    using copy = fromJSON(toJSON(net));
    expect(listed(copy.optimizer)).toEqual(expected);
    // What a network holds goes into another.
    using other = made(net.optimizer as Optimizer);
    expect(listed(other.optimizer)).toEqual(expected);
    expect(() => Object.assign(net.optimizer as object, { groups: undefined })).toThrow(TypeError);
    // A file without groups says nothing of them.
    using plain = made(adamW());
    expect(toJSON(plain).optimizer).not.toHaveProperty('groups');
    expect(toJSON(plain).optimizer).not.toHaveProperty('clipValue');
  });

  test.each<[string, () => unknown, string]>([
    ['no list', () => parameterGroups('dense1' as never), 'parameterGroups: groups is "dense1", expected a list'],
    ['a group that is none', () => parameterGroups([5 as never]), 'parameterGroups: groups[0]: its value is 5, expected an object'],
    ['an unknown field', () => parameterGroups([{ parameters: 'a', lr: 1 } as never]), 'groups[0]: there is no option "lr"'],
    ['no parameters', () => parameterGroups([{} as never]), 'groups[0]: parameters is undefined, expected names of parameters or layers'],
    ['parameters by number', () => parameterGroups([{ parameters: [1] as never }]), 'parameters is an array of 1, expected names'],
    [
      'a negative factor',
      () => parameterGroups([{ parameters: 'a', learningRateFactor: -1 }]),
      'groups[0]: learningRateFactor is -1, expected a finite',
    ],
    ['a decay of NaN', () => parameterGroups([{ parameters: 'a', weightDecay: Number.NaN }]), 'groups[0]: weightDecay is NaN, expected a finite'],
    ['groups as a list', () => adam({ groups: [] as never }), 'adam: groups is an array of 0, expected what parameterGroups() gives'],
    ['a clipValue of 0', () => adam({ clipValue: 0 }), 'adam: clipValue is 0, expected a number > 0 that float32 holds, or Infinity'],
    ['a clipParameterNorm as text', () => adam({ clipParameterNorm: '1' as never }), 'adam: clipParameterNorm is "1", expected a number > 0'],
    ['a clipParameterNorm that is a symbol', () => adam({ clipParameterNorm: Symbol('n') as never }), 'adam: clipParameterNorm is Symbol(n)'],
    ['a weightDecay that is a symbol', () => adam({ weightDecay: Symbol('d') as never }), 'adam: weightDecay is Symbol(d), expected a finite'],
    [
      'a name that there is not',
      () => made(adam({ groups: parameterGroups([{ parameters: ['dense1', 'dense9'], weightDecay: 1 }]) })),
      'adam: groups[0]: parameters has "dense9", expected a layer or one of "dense1.weights", "dense1.biases", "dense2.weights", "dense2.biases"',
    ],
    [
      'a function that says nothing',
      () => made(adam({ groups: parameterGroups([{ parameters: (() => 1) as never }]) })),
      'parameters gave 1, expected true',
    ],
    [
      'more scalars than a step has',
      () =>
        sequential(
          1,
          Array.from({ length: 9 }, () => dense(1)),
          {
            optimizer: nadam({
              groups: parameterGroups(Array.from({ length: 9 }, (_, i) => ({ parameters: `dense${i + 1}`, learningRateFactor: i }))),
            }),
          },
        ),
      'nadam: a step has 27 scalars, expected at most 24',
    ],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test('a refused group changes nothing', () => {
    using net = made(adam());
    net.step(x, y);
    const before = save(net, { optimizerState: true });
    expect(() => net.configure({ optimizer: sgd({ groups: parameterGroups([{ parameters: 'no' }]) }) })).toThrow(ValueError);
    expect(save(net, { optimizerState: true })).toEqual(before);
  });

  test('plain descent without a decay or another rate is folded into its products, groups or not', () => {
    using net = made(sgd({ groups: decayMatrices() }));
    using plain = made(sgd());
    for (const one of [net, plain]) one.step(x, y);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(plain.parameters));
  });

  test('an optimizer of one own has its groups too', () => {
    const own = defineOptimizer({
      name: 'own',
      learningRate: 0.5,
      options: {},
      scalars: (_, learningRate) => ({ rate: -learningRate }),
      update: ({ weights, gradient, scalars }) => ({ weights: add(weights, mul(gradient, scalars.rate)) }),
    });
    using net = made(own({ groups: parameterGroups([{ parameters: 'dense1', learningRateFactor: 0 }]) }));
    const before = net.parameters.slice();
    net.step(x, y);
    const { values } = net.parameter('dense1.weights');
    expect(bitsOf(values)).toEqual(bitsOf(before.subarray(0, values.length)));
    expect(bitsOf(net.parameters)).not.toEqual(bitsOf(before));
  });
});
