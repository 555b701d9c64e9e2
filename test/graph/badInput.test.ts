/** What users get wrong about graphs: every error says what came and what was expected, and nothing half-built stays. */

import {
  abs,
  add,
  binaryCrossEntropy,
  clip,
  concat,
  constant,
  crossEntropy,
  dense,
  div,
  dot,
  gelu,
  input,
  leakyRelu,
  matmul,
  max,
  maximum,
  mean,
  meanSquaredError,
  minimum,
  mul,
  NeuriteError,
  type Node,
  network,
  parameter,
  pow,
  ShapeError,
  scale,
  sequential,
  shift,
  slice,
  softmax,
  square,
  sub,
  sum,
  ValueError,
} from 'neurite';
import { hessian, hvp, inputHessian, jacobian, jvp, vjp } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';

const a = input(3, 'a');
const b = input(4, 'b');
const no = (value: unknown) => value as Node;

describe('shapes that do not fit name both nodes', () => {
  test.each([add, sub, mul, div, maximum, minimum, dot].map((f) => [f.name, f] as const))('%s', (name, f) => {
    const op = name === 'dot' ? 'mul' : name;
    expect(() => f(a, b)).toThrow(
      new ShapeError(`${op}: a [rows, 3] and b [rows, 4] have shapes that fit neither each other nor a broadcast over rows or a single feature`),
    );
    expect(() => f(a, parameter(2, { name: 'p' }))).toThrow(/: a \[rows, 3\] and p \[2\] have shapes/);
    expect(() => f(parameter([2, 3], { name: 'm' }), a)).toThrow(/: m \[2, 3\] and a \[rows, 3\] have shapes/);
  });

  test('matmul, concat, dense', () => {
    expect(() => matmul(a, parameter([4, 2], { name: 'w' }))).toThrow(
      'matmul: a [rows, 3] has 3 columns and w [4, 2] has 4 rows; they must be equal',
    );
    expect(() => matmul(a, parameter(3, { name: 'v' }))).toThrow(/matmul: .*\[3\] is a vector, expected a batch or a matrix/);
    expect(() => concat(a, parameter(2, { name: 'p' }))).toThrow('concat: a [rows, 3] and p [2] cannot stand side by side');
    const layer = dense(2, 'tanh', { name: 'enc' });
    layer(a);
    expect(() => layer(b)).toThrow('enc: input b [rows, 4] has 4 features, expected 3, as a [rows, 3] has, to which this layer was applied first');
    expect(() => layer(parameter(3, { name: 'p' }))).toThrow('enc: p [3] is no batch, expected [rows, features]');
  });

  test('features that are not there', () => {
    expect(() => slice(a, 1, 5)).toThrow(new ValueError('slice: features 1 to 5 of 3, expected whole numbers 0 ≤ start < end ≤ 3'));
    expect(() => slice(a, 2, 2)).toThrow(ValueError);
    expect(() => slice(a, 0.5, 2)).toThrow(ValueError);
    expect(() => concat()).toThrow(/no nodes came/);
  });
});

