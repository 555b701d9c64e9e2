import fc from 'fast-check';
import { dense, meanSquaredError, sequential, sgd } from 'neurite';
import { explain } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { Context } from '../../assembly/context.js';
import { Block } from '../../assembly/opcodes.js';
import { gradients } from '../../src/compile/differentiate.js';
import type { Place } from '../../src/compile/encode.js';
import { elementsIn } from '../../src/compile/plan.js';
import { compile, type Program, type Recipe } from '../../src/compile/program.js';
import { coreOf } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import { LoadedProgram } from '../../src/engine/loadedProgram.js';
import { Workspace } from '../../src/engine/workspace.js';
import { tensorsOf } from '../../src/graph/instruction.js';
import type { Node } from '../../src/graph/node.js';
import { elements, features, matrix } from '../../src/graph/shape.js';
import { add } from '../../src/ops/add.js';
import { affine } from '../../src/ops/affine.js';
import { concat, pad, slice } from '../../src/ops/columns.js';
import { expandFeatures, sumFeatures } from '../../src/ops/expandFeatures.js';
import { sumRows } from '../../src/ops/expandRows.js';
import { fill, input, Parameter } from '../../src/ops/leaves.js';
import { matmul } from '../../src/ops/matmul.js';
import { maximum } from '../../src/ops/maximum.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { sigmoid } from '../../src/ops/sigmoid.js';
import { softmax } from '../../src/ops/softmax.js';
import { sub } from '../../src/ops/sub.js';
import { tanh } from '../../src/ops/tanh.js';
import { generator } from '../files/bits.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';
import { sweep } from '../sweep.js';
import { architectures, caseOf } from './architectures.js';

/**
 * Runs a program on a memory that knows for each element whose it is, and nothing of lifetimes: whatever an instruction reads must still be
 * there, whatever it writes must not lie on what it reads, unless its kernel works in place on exactly that operand.
 */
function checkMemory(recipe: Recipe, program: Program): void {
  const { rows, plan } = program;
  const memory: (Node | undefined)[] = new Array(plan.size).fill(undefined);
  const rangeOf = (node: Node): [number, number] | undefined => {
    const { block, offset } = program.placeOf(node);
    return block === Block.Workspace ? [offset, offset + elementsIn(node, rows)] : undefined;
  };
  const claim = (node: Node) => {
    const range = rangeOf(node);
    if (!range) return;
    if (range[0] < 0 || range[1] > plan.size) expect.fail(`${node} is at ${range}, in a memory of ${plan.size}`);
    memory.fill(node, ...range);
  };
  const expectWhole = (node: Node, when: string) => {
    const range = rangeOf(node);
    if (!range) return;
    const owners = memory.slice(...range);
    const at = owners.findIndex((owner) => owner !== node);
    const other = owners[at];
    if (at >= 0) expect.fail(`${node} is ${other ? `overwritten by ${other}` : 'not made'} when ${when}`);
  };
  for (const node of recipe.inputs) claim(node);
  const last = new Map<number, Node>();
  program.instructions.forEach((instruction, at) => {
    const tensors = tensorsOf(instruction);
    for (const { node, written } of tensors) if (!written) expectWhole(node, `instruction ${at} reads it`);
    instruction.writes.forEach((name, i) => {
      const written = tensors.find((t) => t.name === name);
      const range = written && rangeOf(written.node);
      if (!written || !range) return;
      for (const other of tensors) {
        const otherRange = rangeOf(other.node);
        if (other.name === name || !otherRange || otherRange[1] <= range[0] || range[1] <= otherRange[0]) continue;
        const inPlace = i === 0 && instruction.inPlace.includes(other.name) && otherRange[0] === range[0] && otherRange[1] === range[1];
        if (!inPlace) expect.fail(`instruction ${at} writes ${written.node} on its operand ${other.name}, ${other.node}`);
      }
      claim(written.node);
      last.set(range[0], written.node);
    });
  });
  for (const node of recipe.outputs) {
    const range = rangeOf(node);
    if (!range) continue;
    const owner = memory[range[0]] as Node;
    expect(owner.shape, `the output ${node}`).toEqual(node.shape);
    expectWhole(owner, 'the program has ended');
  }
}

/** One op of a random graph: which, and the numbers of its operands among the nodes before. */
interface Choice {
  op: number;
  a: number;
  b: number;
}

const ROWS = 5;

