import { type LayerParameters, layersOf } from '../layers.js';
import { predictionAmount } from '../workloads.js';
import type { Peer } from './peer.js';

/** Protocol buffers as https://protobuf.dev/programming-guides/encoding has them: as much as a model takes. */
const VARINT = 0;
const BYTES = 2;

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint((field << 3) | VARINT), ...varint(value)]);
}

function bytes(field: number, content: Uint8Array | string): Uint8Array {
  const data = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return join([Uint8Array.from([...varint((field << 3) | BYTES), ...varint(data.length)]), data]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

const message = (field: number, ...parts: Uint8Array[]) => bytes(field, join(parts));

// The field numbers below are those of onnx.proto3; element type 1 is float, attribute type 2 is an integer.

function node(op: string, inputs: readonly string[], output: string, attribute?: { name: string; value: number }): Uint8Array {
  return message(
    1,
    ...inputs.map((name) => bytes(1, name)),
    bytes(2, output),
    bytes(4, op),
    ...(attribute ? [message(5, bytes(1, attribute.name), number(3, attribute.value), number(20, 2))] : []),
  );
}

function initializer(name: string, values: Float32Array, shape: readonly number[]): Uint8Array {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return message(5, ...shape.map((size) => number(1, size)), number(2, 1), bytes(8, name), bytes(9, raw));
}

function value(field: number, name: string, shape: readonly number[]): Uint8Array {
  const dimensions = shape.map((size) => message(1, number(1, size)));
  return message(field, bytes(1, name), message(2, message(1, number(1, 1), message(2, ...dimensions))));
}

/** A model of opset 13 in IR version 8. */
function model(nodes: Uint8Array[], initializers: Uint8Array[], inputs: Uint8Array[], output: Uint8Array): Uint8Array {
  const graph = message(7, ...nodes, bytes(2, 'network'), ...initializers, ...inputs, output);
  return join([number(1, 8), graph, message(8, number(2, 13))]);
}

const INPUT = 11;
const OUTPUT = 12;
const operators = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', softmax: 'Softmax' } as const;

/** u = g(x·Wᵀ + b), layer after layer: Gemm with a transposed W, then the activation. */
function denseModel(layers: readonly LayerParameters[], activations: readonly (keyof typeof operators)[], rows: number): Uint8Array {
  const nodes: Uint8Array[] = [];
  const initializers: Uint8Array[] = [];
  layers.forEach(({ inputs, outputs, weights, biases }, l) => {
    initializers.push(initializer(`w${l}`, weights, [outputs, inputs]), initializer(`b${l}`, biases, [outputs]));
    nodes.push(node('Gemm', [`u${l}`, `w${l}`, `b${l}`], `z${l}`, { name: 'transB', value: 1 }));
    nodes.push(node(operators[activations[l] as keyof typeof operators], [`z${l}`], `u${l + 1}`));
  });
  const { inputs } = layers[0] as LayerParameters;
  const { outputs } = layers.at(-1) as LayerParameters;
  return model(nodes, initializers, [value(INPUT, 'u0', [rows, inputs])], value(OUTPUT, `u${layers.length}`, [rows, outputs]));
}

interface Tensor {
  readonly data: Float32Array;
}
interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}
export interface Onnxruntime {
  env: { wasm: { numThreads: number } };
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => Tensor;
  InferenceSession: { create(model: Uint8Array, options: { executionProviders: string[] }): Promise<Session> };
}

/** onnxruntime-web on its wasm execution provider. It takes its number of threads once, when it opens its first model. */
export function onnxruntime(ort: Onnxruntime, threads = 1): Peer {
  ort.env.wasm.numThreads = threads;
  const own = globalThis.Worker as unknown;
  const open = async (bytes: Uint8Array) => {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    // It leaves a global Worker behind, from which jax-js, which looks for one at each call, would take this for a page with threads.
    if (own === undefined) Reflect.deleteProperty(globalThis, 'Worker');
    return session;
  };
  return {
    async predict(work, initial, inputs) {
      const { sizes, activations, rows, calls } = work;
      const session = await open(denseModel(layersOf(sizes, initial), activations, rows));
      const name = `u${activations.length}`;
      const predict = async (x: Float32Array) => {
        const results = await session.run({ u0: new ort.Tensor('float32', x, [rows, sizes[0] as number]) });
        return (results[name] as Tensor).data;
      };
      return {
        system: 'onnxruntime-web',
        asynchronous: true,
        amount: predictionAmount(work),
        async run() {
          for (let i = 0; i < calls; i++) await predict(inputs[i % inputs.length] as Float32Array);
        },
        outputs: () => predict(inputs[0] as Float32Array),
        free: () => void session.release(),
      };
    },
    async multiply(n, a, b) {
      const shape = [n, n];
      const session = await open(
        model([node('MatMul', ['a', 'b'], 'c')], [initializer('b', b, shape)], [value(INPUT, 'a', shape)], value(OUTPUT, 'c', shape)),
      );
      const multiply = async () => (await session.run({ a: new ort.Tensor('float32', a, shape) })).c as Tensor;
      return {
        system: 'onnxruntime-web',
        asynchronous: true,
        amount: 2e-9 * n ** 3,
        run: multiply,
        product: async () => (await multiply()).data,
        free: () => void session.release(),
      };
    },
  };
}
