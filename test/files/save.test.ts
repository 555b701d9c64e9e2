import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyNetwork,
  adam,
  add,
  concat,
  constant,
  crossEntropy,
  DisposedError,
  dense,
  FileError,
  fromJSON,
  input,
  load,
  meanSquaredError,
  type Network,
  network,
  save,
  sequential,
  sgd,
  sum,
  toJSON,
  ValueError,
} from 'neurite';
import { explain } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { savedOps } from '../../src/files/registry.js';
import { readTensorFile, writeTensorFile } from '../../src/files/safetensors.js';
import { Node } from '../../src/graph/node.js';
import { internals } from '../../src/network/network.js';
import { ops } from '../../src/ops/table.generated.js';
import { tanhOp } from '../../src/ops/tanh.js';
import { bitsOf, canonical, difference, randomBits, randomRows } from './bits.js';
import { networks, optimizers } from './networks.js';

/** Outputs of a network for a few rows, as bits. */
function predictions(net: AnyNetwork, rows = 3): Uint32Array[] {
  const { engine } = internals('test', net);
  const { inputs } = engine.model;
  const x = inputs.map((node, i) => {
    const values = randomRows(rows * (node.shape.size[0] as number), i + 1);
    // Ids are whole numbers.
    return engine.ids?.[i] ? values.map((v) => Math.floor(Math.abs(3 * v))) : values;
  });
  const result = inputs.length === 1 ? net.predict(x[0] as Float32Array) : net.predict(x);
  return (Array.isArray(result) ? result : [result]).map((values) => bitsOf(Float32Array.from(values as Float32Array)));
}

type Edit = (architecture: { nodes: unknown[]; outputs: number[] }) => void;

/** Gives the field at a path a value. `undefined` takes it away. In a list, an op's name stands for the first node of that op. */
function set(path: string, value: unknown): Edit {
  return (architecture) => {
    const keys = path.split('.');
    const last = keys.pop() as string;
    const step = (at: object, key: string): object =>
      Array.isArray(at) && Number.isNaN(Number(key)) ? at.find(({ op }) => op === key) : Reflect.get(at, key);
    Reflect.set(keys.reduce(step, architecture), last, value);
  };
}

/** A copy of a file whose architecture has been changed. */
function edited(file: Uint8Array, edit: Edit): Uint8Array {
  const { tensors, metadata } = readTensorFile(file);
  const architecture = JSON.parse(metadata.get('neurite') as string);
  edit(architecture);
  return writeTensorFile([...tensors.values()], { neurite: JSON.stringify(architecture) });
}

describe.each(networks)('%s', (_, make) => {
  test('comes back from a file with the same parameters and predictions, bit for bit', () => {
    using net = make();
    bitsOf(net.parameters).set(randomBits(net.parameterCount, 7));
    net.metadata = { preprocessing: { kind: 'standardize', mean: [0.1, -2e-300], deviation: [1, 3] } };
    const file = save(net);
    using loaded = load(file);
    expect(difference(bitsOf(loaded.parameters), canonical(bitsOf(net.parameters)))).toBeUndefined();
    expect([loaded.build, loaded.seed, loaded.loss, loaded.optimizer, loaded.metadata]).toEqual([
      net.build,
      net.seed,
      net.loss,
      net.optimizer,
      net.metadata,
    ]);
    expect(loaded.layers.map(({ name, kind, activation, inFeatures, outFeatures }) => [name, kind, activation, inFeatures, outFeatures])).toEqual(
      net.layers.map(({ name, kind, activation, inFeatures, outFeatures }) => [name, kind, activation, inFeatures, outFeatures]),
    );
    expect(internals('test', loaded).engine.losses).toEqual(internals('test', net).engine.losses);
    expect(Buffer.compare(save(loaded), file)).toBe(0);
    const finite = randomRows(net.parameterCount, 3);
    net.parameters.set(finite);
    loaded.parameters.set(finite);
    expect(predictions(loaded)).toEqual(predictions(net));
    expect(explain(loaded, 'predict')).toBe(explain(net, 'predict'));
  });

  test('comes back from JSON as it began', () => {
    using net = make();
    expect(toJSON(net)).not.toHaveProperty('metadata');
    net.metadata = { columns: ['a', 'b'], scale: { mean: [0.1, -0] } };
    const text = JSON.stringify(toJSON(net));
    net.parameters.fill(1);
    expect(JSON.stringify(toJSON(net))).toBe(text);
    using fresh = fromJSON(text);
    using same = fromJSON(toJSON(net));
    expect(difference(bitsOf(fresh.parameters), bitsOf(net.reset().parameters))).toBeUndefined();
    expect(difference(bitsOf(same.parameters), bitsOf(net.parameters))).toBeUndefined();
    expect([fresh.metadata, same.metadata]).toEqual([JSON.parse(text).metadata, net.metadata]);
    expect(JSON.stringify(toJSON(fresh))).toBe(text);
    expect(predictions(fresh)).toEqual(predictions(net));
  });
});

