import { dense, dot, input, type Node, network, parameter, sequential } from 'neurite';
import { jacobian, parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { linear, product, rows, transpose } from './formulas.js';
import { Table } from './table.js';

const x = [0.5, -1, 2];

/** s = uᵀf(W…f(Wx + b)…), f = tanh. */
function score(depth: number) {
  const of = input(x.length);
  let h: Node = of;
  for (let l = 1; l <= depth; l++) h = dense(3, 'tanh', { name: `h${l}` })(h);
  return network({ inputs: of, outputs: dot(h, parameter(3, { name: 'u' })), seed: 20 + depth });
}

const table = new Table(
  'S3.3',
  'a score and its Jacobians (notes 44)',
  's = uᵀh, h = f(z), z = Wx + b:  ∂z/∂x = W, ∂z/∂b = I, ∂s/∂u = hᵀ, ∂h/∂z = diag(f′(z)), ∂s/∂b = uᵀ ∘ f′(z)',
);

const affine = sequential(3, [dense(3)], { seed: 21 });
const dz = parameterJacobian(affine, x);
table.compare('∂z/∂x = W', jacobian(affine, x), affine.layer('dense1').weights, 0).compare(
  '∂z/∂b = I',
  [0, 1, 2].flatMap((i) => [...dz.subarray(12 * i + 9, 12 * i + 12)]),
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  0,
);

for (const depth of [1, 2, 3]) {
  const net = score(depth);
  const u = [...net.parameter('u').values];
  // Forward, then the chain rule from the score backwards, as rows of Jacobians.
  const layers = Array.from({ length: depth }, (_, l) => ({ w: rows(net.layer(`h${l + 1}`).weights, 3), b: net.layer(`h${l + 1}`).biases ?? [] }));
  const h = [[x]];
  for (const { w, b } of layers) h.push([(linear(h.at(-1) ?? [], w, b)[0] as number[]).map(Math.tanh)]);
  const slopes = h.slice(1).map(([values]) => (values as number[]).map((v) => 1 - v * v));
  const gradients: number[] = [];
  let row = [u];
  for (let l = depth - 1; l >= 0; l--) {
    const db = (row[0] as number[]).map((v, j) => v * (slopes[l]?.[j] as number));
    gradients.unshift(...product(transpose([db]), h[l] ?? []).flat(), ...db);
    row = product([db], layers[l]?.w ?? []);
  }
  const found = parameterJacobian(net, x);
  const at = (name: string) => {
    const { offset, values } = net.parameter(name);
    return found.subarray(offset, offset + values.length);
  };
  const trace = traceOf(net, x);
  table.compare(
    `${depth} layer${depth > 1 ? 's' : ''}: s`,
    net.predict(x),
    u.reduce((sum, v, j) => sum + v * (h.at(-1)?.[0]?.[j] as number), 0),
    1e-6,
  );
  if (depth === 1) {
    table.compare('  ∂h/∂z = diag(f′(z))', trace.slope('h1', 'h1.z').values, slopes[0] ?? [], 1e-6).compare(
      '  ∂s/∂b = uᵀ ∘ f′(z)',
      at('h1.biases'),
      u.map((v, j) => v * (slopes[0]?.[j] as number)),
      1e-6,
    );
  }
  table
    .compare('  ∂s/∂u = hᵀ', at('u'), h.at(-1)?.[0] ?? [], 1e-6)
    .compare('  ∂s/∂W, ∂s/∂b of every layer', found.subarray(0, 12 * depth), gradients, 1e-6)
    .compare('  ∂s/∂x', jacobian(net, x), row.flat(), 1e-6);
}
table.print();
