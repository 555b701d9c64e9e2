import { MemoryError, type NeuriteError, UnsupportedError } from '../errors.js';

/** (module) */
const empty = /* @__PURE__ */ Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** (module (func (param v128))) */
const simdProbe = /* @__PURE__ */ Uint8Array.of(...empty, 1, 5, 1, 96, 1, 123, 0, 3, 2, 1, 0, 10, 4, 1, 2, 0, 11);

/** The bytes of a core's first memory. */
const FIRST_MEMORY = 2 ** 20;

/** Whether a host does that without throwing. */
function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/**
 * Why a host refused to make a core, found out by what else it refuses: engines use one class of error for a Content-Security-Policy, a missing
 * instruction and a damaged binary.
 *
 * @param damaged the error where the host is not to blame; none for the binary embedded here, which is whole
 */
export function refusal(cause: unknown, damaged?: (said: string) => NeuriteError): NeuriteError {
  if (typeof WebAssembly === 'undefined')
    return new UnsupportedError('NO_WEBASSEMBLY', 'this host has no WebAssembly; run it without --jitless, or in an engine that has it', { cause });
  if (!WebAssembly.validate(simdProbe))
    return new UnsupportedError('NO_SIMD', 'this host has no WebAssembly SIMD; it needs Node 20.19, Safari 16.4, or any later engine', { cause });
  const said = cause instanceof Error ? cause.message : String(cause);
  const mayCompile = works(() => new WebAssembly.Instance(new WebAssembly.Module(empty)));
  if (mayCompile && !works(() => new WebAssembly.Memory({ initial: FIRST_MEMORY >> 16 })))
    return new MemoryError("the core's memory", FIRST_MEMORY, FIRST_MEMORY);
  if (mayCompile && cause instanceof RangeError)
    return new UnsupportedError('WASM_ASYNC_ONLY', `this host compiles WebAssembly only asynchronously (${said}); await initialize() first`, {
      cause,
    });
  if (mayCompile && damaged) return damaged(said);
  return new UnsupportedError(
    'WASM_FORBIDDEN',
    `this host refuses to compile WebAssembly (${said}); a Content-Security-Policy needs script-src 'wasm-unsafe-eval', an edge host await initialize({ module }) with the module of neurite/core.wasm`,
    { cause },
  );
}
