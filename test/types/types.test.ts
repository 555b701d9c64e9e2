/** What the types tell before anything runs. The type checker is the test: `npm run typecheck` reads this file, running it shows little. */

import {
  type AnyNetwork,
  type AnyTargets,
  adam,
  add,
  binaryCrossEntropy,
  crossEntropy,
  type DatasetLiteral,
  dataset,
  dense,
  type FitOptions,
  fromJSON,
  input,
  load,
  meanSquaredError,
  type Network,
  type Node,
  network,
  type Predictor,
  save,
  sequential,
  squaredError,
  type Targets,
  toJSON,
  type Values,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hessian, hvp, inputGradient, jacobian, jvp, perSampleGradients, vjp } from 'neurite/derivatives';
import { trace } from 'neurite/inspect';
import { int8 } from 'neurite/int8';
import { type AnyPopulation, loadPopulation, type Population, population, savePopulation } from 'neurite/population';
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
    expect(() => net.step(x, 2)).toThrow('y is the number 2, expected a list of 1 × 1 values');
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
    expectTypeOf(both).toEqualTypeOf<Network<readonly Targets[], 1, 2>>();
    both.step(x, [[1], [2]]);
    unmade(() => {
      // @ts-expect-error two losses have a list of targets
      both.step(x, Float32Array.of(1));
      // @ts-expect-error names are no class ids
      both.step(x, [[1], ['setosa']]);
    });
    // @ts-expect-error the file may say otherwise, the caller says it: load<1, 2>(bytes)
    expectTypeOf(load(save(both))).toEqualTypeOf<typeof both>();
    expectTypeOf(load(save(both))).toEqualTypeOf<Network>();
    expectTypeOf(load<1, 2>(save(both))).toEqualTypeOf<Network<AnyTargets, 1, 2>>();
    const options = { quantize: int8, build: 'simd' } as const;
    expectTypeOf(load(save(both.freeze({ quantize: int8 })), options)).toEqualTypeOf<Predictor>();
    expectTypeOf(load<1, 2>(save(both), { quantize: int8 })).toEqualTypeOf<Predictor<1, 2>>();
    expectTypeOf(load(save(both), { build: 'simd' })).toEqualTypeOf<Network>();
    expectTypeOf(fromJSON<1, 2>(toJSON(both))).toEqualTypeOf<Network<AnyTargets, 1, 2>>();
    expectTypeOf<Network>().toEqualTypeOf<Network<AnyTargets, 1, 1>>();
  });

  test('a list of losses: the targets of the only one, or a list of those of several', () => {
    const a = input(4);
    const outputs = [dense(1)(a), dense(1)(a)] as const;
    expectTypeOf(network({ inputs: a, outputs: outputs[0], loss: [meanSquaredError()] })).toEqualTypeOf<Network<Values, 1, 1>>();
    const weighted = network({ inputs: a, outputs, loss: [{ loss: meanSquaredError(), weight: 0.5 }, squaredError()] });
    expectTypeOf(weighted).toEqualTypeOf<Network<readonly Values[], 1, 2>>();
    // An output without a loss has no target: the list is as long as the losses are many, which a type of any targets allows for.
    const partial = network({ inputs: a, outputs, loss: [undefined, meanSquaredError()] });
    expectTypeOf(partial).toEqualTypeOf<Network<AnyTargets, 1, 2>>();
    expect(partial.gradient(x, [1])).toBeGreaterThanOrEqual(0);
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
    expectTypeOf(net.predict(x)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf(net.predict(new Uint8Array(4))).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf(net.predict([0, 0, 0, 0])).toEqualTypeOf<number[]>();
    expectTypeOf(net.predict([[0, 0, 0, 0]])).toEqualTypeOf<number[][]>();
    expectTypeOf(net.logits(x)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  });

  test('classify: rows give an array; flat numbers may be one row or several', () => {
    expectTypeOf(net.classify([[0, 0, 0, 0]])).toEqualTypeOf<Uint32Array<ArrayBuffer>>();
    expectTypeOf(net.classify(x)).toEqualTypeOf<number | Uint32Array<ArrayBuffer>>();
    expect(net.classify([[0, 0, 0, 0]])).toEqual(Uint32Array.of(0));
    expect(net.classify(x)).toBe(0);
    expectTypeOf(net.freeze().classify([[0, 0, 0, 0]])).toEqualTypeOf<Uint32Array<ArrayBuffer>>();
  });
});

