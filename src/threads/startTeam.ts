/** The side of a worker: it gets the binary with the order, so this needs none of its own. */
import type { Threads } from '../core/core.js';
import { checkIsolation, LEAST, type TeamOrder, team } from './threads.js';

/** Starts threads that help this one. @throws what `threads` throws of the host */
export async function startTeam({ module, build, count }: TeamOrder): Promise<Threads> {
  checkIsolation();
  return team(module, build, count, LEAST);
}
