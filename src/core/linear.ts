/** The buffers of linear memory that are in use. */
const buffers = new WeakSet<ArrayBufferLike>();

/** Records the buffer of a core's memory. Growth replaces it. */
export function addLinear(buffer: ArrayBufferLike): void {
  buffers.add(buffer);
}

/** Whether a buffer is a core's memory: a view into it may be detached by any allocation. */
export function isLinear(buffer: ArrayBufferLike): boolean {
  return buffers.has(buffer);
}
