/** What throws when it is looked at, or when it is made a number, gets a typed error that says what it is. */

import * as neurite from 'neurite';
import {
  adam,
  constant,
  cosine,
  dataset,
  dense,
  heNormal,
  heUniform,
  input,
  load,
  meanSquaredError,
  Network,
  NeuriteError,
  named,
  network,
  parameter,
  relu,
  save,
  sequential,
  sgd,
  trainValidationSplit,
  ValueError,
  warmup,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { jvp } from 'neurite/derivatives';
import { summary } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { describe as said } from '../../src/arguments/describe.js';

// biome-ignore lint/suspicious/noExplicitAny: what the types forbid
type Any = any;

function revoked(): Any {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): Any {
  const a = new Float32Array(3);
  structuredClone(a, { transfer: [a.buffer] });
  return a;
}

const raise = () => {
  throw new TypeError('from a trap');
};
const x = [1, 2, 3];
const y: Any = [1, 0];
const net = sequential(3, [dense(4, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam(), seed: 1 });
const rows: Any = { x: [x], y: [y] };

test.each<[string, () => unknown, string]>([
  ['a revoked proxy', revoked, 'a revoked proxy'],
  ['a proxy that throws', () => new Proxy({}, { get: raise, ownKeys: raise, getPrototypeOf: raise }), 'an object that cannot be read'],
  ['an array whose length is hidden', () => new Proxy([], { get: raise }), 'an array that cannot be read'],
  ['a proxy of a typed array', () => new Proxy(new Float32Array(3), {}), 'an object with 0, 1, 2'],
  ['an object whose toString throws', () => ({ toString: raise, a: 1 }), 'an object with toString, a'],
  ['a detached array', detached, 'a Float32Array of 0'],
  [
    'a detached DataView',
    () => {
      const view = new DataView(new ArrayBuffer(8));
      structuredClone(view, { transfer: [view.buffer] });
      return view;
    },
    'an object that cannot be read',
  ],
  ['a symbol', () => Symbol('s'), 'Symbol(s)'],
])('describe: %s', (_, make, expected) => {
  expect(said(make())).toBe(expected);
});

test.each<[string, () => unknown]>([
  ['predict', () => net.predict(revoked())],
  ['a direction', () => jvp(net, x, revoked())],
  ['an input of a graph', () => network({ inputs: revoked(), outputs: input(3) })],
  ['a loss', () => net.configure({ loss: revoked() })],
  ['a row of predict', () => net.predict([revoked()])],
  ['step', () => net.step(x, revoked())],
  ['rate of a step', () => net.step(x, y, { learningRate: revoked() })],
  ['evaluate', () => net.evaluate(revoked())],
  ['a metric', () => net.evaluate(rows, { metrics: [revoked()] })],
  ['data to split', () => trainValidationSplit(revoked())],
  ['a column to split', () => trainValidationSplit({ x: [[1], [2]], y: revoked() })],
  ['a row to split', () => trainValidationSplit({ x: [[1], [2]], y: [revoked(), revoked()] }, { stratify: true })],
  ['options of sgd', () => sgd(revoked())],
  ['learningRate of sgd', () => sgd({ learningRate: revoked() })],
  ['epsilon of adam', () => adam({ epsilon: revoked() })],
  ['an activation', () => dense(3, revoked())],
  ['what an initializer gives', () => sequential(3, [dense(2, { init: () => revoked() })])],
  ['fanIn', () => heUniform(revoked(), 3)],
  ['an operand', () => relu(revoked())],
  ['a named node', () => named(revoked(), 'n')],
  ['a constant', () => constant(revoked())],
  ['a graph', () => network(revoked())],
  ['a graph of Network', () => new Network(revoked())],
  ['layers', () => sequential(3, revoked())],
  ['what a layer gives', () => sequential(3, [(() => revoked()) as Any])],
  ['a data set', () => dataset(revoked())],
  ['bytes', () => load(revoked())],
  ['a network to check', () => checkGradients(revoked(), x, y)],
])('a revoked proxy for %s is a typed error that says so', (_, act) => {
  expect(act).toThrow(NeuriteError);
  expect(act).toThrow(/a revoked proxy/);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'a symbol for a rate',
    () => net.step(x, y, { learningRate: Symbol('s') as Any }),
    /^step: learningRate is Symbol\(s\), expected a finite number ≥ 0/,
  ],
  ['a detached array for a rate', () => sgd({ learningRate: detached() }), /^sgd: learningRate is a Float32Array of 0/],
  ['5n for a decay', () => adam({ weightDecay: 5n as Any }), /^adam: weightDecay is 5, expected/],
  ["'1' for clipNorm", () => sgd({ clipNorm: '1' as Any }), /^sgd: clipNorm is "1", expected/],
  ['a bare object for epsilon', () => adam({ epsilon: Object.create(null) }), /^adam: epsilon is an object without fields/],
  ['a symbol for fanIn', () => heNormal(Symbol('s') as Any, 1), /^heNormal: fanIn is Symbol\(s\), expected a finite number > 0/],
  ['5n for fanOut', () => neurite.glorotUniform(3, 5n as Any), /^glorotUniform: fanOut is 5, expected/],
  ['0 for fanIn', () => heUniform(0, 1), /^heUniform: fanIn is 0, expected/],
  ['a number to be named', () => named((2 ** 31) as Any, 'n'), /^named: its operand is 2147483648, expected a node/],
  ['an object for an initializer', () => parameter(3, { init: {} as Any }), /^parameter: init is an object without fields/],
  ['a bare object for an activation', () => dense(3, Object.create(null), {}), /^dense: activation is an object without fields/],
  ['no graph', () => new (Network as Any)(), /^network: the graph is undefined/],
  [
    'a metric named by a symbol',
    () => net.evaluate(rows, { metrics: [{ name: Symbol('s'), begin: () => ({}) } as Any] }),
    /^evaluate: metrics\[0\] is/,
  ],
  ['a heir of a data set', () => net.evaluate(Object.create(dataset(rows)) as Any), /^evaluate: /],
  ['a schedule that gives a symbol', () => warmup(2, (() => Symbol('s')) as Any)(1, 0, 1), /^warmup: then gave Symbol\(s\), expected a number/],
  [
    'no network to check',
    () => checkGradients({} as Any, x, y),
    /^checkGradients: network is an object without fields, expected what sequential\(\), network\(\) or load\(\)/,
  ],
  ['NaN entries', () => checkGradients(net, x, y, { entries: Number.NaN }), /^checkGradients: entries is NaN, expected a number ≥ 1/],
  ['no tolerance', () => checkGradients(net, x, y, { tolerance: '1' as Any }), /^checkGradients: tolerance is "1", expected a number ≥ 0/],
  ['half a seed', () => checkGradients(net, x, y, { seed: 0.5 }), /^checkGradients: seed is 0.5, expected a whole number/],
])('%s', (_, act, message) => {
  expect(act).toThrow(NeuriteError);
  expect(act).toThrow(message);
});

test('a signal that cannot be read is refused before anything is trained', async () => {
  const before = net.parameters.slice();
  await expect(net.fit(rows, { signal: revoked() })).rejects.toThrow('fit: signal is a revoked proxy, expected an AbortSignal');
  await expect(net.fit(rows, { learningRate: warmup(2, (() => Symbol('s')) as Any) })).rejects.toBeInstanceOf(ValueError);
  await expect(net.fit(rows, { learningRate: cosine(0.1, { epochs: 2 }) })).resolves.toBeDefined();
  expect(before.some((v, i) => v !== net.parameters[i])).toBe(true);
});

test('metadata that cannot be read is a ValueError of save', () => {
  const own = sequential(1, [dense(1)]);
  for (const metadata of [
    { a: revoked() },
    {
      get a() {
        return raise();
      },
    },
  ]) {
    own.metadata = metadata;
    expect(() => save(own)).toThrow(ValueError);
    expect(() => save(own)).toThrow(/^save: metadata cannot be read: /);
  }
});

test('an activation whose name is no string is called a function', () => {
  const odd = Object.defineProperty((z: neurite.Node) => relu(z), 'name', { value: Symbol('s') });
  expect(String(summary(sequential(3, [dense(2, odd as Any)])))).toContain('function');
});

test('the wrong operands of a graph', () => {
  expect(() => network({ inputs: input(3), outputs: [revoked()] as Any })).toThrow(/a revoked proxy/);
});
