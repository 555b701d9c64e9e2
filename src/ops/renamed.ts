/** Names of version 0.1 that this version still has, to say what they are called now. */
import { NeuriteError } from '../errors.js';

function renamed(was: string, is: string): never {
  throw new NeuriteError('GRAPH', `${was} is now called ${is}`);
}

/** @deprecated It is `max` now. @throws NeuriteError */
export function amax(..._: unknown[]): never {
  return renamed('amax', 'max');
}

/** @deprecated It is `min` now. @throws NeuriteError */
export function amin(..._: unknown[]): never {
  return renamed('amin', 'min');
}

/** @deprecated It is `heaviside` now. @throws NeuriteError */
export function step(..._: unknown[]): never {
  return renamed('step', 'heaviside');
}
