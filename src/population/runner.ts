/** How the nets of a population take steps: all at once, and a net that cannot stops where it is. */
import { type Cohort, type Groups, LANES } from './cohort.js';
import { bitsOf } from './portions.js';

/** Why a net stopped before the end: its next step would have made its loss or a parameter NaN or infinite; or early stopping ended its training. */
export type StopReason = 'not finite' | 'early';

/** Where a net stopped. */
export interface Stop {
  /** The index of the net. */
  readonly net: number;
  /** Counted from 1: the last epoch of a net that stopped early; else the one with the step that was not done. */
  readonly epoch: number;
  /** Counted from 1 within the epoch: the last one done, or the one that was not done. */
  readonly step: number;
  readonly reason: StopReason;
}

/** Where a step is. */
export interface Where {
  readonly epoch: number;
  readonly step: number;
}

/** Runs some of the steps of a portion, from number `from` on. @returns bit i: the loss of net i of the block was not finite */
type Advance = (from: number, count: number) => number;

/** Runs steps so that none makes a value of its net NaN or infinite: such a step is not done, and that net stops. */
export class Runner {
  readonly #cohort: Cohort;
  readonly #isAlive: Uint8Array;
  /** Steps that each net has done, ever. */
  readonly #stepsDone: number[];
  /** What each group has added up. */
  readonly sums: Float64Array;
  readonly stopped: Stop[] = [];

  constructor(cohort: Cohort, stepsDone: number[]) {
    this.#cohort = cohort;
    this.#stepsDone = stepsDone;
    this.#isAlive = new Uint8Array(cohort.count).fill(1);
    this.sums = new Float64Array(cohort.groups * cohort.sumCount);
  }

  get isOver(): boolean {
    return this.#isAlive.every((alive) => alive === 0);
  }

  isAlive = (net: number): boolean => this.#isAlive[net] === 1;

  /** The nets of a block that go on, a bit each. */
  aliveIn(block: Groups): number {
    return bitsOf(block, this.isAlive, this.#cohort.count);
  }

  stop(stop: Stop): void {
    this.#isAlive[stop.net] = 0;
    this.stopped.push(stop);
  }

  /**
   * Runs `count` steps of some nets of a block by `advance`. Where one fails, all are taken back and run one by one: a step depends only on the state
   * before it, so the bits are the same. The other nets of the block stay as they are, whatever their lanes have computed.
   */
  run(block: Groups, nets: number, count: number, advance: Advance, where: (step: number) => Where): void {
    const cohort = this.#cohort;
    const { first, groups } = block;
    const sums = this.sums.subarray(first * cohort.sumCount, (first + groups) * cohort.sumCount);
    const before = sums.slice();
    cohort.enter(block);
    cohort.take(block);
    cohort.setSums(sums);
    const odd = (advance(0, count) | cohort.odd(block)) & nets;
    if (odd === 0) {
      cohort.readSums(sums);
      this.#settle(block, nets, sums, before, count);
      return;
    }
    cohort.restore(block);
    for (let step = 0; step < count; step++) {
      const going = nets & this.aliveIn(block);
      if (going === 0) return;
      before.set(sums);
      cohort.take(block);
      cohort.setSums(sums);
      const failed = (advance(step, 1) | cohort.odd(block)) & going;
      cohort.readSums(sums);
      this.#settle(block, going & ~failed, sums, before, 1);
      for (let index = 0; index < groups * LANES; index++)
        if (failed & (1 << index)) this.stop({ net: first * LANES + index, ...where(step), reason: 'not finite' });
    }
  }

  /** Counts the steps of these nets, and takes back what the lanes of all others have computed. */
  #settle(block: Groups, nets: number, sums: Float64Array, before: Float64Array, steps: number): void {
    const cohort = this.#cohort;
    for (let index = 0; index < block.groups * LANES; index++) {
      const net = block.first * LANES + index;
      if (net >= cohort.count) return;
      if (nets & (1 << index)) {
        this.#stepsDone[net] = (this.#stepsDone[net] as number) + steps;
        continue;
      }
      cohort.restoreNet(block, index);
      const group = Math.floor(index / LANES) * cohort.sumCount;
      for (let i = group + (index % LANES); i < group + cohort.sumCount; i += LANES) sums[i] = before[i] as number;
    }
  }
}
