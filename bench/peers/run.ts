/** npm run bench:peers: the workloads by turns with other systems, all in one run, with one thread each but for the rows that say more. */
import { readFileSync } from 'node:fs';
import { type Split, uniformArray } from '../data.js';
import { binaries, mnist, mnistFolder } from '../files.js';
import { ceiling, productContender } from '../kernels.js';
import { predictWithLoops, trainWithLoops } from '../loops.js';
import { Machine } from '../machine.js';
import { type Build, type Contender, compare, type Effort, type Result, type Unit } from '../measure.js';
import { network, onThreads, predictWithNeurite, trainWithNeurite } from '../neurite.js';
import { options } from '../options.js';
import { type Command, coldStarts, memories, nodeCommand } from '../processes.js';
import { notes, reason } from '../reasons.js';
import { Report } from '../report.js';
import { predictionEffort, trainingEffort } from '../rows.js';
import { selection } from '../selection.js';
import { neuriteSize, size } from '../size.js';
import { inputs, type Prediction, predictions, shared, type Training, trainings } from '../workloads.js';
import { brain } from './brain.js';
import { install, versionOf } from './install.js';
import { jax } from './jax.js';
import { onnxruntime } from './onnx.js';
import { folder, type Multiplying, type Peer, type Predicting } from './peer.js';
import { interpreter, python } from './python.js';
import { synaptic } from './synaptic.js';
import { fitWithLayers, tfjs } from './tfjs.js';

/** What neurite is measured against besides plain loops, by the names results carry, and the packages, which are loaded when a system is opened. */
const systems: Readonly<Record<string, readonly [open: () => Peer | Promise<Peer>, name?: string]>> = {
  'jax-js': [jax, '@jax-js/jax'],
  'tfjs-wasm': [() => tfjs(false), '@tensorflow/tfjs-core'],
  'tfjs-wasm-tuned': [() => tfjs(true), '@tensorflow/tfjs-core'],
  'onnxruntime-web': [onnxruntime, 'onnxruntime-web'],
  'brain.js': [brain, 'brain.js'],
  synaptic: [synaptic, 'synaptic'],
  numpy: [() => python('numpy')],
  pytorch: [() => python('pytorch')],
};

const given = options('bench:peers');
const { repetitions, build = 'auto' } = given;
const wanted = selection(given.only);
const report = new Report(given, 'bench:peers');
install();

const said = new Set<string>();
/** stdout is for results; nothing is said twice. */
function say(text: string): void {
  if (!said.has(text)) console.error(text);
  said.add(text);
}

const opened = new Map<string, Peer>();
for (const [system, [open, name]] of Object.entries(systems)) {
  try {
    opened.set(system, { ...(name && { version: versionOf(name) }), ...(await open()) });
  } catch (error) {
    say(`${system} is left out: ${(error as Error).message}`);
  }
}

/** The systems that do a workload; of the others it is said why not. */
function able(workload: string): [string, Peer][] {
  return [...opened].filter(([system]) => {
    const why = reason(system, workload);
    if (why) say(`${workload}: ${system} cannot: ${why}`);
    return !why;
  });
}

/** Reports a result with the version of its system. */
function add(result: Result, remark?: string): void {
  const version = opened.get(result.system)?.version;
  report.add({ ...result, ...(version && { version }) }, remark);
}

async function measure(workload: string, unit: Unit, contenders: readonly Contender[], effort: Effort): Promise<void> {
  for (const result of await compare(workload, unit, contenders, effort)) add(result, notes[result.system]?.[workload]);
}

/** The parameters that everyone begins with: neurite's. */
function initial(work: Training | Prediction): Float32Array {
  const net = network(work, build);
  const parameters = net.parameters.slice();
  net.dispose();
  return parameters;
}

/** @throws when outputs differ by more than roundings explain: who computes something else has no result */
function checkEqual(workload: string, system: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  let worst = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs((found[i] as number) - (expected[i] as number)));
  if (!(worst <= tolerance)) throw new Error(`${workload}: outputs of ${system} differ by ${worst}`);
}

async function train(work: Training): Promise<void> {
  const parameters = initial(work);
  const set = work.data(mnist);
  const contenders = [trainWithNeurite(work, set, build), trainWithLoops(work, set, parameters)];
  for (const [, peer] of able(work.id)) if (peer.train) contenders.push(await peer.train(work, set, parameters));
  await measure(work.id, work.unit, contenders, trainingEffort(repetitions));
}

/** What tfjs's users mostly write, which is slower than its core by itself. */
async function trainWithLayers(work: Training): Promise<void> {
  const set = work.data(mnist);
  const contenders = [trainWithNeurite(work, set, build), await fitWithLayers(work, set, initial(work))];
  await measure(`${work.id} layers.fit`, work.unit, contenders, trainingEffort(repetitions));
}

