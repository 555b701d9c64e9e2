/** The operands of every instruction stand in the order of its form's words: programs are written without looking at the forms. */

import { adam, binaryCrossEntropy, crossEntropy, dense, dropout, embedding, lion, type NetworkLoss, type Optimizer, sequential, sgd } from 'neurite';
import { expect, test } from 'vitest';
import { formOf, Opcode } from '../../assembly/opcodes.js';
import { compile, type Recipe } from '../../src/compile/program.js';
import { Engine } from '../../src/engine/engine.js';
import type { Instruction } from '../../src/graph/instruction.js';
import { internals } from '../../src/network/network.js';
import { tileRuns } from '../../src/optimizers/tile.js';
import { networks } from '../files/networks.js';
import { opcodes, wordsOf } from '../forms.js';
import { sweep } from '../sweep.js';

/** Programs of a network with a loss, and with an optimizer: those first in which every opcode is. */
const LOSSES = ['gradient', 'regularize', 'evaluate', 'evaluateTraining', 'accumulate'] as const;
const STEPS = ['guarded', 'shorten', 'step', 'update'] as const;

const words = new Map<Opcode, string[]>();

/** The words of an opcode behind the first, by name. */
function operandsOf(opcode: Opcode): string[] {
  const known = words.get(opcode);
  if (known) return known;
  const found = Object.entries(wordsOf(formOf(opcode)))
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .sort(([, a], [, b]) => a - b)
    .map(([name]) => name)
    .slice(1, -1);
  words.set(opcode, found);
  return found;
}

function check({ opcode, operands, body = [] }: Instruction, seen: Set<Opcode>): void {
  const found = Object.entries(operands).flatMap(([name, operand]) => {
    if (operand.kind === 'tensor' && operand.inBody) return [];
    return operand.kind === 'f64' ? [`${name}Low`, `${name}High`] : [name];
  });
  if (`${found}` !== `${operandsOf(opcode)}`) expect(found, Opcode[opcode]).toEqual(operandsOf(opcode));
  seen.add(opcode);
  for (const one of body) check(one, seen);
}

test('operands stand in the order of their words', () => {
  const seen = new Set<Opcode>();
  const compiled = (recipe: Recipe) => {
    for (const { instructions } of [
      compile(recipe, 8),
      compile({ ...recipe, fuse: false, share: false }, 8),
      compile({ ...recipe, tile: 1, tiling: tileRuns }, 8),
    ])
      for (const instruction of instructions) check(instruction, seen);
  };
  const checkAll = ({ engine }: ReturnType<typeof internals>) => {
    const forms = engine.columns.targets.map(({ classes }) => (classes ? 'ids' : 'values'));
    for (const kind of ['predict', 'logits'] as const) compiled(engine.recipe(kind, []));
    if (forms.length === 0) return;
    for (const kind of LOSSES.slice(0, sweep(LOSSES.length, 2))) compiled(engine.recipe(kind, forms));
    if (engine.optimizer) for (const kind of STEPS.slice(0, sweep(STEPS.length, 2))) compiled(engine.recipe(kind, forms));
  };
  for (const [, make] of networks) {
    using net = make();
    checkAll(internals('test', net));
  }
  const optimizers: Optimizer[] = [
    sgd({ weightDecay: 0.1, clipNorm: 1, clipValue: 1, clipParameterNorm: 1 }),
    sgd({ momentum: 0.9 }),
    adam(),
    lion({ weightDecay: 0.1 }),
  ];
  const losses: [NetworkLoss, 'softmax' | 'sigmoid'][] = [
    [crossEntropy(), 'softmax'],
    [crossEntropy({ labelSmoothing: 0.1 }), 'softmax'],
    [binaryCrossEntropy(), 'sigmoid'],
  ];
  for (const optimizer of optimizers) {
    for (const [loss, activation] of losses) {
      using net = sequential(4, [dense(5, 'relu'), dense(5, 'leakyRelu'), dense(5, 'tanh'), dense(4, 'sigmoid'), dense(3, activation)], {
        loss,
        optimizer,
      });
      checkAll(internals('test', net));
      const { graph, core } = internals('test', net).engine;
      const packed = new Engine(graph, core);
      packed.prepack();
      compiled(packed.recipe('predict', []));
      packed.free();
    }
  }
  using looksUp = sequential(3, [embedding(5, 2), dropout(0.5), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
  checkAll(internals('test', looksUp));
  // No node compiles to a product of eight bits: it is a Linear whose words change in place, the second operand alone (`src/int8/threadedProgram.ts`).
  expect(operandsOf(Opcode.LinearInt8)).toEqual(operandsOf(Opcode.Linear).map((word) => (word === 'w' ? 'room' : word)));
  seen.add(Opcode.LinearInt8);
  const unseen = opcodes.filter((code) => !seen.has(code)).map((code) => Opcode[code]);
  expect(unseen, `no network here compiles to ${unseen.join(', ')}: a row of test/vocabulary.ts that has it brings it here`).toEqual([]);
});
