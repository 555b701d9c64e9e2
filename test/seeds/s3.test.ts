/** Rows S3.1 to S3.3: the chain rule, stochastic gradient descent, Jacobians of a score (notes 42 to 44). */
import {
  add,
  dense,
  dot,
  input,
  leakyRelu,
  meanSquaredError,
  mul,
  type Node,
  named,
  network,
  parameter,
  sequential,
  sgd,
  sigmoid,
  squaredError,
  tanh,
} from 'neurite';
import { jacobian as jacobianOf, parameterJacobian, vjp } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { filled, numbers } from '../kernels/numbers.js';
import { centralDifferences } from '../oracle/gradientCheck.js';
import { rowOf } from '../oracle/rows.js';
import { activated, type Bounded, exact, product, type Smooth, slopeAt, smooth, total } from './bounded.js';
import { expectWithin } from './steps.js';

const ops: Record<Smooth['name'], (z: Node) => Node> = { tanh, sigmoid, leakyRelu: (z) => leakyRelu(z) };

/** What central differences in float64 may be off by. */
const DIFFERENCE = 1e-8;

const chains = smooth.flatMap((f1) => smooth.flatMap((f2) => smooth.map((f3) => [f1, f2, f3] as const)));

test.each(builds)('S3.1 y = f₃(w₃·f₂(w₂·f₁(w₁·x + b₁))): each factor of each chain-rule product, against differences in float64 (%s)', (build) => {
  for (const [turn, [f1, f2, f3]] of chains.entries()) {
    const x = input(1, 'x');
    const [w1, w2, w3, b1] = ['w1', 'w2', 'w3', 'b1'].map((name) => parameter(1, { name })) as [Node, Node, Node, Node];
    const a1 = named(add(named(mul(w1, x), 'w1·x'), b1), 'a1');
    const h1 = named(ops[f1.name](a1), 'f1');
    const a2 = named(mul(w2, h1), 'a2');
    const h2 = named(ops[f2.name](a2), 'f2');
    const a3 = named(mul(w3, h2), 'a3');
    const net = network({ inputs: x, outputs: named(ops[f3.name](a3), 'f3'), loss: squaredError({ scale: 0.5 }), build });

    const next = numbers(turn + 1, 0.25, 1.5);
    const names = ['w1', 'w2', 'w3', 'b1'] as const;
    const values = names.map((_, i) => Math.fround(next() * ((turn >> i) % 2 ? -1 : 1)));
    names.forEach((name, i) => {
      net.parameter(name).values.set([values[i] as number]);
    });
    const rows = 3;
    const samples = filled(rows, next);
    const targets = filled(rows, next);
    const trace = traceOf(net, samples, targets);

    /** ∂L/∂… of each row: w3, w2, w1, b1 in turn. */
    const gradients: Bounded[][] = [];
    for (let row = 0; row < rows; row++) {
      const [sample, target] = [samples[row] as number, targets[row] as number];
      const [v1, v2, v3, vb] = values.map(exact) as [Bounded, Bounded, Bounded, Bounded];
      const z1 = total([product(v1, exact(sample)), vb]);
      const u1 = activated(f1, z1);
      const z2 = product(v2, u1);
      const u2 = activated(f2, z2);
      const z3 = product(v3, u2);
      const u3 = activated(f3, z3);
      const d = total([u3, exact(-target)]);
      // The factors: what trace says, its bound, and a function with its argument to take differences of.
      const factors: [string, number | undefined, Bounded, (v: number) => number, number][] = [
        ['∂L/∂f₃', trace.node('f3').gradient.values[row], d, (f) => (f - target) ** 2 / 2, u3.value],
        ['∂f₃/∂a₃', trace.slope('f3', 'a3').values[row], slopeAt(f3, z3), f3.g, z3.value],
        ['∂a₃/∂w₃', trace.slope('a3', 'w3').values[row], u2, (w) => w * u2.value, v3.value],
        ['∂a₃/∂f₂', trace.slope('a3', 'f2').values[row], v3, (f) => v3.value * f, u2.value],
        ['∂f₂/∂a₂', trace.slope('f2', 'a2').values[row], slopeAt(f2, z2), f2.g, z2.value],
        ['∂a₂/∂w₂', trace.slope('a2', 'w2').values[row], u1, (w) => w * u1.value, v2.value],
        ['∂a₂/∂f₁', trace.slope('a2', 'f1').values[row], v2, (f) => v2.value * f, u1.value],
        ['∂f₁/∂a₁', trace.slope('f1', 'a1').values[row], slopeAt(f1, z1), f1.g, z1.value],
        ['∂a₁/∂b₁', trace.slope('a1', 'b1').values[row], exact(1), (b) => v1.value * sample + b, vb.value],
        ['∂a₁/∂(w₁x)', trace.slope('a1', 'w1·x').values[row], exact(1), (p) => p + vb.value, v1.value * sample],
        ['∂(w₁x)/∂w₁', trace.slope('w1·x', 'w1').values[row], exact(sample), (w) => w * sample, v1.value],
      ];
      for (const [name, found, { error }, f, at] of factors) {
        const [difference] = centralDifferences(([v]) => f(v as number), [at]) as unknown as [number];
        expectWithin(found, difference, error + DIFFERENCE, `${name} of ${f1.name}, ${f2.name}, ${f3.name}`);
      }

      // Their products are the gradients at each node …
      const toA3 = product(d, slopeAt(f3, z3));
      const toF2 = product(toA3, v3);
      const toA2 = product(toF2, slopeAt(f2, z2));
      const toF1 = product(toA2, v2);
      const toA1 = product(toF1, slopeAt(f1, z1));
      for (const [name, { value, error }] of Object.entries({ a3: toA3, f2: toF2, a2: toA2, f1: toF1, a1: toA1 })) {
        expectWithin(trace.node(name).gradient.values[row], value, error, `∂L/∂${name}`);
      }
      gradients.push([product(toA3, u2), product(toA2, u1), product(toA1, exact(sample)), toA1]);
    }

    // … and, summed over the rows, of each parameter, against differences through the whole chain.
    const loss = ([p1, p2, p3, pb]: Float64Array) =>
      samples.reduce((sum, sample, row) => {
        const y = f3.g((p3 as number) * f2.g((p2 as number) * f1.g((p1 as number) * sample + (pb as number))));
        return sum + (y - (targets[row] as number)) ** 2 / 2;
      }, 0);
    const differences = centralDifferences(loss, values);
    for (const [i, name] of (['w3', 'w2', 'w1', 'b1'] as const).entries()) {
      const { error } = total(gradients.map((row) => row[i] as Bounded));
      expectWithin(trace.node(name).gradient.values, differences[names.indexOf(name)] as number, error + DIFFERENCE, `∂L/∂${name}`);
    }
    net.dispose();
  }
});

