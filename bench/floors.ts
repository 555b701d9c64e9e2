/** Every bound that figures are held to, once: those of `npm run bench -- --check`, and the goals that RESULTS.md and TABLES.md compare with. */
import type { Build } from './measure.js';

/**
 * The lowest ratios that are no regression, [relaxed, simd]: of a product (G) its share of the limit, else how many times as fast it is as what
 * it is compared with.
 */
export const lowestRatios: Readonly<Record<string, readonly [relaxed: number, simd: number]>> = {
  'G 64x64x64 nn': [0.86, 0.83],
  'G 128x128x128 nn': [0.83, 0.8],
  'G 256x256x256 nt': [0.85, 0.84],
  'G 256x256x256 nn': [0.85, 0.81],
  'G 256x256x256 tn': [0.84, 0.79],
  'G 512x512x512 nn': [0.84, 0.8],
  'G 1024x1024x1024 nn': [0.83, 0.76],
  'G 32x784x128 nt': [0.83, 0.78],
  'G 32x784x128 nn': [0.84, 0.84],
  'G 32x784x128 tn': [0.86, 0.8],
  'G 128x784x512 nt': [0.85, 0.81],
  'G 128x784x512 nn': [0.83, 0.78],
  'G 128x784x512 tn': [0.84, 0.81],
  'G 256x1024x1024 nt': [0.83, 0.77],
  'G 256x1024x1024 nn': [0.82, 0.78],
  'G 256x1024x1024 tn': [0.8, 0.76],
  'G 1x784x128 nt': [0.66, 0.58],
  T1: [9.6, 8.6],
  T2: [9.2, 8.5],
  T3: [9.3, 8.9],
  T4: [2.5, 2.5],
  'T4 step': [2.2, 2.2],
  T5: [10, 9.1],
  I1: [10.4, 8.3],
  I2: [13.7, 12.2],
  I3: [2.39, 2.15],
  'I3 fresh': [1.96, 1.79],
  'F 2 rows': [0.96, 1.38],
  'F 4 rows': [0.98, 1.39],
  'F 12 rows': [0.97, 0.96],
  'F 256 rows': [0.81, 0.81],
  'Q 2 rows': [1.2, 1.5],
  'Q 4 rows': [1.2, 1.45],
  'Q 12 rows': [1.25, 1.45],
  'Q 256 rows': [1.3, 1.45],
  'T1 2 threads': [1.5, 1.5],
  'T2 2 threads': [1.5, 1.5],
  'T3 2 threads': [1.75, 1.75],
  'T5 2 threads': [1.75, 1.75],
  'I2 2 threads': [1.75, 1.75],
  'T3 8 threads': [0.7, 0.7],
  P1: [4, 4],
  P2: [3, 3],
  'D jacobian': [1.68, 1.68],
  'D hvp': [2.17, 1.73],
  'O composed': [1, 1],
};

/** The lowest ratio of a row that is no regression; undefined where none is set. */
export function lowest(workload: string, build: Build): number | undefined {
  return lowestRatios[workload]?.[build === 'relaxed' ? 0 : 1];
}

/** A goal for a row: what it must reach, what it aims at, and what limits it. Ratios and shares must be as high, all else as low. */
export interface Goal {
  /** The row by its name and, where another row has that too, its engine. */
  readonly what: string;
  readonly workloads: readonly string[];
  readonly engine: string;
  /** Whose figure a share of a product is; a network's is of the build that its engine picks. */
  readonly build?: Build;
  /** The systems of which the nearest counts, for a ratio. */
  readonly among?: readonly string[];
  readonly unit: '%' | '×' | 'kB' | 'ms' | 'MB';
  readonly floor: number;
  readonly aim?: number;
  readonly limitedBy?: string;
}

export const javascript = ['jax-js', 'tfjs-wasm', 'tfjs-wasm-tuned', 'onnxruntime-web', 'brain.js', 'synaptic', 'plain-js'];
const cube = ['G 256x256x256 nn'];
const wide = ['G 256x1024x1024 nt', 'G 256x1024x1024 nn', 'G 256x1024x1024 tn'];
const wider = 'PyTorch’s products run on wider vectors, at 1.8 times the 128-bit limit';

function share(engine: string, build: Build, what: string, workloads: readonly string[], floor: number, aim: number): Goal {
  return { what: `${what}, ${build === 'simd' ? 'baseline' : build}, ${engine}`, workloads, engine, build, unit: '%', floor, aim };
}

function ahead(id: string, whom: string, among: readonly string[], floor: number, aim?: number, limitedBy?: string, engine = 'Node 24'): Goal {
  const what = `${id} ÷ ${whom}${engine === 'Node 24' ? '' : `, ${engine}`}`;
  const goal = { what, workloads: [id], engine, among, unit: '×', floor } as const;
  return { ...goal, ...(aim !== undefined && { aim }), ...(limitedBy !== undefined && { limitedBy }) };
}

const nearest = (id: string, floor: number, aim: number, limitedBy?: string) =>
  ahead(id, 'the fastest JavaScript peer', javascript, floor, aim, limitedBy);

/** A row with two threads beside the same with one. */
function doubled(id: string, floor: number, aim: number, limitedBy?: string): Goal {
  return { ...ahead(`${id} 2 threads, by one`, '', ['neurite'], floor, aim, limitedBy), what: `${id}: 2 threads ÷ 1` };
}

/** The step of a training on one thread, as a share of the limit of the same run. */
function step(id: string, limitedBy: string): Goal {
  return { what: `${id}, the whole step on one thread, of the limit`, workloads: [id], engine: 'Node 24', unit: '%', floor: 85, aim: 90, limitedBy };
}

