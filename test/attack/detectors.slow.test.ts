/** Whether the attack notices what it looks for: each defect is made on purpose here. */

import { spawnSync } from 'node:child_process';
import { MemoryError, Network } from 'neurite';
import { afterEach, expect, test, vi } from 'vitest';
import { Core, coreOf, useCore } from '../../src/core/core.js';
import { CoreError } from '../../src/errors.js';
import { attackLimits } from './limits.js';
import { attackRefusals, attackViews, flat } from './memory.js';
import { attackReentrancy } from './reentrancy.js';
import { attackValues } from './values.js';
import { CORE, Neighbours, OURS, type Report, report, small, threw, useDebugCore } from './victims.js';

const kinds = ({ findings }: Report) => [...findings.keys()];
const original = coreOf(CORE);

afterEach(() => {
  vi.restoreAllMocks();
  useCore(original);
});

/** Replaces a method by one that does something besides, before or instead. */
function replace<Name extends 'logits' | 'evaluate' | 'predict'>(name: Name, by: (net: Network, call: () => unknown) => unknown): void {
  const method = Network.prototype[name] as (...values: unknown[]) => unknown;
  vi.spyOn(Network.prototype, name as 'logits').mockImplementation(function (this: Network, ...values: unknown[]) {
    return by(this, () => method.apply(this, values));
  } as never);
}

test('NEIGHBOUR: a parameter, a gradient or the state of another network changes', () => {
  const neighbours = new Neighbours();
  expect(neighbours.changed()).toBeUndefined();
  for (const write of [
    (net: Network) => {
      (net.parameters as Float32Array)[0] = 5;
    },
    (net: Network) => {
      (net.gradients as Float32Array)[0] = 5;
    },
    (net: Network) => net.step([1], [1, 0] as never),
  ]) {
    write(neighbours.nets[5] as Network);
    expect(neighbours.changed()).toMatch(/^NEIGHBOUR: 1 of 20/);
    expect(neighbours.changed()).toBeUndefined();
  }
  neighbours.herds[2]?.mutate({ nets: 1 });
  expect(neighbours.changed()).toBe('POPULATION: 1 of 4 other populations changed');
  expect(neighbours.changed()).toBeUndefined();
  neighbours.predictors[1]?.update(new Float32Array(86).fill(0.5));
  expect(neighbours.changed()).toBe('INT8: other predictors of eight bits give other results');
  neighbours.dispose();
});

test('NEIGHBOUR: the attack itself reports a call that writes into other networks', async () => {
  const others = new Set<Network>();
  replace('predict', (net, call) => {
    others.add(net);
    return call();
  });
  replace('logits', (_, call) => {
    for (const net of others) if (net.inFeatures === 1 && net.outFeatures === 2) (net.parameters as Float32Array)[0] = Math.random();
    return call();
  });
  expect(kinds(await attackValues(1, 1000)).join()).toContain('NEIGHBOUR');
});

test('CORE: a fresh network learns other bits, or none', () => {
  const core = useDebugCore() && coreOf(CORE);
  const neighbours = new Neighbours();
  const { exports } = core;
  core.exports = { ...exports, uniform: (y, n, seed, stream, low, high) => exports.uniform(y, n, seed + 1, stream, low, high) };
  expect(neighbours.changed()).toMatch(/^CORE: a fresh network learns other bits/);
  core.fail(new WebAssembly.RuntimeError('made on purpose'));
  expect(neighbours.changed()).toMatch(/^CORE: no longer works/);
});

test('a trap is a finding, though its error is a typed one', () => {
  const out = report('trap');
  threw(out, new CoreError(new Error('unreachable')), 'step', 'step()');
  threw(out, new MemoryError('a block', 1, 0), 'step', 'step()');
  threw(out, OURS, 'step', 'step()');
  expect(kinds(out)).toEqual([expect.stringMatching(/^RAW step: CoreError/)]);
  useDebugCore();
  expect(() => coreOf(CORE).free(64)).toThrow(CoreError);
});

test('CHANGED: a call that throws changes a parameter', async () => {
  replace('logits', (net) => {
    (net.parameters as Float32Array)[0] = Math.random();
    throw OURS;
  });
  expect(kinds(await attackValues(1, 1000)).join()).toContain('CHANGED by a call that threw: .logits');
});

