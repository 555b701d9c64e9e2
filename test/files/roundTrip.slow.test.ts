/** What is written is read back; what would not be is refused at once, by an error of neurite's. */
import fc from 'fast-check';
import {
  adam,
  add,
  clip,
  concat,
  constant,
  dense,
  fromJSON,
  type Initializer,
  input,
  load,
  matmul,
  meanSquaredError,
  type Network,
  NeuriteError,
  type Node,
  named,
  network,
  parameter,
  pow,
  save,
  sequential,
  sgd,
  slice,
  sum,
  tanh,
  toJSON,
  ValueError,
} from 'neurite';
import { describe, expect, test, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { MAX_PARAMETERS, readArchitecture } from '../../src/files/architecture.js';
import { Fields, MAX_VALUES } from '../../src/files/json.js';
import { internals } from '../../src/network/network.js';
import { bitsOf, canonical } from './bits.js';

/** Whatever a caller may pass for a name, a number or a flag. */
const odd = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>('', '__proto__', '__metadata__', 'optimizer.m', 'dense1', 'rows', '\ud800', 'é😀', 5, null, true, Number.NaN, {}, []),
);

const numbers = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-320));

const initials = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.record({
    kind: fc.constantFrom('uniform', 'normal', 'constant', 'other'),
    low: numbers,
    high: numbers,
    mean: numbers,
    deviation: numbers,
    value: numbers,
  }),
  fc.constantFrom<unknown>(null, 5, {}),
);

const steps = fc.array(
  fc.record({
    kind: fc.nat(10),
    at: fc.nat(20),
    other: fc.nat(20),
    width: fc.integer({ min: 1, max: 5 }),
    name: odd,
    number: numbers,
    init: initials,
    flag: odd,
  }),
  { maxLength: 12 },
);

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

const cases = fc.record({
  steps,
  name: odd,
  outputs: fc.integer({ min: 1, max: 3 }),
  metadata: fc.oneof(
    fc.jsonValue(),
    fc.anything({ withTypedArray: true, withMap: true, withNullPrototype: true }),
    fc.dictionary(fc.string(), fc.jsonValue()),
  ),
  seed: fc.nat(),
  train: fc.boolean(),
  build: fc.constantFrom('auto', 'simd'),
  nans: fc.boolean(),
});

/** One more node of a graph. The types are those of callers who do not look. */
function grow(nodes: Node[], { kind, at, other, width, name, number, init, flag }: Step): Node {
  const x = nodes[at % nodes.length] as Node;
  const y = nodes[other % nodes.length] as Node;
  const n = x.shape.size.at(-1) as number;
  const initializer = init === undefined ? {} : { init: (() => init) as unknown as Initializer };
  const label = name === undefined ? {} : { name: name as string };
  switch (kind) {
    case 0:
      return dense(width, width % 2 ? 'tanh' : 'gelu', { ...label, ...initializer })(x);
    case 1:
      return add(x, parameter(n, { ...label, ...initializer }));
    case 2:
      return concat(x, y);
    case 3:
      return slice(x, 0, Math.min(n, width));
    case 4:
      return named(tanh(x), name as string);
    case 5:
      return clip(x, number, Number.POSITIVE_INFINITY);
    case 6:
      return pow(x, number);
    case 7:
      return add(x, constant(Array.from({ length: n }, () => number)));
    case 8:
      return matmul(x, parameter([width, n], label), false, (flag ?? true) as boolean);
    case 9: {
      const shared = dense(n, (z) => add(z, x), label);
      return shared(shared(x));
    }
    default:
      return sum(x);
  }
}

function isOurs(error: unknown): void {
  if (!(error instanceof NeuriteError)) throw error;
}

