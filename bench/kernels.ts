/** Kernels by themselves, in the binary that the package ships, through the program loop that networks run in. */
import { GemmFlag } from '../assembly/opcodes.js';
import { uniformArray, uniforms } from './data.js';
import { Machine } from './machine.js';
import { alternate, type Build, type Contender, ceiling, type Effort, median, type Result, timed } from './measure.js';

/** The three products that training a layer takes: X·Wᵀ, dZ·W, dZᵀ·X. */
export type Form = 'nt' | 'nn' | 'tn';

/** A layer of `inputs` and `outputs` on `rows` rows. */
export interface Product {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly form: Form;
}

const forms: readonly Form[] = ['nt', 'nn', 'tn'];
const cube = (n: number, form: Form): Product => ({ rows: n, inputs: n, outputs: n, form });
const layer = (rows: number, inputs: number, outputs: number): Product[] => forms.map((form) => ({ rows, inputs, outputs, form }));

export const products: readonly Product[] = [
  cube(64, 'nn'),
  cube(128, 'nn'),
  ...forms.map((form) => cube(256, form)),
  cube(512, 'nn'),
  cube(1024, 'nn'),
  ...layer(32, 784, 128),
  ...layer(128, 784, 512),
  ...layer(256, 1024, 1024),
  { rows: 1, inputs: 784, outputs: 128, form: 'nt' },
];

/** "G 32x784x128 nt": rows, inputs and outputs of the layer, and which of its products. */
export function productName({ rows, inputs, outputs, form }: Product): string {
  return `G ${rows}x${inputs}x${outputs} ${form}`;
}

/**
 * How long kernels are measured. One run of a contender takes about `run` seconds at a GFLOP/s, a GB/s or a ns/element times the usual:
 * long against the grain of the clock, short against what else the machine does.
 */
export interface KernelEffort extends Effort {
  /** Giga-operations of a product to one run; other kernels do as much in proportion. */
  readonly run: number;
  /** Milliseconds that the engine has to compile a binary, before it is measured. */
  readonly compiling: number;
}

export const kernelEffort = (repetitions: number): KernelEffort => ({ repetitions, time: 20, warmup: 100, run: 4e-3, compiling: 0 });

/** One product: c = op(a)·op(b), its sizes as BLAS names them. A run of it does about `run` giga-operations. */
export function productContender(machine: Machine, build: Build, product: Product, run: number): Contender & { product: () => Float32Array } {
  const { rows, inputs, outputs, form } = product;
  const [m, n, k] = form === 'nt' ? [rows, outputs, inputs] : form === 'nn' ? [rows, inputs, outputs] : [outputs, inputs, rows];
  const flags = form === 'nt' ? GemmFlag.TransposeB : form === 'tn' ? GemmFlag.TransposeA : 0;
  const a = uniformArray(m * k, 1);
  const b = uniformArray(k * n, 2);
  const c = machine.room(m * n);
  const sizes = { m, n, k, lda: form === 'tn' ? m : k, ldb: form === 'nt' ? k : n, flags } as const;
  const words = machine.gemm(c, machine.tensor(a), machine.tensor(b), sizes);
  machine.load(words)();
  const found = () => machine.f32.subarray(c, c + m * n);
  check(productName(product), found(), a, b, sizes);
  const flops = 2e-9 * m * n * k;
  const turns = Math.max(1, Math.round(run / flops));
  const repeated = machine.load(words, { turns });
  return { system: 'neurite', build, run: repeated, amount: turns * flops, product: found };
}

/** Fast and wrong is no result: some elements against sums in float64. @throws when one is off by more than its roundings explain */
function check(name: string, c: Float32Array, a: Float32Array, b: Float32Array, { m, n, k, lda, ldb, flags }: Parameters<Machine['gemm']>[3]): void {
  const next = uniforms(3);
  for (let turn = 0; turn < 32; turn++) {
    const i = Math.floor(next() * m);
    const j = Math.floor(next() * n);
    let sum = 0;
    let magnitude = 0;
    for (let p = 0; p < k; p++) {
      const left = a[flags & GemmFlag.TransposeA ? p * lda + i : i * lda + p] as number;
      const right = b[flags & GemmFlag.TransposeB ? j * ldb + p : p * ldb + j] as number;
      sum += left * right;
      magnitude += Math.abs(left * right);
    }
    const off = Math.abs((c[i * n + j] as number) - sum);
    if (!(off <= magnitude * (k + 1) * 2 ** -24)) throw new Error(`${name}: c[${i}, ${j}] is ${c[i * n + j]}, expected ${sum}`);
  }
}

