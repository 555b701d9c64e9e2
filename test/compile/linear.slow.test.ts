/** Compiling a network and reading its file take time in proportion to its nodes, for every kind of program. */

import {
  adam,
  add,
  crossEntropy,
  dense,
  fromJSON,
  input,
  load,
  meanSquaredError,
  type Network,
  network,
  type Optimizer,
  parameter,
  save,
  sequential,
  sgd,
  tanh,
  toJSON,
} from 'neurite';
import { hvp, jacobian, jvp, parameterJacobian, perSampleGradients, vjp } from 'neurite/derivatives';
import { explain, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { internals } from '../../src/network/network.js';
import { workOf } from './work.js';

/** Programs of so many tensors that all are planned in the same way (`MAX_COMPARED` in src/compile/plan.ts). */
const SIZES = [600, 1200] as const;

/** Twice the nodes take twice the work, and a little for what is n·log n. */
const TWICE = 2.3;

const x = [0.1, 0.2];
const y = [0.3, 0.4];

const chain = (layers: number, optimizer: Optimizer, debug = false) =>
  sequential(
    2,
    Array.from({ length: layers }, () => dense(2, 'tanh')),
    { loss: meanSquaredError(), optimizer, debug },
  );

/** Many layers side by side on one input, each an output with a loss of its own. */
function fan(layers: number): Network {
  const from = input(2);
  const body = dense(2, 'tanh')(from);
  const outputs = Array.from({ length: layers }, (_, i) => dense(2, i % 2 ? 'softmax' : 'tanh')(body));
  const loss = outputs.map((_, i) => (i % 2 ? crossEntropy() : meanSquaredError()));
  return network({ inputs: from, outputs, loss, optimizer: sgd() }) as Network;
}

/** Parameters with names that are all the same. */
function namesakes(layers: number): Network {
  const from = input(2);
  const sum = Array.from({ length: layers }, () => parameter(2, { name: 'b' })).reduce((node, b) => tanh(add(node, b)), from);
  return network({ inputs: from, outputs: sum, loss: meanSquaredError(), optimizer: adam() }) as Network;
}

function expectLinear(name: string, workAt: (n: number) => number): void {
  // What is done once, whatever the size, is done before.
  workAt(4);
  const [some, twice] = SIZES.map(workAt) as [number, number];
  expect(some, `${name} is counted`).toBeGreaterThan(SIZES[0]);
  expect(twice / some, `${name}: ${some}, ${twice}`).toBeLessThan(TWICE);
}

const calls: Record<string, (net: Network) => unknown> = {
  predict: (net) => net.predict(x),
  logits: (net) => net.logits(x),
  gradient: (net) => net.gradient(x, y),
  step: (net) => net.step(x, y),
  evaluate: (net) => net.evaluate({ x, y }),
  trace: (net) => trace(net, x, y),
  'trace, again': (net) => [trace(net, x, y), trace(net, x, y)],
  hvp: (net) => hvp(net, x, y, new Float32Array(net.parameterCount)),
  vjp: (net) => vjp(net, x, [1, 1]),
  jvp: (net) => jvp(net, x, { x }),
  jacobian: (net) => jacobian(net, x),
  parameterJacobian: (net) => parameterJacobian(net, x),
  perSampleGradients: (net) => perSampleGradients(net, x, y),
  freeze: (net) => net.freeze().predict(x),
  explain: (net) => explain(net, 'step'),
  parameterNames: (net) => net.parameterNames,
  save: (net) => save(net),
  toJSON: (net) => toJSON(net),
};

test.each(Object.entries(calls))('%s of a chain of layers', (name, call) => {
  expectLinear(name, (n) => {
    using net = chain(n, sgd());
    return workOf(() => call(net));
  });
});

test('a step of Adam', () => {
  expectLinear('step', (n) => {
    using net = chain(n, adam());
    return workOf(() => net.step(x, y));
  });
});

test.each(['step', 'trace', 'explain', 'parameterNames', 'save', 'toJSON'])('%s of parameters that are called the same', (name) => {
  expectLinear(name, (n) => {
    using net = namesakes(n);
    return workOf(() => calls[name]?.(net));
  });
});

test('debug search', () => {
  expectLinear('debug', (n) => {
    using net = chain(n, sgd(), true);
    return workOf(() => net.step(x, y));
  });
});

test('many outputs with losses', () => {
  const ys = (net: Network) => internals('test', net).engine.columns.targets.map(() => y);
  for (const [name, call] of Object.entries({
    predict: (net: Network) => net.predict(x),
    step: (net: Network) =>
      internals('test', net).engine.program(
        'step',
        1,
        ys(net).map(() => 'values'),
      ),
    evaluate: (net: Network) =>
      internals('test', net).engine.program(
        'evaluate',
        1,
        ys(net).map(() => 'values'),
      ),
    save: (net: Network) => save(net),
  })) {
    expectLinear(name, (n) => {
      using net = fan(n);
      return workOf(() => call(net));
    });
  }
});

describe('made, loaded and rebuilt', () => {
  test.each([
    ['a chain', (n: number) => chain(n, adam())],
    ['many outputs', fan],
    ['names that are all the same', namesakes],
  ] as const)('%s', (_, make) => {
    expectLinear('make', (n) =>
      workOf(() => {
        make(n).dispose();
      }),
    );
    expectLinear('load', (n) => {
      using net = make(n);
      const file = save(net);
      return workOf(() => load(file).dispose());
    });
    expectLinear('fromJSON', (n) => {
      using net = make(n);
      const text = JSON.stringify(toJSON(net));
      return workOf(() => fromJSON(text).dispose());
    });
  });
});

// The counter would not be worth much if it did not see a loop within a loop.
test('the counter sees what is quadratic', () => {
  const ways: ((list: number[]) => unknown)[] = [
    (list) => list.map((a) => list.find((b) => b > 2 * a + list.length)),
    (list) => {
      let all: number[] = [];
      for (const a of list) all = [...all, a];
      return all;
    },
    (list) => list.map((a) => list.includes(-a)),
    (list) => list.forEach((a) => void list.splice(0, 1, a)),
    (list) => {
      for (const a of list) for (const b of list) if (a + b < 0) return a;
      return 0;
    },
  ];
  for (const way of ways) {
    const [some, twice] = [100, 200].map((n) => workOf(() => way(Array.from({ length: n }, (_, i) => n - i))));
    expect((twice as number) / (some as number)).toBeGreaterThan(3);
  }
});