const ways = [
  { name: 'one random sample', batchSize: 1, learningRate: 0.1, epochs: 40 },
  { name: 'minibatches of 8 < N', batchSize: 8, learningRate: 0.3, epochs: 100 },
  { name: 'minibatches of 10, the last short', batchSize: 10, learningRate: 0.3, epochs: 120 },
  { name: 'the full batch', batchSize: 64, learningRate: 0.4, epochs: 300 },
];

/** y = Xw* + b*, without noise. */
function linearData() {
  const next = numbers(31);
  const [w, b] = [[1.5, -2, 0.5], 0.25];
  const x = filled(64 * 3, next);
  const y = Array.from({ length: 64 }, (_, i) => rowOf(x, i, 3).reduce((sum, v, j) => sum + v * (w[j] as number), b));
  return { x, y, best: [...w, b] };
}

test.each(ways.flatMap((way) => builds.map((build) => ({ ...way, build }))))(
  'S3.2 descent by $name reaches w*, b* within 1e-4 ($build)',
  async ({ batchSize, learningRate, epochs, build }) => {
    const { x, y, best } = linearData();
    const net = sequential(3, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate }), seed: 1, build });
    await net.fit({ x, y }, { batchSize, epochs });
    expectWithin(net.parameters, best, 1e-4, 'w, b');
  },
);

test('S3.2 the order of the samples follows from the seed', async () => {
  const { x, y } = linearData();
  const train = async (seed: number, batchSize: number, shuffle = true) => {
    const net = sequential(3, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.05 }), seed });
    net.parameters.fill(0);
    await net.fit({ x, y }, { batchSize, shuffle });
    return [...net.parameters];
  };
  for (const batchSize of [1, 8]) {
    const first = await train(1, batchSize);
    expect(await train(1, batchSize)).toEqual(first);
    expect(await train(2, batchSize)).not.toEqual(first);
    const inOrder = await train(1, batchSize, false);
    expect(inOrder).not.toEqual(first);
    expect(await train(2, batchSize, false)).toEqual(inOrder);
  }
});