const between = 'the products of such sizes; what lies between them takes 6 to 8 % of the step';
const frame = 'half of the frame loads weights, each of which is used once, a third is tanh, copies are the rest';
const swings = 'swings from run to run on this host, whose cores other work slows: docs/threads.md has the range';

export const goals: readonly Goal[] = [
  share('Node 24', 'relaxed', 'GEMM 256³', cube, 84, 92),
  share('Chromium', 'relaxed', 'GEMM 256³', cube, 80, 90),
  share('Firefox', 'relaxed', 'GEMM 256³', cube, 78, 88),
  share('Node 24', 'relaxed', 'GEMM 256×1024×1024 and its two transposed forms', wide, 78, 90),
  share('Node 24', 'relaxed', 'GEMM 32×784×128', ['G 32x784x128 nt'], 65, 85),
  share('Node 24', 'simd', 'GEMM 256³', cube, 72, 80),
  {
    ...share('Node 20', 'simd', 'GEMM 256³', cube, 60, 70),
    limitedBy:
      'in some phases of seconds to minutes other work of the host slows products more than the loop of the limit, which issues half as many instructions a cycle: 53 to 68 % of the limit then, 98 in a quiet hour',
  },
  nearest('T1', 3, 3.8, 'the step executes at 0.84 of the limit; the aim would take 0.98'),
  nearest('T2', 2.2, 2.8),
  nearest(
    'T3',
    2.4,
    2.9,
    'the step executes at 0.83 of the limit: products at 0.93, Adam (its square root and division) takes 5 % of the time; the floor would take 0.96 for the whole step',
  ),
  nearest(
    'T5',
    1.8,
    2.3,
    'the products, at 0.9 of the limit; jax-js runs at 2.4 k or at 4.6 k samples/s from one process to the next: this row has the faster',
  ),
  ahead('T1', 'PyTorch with one thread', ['pytorch'], 1, 1.3, wider),
  ahead(
    'T3',
    'PyTorch with one thread',
    ['pytorch'],
    0.75,
    0.95,
    `${wider}; the floor would take 0.99 of that limit for the whole step, Adam included`,
  ),
  ahead('T4', 'plain loops', ['plain-js'], 2.5, 5, 'a step is 13 instructions of 22 to 26 ns, each with no more than a few vectors of work'),
  ahead('T4 step', 'plain loops', ['plain-js'], 2.2, 3),
  ahead(
    'I1',
    'onnxruntime-web',
    ['onnxruntime-web'],
    3,
    6,
    'one row of 784 against W: 0.75 of the multiply-add limit, as fast as the weights are read',
  ),
  nearest(
    'I2',
    1.6,
    2.2,
    'the products themselves, at 0.94 of the 128-bit limit when nothing else runs in the process, of which the nearest peer’s reach 0.64: the floor would take more than there is',
  ),
  nearest(
    'I3',
    5,
    10,
    'of 80 ns (relaxed, Node 24), 40 are the first layer, 19 the second, 20 the call, the checks and the copies; the two layers are chains of dependent operations: a product, e^x, a division, and again',
  ),
  {
    ...{ what: 'C, the bundle of a page that trains, minified and gzipped', workloads: ['C'], engine: 'Node 20', unit: 'kB', floor: 25, aim: 18 },
    limitedBy: 'binaries 15.3 kB, JavaScript that an ordinary training runs 24.5; the rest are methods, options and errors that it does not use',
  },
  {
    ...{ what: 'C, cold start above an empty process, Node 20', workloads: ['C'], engine: 'Node 20', unit: 'ms', floor: 25, aim: 12 },
    limitedBy: 'the import, two thirds of which V8’s parser takes',
  },
  { what: 'M, peak memory in T2, Node 24', workloads: ['M'], engine: 'Node 24', unit: 'MB', floor: 110, aim: 80 },
  { what: 'M, peak memory in T2, Node 20', workloads: ['M'], engine: 'Node 20', unit: 'MB', floor: 110, aim: 80 },
  doubled('T1', 1.5, 1.8, swings),
  doubled('T2', 1.5, 1.8, swings),
  doubled('T3', 1.75, 1.9, swings),
  doubled('T5', 1.75, 1.9, swings),
  doubled('I2', 1.75, 1.9, swings),
  ...['Chromium', 'Firefox'].flatMap((engine) =>
    ['T3', 'T5'].map((id) =>
      ahead(`${id} 2 threads`, 'the fastest JavaScript peer with 2', javascript, 3, 4, 'the products, as on one thread', engine),
    ),
  ),
  ahead('T1 2 threads', 'PyTorch with 2', ['pytorch'], 1, 1.3, wider),
  ahead('T2 2 threads', 'PyTorch with 2', ['pytorch'], 1, 1.3, wider),
  ahead('T3 2 threads', 'PyTorch with 2', ['pytorch'], 0.75, 1, wider),
  { ...ahead('T3 8 threads, by 2', '', ['neurite'], 0.7), what: 'T3: 8 threads ÷ 2, on two cores' },
  { ...ahead('P1 one by one', '', ['neurite'], 4, 8, frame), what: 'P1 ÷ the same nets one by one' },
  ahead('P1', 'plain loops', ['plain-js'], 15, 30, frame),
  { ...ahead('P2 as T4, one net', '', ['neurite'], 3, 5), what: 'P2, steps of all nets a second ÷ T4 by fit' },
  step('T1', between),
  step('T2', between),
  step('T3', between),
  step('T4', 'layers of 8 and 1 units fill no registers: the step is the number of its instructions'),
  step('T5', 'the products themselves, whose operands come from memory'),
  ahead('D 4 × predict 10 rows', 'the Jacobian of one row', ['neurite'], 1),
  ahead('D 5 × gradient', 'a Hessian-vector product', ['neurite'], 1),
  ahead('O 3 × adam', 'an update composed of ops', ['neurite'], 1),
];