test('there is a tensor for each parameter, by the layers’ names and shapes', () => {
  using net = sequential(4, [dense(3, 'relu'), dense(2, 'softmax', { name: 'head', bias: false })]);
  const { tensors } = readTensorFile(save(net));
  expect([...tensors.values()].map(({ name, shape }) => [name, shape])).toEqual([
    ['dense1.weights', [3, 4]],
    ['dense1.biases', [3]],
    ['head.weights', [2, 3]],
  ]);
});

test('infinities, zeros and denormals keep their bits, and every NaN is the same', () => {
  using net = sequential(3, [dense(3)]);
  const bits = [0x7fc00000, 0xffc12345, 0x7f800001, 0x7f800000, 0xff800000, 0x80000000, 0, 1, 0x807fffff, 0x7f7fffff, 0x00800000, 0xbf800000];
  bitsOf(net.parameters).set(bits);
  using loaded = load(save(net));
  expect([...bitsOf(loaded.parameters)]).toEqual([0x7fc00000, 0x7fc00000, 0x7fc00000, ...bits.slice(3)]);
  // Engines differ in the bits of a NaN that was computed; their files do not.
  const file = save(net);
  bitsOf(net.parameters).set([0xffffffff, 0x7f800001, 0x7fffffff]);
  expect(Buffer.compare(save(net), file)).toBe(0);
});

test('every op can be saved, but what is of targets, weights and gradients', () => {
  const inner = ops.filter((op) => op.inputs > 0).map((op) => op.name);
  expect(inner.filter((name) => !savedOps('save').has(name)).sort()).toEqual(['embedBackward', 'masked', 'oneHot']);
});

test('an op of the name of another cannot be saved, nor one for targets', () => {
  const x = input(2);
  const twin = { ...tanhOp };
  using net = network({ inputs: x, outputs: new Node(twin, [x], x.shape, { alpha: 0, beta: 0 }) });
  expect(() => save(net)).toThrow(/save: tanh \[rows, 2\] is made by an op that files have no word for, since another op is called 'tanh'/);
  const target = { ...tanhOp, name: 'own', unsaved: true };
  using other = network({ inputs: x, outputs: new Node(target, [x], x.shape, { alpha: 0, beta: 0 }) });
  expect(() => save(other)).toThrow(/save: own \[rows, 2\] is made by an op that files have no word for$/);
});

