/** Layers of one's own: parameters of any number, states that are not trained, and two modes, in everything that a network does. */
import {
  adam,
  BusyError,
  dense,
  fromJSON,
  input,
  type Layer,
  layer,
  load,
  meanRows,
  meanSquaredError,
  mul,
  type Network,
  NeuriteError,
  type Node,
  NotFiniteError,
  network,
  parameter,
  save,
  sequential,
  sgd,
  state,
  toJSON,
  ValueError,
  type Values,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hvp, inputGradient, jacobian } from 'neurite/derivatives';
import { explain, graph, summary, toDot, toMermaid, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { type Options, trainable, values } from './networks.js';
import { KEPT, norm, normalize, statistics } from './norm.js';

const ROWS = 6;
const x = Float32Array.from({ length: ROWS * 3 }, (_, i) => 2 * Math.sin(3 * i + 1) + (i % 3));
const y = Float32Array.from({ length: ROWS * 2 }, (_, i) => Math.cos(2 * i));

const made = (options: Partial<Options> = {}) =>
  trainable([norm(), dense(4, 'tanh'), dense(2)], { optimizer: adam({ learningRate: 0.05 }), seed: 4, ...options });

const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, within = 1e-5) => {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs((found[i] as number) - (wanted[i] as number)), `element ${i}`).toBeLessThanOrEqual(
      within * Math.max(1, Math.abs(wanted[i] as number)),
    );
};
const states = (net: Network<Values>) => ['norm1.mean', 'norm1.variance'].map((name) => values(net, name));
const bits = (net: Network<Values>) => [[...net.parameters], ...states(net)];

describe.each(builds)('a normalisation by batch and running statistics, build %s', (build) => {
  test('a step normalises by the batch and leaves running statistics; a prediction takes these', () => {
    using net = sequential(3, [norm()], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), build });
    const wanted = Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i));
    const batch = statistics(x, 3);
    const output = normalize(x, [1, 1, 1], [0, 0, 0], batch);
    const loss = output.reduce((sum, u, i) => sum + (u - (wanted[i] as number)) ** 2, 0) / output.length;
    // Gradients by the batch's statistics: ∂L/∂β = Σ du, ∂L/∂γ = Σ du·(normalised x).
    const du = output.map((u, i) => (2 * (u - (wanted[i] as number))) / output.length);
    const column = (of: number[], j: number) => of.filter((_, i) => i % 3 === j).reduce((a, b) => a + b, 0);
    close([net.gradient(x, wanted)], [loss * 1]);
    close(net.gradients, [
      ...[0, 1, 2].map((j) =>
        column(
          du.map((d, i) => d * (output[i] as number)),
          j,
        ),
      ),
      ...[0, 1, 2].map((j) => column(du, j)),
    ]);
    expect(states(net)).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
    net.step(x, wanted);
    close(
      net.parameter('norm1.mean').values,
      batch.mean.map((m) => (1 - KEPT) * m),
    );
    close(
      net.parameter('norm1.variance').values,
      batch.variance.map((v) => KEPT + (1 - KEPT) * v),
    );
    const [mean, variance] = states(net) as [number[], number[]];
    close(net.predict(x), normalize(x, net.parameter('norm1.gains').values, net.parameter('norm1.offsets').values, { mean, variance }));
  });

  test('fit takes each step as step does, to the bit', async () => {
    using one = made({ build });
    using other = made({ build });
    await one.fit({ x, y }, { epochs: 3, batchSize: ROWS, shuffle: false });
    for (let i = 0; i < 3; i++) other.step(x, y);
    expect(bits(one)).toEqual(bits(other));
    expect(states(one)).not.toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
  });

  test('plain descent, momentum and clipping leave the states to the layer', () => {
    const left = [
      sgd({ learningRate: 0.1 }),
      sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.5 }),
      adam({ clipNorm: 1e-3, weightDecay: 1 }),
    ].map((optimizer) => {
      using net = made({ build, optimizer });
      net.step(x, y);
      return states(net);
    });
    // The first step's statistics do not depend on what is trained.
    expect(left[1]).toEqual(left[0]);
    expect(left[2]).toEqual(left[0]);
  });
});

test('only steps change the states', () => {
  using net = made();
  net.step(x, y);
  const before = bits(net);
  net.gradient(x, y);
  net.predict(x);
  net.evaluate({ x, y });
  trace(net, x, y);
  jacobian(net, x);
  hvp(net, x, y, new Float32Array(net.parameterCount).fill(0.1));
  inputGradient(net, x, y);
  summary(net);
  explain(net);
  expect(bits(net)).toEqual(before);
});

