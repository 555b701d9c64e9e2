/** The exports of the core of populations. */
export { firstNonFinite, largestMagnitude } from '../kernels/data';
export { allocate, damaged, free } from '../memory';
export { normal, permutation, uniform } from '../random';
export { interleave, oddLanes, separate } from './data';
export { predict, run, train } from './program';