describe('training goes on where it was', () => {
  const x = randomRows(40, 1);
  const y = Array.from({ length: 10 }, (_, i) => i % 3);

  test.each(optimizers)('%s', async (_, optimizer) => {
    using net = sequential(4, [dense(6, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, seed: 9 });
    net.parameters.set(randomRows(net.parameterCount, 2));
    await net.fit({ x, y }, { epochs: 3, batchSize: 4 });
    const { slots, slotNames } = internals('test', net).engine.optimizerState as { slots: readonly number[]; slotNames: readonly string[] };
    expect(slotNames).toHaveLength(slots.length);
    using loaded = load(save(net, { optimizerState: true }));
    expect(Buffer.compare(save(loaded, { optimizerState: true }), save(net, { optimizerState: true }))).toBe(0);
    const [history, other] = [await net.fit({ x, y }, { epochs: 2, batchSize: 4 }), await loaded.fit({ x, y }, { epochs: 2, batchSize: 4 })];
    expect(other.epochs.map(({ loss }) => loss)).toEqual(history.epochs.map(({ loss }) => loss));
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    expect(loaded.step(x, y)).toBe(net.step(x, y));
  });

  test('without the state it begins anew, and the file is smaller', () => {
    using net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
    net.step(x, y);
    expect(readTensorFile(save(net)).tensors.size).toBe(2);
    expect([...readTensorFile(save(net, { optimizerState: true })).tensors.keys()]).toEqual([
      'dense1.weights',
      'dense1.biases',
      'optimizer.m',
      'optimizer.v',
    ]);
    using loaded = load(save(net));
    expect(internals('test', loaded).trainee).toMatchObject({ epochsTrained: 0, stepsDone: 0 });
  });

  test('a checkpoint of every epoch can be taken during fit', async () => {
    const files: Uint8Array[] = [];
    using net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1 });
    const take = () => {
      files.push(save(net, { optimizerState: true }));
    };
    await net.fit({ x, y }, { epochs: 4, batchSize: 4, onEpoch: take });
    using resumed = load(files[1] as Uint8Array);
    await resumed.fit({ x, y }, { epochs: 2, batchSize: 4 });
    expect(Buffer.compare(save(resumed, { optimizerState: true }), files[3] as Uint8Array)).toBe(0);
  });
});

describe('the ways of a file', () => {
  const make = () => {
    const net = sequential(3, [dense(5, 'relu'), dense(2, 'softmax')], { seed: 3 });
    net.parameters.set(randomRows(net.parameterCount, 4));
    return net;
  };
  const expectSame = (loaded: Network, net: Network) => {
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    loaded.dispose();
    net.dispose();
  };

  test('a file on disk', async () => {
    const net = make();
    const folder = await mkdtemp(join(tmpdir(), 'neurite-'));
    const path = join(folder, 'model.safetensors');
    await writeFile(path, save(net));
    expectSame(load(await readFile(path)), net);
    await rm(folder, { recursive: true });
  });

  test('a Blob', async () => {
    const net = make();
    const blob = new Blob([save(net)], { type: 'application/octet-stream' });
    expectSame(load(await blob.arrayBuffer()), net);
  });

  test('fetch over HTTP and from a data: URL', async () => {
    const net = make();
    const file = save(net);
    const server = createServer((_, response) => response.end(file));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const urls = [`http://127.0.0.1:${port}/model.safetensors`, `data:application/octet-stream;base64,${Buffer.from(file).toString('base64')}`];
    for (const url of urls) {
      const response = await fetch(url);
      const loaded = load(await response.arrayBuffer());
      expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
      loaded.dispose();
    }
    await new Promise((resolve) => server.close(resolve));
    net.dispose();
  });

  test('bytes shared between threads', () => {
    const net = make();
    const file = save(net);
    const shared = new SharedArrayBuffer(file.length);
    new Uint8Array(shared).set(file);
    expectSame(load(new Uint8Array(shared)), net);
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'load: the bytes are undefined, expected a Uint8Array or an ArrayBuffer'],
    [
      'a path',
      'model.safetensors',
      'load: the bytes are "model.safetensors", expected a Uint8Array or an ArrayBuffer; pass the file\'s content, such as await readFile(path)',
    ],
    ['a promise', Promise.resolve(), 'load: the bytes are a Promise, expected a Uint8Array or an ArrayBuffer; await it first'],
    ['a response', new Response(), 'load: the bytes are a Response, expected a Uint8Array or an ArrayBuffer; pass await response.arrayBuffer()'],
    ['a blob', new Blob(), 'load: the bytes are a Blob, expected a Uint8Array or an ArrayBuffer; pass await blob.arrayBuffer()'],
    ['an array', [1, 2], 'load: the bytes are an array of 2, expected a Uint8Array or an ArrayBuffer'],
  ])('%s in place of bytes', (_, value, message) => {
    expect(() => load(value as Uint8Array)).toThrow(ValueError);
    expect(() => load(value as Uint8Array)).toThrow(message);
  });
});

