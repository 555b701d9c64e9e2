/** Files of predictors with weights of eight bits. */
import {
  type AnyNetwork,
  adam,
  add,
  batchNorm,
  constant,
  crossEntropy,
  dense,
  dropout,
  embedding,
  FileError,
  input,
  layerNorm,
  load,
  matmul,
  mul,
  network,
  type Predictor,
  parameter,
  readSafetensors,
  relu,
  safetensorsMetadata,
  save,
  sequential,
  square,
  sub,
  sum,
  ValueError,
} from 'neurite';
import { int8 } from 'neurite/int8';
import { describe, expect, test } from 'vitest';
import { generator } from '../files/bits.js';
import { mutator } from '../files/mutate.js';
import { builds } from '../kernels/machine.js';
import { filled, numbers } from '../kernels/numbers.js';
import { sweep } from '../sweep.js';

/** Networks whose files differ in what is an integer, what a float. */
const cases: Record<string, () => AnyNetwork> = {
  'dense layers with a loss': () =>
    sequential(9, [dense(33, 'relu'), dense(20, 'tanh', { bias: false }), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1 }),
  'norms, dropout, an embedding': () =>
    sequential(2, [embedding(10, 6), dense(7), batchNorm(), relu, dropout(0.5), dense(5), layerNorm(), dense(2, 'sigmoid')]),
  'weights that are read in another way too': () => {
    const x = input(5);
    const w = parameter([5, 5], { name: 'tied' });
    return network({ inputs: x, outputs: [dense(3)(matmul(matmul(x, w, false, true), w)), matmul(x, w, false, true)] });
  },
  'a layer used twice, constants, names that collide': () => {
    const [x, y] = [input(4), input(4)];
    const shared = dense(6, 'gelu', { name: 'a' });
    const free = parameter(6, { name: 'a.weights.scales' });
    return network({
      inputs: [x, y],
      outputs: [dense(2)(mul(add(shared(x), free), shared(y))), matmul(x, constant([1, 2, 3, 4], [1, 4]), false, true)],
    });
  },
  'a loss of its own': () => sequential(3, [dense(4, 'relu'), dense(2)], { loss: (u, t) => sum(square(sub(u, t))), optimizer: adam() }),
  'nothing to quantize': () => sequential(3, [layerNorm()]),
  'names of all kinds': () => sequential(2, [dense(2, 'relu', { name: '__proto__' }), dense(1, 'relu', { name: 'é"\\' })]),
};

// biome-ignore lint/suspicious/noExplicitAny: of one input or of several
function inputsOf(predictor: { readonly inFeatures: readonly number[] }, rows: number): any {
  const xs = predictor.inFeatures.map((width, i) =>
    filled(rows * width, numbers(i + rows)).map((value) => (width === 2 ? Math.abs(value * 4) | 0 : value)),
  );
  return xs.length === 1 ? (xs[0] as Float32Array) : xs;
}

describe.each(builds)('files of quantized predictors, %s build', (build) => {
  test.each(Object.entries(cases))('%s: the same bits, and the same bytes again', (_, make) => {
    using net = make();
    using trained = load(save(net), { build });
    trained.metadata = { inputs: ['a'] };
    using fixed = trained.freeze({ quantize: int8 });
    const bytes = save(fixed);
    using again = load(bytes, { quantize: int8, build });
    expect(again.metadata).toEqual({ inputs: ['a'] });
    for (const rows of [1, 2, 5, 300]) {
      const x = inputsOf(fixed, rows);
      expect(again.predict(x)).toEqual(fixed.predict(x));
      expect(again.logits(x)).toEqual(fixed.logits(x));
    }
    expect(save(again)).toEqual(bytes);
    // Of the network's own file it makes the same.
    using direct = load(save(trained), { quantize: int8, build });
    const x = inputsOf(fixed, 7);
    expect(direct.predict(x)).toEqual(fixed.predict(x));
  });

  test('a decision is the same; update follows a network', () => {
    using net = (cases['dense layers with a loss'] as () => AnyNetwork)();
    using here = load(save(net), { build });
    using fixed = here.freeze({ quantize: int8 });
    using again = load(save(fixed), { quantize: int8, build });
    const x = filled(40 * 9, numbers(1));
    expect(again.classify(x)).toEqual(fixed.classify(x));
    const values = here.parameters.map((value) => value * 0.5);
    for (const one of [fixed, again]) one.update(values);
    expect(again.predict(x)).toEqual(fixed.predict(x));
    expect(save(again)).toEqual(save(fixed));
  });

  test('rows that are not finite stay so', () => {
    using net = sequential(4, [dense(3)], { build });
    net.parameters[5] = Number.NaN;
    using fixed = net.freeze({ quantize: int8 });
    using again = load(save(fixed), { quantize: int8, build });
    const found = again.predict([1, 2, 3, 4]);
    expect(found).toEqual(fixed.predict([1, 2, 3, 4]));
    expect(found.map(Number.isNaN)).toEqual([false, true, false]);
  });
});

test('integers and scales are tensors like others, and the file is a quarter as long', () => {
  using net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax')], { seed: 1 });
  using fixed = net.freeze({ quantize: int8 });
  const [floats, integers] = [save(net), save(fixed)];
  expect(integers.length / floats.length).toBeLessThan(0.26);
  const tensors = readSafetensors(integers);
  expect(Object.keys(tensors).sort()).toEqual(
    ['dense1.biases', 'dense1.weights', 'dense1.weights.scales', 'dense2.biases', 'dense2.weights', 'dense2.weights.scales'].sort(),
  );
  const [q, s, w] = [tensors['dense1.weights'], tensors['dense1.weights.scales'], net.parameter('dense1.weights').values];
  for (let i = 0; i < w.length; i++) {
    const scale = s?.data[Math.floor(i / 784)] as number;
    if (!(Math.abs((q?.data[i] as number) * scale - (w[i] as number)) <= scale * 0.5001))
      expect.fail(`weight ${i} is ${w[i]}, read as ${q?.data[i]} times ${scale}`);
  }
});

