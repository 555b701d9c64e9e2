/** Optimizers as definitions: composed ones, those of others, and the kernels held against what they are composed of. */
import {
  add,
  BusyError,
  defineOptimizer,
  dense,
  FileError,
  fromJSON,
  input,
  load,
  meanSquaredError,
  mul,
  type Network,
  NotFiniteError,
  type Optimizer,
  type OptimizerDefinition,
  parameter,
  save,
  sequential,
  sgd,
  toJSON,
  ValueError,
} from 'neurite';
import { explain, summary } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { type Build, coreOf } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import { internals } from '../../src/network/network.js';
import { definitionOf } from '../../src/optimizers/optimizer.js';
import { OPTIMIZERS } from '../../src/optimizers/optimizers.js';
import { distance } from '../derivatives/compare.js';
import { usedInNetworks } from '../files/networks.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, close, EPSILON, filled, numbers } from '../kernels/numbers.js';
import * as oracle from '../oracle/optimizers.js';
import { expectAnswered, expectExport, expectInReadme, expectRows } from '../rows.js';
import { answered, type OptimizerStep, optimizers } from '../vocabulary.js';
import { compositions } from './compositions.js';
import { made, rows, x, y } from './made.js';
import { correctedSquares, signDescent } from './throwaway.js';

/** The same optimizer without its kernel. */
function composed(optimizer: Optimizer): Optimizer {
  const { kernel: _, ...rest } = definitionOf(optimizer);
  const { [rest.name]: composition } = compositions;
  const options = Object.entries(optimizer).filter(([key]) => key !== 'name');
  return defineOptimizer({ ...rest, ...(composition as NonNullable<typeof composition>), name: `${rest.name}Composed` })(Object.fromEntries(options));
}

const internalsOf = (net: Network) => internals('test', net).engine;

type Run = Float64Array;

/** Each optimizer and its step in float64. */
const variants: readonly (readonly [string, Optimizer, OptimizerStep])[] = [
  ...optimizers.flatMap((row) => row.variants),
  ['signDescent', signDescent({ learningRate: 0.01, weightDecay: 0.1 }), (w, g, [m]) => oracle.lion(w, g, m as Run, 0.01, 0.9, 0.99, 0.1)],
  [
    'correctedSquares',
    correctedSquares({ learningRate: 0.01 }),
    (w, g, [v], t) => oracle.correctedSquares(w, g, v as Run, undefined, t, 0.01, 0.9, 1e-8),
  ],
  [
    'correctedSquares, centered',
    correctedSquares({ learningRate: 0.01, centered: true, epsilon: 0.01 }),
    (w, g, [v, mean], t) => oracle.correctedSquares(w, g, v as Run, mean as Run, t, 0.01, 0.9, 0.01),
  ],
];

test('each optimizer of the table has a row, its export, a saved network, its place in the README and its word in PyTorch', () => {
  expectRows(
    'optimizers',
    optimizers.map(({ name }) => name),
    Object.keys(OPTIMIZERS),
  );
  for (const { name, torch, variants } of optimizers) {
    expectExport(name, 'its file in src/optimizers has `export const` of that name, made by composedOptimizer or optimizerMaker');
    expect(usedInNetworks().optimizers).toContain(name);
    expectInReadme(name, 'optimizers');
    expectAnswered(name, answered(torch));
    for (const [, optimizer] of variants) expect(optimizer.name).toBe(name);
  }
});

/** The vectors of state of an optimizer in float64, as they start. */
function zeroSlots(optimizer: Optimizer, length: number): Run[] {
  return (definitionOf(optimizer).slots?.(optimizer) ?? []).map(() => new Float64Array(length));
}

/** Ten steps on a batch beside float64, which takes the same gradients. */
function beside(net: Network, step: OptimizerStep): void {
  const w = Float64Array.from(net.parameters);
  const slots = zeroSlots(net.optimizer as Optimizer, w.length);
  const path = new Float64Array(w.length);
  for (let t = 1; t <= 10; t++) {
    net.gradient(x, y);
    const before = w.slice();
    step(w, net.gradients.slice(), slots, t);
    net.step(x, y);
    net.parameters.forEach((actual, i) => {
      path[i] = (path[i] as number) + Math.abs((w[i] as number) - (before[i] as number));
      // Each step rounds the weight twice at most, and a few dozen times what it moves by: state, scalars, √, ÷ and ·.
      const bound = EPSILON * (2 * t * (Math.abs(w[i] as number) + (path[i] as number)) + 40 * (path[i] as number));
      expect(close(actual, w[i] as number, bound), `step ${t}, weight ${i}: ${actual} beside ${w[i]}`).toBe(true);
    });
  }
}

