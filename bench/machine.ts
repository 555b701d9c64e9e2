import { Context } from '../assembly/context.js';
import { Adam, Block, DataType, Gather, Gemm, type GemmFlag, Opcode, Ref, Unary } from '../assembly/opcodes.js';
import { supportsRelaxed } from './limit.js';
import type { Build } from './measure.js';

interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  free(address: number): void;
  run(context: number, pc: number, end: number, rows: number): number;
  setUnrolling(on: boolean): void;
}

/** Learning rates and sources come right behind the context record. */
const RATES = Context.Size;
const SOURCES = RATES + 8;
const SOURCE_COUNT = 2;

const cell = new DataView(new ArrayBuffer(8));

function bits(value: number): number {
  cell.setFloat32(0, value, true);
  return cell.getUint32(0, true);
}

/** The two words of an f64, low first. */
function words64(value: number): [number, number] {
  cell.setFloat64(0, value, true);
  return [cell.getUint32(0, true), cell.getUint32(4, true)];
}

/** An instruction's words from its operands by name; those left out are 0. */
function instruction(form: Record<string, number | string>, opcode: Opcode, operands: Record<string, number>): number[] {
  const words = new Array<number>(form.length as unknown as number).fill(0);
  words[0] = opcode;
  for (const [name, value] of Object.entries(operands)) words[form[name] as number] = value >>> 0;
  return words;
}

/** The binaries that this engine can run, the one that the package picks first; only that of `chosen` where it is given. */
export function runnable<A extends BufferSource>(relaxed: A, simd: A, chosen?: Build): (readonly [Build, A])[] {
  const both = [['relaxed', relaxed] as const, ['simd', simd] as const];
  return both.filter(([build, binary]) => WebAssembly.validate(binary) && (!chosen || build === chosen));
}

/** The binary of `neurite/core.wasm` by itself: tensors in its memory, and its program loop run on single instructions. */
export class Machine {
  readonly #exports: Exports;
  readonly #context: number;
  readonly #blocks: number[] = [];

  constructor(binary: BufferSource, build: Build) {
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as Exports;
    // As the package does: engines that know relaxed SIMD unroll loops themselves.
    this.#exports.setUnrolling(build === 'simd' && !supportsRelaxed());
    this.#context = this.#exports.allocate(SOURCES + SOURCE_COUNT * 4);
    // Every block begins at address 0, so a ref is an address.
    this.u32[(this.#context + Context.LearningRates) >> 2] = this.#context + RATES;
    this.u32[(this.#context + Context.Sources) >> 2] = this.#context + SOURCES;
    new Float64Array(this.#exports.memory.buffer)[(this.#context + RATES) >> 3] = 1e-3;
  }

  get f32(): Float32Array {
    return new Float32Array(this.#exports.memory.buffer);
  }

  get u32(): Uint32Array {
    return new Uint32Array(this.#exports.memory.buffer);
  }

  /** Room for `n` elements of 4 bytes; the index of the first in `f32` and `u32`. */
  room(n: number): number {
    const address = this.#exports.allocate(n * 4);
    if (!address) throw new Error(`no room for ${n} elements`);
    this.#blocks.push(address);
    return address >>> 2;
  }

  tensor(values: Float32Array | Uint32Array): number {
    const at = this.room(values.length);
    (values instanceof Float32Array ? this.f32 : this.u32).set(values, at);
    return at;
  }

  /** Gives back every tensor and program. */
  clear(): void {
    for (const address of this.#blocks.splice(0)) this.#exports.free(address);
  }

  /** Makes instructions ready to run `turns` times over; the function runs them, on `rows` rows. */
  load(words: readonly number[], { rows = 1, turns = 1 } = {}): () => void {
    const length = turns * words.length;
    const at = this.room(length);
    for (let turn = 0; turn < turns; turn++) this.u32.set(words, at + turn * words.length);
    const { run } = this.#exports;
    const [context, start, end] = [this.#context, at * 4, (at + length) * 4];
    return () => {
      run(context, start, end, rows);
    };
  }

  #ref(at: number): number {
    return ((Block.Workspace << Ref.BlockShift) | at) >>> 0;
  }

  /** c[m, n] = op(a)·op(b); see the instruction. */
  gemm(c: number, a: number, b: number, sizes: { m: number; n: number; k: number; lda: number; ldb: number; flags: GemmFlag | 0 }): number[] {
    return instruction(Gemm, Opcode.Gemm, { c: this.#ref(c), a: this.#ref(a), b: this.#ref(b), ...sizes });
  }

  unary(opcode: 'Exp' | 'Log' | 'Sigmoid' | 'Tanh', y: number, x: number, size: number): number[] {
    return instruction(Unary, Opcode[opcode], { y: this.#ref(y), x: this.#ref(x), size });
  }

  adam(run: { w: number; dw: number; m: number; v: number; powers: number }, size: number): number[] {
    const refs = Object.fromEntries(Object.entries(run).map(([name, at]) => [name, this.#ref(at)]));
    const [beta1Low, beta1High] = words64(0.9);
    const [beta2Low, beta2High] = words64(0.999);
    const [epsilonLow, epsilonHigh] = words64(1e-8);
    const [rateLow, rateHigh] = words64(1);
    return instruction(Adam, Opcode.Adam, { ...refs, size, beta1Low, beta1High, beta2Low, beta2High, epsilonLow, epsilonHigh, rateLow, rateHigh });
  }

  /** Rows of a data set in the order given, scaled by 1/255. */
  gather(y: number, data: number, order: number, features: number, type: 'Float32' | 'Uint8'): number[] {
    this.u32[(this.#context + SOURCES) >> 2] = data * 4;
    this.u32[(this.#context + Context.Order) >> 2] = order * 4;
    return instruction(Gather, Opcode.Gather, { y: this.#ref(y), features, type: DataType[type], scale: bits(1 / 255), offset: bits(0) });
  }

  /** Moves on to the row number `position` of the order. */
  set position(position: number) {
    this.u32[(this.#context + Context.Position) >> 2] = position;
  }
}