describe('which build', () => {
  const builds = (options: object, ...loading: object[]) => {
    using net = sequential(1, [dense(1)], options);
    const file = save(net);
    return loading.map((given) => {
      using loaded = load(file, given);
      return loaded.build;
    });
  };
  using net = sequential(1, [dense(1)]);
  const automatic = net.build;

  test('a reproducible network stays one; the options have the last word', () => {
    expect(builds({ reproducible: true }, {}, { build: 'auto' }, { reproducible: true })).toEqual(['simd', automatic, 'simd']);
    expect(builds({ build: 'simd' }, {})).toEqual(['simd']);
    expect(builds({ build: automatic }, { build: 'simd' }, { reproducible: true })).toEqual(['simd', 'simd']);
    expect(builds({}, {})).toEqual([automatic]);
  });

  test('wrong options are the caller’s error, not the file’s', () => {
    using other = sequential(1, [dense(1)]);
    const file = save(other);
    expect(() => load(file, { build: 'fast' as 'simd' })).toThrow("load: build is \"fast\", expected 'auto', 'simd' or 'relaxed'");
    expect(() => fromJSON(toJSON(other), { build: 'relaxed', reproducible: true })).toThrow(ValueError);
  });
});

describe('metadata', () => {
  test('travel with the file', () => {
    using net = sequential(1, [dense(1)]);
    net.metadata = JSON.parse('{"a":[1,{"b":null}],"é":"😀","__proto__":{"x":1}}');
    using loaded = load(save(net));
    expect(loaded.metadata).toEqual(net.metadata);
    expect(Object.keys(loaded.metadata)).toContain('__proto__');
    expect(Object.getPrototypeOf(loaded.metadata)).toBe(Object.prototype);
  });

  test('what JSON cannot say is refused by its place', () => {
    using net = sequential(1, [dense(1)]);
    net.metadata = { preprocessing: { mean: Float32Array.of(1, 2) } };
    expect(() => save(net)).toThrow('save: metadata.preprocessing.mean is a Float32Array of 2, expected what JSON can say');
  });
});

