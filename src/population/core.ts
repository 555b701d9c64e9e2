/** The cores of populations: binaries of their own, which compute four nets at once. */
import { type Build, binary, Core } from '../core/core.js';
import { applyDelta } from '../core/delta.js';
import { decodePrintable } from '../core/printable.js';
import { refusal } from '../core/refusal.js';
import { binaries } from './binaries.generated.js';

/** What a core of populations has besides (`assembly/population/index.ts`). Addresses and strides are bytes. */
interface LaneExports {
  run(context: number, pc: number, end: number, rows: number): void;
  train(context: number, pc: number, end: number, steps: number, batch: number, total: number): void;
  predict(
    context: number,
    pc: number,
    end: number,
    rows: number,
    groups: number,
    most: number,
    last: number,
    tensors: number,
    inputs: number,
    outputs: number,
  ): void;
  interleave(y: number, x: number, n: number, stride: number, nets: number): void;
  oddNets(context: number, values: number, n: number, slots: number, m: number): number;
}

/** A core whose programs compute four nets at once. */
export interface LaneCore {
  readonly core: Core;
  /** Calls the core; a trap makes it fail. */
  call<T>(work: (exports: LaneExports) => T): T;
}

const cores = /* @__PURE__ */ new Map<Build, LaneCore>();

/**
 * The core of a build in this realm, made on first use, and again after one failed.
 * @throws UnsupportedError where the host has no WebAssembly or SIMD, or forbids compiling
 */
export function laneCoreOf(build: Build): LaneCore {
  const known = cores.get(build);
  if (known) return known;
  return useLaneCore(make(build));
}

/** Sets the core that populations of its build get from now on. */
export function useLaneCore(core: Core): LaneCore {
  const lanes: LaneCore = {
    core,
    call(work) {
      try {
        return work(core.exports as unknown as LaneExports);
      } catch (error) {
        cores.delete(core.build);
        throw core.fail(error);
      }
    },
  };
  cores.set(core.build, lanes);
  return lanes;
}

function make(build: Build): Core {
  try {
    return new Core(new WebAssembly.Instance(new WebAssembly.Module(laneBinary(build))), build);
  } catch (error) {
    throw refusal(error);
  }
}

function laneBinary(build: Build): ReturnType<typeof applyDelta> {
  const simd = applyDelta(binary('simd'), decodePrintable(binaries.delta), binaries.size);
  return build === 'relaxed' ? applyDelta(simd, decodePrintable(binaries.relaxedDelta), binaries.relaxedSize) : simd;
}
