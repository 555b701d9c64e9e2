/** A run as a program of neurite: the same data, order and steps, and so the same bits. */
import { features } from '../data/features.js';
import { type Point, taskOf } from '../data/sets.js';
import type { State } from '../state/state.js';
import { lastActivation, optimizerOptions } from './build.js';

const options = (values: Readonly<Record<string, number>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');

/** @param steps done @returns the text of a module */
export function snippet(state: State, training: readonly Point[], test: readonly Point[], steps: number): string {
  const { activation, penalty, strength, loss, optimizer, seed } = state;
  const second = penalty === 'none' ? '' : `, { weightRegularizer: ${penalty}(${strength}) }`;
  const layers = [...state.layers.map((units) => `dense(${units}, '${activation}'${second})`), `dense(1, '${lastActivation(state)}'${second})`];
  const imports = [optimizer, loss, 'dense', ...(penalty === 'none' ? [] : [penalty]), 'sequential'].sort();
  const list = (points: readonly Point[]) => points.map(({ x, y, target }) => `[${x},${y},${target}]`).join(',');
  const isClasses = taskOf(state.data) === 'classes';
  const batch = Math.min(state.batch, training.length);
  return `import { ${imports.join(', ')} } from 'neurite';

// x, y and ${isClasses ? 'class' : 'value'} of each point.
const training = [${list(training)}];
const test = [${list(test)}];
const features = ([x, y]) => [${state.features.map((name) => features[name].code).join(', ')}];
const data = (points) => ({ x: points.map(features), y: points.map(([, , target]) => [target]) });

const net = sequential(${state.features.length}, [${layers.join(', ')}], {
  loss: ${loss}(),
  optimizer: ${optimizer}({ ${options(optimizerOptions(state))} }),
  seed: ${seed},
  reproducible: true,
});

// The order of the playground: shuffle after shuffle, by xorshift32.
let s = Math.imul(${seed} + 1, 0x9e3779b1) || 1;
const draw = () => {
  s ^= s << 13;
  s ^= s >>> 17;
  s ^= s << 5;
  return (s >>> 0) / 2 ** 32;
};
for (let i = 0; i < 8; i++) draw();
const shuffled = [...training];
function* order() {
  for (;;) {
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = Math.floor(draw() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    yield* shuffled;
  }
}

const [batchSize, steps] = [${batch}, ${steps}];
const rows = order();
for (let step = 0; step < steps; step += 1000) {
  const count = Math.min(1000, steps - step) * batchSize;
  await net.fit(data(Array.from({ length: count }, () => rows.next().value)), { batchSize, shuffle: false, epochs: 1 });
}

console.log('training loss', net.evaluate(data(training)).loss);
${test.length > 0 ? "console.log('test loss', net.evaluate(data(test)).loss);\n" : ''}`;
}
