/** Tensors as other programs exchange them: safetensors files of any types. */

import { KINDS as ARRAYS, type Bytes, type Floats, isNumericArray, kindOf, type NumericArray } from '../arguments/arrays.js';
import { bytesOf } from '../arguments/bytes.js';
import { describe, hasFields, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { FileError, ShapeError, ValueError } from '../errors.js';
import { narrowBF16, narrowF16, widenBF16, widenF16 } from './halves.js';
import { isWhole, show } from './json.js';
import { unifyNaN, unifyNaN64 } from './nan.js';
import { readTensorFile, type Tensor, writeTensorFile } from './safetensors.js';

/**
 * The typed array that holds the elements of each type. F16 and BF16 are widened to float32, which is exact; BOOL is 0 and 1. What a call without effects
 * gives: bundlers would keep names of globals that they do not know to be there.
 */
const KINDS = /* @__PURE__ */ (() =>
  ({
    U64: BigUint64Array,
    I64: BigInt64Array,
    F64: Float64Array,
    F32: Float32Array,
    U32: Uint32Array,
    I32: Int32Array,
    BF16: Float32Array,
    F16: Float32Array,
    U16: Uint16Array,
    I16: Int16Array,
    I8: Int8Array,
    U8: Uint8Array,
    BOOL: Uint8Array,
  }) as const)();

/** The format's words for the types of elements that JavaScript can hold. */
export type TensorType = keyof typeof KINDS;

/** In the order of the format's own writer: the largest elements first, so that each lies at a multiple of its size. */
const TYPES = /* @__PURE__ */ Object.keys(KINDS) as TensorType[];

/** Bytes of an element in a file. */
const SIZES: Readonly<Record<string, number>> = {
  U64: 8,
  I64: 8,
  F64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** How a float of 16 bits becomes one of 32, and the other way. */
const HALVES: Partial<Record<string, readonly [widen: (half: number) => number, narrow: (bits: number) => number]>> = {
  F16: [widenF16, narrowF16],
  BF16: [widenBF16, narrowBF16],
};

/** A tensor of a safetensors file. */
export interface SafetensorsTensor {
  /** Sizes of its dimensions; none for a scalar. */
  readonly shape: readonly number[];
  /** The type of its elements in the file. */
  readonly dtype: TensorType;
  /** Its elements row by row. F16 and BF16 come as float32, BOOL as 0 and 1, I64 and U64 as bigints; all others as they are. */
  readonly data: Floats | NumericArray | BigInt64Array | BigUint64Array;
}

/** A tensor to be written. */
export interface TensorToWrite {
  /** Default: one dimension. */
  readonly shape?: readonly number[];
  /** Default: that of the array, F32 for a list of numbers. */
  readonly dtype?: TensorType;
  /** Its elements row by row. Integer types take whole numbers of their range; F16, BF16 and F32 round to nearest. */
  readonly data: NumericArray | BigInt64Array | BigUint64Array | readonly number[];
}

/**
 * The tensors of a safetensors file by their names, such as the state dict of PyTorch that `safetensors.torch.save_file` wrote:
 * `{ '0.weight': { shape: [128, 784], dtype: 'F32', data: Float32Array } }`. Each has memory of its own, bit for bit that of the file.
 *
 * The file need not be trusted: whatever its bytes are, they give tensors or a FileError, and what is allocated is in proportion to the file.
 * Source: github.com/huggingface/safetensors, README.
 *
 * @param bytes of the whole file
 * @throws FileError for a file that is damaged, or holds elements of 8 bits or less that JavaScript has no numbers for (F8_E4M3, F8_E5M2, …);
 *   ValueError for what is no bytes
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer): Record<string, SafetensorsTensor> {
  const call = 'readSafetensors';
  const { tensors } = readTensorFile(bytesOf(call, bytes), call, SIZES);
  return Object.fromEntries(Array.from(tensors.values(), (tensor) => [tensor.name, decode(call, tensor)]));
}

/**
 * The metadata of a safetensors file: texts by their names, such as `{ format: 'pt' }`; without fields where it has none.
 * @throws what `readSafetensors` throws
 */
export function safetensorsMetadata(bytes: Uint8Array | ArrayBuffer): Record<string, string> {
  const call = 'safetensorsMetadata';
  return Object.fromEntries(readTensorFile(bytesOf(call, bytes), call, SIZES).metadata);
}

function decode(call: string, { name, dtype = 'F32', shape, bytes }: Tensor): SafetensorsTensor {
  const type = dtype as TensorType;
  // A copy, which is aligned.
  const { buffer } = bytes.slice();
  const halves = HALVES[type];
  if (!halves) {
    const data = new KINDS[type](buffer);
    if (type === 'BOOL' && bytes.some((byte) => byte > 1)) throw new FileError(`${call}: the tensor ${show(name)} is BOOL, expected 0 and 1`);
    return { shape, dtype: type, data };
  }
  const bits = Uint32Array.from(new Uint16Array(buffer), halves[0]);
  return { shape, dtype: type, data: new Float32Array(bits.buffer) };
}

/**
 * A matrix with rows and columns exchanged: `[m, n]` becomes `[n, m]`. Weights of Keras and scikit-learn are `[in, out]`, those of neurite and PyTorch
 * `[out, in]`.
 * @throws ShapeError for what is no matrix, ValueError for what is no tensor
 */
export function transposed(tensor: SafetensorsTensor): SafetensorsTensor {
  const call = 'transposed';
  const { shape, dtype, data } = checkOptions(call, tensor, ['shape', 'dtype', 'data'], {}, 'the tensor');
  const sizes = isList(shape) ? Array.from(shape) : [];
  const kind = kindOf(data);
  const plain: Readonly<Record<string, unknown>> = { ...ARRAYS, BigInt64Array, BigUint64Array };
  if (kind === undefined || !(kind in plain) || !sizes.every((size) => isWhole(size, 0, Number.MAX_SAFE_INTEGER)))
    throw new ValueError(
      `${call}: the tensor has a shape of ${describe(shape)} and data of ${describe(data)}, expected what readSafetensors() gives`,
    );
  // A copy of a plain kind, whatever a subclass makes of slice.
  const turned = new (plain[kind] as Float32ArrayConstructor)(data as never);
  const from = turned.slice();
  const [m = 0, n = 0] = sizes;
  if (sizes.length !== 2 || from.length !== m * n)
    throw new ShapeError(`${call}: the tensor is [${sizes.join(', ')}] of ${from.length} numbers, expected a matrix`);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) turned[j * m + i] = from[i * n + j] as number;
  return { ...(dtype !== undefined && { dtype }), shape: [n, m], data: turned } as SafetensorsTensor;
}

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  /** Texts by their names, as `safetensorsMetadata` gives them; PyTorch's loaders look for `{ format: 'pt' }`. Default none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a safetensors file with these tensors, which `safetensors.torch.load_file` and `readSafetensors` read. The order of the tensors
 * and the bytes are those of the format's own writer; every NaN is written as the quiet one without sign and payload.
 *
 * ```js
 * writeSafetensors({ '0.weight': { shape: [2, 3], data: new Float32Array(6) }, '0.bias': { shape: [2], dtype: 'F16', data: [0.5, 1] } });
 * ```
 *
 * @throws ValueError for a type, a name or an element that the format does not have; ShapeError where the shape has another number of elements;
 *   FileError when the header becomes longer than a reader takes
 */
export function writeSafetensors(tensors: Readonly<Record<string, TensorToWrite>>, options: WriteSafetensorsOptions = {}): Bytes {
  const call = 'writeSafetensors';
  const { metadata } = checkOptions(call, options, ['metadata']);
  const texts = metadata && fieldsOf(call, 'metadata', metadata);
  for (const [key, text] of texts ?? []) {
    if (typeof text !== 'string') throw new ValueError(`${call}: metadata: ${show(key)} is ${describe(text)}, expected a text`);
    checkText(call, key, 'metadata');
    checkText(call, text, 'metadata');
  }
  const encoded = fieldsOf(call, 'tensors', tensors).map(([name, tensor]) => encode(call, name, tensor));
  encoded.sort((a, b) => TYPES.indexOf(a.dtype as TensorType) - TYPES.indexOf(b.dtype as TensorType) || (a.name < b.name ? -1 : 1));
  return writeTensorFile(encoded, texts && (Object.fromEntries(texts) as Record<string, string>), call);
}

/** The fields of an object, each read once. @throws ValueError for what has none */
function fieldsOf(call: string, what: string, value: object): [string, unknown][] {
  try {
    if (hasFields(value)) return Object.entries(value);
  } catch {
    // A getter or a trap of the caller's threw.
  }
  throw new ValueError(`${call}: ${what} is ${describe(value)}, expected an object of them by their names`);
}

/** @throws ValueError for half a surrogate pair, which UTF-8 does not have */
function checkText(call: string, text: string, what: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new ValueError(`${call}: ${what} has ${show(text)}, expected text without half a surrogate pair`);
}

function encode(call: string, name: string, given: unknown): Tensor {
  checkText(call, name, 'tensors');
  if (name === '__metadata__') throw new ValueError(`${call}: a tensor is called "__metadata__", expected another name; pass metadata as an option`);
  const where = `${call}: ${show(name)}`;
  const { shape, dtype, data } = checkOptions(where, given as TensorToWrite, ['shape', 'dtype', 'data'], {}, 'the tensor');
  const kind = kindOf(data);
  if (kind === undefined && !isList(data)) throw new ValueError(`${where}: data is ${describe(data)}, expected a typed array or a list of numbers`);
  const type = dtype ?? TYPES.find((type) => KINDS[type].name === kind) ?? (kind === 'Uint8ClampedArray' ? 'U8' : 'F32');
  if (!TYPES.includes(type)) throw new ValueError(`${where}: dtype is ${describe(dtype)}, expected one of ${TYPES.join(', ')}`);
  const values: readonly unknown[] | ArrayLike<unknown> = kind === undefined ? Array.from(data as readonly unknown[]) : (data as NumericArray);
  const sizes = shape === undefined ? [values.length] : isList(shape) ? Array.from(shape) : undefined;
  if (!sizes?.every((n) => isWhole(n, 0, Number.MAX_SAFE_INTEGER)))
    throw new ValueError(`${where}: shape is ${describe(shape)}, expected a list of whole numbers`);
  const count = sizes.reduce((product, n) => product * n, 1);
  if (count !== values.length) throw new ShapeError(`${where}: data has ${values.length} numbers, expected ${count}, as [${sizes.join(', ')}]`);
  const isSame = KINDS[type].name === kind && type !== 'BOOL';
  const stored = isSame ? new KINDS[type](data as never) : new KINDS[type](count);
  for (let i = 0; i < count && !isSame; i++) stored[i] = elementOf(where, type, values[i], i) as never;
  const floats = KINDS[type];
  if (floats === Float32Array) unifyNaN(new Int32Array(stored.buffer));
  if (floats === Float64Array) unifyNaN64(new Int32Array(stored.buffer));
  const halves = HALVES[type];
  const bits = halves && Uint16Array.from(new Uint32Array(stored.buffer), halves[1]);
  const infinite = halves && isNumericArray(stored) ? bits?.findIndex((half, i) => isInfinite(halves[0](half)) && Number.isFinite(stored[i])) : -1;
  if (infinite !== undefined && infinite >= 0)
    throw new ValueError(`${where}: data[${infinite}] is ${stored[infinite]}, expected numbers that ${type} holds`);
  return { name, dtype: type, shape: sizes, bytes: new Uint8Array((bits ?? stored).buffer) };
}

/** Whether the bits of a float32 are those of an infinity. */
function isInfinite(bits: number): boolean {
  return (bits & 0x7fffffff) === 0x7f800000;
}

/** An element as a typed array takes it. @throws ValueError where the type does not have it */
function elementOf(where: string, type: TensorType, value: unknown, i: number): number | bigint {
  const refuse = (): never => {
    throw new ValueError(`${where}: data[${i}] is ${describe(value)}, expected a number that ${type} holds`);
  };
  if (type === 'I64' || type === 'U64') {
    const whole = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : refuse();
    return (type === 'I64' ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole)) === whole ? whole : refuse();
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') return refuse();
  if (type.includes('F')) return type === 'F64' || Number.isFinite(Math.fround(number)) || !Number.isFinite(number) ? number : refuse();
  if (type === 'BOOL') return number === 0 || number === 1 ? number : refuse();
  return new KINDS[type]([number])[0] === number ? number : refuse();
}