test('predictions are independent by row, and derivatives and traces are those of predictions', () => {
  using net = made();
  for (let i = 0; i < 4; i++) net.step(x, y);
  const all = net.predict(x);
  for (let i = 0; i < ROWS; i++) close(net.predict(x.subarray(3 * i, 3 * i + 3)), all.subarray(2 * i, 2 * i + 2), 1e-6);
  const traced = trace(net, x, y);
  expect([...traced.layer('dense2').u.values]).toEqual([...all]);
  expect(traced.loss).toBeCloseTo(net.evaluate({ x, y }).loss, 6);
  const { parameters, nodes } = traced.layer('norm1');
  expect(Object.keys(parameters)).toEqual(['gains', 'offsets', 'mean', 'variance']);
  // The batch's mean is of training steps alone.
  expect(Object.keys(nodes)).toEqual(['normalized']);
  expect(traced.toString()).toContain('∂L/∂gains');
  const slopes = jacobian(net, x.subarray(0, 3));
  const moved = (j: number, h: number) => net.predict(Float32Array.from([0, 1, 2], (k) => (x[k] as number) + (k === j ? h : 0)));
  for (let j = 0; j < 3; j++)
    close(
      [0, 1].map((o) => slopes[o * 3 + j] as number),
      [0, 1].map((o) => ((moved(j, 1e-2)[o] as number) - (moved(j, -1e-2)[o] as number)) / 2e-2),
      2e-3,
    );
});

test('neurite/check holds the gradient of a network with both modes', () => {
  using net = made();
  for (let i = 0; i < 3; i++) net.step(x, y);
  expect(checkGradients(net, x, y)).toMatchObject({ passed: true });
});

test('a step that is refused changes no state', () => {
  for (const optimizer of [sgd({ learningRate: 1 }), adam()]) {
    using net = made({ optimizer });
    net.step(x, y);
    const before = bits(net);
    // The variance of such a batch overflows float32, which the normalised values do not show.
    const wide = x.map((v) => v * 1e20);
    expect(() => net.step(wide, y)).toThrow(NotFiniteError);
    expect(bits(net)).toEqual(before);
  }
});

test('a fit that is refused changes no state either', async () => {
  using net = made();
  net.step(x, y);
  const before = bits(net);
  await expect(net.fit({ x: x.map((v) => v * 1e20), y }, { epochs: 2, batchSize: ROWS })).rejects.toThrow(NotFiniteError);
  expect(bits(net)).toEqual(before);
});

test('reset, freeze and early stopping take the states along', async () => {
  using net = made();
  const begun = bits(net);
  for (let i = 0; i < 3; i++) net.step(x, y);
  using frozen = net.freeze();
  const predicted = [...net.predict(x)];
  for (let i = 0; i < 3; i++) net.step(x, y);
  expect([...frozen.predict(x)]).toEqual(predicted);
  expect([...net.predict(x)]).not.toEqual(predicted);
  net.reset();
  expect(bits(net)).toEqual(begun);
  const seen: number[][][] = [bits(net)];
  const { best } = await net.fit(
    { x, y },
    {
      epochs: 6,
      batchSize: 2,
      earlyStopping: { patience: 2, monitor: ({ epoch }) => Math.abs(epoch - 2) },
      onEpoch: () => void seen.push(bits(net)),
    },
  );
  expect(best?.epoch).toBe(2);
  expect(bits(net)).toEqual(seen[2]);
});

