import {
  add,
  constant,
  dense,
  div,
  exp,
  input,
  log,
  meanSquaredError,
  mul,
  type Network,
  NotFiniteError,
  named,
  network,
  parameter,
  relu,
  scale,
  sequential,
  sgd,
  softmax,
  sqrt,
  squaredError,
} from 'neurite';
import { describe, expect, test } from 'vitest';

/** What a call throws. */
function thrown(call: () => unknown): NotFiniteError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(NotFiniteError);
    return error as NotFiniteError;
  }
  throw new Error('nothing was thrown');
}

describe('debug: true', () => {
  const x = input(2, 'x');
  const shifted = named(add(x, constant([0.5, 0])), 'shifted');

  test('names the first node and row where the log of a negative is taken, by whatever call', () => {
    const net = network({ inputs: x, outputs: relu(dense(3)(log(shifted))), debug: true });
    const rows = [
      [1, 2],
      [0.25, 3],
      [2, -4],
      [-1, 1],
    ];
    for (const call of ['predict', 'logits', 'classify'] as const) {
      const error = thrown(() => (net[call] as (x: number[][]) => unknown)(rows));
      expect(error.message).toBe(`${call}: log1 [rows, 2] is NaN in row 2, feature 1, where shifted is -4`);
      expect(error.where).toEqual({
        name: 'log1',
        shape: '[rows, 2]',
        value: Number.NaN,
        row: 2,
        index: 1,
        inputs: [{ name: 'shifted', value: -4 }],
      });
    }
    expect(net.predict([[1, 2]])).toHaveLength(1);
    net.dispose();
  });

  test('changes no result where all is finite', () => {
    const build = (debug: boolean) =>
      sequential(2, [dense(5, 'gelu'), dense(2, 'softmax')], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 3, debug });
    const [plain, careful] = [build(false), build(true)];
    const all = [plain, careful].map((net) => {
      const losses = [1, 2, 3].map(() =>
        net.step(
          [
            [1, 2],
            [0, -1],
          ],
          [
            [0, 1],
            [1, 0],
          ],
        ),
      );
      return [
        losses,
        net.gradient([[1, 2]], [[0, 1]]),
        [...net.parameters],
        [...net.gradients],
        net.predict([[0.3, 0.4]]),
        net.classify([[0.3, 0.4]]),
      ];
    });
    expect(all[1]).toEqual(all[0]);
    for (const net of [plain, careful]) net.dispose();
  });

  test('a quotient by zero, with both of its operands', () => {
    const y = input(2, 'y');
    const net = network({ inputs: [x, y], outputs: div(x, y), debug: true });
    expect(
      thrown(() =>
        net.predict([
          [1, 2],
          [3, 0],
        ]),
      ).message,
    ).toBe('predict: div1 [rows, 2] is Infinity in row 0, feature 1, where x is 2 and y is 0');
    net.dispose();
  });

  test('an infinity that vanishes on the way is none to report, one that becomes NaN is', () => {
    const masked = network({ inputs: x, outputs: softmax(add(x, constant([0, Number.NEGATIVE_INFINITY]))), debug: true });
    expect(masked.predict([[1, 2]])).toEqual([[1, 0]]);
    const lost = network({ inputs: x, outputs: mul(exp(x), scale(x, 0)), debug: true });
    expect(thrown(() => lost.predict([[1, 1000]])).message).toBe('predict: exp1 [rows, 2] is Infinity in row 0, feature 1, where x is 1000');
    for (const net of [masked, lost]) net.dispose();
  });

  test('a parameter that is not finite comes first', () => {
    const net = sequential(2, [dense(3, 'tanh', { name: 'hidden' }), dense(1)], { debug: true });
    net.parameter('hidden.weights').values[4] = Number.NaN;
    expect(thrown(() => net.predict([[1, 2]])).message).toBe('predict: hidden.weights [3, 2] is NaN at 4');
    net.dispose();
  });

  test('in a gradient: the node at which ∂L/∂node is none, though the loss is', () => {
    const p = parameter(2, { name: 'p', init: () => ({ kind: 'constant', value: 0 }) });
    const net = network({ inputs: x, outputs: mul(x, sqrt(p)), loss: squaredError(), debug: true });
    const error = thrown(() => net.gradient([[1, 2]], [[1, 1]]));
    expect(error.message).toBe('gradient: ∂L/∂p [2] is -Infinity at 0, where p is 0');
    net.dispose();
  });

  function diverging(debug: boolean): Network {
    const hidden = named(exp(dense(2, 'identity', { name: 'first' })(x)), 'grown');
    return network({ inputs: x, outputs: dense(1)(hidden), loss: meanSquaredError(), optimizer: sgd({ learningRate: 1 }), debug });
  }

  test('a step: the parameters are as before it', () => {
    const net = diverging(true);
    const before = net.parameters.slice();
    const error = thrown(() =>
      net.step(
        [
          [1, 2],
          [1000, -1000],
        ],
        [[1], [2]],
      ),
    );
    expect(error.message).toMatch(/^step: grown \[rows, 2\] is Infinity in row 1, feature \d, where first\.z is \d+/);
    expect(error.step).toBe(1);
    expect(net.parameters).toEqual(before);
    net.dispose();
  });

  test('a fit: the batch that it stopped at', async () => {
    const net = diverging(true);
    const data = {
      x: [
        [0.1, 0.2],
        [0.2, 0.1],
        [800, -900],
        [0.1, 0.1],
      ],
      y: [[1], [1], [1], [1]],
    };
    const error = await net.fit(data, { batchSize: 2, shuffle: false, learningRate: 1e-3 }).then(
      () => undefined,
      (reason: NotFiniteError) => reason,
    );
    expect(error?.message).toMatch(/^fit: grown \[rows, 2\] is Infinity in row 0, feature \d, where first\.z is .* in step 2 of epoch 1$/);
    expect([error?.step, error?.epoch]).toEqual([2, 1]);
    expect(net.parameters.every(Number.isFinite)).toBe(true);
    net.dispose();
  });

  test('without it the error says that there is such an option', () => {
    const net = diverging(false);
    const error = thrown(() => net.step([[1000, -1000]], [[1]]));
    expect(error.where).toBeUndefined();
    expect(error.message).toContain('debug: true');
    net.dispose();
  });

  test('what is wrong with the data comes first', () => {
    const net = diverging(true);
    expect(() => net.step([[1, Number.NaN]], [[1]])).toThrow(/element|row/);
    expect(() => net.predict([[1, 2, 3]])).toThrow('predict: row 0 of x has 3 numbers, expected 2');
    net.dispose();
    expect(() => net.predict([[1, 2]])).toThrow(/disposed/);
  });
});