type Floats = Float32Array<ArrayBuffer>;

describe('results follow the inputs and outputs of the network', () => {
  const [a, b] = [input(2, 'a'), input(2, 'b')];
  const rows = Float32Array.of(1, 2);
  const apart = network({ inputs: a, outputs: [dense(3, 'softmax')(a), dense(1)(a)] });
  const joined = network({ inputs: [a, b], outputs: dense(1)(add(a, b)), loss: meanSquaredError(), optimizer: adam() });
  const both = network({ inputs: [a, b], outputs: [dense(1)(a), dense(1)(b), add(a, b)] });

  test('one of each, as a node or as a list of one', () => {
    expectTypeOf(network({ inputs: a, outputs: dense(1)(a) })).toEqualTypeOf<Network>();
    expectTypeOf(network({ inputs: [a], outputs: [dense(1)(a)] })).toEqualTypeOf<Network>();
    expect(network({ inputs: [a], outputs: [dense(1)(a)] }).predict(rows)).toBeInstanceOf(Float32Array);
    unmade(() => {
      // @ts-expect-error one input has no list of several
      sequential(2, [dense(1)]).predict([rows, rows]);
      // @ts-expect-error text is no input
      sequential(2, [dense(1)]).predict('1, 2');
    });
  });

  test('one input, two outputs: a list of two', () => {
    expectTypeOf(apart).toEqualTypeOf<Network<AnyTargets, 1, 2>>();
    expectTypeOf(apart.predict(rows)).toEqualTypeOf<[Floats, Floats]>();
    expectTypeOf(apart.predict([1, 2])).toEqualTypeOf<[number[], number[]]>();
    expectTypeOf(apart.predict([[1, 2]])).toEqualTypeOf<[number[][], number[][]]>();
    expectTypeOf(apart.logits(rows)).toEqualTypeOf<[Floats, Floats]>();
    expectTypeOf(apart.freeze()).toEqualTypeOf<Predictor<1, 2>>();
    expectTypeOf(apart.freeze().predict(rows)).toEqualTypeOf<[Floats, Floats]>();
    expectTypeOf(apart.classify([[1, 2]])).toEqualTypeOf<Uint32Array<ArrayBuffer>>();
    const [classes, value] = apart.predict(rows);
    expect([classes.length, value.length]).toEqual([3, 1]);
    unmade(() => {
      // @ts-expect-error it gives a list
      apart.predict(rows).fill(0);
      // @ts-expect-error one array has no room for two outputs
      apart.predict(rows, new Float32Array(4));
      // @ts-expect-error it has one input
      apart.predict([rows, rows]);
    });
  });

  test('two inputs, one output: from a list, the form of the first', () => {
    expectTypeOf(joined).toEqualTypeOf<Network<Values, 2, 1>>();
    expectTypeOf(joined.predict([rows, rows])).toEqualTypeOf<Floats>();
    expectTypeOf(
      joined.predict([
        [1, 2],
        [3, 4],
      ]),
    ).toEqualTypeOf<number[]>();
    expectTypeOf(joined.predict([[[1, 2]], [[3, 4]]])).toEqualTypeOf<number[][]>();
    expectTypeOf(joined.logits([rows, rows])).toEqualTypeOf<Floats>();
    expectTypeOf(joined.classify([[[1, 2]], [[3, 4]]], { threshold: 0.5 })).toEqualTypeOf<Uint32Array<ArrayBuffer>>();
    expectTypeOf(joined.classify([rows, rows], { threshold: 0.5 })).toEqualTypeOf<number | Uint32Array<ArrayBuffer>>();
    expectTypeOf(joined.freeze().predict([rows, rows])).toEqualTypeOf<Floats>();
    const out = new Float32Array(1);
    expectTypeOf(joined.predict([rows, rows], out)).toEqualTypeOf(out);
    expect(joined.predict([rows, rows], out)).toBe(out);
    expect(
      joined.predict([
        [1, 2],
        [3, 4],
      ]),
    ).toHaveLength(1);
    expect(joined.predict([[[1, 2]], [[3, 4]]])[0]).toHaveLength(1);
    expect(joined.classify([[[1, 2]], [[3, 4]]], { threshold: 0.5 })).toBeInstanceOf(Uint32Array);
    unmade(() => {
      // @ts-expect-error two inputs are a list
      joined.predict(rows);
      // @ts-expect-error the same
      joined.logits(rows);
      // @ts-expect-error the same
      joined.classify(rows);
      // @ts-expect-error the same
      joined.freeze().predict(rows);
    });
  });

  test('two inputs, three outputs', () => {
    expectTypeOf(both).toEqualTypeOf<Network<AnyTargets, 2, 3>>();
    expectTypeOf(both.predict([rows, rows])).toEqualTypeOf<[Floats, Floats, Floats]>();
    expect(both.predict([rows, rows])).toHaveLength(3);
  });

  test('training takes what the network does', async () => {
    expectTypeOf(joined.step([rows, rows], [1])).toEqualTypeOf<number>();
    joined.gradient([rows, rows], [1]);
    await joined.fit({ x: [rows, rows], y: [1] }, { validationData: { x: [rows, rows], y: [1] } });
    await joined.fit(dataset({ x: [rows, rows], y: [1] }));
    expect(joined.evaluate({ x: [rows, rows], y: [1] }).loss).toBeGreaterThanOrEqual(0);
    const declared: DatasetLiteral<Values, readonly Values[]> = { x: [rows, rows], y: [1] };
    joined.evaluate(declared);
    trace(joined, [rows, rows], [1]);
    expect(checkGradients(joined, [rows, rows], [1]).toString()).toBeTypeOf('string');
    unmade(() => {
      // @ts-expect-error two inputs are a list
      joined.step(rows, [1]);
      // @ts-expect-error the same
      joined.gradient(rows, [1]);
      // @ts-expect-error the same
      trace(joined, rows);
      // @ts-expect-error the same in a data set
      joined.fit({ x: rows, y: [1] });
      // @ts-expect-error the same
      joined.evaluate({ x: rows, y: [1] });
      // @ts-expect-error the same
      checkGradients(joined, rows, [1]);
      // @ts-expect-error one input is no list
      sequential(2, [dense(1)], { loss: meanSquaredError() }).step([rows, rows], [1]);
    });
  });

  test('derivatives, too', () => {
    const net = sequential(2, [dense(1)], { loss: meanSquaredError() });
    expectTypeOf(inputGradient(net, rows, [1])).toEqualTypeOf<Floats>();
    expectTypeOf(inputGradient(joined, [rows, rows], [1])).toEqualTypeOf<[Floats, Floats]>();
    expectTypeOf(vjp(net, rows, [1]).inputs).toEqualTypeOf<[Floats]>();
    expectTypeOf(vjp(joined, [rows, rows], [1]).inputs).toEqualTypeOf<[Floats, Floats]>();
    expectTypeOf(jvp(joined, [rows, rows], { x: [rows, rows] })).toEqualTypeOf<{ value: Floats; tangent: Floats }>();
    expectTypeOf(jacobian(joined, [rows, rows], { input: 1 })).toEqualTypeOf<Floats>();
    expectTypeOf(hvp(joined, [rows, rows], [1], joined.gradients)).toEqualTypeOf<Floats>();
    expectTypeOf(hessian(joined, [rows, rows], [1])).toEqualTypeOf<Floats>();
    expectTypeOf(perSampleGradients(joined, [rows, rows], [1])).toEqualTypeOf<Floats>();
    expect(inputGradient(joined, [rows, rows], [1])).toHaveLength(2);
    expect(vjp(net, rows, [1]).inputs).toHaveLength(1);
    unmade(() => {
      // @ts-expect-error two inputs are a list
      inputGradient(joined, rows, [1]);
      // @ts-expect-error the same
      vjp(joined, rows, [1]);
      // @ts-expect-error the same
      jacobian(joined, rows);
      // @ts-expect-error the direction is one of each input
      jvp(joined, [rows, rows], { x: rows });
      // @ts-expect-error one input has a direction of its own
      jvp(net, rows, { x: [rows, rows] });
    });
  });

  test('lists whose length is not known: one or a list', () => {
    const inputs: Node[] = [a, b];
    const net = network({ inputs, outputs: inputs.map((node) => dense(1)(node)) });
    expectTypeOf(net).toEqualTypeOf<Network<AnyTargets, number, number>>();
    const [first] = net.predict([rows, rows]) as Floats[];
    expect(first).toHaveLength(1);
    expectTypeOf(net.predict([rows, rows])).toEqualTypeOf<Floats | Floats[]>();
  });

  test('AnyNetwork is each of them, and each is no other', () => {
    const widths = (net: AnyNetwork) => [net.inFeatures, net.outFeatures];
    expect([apart, joined, both].map(widths)).toEqual([
      [2, 3],
      [2, 1],
      [2, 1],
    ]);
    unmade(() => {
      // @ts-expect-error two outputs
      const one: Network = apart;
      // @ts-expect-error two inputs
      const other: Network = joined;
      // @ts-expect-error two outputs are not three
      const three: Network<AnyTargets, 1, 3> = apart;
      return [one, other, three];
    });
  });
});

