/**
 * The core from a file, and what is said where there is none: each test has a realm's first look at the package. Slow, for it needs the optimised
 * binaries, and loads the package anew each time.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
const simd = read('core.wasm');
const relaxed = read('core.relaxed.wasm');

/** The binary of another version: its mark says so. */
const other = simd.slice();
other.set(
  [...'00000000'].map((digit) => digit.charCodeAt(0)),
  other.length - 8,
);

/** Without its mark: a binary of somebody's. */
const unmarked = simd.subarray(0, simd.length - (2 + 8 + 'simd '.length + 8));

const { Module, Instance, Memory } = WebAssembly;

/** Makes `new WebAssembly.…(argument)` do that. */
function construct(name: 'Module' | 'Instance' | 'Memory', call: (given: never) => object): void {
  Object.assign(WebAssembly, { [name]: new Proxy(WebAssembly[name], { construct: (_, [given]) => call(given as never) }) });
}

const throwing = (error: Error) => (): never => {
  throw error;
};

let neurite: typeof import('neurite');
beforeEach(async () => {
  vi.resetModules();
  neurite = await import('neurite');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  Object.assign(WebAssembly, { Module, Instance, Memory });
});

/** Values that a network of four weights gives. */
function predict(): number[] {
  const { dense, sequential } = neurite;
  return Array.from(sequential(4, [dense(3, 'tanh')], { seed: 1, build: 'simd' }).predict(Float32Array.of(0.1, 0.2, 0.3, 0.4)));
}

/** What a call throws, as its class, code and message; it must be of this realm's NeuriteError. */
async function refusal(call: () => unknown): Promise<readonly [name: string, code: string, message: string]> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(neurite.NeuriteError);
    const { name, code, message } = error as InstanceType<typeof neurite.NeuriteError>;
    // One line, which says what to do.
    expect(message).not.toContain('\n');
    return [name, code, message];
  }
  return expect.fail('nothing was thrown');
}