/** A graph of random ops with many shared nodes, its outputs some of them, and their derivatives with respect to input and parameters. */
function randomRecipe(choices: Choice[], differentiate: boolean): Recipe {
  const x = input(3);
  const y = input(2);
  const parameters: Parameter[] = [];
  const nodes: Node[] = [x, y];
  for (const { op, a, b } of choices) {
    const p = nodes[a % nodes.length] as Node;
    const n = features(p.shape);
    const mate = nodes.filter((node) => features(node.shape) === n);
    const q = mate[b % mate.length] as Node;
    const makers: (() => Node)[] = [
      () => add(p, q),
      () => sub(p, q),
      () => mul(p, q),
      () => maximum(p, q),
      () => tanh(p),
      () => sigmoid(p),
      () => relu(p),
      () => softmax(p),
      () => affine(p, 0.5, 0.25),
      () => expandFeatures(sumFeatures(p), (b % 4) + 1),
      () => slice(p, b % n, n),
      () => pad(p, b % 2, n + 2),
      () => concat(p, q, p),
      () => {
        const parameter = new Parameter(matrix((b % 4) + 1, n), { kind: 'constant', value: 0 });
        parameters.push(parameter);
        return matmul(p, parameter, false, true);
      },
      () => add(p, sumRows(q)),
    ];
    const made = (makers[op % makers.length] as () => Node)();
    if (features(made.shape) <= 12) nodes.push(made);
  }
  const outputs = nodes.filter((_, i) => i === nodes.length - 1 || i % 5 === 4);
  if (differentiate) {
    const node = nodes.at(-1) as Node;
    const wrt = [x, y, ...parameters];
    outputs.push(...gradients([{ node, gradient: fill(node.shape, 1) }], wrt).flatMap((d) => d ?? []));
  }
  let offset = 0;
  const places = new Map<Node, Place>();
  for (const parameter of parameters) {
    places.set(parameter, { block: Block.Parameters, offset });
    offset += elements(parameter.shape);
  }
  return { roots: outputs, inputs: [x, y], outputs, places };
}

const choices = fc.array(fc.record({ op: fc.nat(100), a: fc.nat(100), b: fc.nat(100) }), { minLength: 1, maxLength: 25, size: 'max' });

describe('no tensor lies on another that is still needed', () => {
  test('in the programs of random networks', () => {
    fc.assert(
      fc.property(architectures, fc.boolean(), (architecture, fuse) => {
        const { engine, classes, rows } = caseOf(architecture, coreOf('simd'), sgd({ momentum: 0.5 }));
        engine.free();
        for (const kind of ['predict', 'logits', 'gradient', 'step', 'evaluate'] as const) {
          const recipe = { ...engine.recipe(kind, kind === 'predict' || kind === 'logits' ? [] : classes), fuse };
          checkMemory(recipe, compile(recipe, rows));
        }
      }),
      { numRuns: sweep(200, 15), seed: 3 },
    );
  });

  test('in random graphs', () => {
    fc.assert(
      fc.property(choices, fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 40 }), (list, differentiate, fuse, rows) => {
        const recipe = { ...randomRecipe(list, differentiate), fuse };
        checkMemory(recipe, compile(recipe, rows));
      }),
      { numRuns: sweep(500, 60), seed: 5 },
    );
  });

  // More tensors than are compared with one another: these are placed in the order of time.
  test('in long programs', () => {
    const next = generator(4);
    for (let run = 0; run < sweep(6, 1); run++) {
      const list = Array.from({ length: 2500 }, () => ({ op: next() % 15, a: next(), b: next() % 100 }));
      const recipe = { ...randomRecipe(list, run % 2 === 0), fuse: run % 3 === 0 };
      const program = compile(recipe, 1 + run);
      expect(program.instructions.length).toBeGreaterThan(1200);
      expect(program.plan.size).toBeLessThan(program.plan.unshared);
      checkMemory(recipe, program);
    }
  });

  // The checker of this file would not be worth much if it could not see an overlap.
  test('the check sees one', () => {
    const x = input(4);
    const first = tanh(x);
    const recipe: Recipe = { roots: [add(first, sigmoid(sub(first, x)))], inputs: [x], outputs: [], places: new Map() };
    const program = compile(recipe, 2);
    checkMemory(recipe, program);
    const same: Program = { ...program, placeOf: () => ({ block: Block.Workspace, offset: 0 }) };
    expect(() => checkMemory(recipe, same)).toThrow(/overwritten|on its operand/);
  });
});

