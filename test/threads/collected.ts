/** The host's garbage collector, for what depends on it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects until something holds. @returns whether it did */
export async function collected(holds: () => boolean, times = 100): Promise<boolean> {
  for (let i = 0; i < times && !holds(); i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return holds();
}

/** Counts objects that are not collected yet. */
export class Living {
  #count = 0;
  readonly #registry = new FinalizationRegistry<undefined>(() => this.#count--);

  add(target: object): void {
    this.#count++;
    this.#registry.register(target, undefined);
  }

  get count(): number {
    return this.#count;
  }
}
