import {
  abs,
  clip,
  elu,
  heaviside,
  input,
  leakyRelu,
  max,
  maximum,
  min,
  minimum,
  type Network,
  type Node,
  network,
  relu,
  selu,
  softsign,
} from 'neurite';
import { inputHessian, jacobian, jvp, vjp } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';

/** Slopes where there is none by the limit alone (the last bullet of SEEDS): conventions, so exact. */
const unary: [name: string, f: (x: Node) => Node, at: number, value: number, slope: number][] = [
  ['relu', relu, 0, 0, 0],
  ['heaviside', (x) => heaviside(x), 0, 1, 0],
  ['heaviside with ½ at 0', (x) => heaviside(x, 0.5), 0, 0.5, 0],
  ['leakyRelu', leakyRelu, 0, 0, Math.fround(0.01)],
  ['leakyRelu of 0.3', (x) => leakyRelu(x, 0.3), 0, 0, Math.fround(0.3)],
  ['leakyRelu of −0.5', (x) => leakyRelu(x, -0.5), 0, 0, -0.5],
  ['abs', abs, 0, 0, 0],
  ['clip on its lower bound', (x) => clip(x, -0.5, 2), -0.5, -0.5, 1],
  ['clip on its upper bound', (x) => clip(x, -0.5, 2), 2, 2, 1],
  ['clip to one number', (x) => clip(x, 1, 1), 1, 1, 1],
  ['elu', elu, 0, 0, 1],
  ['elu of 0.5', (x) => elu(x, 0.5), 0, 0, 0.5],
  ['selu', selu, 0, 0, Math.fround(1.0507009873554805 * 1.6732632423543772)],
  ['softsign', softsign, 0, 0, 1],
];

function withNetwork(f: (x: Node) => Node, width: number, build: (typeof builds)[number], use: (net: Network) => void): void {
  const x = input(width);
  const net = network({ inputs: x, outputs: f(x), build });
  use(net);
  net.dispose();
}

describe.each(builds)('slopes at kinks (%s)', (build) => {
  test.each(unary)('%s', (_, f, at, value, slope) => {
    for (const zero of at === 0 ? [0, -0] : [at]) {
      withNetwork(f, 1, build, (net) => {
        const x = Float32Array.of(zero);
        const one = Float32Array.of(1);
        expect(Math.abs((net.predict(x)[0] as number) - value)).toBe(0);
        for (const found of [vjp(net, x, one).inputs[0], jvp(net, x, { x: one }).tangent, jacobian(net, x)]) {
          expect(Math.abs((found?.[0] as number) - slope)).toBeLessThanOrEqual(Math.abs(slope) * 2 ** -23);
        }
        expect(Math.abs(inputHessian(net, x)[0] as number)).not.toBeNaN();
      });
    }
  });

  test('ties of maximum and minimum are split evenly between the operands', () => {
    for (const f of [maximum, minimum]) {
      const [a, b] = [input(2, 'a'), input(2, 'b')];
      const net = network({ inputs: [a, b], outputs: f(a, b), build });
      const { inputs } = vjp(
        net,
        [
          [1, -0],
          [1, 0],
        ],
        [1, 3],
      );
      expect(inputs.map((d) => [...d])).toEqual([
        [0.5, 1.5],
        [0.5, 1.5],
      ]);
      net.dispose();
    }
  });

  test('of several largest features each has its share', () => {
    withNetwork(max, 4, build, (net) => expect([...jacobian(net, [2, 1, 2, -3])]).toEqual([0.5, 0, 0.5, 0]));
    withNetwork(min, 4, build, (net) =>
      expect([...jacobian(net, [-2, 1, -2, -2])].map((v) => Math.fround(v))).toEqual([1 / 3, 0, 1 / 3, 1 / 3].map(Math.fround)),
    );
  });
});