test.each(builds)('S3.3 Jacobians: ∂(Wx + b)/∂x = W, ∂(Wx + b)/∂b = I, ∂(uᵀh)/∂u = hᵀ, ∂f(z)/∂z = diag(f′(z)) (%s)', (build) => {
  const n = 4;
  const x = filled(n, numbers(32));
  const affine = sequential(n, [dense(n)], { build, seed: 1 });
  expect([...jacobianOf(affine, x)]).toEqual([...affine.parameter('dense1.weights').values]);
  const dz = parameterJacobian(affine, x);
  const { offset } = affine.parameter('dense1.biases');
  const identity = Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
  expect(Array.from({ length: n }, (_, i) => [...dz.subarray(i * affine.parameterCount + offset, (i + 1) * affine.parameterCount)]).flat()).toEqual(
    identity,
  );

  const h = input(n);
  const score = network({ inputs: h, outputs: dot(h, parameter(n, { name: 'u' })), build, seed: 2 });
  expect([...parameterJacobian(score, x)]).toEqual([...x]);
  expect([...jacobianOf(score, x)]).toEqual([...score.parameter('u').values]);

  for (const f of smooth) {
    const z = input(n);
    const slopes = Array.from(x, (v) => slopeAt(f, exact(v)));
    expectWithin(
      jacobianOf(network({ inputs: z, outputs: ops[f.name](z), build }), x),
      identity.map((one, i) => one * (slopes[i % n] as Bounded).value),
      identity.map((_, i) => (slopes[i % n] as Bounded).error),
      `diag(${f.name}′)`,
    );
  }
});

const scores = smooth.flatMap((f) => [1, 2, 3].flatMap((depth) => builds.map((build) => ({ f, name: f.name, depth, build }))));

test.each(scores)(
  'S3.3 s = uᵀf(…f(Wx + b)), $depth layers of $name: ∂s/∂b = uᵀ ∘ f′(z), and on to every W, b and x ($build)',
  ({ f, depth, build }) => {
    const [n, units, rows] = [3, 4, 2];
    const x = input(n);
    let node: Node = x;
    for (let l = 1; l <= depth; l++) node = dense(units, f.name, { name: `h${l}` })(node);
    const net = network({ inputs: x, outputs: dot(node, parameter(units, { name: 'u' })), build, seed: 40 + depth });
    net.parameters.set(filled(net.parameterCount, numbers(33 + depth)));
    const samples = filled(rows * n, numbers(34));

    const jacobian = parameterJacobian(net, samples);
    const toInput = jacobianOf(net, samples);
    const gradients: Bounded[][] = [];
    for (let row = 0; row < rows; row++) {
      const tensor = (name: string) => Array.from(net.parameter(name).values, exact);
      const found = (name: string) => {
        const { offset, values } = net.parameter(name);
        return jacobian.subarray(row * net.parameterCount + offset).subarray(0, values.length);
      };
      const expectBounded = (actual: ArrayLike<number>, expected: readonly Bounded[], what: string) =>
        expectWithin(
          actual,
          expected.map(({ value }) => value),
          expected.map(({ error }) => error),
          `row ${row}: ${what}`,
        );

      const h = [rowOf(samples, row, n).map(exact)];
      const slopes: Bounded[][] = [];
      for (let l = 1; l <= depth; l++) {
        const below = h[l - 1] as Bounded[];
        const [w, b] = [tensor(`h${l}.weights`), tensor(`h${l}.biases`)];
        const z = b.map((bias, j) => total([bias, ...below.map((v, k) => product(w[j * below.length + k] as Bounded, v))]));
        h.push(z.map((v) => activated(f, v)));
        slopes.push(z.map((v) => slopeAt(f, v)));
      }
      const gradient: Bounded[] = [];
      const expectGradient = (name: string, expected: readonly Bounded[], what: string) => {
        expectBounded(found(name), expected, what);
        expected.forEach((value, i) => {
          gradient[net.parameter(name).offset + i] = value;
        });
      };
      let toH = tensor('u');
      expectGradient('u', h[depth] as Bounded[], '∂s/∂u = hᵀ');
      for (let l = depth; l >= 1; l--) {
        const below = h[l - 1] as Bounded[];
        const w = tensor(`h${l}.weights`);
        const db = toH.map((v, j) => product(v, slopes[l - 1]?.[j] as Bounded));
        expectGradient(`h${l}.biases`, db, `∂s/∂b${l} = ∂s/∂h ∘ f′(z)`);
        expectGradient(
          `h${l}.weights`,
          db.flatMap((d) => below.map((v) => product(d, v))),
          `∂s/∂W${l}`,
        );
        toH = below.map((_, k) => total(db.map((d, j) => product(d, w[j * below.length + k] as Bounded))));
      }
      expectBounded(toInput.subarray(row * n, (row + 1) * n), toH, '∂s/∂x');
      gradients.push(gradient);
    }

    // The backward pass of the batch from v = 1 gives their sum.
    const { parameters, inputs } = vjp(net, samples, [1, 1]);
    const sum = Array.from(parameters, (_, i) => total(gradients.map((row) => row[i] as Bounded)));
    expectWithin(
      parameters,
      sum.map(({ value }) => value),
      sum.map(({ error }) => error),
      'vᵀJ',
    );
    expect(inputs[0]).toHaveLength(rows * n);
  },
);
