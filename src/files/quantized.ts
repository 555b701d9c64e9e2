/** What files have of weights of fewer bits. Its code comes with the quantization, so that nobody else loads it. */
import type { Engine } from '../engine/engine.js';
import type { Quantization } from '../engine/packing.js';
import type { Stored } from '../layers/names.js';
import type { Fields, Json } from './json.js';
import type { Tensor, TensorFile } from './safetensors.js';

/** The field of an architecture that says which tensors are integers: `{ name: 'int8', scales: { 'dense1.weights': 'dense1.weights.scales' } }`. */
export const FIELD = 'quantized';

/** A weight matrix as a file has it: the bytes of integers of eight bits, and of a float for each row. */
export interface Integers {
  readonly integers: Uint8Array;
  readonly scales: Uint8Array;
}

/** What a file has of a quantized predictor besides floats. */
export interface QuantizedParts {
  readonly scales: readonly Tensor[];
  readonly integers: readonly Tensor[];
  /** Nodes whose floats are not in the file. */
  readonly nodes: ReadonlySet<Stored>;
  /** What the architecture says of them. */
  readonly field: Json;
}

/** Weights of fewer bits that have files. */
export interface FileQuantization extends Quantization {
  /** @internal */
  readonly files: {
    /** The packed weights of an engine. @param names of the tensors of nodes */
    write(engine: Engine, names: ReadonlyMap<Stored, string>): QuantizedParts;
    /** A file with integers as one of floats, and the integers by their tensors. @throws FileError */
    read(call: string, file: TensorFile, field: Fields): { readonly file: TensorFile; readonly integers: ReadonlyMap<string, Integers> };
    /** Packs weights from them. @throws FileError */
    fill(call: string, engine: Engine, tensors: ReadonlyMap<Stored, string>, integers: ReadonlyMap<string, Integers>): void;
  };
}
