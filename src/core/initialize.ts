import { bytesOf } from '../arguments/bytes.js';
import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { FileError, UnsupportedError, ValueError } from '../errors.js';
import { version } from './binaries.generated.js';
import { type Build, binary, Core, givenBuilds, givenModule, hasCore, supportsRelaxed, useCore, useModule } from './core.js';
import { refusal } from './refusal.js';

/** What is read of a `Response`, which not all hosts have a type for. */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Where the core's binary comes from: one of `neurite/core.wasm` and `neurite/core.relaxed.wasm`, in one of these forms. */
export type CoreSource =
  /** A `WebAssembly.Module`, as hosts give that import `.wasm` files statically. */
  | { readonly module: object }
  /** The bytes of the file. */
  | { readonly bytes: Uint8Array | ArrayBuffer }
  /** Where the file is. It is fetched, and compiled as it arrives where its type is `application/wasm`. */
  | { readonly url: string | { readonly href: string } }
  /** What `fetch` gave for the file, or its promise. */
  | { readonly response: ResponseLike | PromiseLike<ResponseLike> };

const FORMS = ['module', 'bytes', 'url', 'response'] as const;

/** As a field of an object, one read; whatever it is. */
type Given = Partial<Record<(typeof FORMS)[number], unknown>>;

/**
 * Makes the core ready asynchronously, so that networks can be made at once afterwards. Only three kinds of hosts need it: those that compile
 * WebAssembly only asynchronously (Chromium before 115 in a page), those that forbid compiling and import `.wasm` files statically (edge hosts that have
 * no condition of their own in this package), and those that shall fetch the binary. Everywhere else the first network makes the core.
 *
 * Without a source it compiles what is embedded here, both builds where the engine knows relaxed SIMD. With one, `build: 'auto'` means from then on a
 * build that was handed over; which one a file is stands in the file. Calling it again is harmless: a core that is there stays.
 *
 * ```js
 * import module from 'neurite/core.wasm'; // where the host makes it a WebAssembly.Module
 * await initialize({ module });
 * ```
 *
 * @throws UnsupportedError with the code `NO_WEBASSEMBLY`, `NO_SIMD`, `NO_RELAXED_SIMD`, `NO_FETCH` or `WASM_FORBIDDEN`, for what the host lacks;
 *   FileError with the code `WASM_MISSING`, `WASM_DAMAGED` or `WASM_VERSION`, for a file that is not there, not whole, or of another version of
 *   neurite; ValueError for what is no source, with the code `DETACHED` for bytes that were transferred; MemoryError where the host has no memory
 */
export async function initialize(source?: CoreSource): Promise<void> {
  if (source === undefined) {
    const given = givenBuilds();
    const builds: readonly Build[] = given.length > 0 ? given : supportsRelaxed() ? ['simd', 'relaxed'] : ['simd'];
    await Promise.all(builds.map(async (build) => use(build, givenModule(build) ?? (await compile(binary(build))))));
    return;
  }
  const given = checkOptions<Given>('initialize', source, FORMS, {}, 'source');
  const [form, second] = FORMS.filter((name) => given[name] !== undefined);
  if (!form || second)
    throw new ValueError(`initialize: source has ${form ? `${form} and ${second}` : 'none of them'}, expected one of ${FORMS.join(', ')}`);
  const module = await READ[form](given[form]);
  await use(buildOf(module), module);
}

/** How each form becomes a WebAssembly.Module. */
const READ: Readonly<Record<(typeof FORMS)[number], (value: unknown) => object | Promise<object>>> = {
  module(value) {
    // By its tag: a module of another realm is none of this realm's class.
    if (Object.prototype.toString.call(value) === '[object WebAssembly.Module]') return value as object;
    const remedy = typeof value === 'string' ? '; pass { url }' : '';
    throw new ValueError(`initialize: module is ${describe(value)}, expected a WebAssembly.Module${remedy}`);
  },
  // A copy, for the caller's memory may be shared, which no engine compiles from.
  bytes: (value) => compile(Uint8Array.from(bytesOf('initialize', value as Uint8Array)), 'the file'),
  async url(value) {
    const url = typeof value === 'string' ? value : fieldOf(value, 'href');
    if (typeof url !== 'string') throw new ValueError(`initialize: url is ${describe(value)}, expected a text or a URL`);
    return compileResponse(await responseOf(url), url);
  },
  async response(value) {
    let response: ResponseLike;
    try {
      response = (await value) as ResponseLike;
    } catch (cause) {
      throw missing('the response', fieldOf(cause, 'message'), cause);
    }
    if (typeof fieldOf(response, 'arrayBuffer') !== 'function')
      throw new ValueError(`initialize: response is ${describe(response)}, expected a Response, such as await fetch(url)`);
    if (fieldOf(response, 'bodyUsed'))
      throw new ValueError('initialize: the body of the response has been read; pass { bytes }, which were read from it');
    return compileResponse(response, String(fieldOf(response, 'url') || 'the response'));
  },
};

