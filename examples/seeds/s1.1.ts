import { dense, sequential } from 'neurite';
import { draw, each, linear, type Matrix, randomNumbers, relu, rows, sigmoid, softmax, threshold } from './formulas.js';
import { Table } from './table.js';

const table = new Table(
  'S1.1',
  'one hidden layer, a batch at once and row by row (notes 1 to 11)',
  'U^H = g(X W^Hᵀ + B^H), U^O = g_out(U^H W^Oᵀ + B^O)  (10)',
);

const hidden = { heaviside: threshold, sigmoid, relu };
const outputs = {
  sigmoid: (z: Matrix) => each(z, sigmoid),
  softmax: (z: Matrix) => z.map(softmax),
  identity: (z: Matrix) => z,
};
const next = randomNumbers(1);
const x = draw(5, 3, next);

for (const [name, g] of Object.entries(hidden)) {
  for (const [last, output] of Object.entries(outputs)) {
    const net = sequential(3, [dense(4, name as keyof typeof hidden), dense(2, last as keyof typeof outputs)]);
    net.parameters.set(draw(1, net.parameterCount, next).flat());
    const [h, o] = net.layers.map(({ weights, biases, inFeatures }) => ({ w: rows(weights, inFeatures), b: biases ?? [] }));
    if (!h || !o) throw new Error('two layers expected');
    const z = linear(each(linear(x, h.w, h.b), g), o.w, o.b);
    const batch = net.predict(x).flat();
    const single = x.flatMap((row) => net.predict(row));
    table.compare(`${name}, then ${last}`, batch, output(z).flat(), 1e-6);
    table.compare('  row by row', single, batch, 1e-6);
  }
}
table.print();
