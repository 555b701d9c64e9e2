import fc from 'fast-check';
import { adam, crossEntropy, type Optimizer, sgd } from 'neurite';
import { describe, expect, test } from 'vitest';
import { Context } from '../../assembly/context.js';
import { GemmFlag, Opcode } from '../../assembly/opcodes.js';
import { elementsIn } from '../../src/compile/plan.js';
import { compile, type Recipe } from '../../src/compile/program.js';
import { coreOf } from '../../src/core/core.js';
import type { Engine } from '../../src/engine/engine.js';
import { LoadedProgram } from '../../src/engine/loadedProgram.js';
import type { ProgramKind } from '../../src/engine/recipes.js';
import { Workspace } from '../../src/engine/workspace.js';
import { tileRuns } from '../../src/optimizers/tile.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, close, EPSILON, filled, numbers } from '../kernels/numbers.js';
import { boundsOf } from '../network/errorBounds.js';
import { drawParameters, type Model, networkOf, oracleOf } from '../network/models.js';
import { type Architecture, architectures, type Case, caseOf } from './architectures.js';

/** Everything a run leaves behind. */
interface Outcome {
  status: number;
  lossSum: number;
  correct: number;
  outputs: number[][];
  gradients: number[];
  parameters: number[];
}

/** Runs a recipe on an engine's memory, in a workspace of its own full of NaN, and puts the parameters back. */
function run(engine: Engine, recipe: Recipe, batch: ArrayLike<number>[], rows: number, capacity = rows, learningRate = 0.1): Outcome {
  const { core } = engine;
  const known = engine.program('predict', 1).workspace;
  const workspace = new Workspace(core, [engine.parametersAddress, engine.gradientsAddress, 0, known.get(Context.Constants)], 0, 2);
  const loaded = new LoadedProgram(recipe, compile(recipe, capacity), workspace);
  const read = (at: number, n: number) => core.f32.slice(at, at + n);
  const count = engine.parameterCount;
  const parameters = read(engine.parametersAddress >> 2, count);
  try {
    const base = workspace.get(Context.Workspace) >> 2;
    core.f32.fill(Number.NaN, base, base + loaded.program.plan.size);
    core.f32.fill(Number.NaN, engine.gradientsAddress >> 2, (engine.gradientsAddress >> 2) + count);
    engine.resetOptimizer();
    recipe.inputs.forEach((node, i) => {
      const values = batch[i] as ArrayLike<number>;
      (values instanceof Uint32Array ? core.u32 : core.f32).set(values, loaded.indexOf(node));
    });
    workspace.setLearningRate(learningRate);
    workspace.lossSum = 0;
    workspace.correct = 0;
    const status = loaded.run(rows, recipe.prologue?.length ?? 0);
    return {
      status,
      lossSum: workspace.lossSum,
      correct: workspace.correct,
      outputs: recipe.outputs.map((node) => bitsOf(read(loaded.indexOf(node), elementsIn(node, rows)))),
      gradients: bitsOf(read(engine.gradientsAddress >> 2, count)),
      parameters: bitsOf(read(engine.parametersAddress >> 2, count)),
    };
  } finally {
    core.f32.set(parameters, engine.parametersAddress >> 2);
    loaded.free();
    workspace.free();
  }
}

const kinds: ProgramKind[] = ['predict', 'logits', 'gradient', 'evaluate', 'step'];

function expectFusionsInvisible({ engine, classes, batch, rows }: Case): void {
  for (const kind of kinds) {
    const recipe = engine.recipe(kind, kind === 'predict' || kind === 'logits' ? [] : classes);
    const plain = run(engine, { ...recipe, fuse: false, share: false }, batch, rows);
    expect(run(engine, recipe, batch, rows), `${kind}, fused and shared`).toEqual(plain);
    expect(run(engine, { ...recipe, fuse: false }, batch, rows), `${kind}, shared`).toEqual(plain);
    for (const tile of [4, 12])
      expect(run(engine, { ...recipe, tile, tiling: tileRuns }, batch, rows), `${kind}, in tiles of ${tile}`).toEqual(plain);
    expect(run(engine, { ...recipe, fuse: false, tile: 8, tiling: tileRuns }, batch, rows, rows + 7), `${kind}, in tiles of 8, unfused`).toEqual(
      plain,
    );
    expect(run(engine, { ...recipe, share: false }, batch, rows, rows + 7), `${kind}, fused, with room for more rows`).toEqual(plain);
  }
}

