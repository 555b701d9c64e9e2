/**
 * The safetensors format: eight bytes with the header's length (u64, little-endian), the header (JSON, UTF-8), then the tensors' bytes.
 * The header maps each tensor's name to `{ dtype, shape, data_offsets: [begin, end] }`, offsets counted from the header's end, and
 * `__metadata__` to an object of strings. (Format: github.com/huggingface/safetensors, README.)
 */

import type { Bytes } from '../arguments/arrays.js';
import { FileError } from '../errors.js';
import { Fields, isWhole, parseJson, show } from './json.js';

/** A tensor of a file. */
export interface Tensor {
  readonly name: string;
  /** The format's word for the type of its elements. Default F32, the only type in files of networks. */
  readonly dtype?: string;
  readonly shape: readonly number[];
  /** Its elements row by row, little-endian. A view, aligned to nothing. */
  readonly bytes: Uint8Array;
}

/** What a file holds. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The longest header, in bytes: a thousand dense layers take an eighth of it. */
export const MAX_HEADER = 2 ** 23;

/** What a network's own files hold, and the bytes of an element. */
const FLOATS: Readonly<Record<string, number>> = { F32: 4 };

const LENGTH_BYTES = 8;

/** Data begin at a multiple of this many bytes, the format's own recommendation. */
const ALIGNMENT = 8;

const METADATA = '__metadata__';

/** Bytes decoded at once: what is made on the way is a multiple of this, not of the header. */
const CHUNK = 4096;

/**
 * The bytes of a file with these tensors, one behind the other in the order given.
 * Names and metadata may hold any character but half a surrogate pair; the header escapes what is not ASCII.
 *
 * @throws FileError when the header becomes longer than a reader takes
 */
export function writeTensorFile(tensors: readonly Tensor[], metadata?: Readonly<Record<string, string>>, call = 'save'): Bytes {
  let end = 0;
  const entries = tensors.map(({ name, dtype = 'F32', shape, bytes }): [string, unknown] => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  // Spaces may follow the header: they bring the data to an aligned place.
  const json = escapeToAscii(JSON.stringify(Object.fromEntries([...(metadata ? [[METADATA, metadata]] : []), ...entries])));
  const header = json.padEnd(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT);
  if (header.length > MAX_HEADER) throw new FileError(`${call}: the header is ${header.length} bytes long, expected at most ${MAX_HEADER}`);
  parseJson(header, `${call}: the header`);
  const file = new Uint8Array(LENGTH_BYTES + header.length + end);
  new DataView(file.buffer).setUint32(0, header.length, true);
  for (let i = 0; i < header.length; i++) file[LENGTH_BYTES + i] = header.charCodeAt(i);
  let at = LENGTH_BYTES + header.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function escapeToAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Reads a file without trusting it: tensors are of the types given; they lie one behind the other, without gap or overlap, from the header's
 * end to the file's; sizes are multiplied with a check; keys come once. Tensors are views into the file. What it allocates is bounded by the
 * limits on the header.
 *
 * @param sizes the types that are taken, with the bytes of an element
 * @throws FileError whatever the bytes are
 */
export function readTensorFile(file: Uint8Array, call = 'load', sizes = FLOATS): TensorFile {
  if (file.length < LENGTH_BYTES) throw new FileError(`${call}: the file has ${file.length} bytes, expected at least ${LENGTH_BYTES}`);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const room = file.length - LENGTH_BYTES;
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > Math.min(room, MAX_HEADER)) {
    throw new FileError(
      `${call}: the header is ${length} bytes long, expected at most ${Math.min(room, MAX_HEADER)} (is it a safetensors file, and whole?)${file[0] === 60 ? '; it begins as a page of HTML does' : ''}`,
    );
  }
  const headerBytes = file.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  if (headerBytes[0] !== 0x7b) throw new FileError(`${call}: the header does not begin with {, as that of a safetensors file does`);
  const header = new Fields(parseJson(decodeUtf8(headerBytes, call), `${call}: the header`), `${call}: the header`);
  const metadata = new Map<string, string>();
  if (header.has(METADATA)) {
    const fields = header.object(METADATA);
    for (const key of fields.keys()) metadata.set(key, fields.string(key));
  }
  const data = file.subarray(LENGTH_BYTES + length);
  const found: { begin: number; end: number; tensor: Tensor }[] = [];
  for (const name of header.keys()) {
    if (name === METADATA) continue;
    const entry = new Fields(header.take(name), `${call}: the tensor ${show(name)}`);
    const dtype = entry.oneOf('dtype', Object.keys(sizes));
    const shape = entry.list('shape').map((n) => (isWhole(n, 0, Number.MAX_SAFE_INTEGER) ? n : entry.fail('shape', 'a list of sizes')));
    const [begin, end, more] = entry.list('data_offsets');
    if (!isWhole(begin, 0, data.length) || !isWhole(end, begin, data.length) || more !== undefined) {
      throw new FileError(`${entry.where}: data_offsets do not lie in the ${data.length} bytes of data (is the file whole?)`);
    }
    entry.end();
    if (end - begin !== bytesOf(shape, sizes[dtype] as number, data.length))
      throw new FileError(`${entry.where}: its ${end - begin} bytes are not those of its shape [${shape.slice(0, 8)}]`);
    found.push({ begin, end, tensor: { name, dtype, shape, bytes: data.subarray(begin, end) } });
  }
  found.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { begin, end, tensor } of found) {
    if (begin !== at)
      throw new FileError(`${call}: the tensor ${show(tensor.name)} begins at ${begin}, expected ${at}: tensors lie one behind the other`);
    at = end;
  }
  if (at !== data.length) throw new FileError(`${call}: ${data.length - at} bytes follow the last tensor, expected none`);
  return { tensors: new Map(found.map(({ tensor }) => [tensor.name, tensor])), metadata };
}

/** Bytes of a tensor of this shape; undefined when they are more than `most`. */
function bytesOf(shape: readonly number[], size: number, most: number): number | undefined {
  if (shape.includes(0)) return 0;
  let bytes = size;
  for (const n of shape) {
    // A product that is too large may be rounded, but not below `most`; one that is not is exact.
    bytes *= n;
    if (bytes > most) return undefined;
  }
  return bytes;
}

/** @throws FileError for bytes that are no UTF-8 */
function decodeUtf8(bytes: Uint8Array, call: string): string {
  let text = '';
  for (let begin = 0; begin < bytes.length; ) {
    let end = Math.min(begin + CHUNK, bytes.length);
    // A chunk ends before the first byte of a character.
    for (let i = 0; i < 3 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80; i++) end--;
    // Several times faster than to spread the bytes.
    const raw: string = String.fromCharCode.apply(null, bytes.subarray(begin, end) as unknown as number[]);
    try {
      // The language's own decoder of percent-encoded bytes: worklets have no TextDecoder.
      text += decodeURIComponent(raw.replace(/[%\u0080-\u00ff]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
    } catch {
      throw new FileError(`${call}: the header is no UTF-8`);
    }
    begin = end;
  }
  return text;
}
