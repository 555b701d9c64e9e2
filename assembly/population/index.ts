/** The exports of the core of populations. */
export { firstNonFinite, largestMagnitude } from '../kernels/data';
export { allocate, damaged, free } from '../memory';
export { normal, uniform } from '../random';
export { interleave } from './data';
export { permutation } from './permutation';
export { oddNets, predict, run, train } from './program';
