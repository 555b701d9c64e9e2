/** Definitions of one's own that misbehave: each is refused by a typed error, or does what it says, and no other network notices. */
import { createHash } from 'node:crypto';
import {
  add,
  byMode,
  constantInit,
  defineOptimizer,
  dense,
  exp,
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
  type OptimizerDefinition,
  optimizerState,
  save,
  scale,
  sequential,
  state,
  toJSON,
  ValueError,
  type Values,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { type Options, trainable, values } from './networks.js';

const X = [
  [1, 2, 3],
  [4, 5, 6],
];
const Y = [[1], [2]];
const made = (own: Layer, options: Partial<Options> = {}) => trainable([own, dense(1)], options);
const stateful = (updates: (a: Node, b: Node, x: Node) => Parameters<typeof layer>[1] extends (x: Node) => infer R ? R : never) =>
  layer('l', (x) => {
    const a = state(3, { init: constantInit(1) });
    const b = state(3, { init: constantInit(2) });
    return updates(a, b, x);
  });

describe('states', () => {
  test('all are read as they were before the step, in any order and form', () => {
    const swapped = made(
      stateful((a, b, x) => ({
        output: add(x, add(a, b)),
        parameters: { a, b },
        updates: [
          { state: a, next: () => b },
          { state: b, next: () => a },
        ],
      })),
    );
    swapped.step(X, Y);
    expect([values(swapped, 'l1.a'), values(swapped, 'l1.b')]).toEqual([
      [2, 2, 2],
      [1, 1, 1],
    ]);
  });

  test('an update made of what is not the network is refused, from a file too', () => {
    const z = input(3, 'z');
    const foreign = () => made(stateful((a, _, x) => ({ output: add(x, a), parameters: { a }, updates: [{ state: a, next: () => meanRows(z) }] })));
    expect(foreign).toThrow(NeuriteError);
    expect(foreign).toThrow(/depends on z \[rows, 3\], expected the network's inputs, parameters, states and constants only/);
  });

  test('a layer whose named node leads nowhere keeps its updates in a file', () => {
    const net = made(
      stateful((a, b, x) => ({ output: add(x, add(a, b)), parameters: { a, b }, nodes: { unused: exp(x) }, updates: [{ state: a, next: () => b }] })),
    );
    const loaded = load(save(net)) as Network<Values>;
    for (const one of [net, loaded]) one.step(X, Y);
    expect(values(loaded, 'l1.a')).toEqual([2, 2, 2]);
    expect(values(loaded, 'l1.a')).toEqual(values(net, 'l1.a'));
  });

  test("a layer that gives another layer's output is refused, and says what composes", () => {
    const block = layer('block', (x) => dense(2)(x));
    expect(() => made(block)).toThrow('block: the output is that of the layer dense, expected a node of its own; a plain function composes layers');
  });
});

describe('optimizers', () => {
  const own = (more: object, name = 'mine') =>
    defineOptimizer({ name, learningRate: 0.1, options: {}, update: ({ weights }: { weights: Node }) => ({ weights }), ...more } as never);

  test('slots that change between two questions are refused by load, and no memory is written', () => {
    const victim = sequential(4, [dense(8, 'gelu'), dense(2, 'softmax')], { seed: 1 });
    const before = [...victim.predict(new Float32Array([1, 2, 3, 4]))];
    const big = sequential(50, [dense(100)], { loss: meanSquaredError(), optimizer: own({ slots: () => ['a', 'b', 'c'] })() });
    const file = save(big, { optimizerState: true });
    let asked = 0;
    const fickle = own({ slots: () => (asked++ === 0 ? ['a', 'b', 'c'] : ['a']) });
    expect(() => load(file, { optimizers: [fickle] })).toThrow(NeuriteError);
    expect([...victim.predict(new Float32Array([1, 2, 3, 4]))]).toEqual(before);
  });

  test('without a bound, an update of many parameters that fails is undone each time, whatever the optimizer before it kept', () => {
    const update = ({ weights, gradient, slots }: { weights: Node; gradient: Node; slots: Record<string, Node> }) => ({
      weights: add(weights, scale(gradient, -1)),
      slots: Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, add(slot, scale(gradient, 1e20))])),
    });
    const keeping = (...slots: string[]) => own({ slots: () => slots, update })();
    // With two slots, more numbers than a step in a slice copies.
    const net = sequential(300, [dense(300)], { loss: meanSquaredError(), optimizer: keeping(), seed: 1 });
    const x = new Float32Array(300).fill(1);
    const small = new Float32Array(300);
    const large = new Float32Array(300).fill(1e22);
    const state = () => {
      const all = [net.parameters, ...Object.values(optimizerState(net).slots)];
      return createHash('sha256')
        .update(Buffer.concat(all.map((one) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength))))
        .digest('hex');
    };
    for (const names of [
      ['a', 'b'],
      ['a', 'b', 'c'],
      ['b', 'a'],
    ]) {
      net.configure({ optimizer: keeping(...names) });
      net.step(x, small);
      for (let i = 0; i < 2; i++) {
        const before = state();
        expect(() => net.step(x, large)).toThrow(NeuriteError);
        expect(state()).toBe(before);
        net.step(x, small);
        expect(state()).not.toBe(before);
      }
    }
  });

  test('a kernel is no part of a definition of one own', () => {
    expect(() => own({ kernel: () => ({}) } satisfies Partial<OptimizerDefinition> | object)).toThrow(ValueError);
  });

  test.each([
    ['a scalar that turns NaN', { bound: () => 1, scalars: () => ({ a: Number.NaN }) }],
    ['a scalar beyond float32', { bound: () => 1, scalars: () => ({ a: 1e300 }) }],
    ['slots without names', { slots: () => [''] }],
    ['slots that are numbers', { slots: () => [1] }],
  ])('%s is refused', (_, more) => {
    const update = ({ weights, scalars }: { weights: Node; scalars: { a?: Node } }) => ({ weights: scalars.a ? mul(weights, scalars.a) : weights });
    expect(() =>
      made(
        layer('double', (x) => scale(x, 2)),
        { optimizer: own({ update, ...more })() },
      ),
    ).toThrow(ValueError);
  });
});

test('a factor that only a run knows is in no prediction, from a file either', () => {
  const json = JSON.parse(JSON.stringify(toJSON(sequential(3, [dense(1)]))));
  const out = json.outputs[0];
  json.outputs = [json.nodes.push({ op: 'scaleBy', inputs: [out], attributes: { alpha: 1, factors: 1 } }) - 1];
  expect(() => fromJSON(json)).toThrow(/another number in each run/);
  // In training it is a mean.
  const net = made(layer('centred', (x) => byMode(add(x, scale(meanRows(x), -1)), scale(x, 1))));
  expect(() => net.step(X, Y)).not.toThrow();
});
