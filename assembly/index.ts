/** The exports of the core. */
export { firstNonFinite, largestMagnitude } from './kernels/data';
export { packedSize, packWeights } from './gemm/gemm';
export { setUnrolling } from './gemm/microkernel';
export { allocate, damaged, free } from './memory';
export { run, train } from './program';
export { normal, permutation, uniform } from './random';
