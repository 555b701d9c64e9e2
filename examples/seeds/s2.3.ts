import { dense, sequential } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { each, linear, rows, sigmoid } from './formulas.js';
import { Table } from './table.js';

const net = sequential(3, [dense(4, 'sigmoid'), dense(3, 'sigmoid'), dense(1, 'sigmoid')], { seed: 8 });
const x = [
  [0.5, -1, 2],
  [1, 0, -0.5],
];
const trace = traceOf(net, x);

const table = new Table('S2.3', 'the forward pass of L layers: 3-4-3-1 (notes 32, 33)', 'a^[l] = g(z^[l]), z^[l] = W^[l] a^[l−1] + b^[l], a^[0] = x');
let a = x;
for (const { name, weights, biases, inFeatures } of net.layers) {
  const z = linear(a, rows(weights, inFeatures), biases ?? []);
  a = each(z, sigmoid);
  const layer = trace.layer(name);
  table
    .compare(`${name}: size of W`, net.parameter(`${name}.weights`).shape, [layer.z.shape[1] as number, inFeatures], 0)
    .compare('  z', layer.z.values, z.flat(), 1e-6)
    .compare('  a', layer.u.values, a.flat(), 1e-6);
}
table
  .compare(
    'sizes of W, all',
    net.layers.flatMap((layer) => [layer.outFeatures, layer.inFeatures]),
    [4, 3, 3, 4, 1, 3],
    0,
  )
  .compare('parameters', net.parameterCount, 4 * 3 + 4 + (3 * 4 + 3) + (1 * 3 + 1), 0)
  .print();
