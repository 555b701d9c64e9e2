/** A run is the same however it is cut into calls, and its networks are those of the program that it is handed out as. */
import * as neurite from 'neurite';
import { copyParameters, dense, sequential } from 'neurite';
import { expect, test } from 'vitest';
import { type DataName, dataSets, pointsOf, split, suggestedFor, taskOf } from '../../examples/playground/data/sets.js';
import { building } from '../../examples/playground/model/build.js';
import { atOnce } from '../../examples/playground/model/parts.js';
import { snippet } from '../../examples/playground/model/snippet.js';
import { Trainer } from '../../examples/playground/model/trainer.js';
import { activationNames, lossesOf, optimizerNames } from '../../examples/playground/state/choices.js';
import { fitting, type State, usual } from '../../examples/playground/state/state.js';

function start(part: Partial<State>) {
  const state = fitting({ ...usual, points: 60, ...part });
  const { training, test: held } = split(pointsOf(state.data, state.points, state.noise, state.seed), state.test, state.seed);
  const networks = atOnce(building(state));
  return { ...networks, state, training, held, trainer: new Trainer(networks.net, state, training, () => copyParameters(networks.net)) };
}

test.each(optimizerNames)('%s: one call of 25 steps, or several', async (optimizer) => {
  const [whole, cut] = [start({ optimizer, momentum: optimizer === 'sgd' ? 0 : 0.9 }), start({ optimizer, momentum: optimizer === 'sgd' ? 0 : 0.9 })];
  const { parameters } = await whole.trainer.advance(25);
  for (const steps of [1, 7, 2, 15]) await cut.trainer.advance(steps);
  expect(cut.trainer.steps).toBe(25);
  expect(copyParameters(cut.net)).toEqual(parameters);
  expect(cut.trainer.next.points).toEqual(whole.trainer.next.points);
  whole.dispose();
  cut.dispose();
});

const generated = (Object.keys(dataSets) as DataName[]).filter((name) => name !== 'drawn');
const choices: readonly Partial<State>[] = [
  ...activationNames.map((activation) => ({ activation })),
  ...generated.flatMap((data) => lossesOf(taskOf(data)).map((loss) => ({ data, loss, ...suggestedFor(data) }))),
  ...optimizerNames.map((optimizer) => ({ optimizer, momentum: optimizer === 'sgd' ? 0 : 0.9 })),
];

test.each(choices)('%j: the program that it is handed out as trains to the same bits', async (choice) => {
  const { state, training, held, trainer, dispose } = start(choice);
  const { parameters } = await trainer.advance(12);
  const code = snippet(state, training, held, 12).replace(/^import (\{.*\}) from 'neurite';$/m, 'const $1 = neurite;');
  const program = new Function('neurite', 'console', `return (async () => {${code}\nreturn net;})()`);
  const trained = await program(neurite, { log() {} });
  expect(copyParameters(trained)).toEqual(parameters);
  trained.dispose();
  dispose();
});

test('the parameters begin as those of a sequential network', () => {
  const { net, dispose } = start({ layers: [5, 3], seed: 9 });
  const program = sequential(2, [dense(5, 'tanh'), dense(3, 'tanh'), dense(1, 'sigmoid')], { seed: 9, reproducible: true });
  expect(copyParameters(net)).toEqual(copyParameters(program));
  dispose();
});

test('every unit is in the output of the second network', async () => {
  const { net, units, trainer, dispose } = start({ layers: [3, 2], data: 'spirals' });
  await trainer.advance(5);
  const x = Float32Array.of(0.5, -1);
  const all = units.predict(x);
  expect(all).toHaveLength(6);
  expect(all[5]).toBe(net.predict(x)[0]);
  dispose();
});
