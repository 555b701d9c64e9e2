import { MemoryError } from '../errors.js';

/** Any typed array of numbers. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * Floats that neurite returns: `Float32Array<ArrayBuffer>`, so that they go into a `Blob`. Typed arrays are generic since TypeScript 5.7;
 * before, this is `Float32Array`. The other three are the same for their kinds.
 */
export type Floats = ReturnType<Float32ArrayConstructor['of']>;
export type Doubles = ReturnType<Float64ArrayConstructor['of']>;
export type Words = ReturnType<Uint32ArrayConstructor['of']>;
export type Bytes = ReturnType<Uint8ArrayConstructor['of']>;

/** Whether a value is a typed array of numbers. Tests internal slots: an array of another realm counts, a proxy does not. */
export function isNumericArray(value: unknown): value is NumericArray {
  const kind = kindOf(value);
  return kind !== undefined && !kind.startsWith('Big');
}

/** A getter that all typed arrays inherit. Reads the internal slot, which a subclass or an own property cannot override. */
function intrinsic<T>(name: PropertyKey): (this: unknown) => T {
  return (Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float32Array.prototype), name) as { get: () => T }).get;
}

const getKind = /* @__PURE__ */ intrinsic<string | undefined>(Symbol.toStringTag);
const getLength = /* @__PURE__ */ intrinsic<number>('length');
const getByteOffset = /* @__PURE__ */ intrinsic<number>('byteOffset');
const getBuffer = /* @__PURE__ */ intrinsic<ArrayBuffer>('buffer');

// Functions of their own, so that the engine compiles each call into a load.

/** `'Float32Array'` and so on; undefined for anything but a typed array. */
export function kindOf(value: unknown): string | undefined {
  return getKind.call(value);
}

/** The length of a typed array; 0 where its buffer is detached or has shrunk. */
export function lengthOf(values: NumericArray): number {
  return getLength.call(values);
}

export function byteOffsetOf(values: NumericArray): number {
  return getByteOffset.call(values);
}

export function bufferOf(values: NumericArray): ArrayBuffer {
  return getBuffer.call(values);
}

/** A view of `n` elements of a typed array of a plain kind. Made from its buffer: a subclass may override `subarray`. */
export function stretch(values: NumericArray, from: number, n: number): NumericArray {
  const Kind = KINDS[kindOf(values) as keyof typeof KINDS] ?? Float64Array;
  return new Kind(bufferOf(values), byteOffsetOf(values) + from * Kind.BYTES_PER_ELEMENT, n);
}

export const KINDS = { Float32Array, Float64Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array };

/** @throws MemoryError where the host refuses an array of that length */
export function allocateFloats(what: string, length: number): Floats {
  return allocateArray(what, length, Float32Array);
}

/** @throws MemoryError where the host refuses an array of that length */
export function allocateArray<T extends Float32Array | Float64Array>(
  what: string,
  length: number,
  Kind: { new (length: number): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  if (bytes <= MAX_ARRAY_BYTES) {
    try {
      return new Kind(length);
    } catch {
      // The host refuses.
    }
  }
  throw new MemoryError(what, bytes, MAX_ARRAY_BYTES);
}

/** The most bytes an array may have: what the address space of the core has too. */
const MAX_ARRAY_BYTES = 2 ** 32;
