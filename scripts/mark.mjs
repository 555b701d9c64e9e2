/**
 * Writes into each built binary what it is, as a custom section `neurite`: its build, and the version that the two of them have in common. `initialize`
 * reads it in files that it is handed.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const BUILDS = { simd: 'core.wasm', relaxed: 'core.relaxed.wasm' };
const file = (build) => new URL(`../build/${BUILDS[build]}`, import.meta.url);

/** Marks the two binaries as they come from the compiler. @returns their version: the beginning of a hash of both */
export function mark() {
  const binaries = Object.keys(BUILDS).map((build) => [build, readFileSync(file(build))]);
  const hash = createHash('sha256');
  for (const [, bytes] of binaries) hash.update(bytes);
  const version = hash.digest('hex').slice(0, 8);
  for (const [build, bytes] of binaries) writeFileSync(file(build), Buffer.concat([bytes, section('neurite', `${build} ${version}`)]));
  return version;
}

/** A custom section. Its sizes are below 128, which are a byte each. */
function section(name, content) {
  return Buffer.from([0, 1 + name.length + content.length, name.length, ...Buffer.from(name + content)]);
}