/** A server with the files of a site: by path, what it says that they are, and their bytes. */
const FILES: Readonly<Record<string, readonly [type: string, bytes: Uint8Array]>> = {
  '/core.wasm': ['application/wasm', simd],
  '/core.relaxed.wasm': ['application/wasm', relaxed],
  '/unnamed': ['application/octet-stream', simd],
  '/text': ['text/plain', simd],
  '/cut.wasm': ['application/wasm', simd.subarray(0, 20_000)],
  '/cut': ['text/plain', simd.subarray(0, 20_000)],
  '/other.wasm': ['application/wasm', other],
  '/page.wasm': ['text/html', new TextEncoder().encode('<!doctype html><title>Not found</title>')],
  '/empty.wasm': ['application/wasm', new Uint8Array()],
};
let server: Server;
let site = '';
beforeAll(async () => {
  server = createServer(({ url = '' }, answer) => {
    const [type, bytes] = FILES[url] ?? [];
    if (!type) answer.writeHead(404, { 'content-type': 'application/wasm' }).end(simd);
    else answer.writeHead(200, { 'content-type': type }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  site = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

describe('a core comes from', () => {
  let expected: number[];
  beforeEach(async () => {
    const instantiate = vi.spyOn(WebAssembly, 'Module');
    expected = predict();
    expect(instantiate).toHaveBeenCalled();
    vi.restoreAllMocks();
    vi.resetModules();
    neurite = await import('neurite');
  });

  test.each<[string, () => Parameters<typeof neurite.initialize>[0]]>([
    ['what is embedded', () => undefined],
    ['a module', () => ({ module: new WebAssembly.Module(simd) })],
    ['a module of another realm', () => ({ module: runInNewContext('new WebAssembly.Module(bytes)', { bytes: simd }) })],
    ['bytes', () => ({ bytes: simd })],
    ['an ArrayBuffer', () => ({ bytes: simd.slice().buffer })],
    ['bytes of another realm', () => ({ bytes: runInNewContext('Uint8Array.from(bytes)', { bytes: simd }) })],
    ['bytes in shared memory', () => ({ bytes: new Uint8Array(new SharedArrayBuffer(simd.length)).fill(0).map((_, i) => simd[i] as number) })],
    ['an address', () => ({ url: `${site}/core.wasm` })],
    ['a URL', () => ({ url: new URL(`${site}/core.wasm`) })],
    ['a response', () => ({ response: fetch(`${site}/core.wasm`) })],
    ['an address of another type', () => ({ url: `${site}/unnamed` })],
    ['a response of the type text/plain', () => ({ response: fetch(`${site}/text`) })],
    ['a response of one’s own', () => ({ response: { ok: true, status: 200, arrayBuffer: async () => simd.slice().buffer } })],
  ])('%s, and no network compiles synchronously after it', async (_, source) => {
    await neurite.initialize(source());
    construct('Module', throwing(new RangeError('WebAssembly.Compile is disallowed on the main thread')));
    expect(predict()).toEqual(expected);
  });

  test('a file as it streams in, where its type is application/wasm', async () => {
    const streaming = vi.spyOn(WebAssembly, 'compileStreaming');
    const whole = vi.spyOn(WebAssembly, 'compile');
    await neurite.initialize({ url: `${site}/core.wasm` });
    expect(streaming).toHaveBeenCalledTimes(1);
    expect(whole).not.toHaveBeenCalled();
    expect(predict()).toEqual(expected);
  });

  test('both files: the relaxed one is what auto means then', async () => {
    await neurite.initialize({ bytes: simd });
    const { dense, sequential } = neurite;
    expect(sequential(1, [dense(1)]).build).toBe('simd');
    await neurite.initialize({ url: `${site}/core.relaxed.wasm` });
    expect(sequential(1, [dense(1)]).build).toBe('relaxed');
    // Again is harmless.
    await neurite.initialize({ bytes: relaxed });
    await neurite.initialize();
    expect(predict()).toEqual(expected);
  });
});

describe('a file is refused', () => {
  test.each<[string, () => unknown, code: string, RegExp]>([
    [
      'bytes that end early',
      () => ({ bytes: simd.subarray(0, 20_000) }),
      'WASM_DAMAGED',
      /^initialize: the file is damaged or cut short \(.+\); copy it again$/,
    ],
    ['bytes that end in their mark', () => ({ bytes: simd.subarray(0, simd.length - 3) }), 'WASM_DAMAGED', /cut short/],
    ['no bytes', () => ({ bytes: new Uint8Array() }), 'WASM_DAMAGED', /cut short/],
    ['a byte that changed', () => ({ bytes: simd.map((byte, i) => (i === 9 ? byte ^ 255 : byte)) }), 'WASM_DAMAGED', /damaged/],
    ['text', () => ({ bytes: new TextEncoder().encode('version https://git-lfs.github.com/spec/v1') }), 'WASM_DAMAGED', /damaged/],
    [
      'bytes of another version',
      () => ({ bytes: other }),
      'WASM_VERSION',
      /^initialize: the module is of another version of neurite \(00000000, expected [0-9a-f]{8}\); take core\.wasm from the package that this code is of$/,
    ],
    ['bytes of something else', () => ({ bytes: unmarked }), 'WASM_VERSION', /the module is not one of neurite; take core\.wasm/],
    ['a module of another version', () => ({ module: new WebAssembly.Module(other) }), 'WASM_VERSION', /00000000/],
    [
      'a module of something else',
      () => ({ module: new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) }),
      'WASM_VERSION',
      /not one of/,
    ],
    ['an address of another version', () => ({ url: `${site}/other.wasm` }), 'WASM_VERSION', /00000000/],
    [
      'an address with a part of it',
      () => ({ url: `${site}/cut.wasm` }),
      'WASM_DAMAGED',
      /^initialize: http.*\/cut\.wasm is damaged or cut short \(.+\); copy it again$/,
    ],
    ['an address with a part of another type', () => ({ url: `${site}/cut` }), 'WASM_DAMAGED', /cut short/],
    ['a response with a part of it', () => ({ response: fetch(`${site}/cut.wasm`) }), 'WASM_DAMAGED', /\/cut\.wasm is damaged/],
    [
      'an address with nothing',
      () => ({ url: `${site}/nowhere.wasm` }),
      'WASM_MISSING',
      /^initialize: http.*\/nowhere\.wasm cannot be had \(status 404\); serve dist\/core\.wasm of the package neurite there, or pass \{ bytes \}$/,
    ],
    [
      'a response with another status',
      () => ({ response: fetch(`${site}/nowhere.wasm`) }),
      'WASM_MISSING',
      /nowhere\.wasm cannot be had \(status 404\)/,
    ],
    [
      'an address with a page in its place',
      () => ({ url: `${site}/page.wasm` }),
      'WASM_MISSING',
      /page\.wasm cannot be had \(what came is text\/html, no WebAssembly\); serve/,
    ],
    ['an empty file', () => ({ url: `${site}/empty.wasm` }), 'WASM_MISSING', /what came is application\/wasm, no WebAssembly/],
    ['an address without a server', () => ({ url: 'http://localhost:1/core.wasm' }), 'WASM_MISSING', /cannot be had \(.+\); serve/],
    ['an address that is none', () => ({ url: 'core.wasm' }), 'WASM_MISSING', /core\.wasm cannot be had \(.+\); serve/],
    ['a fetch that failed', () => ({ response: fetch('http://localhost:1/core.wasm') }), 'WASM_MISSING', /the response cannot be had/],
    [
      'a response that breaks off',
      () => ({ response: { ok: true, status: 200, arrayBuffer: () => Promise.reject(new Error('network lost')) } }),
      'WASM_MISSING',
      /the response cannot be had \(network lost\)/,
    ],
  ])('%s', async (_, source, code, message) => {
    const [name, found, said] = await refusal(() => neurite.initialize(source() as never));
    expect([name, found]).toEqual(['FileError', code]);
    expect(said).toMatch(message);
    // What is embedded still works, and so does a sound file.
    await neurite.initialize({ bytes: simd });
    expect(predict()).toHaveLength(3);
  });

  test('a buffer that was transferred', async () => {
    const view = simd.slice();
    const { buffer } = view;
    structuredClone(buffer, { transfer: [buffer] });
    for (const bytes of [view, buffer]) {
      const [name, code, message] = await refusal(() => neurite.initialize({ bytes }));
      expect([name, code]).toEqual(['ValueError', 'DETACHED']);
      expect(message).toMatch(/^initialize: the buffer of the bytes is detached .*; pass a copy of them$/);
    }
    expect(await refusal(() => neurite.load(view))).toEqual([
      'ValueError',
      'DETACHED',
      expect.stringMatching(/^load: the buffer of the bytes is detached/),
    ]);
  });

  test('what was transferred while it is read', async () => {
    const bytes = simd.slice();
    const done = neurite.initialize({ bytes });
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await done;
    expect(predict()).toHaveLength(3);
  });

  test('a response whose body was read', async () => {
    const response = await fetch(`${site}/core.wasm`);
    await response.arrayBuffer();
    expect(await refusal(() => neurite.initialize({ response }))).toEqual([
      'ValueError',
      'VALUE',
      'initialize: the body of the response has been read; pass { bytes }, which were read from it',
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no source', {}, /source has none of them, expected one of module, bytes, url, response/],
    ['two sources', { bytes: simd, url: '/core.wasm' }, /source has bytes and url, expected one of/],
    ['an unknown one', { path: '/core.wasm' }, /no option "path"/],
    ['an address in its place', '/core.wasm', /source is "\/core\.wasm"/],
    ['null', null, /source is null/],
    ['an address as a module', { module: '/core.wasm' }, /module is "\/core\.wasm", expected a WebAssembly\.Module; pass \{ url \}/],
    ['an instance as a module', { module: {} }, /module is an object without fields, expected a WebAssembly\.Module$/],
    [
      'what calls itself a module',
      { module: { [Symbol.toStringTag]: 'WebAssembly.Module' } },
      /module calls itself a WebAssembly\.Module and is none, expected/,
    ],
    ['a number as an address', { url: 7 }, /url is 7, expected a text or a URL/],
    ['bytes as a response', { response: simd }, /response is .*, expected a Response, such as await fetch\(url\)/],
    ['a response as bytes', { bytes: new Response('x') }, /the bytes are .*; pass await response\.arrayBuffer\(\)/],
    ['a promise as bytes', { bytes: Promise.resolve(simd) }, /await it first/],
    ['a list as bytes', { bytes: [0, 97, 115, 109] }, /the bytes are an array of 4, expected a Uint8Array or an ArrayBuffer/],
  ])('%s', async (_, source, message) => {
    const [name, code, said] = await refusal(() => neurite.initialize(source as never));
    expect([name, code]).toEqual(['ValueError', 'VALUE']);
    expect(said).toMatch(message);
  });
});

describe('a host is refused, by its first network and by initialize', () => {
  /** Each says the same, whichever call meets it first. */
  async function both(
    code: string,
    message: RegExp,
    calls: readonly (() => unknown)[] = [predict, () => neurite.initialize(), () => neurite.initialize({ bytes: simd })],
  ) {
    for (const call of calls) {
      const [name, found, said] = await refusal(call);
      expect([name, found]).toEqual(['UnsupportedError', code]);
      expect(said).toMatch(message);
    }
  }

  test('without WebAssembly, as under --jitless', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    await both('NO_WEBASSEMBLY', /^this host has no WebAssembly; run it without --jitless, or in an engine that has it$/);
  });

  test('without SIMD', async () => {
    const error = new WebAssembly.CompileError('Wasm SIMD unsupported');
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    construct('Module', throwing(error));
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(error);
    await both('NO_SIMD', /^this host has no WebAssembly SIMD; it needs Node 20\.19, Safari 16\.4, or any later engine$/);
  });

  test.each([
    ['a policy, as Chromium and Firefox say it', 'Module', new WebAssembly.CompileError("Refused to compile because 'unsafe-eval' is not allowed")],
    ['an embedder, as workerd says it', 'Module', new WebAssembly.CompileError('Wasm code generation disallowed by embedder')],
    ['a policy that speaks at the instance, as WebKit says it', 'Instance', new EvalError('Refused to create a WebAssembly object')],
  ] as const)('by %s', async (_, where, error) => {
    construct(where, throwing(error));
    if (where === 'Module') vi.spyOn(WebAssembly, 'compile').mockRejectedValue(error);
    else vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(error);
    await both(
      'WASM_FORBIDDEN',
      /^this host refuses to compile WebAssembly \(.+\); a Content-Security-Policy needs script-src 'wasm-unsafe-eval', an edge host await initialize\(\{ module \}\) with the module of neurite\/core\.wasm$/,
    );
  });

  test('an embedder that forbids compiling takes a module', async () => {
    const module = new WebAssembly.Module(simd);
    const error = new WebAssembly.CompileError('Wasm code generation disallowed by embedder');
    construct('Module', throwing(error));
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(error);
    vi.spyOn(WebAssembly, 'compileStreaming').mockRejectedValue(error);
    await both('WASM_FORBIDDEN', /refuses to compile/, [() => neurite.initialize({ url: `${site}/core.wasm` })]);
    await neurite.initialize({ module });
    expect(predict()).toHaveLength(3);
  });

  test('one that compiles only asynchronously, as Chromium before 115 in a page, until it is awaited', async () => {
    const most = 4096;
    construct('Module', (bytes: Uint8Array) => {
      if (bytes.byteLength > most)
        throw new RangeError('WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB');
      return new Module(bytes as Uint8Array<ArrayBuffer>);
    });
    const large = new WeakSet<object>();
    const { compile } = WebAssembly;
    vi.spyOn(WebAssembly, 'compile').mockImplementation(async (bytes) => {
      const module = await compile(bytes);
      large.add(module);
      return module;
    });
    construct('Instance', (module: WebAssembly.Module) => {
      if (large.has(module)) throw new RangeError('WebAssembly.Instance is disallowed on the main thread, if the buffer size is larger than 4KB');
      return new Instance(module);
    });
    await both('WASM_ASYNC_ONLY', /^this host compiles WebAssembly only asynchronously \(.+\); await initialize\(\) first$/, [predict]);
    await neurite.initialize();
    expect(predict()).toHaveLength(3);
  });

  test('without relaxed SIMD: the relaxed file, which names the other', async () => {
    vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => (bytes as Uint8Array).length < 30);
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError('invalid numeric opcode'));
    await both('NO_RELAXED_SIMD', /^initialize: this engine has no relaxed SIMD; take neurite\/core\.wasm$/, [
      () => neurite.initialize({ bytes: relaxed }),
    ]);
  });

  test('without fetch: an address', async () => {
    vi.stubGlobal('fetch', undefined);
    await both('NO_FETCH', /^initialize: this host has no fetch; pass \{ bytes \} or \{ module \}$/, [
      () => neurite.initialize({ url: '/core.wasm' }),
    ]);
  });

  test('without memory for the core', async () => {
    const error = new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
    construct('Memory', throwing(error));
    construct('Instance', (module: WebAssembly.Module) => {
      if (WebAssembly.Module.exports(module).length > 0) throw error;
      return new Instance(module);
    });
    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(error);
    for (const call of [predict, () => neurite.initialize()])
      expect(await refusal(call)).toEqual(['MemoryError', 'MEMORY', expect.stringMatching(/cannot allocate 1,048,576 bytes for the core's memory/)]);
  });
});
