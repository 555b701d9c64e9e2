import { vector } from '../graph/shape.js';
import { State } from '../ops/leaves.js';
import { KEY_SIZE } from '../ops/random.js';

/** What a layer draws its random numbers with: a state, which follows from the network's seed and travels with its file. */
export function randomKey(): State {
  return new State(vector(KEY_SIZE), { kind: 'uniform', low: 0, high: 1 });
}
