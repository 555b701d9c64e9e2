import { describe, fieldOf } from '../arguments/describe.js';
import { automaticBuild, type Build, supportsRelaxed, type Threads } from '../core/core.js';
import type { Quantization } from '../engine/packing.js';
import { ValueError } from '../errors.js';

/**
 * The build that these options mean on this engine.
 * @throws ValueError for a build that is not known or that this engine lacks
 */
export function chooseBuild(call: string, build: 'auto' | Build, reproducible: boolean): Build {
  if (!['auto', 'simd', 'relaxed'].includes(build))
    throw new ValueError(`${call}: build is ${describe(build)}, expected 'auto', 'simd' or 'relaxed'`);
  if (build === 'relaxed' && reproducible)
    throw new ValueError(`${call}: reproducible: true came with build: 'relaxed', expected build 'simd' or 'auto'`);
  if (build === 'relaxed' && !supportsRelaxed())
    throw new ValueError(`${call}: build is 'relaxed', but this engine has no relaxed SIMD; expected 'simd' or 'auto'`);
  return build === 'auto' ? (reproducible ? 'simd' : automaticBuild()) : build;
}

/** The error where a network cannot run on what has another build. @param of what has it */
export function otherBuild(call: string, build: Build, of: string, other: Build): ValueError {
  const remedy = of === 'threads' ? `; threads(n, { build: '${build}' }) gives such` : '';
  return new ValueError(`${call}: build is ${build} and that of ${of} is ${other}, expected the same${remedy}`);
}

/** What an option says of threads. @throws ValueError for what are none */
export function threadsOf(call: string, threads: Threads | undefined): Threads | undefined {
  if (threads === undefined || typeof fieldOf(threads, 'coreFor') === 'function') return threads;
  throw new ValueError(`${call}: threads is ${describe(threads)}, expected await threads(2), of neurite/threads`);
}

/** What an option says of weights of fewer bits. @throws ValueError for what are none */
export function quantizationOf(call: string, quantize: Quantization | undefined): Quantization | undefined {
  if (quantize === undefined || typeof fieldOf(quantize, 'on') === 'function') return quantize;
  throw new ValueError(`${call}: quantize is ${describe(quantize)}, expected int8 of neurite/int8`);
}
