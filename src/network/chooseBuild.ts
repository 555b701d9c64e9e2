import { describe } from '../arguments/describe.js';
import { automaticBuild, type Build, supportsRelaxed } from '../core/core.js';
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
