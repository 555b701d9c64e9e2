import type { Core } from '../core/core.js';
import { release } from './workspace.js';

/** The memory of parameters and states. Engines that share them hold it together; it is freed with the last of them. */
export class ParameterMemory {
  #holders = 1;
  /** Whether a user was given a view of it. */
  viewed = false;
  /** How often it was changed, a `fit` counted once: a training that was interrupted goes on where nothing has come between. */
  changes = 0;

  constructor(
    readonly core: Core,
    readonly address: number,
    readonly bytes: number,
  ) {}

  hold(): this {
    this.#holders++;
    return this;
  }

  free(): void {
    if (--this.#holders === 0) release(this.core, this.address, this.bytes, this.viewed);
  }
}
