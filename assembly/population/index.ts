/** The exports of the core of populations. */
export { firstNonFinite, largestMagnitude } from '../kernels/data';
export { allocate, damaged, free } from '../memory';
export { normal, permutation, uniform } from '../random';
export { interleave } from './data';
export { oddNets, predict, run, train } from './program';