test('CHANGED: evaluate changes its own network', async () => {
  replace('evaluate', (net, call) => {
    const result = call();
    (net.parameters as Float32Array)[0] = Math.random();
    return result;
  });
  expect(kinds(await attackLimits()).join()).toContain('CHANGED: 31 inputs');
});

test('RAW: an error that is none of ours', async () => {
  replace('logits', () => (undefined as unknown as Network).logits([1]));
  expect(kinds(await attackValues(1, 1000)).join()).toContain('RAW .logits: TypeError: Cannot read properties of undefined');
});

test('RESULT: a callback that changes what comes out', async () => {
  replace('predict', (net, call) => {
    const result = call();
    if (net.inFeatures === 3) (net.parameters as Float32Array)[0] = 5;
    return result;
  });
  expect(kinds(await attackReentrancy()).join()).toContain('RESULT: predict in');
});

test('DAMAGED: a write past the end of a block, on the core with guards', async () => {
  useDebugCore();
  const core = coreOf(CORE);
  const neighbours = new Neighbours();
  expect(neighbours.changed()).toBeUndefined();
  const at = core.allocate(16, 'a block');
  const was = core.u8[at + 16] as number;
  core.u8[at + 16] = was ^ 1;
  expect(neighbours.changed()).toBe(`DAMAGED: somebody wrote past the end of the block at ${at}`);
  core.u8[at + 16] = was;
  expect(neighbours.changed()).toBeUndefined();

  replace('predict', (net, call) => {
    const { buffer, byteOffset, length } = net.parameters as Float32Array;
    new Float32Array(buffer as ArrayBuffer, byteOffset, length + 1)[length] = 5;
    return call();
  });
  for (const attack of [attackLimits, attackReentrancy]) {
    useDebugCore();
    expect(kinds(await attack()).join(), attack.name).toContain('DAMAGED');
  }
});

test('LEAK: objects and blocks that stay', async () => {
  const out = report('leaks');
  const kept: unknown[] = [];
  await flat(out, 'objects', 10_000, (n) => {
    // Larger than what the tests before may still give back meanwhile.
    for (let i = 0; i < n; i++) kept.push(new Array(64).fill(i));
  });
  expect(kinds(out)).toEqual(['LEAK on the heap: objects']);
  // A core of its own, whose memory has no room left over.
  useDebugCore();
  await flat(out, 'blocks', 5000, (n) => {
    for (let i = 0; i < n; i++) coreOf(CORE).allocate(1000, 'a block');
  });
  expect(kinds(out).slice(1)).toEqual(['LEAK of blocks: blocks', 'LEAK of linear memory: blocks']);
  const clean = report('nothing');
  await flat(clean, 'nothing', 10_000, () => small().dispose());
  expect(kinds(clean)).toEqual([]);
});

test('LEAK and CHANGED: what a refused allocation loses and changes', async () => {
  replace('predict', (net, call) => {
    if (net.inFeatures === 3) coreOf(CORE).allocate(16, 'a block that is lost');
    (net.parameters as Float32Array)[0] = Math.random();
    return call();
  });
  const out = report('refusals');
  await attackRefusals(out);
  expect(kinds(out)).toEqual(expect.arrayContaining(['LEAK of blocks: predict', 'CHANGED: predict']));
});

test('NEIGHBOUR: a kept view shows memory that another got', async () => {
  vi.spyOn(Core.prototype, 'retire').mockImplementation(function (this: Core, address) {
    this.free(address);
  });
  const out = report('views');
  await attackViews(out, 20, 0);
  // The heirs changed, or what the allocator keeps between them.
  expect(kinds(out).join()).toMatch(/(NEIGHBOUR:|RAW) a view written after dispose/);
});

test.each([
  ['hang', /HANG/],
  ['exit', /EXIT 3/],
])('the runner reports a part that does nothing but %s', (part, said) => {
  const { status, stdout } = spawnSync(process.execPath, ['test/attack/run.mjs', '--part', `${part},nothing`, '--silence', '3000'], {
    encoding: 'utf8',
  });
  expect(stdout).toMatch(said);
  expect(stdout).toContain('nothing: 0 calls; ; 0 findings');
  expect(status).toBe(1);
});