async function predict(work: Prediction, workload: string, given: 'out' | 'fresh'): Promise<void> {
  const parameters = initial(work);
  const xs = inputs(work);
  const net = network(work, build);
  const expected = net.predict(xs[0] as Float32Array);
  net.dispose();
  const peers: Predicting[] = [];
  for (const [, peer] of able(work.id)) if (peer.predict) peers.push(await peer.predict(work, parameters, xs));
  // A probability is off by no more than its logit is, and that by its longest sum's roundings.
  const tolerance = Math.max(...work.sizes) * 2 ** -24 * 4;
  for (const peer of peers) checkEqual(workload, peer.system, await peer.outputs(), expected, tolerance);
  await measure(workload, work.unit, [predictWithNeurite(work, build, given), predictWithLoops(work), ...peers], predictionEffort(repetitions));
}

/** On several threads: beside one, and beside numpy and PyTorch with as many. */
async function onSeveral(work: Training | Prediction, threads: number): Promise<void> {
  const workload = `${work.id} ${threads} threads`;
  const parameters = initial(work);
  const set = 'optimizer' in work ? work.data(mnist) : undefined;
  const contenders = await onThreads(work, set, build, threads);
  const peers: Peer[] = [];
  for (const library of ['numpy', 'pytorch'] as const) {
    if (!opened.has(library)) continue;
    const peer = await python(library, threads);
    peers.push(peer);
    const added = 'optimizer' in work ? peer.train?.(work, set as Split, parameters) : peer.predict?.(work, parameters, inputs(work));
    if (added) contenders.push(await added);
  }
  await measure(workload, work.unit, contenders, 'optimizer' in work ? trainingEffort(repetitions) : predictionEffort(repetitions));
  for (const peer of peers) peer.close?.();
}

/** Square products, without copies; neurite's through its program loop, as its networks run them. */
async function multiply(n: number): Promise<void> {
  const workload = `G ${n}x${n}x${n} nn`;
  const a = uniformArray(n * n, 1);
  const b = uniformArray(n * n, 2);
  const [own, binary] = binaries(given.build)[0] as [Build, Uint8Array<ArrayBuffer>];
  const machine = new Machine(binary);
  const contender = productContender(machine, own, { rows: n, inputs: n, outputs: n, form: 'nn' }, 0);
  const expected = contender.product().slice();
  const peers: Multiplying[] = [];
  for (const [, peer] of able('G')) if (peer.multiply) peers.push(await peer.multiply(n, a, b));
  for (const peer of peers) checkEqual(workload, peer.system, await peer.product(), expected, n * n * 2 ** -24);
  const most = ceiling(own, 4e-3);
  const results = await compare(workload, 'GFLOP/s', [contender, ...peers, most], predictionEffort(repetitions));
  const limit = results.pop()?.value as number;
  for (const result of results) add({ ...result, limit });
}

for (const n of [256, 512]) if (wanted(`G ${n}x${n}x${n} nn`)) await multiply(n);
for (const work of trainings) if (wanted(work.id)) await train(work);
for (const work of trainings) if (['T1', 'T2'].includes(work.id) && wanted(`${work.id} layers.fit`)) await trainWithLayers(work);
for (const work of predictions) {
  if (wanted(work.id)) await predict(work, work.id, 'out');
  if (work.id === 'I3' && wanted('I3 fresh')) await predict(work, 'I3 fresh', 'fresh');
}

for (const { work, threads } of shared) if (wanted(`${work.id} ${threads} threads`)) await onSeveral(work, threads);

/** A system in a process of its own. */
function command(system: string, what: 'cold' | 'memory'): Command {
  if (system !== 'numpy' && system !== 'pytorch') return nodeCommand(system, 'peers/fresh.js', system, what);
  return { system, file: interpreter, args: [`${folder}fresh.py`, system, what, mnistFolder], empty: ['-c', ''] };
}

if (wanted('C')) {
  const own = [nodeCommand('neurite', 'fresh/cold.js')];
  const commands = [...own, ...able('C').map(([system]) => command(system, 'cold'))];
  for (const result of await coldStarts(commands, repetitions)) add(result, 'above an empty process');
  add(await neuriteSize(), 'minified and gzipped');
  for (const [system, source, files] of pages()) add(await size(system, source, folder, files), 'minified and gzipped');
}
if (wanted('M')) {
  const own = [nodeCommand('neurite', 'fresh/memory.js'), nodeCommand('plain-js', 'peers/fresh.js', 'plain-js', 'memory')];
  for (const result of await memories([...own, ...able('M').map(([system]) => command(system, 'memory'))], repetitions)) add(result);
}
for (const peer of opened.values()) peer.close?.();

/** What a page that trains (or, where a library can't, predicts) loads of each. */
function* pages(): Generator<[system: string, source: string, files: Uint8Array[]]> {
  const file = (path: string) => readFileSync(`${folder}node_modules/${path}`);
  yield ['jax-js', "export { init, jit, nn, numpy, valueAndGrad } from '@jax-js/jax';", []];
  yield [
    'tfjs-wasm',
    "export * as tf from '@tensorflow/tfjs-core'; export * from '@tensorflow/tfjs-backend-wasm';",
    [file('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm')],
  ];
  yield ['onnxruntime-web', "export * from 'onnxruntime-web/wasm';", [file('onnxruntime-web/dist/ort-wasm-simd-threaded.wasm')]];
  yield ['brain.js', "export { NeuralNetwork } from 'brain.js';", []];
  yield ['synaptic', "export { Network } from 'synaptic';", []];
}
