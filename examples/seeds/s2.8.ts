import { dense, sequential, squaredError } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { columnSums, draw, each, linear, product, randomNumbers, rows, sigmoid, transpose } from './formulas.js';
import { Table } from './table.js';

const x = draw(3, 3, randomNumbers(11));
const y = draw(3, 1, randomNumbers(12, 0, 1));
const net = sequential(3, [dense(4, 'sigmoid'), dense(3, 'sigmoid'), dense(1, 'sigmoid')], { loss: squaredError({ scale: 0.5 }), seed: 9 });

const a = [x];
for (const { weights, biases, inFeatures } of net.layers) a.push(each(linear(a.at(-1) ?? [], rows(weights, inFeatures), biases ?? []), sigmoid));
const trace = traceOf(net, x, y);
const table = new Table(
  'S2.8',
  'vectorised back propagation, 3-4-3-1 sigmoid units (notes 40)',
  'δᴸ = ∂L/∂aᴸ ⊙ g′(zᴸ), δˡ = (Wˡ⁺¹ᵀδˡ⁺¹) ⊙ g′(zˡ), ∂L/∂Wˡ = δˡaˡ⁻¹ᵀ, ∂L/∂bˡ = δˡ, samples summed',
);
let da = each(a.at(-1) ?? [], (v, i, j) => v - (y[i]?.[j] as number));
for (const [l, { name, weights, inFeatures }] of [...net.layers.entries()].reverse()) {
  // σ′ = a(1 − a)
  const delta = each(da, (d, i, j) => d * (a[l + 1]?.[i]?.[j] as number) * (1 - (a[l + 1]?.[i]?.[j] as number)));
  const { du, dz, dw, db } = trace.layer(name);
  table
    .compare(`∂L/∂a${l + 1}`, du.values, da.flat(), 1e-6)
    .compare(`δ${l + 1}`, dz.values, delta.flat(), 1e-6)
    .compare(`∂L/∂W${l + 1}`, dw.values, product(transpose(delta), a[l] ?? []).flat(), 1e-6)
    .compare(`∂L/∂b${l + 1}`, db?.values, columnSums(delta), 1e-6);
  da = product(delta, rows(weights, inFeatures));
}
table.print();
