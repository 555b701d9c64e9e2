import { adam, CoreError, dense, meanSquaredError, type Network, sequential, sgd } from 'neurite';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { builds } from '../kernels/machine.js';
import { sweep } from '../sweep.js';
import { neighbours, unchanged, viewsOf } from './neighbours.js';

const make = (units = 50): Network => sequential(units, [dense(units)], { loss: meanSquaredError(), optimizer: adam(), build: 'simd' }) as Network;

/** Writes to a view element by element: to one that is detached, that does nothing. */
function write(view: Float32Array): void {
  for (let i = 0; i < view.length; i++) view[i] = 7;
}

/**
 * Whether the tests run on threads, whose memory is shared and detaches no view: what holds there in place of the tests that are left out is in
 * test/threads/views.slow.test.ts.
 */
const isShared = coreOf('simd').memory.buffer instanceof SharedArrayBuffer;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a view shows its own network, or nothing', () => {
  test('after dispose, whatever is made next', () => {
    const net = make();
    net.gradient(new Float32Array(50), new Float32Array(50));
    const views = viewsOf(net);
    const derived = [...views.map((view) => view.subarray(1)), ...views.map((view) => new Float32Array(view.buffer, view.byteOffset, view.length))];
    net.dispose();
    const others = neighbours(make, 20);
    for (const view of [...views, ...derived]) write(view);
    expect(unchanged(others)).toBe(true);
    for (const other of others) other.dispose();
  });

  test('after the workspace of a prediction has grown and moved', () => {
    const net = make();
    const { input, output } = net;
    net.predict(new Float32Array(50 * 256));
    const others = neighbours(make, 20);
    write(input);
    write(output);
    expect(unchanged(others)).toBe(true);
    for (const other of [net, ...others]) other.dispose();
  });

  test('after configure has given the gradients a new place', () => {
    const net = make();
    const { gradients } = net;
    net.configure({ optimizer: sgd({ momentum: 0.9 }) });
    const others = neighbours(make, 20);
    write(gradients);
    expect(unchanged(others)).toBe(true);
    for (const other of [net, ...others]) other.dispose();
  });

  test.skipIf(isShared)('however many are made, viewed and disposed of: what waits for its views is bounded', () => {
    const { memory } = coreOf('simd');
    const kept: Float32Array[] = [];
    const cycle = () => {
      const net = make(100);
      kept.push(net.parameters);
      net.dispose();
    };
    const bytes = memory.buffer.byteLength;
    // 200 MB in all, 32 MB in the fast tests.
    for (let i = 0; i < sweep(5000, 800); i++) cycle();
    expect(memory.buffer.byteLength - bytes).toBeLessThan(2 ** 24 + 2 ** 22);
    const others = neighbours(() => make(100), 20);
    for (const view of kept) write(view);
    expect(unchanged(others)).toBe(true);
    for (const other of others) other.dispose();
  });

  test.skipIf(isShared)('a view that shows nothing any more has the length 0', () => {
    const net = make();
    const view = net.parameters;
    net.dispose();
    // So much is given back that all views are detached.
    for (let i = 0; i < 10; i++) {
      const large = sequential(1000, [dense(1000)], { build: 'simd' });
      expect(large.parameters.length).toBe(1_001_000);
      large.dispose();
    }
    expect(view.length).toBe(0);
  });
});

describe('a result may be written to where the network reads or writes', () => {
  test.each([
    ['into the output, behind its first number', 1, (net: Network) => net.output.subarray(1, 4)],
    ['into the input, several pieces', 512, (net: Network) => net.input.subarray(0, 512 * 3)],
  ])('%s', (_, rows, place) => {
    const net = sequential(3, [dense(3)], { maxRows: 1024, build: 'simd' });
    const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(i));
    const expected = net.predict(x);
    expect(net.predict(x, place(net))).toEqual(expected);
    expect(net.predict(x, place(net))).toEqual(expected);
    net.dispose();
  });
});

describe.each(builds)('a core that traps, %s', (build) => {
  test('fails for all its networks with one typed error, and the next network gets a new one', () => {
    const nets = [0, 1].map((seed) => sequential(4, [dense(3)], { loss: meanSquaredError(), optimizer: adam(), seed, build }));
    const [broken, other] = nets as [Network, Network];
    const x = new Float32Array(4);
    const y = new Float32Array(3);
    broken.step(x, y);
    other.predict(x);
    const core = coreOf(build);
    // An opcode that there is not.
    const { run } = core.exports;
    core.exports = { ...core.exports, run: () => run(0, core.allocate(16, 'test'), 0xffff_fff0, 1) };
    expect(() => broken.step(x, y)).toThrow(CoreError);
    for (const net of [broken, other]) {
      for (const call of [() => net.predict(x), () => net.step(x, y), () => net.evaluate({ x, y }), () => net.reset(), () => net.freeze()])
        expect(call).toThrow(CoreError);
      net.dispose();
    }
    const next = sequential(4, [dense(3)], { loss: meanSquaredError(), optimizer: adam(), build });
    expect(coreOf(build)).not.toBe(core);
    expect(next.step(x, y)).toBe(0);
    next.dispose();
  });
});
