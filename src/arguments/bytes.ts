/** The bytes of a file, as callers pass them. */

import { ValueError } from '../errors.js';
import { describe } from './describe.js';

const typedArray = /* @__PURE__ */ Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A property of typed arrays or DataViews as it is, whatever a subclass says. */
function intrinsic(view: ArrayBufferView, name: 'buffer' | 'byteOffset' | 'byteLength'): unknown {
  const of = (owner: object, key: PropertyKey) => Reflect.apply(Object.getOwnPropertyDescriptor(owner, key)?.get as () => unknown, view, []);
  // Only typed arrays have a tag of this kind.
  return of(of(typedArray, Symbol.toStringTag) === undefined ? DataView.prototype : typedArray, name);
}

/** What `Object.prototype.toString` says; nothing where a proxy or a getter throws. */
function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return '';
  }
}

/** @throws ValueError saying how to come by the bytes of what was passed instead */
export function bytesOf(call: string, value: Uint8Array | ArrayBuffer): Uint8Array {
  const kind = tagOf(value);
  const isView = ArrayBuffer.isView(value);
  if (isView || kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') {
    try {
      if (!isView) return new Uint8Array(value);
      return new Uint8Array(
        intrinsic(value, 'buffer') as ArrayBuffer,
        intrinsic(value, 'byteOffset') as number,
        intrinsic(value, 'byteLength') as number,
      );
    } catch {
      throw new ValueError(
        `${call}: the buffer of the bytes is detached (it was transferred, perhaps to a worker), expected the bytes of a file; pass a copy of them`,
        'DETACHED',
      );
    }
  }
  const remedies: Record<string, string> = {
    Promise: 'await it first',
    Response: 'pass await response.arrayBuffer()',
    Blob: 'pass await blob.arrayBuffer()',
    File: 'pass await file.arrayBuffer()',
    String: "pass the file's content, such as await readFile(path)",
  };
  const remedy = remedies[kind];
  throw new ValueError(`${call}: the bytes are ${describe(value)}, expected a Uint8Array or an ArrayBuffer${remedy ? `; ${remedy}` : ''}`);
}