describe('what is refused', () => {
  const net = sequential(3, [dense(4, 'relu'), dense(2)], { seed: 1 });
  const fixed = net.freeze({ quantize: int8 });
  const bytes = save(fixed);

  test('a file of integers without int8, a predictor of floats, an optimizer state, what is no quantization', () => {
    expect(() => load(bytes)).toThrow(
      new FileError('load: the weights of this file are of eight bits, expected load(bytes, { quantize: int8 }), int8 of neurite/int8'),
    );
    expect(() => save(net.freeze())).toThrow(
      new ValueError('save: the predictor has weights of floats, expected the network that it is of, or one of freeze({ quantize: int8 })'),
    );
    expect(() => save(fixed, { optimizerState: true })).toThrow(ValueError);
    // @ts-expect-error a name is not enough
    expect(() => load(bytes, { quantize: 'int8' })).toThrow(new ValueError('load: quantize is "int8", expected int8 of neurite/int8'));
    const gone = net.freeze({ quantize: int8 });
    gone.dispose();
    expect(() => save(gone)).toThrow('save: ');
  });

  /** The file with another architecture or other data. */
  const changed = (
    change: (architecture: { quantized: { scales: Record<string, string> } }) => void,
    data: (bytes: Uint8Array) => void = () => {},
  ) => {
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const architecture = JSON.parse(header.__metadata__.neurite);
    change(architecture);
    header.__metadata__.neurite = JSON.stringify(architecture);
    const text = new TextEncoder().encode(JSON.stringify(header));
    const file = new Uint8Array(8 + text.length + bytes.length - 8 - length);
    new DataView(file.buffer).setUint32(0, text.length, true);
    file.set(text, 8);
    file.set(bytes.subarray(8 + length), 8 + text.length);
    data(file);
    return file;
  };

  /** The file with other scales for a tensor. */
  const scaledBy = (name: string, scales: string) => changed((a) => Object.assign(a.quantized.scales, { [name]: scales }));

  test.each<[string, Uint8Array, string]>([
    [
      'an integer of −128',
      changed(
        () => {},
        (file) => file.fill(0x80, file.length - 1),
      ),
      'is -128, expected −127 to 127',
    ],
    ['no word of quantization', changed((a) => Object.assign(a, { quantized: undefined })), 'the weights of this file are of eight bits, expected'],
    ['another kind of it', changed((a) => Object.assign(a.quantized, { name: 'int4' })), 'expected "int8"'],
    ['a field that is not known', changed((a) => Object.assign(a.quantized, { zero: 0 })), 'has a field "zero"'],
    ['scales that are not there', scaledBy('dense1.weights', 'x'), 'expected a tensor of 4 floats'],
    ['scales of another', scaledBy('dense1.weights', 'dense2.weights.scales'), 'expected a tensor of 4 floats'],
    ['scales of a vector', scaledBy('dense1.biases', 'dense1.weights.scales'), 'of a matrix of the type I8'],
    ['integers without scales', changed((a) => Object.assign(a.quantized.scales, { 'dense2.weights': undefined })), 'has no scales'],
    ['an output without a product', changed((a) => Object.assign(a, { outputs: [0] })), 'nodes lead to no output'],
  ])('%s', (_, file, message) => {
    expect(() => load(file, { quantize: int8 })).toThrow(FileError);
    expect(() => load(file, { quantize: int8 })).toThrow(message);
  });

  test('a scale that is infinite, zero or below', () => {
    const values = safetensorsMetadata(bytes);
    expect(Object.keys(values)).toContain('neurite');
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const [at] = header['dense1.weights.scales'].data_offsets;
    for (const odd of [Number.POSITIVE_INFINITY, 0, -1]) {
      const file = bytes.slice();
      new DataView(file.buffer).setFloat32(8 + length + at, odd, true);
      expect(() => load(file, { quantize: int8 })).toThrow(`the scale of row 0 of the tensor "dense1.weights" is ${odd}, expected a positive number`);
    }
  });

  test('damaged files: a predictor or a FileError each', () => {
    const files = [bytes, ...Object.values(cases).map((make) => save(make().freeze({ quantize: int8 })))];
    const { pick, mutations } = mutator(generator(20261127));
    let [loaded, refused] = [0, 0];
    for (let turn = 0; turn < sweep(60, 10); turn++) {
      for (const [kind, mutate] of Object.entries(mutations)) {
        const file = mutate(pick(files), pick(files));
        let predictor: Predictor<number, number>;
        try {
          predictor = load<number, number>(file, { quantize: int8 });
        } catch (error) {
          if (!(error instanceof FileError && error.message.startsWith('load: '))) throw new Error(`${kind}: ${error}`, { cause: error });
          refused++;
          continue;
        }
        loaded++;
        const x = predictor.inFeatures.map((width) => new Float32Array(width));
        predictor.predict((x.length === 1 ? x[0] : x) as never);
        expect(load(save(predictor), { quantize: int8 }).inFeatures).toEqual(predictor.inFeatures);
        predictor.dispose();
      }
    }
    expect(loaded).toBeGreaterThan(sweep(20, 3));
    expect(refused).toBeGreaterThan(sweep(100, 15));
  });
});