describe('files', () => {
  test('a loaded network predicts and trains on to the same bits', () => {
    using net = made();
    for (let i = 0; i < 3; i++) net.step(x, y);
    using loaded = load(save(net, { optimizerState: true })) as Network<Values>;
    expect(bits(loaded)).toEqual(bits(net));
    expect([...loaded.predict(x)]).toEqual([...net.predict(x)]);
    expect(loaded.step(x, y)).toBe(net.step(x, y));
    expect(bits(loaded)).toEqual(bits(net));
    expect(toJSON(loaded)).toEqual(toJSON(net));
    expect(summary(loaded)).toBe(summary(net));
  });

  test('a network made of the JSON begins as the first one began', () => {
    using net = made();
    using same = fromJSON(JSON.stringify(toJSON(net))) as Network<Values>;
    expect(bits(same)).toEqual(bits(net));
    same.step(x, y);
    net.step(x, y);
    expect(bits(same)).toEqual(bits(net));
  });

  test.each([
    ['an update of what is no state', (json: Json) => (json.layers[0].updates[0].state = 0), /state is 0, expected a state/],
    ['an update to another shape', (json: Json) => (json.layers[0].updates[0].next = 0), /next is 0, expected a node of the state's shape \[3\]/],
    ['a parameter that is none', (json: Json) => (json.layers[0].parameters.gains = 0), /gains is 0, expected a parameter or a state/],
  ])('%s is refused', (_, change, message) => {
    using net = made();
    const json = JSON.parse(JSON.stringify(toJSON(net)));
    change(json);
    expect(() => fromJSON(json)).toThrow(message);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: JSON to be damaged.
type Json = any;

test('it is shown by its kind, its parameters and its states', () => {
  using net = made();
  expect(summary(net)).toContain('norm1   norm   identity    gains [3], offsets [3], mean [3], variance [3]  [rows, 3]           6');
  expect(summary(net)).toContain('32 parameters, 6 numbers not trained, meanSquaredError');
  expect(String(net)).toBe('Network 3 → 3 → 4 tanh → 2, 32 parameters');
  expect(toMermaid(net)).toContain('"norm1<br>norm [rows, 3]"');
  expect(toDot(net)).toContain('norm1\\nnorm [rows, 3]');
  expect(net.parameterNames).toEqual(['norm1.gains', 'norm1.offsets', 'dense1.weights', 'dense1.biases', 'dense2.weights', 'dense2.biases']);
  expect(graph(net).parameters).toHaveLength(6);
});

test('its views are live, by name', () => {
  using net = made();
  const [own] = net.layers;
  expect(Object.keys(own?.parameters ?? {})).toEqual(['gains', 'offsets', 'mean', 'variance']);
  expect(own?.parameters.mean).toMatchObject({ name: 'norm1.mean', shape: [3], isTrained: false });
  expect(own?.parameters.gains).toMatchObject({ name: 'norm1.gains', isTrained: true });
  net.parameter('norm1.mean').set([1, 2, 3]);
  expect([...(own?.parameters.mean?.values ?? [])]).toEqual([1, 2, 3]);
  expect(() => own?.parameters.mean?.gradient).toThrow(/it is a state, which no gradient changes/);
  expect(() => own?.weights).toThrow(/layers: norm1 has no weights; it has gains, offsets, mean, variance/);
  expect(own?.biases).toBeUndefined();
});

test('applied twice, it goes on from what its first application left', () => {
  const twice = norm();
  const a = input(3);
  using net = network({ inputs: a, outputs: twice(twice(a)), loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), build: 'simd' });
  const batch = statistics(x, 3);
  const first = normalize(x, [1, 1, 1], [0, 0, 0], batch);
  net.step(
    x,
    Float32Array.from(x, () => 0),
  );
  close(
    net.parameter('norm1.mean').values,
    statistics(first, 3).mean.map((m, j) => KEPT * (1 - KEPT) * (batch.mean[j] as number) + (1 - KEPT) * m),
  );
  using loaded = load(save(net));
  expect(toJSON(loaded)).toEqual(toJSON(net));
});

test('networks without states or modes run the programs they ran', () => {
  using net = sequential(3, [dense(4, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam() });
  expect(explain(net)).not.toMatch(/Copy|Magnitude/);
  using other = made();
  expect(explain(other).match(/ Copy /g)).toHaveLength(2);
});

describe('what a layer of one gives', () => {
  const use = (apply: (x: Node) => unknown) => () => sequential(3, [layer('own', apply as (x: Node) => Node)]);
  test.each([
    ['the input itself', use((a) => a), /own: the output is the input itself/],
    ['nothing', use(() => undefined), /own: apply gave undefined, expected a node, or \{ output, parameters, … \}/],
    [
      'a parameter that is no parameter',
      use((a) => ({ output: mul(a, a), parameters: { p: a } })),
      /own: parameters\.p is a node.*, expected a node of parameter\(\) or state\(\)|own: parameters\.p is/,
    ],
    ['a node that is none', use((a) => ({ output: mul(a, a), nodes: { z: 3 } })), /own: nodes\.z is 3, expected a node/],
    [
      'an attribute that is no text',
      use((a) => ({ output: mul(a, a), attributes: { rate: 0.5 } })),
      /own: attributes\.rate is 0\.5, expected a string/,
    ],
    [
      'an update of a parameter',
      use((a) => ({ output: mul(a, a), updates: [{ state: parameter(3), next: (v: Node) => v }] })),
      /own: updates has .*, expected \{ state, next \}/,
    ],
    [
      'an update to another shape',
      use((a) => ({ output: mul(a, a), updates: [{ state: state(3), next: () => parameter(2) }] })),
      /expected the shape \[3\]/,
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(NeuriteError);
    expect(act).toThrow(message);
  });

  test('a kind that is no word', () => expect(() => layer('', (a) => a)).toThrow(ValueError));

  test('a sum over rows outside of training is refused, and says what to do', () => {
    const summing: Layer = layer('sums', (a) => mul(a, meanRows(a)));
    expect(() => sequential(3, [summing])).toThrow(/expected rows that are independent in predictions; byMode\(training, prediction\)/);
  });
});

test('a layer that is called during a fit leaves the network busy as ever', async () => {
  using net = made();
  const errors: unknown[] = [];
  await net.fit(
    { x, y },
    {
      epochs: 1,
      onEpoch: () => {
        try {
          net.parameter('norm1.mean').set([0, 0, 0]);
        } catch (error) {
          errors.push(error);
        }
      },
    },
  );
  expect(errors).toEqual([expect.any(BusyError)]);
});
