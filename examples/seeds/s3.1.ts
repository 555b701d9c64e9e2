import { add, input, mul, named, network, parameter, sigmoid as sigmoidOf, squaredError, tanh } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { difference, sigmoid } from './formulas.js';
import { Table } from './table.js';

const x = input(1);
const [w1, w2, w3, b1] = ['w1', 'w2', 'w3', 'b1'].map((name) => parameter(1, { name })) as [typeof x, typeof x, typeof x, typeof x];
const a1 = named(add(named(mul(w1, x), 'w1·x'), b1), 'a1');
const f1 = named(tanh(a1), 'f1');
const a2 = named(mul(w2, f1), 'a2');
const f2 = named(sigmoidOf(a2), 'f2');
const a3 = named(mul(w3, f2), 'a3');
const f3 = named(sigmoidOf(a3), 'f3');
const net = network({ inputs: x, outputs: f3, loss: squaredError({ scale: 0.5 }) });
const at = { w1: 0.75, w2: -1.5, w3: 2, b1: 0.25 };
for (const [name, value] of Object.entries(at)) net.parameter(name).values.set([value]);

const [sample, target] = [0.5, 1];
const trace = traceOf(net, [sample], [target]);
const factor = (node: string, by: string) => trace.slope(node, by).values[0] as number;
const gradient = (node: string) => trace.node(node).gradient.values[0] as number;

// The same chain in float64.
const chain = ({ w1, w2, w3, b1 }: typeof at) => {
  const a1 = w1 * sample + b1;
  const a2 = w2 * Math.tanh(a1);
  const a3 = w3 * sigmoid(a2);
  return { a1, f1: Math.tanh(a1), a2, f2: sigmoid(a2), a3, f3: sigmoid(a3) };
};
const loss = (parameters: typeof at) => (chain(parameters).f3 - target) ** 2 / 2;
const v = chain(at);
const toThe = (name: keyof typeof at) => difference((value) => loss({ ...at, [name]: value }), at[name]);

const upToA3 = gradient('f3') * factor('f3', 'a3');
const upToA2 = upToA3 * factor('a3', 'f2') * factor('f2', 'a2');
const upToA1 = upToA2 * factor('a2', 'f1') * factor('f1', 'a1');

new Table(
  'S3.1',
  'each factor of the chain rule; the notes’ column by differences in float64 (notes 42)',
  'y = f₃(w₃·f₂(w₂·f₁(w₁·x + b₁))), L = ½(f₃ − y)²; f₁ = tanh, f₂ = f₃ = σ',
  '∂L/∂w₁ = ∂L/∂f₃ · ∂f₃/∂a₃ · ∂a₃/∂f₂ · ∂f₂/∂a₂ · ∂a₂/∂f₁ · ∂f₁/∂a₁ · ∂a₁/∂w₁',
)
  .compare(
    '∂L/∂f₃',
    gradient('f3'),
    difference((f) => (f - target) ** 2 / 2, v.f3),
    1e-6,
  )
  .compare('∂f₃/∂a₃', factor('f3', 'a3'), difference(sigmoid, v.a3), 1e-6)
  .compare(
    '∂a₃/∂w₃',
    factor('a3', 'w3'),
    difference((w) => w * v.f2, at.w3),
    1e-6,
  )
  .compare(
    '∂a₃/∂f₂',
    factor('a3', 'f2'),
    difference((f) => at.w3 * f, v.f2),
    1e-6,
  )
  .compare('∂f₂/∂a₂', factor('f2', 'a2'), difference(sigmoid, v.a2), 1e-6)
  .compare(
    '∂a₂/∂w₂',
    factor('a2', 'w2'),
    difference((w) => w * v.f1, at.w2),
    1e-6,
  )
  .compare(
    '∂a₂/∂f₁',
    factor('a2', 'f1'),
    difference((f) => at.w2 * f, v.f1),
    1e-6,
  )
  .compare('∂f₁/∂a₁', factor('f1', 'a1'), difference(Math.tanh, v.a1), 1e-6)
  .compare(
    '∂a₁/∂b₁',
    factor('a1', 'b1'),
    difference((b) => at.w1 * sample + b, at.b1),
    1e-6,
  )
  .compare(
    '∂a₁/∂w₁',
    factor('a1', 'w1·x') * factor('w1·x', 'w1'),
    difference((w) => w * sample + at.b1, at.w1),
    1e-6,
  )
  .compare('∂L/∂w₃', [gradient('w3'), upToA3 * factor('a3', 'w3')], [toThe('w3'), toThe('w3')], 1e-6)
  .compare('∂L/∂w₂', [gradient('w2'), upToA2 * factor('a2', 'w2')], [toThe('w2'), toThe('w2')], 1e-6)
  .compare('∂L/∂w₁', [gradient('w1'), upToA1 * factor('w1·x', 'w1')], [toThe('w1'), toThe('w1')], 1e-6)
  .compare('∂L/∂b₁', [gradient('b1'), upToA1 * factor('a1', 'b1')], [toThe('b1'), toThe('b1')], 1e-6)
  .print();
