import { ValueError } from '../errors.js';
import { ownOpsOf, rootsOf } from '../files/architecture.js';
import { architectureOf } from '../files/save.js';
import type { Internals } from '../network/internals.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { makerOf, type OptimizerMaker } from '../optimizers/optimizer.js';
import { optimizersByName } from '../optimizers/optimizers.js';
import { lbfgs } from '../training/search/lbfgs.js';

/** Optimizers of neurite's that files know only where a reader is handed them: both sides hand them over. */
export const SEARCHING: readonly OptimizerMaker[] = [lbfgs];

/**
 * Checks that a worker can make the same network again: of its ops and its optimizer it has the names.
 * @throws ValueError for definitions of the caller's, which are code; what `internals` throws
 */
export function checkSendable(call: string, network: AnyNetwork): Internals {
  const parts = internals(call, network).alive(call);
  const refuse = (what: string): never => {
    throw new ValueError(`${call}: ${what} is one of the caller's, whose code cannot go to a worker; expected one of neurite's`);
  };
  const [op] = ownOpsOf(rootsOf(architectureOf(parts)));
  if (op) refuse(`the op ${op.name}`);
  const { optimizer } = parts.engine;
  if (optimizer && optimizersByName(call, SEARCHING)[optimizer.name] !== makerOf(optimizer)) refuse(`the optimizer ${optimizer.name}`);
  return parts;
}