test('sharing changes no bit of random graphs, whatever is in memory before', () => {
  const core = coreOf('simd');
  const parameters = core.allocate(4 * 2000, 'test');
  core.f32.set(filled(2000, numbers(1)), parameters >> 2);
  const run = (recipe: Recipe, junk: number): number[][] => {
    const workspace = new Workspace(core, [parameters, 0, 0, 0], 0, 1);
    const loaded = new LoadedProgram(recipe, compile(recipe, ROWS), workspace);
    const base = workspace.get(Context.Workspace) >> 2;
    core.f32.fill(junk, base, base + loaded.program.plan.size);
    const next = numbers(2);
    const results: number[][] = [];
    for (const node of recipe.inputs) core.f32.set(filled(elementsIn(node, ROWS), next), loaded.indexOf(node));
    // The second run finds its inputs as they were given to the first.
    for (let i = 0; i < 2; i++) {
      loaded.run(ROWS);
      for (const node of recipe.outputs) results.push(bitsOf(core.f32.slice(loaded.indexOf(node), loaded.indexOf(node) + elementsIn(node, ROWS))));
    }
    loaded.free();
    workspace.free();
    return results;
  };
  fc.assert(
    fc.property(choices, fc.boolean(), (list, differentiate) => {
      const recipe = randomRecipe(list, differentiate);
      const plain = run({ ...recipe, share: false, fuse: false }, 0);
      expect(run(recipe, Number.NaN)).toEqual(plain);
      expect(run({ ...recipe, fuse: false }, 1e30)).toEqual(plain);
    }),
    { numRuns: sweep(300, 30), seed: 9 },
  );
  core.free(parameters);
});

/** Whole cache lines: tensors begin at multiples of 16 elements. */
const lines = (n: number) => Math.ceil(n / 16) * 16;

describe('a chain of 50 layers', () => {
  const chain = (widths: number[]) => {
    const x = input(widths[0] as number);
    const output = widths.slice(1).reduce((node, units) => dense(units, 'tanh')(node), x);
    const engine = new Engine({ inputs: [x], outputs: [output] }, coreOf('simd'));
    engine.free();
    return engine;
  };

  test('predicts in the memory of its two widest layers, beside its input', () => {
    const next = numbers(4, 1, 80);
    for (let run = 0; run < sweep(20, 3); run++) {
      const widths = Array.from({ length: 51 }, () => (run === 0 ? 64 : Math.floor(next())));
      for (const rows of [1, 32]) {
        const { plan } = compile(chain(widths).recipe('predict', []), rows);
        const sizes = widths.slice(1).map((n) => lines(n * rows));
        const [widest, second] = [...sizes].sort((a, b) => b - a) as [number, number];
        const neighbours = Math.max(...sizes.slice(1).map((n, i) => n + (sizes[i] as number)));
        expect(plan.size).toBeLessThanOrEqual(lines((widths[0] as number) * rows) + widest + second);
        expect(plan.size).toBeGreaterThanOrEqual(neighbours);
      }
    }
  });

  test('and so do 1,000, or 200 in the fast tests', () => {
    const { plan } = compile(chain(new Array(sweep(1001, 201)).fill(64)).recipe('predict', []), 32);
    expect(plan.size).toBe(3 * 64 * 32);
  });

  test('explain() shows it', () => {
    const net = sequential(
      64,
      Array.from({ length: 50 }, () => dense(64, 'relu')),
    );
    const kilobytes = (n: number) => (n * 64 * 32 * 4).toLocaleString('en');
    expect(explain(net, 'predict', 32)).toContain(`workspace ${kilobytes(3)} bytes (${kilobytes(51)} if nothing were shared)`);
    net.dispose();
  });

  test('training keeps one value of each layer, and few deltas', () => {
    const net = sequential(
      64,
      Array.from({ length: 50 }, () => dense(64, 'tanh')),
      { loss: meanSquaredError(), optimizer: sgd() },
    );
    const size = Number(/workspace ([\d,]+) bytes/.exec(explain(net, 'step', 32))?.[1]?.replaceAll(',', ''));
    // inputs, targets and 50 values, and what is alive beside them at the end: the loss, a delta and the one before it
    expect(size / (64 * 32 * 4)).toBeLessThan(52 + 3);
    net.dispose();
  });
});
