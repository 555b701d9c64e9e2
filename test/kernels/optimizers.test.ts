import { afterAll, describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import * as oracle from '../oracle/optimizers.js';
import { bits, builds, Machine, words64 } from './machine.js';
import { bitsOf, close, EPSILON, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const counts = Array.from({ length: 67 }, (_, i) => i + 1);
const smallestNormal = 2 ** -126;
const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const defaults: oracle.AdamOptions = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0 };

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  /** Parameters and Adam's state in the machine, stepped by it. */
  class Adam {
    readonly w: number;
    readonly m: number;
    readonly v: number;
    readonly dw: number;
    readonly powers: number;
    readonly n: number;

    constructor(
      w: ArrayLike<number>,
      readonly options: oracle.AdamOptions,
      shift = 0,
    ) {
      machine.clear();
      this.n = w.length;
      this.w = machine.tensor(w, shift);
      this.m = machine.tensor(new Float32Array(this.n), shift);
      this.v = machine.tensor(new Float32Array(this.n), shift);
      this.dw = machine.tensor(new Float32Array(this.n), shift);
      this.powers = machine.tensor(4);
      machine.core.f64.set([1, 1], machine.address(this.powers) >> 3);
    }

    step(gradient: ArrayLike<number>, steps = 1): this {
      machine.core.f32.set(gradient, machine.address(this.dw) >> 2);
      const { learningRate, beta1, beta2, epsilon, decay } = this.options;
      machine.learningRate = learningRate;
      const constants = [beta1, beta2, epsilon, decay, 1].flatMap(words64);
      for (let i = 0; i < steps; i++) machine.run([Opcode.Adam, this.w, this.dw, this.m, this.v, this.powers, this.n, ...constants, 0]);
      return this;
    }

    read(ref: number): Float32Array {
      return machine.read(ref, this.n);
    }
  }

  test('SGD is w − η·g', () => {
    const learningRate = 0.1;
    for (const n of [...counts, 1000]) {
      const w = filled(n, numbers(n));
      const g = filled(n, numbers(n + 100));
      machine.clear();
      machine.learningRate = learningRate;
      const ref = machine.tensor(w, n % 4);
      machine.run([Opcode.Sgd, ref, machine.tensor(g, (n >> 2) % 4), n, ...words64(1)]);
      const expected = Float64Array.from(w);
      oracle.sgd(expected, g, learningRate);
      machine.read(ref, n).forEach((actual, i) => {
        const bound = (Math.abs(expected[i] as number) + 2 * learningRate * Math.abs(g[i] as number)) * EPSILON;
        expect(close(actual, expected[i] as number, bound)).toBe(true);
      });
    }
  });

  test('what a step does to an element depends on no other, nor on where it stands', () => {
    const w = filled(23, numbers(3));
    const g = filled(23, numbers(4));
    const all = new Adam(w, defaults).step(g, 3);
    const expected = bitsOf(all.read(all.w));
    for (let i = 0; i < 23; i++) {
      const one = new Adam([w[i] as number], defaults).step([g[i] as number], 3);
      expect(bitsOf(one.read(one.w))).toEqual([expected[i]]);
    }
  });

  describe.each([false, true])('momentum, nesterov %s', (nesterov) => {
    const mu = Math.fround(0.9);
    const learningRate = 0.05;

    function run(w: ArrayLike<number>, g: ArrayLike<number>, v: ArrayLike<number>, steps: number, shift = 0) {
      machine.clear();
      machine.learningRate = learningRate;
      const n = w.length;
      const refs = [machine.tensor(w, shift), machine.tensor(g, shift), machine.tensor(v, shift)] as const;
      for (let i = 0; i < steps; i++) machine.run([Opcode.Momentum, ...refs, n, bits(mu), nesterov ? 1 : 0, ...words64(1)]);
      return { w: machine.read(refs[0], n), v: machine.read(refs[2], n) };
    }

    test('agrees with the oracle over 20 steps', () => {
      for (const n of counts) {
        const w = filled(n, numbers(n));
        const g = filled(n, numbers(n + 100));
        const v = filled(n, numbers(n + 200));
        const actual = run(w, g, v, 20, n % 4);
        const expectedW = Float64Array.from(w);
        const expectedV = Float64Array.from(v);
        for (let i = 0; i < 20; i++) oracle.momentum(expectedW, g, expectedV, learningRate, mu, nesterov);
        for (let i = 0; i < n; i++) {
          // |v| stays below |v₀| + |g| / (1 − μ); two roundings of it a step, as much again in what moves w, and w's own.
          const largest = Math.abs(v[i] as number) + 10 * Math.abs(g[i] as number);
          const path = Math.abs(w[i] as number) + 20 * learningRate * largest;
          expect(close(actual.v[i], expectedV[i] as number, 20 * largest * EPSILON)).toBe(true);
          expect(close(actual.w[i], expectedW[i] as number, 20 * (path + 22 * learningRate * largest) * EPSILON)).toBe(true);
        }
      }
    });

    test('a velocity that only decays ends at 0; NaN and infinities go through', () => {
      const start = [1, -1, smallestNormal, -smallestNormal / 2, 1e-45];
      expect(run([1, 1, 1, 1, 1], [0, 0, 0, 0, 0], start, 1000).v).toEqual(new Float32Array(5));
      for (const value of special) {
        const { w, v } = run([1, 1, 1, 1, 1], [0, value, 0, 0, value], [0, 0, 0, 0, 0], 1);
        expect([...v]).toEqual([0, value, 0, 0, value]);
        expect([...w]).toEqual([1, -value, 1, 1, -value]);
      }
    });
  });

  describe('Adam', () => {
    const variants: [string, Partial<oracle.AdamOptions>][] = [
      ['defaults', {}],
      ['decoupled decay', { decay: 0.01 }],
      ['other constants', { learningRate: 0.02, beta1: 0.5, beta2: 0.99, epsilon: 1e-4, decay: 0.1 }],
      ['no averages', { beta1: 0, beta2: 0 }],
    ];
    const steps = 30;
    test.each(variants)('agrees with the oracle over 30 steps: %s', (_, some) => {
      const options = { ...defaults, ...some };
      for (const n of counts) {
        const w = filled(n, numbers(n));
        const core = new Adam(w, options, n % 4);
        const expectedW = Float64Array.from(w);
        const m = new Float64Array(n);
        const v = new Float64Array(n);
        for (let t = 1; t <= steps; t++) {
          // of one sign, so that neither average cancels
          const g = filled(n, numbers(n * 100 + t, 0.5, 1));
          core.step(g);
          oracle.adam(expectedW, g, m, v, t, options);
        }
        // An average takes four roundings a step (difference, rate, product, sum), which decay with it: at most 4 / (1 − β) of them
        // are felt, and no more than 4·t. A step of w is at most about η, and has the roundings of √ (halved), +, ÷, ·, two constants.
        const felt = (beta: number) => 4 * Math.min(steps, 1 / (1 - beta)) + 1;
        const [firsts, seconds, weights] = [core.read(core.m), core.read(core.v), core.read(core.w)];
        for (let i = 0; i < n; i++) {
          expect(close(firsts[i], m[i] as number, felt(options.beta1) * (m[i] as number) * EPSILON)).toBe(true);
          expect(close(seconds[i], v[i] as number, (felt(options.beta2) + 1) * (v[i] as number) * EPSILON)).toBe(true);
          const stepError = felt(options.beta1) + felt(options.beta2) / 2 + 8;
          const moved = 2 * options.learningRate;
          const decayed = 3 * options.learningRate * options.decay;
          const bound = steps * (1.1 + 2 + decayed + moved * stepError) * EPSILON;
          expect(close(weights[i], expectedW[i] as number, bound)).toBe(true);
        }
      }
    });

    test('a constant gradient moves by the learning rate, also after 20,000 steps', () => {
      // m̂ = g and v̂ = g² whatever t is, if the averages and their corrections belong together.
      const core = new Adam([0, 0, 0, 0, 0], defaults);
      const g = [1, 1, -0.25, 1e3, 1e-3];
      const total = 20_000;
      core.step(g, total);
      const before = core.read(core.w);
      core.step(g);
      // |w| reaches 20, where half an ulp is a thousandth of a step.
      core.read(core.w).forEach((w, i) => {
        expect(Math.abs(w + Math.sign(g[i] as number) * (total + 1) * 1e-3)).toBeLessThan(2e-3 * 20);
        expect(Math.abs(Math.abs(w - (before[i] as number)) / 1e-3 - 1)).toBeLessThan(2e-3);
      });
      const m = core.read(core.m);
      const v = core.read(core.v);
      g.forEach((value, i) => {
        expect(close(m[i], value, Math.abs(value) * 10 * 4 * EPSILON)).toBe(true);
        // Rounding stops the approach where a step is less than half an ulp: (1 − β₂)·|g² − v| ≤ ε·v.
        expect(close(v[i], value * value, value * value * (1000 * 2 * EPSILON + Math.exp(-total / 1000)))).toBe(true);
      });
    });

    test('the powers of β are the f64 products', () => {
      const core = new Adam([1], defaults).step([1], 100);
      let [power1, power2] = [1, 1];
      for (let i = 0; i < 100; i++) {
        power1 *= 0.9;
        power2 *= 0.999;
      }
      const at = machine.address(core.powers) >> 3;
      expect([...machine.core.f64.slice(at, at + 2)]).toEqual([power1, power2]);
    });

    test('moments that only decay end at 0', () => {
      const core = new Adam([1, 1, 1, 1, 1], { ...defaults, beta2: 0.9 }).step([1, -1, 1e-10, 1e-18, -1e-30], 3);
      core.step([0, 0, 0, 0, 0], 2000);
      expect(bitsOf(core.read(core.m)).map((word) => word & 0x7fffffff)).toEqual([0, 0, 0, 0, 0]);
      expect(core.read(core.v)).toEqual(new Float32Array(5));
    });

    test('a gradient below 2⁻⁵⁸ is taken as zero where epsilon is at least 2⁻⁴⁰', () => {
      const limit = 2 ** -58;
      const gradient = [limit * (1 - EPSILON), -limit / 2, 1e-40, limit, -limit];
      const core = new Adam([1, 1, 1, 1, 1], { ...defaults, epsilon: 2 ** -40 }).step(gradient, 10);
      expect([...core.read(core.m)].map(Math.abs).map((m) => m > 0)).toEqual([false, false, false, true, true]);
    });

    test('below that epsilon the smallest gradients take their step, and one of 0 takes none', () => {
      for (const epsilon of [2 ** -41, 1e-20, 1e-30, 1e-38]) {
        const gradient = [1e-18, -1e-18, 1e-15, 0, -3e-17];
        const core = new Adam([1, 1, 1, 1, 1], { ...defaults, epsilon }).step(gradient, 1);
        gradient.forEach((g, i) => {
          const w = 1 - (defaults.learningRate * g) / (Math.abs(g) + epsilon || 1);
          // v is a denormal, whose last place is 2⁻¹⁴⁹: a relative error of 1e-6 of the step.
          expect(close(core.read(core.w)[i], w, 20 * EPSILON + 1e-6 * defaults.learningRate), `gradient ${g}, epsilon ${epsilon}`).toBe(true);
        });
      }
    });

    test('the mean of squares overflows no earlier than it must, and then its parameter stays', () => {
      const core = new Adam([1, 1, 1, 1, 1], defaults);
      for (let step = 0; step < 3; step++) {
        core.step([2e20, -2e20, 1e22, 1, -1e37]);
        core.read(core.w).forEach((w, i) => {
          expect(Number.isFinite(w)).toBe(true);
          const moved = i === 2 || i === 4 ? 0 : defaults.learningRate * (step + 1);
          expect(close(Math.abs(w - 1), moved, 30 * EPSILON * (step + 1)), `parameter ${i} after step ${step + 1}: ${w}`).toBe(true);
        });
      }
    });

    test('no moment is ever denormal', () => {
      const core = new Adam([1, 1, 1, 1, 1], defaults).step([1e-18, 1.2e-19, 1e-20, 1e-37, 1e-44]);
      for (let i = 0; i < 200; i++) {
        core.step([0, 0, 0, 0, 0]);
        for (const moment of [...core.read(core.m), ...core.read(core.v)]) expect(moment === 0 || Math.abs(moment) >= smallestNormal).toBe(true);
      }
    });

    test('a gradient that is NaN or infinite makes its own parameter NaN and no other', () => {
      for (const value of special) {
        for (const n of [1, 3, 4, 6, 9]) {
          for (let at = 0; at < n; at++) {
            const g = new Float32Array(n).fill(1);
            g[at] = value;
            const core = new Adam(new Float32Array(n).fill(1), { ...defaults, decay: 0.1 }).step(g, 2);
            core.read(core.w).forEach((w, i) => {
              expect(Number.isNaN(w)).toBe(i === at);
            });
          }
        }
      }
    });
  });

  describe('ClipNorm', () => {
    function clip(g: ArrayLike<number>, maxNorm: number, shift = 0): Float32Array {
      machine.clear();
      const ref = machine.tensor(g, shift);
      machine.run([Opcode.ClipNorm, ref, g.length, bits(maxNorm)]);
      return machine.read(ref, g.length);
    }

    test('scales what is longer, and leaves the rest bit for bit', () => {
      for (const n of [...counts, 5000]) {
        const g = filled(n, numbers(n, -2, 2));
        const length = oracle.norm(g);
        const maxNorm = Math.fround(length / 3);
        const expected = Float64Array.from(g);
        oracle.clipNorm(expected, maxNorm);
        clip(g, maxNorm, n % 4).forEach((actual, i) => {
          expect(close(actual, expected[i] as number, 2.1 * Math.abs(expected[i] as number) * EPSILON)).toBe(true);
        });
        expect(clip(g, Math.fround(length * 1.001), n % 4)).toEqual(g);
      }
    });

    test('a norm beyond float32 is no trouble, nor one of 0', () => {
      clip([3e38, -3e38, 3e38, 3e38, 3e38], 1).forEach((v) => {
        expect(close(Math.abs(v), Math.sqrt(0.2), 3 * EPSILON)).toBe(true);
      });
      expect([...clip([0, -0, 0], 1)]).toEqual([0, -0, 0]);
      expect([...clip([1e-30, 0], 1)]).toEqual([...Float32Array.of(1e-30, 0)]);
    });

    test('NaN stays, an infinity becomes NaN', () => {
      expect([...clip([1, Number.NaN, 3], 1)]).toEqual([1, Number.NaN, 3]);
      expect([...clip([1, Number.NEGATIVE_INFINITY, 3, 4, 5], 1)]).toEqual([0, Number.NaN, 0, 0, 0]);
    });
  });

  test('Axpy is y + α·x', () => {
    const alpha = Math.fround(-0.3);
    for (const n of counts) {
      const y = filled(n, numbers(n));
      const x = filled(n, numbers(n + 100));
      machine.clear();
      const ref = machine.tensor(y, n % 4);
      machine.run([Opcode.Axpy, ref, machine.tensor(x), n, bits(alpha)]);
      machine.read(ref, n).forEach((actual, i) => {
        const term = alpha * (x[i] as number);
        const expected = (y[i] as number) + term;
        expect(close(actual, expected, (Math.abs(term) + Math.abs(expected)) * 1.01 * EPSILON)).toBe(true);
      });
    }
  });
});
