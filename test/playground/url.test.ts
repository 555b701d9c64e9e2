import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FeatureName, featureNames } from '../../examples/playground/data/features.js';
import { type DataName, dataSets, drawnPoint } from '../../examples/playground/data/sets.js';
import { activationNames, lossNames, optimizerNames } from '../../examples/playground/state/choices.js';
import { fields, fitting, MOST_LAYERS, MOST_UNITS, penalties, type State, usual } from '../../examples/playground/state/state.js';
import { read, sentence, write } from '../../examples/playground/state/url.js';

const hundredth = fc.integer({ min: -300, max: 300 }).map((v) => v / 100);
const states: fc.Arbitrary<State> = fc
  .record({
    data: fc.constantFrom(...(Object.keys(dataSets) as DataName[])),
    points: fc.integer({ min: 20, max: 1000 }),
    noise: fc.integer({ min: 0, max: 100 }),
    test: fc.integer({ min: 0, max: 80 }),
    features: fc.subarray<FeatureName>(featureNames),
    layers: fc.array(fc.integer({ min: 1, max: MOST_UNITS }), { maxLength: MOST_LAYERS }),
    activation: fc.constantFrom(...activationNames),
    loss: fc.constantFrom(...lossNames),
    optimizer: fc.constantFrom(...optimizerNames),
    rate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    momentum: fc.double({ min: 0, max: 0.999, noNaN: true }).map(Math.abs),
    decay: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
    penalty: fc.constantFrom(...penalties),
    strength: fc.double({ min: 1e-7, max: 1, noNaN: true }),
    batch: fc.integer({ min: 1, max: 1000 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    steps: fc.integer({ min: 0, max: 5_000_000 }),
    drawn: fc.array(
      fc.tuple(hundredth, hundredth, fc.constantFrom(0 as const, 1 as const)).map(([x, y, target]) => drawnPoint(x, y, target)),
      { maxLength: 40 },
    ),
  })
  .map(fitting);

describe('a state in a link', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(states, (state) => {
        const { state: found, ignored } = read(`#${write(state)}`);
        expect(ignored).toEqual([]);
        expect(found).toEqual({ ...state, drawn: state.data === 'drawn' ? state.drawn : [] });
      }),
    );
  });

  test('an empty one is the usual state', () => {
    expect(read('')).toEqual({ state: usual, ignored: [] });
    expect(read('#')).toEqual({ state: usual, ignored: [] });
  });

  test('nonsense is named, and the rest kept', () => {
    const { state, ignored } = read('#data=moons&rate=fast&units=9&layers=3,99&seed=7&batch=2.5&steps=-1&noise=%');
    expect(state).toEqual({ ...usual, data: 'moons', seed: 7 });
    expect(ignored.map(({ key }) => key)).toEqual(['rate', 'units', 'layers', 'batch', 'steps', 'noise']);
    expect(sentence(ignored[0] as (typeof ignored)[0])).toBe(
      'The link’s rate is “fast”, expected a number from 0.000001 to 10; it is left as usual.',
    );
  });

  test('whatever comes, a state that fits comes out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...Object.keys(fields), 'odd'), fc.string())), (parts) => {
        const { state } = read(parts.map(([key, value]) => `${key}=${value}`).join('&'));
        expect(fitting(state)).toEqual(state);
        expect(read(write(state)).ignored).toEqual([]);
      }),
    );
  });

  test('a loss or features that do not fit the data are named', () => {
    const { state, ignored } = read('data=sine&loss=focal&features=y,r');
    expect(state).toMatchObject({ loss: 'meanSquaredError', features: ['x'] });
    expect(ignored.map(({ key }) => key)).toEqual(['features', 'loss']);
  });

  test('drawn points keep their place and class', () => {
    const drawn = [drawnPoint(-3, 3, 1), drawnPoint(0, 0, 0), drawnPoint(1.234, -2.999, 1)];
    expect(read(write({ ...usual, data: 'drawn', drawn })).state.drawn).toEqual(drawn);
    expect(read('data=drawn&drawn=zzzz1').ignored).toHaveLength(1);
  });
});