/** A kernel that is not counted in operations. */
export interface Pass {
  readonly workload: string;
  readonly unit: 'ns/element' | 'GB/s';
  /** `passes` of it in one run. */
  readonly contender: (machine: Machine, build: Build, passes: number) => Contender;
}

/** Elements of a pass: what a layer's activations are, and in cache. */
const ELEMENTS = 4096;
const PARAMETERS = 8192;
/** Passes over them that take as long as a giga-operation of a product. */
const PASSES = 4e3;

function elementwise(opcode: 'Exp' | 'Log' | 'Sigmoid' | 'Tanh', low: number, high: number): Pass {
  return {
    workload: opcode.toLowerCase(),
    unit: 'ns/element',
    contender(machine, build, passes) {
      const x = machine.tensor(uniformArray(ELEMENTS, 1, low, high));
      const words = machine.unary(opcode, machine.room(ELEMENTS), x, ELEMENTS);
      return { system: 'neurite', build, run: machine.load(words, { turns: passes }), amount: passes * ELEMENTS };
    },
  };
}

function gathering(type: 'Float32' | 'Uint8'): Pass {
  return {
    workload: type === 'Uint8' ? 'gather bytes' : 'gather floats',
    unit: 'GB/s',
    contender(machine, build) {
      const [total, batch, features] = [8000, 32, 784];
      const elementBytes = type === 'Uint8' ? 1 : 4;
      const data = machine.room((total * features * elementBytes) / 4);
      const next = uniforms(1);
      const order = machine.tensor(Uint32Array.from({ length: total }, () => Math.floor(next() * total)));
      const run = machine.load(machine.gather(machine.room(batch * features), data, order, features, type), { rows: batch });
      return {
        system: 'neurite',
        build,
        run: () => {
          for (let position = 0; position < total; position += batch) {
            machine.position = position;
            run();
          }
        },
        // Read once, written once as floats.
        amount: 1e-9 * total * features * (elementBytes + 4),
      };
    },
  };
}

export const passes: readonly Pass[] = [
  elementwise('Exp', -10, 10),
  elementwise('Log', 1e-3, 10),
  elementwise('Sigmoid', -10, 10),
  elementwise('Tanh', -5, 5),
  {
    workload: 'adam',
    unit: 'ns/element',
    contender(machine, build, passes) {
      const tensor = (seed: number, low: number) => machine.tensor(uniformArray(PARAMETERS, seed, low, 1));
      const powers = machine.tensor(new Uint32Array(4));
      machine.u32.set([0, 0x3ff00000, 0, 0x3ff00000], powers);
      const words = machine.adam({ w: tensor(1, -1), dw: tensor(2, -1), m: tensor(3, -1), v: tensor(4, 0), powers }, PARAMETERS);
      return { system: 'neurite', build, run: machine.load(words, { turns: passes }), amount: passes * PARAMETERS };
    },
  },
  gathering('Uint8'),
  gathering('Float32'),
];

/** Measures kernels of one binary, and the limit of its instructions beside them. */
export class KernelBench {
  readonly #machine: Machine;
  readonly #ceiling: Contender;
  readonly #compiled: Promise<unknown>;

  constructor(
    binary: BufferSource,
    readonly build: Build,
    readonly effort: KernelEffort,
  ) {
    this.#machine = new Machine(binary, build);
    this.#ceiling = ceiling(build, effort.run);
    this.#compiled = new Promise((resolve) => setTimeout(resolve, effort.compiling));
  }

  /** Measures a product by turns with the limit. */
  async product(product: Product): Promise<Result> {
    await this.#compiled;
    const contender = productContender(this.#machine, this.build, product, this.effort.run);
    const [most, own] = (await alternate([this.#ceiling, contender], this.effort)) as [number[], number[]];
    this.#machine.clear();
    return { ...timed(productName(product), contender, 'GFLOP/s', own), limit: 1 / median(most) };
  }

  /** Measures one of the other kernels. */
  async pass({ workload, unit, contender }: Pass): Promise<Result> {
    await this.#compiled;
    const one = contender(this.#machine, this.build, Math.ceil(this.effort.run * PASSES));
    const [seconds] = (await alternate([one], this.effort)) as [number[]];
    this.#machine.clear();
    return timed(workload, one, unit, seconds);
  }
}