async function responseOf(url: string): Promise<ResponseLike> {
  if (typeof fetch !== 'function') throw new UnsupportedError('NO_FETCH', 'initialize: this host has no fetch; pass { bytes } or { module }');
  try {
    return await fetch(url);
  } catch (cause) {
    throw missing(url, fieldOf(cause, 'message'), cause);
  }
}

function missing(file: string, why: unknown, cause?: unknown): FileError {
  return new FileError(
    `initialize: ${file} cannot be had (${why}); serve dist/core.wasm of the package neurite there, or pass { bytes }`,
    'WASM_MISSING',
    { cause },
  );
}

async function compileResponse(response: ResponseLike, file: string): Promise<object> {
  if (!response.ok) throw missing(file, `status ${response.status}`);
  try {
    return await WebAssembly.compileStreaming((response as Response).clone());
  } catch {
    // The server says another type than application/wasm, the host has no streaming, or the file is damaged: its bytes tell.
  }
  let bytes: ArrayBuffer;
  try {
    bytes = await response.arrayBuffer();
  } catch (cause) {
    throw missing(file, fieldOf(cause, 'message'), cause);
  }
  // Servers answer with a page where a file is not there.
  if (!isBinary(bytes)) throw missing(file, `what came is ${typeOf(response) || `${bytes.byteLength} bytes`}, no WebAssembly`);
  return compile(new Uint8Array(bytes), file);
}

/** Whether bytes begin as every WebAssembly binary does. */
function isBinary(bytes: ArrayBuffer): boolean {
  return String.fromCharCode(...new Uint8Array(bytes.slice(0, 4))) === '\0asm';
}

/** What a server says that a response is. */
function typeOf(response: ResponseLike): string {
  try {
    return (response as Response).headers.get('content-type') ?? '';
  } catch {
    return '';
  }
}

/** @param file what the bytes are of, in words; without it, of what is embedded here */
async function compile(bytes: Uint8Array, file?: string): Promise<object> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    // Its mark is the last that a file has.
    if (typeof WebAssembly !== 'undefined' && !supportsRelaxed() && String.fromCharCode(...bytes.subarray(-16)).startsWith('relaxed '))
      throw new UnsupportedError('NO_RELAXED_SIMD', 'initialize: this engine has no relaxed SIMD; take neurite/core.wasm', { cause });
    throw refusal(cause, file === undefined ? undefined : (said) => damaged(file, said, cause));
  }
}

function damaged(file: string, said: string, cause: unknown): FileError {
  return new FileError(`initialize: ${file} is damaged or cut short (${said}); copy it again`, 'WASM_DAMAGED', { cause });
}

/** The build of a module. @throws FileError for one of another version */
function buildOf(module: object): Build {
  let section: ArrayBuffer | undefined;
  try {
    [section] = WebAssembly.Module.customSections(module as WebAssembly.Module, 'neurite');
  } catch {
    throw new ValueError('initialize: module calls itself a WebAssembly.Module and is none, expected what WebAssembly.compile() gives');
  }
  const [build, of] = section ? String.fromCharCode(...new Uint8Array(section)).split(' ') : [];
  if (of === version) return build as Build;
  throw new FileError(
    `initialize: the module is ${section ? `of another version of neurite (${of}, expected ${version})` : 'not one of neurite'}; take core.wasm from the package that this code is of`,
    'WASM_VERSION',
  );
}

/** Makes a module the one of its build, with a core of it. */
async function use(build: Build, module: object): Promise<void> {
  try {
    // Asynchronously: what a host refuses to compile synchronously it refuses to instantiate so too.
    const instance = await WebAssembly.instantiate(module as WebAssembly.Module);
    useModule(build, module);
    if (!hasCore(build)) useCore(new Core(instance, build));
  } catch (cause) {
    throw refusal(cause, (said) => damaged('the module', said, cause));
  }
}