test('networks of a generated family come back, or are refused', () => {
  let written = 0;
  let refused = 0;
  fc.assert(
    fc.property(cases, ({ steps, name, outputs, metadata, seed, train, build, nans }) => {
      let net: Network;
      try {
        const nodes: Node[] = [input(3, name as string)];
        for (const step of steps) {
          try {
            nodes.push(grow(nodes, step));
          } catch (error) {
            isOurs(error);
          }
        }
        const ends = nodes.slice(-outputs);
        const x = nodes[0] as Node;
        const training = train && ends.length === 1 ? { loss: meanSquaredError(), optimizer: seed % 2 ? adam() : sgd({ momentum: 0.5 }) } : {};
        net = network({ inputs: x, outputs: ends, seed, build: build as 'simd', ...training }) as Network;
        net.metadata = metadata as Record<string, unknown>;
      } catch (error) {
        isOurs(error);
        refused++;
        return;
      }
      if (nans) bitsOf(net.parameters).fill(0xffc01234);
      let file: Uint8Array | undefined;
      let text: string | undefined;
      try {
        file = save(net, { optimizerState: train });
        text = JSON.stringify(toJSON(net));
      } catch (error) {
        isOurs(error);
        // JSON cannot say what a file cannot.
        expect(file).toBeUndefined();
        refused++;
      }
      if (file && text) {
        written++;
        using loaded = load(file);
        expect(bitsOf(loaded.parameters)).toEqual(canonical(bitsOf(net.parameters)));
        expect(Buffer.compare(save(loaded, { optimizerState: train }), file)).toBe(0);
        using fresh = fromJSON(text);
        using same = fromJSON(toJSON(net));
        expect([JSON.stringify(toJSON(fresh)), JSON.stringify(toJSON(same)), JSON.stringify(toJSON(loaded))]).toEqual([text, text, text]);
      }
      net.dispose();
    }),
    { numRuns: 3000, seed: 11 },
  );
  expect(written).toBeGreaterThan(800);
  expect(refused).toBeGreaterThan(300);
});