/** Fifty steps of least squares beside float64, which takes its own gradients: what an optimizer does to a whole training. */
function fiftySteps(optimizer: Optimizer, step: OptimizerStep, build: Build): void {
  const targets = filled(rows, numbers(3));
  using net = sequential(5, [dense(1)], { loss: meanSquaredError(), optimizer, build, seed: 4 });
  const w = Float64Array.from(net.parameters);
  const slots = zeroSlots(optimizer, w.length);
  for (let t = 1; t <= 50; t++) {
    const g = new Float64Array(w.length);
    for (let row = 0; row < rows; row++) {
      const features = [...x.subarray(row * 5, row * 5 + 5), 1];
      const error = features.reduce((sum, v, i) => sum + v * (w[i] as number), 0) - (targets[row] as number);
      features.forEach((v, i) => {
        g[i] = (g[i] as number) + (2 * error * v) / rows;
      });
    }
    step(w, g, slots, t);
    net.step(x, targets);
  }
  const { difference, size } = distance(net.parameters, w);
  expect(difference).toBeLessThanOrEqual(1e-5 * size);
}

/** Updates of an engine alone, on gradients that are given, with what they leave: weights, then slots. */
function updates(optimizer: Optimizer, build: Build, n: number, gradients: readonly Float32Array[]): Float32Array[] {
  const engine = new Engine({ inputs: [input(n)], outputs: [mul(input(n), parameter(n))] }, coreOf(build));
  const { core } = engine;
  try {
    engine.configure([], engine.planUpdate(optimizer));
    const { places, epilogue = [] } = engine.updateRecipe();
    const program = engine.derived('update', 1, () => ({ roots: [], inputs: [], outputs: [], places, epilogue }));
    core.f32.set(filled(n, numbers(n)), engine.parametersAddress >>> 2);
    for (const gradient of gradients) {
      const scalars = engine.scalarsFor([optimizer.learningRate]);
      core.f32.set(gradient, engine.gradientsAddress >>> 2);
      program.workspace.setLearningRate(optimizer.learningRate);
      engine.setScalars(program, scalars);
      program.run(1);
      engine.advance(0);
    }
    const state = engine.optimizerState as NonNullable<typeof engine.optimizerState>;
    const read = (at: number) => core.f32.slice(at >>> 2, (at >>> 2) + n);
    expect([...core.f64.subarray(state.powers >>> 3, (state.powers >>> 3) + 2)].every((power) => power >= 0 && power <= 1)).toBe(true);
    return [engine.parametersAddress, ...state.slots].map(read);
  } finally {
    engine.free();
  }
}

describe.each(builds)('%s', (build) => {
  describe.each(variants)('%s', (_, optimizer, step) => {
    test('agrees with float64', () => {
      using net = made(optimizer, build);
      beside(net, step);
    });

    test('fifty steps agree with float64', () => fiftySteps(optimizer, step, build));

    test('fit takes the steps that step takes, bit for bit, in slices and one by one', async () => {
      using net = made(optimizer, build);
      using twin = made(optimizer, build);
      await net.fit({ x, y }, { epochs: 5, batchSize: 5, shuffle: false });
      for (let i = 0; i < 5; i++) {
        for (let from = 0; from < rows; from += 5) twin.step(x.subarray(from * 5, (from + 5) * 5), y.subarray(from, from + 5));
      }
      expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
      expect(Buffer.from(save(net, { optimizerState: true })).subarray(-400)).toEqual(
        Buffer.from(save(twin, { optimizerState: true })).subarray(-400),
      );
    });
  });

  describe.each(variants.filter(([, optimizer]) => definitionOf(optimizer).kernel))('the kernel of %s', (_, optimizer, step) => {
    test('its composition agrees with float64', () => {
      using net = made(composed(optimizer), build);
      beside(net, step);
    });

    test('its composition agrees with its kernel on the same gradients', () => {
      for (const n of [1, 2, 3, 4, 5, 7, 63, 64, 65, 1000]) {
        const steps = 12;
        const gradients = Array.from({ length: steps }, (_, i) => filled(n, numbers(n + 31 * i, 0.1, 1)));
        const kernel = updates(optimizer, build, n, gradients);
        const composition = updates(composed(optimizer), build, n, gradients);
        expect(composition.length).toBe(kernel.length);
        kernel.forEach((values, which) => {
          values.forEach((value, i) => {
            // Gradients are of one sign: nothing cancels. Each step rounds a value twice, and what it moves by a dozen times, in either form.
            const path = steps * optimizer.learningRate * 10;
            const bound = 2 * steps * EPSILON * (which === 0 ? 2 * (1 + path) + 12 * path : 6 * Math.abs(value));
            expect(close(composition[which]?.[i], value, bound), `${n} elements, ${which === 0 ? 'weight' : 'slot'} ${i}`).toBe(true);
          });
        });
      }
    });
  });
});

