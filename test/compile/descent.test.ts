/** A step of plain SGD adds to each parameter as its gradient comes about: it must come to what gradient and descent give apart. */
import { add, input, matmul, meanSquaredError, mul, type Node, network, parameter, sgd, tanh } from 'neurite';
import { expect, test } from 'vitest';
import { bitsOf } from '../kernels/numbers.js';

const graphs: [string, (x: Node) => Node][] = [
  ['two parameters with one gradient', (x) => add(add(x, parameter(3)), parameter(3))],
  ['a product of two parameters', (x) => matmul(x, matmul(parameter([3, 4]), parameter([4, 3])))],
  ['a product of three', (x) => tanh(matmul(x, matmul(matmul(parameter([3, 4]), parameter([4, 3])), parameter([3, 3]))))],
  [
    'a parameter by itself',
    (x) => {
      const w = parameter([3, 3]);
      return matmul(x, matmul(w, w));
    },
  ],
  [
    'a parameter in two places',
    (x) => {
      const w = parameter([3, 3]);
      return matmul(tanh(matmul(x, w)), w);
    },
  ],
  ['vectors that are multiplied', (x) => mul(mul(x, parameter(3)), parameter(3))],
];

test.each(graphs)('%s', (_, graph) => {
  const make = () => {
    const x = input(3);
    return network({ inputs: x, outputs: graph(x), loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.5 }), seed: 3, reproducible: true });
  };
  using net = make();
  const x = [
    [1, 2, 3],
    [0.5, -1, 2],
  ];
  const y = [
    [1, 0, 1],
    [2, 1, 0],
  ];
  net.gradient(x, y);
  const size = Math.max(...net.gradients.map(Math.abs));
  const expected = net.parameters.map((w, i) => w - 0.5 * (net.gradients[i] as number));
  net.step(x, y);
  // The rate goes into the products before they are summed: k·ε of sums of at most 4·2 terms, of the gradient's size.
  const tolerance = 16 * 2 ** -24 * Math.max(1, size);
  net.parameters.forEach((w, i) => expect(Math.abs(w - (expected[i] as number))).toBeLessThanOrEqual(tolerance));
  expect(bitsOf(net.parameters)).not.toEqual(bitsOf(make().parameters));
});
