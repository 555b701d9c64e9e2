/** An array out of an IDX file: bytes in row-major order, outermost axis first. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, the format MNIST is published in: two zero bytes, the element type (8), the number of axes,
 * the length of each axis as a big-endian u32, then the elements and nothing else. `data` is a view of `file`.
 *
 * @throws RangeError for anything else, naming what came and what was expected
 */
export function readIdx(file: Uint8Array): IdxArray {
  if (file.length < 4) throw new RangeError(`IDX: the file has ${file.length} bytes, expected a header of at least 4`);
  const [zero, zeroToo, type, axes] = file as unknown as [number, number, number, number];
  if (zero !== 0 || zeroToo !== 0) throw new RangeError(`IDX: the file starts with bytes ${zero}, ${zeroToo}, expected 0, 0`);
  if (type !== 8) throw new RangeError(`IDX: element type ${type}, expected 8 (unsigned bytes)`);
  if (axes === 0) throw new RangeError('IDX: the array has 0 axes, expected at least 1');
  const header = 4 + 4 * axes;
  if (file.length < header) throw new RangeError(`IDX: the file has ${file.length} bytes, expected a header of ${header} for ${axes} axes`);

  const view = new DataView(file.buffer, file.byteOffset, header);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  // A product that rounds is far beyond any file's length, so it never equals one.
  const elements = shape.reduce((product, length) => product * length, 1);
  const given = file.length - header;
  if (given !== elements) throw new RangeError(`IDX: ${given} bytes of elements, expected ${elements} for the shape ${shape.join(' × ')}`);
  return { shape, data: file.subarray(header) };
}
