import { add, concat, dense, input, mul, type Node, network, scale, sequential, slice, square, sub } from 'neurite';
import { jacobian, parameterJacobian } from 'neurite/derivatives';
import { product, rows } from './formulas.js';
import { Table } from './table.js';

/** The features of a node one by one. */
const parts = (x: Node, n: number) => Array.from({ length: n }, (_, i) => slice(x, i, i + 1)) as [Node, Node, Node];

/** f(x) = (x₁ + x₂x₃, x₁² + 3x₂) */
const f = (x: Node) => {
  const [x1, x2, x3] = parts(x, 3);
  return concat(add(x1, mul(x2, x3)), add(square(x1), scale(x2, 3)));
};
/** h(y) = (y₁y₂, y₁ − y₂) */
const h = (y: Node) => {
  const [y1, y2] = parts(y, 2);
  return concat(mul(y1, y2), sub(y1, y2));
};
const [x, y] = [input(3), input(2)];
const first = network({ inputs: x, outputs: f(x) });
const second = network({ inputs: y, outputs: h(y) });
const chained = network({ inputs: x, outputs: h(f(x)) });

const points = [
  [2, 3, 5],
  [-1, 0.5, 4],
];
const equation = ([x1, x2, x3]: number[]) => [1, x3 as number, x2 as number, 2 * (x1 as number), 3, 0];
const point = points[0] as number[];
const [dy, dh] = [jacobian(first, point), jacobian(second, first.predict(point))];

const z = sequential(3, [dense(2)], { seed: 1 });
const dz = parameterJacobian(z, point);

new Table(
  'S1.8',
  'Jacobian, tensor chain rule, gradients of linear functions (notes 13, 22, 23)',
  '∂f/∂x = [1 x₃ x₂; 2x₁ 3 0],  ∂Z/∂X = ∂Z/∂Y · ∂Y/∂X,  ∂z_i/∂W_ij = x_j, ∂z_i/∂b_i = 1, ∂z_i/∂x_j = W_ij  (13)',
)
  .compare('f at x = (2, 3, 5)', first.predict(point), [17, 13], 0)
  .compare('∂f/∂x there', dy, equation(point), 0)
  .compare('∂f/∂x of a batch of two', jacobian(first, points), points.flatMap(equation), 0)
  .compare('∂h/∂f · ∂f/∂x, and of h(f(x)) at once', jacobian(chained, point), product(rows(dh, 2), rows(dy, 3)).flat(), 0)
  .compare('∂z₁/∂W, z = Wx + b', dz.subarray(0, 6), [...point, 0, 0, 0], 0)
  .compare('∂z₂/∂W', dz.subarray(8, 14), [0, 0, 0, ...point], 0)
  .compare('∂z₁/∂b, ∂z₂/∂b', [...dz.subarray(6, 8), ...dz.subarray(14)], [1, 0, 0, 1], 0)
  .compare('∂z/∂x = W', jacobian(z, point), z.layer('dense1').weights, 0)
  .print();
