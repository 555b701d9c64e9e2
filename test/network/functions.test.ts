import { inspect } from 'node:util';
import { add, crossEntropy, dense, input, type Network, NeuriteError, network, save, sequential, sgd, ValueError } from 'neurite';
import * as derivatives from 'neurite/derivatives';
import * as looking from 'neurite/inspect';
import { population } from 'neurite/population';
import { WorkerNetwork } from 'neurite/worker';
import { describe, expect, test } from 'vitest';

const net = sequential(4, [dense(16, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd() });

describe('what were methods', () => {
  const names = [
    ...['save', 'toJSON', 'trace', 'summary', 'explain', 'toMermaid', 'toDot', 'jacobian', 'parameterJacobian', 'vjp', 'jvp'],
    ...['hvp', 'hessian', 'inputGradient', 'inputHvp', 'inputHessian', 'perSampleGradients'],
  ];

  test.each(names)('%s names the function it is now, and the entry that has it', async (name) => {
    const old = (net as unknown as Record<string, () => unknown>)[name] as () => unknown;
    let message = '';
    try {
      old.call(net);
    } catch (error) {
      expect(error).toBeInstanceOf(ValueError);
      ({ message } = error as Error);
    }
    const [, entry] = /import \{ \w+ \} from '(.*)'$/.exec(message) ?? [];
    expect(message).toBe(`network.${name}: it is a function now, ${name}(network, …); import { ${name} } from '${entry}'`);
    const entries: Record<string, object> = { neurite: await import('neurite'), 'neurite/inspect': looking, 'neurite/derivatives': derivatives };
    expect(entries[entry as string]).toHaveProperty(name);
  });

  test('every function of those entries is among them, but for graph and derivative', () => {
    const functions = Object.entries({ ...looking, ...derivatives }).filter(
      ([, value]) => typeof value === 'function' && !/^class/.test(String(value)),
    );
    expect(functions.map(([name]) => name).sort()).toEqual([...names.slice(2), 'graph', 'derivative'].sort());
  });
});

const isPredictor = (value: unknown) => Object.prototype.toString.call(value) === '[object Predictor]';

test.each([
  ['null', null],
  ['an object', {}],
  ['a proxy of a network', new Proxy(net, {})],
  ['a predictor', net.freeze()],
])('a function over a network refuses %s', (_, value) => {
  // Of a predictor `save` has words of its own (test/int8/files.test.ts).
  for (const call of [...(isPredictor(value) ? [] : [save]), looking.summary, looking.explain, looking.graph]) {
    expect(() => call(value as unknown as Network)).toThrow(ValueError);
    expect(() => call(value as unknown as Network)).toThrow(
      /^\w+: network is .*, expected what sequential\(\), network\(\) or load\(\) of this neurite gave(; pass the network that was frozen)?$/,
    );
  }
});

test.each<[unknown, string]>([
  [net.freeze(), '; pass the network that was frozen'],
  [population(net, 2), '; population.network(i) gives one of its nets, savePopulation(population) a file of all'],
  [{ [Symbol.toStringTag]: 'Network' }, 'of this neurite gave'],
  ['constructor', 'of this neurite gave'],
])('what is near to a network is told what to do: %s', (value, end) => {
  expect(() => looking.explain(value as Network)).toThrow(ValueError);
  expect(() => looking.explain(value as Network)).toThrow(new RegExp(`${end.replace(/[().]/g, '\\$&')}$`));
});

test('a disposed network is refused by each', () => {
  const gone = sequential(2, [dense(1)]);
  gone.dispose();
  for (const call of [save, looking.summary, looking.explain, looking.toDot, looking.toMermaid]) expect(() => call(gone)).toThrow(NeuriteError);
});

describe('in a line', () => {
  test('a chain of layers', () => {
    const line = 'Network 4 → 16 relu → 3 softmax, 131 parameters';
    expect(String(net)).toBe(line);
    expect(inspect(net)).toBe(line);
    expect(inspect({ net })).toBe(`{ net: ${line} }`);
  });

  test('a graph', () => {
    const [a, b] = [input(2), input(3)];
    const sum = add(dense(4)(a), dense(4)(b));
    expect(String(network({ inputs: [a, b], outputs: [sum, dense(1)(sum)] }))).toBe('Network 2 + 3 → 4 → 4 → 1 → 4 + 1, 33 parameters');
  });
});

test('so is a network in a worker; a hint that is no text is none', () => {
  expect(() => looking.explain(WorkerNetwork.prototype as never)).toThrow(
    /of this neurite gave; that is one of its methods, as in await net\.save\(\)$/,
  );
  expect(() => looking.explain({ noNetwork: 1 } as never)).toThrow(/of this neurite gave$/);
});