describe('refused where it is made', () => {
  test.each<[string, () => unknown, string]>([
    ['a name that is a number', () => input(3, 5 as never), 'input: name is 5, expected a string'],
    ['of a parameter', () => parameter(3, { name: null as never }), 'parameter: name is null, expected a string'],
    ['of a node', () => named(tanh(input(3)), {} as never), 'named: name is an object without fields'],
    [
      'an initializer of NaN',
      () => parameter(3, { init: () => ({ kind: 'normal', mean: 0, deviation: Number.NaN }) }),
      'init gave a deviation of NaN',
    ],
    ['an unknown start', () => parameter(3, { init: () => ({ kind: 'ones' }) as never }), 'init gave an object with kind'],
    ['metadata that is a number', () => Object.assign(sequential(1, [dense(1)]), { metadata: 5 }), 'network: metadata is 5, expected an object'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test('flags of a product that are no booleans', () => {
    expect(() => matmul(input(3), parameter([2, 3]), 0 as never, 1 as never)).toThrow('matmul: ta is 0, expected true or false');
  });
});

describe('limits', () => {
  test('a matrix of 2²⁸ elements is read, one of more than memory holds is not', () => {
    using net = sequential(2, [dense(1, { bias: false })]);
    const read = (m: number, n: number) => {
      const json = JSON.parse(JSON.stringify(toJSON(net)).replace('["rows",2]', `["rows",${n}]`).replace('[1,2]', `[${m},${n}]`));
      return readArchitecture(new Fields(json, 'it'), undefined, Number.POSITIVE_INFINITY);
    };
    expect([...read(2 ** 14, 2 ** 14).outputs, ...read(2 ** 14, 2 ** 16).outputs].map((y) => y.shape.size[0])).toEqual([2 ** 14, 2 ** 14]);
    expect(() => read(2 ** 15, 2 ** 16)).toThrow(/shape is an array of 2, expected .* at most 1073741824 elements/);
  });

  test('1,100 inputs and outputs', () => {
    const inputs = Array.from({ length: 1100 }, (_, i) => input(1, `x${i}`));
    using net = network({ inputs, outputs: inputs.map((x) => tanh(x)) });
    using loaded = load(save(net));
    using fresh = fromJSON(JSON.stringify(toJSON(net)));
    expect([loaded, fresh].map((one) => internals('test', one).engine.model.inputs.length)).toEqual([1100, 1100]);
  });

  test('more outputs than a file names', () => {
    const y = tanh(input(1));
    using net = network({ inputs: y.inputs[0] as Node, outputs: new Array(2 ** 14 + 1).fill(y) });
    expect(() => save(net)).toThrow('save: the network has 16385 outputs, expected at most 16384');
    expect(() => toJSON(net)).toThrow('toJSON: the network has 16385 outputs, expected at most 16384');
  });

  test('constants that are too long for JSON go into a file', () => {
    const x = input(300_000);
    using net = network({ inputs: x, outputs: sum(add(x, constant(new Float32Array(300_000).fill(2)))) });
    expect(() => toJSON(net)).toThrow('toJSON: the constants have 300000 numbers, expected at most 262144 in JSON; a file made by save() holds more');
    using loaded = load(save(net));
    expect(loaded.predict(new Float32Array(300_000))).toEqual(net.predict(new Float32Array(300_000)));
  });

  test('constants that leave JSON no room for the rest', () => {
    const x = input(MAX_VALUES);
    using net = network({ inputs: x, outputs: sum(add(x, constant(new Float32Array(MAX_VALUES)))) });
    expect(() => toJSON(net)).toThrow('toJSON: the architecture is no JSON this reads: more than 262144 values');
  });

  test('metadata of more values than a reader takes', () => {
    using net = sequential(1, [dense(1)]);
    net.metadata = { many: new Array(MAX_VALUES).fill(0) };
    for (const write of [() => save(net), () => toJSON(net)]) expect(write).toThrow(/metadata\.many\[\d+\] is one of more than 262144 values/);
    // The same list many times over: 2⁶⁰ values in a few objects.
    net.metadata = { list: Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], 0) };
    for (const write of [() => save(net), () => toJSON(net)]) expect(write).toThrow(ValueError);
  });

  test('a few bytes of JSON ask for as many parameters as the caller allows', () => {
    using net = sequential(2, [dense(1, { bias: false })]);
    const wide = (n: number) => JSON.stringify(toJSON(net)).replace('["rows",2]', `["rows",${n}]`).replace('[1,2]', `[1,${n}]`);
    const memory = internals('test', net).engine.core.memory.buffer.byteLength;
    expect(() => fromJSON(wide(2 ** 28 - 1))).toThrow(
      `nodes[1]: 268435455 parameters up to here, expected at most ${MAX_PARAMETERS}; to have more, pass { maxParameters: 268435456 }`,
    );
    expect(() => fromJSON(wide(1000), { maxParameters: 999 })).toThrow('expected at most 999; to have more, pass { maxParameters: 1024 }');
    expect(internals('test', net).engine.core.memory.buffer.byteLength).toBe(memory);
    using enough = fromJSON(wide(1000), { maxParameters: 1000 });
    expect(enough.parameterCount).toBe(1000);
    for (const maxParameters of [0, -1, 1.5, Number.NaN, '5', null, 2 ** 31] as never[])
      expect(() => fromJSON(wide(2), { maxParameters })).toThrow(/fromJSON: maxParameters is .*, expected a whole number from 1 to/);
  });

  test('nor does JSON ask for large tensors besides', () => {
    const x = input(1);
    using net = network({ inputs: x, outputs: sum(concat(x, x)) });
    const json = JSON.stringify(toJSON(net)).replace(
      '{"op":"concat","inputs":[0,0]}',
      '{"op":"pad","inputs":[0],"attributes":{"start":0,"width":268435455}}',
    );
    expect(() => fromJSON(json)).toThrow(/its tensors have 268435457 elements, expected at most 16777216 beside so few parameters/);
  });
});

test('loading draws nothing', () => {
  using net = sequential(3, [dense(2)], { seed: 5 });
  const text = JSON.stringify(toJSON(net));
  net.parameters.fill(1);
  const file = save(net);
  const draw = vi.spyOn(Engine.prototype, 'initialize');
  using loaded = load(file);
  expect(draw).not.toHaveBeenCalled();
  expect([...loaded.parameters]).toEqual(new Array(net.parameterCount).fill(1));
  using fresh = fromJSON(text);
  expect(draw).toHaveBeenCalledTimes(1);
  draw.mockRestore();
  expect(loaded.reset().parameters).toEqual(fresh.parameters);
});

describe('what load takes', () => {
  const file = () => {
    using net = sequential(2, [dense(2)]);
    return save(net);
  };
  const both: [string, (options: never) => Network][] = [
    ['load', (options) => load(file(), options)],
    ['fromJSON', (options) => fromJSON(JSON.stringify(toJSON(sequential(2, [dense(2)]))), options)],
  ];

  test.each(both)('options of %s', (call, make) => {
    const message = (options: unknown) => {
      expect(() => make(options as never)).toThrow(ValueError);
      try {
        make(options as never);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message(null)).toBe(`${call}: options is null, expected an object, such as { build }`);
    expect(message(5)).toBe(`${call}: options is 5, expected an object, such as { build }`);
    expect(message({ seed: 1 })).toContain(`${call}: there is no option "seed", expected build, reproducible`);
    expect(message({ build: null })).toContain(`${call}: build is null, expected`);
    expect(message({ reproducible: 'yes' })).toBe(`${call}: reproducible is "yes", expected true or false`);
  });

  test('detached buffers', () => {
    const bytes = file();
    const view = new DataView(bytes.buffer);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    for (const one of [bytes, bytes.buffer, view] as never[]) {
      expect(() => load(one)).toThrow(ValueError);
      expect(() => load(one)).toThrow(/the buffer of the bytes is detached/);
    }
  });

  test('an option whose getter detaches the buffer', () => {
    const bytes = file();
    const options = {
      get build() {
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return 'simd' as const;
      },
    };
    expect(() => load(bytes, options)).toThrow(/detached/);
  });

  test('subclasses that say otherwise of their length', () => {
    class Odd extends Uint8Array {
      override get length() {
        return 3;
      }
      override get byteLength() {
        return 1e9;
      }
      override get byteOffset() {
        return -5;
      }
      override get buffer(): ArrayBuffer {
        return new ArrayBuffer(2);
      }
    }
    const bytes = file();
    const odd = new Odd(bytes);
    using loaded = load(odd);
    expect(Buffer.compare(save(loaded), bytes)).toBe(0);
  });

  test('a view of the middle of a buffer, and a DataView', () => {
    const bytes = file();
    const around = new Uint8Array(bytes.length + 7);
    around.set(bytes, 3);
    load(around.subarray(3, 3 + bytes.length)).dispose();
    load(new DataView(around.buffer, 3, bytes.length) as never).dispose();
  });

  test('texts of a few bytes', () => {
    const pieces = ['', '{', '}', '[', ']', '"', '0', '-', '\\', ' ', 'null', '\ud800', ':', ','];
    for (const a of pieces) for (const b of pieces) for (const c of pieces) expect(() => fromJSON(a + b + c)).toThrow(NeuriteError);
    for (let n = 0; n < 24; n++) {
      expect(() => load(new Uint8Array(n))).toThrow(NeuriteError);
      expect(() => fromJSON(new Uint8Array(n) as never)).toThrow(NeuriteError);
    }
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a symbol', Symbol('a')],
    ['a bigint', 1n],
    ['a function', () => 1],
    [
      'a getter that throws',
      {
        get format(): string {
          throw new TypeError('no');
        },
      },
    ],
    [
      'itself',
      (() => {
        const own: Record<string, unknown> = {};
        own.nodes = own;
        return own;
      })(),
    ],
  ])('%s is no network', (_, value) => {
    expect(() => fromJSON(value as never)).toThrow(NeuriteError);
    expect(() => load(value as never)).toThrow(NeuriteError);
  });
});