describe('refused', () => {
  const file = () => {
    using net = sequential(3, [dense(4, 'relu'), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
    net.step(randomRows(6, 1), [0, 1]);
    return save(net, { optimizerState: true });
  };
  test.each<[string, Edit, RegExp]>([
    ['a later version', set('version', 4), /its version is 4, expected at most 3; a later neurite wrote it/],
    ['another format', set('format', 'onnx'), /format is "onnx", expected "neurite"/],
    ['an unknown field', set('extra', 1), /has a field "extra" that this version does not know/],
    ['a missing field', set('seed', undefined), /seed is undefined, expected a whole number/],
    ['an unknown op', set('nodes.0.op', 'hack'), /nodes\[0\]: op is "hack", expected an op that this version knows/],
    ['an op by an inherited name', set('nodes.0.op', 'constructor'), /op is "constructor"/],
    ['a target', set('nodes.0.op', 'target'), /op is "target"/],
    ['a later node as input', set('nodes.matmul.inputs', [0, 100]), /inputs is an array of 2, expected indices of earlier nodes/],
    ['a node as its own input', set('nodes.6.inputs', [6]), /expected indices of earlier nodes/],
    ['a negative input', set('nodes.relu.inputs', [-1]), /expected indices of earlier nodes/],
    ['too many inputs', set('nodes.relu.inputs', [0, 0]), /inputs is an array of 2, expected a list of at most 1/],
    ['too few inputs', set('nodes.add.inputs', [0]), /inputs is an array of 1, expected 2 nodes/],
    ['shapes that do not fit', set('nodes.matmul.inputs', [0, 0]), /nodes\[2\]: matmul: /],
    ['a missing attribute', set('nodes.matmul.attributes.ta', undefined), /ta is undefined, expected true or false/],
    ['an attribute of another type', set('nodes.relu.attributes.alpha', [0]), /alpha is an array of 1, expected a number/],
    ['an attribute of NaN', set('nodes.relu.attributes.alpha', 'NaN'), /alpha is "NaN", expected a number other than NaN/],
    ['an unknown attribute', set('nodes.relu.attributes.gamma', 0), /a field "gamma"/],
    [
      'a shape of another size than the tensor',
      set('nodes.parameter.shape', [4, 4]),
      /tensor is "dense1.weights", expected a tensor of the file, of this shape/,
    ],
    ['a transposed shape', set('nodes.parameter.shape', [3, 4]), /expected a tensor of the file, of this shape/],
    ['a huge shape', set('nodes.parameter.shape', [2 ** 20, 2 ** 20]), /shape is an array of 2, expected/],
    ['a batch as parameter', set('nodes.parameter.shape', ['rows', 12]), /shape is an array of 2, expected \[n\] or \[m, n\]/],
    ['a tensor that is not there', set('nodes.parameter.tensor', 'x'), /tensor is "x"/],
    ['a tensor used twice', set('nodes.9.tensor', 'dense1.weights'), /nodes\[9\]: tensor is "dense1.weights", expected/],
    ['an unknown start', set('nodes.parameter.initial.kind', 'magic'), /kind is "magic", expected "uniform" or "normal" or "constant"/],
    ['a start at infinity', set('nodes.parameter.initial', { kind: 'constant', value: 'Infinity' }), /value is "Infinity", expected a finite number/],
    ['a node nobody uses', set('nodes.13', { op: 'input', shape: ['rows', 1] }), /1 nodes lead to no output/],
    ['a wide input nobody can feed', set('nodes.0.shape', ['rows', 2 ** 28 - 1]), /tensors of 268435455 elements up to here, expected at most/],
    ['no outputs', set('outputs', []), /nodes lead to no output|0 outputs came/],
    ['an output that is no batch', set('outputs', [1, 12]), /is no batch/],
    ['no inputs', set('inputs', []), /0 inputs/],
    ['another number of losses', set('losses', []), /losses came/],
    ['a loss that does not fit', set('losses.0.name', 'binaryCrossEntropy'), /binaryCrossEntropy: the output's activation is/],
    ['an unknown loss', set('losses.0.name', 'toString'), /name is "toString", expected/],
    ['another reduction', set('losses.0.reduction', 'max'), /reduction is "max"/],
    ['a field of a loss that its maker sets', set('losses.0.scale', 2), /scale is 2, expected 1/],
    ['a weight of zero', set('losses.0.weight', 0), /the weight of loss 0 is 0/],
    ['an unknown optimizer', set('optimizer.name', 'tiger'), /name is "tiger"/],
    ['an optimizer out of its range', set('optimizer.beta1', 1), /adam: beta1 is 1/],
    ['an optimizer of other types', set('optimizer.beta1', '0.9'), /beta1 is "0.9", expected a number/],
    ['a clip of NaN', set('optimizer.clipNorm', 'NaN'), /clipNorm is NaN/],
    ['a seed out of range', set('seed', 2 ** 32), /seed is 4294967296/],
    ['a layer of the wrong weights', set('layers.0.parameters.weights', 0), /weights is 0, expected a parameter or a state/],
    ['a layer twice', set('layers.1.output', 6), /layers is an array of 2, expected a different output for each/],
    ['two layers of one name', set('layers.1.name', 'dense1'), /two layers are called "dense1"/],
    [
      'state without an optimizer',
      set('optimizer', null),
      /training is an object with epochsTrained, stepsDone, powers, expected none without an optimizer/,
    ],
    ['state of another optimizer', set('optimizer', { ...sgd(), clipNorm: 'Infinity' }), /no use for the tensor "optimizer.m"/],
    ['no state for the tensors of it', set('training', undefined), /no use for the tensor "optimizer.m"/],
    ['one power', set('training.powers', [1]), /powers is an array of 1/],
    ['powers above 1', set('training.powers.0', 1.5), /powers is an array of 2, expected two numbers from 0 to 1/],
    ['a fraction of an epoch', set('training.epochsTrained', 0.5), /epochsTrained is 0.5/],
    ['metadata that are a list', set('metadata', []), /metadata is an array of 0, expected an object/],
  ])('%s', (_, edit, message) => {
    const wrong = edited(file(), edit);
    expect(() => load(wrong)).toThrow(FileError);
    expect(() => load(wrong)).toThrow(message);
  });

  test('a tensor too many, or too few', () => {
    const { tensors, metadata } = readTensorFile(file());
    const architecture = { neurite: metadata.get('neurite') as string };
    const [first, ...others] = tensors.values();
    expect(() => load(writeTensorFile(others, architecture))).toThrow(FileError);
    const more = { name: 'more', shape: [1], bytes: new Uint8Array(4) };
    expect(() => load(writeTensorFile([first as never, ...others, more], architecture))).toThrow(
      'load: the architecture has no use for the tensor "more"',
    );
  });

  test('a safetensors file of somebody else', () => {
    expect(() => load(writeTensorFile([], {}))).toThrow(/without the architecture that save\(\) puts into its metadata/);
  });

  test('widths that double from node to node', () => {
    const x = input(1);
    using net = network({ inputs: x, outputs: add(x, constant([1])) });
    const doubling = edited(save(net), ({ nodes, outputs }) => {
      for (let i = 0; i < 1200; i++) nodes.push({ op: 'concat', inputs: [nodes.length - 1, nodes.length - 1] });
      outputs[0] = nodes.length - 1;
    });
    expect(() => load(doubling)).toThrow(FileError);
  });

  test('values of a constant in JSON', () => {
    const x = input(2);
    using net = network({ inputs: x, outputs: add(x, constant([1, Number.NaN])) });
    const json = JSON.stringify(toJSON(net));
    expect(json).toContain('"values":[1,"NaN"]');
    expect(() => fromJSON(json.replace('[1,"NaN"]', '[1]'))).toThrow('values is an array of 1, expected 2 numbers');
    expect(() => fromJSON(json.replace('[1,"NaN"]', '[1,null]'))).toThrow('values is an array of 2, expected 2 numbers');
    expect(() => fromJSON('[]')).toThrow('fromJSON: the architecture is an array of 0, expected an object');
    expect(() => fromJSON(undefined as never)).toThrow('fromJSON: the architecture is undefined, expected an object');
  });
});

test('a disposed network saves nothing', () => {
  const net = sequential(1, [dense(1)], { loss: meanSquaredError() });
  net.dispose();
  expect(() => save(net)).toThrow(DisposedError);
  expect(() => toJSON(net)).toThrow(DisposedError);
});

test('a graph larger than a reader takes is not written', () => {
  const x = input(1);
  let node = x;
  for (let i = 0; i < 2 ** 14; i++) node = add(node, node);
  using deep = network({ inputs: x, outputs: node });
  expect(() => save(deep)).toThrow('save: the graph has 16385 nodes, expected at most 16384');
  let wide = concat(x, x);
  for (let i = 0; i < 25; i++) wide = concat(wide, wide);
  using doubled = network({ inputs: x, outputs: sum(wide) });
  expect(() => save(doubled)).toThrow(/save: the graph's tensors have \d+ elements, more than a file may ask for/);
});

test('a file with the largest counts of steps and epochs is trained on, saved and loaded again', async () => {
  using net = sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: adam() });
  net.step([1], [1]);
  const { tensors, metadata } = readTensorFile(save(net, { optimizerState: true }));
  const most = Number.MAX_SAFE_INTEGER;
  const neurite = (metadata.get('neurite') as string).replace('"epochsTrained":0,"stepsDone":1', `"epochsTrained":${most},"stepsDone":${most}`);
  expect(neurite).toContain(`"stepsDone":${most}`);
  using counted = load(writeTensorFile([...tensors.values()], { neurite }));
  counted.step([1], [1]);
  await counted.fit({ x: [[1]], y: [[1]] }, { epochs: 1 });
  const file = save(counted, { optimizerState: true });
  using again = load(file);
  expect(Buffer.compare(save(again, { optimizerState: true }), file)).toBe(0);
});