describe('an optimizer of one own', () => {
  const optimizers = [signDescent, correctedSquares];

  test.each([signDescent({ beta1: 0.8 }), correctedSquares(), correctedSquares({ centered: true })])(
    'is saved with its state and trains on with the same bits',
    async (optimizer) => {
      using net = made(optimizer);
      await net.fit({ x, y }, { epochs: 3, batchSize: 4 });
      const file = save(net, { optimizerState: true });
      using loaded = load(file, { optimizers });
      expect(loaded.optimizer).toEqual(optimizer);
      expect(save(loaded, { optimizerState: true })).toEqual(file);
      for (const one of [net, loaded]) await one.fit({ x, y }, { epochs: 2, batchSize: 4 });
      expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
      using made_ = fromJSON(toJSON(net), { optimizers });
      expect(made_.optimizer).toEqual(optimizer);
    },
  );

  test('a file that names it is refused with the remedy where it is not passed', () => {
    using net = made(signDescent());
    const [file, json] = [save(net), toJSON(net)];
    const names = Object.keys(OPTIMIZERS).map((one) => JSON.stringify(one));
    const message = `name is "signDescent", expected ${names.join(', ')} or one that is passed: { optimizers: [signDescent] }`;
    expect(() => load(file)).toThrow(FileError);
    expect(() => load(file)).toThrow(message);
    expect(() => fromJSON(json)).toThrow(message);
    expect(() => load(file, { optimizers: [correctedSquares] })).toThrow('"correctedSquares" or one that is passed');
    expect(() => load(file, { optimizers: signDescent as never })).toThrow(ValueError);
    expect(() => load(file, { optimizers: [signDescent()] as never })).toThrow('optimizers has an object with name, learningRate');
    const other = defineOptimizer({ name: 'adam', learningRate: 1, options: {}, update: ({ weights }) => ({ weights }) });
    expect(() => load(file, { optimizers: [other] })).toThrow('there is another optimizer called adam');
    using own = made(other());
    expect(() => save(own)).toThrow("save: the optimizer is called adam, which is one of neurite's own");
  });

  test('is a description that can be changed, and is checked', () => {
    expect(signDescent({ ...signDescent({ beta1: 0.5 }), learningRate: 1 })).toEqual(signDescent({ beta1: 0.5, learningRate: 1 }));
    expect({ ...signDescent() }).toMatchObject({
      name: 'signDescent',
      learningRate: 1e-4,
      beta1: 0.9,
      beta2: 0.99,
      weightDecay: 0,
      clipNorm: Number.POSITIVE_INFINITY,
    });
    expect(() => signDescent({ beta1: 1 })).toThrow('signDescent: beta1 is 1, expected a number in [0, 1), in float32 too');
    expect(() => signDescent({ momentum: 1 } as never)).toThrow('signDescent: there is no option "momentum"');
    expect(() => correctedSquares({ centered: 1 as never })).toThrow('correctedSquares: centered is 1, expected true or false');
    expect(() => correctedSquares({ epsilon: 0 })).toThrow('correctedSquares: epsilon is 0, expected a finite number > 0 that float32 holds');
    expect(() => made({ ...signDescent(), beta2: 2 })).toThrow('network: signDescent: beta2 is 2');
    // Without its maker, a name of none of neurite's own says nothing.
    expect(() => made(JSON.parse(JSON.stringify(signDescent())))).toThrow(/expected what (\w+\(\), )*\w+\(\) or \w+\(\) gives/);
  });

  test('shows in summary and explain', () => {
    using net = made(correctedSquares());
    expect(summary(net)).toContain('correctedSquares');
    expect(explain(net)).toContain('correctedSquares.v[66]');
  });

  test('L2, clipping, learning rates and reset work as with any other', async () => {
    using net = made(correctedSquares({ weightDecay: 0.1, clipNorm: 0.01 }));
    using twin = made(correctedSquares());
    const start = net.parameters.slice();
    await net.fit({ x, y }, { epochs: 2, learningRate: (epoch) => (epoch === 1 ? 0 : 0.1) });
    net.gradient(x, y);
    net.step(x, y, { learningRate: 0.5 });
    expect(bitsOf(net.parameters)).not.toEqual(bitsOf(start));
    net.reset().configure({ optimizer: correctedSquares() });
    for (const one of [net, twin]) one.step(x, y);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });

  test('a step that is refused leaves its powers as they were', () => {
    using net = made(correctedSquares());
    using twin = made(correctedSquares());
    for (const one of [net, twin]) one.step(x, y);
    expect(() => net.step(x, y, { learningRate: 3e38 })).not.toThrow(TypeError);
    const before = save(net, { optimizerState: true });
    expect(() =>
      net.step(
        x.map(() => 3e38),
        y,
        { learningRate: 3e38 },
      ),
    ).toThrow(NotFiniteError);
    expect(save(net, { optimizerState: true })).toEqual(before);
  });
});