describe.each(builds)('%s: a fused program gives the bits of the unfused one', (build) => {
  test.each([
    ['plain descent', sgd()],
    ['momentum', sgd({ momentum: 0.9, weightDecay: 0.1, clipNorm: 1 })],
    ['adam', adam()],
  ])('random architectures, %s', (_, optimizer) => {
    fc.assert(
      fc.property(architectures, (architecture) => {
        const made = caseOf(architecture, coreOf(build), optimizer);
        try {
          expectFusionsInvisible(made);
        } finally {
          made.engine.free();
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});

describe.each(builds)('%s: descent folded into the products', (build) => {
  // A rate that is a power of two scales deltas and products exactly, so that only w − η·g itself is rounded, and in both forms once.
  test('a rate that is a power of two gives the bits of the gradient and w − η·g', () => {
    fc.assert(
      fc.property(architectures, fc.constantFrom(1, 0.25, 2 ** -7), (architecture, learningRate) => {
        const { engine, classes, batch, rows } = caseOf({ ...architecture, size: 0.5 }, coreOf(build), sgd());
        try {
          const before = engine.core.f32.slice(engine.parametersAddress >> 2, (engine.parametersAddress >> 2) + engine.parameterCount);
          const { gradients } = run(engine, engine.recipe('gradient', classes), batch, rows);
          const stepped = run(engine, engine.recipe('step', classes), batch, rows, rows, learningRate);
          const g = new Float32Array(Uint32Array.from(gradients).buffer);
          // What the loss does not depend on has no gradient, and stays.
          const expected = before.map((w, i) => (Number.isNaN(g[i]) ? w : w - learningRate * (g[i] as number)));
          expect(stepped.parameters).toEqual(bitsOf(expected));
        } finally {
          engine.free();
        }
      }),
      { numRuns: 200, seed: 11 },
    );
  });

  // Both forms are within the bound of oracle.test.ts of the exact step, so within twice that of each other.
  test.each([0.1, 0.003, 3])('rate %d: within the bounds of both forms', (learningRate) => {
    for (const rows of [1, 2, 7, 32, 33, 300]) {
      const next = numbers(rows);
      const tanh = { name: 'tanh' } as const;
      const model: Model = {
        inFeatures: 6,
        layers: [
          { units: 9, activation: tanh, biases: true },
          { units: 5, activation: { name: 'relu' }, biases: false },
          { units: 3, activation: { name: 'softmax' }, biases: true },
        ],
      };
      const net = networkOf(model, { loss: crossEntropy(), optimizer: sgd({ learningRate }), build });
      const parameters = drawParameters(model, next);
      const x = filled(rows * 6, next);
      const ids = Array.from({ length: rows }, () => Math.floor((next() + 1) * 1.5));
      const bounds = boundsOf(oracleOf(model, parameters), { name: 'crossEntropy', reduction: 'mean' }, x, ids);
      net.parameters.set(parameters);
      net.gradient(x, ids);
      const explicit = net.gradients.map((g, i) => (parameters[i] as number) - Math.fround(Math.fround(learningRate) * g));
      const gradients = net.gradients.slice();
      net.step(x, ids);
      net.parameters.forEach((w, i) => {
        const g = Math.abs(gradients[i] as number) + (bounds.gradient[i] as number);
        const bound = learningRate * ((bounds.gradient[i] as number) + 4 * EPSILON * g) + 2 * EPSILON * (Math.abs(w) + learningRate * g);
        expect(close(w, explicit[i] as number, 2 * bound), `${rows} rows, element ${i}: ${w}, expected ${explicit[i]} ± ${2 * bound}`).toBe(true);
      });
      net.dispose();
    }
  });
});

describe('what is fused', () => {
  const architecture: Architecture = {
    inFeatures: 4,
    layers: [{ units: 5, activation: 4, bias: true, again: false }],
    outputs: 3,
    loss: 0,
    second: 'none',
    headLoss: 0,
    rows: 4,
    seed: 1,
    size: 1,
  };
  const opcodes = (kind: ProgramKind, optimizer: Optimizer, fuse = true) => {
    const { engine, classes } = caseOf(architecture, coreOf('simd'), optimizer);
    const recipe = engine.recipe(kind, kind === 'predict' ? [] : classes);
    engine.free();
    return compile({ ...recipe, fuse }, 8).instructions.map(({ opcode, operands: { flags, accumulate } }) => {
      const folded = (flags?.kind === 'word' && (flags.value & GemmFlag.Accumulate) !== 0) || (accumulate?.kind === 'word' && accumulate.value === 1);
      return Opcode[opcode] + (folded ? ' +=' : '');
    });
  };
  const gathers = ['Gather', 'Gather'];
  const forward = ['Linear', 'Linear', 'SoftmaxCrossEntropy', 'AccumulateLoss', 'CountCorrect'];

  test('a prediction is one instruction to a layer, and the softmax', () => {
    expect(opcodes('predict', sgd())).toEqual(['Linear', 'Linear', 'Softmax']);
  });

  test('a gradient is loss and delta in one, then two products and the bias to a layer', () => {
    expect(opcodes('gradient', sgd())).toEqual([...gathers, ...forward, 'SumRows', 'Gemm', 'Gemm', 'ReluBackward', 'SumRows', 'Gemm']);
  });

  test('plain descent is folded into the products, each behind the last use of its weight', () => {
    expect(opcodes('step', sgd())).toEqual([...gathers, ...forward, 'SumRows +=', 'Gemm', 'Gemm +=', 'ReluBackward', 'SumRows +=', 'Gemm +=']);
  });

  test.each([sgd({ momentum: 0.9 }), sgd({ weightDecay: 0.1 }), sgd({ clipNorm: 1 }), adam()])(
    'not so with $name, momentum $momentum, weightDecay $weightDecay, clipNorm $clipNorm',
    (optimizer) => {
      const step = opcodes('step', optimizer);
      expect(step.filter((name) => name.endsWith('+='))).toEqual([]);
      const gradient = opcodes('gradient', optimizer);
      expect(step.slice(0, gradient.length)).toEqual(gradient);
      expect(step.at(-1)).toBe(optimizer.name === 'sgd' ? (optimizer.momentum > 0 ? 'Momentum' : 'Sgd') : 'Adam');
    },
  );

  test('nothing is without', () => {
    const plain = opcodes('gradient', sgd(), false);
    for (const name of ['Linear', 'SoftmaxCrossEntropy', 'ReluBackward']) expect(plain).not.toContain(name);
  });
});
