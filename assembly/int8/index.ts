/**
 * The exports of the int8 module: a binary of its own, in the memory of a core, so that no one else loads it. It has no data segment and no
 * static, which would lie where the core has its own.
 */
export { linear, roomSize } from './linear';
export { pack, packedSize, repack, unpack } from './pack';