describe('what is no node, or no number', () => {
  const unary = {
    abs,
    max,
    gelu,
    mean,
    softmax,
    square,
    sum,
    concat,
    scale: (x: Node) => scale(x, 2),
    shift: (x: Node) => shift(x, 2),
    dense: (x: Node) => dense(2)(x),
  };
  test.each(Object.entries(unary))('%s of a number, an array, nothing', (_, f) => {
    for (const value of [3, [1, 2], undefined, null, 'x', dense(3)]) {
      let error: unknown;
      try {
        f(no(value));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(NeuriteError);
      expect((error as Error).message).toMatch(/: (its operand|operand 0) is .*, expected a node/);
    }
  });

  test.each([add, sub, mul, div, maximum, minimum, dot, matmul].map((f) => [f.name, f] as const))('%s', (_, f) => {
    expect(() => f(a, no(3))).toThrow(/operand 1 is 3, expected a node, such as input\(4\)/);
    expect(() => f(no([1, 2, 3]), a)).toThrow(/operand 0 is an array of 3, expected a node/);
  });

  test('constants of ops', () => {
    for (const value of [Number.NaN, '2', undefined, null]) {
      for (const f of [scale, shift, pow, leakyRelu]) {
        // What is left out has its default.
        if (value === undefined && f === leakyRelu) continue;
        expect(() => f(a, value as number)).toThrow(/a constant is .*, expected a number/);
      }
    }
    expect(() => clip(a, 2, 1)).toThrow('clip: bounds are [2, 1], expected low ≤ high');
    expect(() => clip(a, Number.NaN, 1)).toThrow(ValueError);
  });
});

describe('graphs that are none', () => {
  test('an input that is not listed, used by none, listed twice, or no input', () => {
    expect(() => network({ inputs: a, outputs: mul(a, dense(3)(b)) })).toThrow(
      'network: the outputs depend on the input b [rows, 4], which is not among the inputs',
    );
    expect(() => network({ inputs: [a, b], outputs: square(a) })).toThrow(
      'network: no output depends on the input b [rows, 4]; leave it out, or use it',
    );
    expect(() => network({ inputs: [a, a], outputs: square(a) })).toThrow('network: one input came twice, expected each once');
    expect(() => network({ inputs: square(a), outputs: square(a) })).toThrow(
      'network: an input is square [rows, 3], expected a node made by input(features)',
    );
    expect(() => network({ inputs: no(undefined), outputs: a })).toThrow('network: an input is undefined, expected a node made by input(features)');
    expect(() => network({ inputs: [], outputs: a })).toThrow('network: 0 inputs and 1 outputs came, expected at least one of each');
  });

  test('an output that no input reaches, that is no batch, or no node', () => {
    const constantRows = add(matmul(scale(b, 0), constant(new Float32Array(8), [4, 2])), constant([1, 2]));
    expect(() => network({ inputs: a, outputs: [square(a), constantRows] })).toThrow(/depend on the input b/);
    const unreached = pow(sub(a, a), 0);
    expect(() => network({ inputs: a, outputs: [square(a), unreached] })).toThrow(
      /network: the output fill \[rows, 3\] depends on no input; it is the same for every row/,
    );
    expect(() => network({ inputs: a, outputs: [a, square(parameter(3, { name: 'p' }))] })).toThrow(
      'network: the output square [3] is no batch, expected [rows, features]',
    );
    expect(() => network({ inputs: a, outputs: no(3) })).toThrow('network: the output is 3, expected a node');
  });

  test('a product over the rows, by which one would depend on the others', () => {
    const across = matmul(a, matmul(a, a, true));
    expect(() => network({ inputs: a, outputs: across })).toThrow(
      'network: matmul [3, 3] adds up over the rows of a [rows, 3] and a [rows, 3], expected rows that are independent',
    );
  });

  test('a cycle cannot be made: what a node is made of stays as it is', () => {
    const y = square(a);
    expect(() => (y.inputs as Node[]).push(y)).toThrow(TypeError);
    expect(() => {
      (y.inputs as Node[])[0] = y;
    }).toThrow(TypeError);
  });

  test('a loss on an output of the wrong kind names both remedies', () => {
    const net = (activation: 'softmax' | 'sigmoid' | 'tanh', units: number, loss: Parameters<typeof sequential>[2]) => () =>
      sequential(3, [dense(units, activation)], loss);
    expect(net('tanh', 3, { loss: crossEntropy() })).toThrow(/give the last layer 'softmax', or use crossEntropy\(\{ fromLogits: true \}\)/);
    expect(net('softmax', 3, { loss: binaryCrossEntropy() })).toThrow(/binaryCrossEntropy: the output's activation is softmax, expected 'sigmoid'/);
    expect(net('softmax', 3, { loss: crossEntropy({ fromLogits: true }) })).toThrow(
      /the output already has softmax; remove that activation, or leave fromLogits out/,
    );
    expect(net('softmax', 1, { loss: crossEntropy() })).toThrow(/1 feature, expected one for each of at least 2 classes/);
    expect(() => network({ inputs: a, outputs: [square(a), abs(a)], loss: meanSquaredError() })).toThrow(/1 loss.* came for 2 outputs/);
    expect(() => network({ inputs: a, outputs: [square(a), abs(a)], loss: [{ loss: meanSquaredError(), weight: -1 }, undefined] })).toThrow(
      /the weight of loss 0 is -1, expected a positive number/,
    );
  });
});

describe('derivatives', () => {
  const net = network({ inputs: [a, b], outputs: [dense(2)(concat(a, b)), sum(a)], loss: [meanSquaredError(), undefined] });
  const x = [new Float32Array(6), new Float32Array(8)] as const;
  const y = new Float32Array(4);
  test.each<[string, () => unknown, RegExp]>([
    ['a missing input', () => jacobian(net, [new Float32Array(6)]), /x/],
    ['inputs of different rows', () => jacobian(net, [new Float32Array(6), new Float32Array(4)]), /x\[1\] has 1 row and x\[0\] has 2/],
    ['an output that is not there', () => jacobian(net, [...x], { output: 2 }), /jacobian: output is 2, expected one of 0 … 1/],
    ['an input that is not there', () => jacobian(net, [...x], { input: 5 }), /jacobian: input is 5, expected one of 0 … 1/],
    ['a vector of other rows', () => vjp(net, [...x], new Float32Array(2)), /vjp: v has 1 row and x has 2/],
    ['a vector of another width', () => vjp(net, [...x], new Float32Array(5)), /vjp: v has 5 numbers, expected a multiple of 2/],
    ['a direction of other parameters', () => jvp(net, [...x], { parameters: [1, 2] }), /jvp: v has 2 numbers, expected 16/],
    ['a direction of another width', () => jvp(net, [...x], { x: [new Float32Array(6), new Float32Array(6)] }), /direction\.x/],
    ['a vector of other parameters', () => hvp(net, [...x], y, [1]), /hvp: v has 1 number, expected 16/],
    ['the Hessian of a wide output', () => inputHessian(net, [...x]), /has 2 features, expected a scalar output/],
    ['targets of other rows', () => hessian(net, [...x], new Float32Array(2)), /rows/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(NeuriteError);
    expect(call).toThrow(message);
    // The next call is as if nothing had been.
    expect(jacobian(net, [...x], { output: 1, input: 0 })).toEqual(new Float32Array(6).fill(1));
  });
});
