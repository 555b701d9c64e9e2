import { expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import { lower } from '../../src/compile/lower.js';
import { panelsOf, usePanels } from '../../src/compile/prepack.js';
import { coreOf } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import { tensorsOf } from '../../src/graph/instruction.js';
import { matrix } from '../../src/graph/shape.js';
import { add } from '../../src/ops/add.js';
import { Constant, input, Parameter } from '../../src/ops/leaves.js';
import { matmul } from '../../src/ops/matmul.js';
import { relu } from '../../src/ops/relu.js';

const initial = { kind: 'constant', value: 0 } as const;
const x = input(5);
const weights = new Parameter(matrix(3, 5), initial, 'w');

test('x·wᵀ reads packed weights, with an activation and without; each weight is packed once', () => {
  const product = matmul(x, weights, false, true);
  const y = add(relu(product), matmul(relu(x), weights, false, true));
  const packed = panelsOf([y], (n, k) => 100 * n + k);
  expect(packed.map(({ weights, n, k, panels }) => [weights, n, k, panels.shape.size])).toEqual([[weights, 3, 5, [305]]]);
  for (const fuse of [true, false]) {
    const instructions = usePanels(lower([y], fuse), packed);
    const products = instructions.filter(({ opcode }) => opcode === Opcode.Linear || opcode === Opcode.Gemm);
    expect(products).toHaveLength(2);
    for (const { opcode, operands } of products) {
      expect(opcode).toBe(Opcode.Linear);
      expect(operands.panels).toEqual({ kind: 'tensor', node: packed[0]?.panels });
    }
  }
});

test('what is no x·wᵀ by a parameter stays as it is', () => {
  const square = new Parameter(matrix(5, 5), initial);
  const constant = new Constant(matrix(5, 5), new Float32Array(25));
  const y = add(matmul(x, square), matmul(x, constant, false, true));
  expect(panelsOf([y], () => 1)).toEqual([]);
  const plain = lower([y], true);
  expect(
    usePanels(
      plain,
      panelsOf([matmul(x, weights, false, true)], () => 1),
    ),
  ).toEqual(plain);
});

test('an engine that packs its weights predicts with them, another does not', () => {
  for (const packs of [true, false]) {
    const engine = new Engine({ inputs: [x], outputs: [relu(matmul(x, weights, false, true))] }, coreOf('simd'));
    if (packs) engine.prepack();
    const names = engine.program('predict', 4).program.instructions.flatMap((instruction) => tensorsOf(instruction).map(({ name }) => name));
    expect(names.includes('panels')).toBe(packs);
    engine.free();
  }
});
