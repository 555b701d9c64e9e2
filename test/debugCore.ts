/** The debug build: guards stand behind its blocks, and kernels assert what they demand of their operands. */
import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';
import { type Build, Core } from '../src/core/core.js';

/** A core of the debug build that stands in for `build`, or of that of populations. An assertion that fails is a trap, whose message the loader reads: what, file, line. */
export function debugCore(build: Build, file: 'core' | 'population' = 'core'): Core {
  const { instance, exports } = instantiateSync(readFileSync(`build/${file}.debug.wasm`), {
    env: {
      abort(message: number, file: number, line: number, column: number): never {
        const { __getString: text } = exports;
        throw new WebAssembly.RuntimeError(`${text(message)} at ${text(file)}:${line}:${column}`);
      },
    },
  });
  return new Core(instance, build);
}
