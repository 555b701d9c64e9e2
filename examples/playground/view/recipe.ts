/** What a run follows from, as a sentence whose words can be chosen. */
import { type FeatureName, features, featuresOf } from '../data/features.js';
import { type DataName, dataSets, suggestedFor, taskOf } from '../data/sets.js';
import { activationNames, activations, losses, lossesOf, optimizerNames, optimizerOf, optimizers } from '../state/choices.js';
import { fitting, MOST_LAYERS, MOST_UNITS, penalties, type State, usual } from '../state/state.js';
import { button, choice, make, numberChoice } from './dom.js';

const titled = <T extends string>(values: readonly T[], titles: Readonly<Record<T, { readonly title?: string }>>) =>
  values.map((value) => ({ value, text: titles[value].title ?? value }));

const penaltyTitles = { none: { title: 'no' }, l1: { title: 'an L1' }, l2: { title: 'an L2' } };

/** The sentence, a paragraph each of its parts. @param changed is told of another state */
export function makeRecipe(state: State, changed: (state: State) => void): HTMLElement[] {
  const set = (part: Partial<State>) => changed(fitting({ ...state, ...part }));
  const task = taskOf(state.data);
  const setLayer = (at: number, units: number) => set({ layers: state.layers.map((one, i) => (i === at ? units : one)) });

  const chips = featuresOf(task).map((name: FeatureName) => {
    const chosen = state.features.includes(name);
    const chip = button(features[name].label, `feature ${features[name].label}`, () => {
      const left = chosen ? state.features.filter((one) => one !== name) : [...state.features, name];
      if (left.length > 0) set({ features: left });
    });
    chip.className = 'chip';
    chip.setAttribute('aria-pressed', String(chosen));
    return chip;
  });
  const layers = state.layers.map((units, i) =>
    make(
      'span',
      { class: 'stepper', role: 'group', 'aria-label': `layer ${i + 1}` },
      button('−', units > 1 ? `fewer units in layer ${i + 1}` : `remove layer ${i + 1}`, () =>
        units > 1 ? setLayer(i, units - 1) : set({ layers: state.layers.filter((_, at) => at !== i) }),
      ),
      make('b', {}, String(units)),
      button('+', `more units in layer ${i + 1}`, () => units < MOST_UNITS && setLayer(i, units + 1)),
    ),
  );
  const addLayer = button('add a layer', 'add a layer', () => set({ layers: [...state.layers, 4] }), 'quiet');
  addLayer.hidden = state.layers.length >= MOST_LAYERS;
  const removeLayer = button('drop the last', 'drop the last layer', () => set({ layers: state.layers.slice(0, -1) }), 'quiet');
  removeLayer.hidden = state.layers.length === 0;

  const { momentum, decay } = optimizerOf(state.optimizer);
  const settings = [
    ' at a rate of ',
    numberChoice('learning rate', [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1], state.rate, (rate) => set({ rate })),
    ...(momentum
      ? [`, ${momentum.title} `, numberChoice(momentum.title, [0, 0.5, 0.8, 0.9, 0.95, 0.99], state.momentum, (momentum) => set({ momentum }))]
      : []),
    ...(decay ? [`, ${decay.title} `, numberChoice(decay.title, [0, 0.001, 0.01, 0.1], state.decay, (decay) => set({ decay }))] : []),
  ];
  const seed = make('input', {
    type: 'number',
    min: '0',
    max: '2147483647',
    step: '1',
    value: String(state.seed),
    'aria-label': 'seed',
    class: 'word seed',
  });
  seed.addEventListener('change', () => seed.validity.valid && seed.value !== '' && set({ seed: Number(seed.value) }));

  const data = choice(
    'data set',
    (Object.keys(dataSets) as DataName[]).map((value) => ({ value, text: dataSets[value].title })),
    state.data,
    (name) => set({ data: name, layers: state.layers.length > 0 ? state.layers : usual.layers, ...suggestedFor(name) }),
  );
  const drawn = state.data === 'drawn';
  return [
    make(
      'p',
      {},
      'Learn ',
      data,
      ...(drawn
        ? [`, ${state.drawn.length} points so far`]
        : [
            ' from ',
            numberChoice('points', [50, 100, 200, 400, 1000], state.points, (points) => set({ points })),
            ' points with ',
            numberChoice('noise', [0, 5, 10, 20, 30, 50], state.noise, (noise) => set({ noise }), ' %'),
            ' noise',
          ]),
      ', and keep ',
      numberChoice('share to test with', [0, 10, 20, 30, 50], state.test, (test) => set({ test }), ' %'),
      ' to test with.',
    ),
    make(
      'p',
      {},
      'Show the network ',
      make('span', { role: 'group', 'aria-label': 'features', class: 'chips' }, ...chips),
      layers.length > 0 ? ', through layers of ' : ', straight to its output ',
      ...layers.flatMap((layer) => [layer, ' ']),
      ...(layers.length > 0
        ? [choice('activation', titled(activationNames, activations), state.activation, (activation) => set({ activation })), ' units. ']
        : []),
      ...(layers.length > 0 ? [] : ['. ']),
      make('span', { class: 'chips' }, addLayer, removeLayer),
    ),
    make(
      'p',
      {},
      'Judge it by ',
      choice('loss', titled(lossesOf(task), losses), state.loss, (loss) => set({ loss })),
      ', and follow the gradient with ',
      choice('optimizer', titled(optimizerNames, optimizers), state.optimizer, (optimizer) =>
        set({ optimizer, ...(optimizer === 'sgd' && { momentum: 0 }), ...(state.optimizer === 'sgd' && { momentum: 0.9 }) }),
      ),
      ...settings,
      ', ',
      numberChoice('batch size', [1, 2, 5, 10, 20, 50, 100], state.batch, (batch) => set({ batch })),
      ' points a step, with ',
      choice('regularisation', titled(penalties, penaltyTitles), state.penalty, (penalty) => set({ penalty })),
      ' penalty',
      ...(state.penalty === 'none'
        ? []
        : [
            ' of ',
            numberChoice('strength of the penalty', [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1], state.strength, (strength) => set({ strength })),
          ]),
      '. All chance comes from the seed ',
      seed,
      ' ',
      button('another', 'another seed', () => set({ seed: (state.seed + 1) % 2 ** 31 }), 'quiet'),
    ),
  ];
}

/** Writes it anew; the focus stays at what was changed. */
export function writeRecipe(host: HTMLElement, sentence: readonly HTMLElement[]): void {
  const focused = host.contains(document.activeElement) ? (document.activeElement as HTMLElement).getAttribute('aria-label') : undefined;
  host.replaceChildren(...sentence);
  if (focused) host.querySelector<HTMLElement>(`[aria-label="${focused}"]`)?.focus();
}
