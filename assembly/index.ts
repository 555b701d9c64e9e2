/** The exports of the core. */
export { allocate, free } from './memory';
export { run, train } from './program';
export { normal, permutation, uniform } from './random';
