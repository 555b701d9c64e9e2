/** npm run bench:peers: the workloads by turns with other systems, all in one run, with one thread each but for the rows that say more. */
import { readFileSync } from 'node:fs';
import { uniformArray } from '../data.js';
import { binaries, mnist, mnistFolder } from '../files.js';
import { productContender } from '../kernels.js';
import { predictWithLoops, trainWithLoops } from '../loops.js';
import { Machine } from '../machine.js';
import { type Build, type Contender, ceiling, checkClose, compare, type Effort, type Result, type Unit } from '../measure.js';
import { predictWithNeurite, trainWithNeurite } from '../neurite.js';
import { options } from '../options.js';
import { frames, single, steps, trained } from '../populations.js';
import { type Command, coldStarts, memories, nodeCommand } from '../processes.js';
import { notes, reason, withoutThreads } from '../reasons.js';
import { Report } from '../report.js';
import { predictionEffort, trainingEffort } from '../rows.js';
import { selection } from '../selection.js';
import { neuriteSize, size } from '../size.js';
import { inputs, type Prediction, paced, predictions, type Training, trainings } from '../workloads.js';
import { peersInBrowsers } from './browsers.js';
import { checkPredictions, initial } from './equal.js';
import { install, versionOf } from './install.js';
import { onnxruntime } from './onnx.js';
import { folder, onnxruntimeAnew, tensorflow } from './packages.js';
import type { Multiplying, Peer, Predicting } from './peer.js';
import { interpreter, python } from './python.js';
import { compareOnSeveral, onSeveral, THREADS } from './several.js';
import { systems } from './systems.js';
import { fitWithLayers } from './tfjs.js';

const given = options('bench:peers');
const { repetitions, build = 'auto' } = given;
const wanted = selection(given.only);
const report = new Report(given, 'bench:peers');
install();

/** Reports a result with the version of its system. */
function add(result: Result, remark?: string): void {
  const name = systems[result.system]?.name;
  const version = name ? versionOf(name) : opened.get(result.system)?.version;
  report.add({ ...result, ...(version && { version }) }, remark);
}

const opened = new Map<string, Peer>();
if (given.browsers) {
  await peersInBrowsers(given, add);
  process.exit();
}

const said = new Set<string>();
/** stdout is for results; nothing is said twice. */
function say(text: string): void {
  if (!said.has(text)) console.error(text);
  said.add(text);
}

for (const [system, { open }] of Object.entries(systems)) {
  try {
    opened.set(system, await open());
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

async function measure(workload: string, unit: Unit, contenders: readonly Contender[], effort: Effort): Promise<void> {
  for (const result of await compare(workload, unit, contenders, effort)) add(result, notes[result.system]?.[workload]);
}

async function train(work: Training): Promise<void> {
  const parameters = initial(work, build);
  const set = work.data(mnist);
  const contenders = [trainWithNeurite(work, set, build), trainWithLoops(paced(work, 'plain-js'), set, parameters)];
  for (const [system, peer] of able(work.id)) if (peer.train) contenders.push(await peer.train(paced(work, system), set, parameters));
  await measure(work.id, work.unit, contenders, trainingEffort(repetitions));
}

/** What tfjs's users mostly write, which is slower than its core by itself. */
async function trainWithLayers(work: Training): Promise<void> {
  const set = work.data(mnist);
  const contenders = [trainWithNeurite(work, set, build), await fitWithLayers(tensorflow(), paced(work, 'tfjs-wasm'), set, initial(work, build))];
  await measure(`${work.id} layers.fit`, work.unit, contenders, trainingEffort(repetitions));
}

async function predict(work: Prediction, workload: string, given: 'out' | 'fresh'): Promise<void> {
  const parameters = initial(work, build);
  const xs = inputs(work);
  const peers: Predicting[] = [];
  for (const [, peer] of able(work.id)) if (peer.predict) peers.push(await peer.predict(work, parameters, xs));
  await checkPredictions(workload, work, peers, build);
  await measure(workload, work.unit, [predictWithNeurite(work, build, given), predictWithLoops(work), ...peers], predictionEffort(repetitions));
}

/** On several threads: beside one, and beside those that have as many here, each in a process or a module of its own. */
async function several(workload: string, work: Training | Prediction): Promise<void> {
  const peers: Peer[] = [];
  for (const system of opened.keys()) {
    const why = withoutThreads(system) ?? reason(system, work.id);
    if (why) say(`${withoutThreads(system) ? `${THREADS} threads` : workload}: ${system} cannot: ${why}`);
    else if (system === 'onnxruntime-web') peers.push(onnxruntime(onnxruntimeAnew(), THREADS));
    else peers.push(await python(system as 'numpy' | 'pytorch', THREADS));
  }
  for (const result of await compareOnSeveral(workload, work, peers, { mnist, build, repetitions })) add(result);
  for (const peer of peers) peer.close?.();
}

/** Agents one by one, as others have them, beside the population. */
async function together(): Promise<void> {
  const { contenders, agents } = frames(build);
  const expected = agents.answers.flatMap((answer) => [...answer]);
  for (const [system, peer] of able('P1')) {
    const other = peer.agents?.(agents);
    if (!other) continue;
    // tanh in its last layer too
    checkClose(`P1: ${system}`, await other.outputs(), expected.map(Math.tanh), 2 ** -18);
    contenders.push(other);
  }
  await measure('P1', 'µs', contenders, predictionEffort(repetitions));
}

async function trainedTogether(): Promise<void> {
  const contenders = await steps(build);
  for (const [, peer] of able('P2')) if (peer.train) contenders.push(await peer.train(single, trained.data(), initial(single, build)));
  await measure('P2', single.unit, contenders, trainingEffort(repetitions));
}

/** Square products, without copies; neurite's through its program loop, as its networks run them. */
async function multiply(n: number): Promise<void> {
  const workload = `G ${n}x${n}x${n} nn`;
  const a = uniformArray(n * n, 1);
  const b = uniformArray(n * n, 2);
  const [own, binary] = binaries(given.build)[0] as [Build, Uint8Array<ArrayBuffer>];
  const machine = new Machine(binary, own);
  const contender = productContender(machine, own, { rows: n, inputs: n, outputs: n, form: 'nn' }, 0);
  const expected = contender.product().slice();
  const peers: Multiplying[] = [];
  for (const [, peer] of able('G')) if (peer.multiply) peers.push(await peer.multiply(n, a, b));
  for (const peer of peers) checkClose(`${workload}: ${peer.system}`, await peer.product(), expected, n * n * 2 ** -24);
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

if (wanted('P1')) await together();
if (wanted('P2')) await trainedTogether();
for (const [workload, work] of onSeveral) if (wanted(workload)) await several(workload, work);

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
wanted.done();

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