test('what is returned goes into a Blob, views included', () => {
  const net = sequential(2, [dense(1)], { loss: meanSquaredError(), optimizer: adam() });
  const { weights, biases } = net.layer('dense1');
  const views = [net.parameters, net.gradients, net.input, net.output, weights, net.parameter('dense1.weights').values];
  const blob = new Blob([net.predict(Float32Array.of(1, 2)), save(net), ...views, ...(biases ? [biases] : [])]);
  expect(blob.size).toBeGreaterThan(0);
});

test('fit takes the AbortSignal of the platform, and what is like it', () => {
  expectTypeOf<AbortSignal>().toExtend<NonNullable<FitOptions['signal']>>();
  // @ts-expect-error a function is no signal
  expectTypeOf<() => void>().toExtend<NonNullable<FitOptions['signal']>>();
});

describe('populations', () => {
  const floats = expectTypeOf(new Float32Array(1));

  test('a net of one is a network of the same inputs, outputs and targets', () => {
    const net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
    const nets = population(net, 2);
    const one = nets.network(1);
    expectTypeOf(one).toEqualTypeOf<typeof net>();
    floats.toEqualTypeOf(one.predict(x));
    floats.toEqualTypeOf(nets.predict(x));
    floats.toEqualTypeOf(
      nets.predictEach(
        [
          [1, 2, 3, 4],
          [1, 2, 3, 4],
        ],
        new Float32Array(6),
      ),
    );
    floats.toEqualTypeOf(nets.ensemble(x).mean);
    floats.toEqualTypeOf(loadPopulation(savePopulation(nets)).network(0).predict(x));
    const any: AnyPopulation = nets;
    const some: Population = nets;
    expect([any.count, some.count]).toEqual([2, 2]);
    unmade(() => {
      const values = population(sequential(2, [dense(1)], { loss: meanSquaredError() }), 2);
      // @ts-expect-error a mean squared error has no class ids
      return values.step(x, 1);
    });
  });

  test('several outputs are a list', () => {
    const [a, b] = [input(2), input(3)];
    const nets = population(network({ inputs: [a, b], outputs: [dense(2)(a), dense(1)(b)] }), 2);
    const given = [Float32Array.of(1, 2), Float32Array.of(1, 2, 3)];
    const [first, second] = nets.predict(given);
    floats.toEqualTypeOf(first);
    floats.toEqualTypeOf(nets.ensemble(given).deviation[1]);
    const loaded = loadPopulation<2, 2>(savePopulation(nets)).network(1).predict(given);
    expect([first.length, second.length, loaded.length]).toEqual([4, 2, 2]);
    unmade(() => {
      // @ts-expect-error two inputs are a list
      nets.predict(x);
      // @ts-expect-error what is filled has one output
      nets.predict(given, x);
      // @ts-expect-error two outputs
      const one: Population = nets;
      return one;
    });
  });
});
