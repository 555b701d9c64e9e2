/**
 * The most multiply-adds that one core does on 128-bit vectors, measured in WebAssembly itself: a loop over registers alone,
 * without a load or a store. Kernels are quoted as fractions of it, measured in the same run.
 */

/** Independent chains: more than hide the latency of a product and a sum on two pipes (2 · 6); with two constants they fill fifteen registers. */
const CHAINS = 13;
const LANES = 4;

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;

const splat = [0xfd, 0x13];
const extractFirst = [0xfd, 0x1f, 0x00];
const add = [0xfd, 0xe4, 0x01];
const mul = [0xfd, 0xe6, 0x01];
const relaxedMadd = [0xfd, 0x85, 0x02];

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return bytes;
  }
}

/**
 * The module: (func (export "f") (param $turns i32) (param $x f32) (result f32)), turn after turn. Relaxed, a chain is what is added to, as
 * in a kernel: chain = x·y + chain, one instruction on every engine, where another order takes moves besides. A product that is an
 * instruction of its own would be taken out of the loop, so in the baseline the chain is in it: chain = chain·x + y.
 */
function assemble(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const x = 2;
  const y = 3;
  const chain = (i: number) => 4 + i;
  const chains = Array.from({ length: CHAINS }, (_, i) => chain(i));
  const body = [
    ...[1, CHAINS + 2, V128],
    ...[LOCAL_GET, 1, ...splat, LOCAL_TEE, x, LOCAL_SET, y],
    // each chain starts elsewhere, or the compiler could take them for one
    ...chains.flatMap((c, i) => [LOCAL_GET, i ? chain(i - 1) : x, LOCAL_GET, x, ...add, LOCAL_SET, c]),
    ...[0x03, 0x40],
    ...chains.flatMap((c) =>
      relaxed
        ? [LOCAL_GET, x, LOCAL_GET, y, LOCAL_GET, c, ...relaxedMadd, LOCAL_SET, c]
        : [LOCAL_GET, c, LOCAL_GET, x, ...mul, LOCAL_GET, y, ...add, LOCAL_SET, c],
    ),
    // br_if 0 while --turns
    ...[LOCAL_GET, 0, 0x41, 0x01, 0x6b, LOCAL_TEE, 0, 0x0d, 0x00],
    0x0b,
    ...chains.flatMap((c, i) => [LOCAL_GET, c, ...(i ? add : [])]),
    ...extractFirst,
    0x0b,
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 2, I32, F32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** Whether this engine knows relaxed SIMD. */
export function supportsRelaxed(): boolean {
  return WebAssembly.validate(assemble(true));
}

/**
 * Makes the loop for a build: `relaxed` on relaxed_madd, `simd` on a product and a sum. `run(turns)` runs it and
 * returns the floating-point operations that were done, two to a multiply-add.
 */
export function limit(build: 'simd' | 'relaxed'): (turns: number) => number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(build === 'relaxed')));
  const loop = exports.f as (turns: number, x: number) => number;
  return (turns) => {
    // chains converge to 1, or stop where ¼ is below half a place: no denormals, no infinities
    loop(turns, 0.5);
    return turns * CHAINS * LANES * 2;
  };
}
