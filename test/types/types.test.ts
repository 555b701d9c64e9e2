/** What the types tell before anything runs. The type checker is the test: `npm run typecheck` reads this file, running it shows little. */
import {
  type AnyTargets,
  adam,
  binaryCrossEntropy,
  crossEntropy,
  type DatasetLiteral,
  dataset,
  dense,
  input,
  load,
  meanSquaredError,
  type Network,
  network,
  sequential,
  squaredError,
  type Targets,
  type Values,
} from 'neurite';
import { describe, expect, expectTypeOf, test } from 'vitest';

/** A call that is checked and never made. */
const unmade = (_call: () => unknown) => expect(_call).toBeTypeOf('function');

const x = new Float32Array(4);

test('an activation is one of the names, or a function of a node', () => {
  dense(3, 'relu');
  dense(3, (z) => z);
  unmade(() => {
    // @ts-expect-error "relux" is no Activation
    dense(3, 'relux');
    // @ts-expect-error case matters
    dense(3, 'Softmax');
    // @ts-expect-error a function of a node gives a node
    dense(3, () => 1);
    // @ts-expect-error a loss is made by a call
    sequential(2, [dense(2)], { loss: meanSquaredError });
    // @ts-expect-error no loss has a name here
    sequential(2, [dense(2)], { loss: 'meanSquaredError' });
    // @ts-expect-error "epoch" for "epochs"
    sequential(2, [dense(2)]).fit({ x, y: x }, { epoch: 3 });
  });
});

describe('the targets follow the loss', () => {
  test('crossEntropy: class ids or rows of probabilities', () => {
    const net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
    expectTypeOf(net).toEqualTypeOf<Network<Targets>>();
    net.step(x, 2);
    net.step(x, [2]);
    net.step(x, Uint8Array.of(2));
    net.step(x, [[0, 0, 1]]);
    unmade(() => {
      // @ts-expect-error names are no class ids
      net.step(x, ['setosa']);
      // @ts-expect-error there is one loss
      net.step(x, [[[0, 0, 1]]]);
    });
  });

  test.each([meanSquaredError(), squaredError()])('$name: values', (loss) => {
    const net = sequential(4, [dense(1)], { loss, optimizer: adam() });
    expectTypeOf(net).toEqualTypeOf<Network<Values>>();
    net.step(x, [2]);
    net.step(x, Float64Array.of(2));
    net.step(x, [[2]]);
    // @ts-expect-error a number alone is a class id
    expect(() => net.step(x, 2)).toThrow('y is the number 2, expected 1 × 1 values');
    // @ts-expect-error the same in a data set
    expect(() => net.evaluate({ x, y: 2 })).toThrow('y is the number 2');
  });

  test('binaryCrossEntropy: values', () => {
    expectTypeOf(sequential(4, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy() })).toEqualTypeOf<Network<Values>>();
  });

  test('no loss yet, several, or a network from a file: any', () => {
    expectTypeOf(sequential(4, [dense(1)])).toEqualTypeOf<Network>();
    expectTypeOf(sequential(4, [dense(1)], { seed: 3 })).toEqualTypeOf<Network>();
    const a = input(4);
    const both = network({
      inputs: a,
      outputs: [dense(1)(a), dense(3, 'softmax')(a)],
      loss: [meanSquaredError(), crossEntropy()],
      optimizer: adam(),
    });
    expectTypeOf(both).toEqualTypeOf<Network>();
    both.step(x, [[1], [2]]);
    expectTypeOf(load).returns.toEqualTypeOf<Network>();
    expectTypeOf<Network>().toEqualTypeOf<Network<AnyTargets>>();
  });

  test('what takes any network takes each', () => {
    const count = (net: Network) => net.parameterCount;
    expect(count(sequential(4, [dense(1)], { loss: meanSquaredError() }))).toBe(5);
    expect(count(sequential(4, [dense(2, 'softmax')], { loss: crossEntropy() }))).toBe(10);
  });

  test('a data set declared without more is of values, which each network takes', () => {
    const data: DatasetLiteral = { x, y: [1] };
    const net = sequential(4, [dense(1)], { loss: meanSquaredError() });
    expect(net.evaluate(data).loss).toBeGreaterThanOrEqual(0);
    expect(net.evaluate(dataset(data))).toEqual(net.evaluate(data));
  });
});

describe('results have the form of what they are asked with', () => {
  const net = sequential(4, [dense(3, 'softmax')]);

  test('predict', () => {
    expectTypeOf(net.predict(x)).toEqualTypeOf<Float32Array>();
    expectTypeOf(net.predict(new Uint8Array(4))).toEqualTypeOf<Float32Array>();
    expectTypeOf(net.predict([0, 0, 0, 0])).toEqualTypeOf<number[]>();
    expectTypeOf(net.predict([[0, 0, 0, 0]])).toEqualTypeOf<number[][]>();
    expectTypeOf(net.logits(x)).toEqualTypeOf<Float32Array>();
  });

  test('classify: rows give an array; flat numbers may be one row or several', () => {
    expectTypeOf(net.classify([[0, 0, 0, 0]])).toEqualTypeOf<Uint32Array>();
    expectTypeOf(net.classify(x)).toEqualTypeOf<number | Uint32Array>();
    expect(net.classify([[0, 0, 0, 0]])).toEqual(Uint32Array.of(0));
    expect(net.classify(x)).toBe(0);
    expectTypeOf(net.freeze().classify([[0, 0, 0, 0]])).toEqualTypeOf<Uint32Array>();
  });
});
