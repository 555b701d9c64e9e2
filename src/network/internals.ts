import type { Build } from '../core/core.js';
import type { Engine } from '../engine/engine.js';
import type { Quantization } from '../engine/packing.js';
import { nodesOf } from '../engine/recipes.js';
import { BusyError, DisposedError, NotConfiguredError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { type NamedLayer, nameParts, nameTensors } from '../layers/names.js';
import type { Trainee } from '../training/fit.js';

/** A call during which no other may change the parameters. */
export type Running = 'fit' | 'evaluate' | 'evaluateAsync' | 'step' | 'configure';

/**
 * What a network is inside: its engine, its layers, and what is under way. Functions that explain, differentiate or save a network work on it;
 * users do not see it.
 */
export class Internals {
  /** What belongs to the model besides: see `Network.metadata`. */
  metadata: Record<string, unknown> = {};
  disposed = false;
  /** How a predictor's weights are of fewer bits. */
  quantization: Quantization | undefined;

  constructor(
    readonly engine: Engine,
    readonly layers: readonly NamedLayer[],
    readonly trainee: Trainee,
    readonly build: Build,
    /** Whether the same bits everywhere were asked for: a saved network asks for them again. */
    readonly reproducible: boolean,
    /**
     * What is under way, the first begun first: code of the caller's may run meanwhile, in a `step` and `configure` that of an optimizer. Networks that
     * share parameters have one list.
     */
    readonly running: Running[] = [],
  ) {}

  /** The same of a predictor with an engine of its own: what a file has of it. */
  frozen(engine: Engine, quantization: Quantization | undefined): Internals {
    const trainee = { engine, seed: this.trainee.seed, epochsTrained: 0, stepsDone: 0 };
    const frozen = new Internals(engine, this.layers, trainee, this.build, this.reproducible);
    frozen.metadata = this.metadata;
    frozen.quantization = quantization;
    return frozen;
  }

  /** @throws DisposedError */
  alive(call: string): this {
    if (this.disposed) throw new DisposedError(call);
    return this;
  }

  /** @throws BusyError during a `fit` or an evaluation; DisposedError */
  idle(call: string): this {
    this.alive(call);
    const [running] = this.running;
    if (running !== undefined) throw new BusyError(call, running);
    return this;
  }

  /** @throws NotConfiguredError where there is no loss or no optimizer */
  need(call: string, what: 'loss' | 'optimizer'): this {
    const { losses, optimizer } = this.engine;
    if (!(what === 'loss' ? losses.some((loss) => loss) : optimizer)) throw new NotConfiguredError(call, what);
    return this;
  }

  /** Does what nothing else may change the network during: code of the caller's may run in it. */
  during<R>(call: Running, work: () => R): R {
    this.running.push(call);
    try {
      return work();
    } finally {
      this.#end(call);
    }
  }

  /** The same until a promise is settled. */
  async duringAll<R>(call: Running, work: () => Promise<R>): Promise<R> {
    this.running.push(call);
    try {
      return await work();
    } finally {
      this.#end(call);
    }
  }

  /** Forgets a training that was interrupted. */
  forget(): void {
    this.trainee.run = this.trainee.resume = undefined;
  }

  #end(call: Running): void {
    this.running.splice(this.running.lastIndexOf(call), 1);
  }

  /** What parameters and constants are called, here and in files. */
  tensorNames(): Map<Node, string> {
    return nameTensors({ roots: nodesOf(this.engine.graph), layers: this.layers });
  }

  /** The same with the parts of layers: names by which nodes are shown, as they are in each mode. */
  nodeNames(): Map<Node, string> {
    const { engine, layers } = this;
    const names = nameParts({ roots: nodesOf(engine.graph), layers });
    for (const [node, name] of [...names]) for (const mode of ['training', 'prediction'] as const) names.set(engine.inMode(mode, node), name);
    return names;
  }
}
