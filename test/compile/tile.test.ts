/** Instructions that run tile by tile: which they are, and that it changes no bit. */

import { adam, add, dense, gelu, input, meanSquaredError, mish, mul, type Network, network, parameter, sequential, sum } from 'neurite';
import { explain } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import { compile } from '../../src/compile/program.js';
import type { Engine } from '../../src/engine/engine.js';
import { flops } from '../../src/inspect/explain.js';
import { internals } from '../../src/network/network.js';
import { tileRuns } from '../../src/optimizers/tile.js';
import { difference } from '../files/bits.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';
import { correctedSquares, signDescent } from '../training/throwaway.js';

const engineOf = (net: unknown): Engine => internals('test', net as Network).engine;

/** Opcodes of a program, those that run tile by tile within a list of their own. */
const opcodes = (engine: Engine, rows: number, tile?: number) =>
  compile({ ...engine.recipe('step', ['values']), ...(tile !== undefined && { tile, tiling: tileRuns }) }, rows).instructions.map(
    ({ opcode, body }) => (body ? body.map((one) => Opcode[one.opcode]) : Opcode[opcode]),
  );

const wide = (units: number, optimizer = correctedSquares()) =>
  sequential(512, [dense(units, 'identity', { bias: false })], { loss: meanSquaredError(), optimizer, seed: 3 });

test('an update of more than 2¹⁸ parameters runs tile by tile, and none of fewer', () => {
  using large = wide(513);
  using small = wide(512);
  using kernel = wide(513, adam() as never);
  expect(opcodes(engineOf(large), 4).at(-1)).toEqual(['Square', 'Sub', 'Affine', 'Add', 'Sqrt', 'Fill', 'Add', 'Div', 'Scale', 'Add']);
  expect(opcodes(engineOf(small), 4).filter(Array.isArray)).toEqual([]);
  expect(opcodes(engineOf(kernel), 4).at(-1)).toBe('Adam');
  // What is made on the way has room for one tile.
  const workspace = (net: unknown, tile: number) => compile({ ...engineOf(net).recipe('step', ['values']), tile, tiling: tileRuns }, 4).plan.size;
  expect(workspace(large, 0) - workspace(large, 512)).toBeGreaterThan(500_000);
});

test('runs over batches stay as they are, unless they are asked for', () => {
  const x = input(700);
  using net = network({ inputs: x, outputs: gelu(mul(x, parameter(700))), loss: meanSquaredError(), optimizer: adam() });
  expect(opcodes(engineOf(net), 1024).filter(Array.isArray)).toEqual([]);
  expect(opcodes(engineOf(net), 1024, 512).filter(Array.isArray).length).toBeGreaterThan(1);
});

test('explain shows the tile and what runs in it', () => {
  using net = wide(513);
  const lines = explain(net, 'step', 4).split('\n');
  const at = lines.findIndex((line) => line.includes('Tile of 512'));
  expect(lines[at]).toMatch(/^ *\d+ +Tile of 512 .*parameters\[262656\]/);
  expect(lines[at + 1]).toMatch(/^ +Square +262,656 /);
  // FLOPs are counted once.
  const all = compile(engineOf(net).recipe('step', ['values']), 4).instructions.flatMap((one) => one.body ?? one);
  expect(lines.at(-1)).toContain(`${all.reduce((sum, one) => sum + flops(one, 4), 0).toLocaleString('en')} FLOPs`);
});

describe.each(builds)('%s', (build) => {
  /** Steps by programs whose runs are tiled as told. */
  function trained(make: () => Network, tile: number | undefined, rows: number, width: number): number[] {
    const net = make();
    const engine = engineOf(net);
    const recipe = engine.recipe.bind(engine);
    engine.recipe = (kind, classes) => ({ ...recipe(kind, classes), ...(tile !== undefined && { tile, tiling: tileRuns }) });
    for (let step = 0; step < 3; step++) net.step(filled(rows * width, numbers(step)), filled(rows, numbers(step + 9)));
    const tiled = engine.program('guarded', rows, ['values']).program.instructions.some(({ body }) => body);
    expect(tiled).toBe(tile === undefined || (tile > 0 && rows * width > tile));
    const predicted = net.predict(filled(rows * width, numbers(77)));
    const result = bitsOf(net.parameters).concat(bitsOf(predicted));
    net.dispose();
    return result;
  }

  test.each([
    ['a step of GELU and Mish', 31, 33],
    ['one element fewer than a tile', 11, 93],
    ['a tile', 32, 32],
    ['one element more', 25, 41],
    ['three tiles', 48, 64],
  ])('%s gives the same bits in tiles of 16, 64 and 1,024', (_, rows, width) => {
    const make = () => {
      const x = input(width);
      const hidden = gelu(mul(x, parameter(width)));
      return network({
        inputs: x,
        outputs: sum(mish(add(hidden, parameter(width)))),
        loss: meanSquaredError(),
        optimizer: signDescent({ learningRate: 0.01 }),
        build,
      }) as Network;
    };
    const plain = trained(make, 0, rows, width);
    for (const tile of [16, 64, 1024]) expect(trained(make, tile, rows, width)).toEqual(plain);
  });

  test('an update of many parameters gives the same bits', () => {
    for (const optimizer of [signDescent(), correctedSquares({ centered: true, epsilon: 0.01 })]) {
      const make = () => sequential(800, [dense(330, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer, build, seed: 2 });
      const plain = trained(make, 0, 3, 800);
      expect(difference(trained(make, undefined, 3, 800), plain)).toBeUndefined();
    }
  });
});