describe('a definition', () => {
  const minimal = { name: 'own', learningRate: 0.1, options: {} };
  const of = (update: OptimizerDefinition['update'], more: Partial<OptimizerDefinition> = {}) =>
    made(defineOptimizer({ ...minimal, ...more, update } as OptimizerDefinition)());

  test.each<[string, () => unknown, string]>([
    ['without a name', () => defineOptimizer({ ...minimal, name: '', update: ({ weights }) => ({ weights }) }), 'defineOptimizer: name is ""'],
    ['that is none', () => defineOptimizer(null as never), 'defineOptimizer: the definition is null, expected an object'],
    ['with a field that means nothing', () => defineOptimizer({ ...minimal, step: () => 1 } as never), 'there is no option "step"'],
    ['without options', () => defineOptimizer({ ...minimal, options: undefined, update: () => 1 } as never), 'options is undefined'],
    ['whose option is a number', () => defineOptimizer({ ...minimal, options: { a: 1 }, update: () => 1 } as never), 'option "a": its value is 1'],
    [
      'whose bound is a text',
      () => defineOptimizer({ ...minimal, options: { a: { usual: 1, from: '0' } }, update: () => 1 } as never),
      'option "a": from is "0"',
    ],
    [
      'whose slots are a list',
      () => defineOptimizer({ ...minimal, slots: ['m'], update: () => 1 } as never),
      'own: slots is an array of 1, expected a function',
    ],
    [
      'whose powers are a list',
      () => defineOptimizer({ ...minimal, powers: [1], update: () => 1 } as never),
      'own: powers: its value is an array of 1',
    ],
    [
      'whose powers start nowhere',
      () => defineOptimizer({ ...minimal, powers: { start: [Number.NaN] }, update: () => 1 } as never),
      'powers: start is an array of 1',
    ],
    ['without an update', () => defineOptimizer(minimal as never), 'defineOptimizer: own: update is undefined, expected a function'],
    ['without a rate', () => defineOptimizer({ ...minimal, learningRate: -1, update: ({ weights }) => ({ weights }) }), 'learningRate is -1'],
    [
      'whose default is out of its range',
      () => defineOptimizer({ ...minimal, options: { beta: { usual: 1, below: 1 } }, update: ({ weights }) => ({ weights }) }),
      'own: beta is 1',
    ],
    [
      'whose option every optimizer has',
      () => defineOptimizer({ ...minimal, options: { clipNorm: { usual: 1 } }, update: ({ weights }) => ({ weights }) }),
      'option "clipNorm" is one that every optimizer has',
    ],
    ['whose update gives nothing', () => of((() => undefined) as never), 'own: update gave undefined as weights, expected a node'],
    ['whose update gives another shape', () => of(() => ({ weights: input(3) })), 'own: update gave [rows, 3] as weights'],
    ['whose update uses something else', () => of(({ weights }) => ({ weights: add(weights, mul(weights, parameter(66))) })), 'own: update uses'],
    [
      'whose update gives an unknown slot',
      () => of(({ weights }) => ({ weights, slots: { u: weights } })),
      'own: update gave a slot "u", expected none',
    ],
    [
      'whose slots have one name',
      () => of(({ weights }) => ({ weights }), { slots: () => ['a', 'a'] }),
      'own: slots are a, a, expected different names',
    ],
    [
      'whose scalar is no number',
      () => of(({ weights }) => ({ weights }), { scalars: () => ({ a: '1' }) as never }),
      'own: its scalar a is "1", expected a finite number',
    ],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test('whose scalars or powers turn into something else is refused at that step, and nothing changes', () => {
    let scalar: unknown = 1;
    let power = 0.5;
    using net = of(({ weights, gradient, scalars }) => ({ weights: add(weights, mul(gradient, scalars.one as never)) }), {
      powers: { start: [1] },
      scalars: (_, __, powers) => {
        powers[0] = power;
        return { one: scalar as number };
      },
    });
    net.step(x, y);
    const before = save(net, { optimizerState: true });
    scalar = undefined;
    expect(() => net.step(x, y)).toThrow('own: its scalar one is undefined, expected a finite number');
    [scalar, power] = [1, Number.NaN];
    expect(() => net.step(x, y)).toThrow('own: one of its powers is NaN, expected a finite number');
    [scalar, power] = [Number.POSITIVE_INFINITY, 0.25];
    expect(() => net.step(x, y)).toThrow(ValueError);
    expect(save(net, { optimizerState: true })).toEqual(before);
  });

  test('changes in any order: slots that are swapped, copied, kept, and read after they were written', () => {
    using net = of(
      ({ weights, gradient, slots }) => ({
        weights: add(weights, mul(slots.a as never, slots.b as never)),
        slots: {
          a: slots.b as never,
          b: slots.a as never,
          c: gradient,
          d: add(slots.c as never, slots.c as never),
          e: add(slots.c as never, slots.c as never),
        },
      }),
      { slots: () => ['a', 'b', 'c', 'd', 'e', 'f'] },
    );
    const { core, optimizerState } = internalsOf(net);
    const n = net.parameterCount;
    const slot = (i: number) => core.f32.subarray((optimizerState?.slots[i] as number) >>> 2, ((optimizerState?.slots[i] as number) >>> 2) + n);
    const next = numbers(5);
    for (let i = 0; i < 6; i++) slot(i).set(filled(n, next));
    const [a, b, c, , , f] = [0, 1, 2, 3, 4, 5].map((i) => slot(i).slice()) as Float32Array[] & { length: 6 };
    net.gradient(x, y);
    const [w, g] = [net.parameters.slice(), net.gradients.slice()];
    net.step(x, y);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(w.map((v, i) => v + Math.fround((a?.[i] as number) * (b?.[i] as number)))));
    expect([0, 1, 2, 5].map((i) => bitsOf(slot(i)))).toEqual([b, a, g, f].map((values) => bitsOf(values as Float32Array)));
    const twice = (c as Float32Array).map((v) => v + v);
    expect([3, 4].map((i) => bitsOf(slot(i)))).toEqual([twice, twice].map(bitsOf));
  });

  test('its code cannot change the network meanwhile', () => {
    let inside: () => unknown = () => undefined;
    const optimizer = defineOptimizer({
      ...minimal,
      scalars: () => {
        inside();
        return { one: 1 };
      },
      update({ weights, gradient, descent, scalars }) {
        inside();
        return { weights: add(weights, mul(mul(gradient, descent), scalars.one)) };
      },
    });
    using net = made(optimizer());
    using twin = made(optimizer());
    const calls = [() => net.step(x, y), () => net.dispose(), () => net.reset(), () => net.configure({ optimizer: sgd() })];
    for (const call of calls) {
      inside = () => expect(call).toThrow(BusyError);
      net.step(x, y);
      net.configure({ optimizer: optimizer() });
    }
    inside = () => {
      throw new Error('mine');
    };
    expect(() => net.step(x, y)).toThrow('mine');
    inside = () => net.predict(x);
    net.step(x, y);
    inside = () => undefined;
    for (let i = 0; i < 5; i++) twin.step(x, y);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });
});
