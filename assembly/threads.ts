/** What the core exports besides where it runs in threads. */
export { roomSize as roomSizeInt8 } from './int8/linear';
export { pack as packInt8, packedSize as packedSizeInt8, repack as repackInt8, unpack as unpackInt8 } from './int8/pack';
export { lead, work } from './program';
export { breakUp, jobs, makeTeam } from './team';
