/** The exports of the core. */
export { firstNonFinite, largestMagnitude } from './kernels/data';
export { packedSize, packWeights } from './gemm/gemm';
export { allocate, damaged, free } from './memory';
export { run, train } from './program';
export { normal, permutation, uniform } from './random';
