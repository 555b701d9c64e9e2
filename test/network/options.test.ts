/** Every function with an options object: unknown names are refused with their remedy, each field is read once, descriptions cannot be changed. */

import * as neurite from 'neurite';
import {
  accuracy,
  adam,
  binaryCrossEntropy,
  clip,
  constantInit,
  cosine,
  crossEntropy,
  dataset,
  decayMatrices,
  dense,
  exponentialDecay,
  fromJSON,
  input,
  kFold,
  load,
  meanSquaredError,
  minMax,
  NeuriteError,
  named,
  oneCycle,
  parameter,
  parameterGroups,
  pow,
  reduceOnPlateau,
  save,
  sequential,
  sgd,
  slice,
  squaredError,
  stepDecay,
  toJSON,
  trainValidationSplit,
  transform,
  warmup,
  writeSafetensors,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { inputHessian, inputHvp, jacobian, jvp, parameterJacobian, vjp } from 'neurite/derivatives';
import { graph } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { optimizers, searches } from '../vocabulary.js';

const X = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const Y = [0, 1, 0];
const loss = crossEntropy();
const made = (options: object = {}) => sequential(2, [dense(2, 'softmax')], { loss, optimizer: adam(), ...options });
const regression = () => sequential(2, [dense(1)], { loss: meanSquaredError(), optimizer: sgd() });
// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is what is tested
type Any = any;

/** Each takes an options object that is right but for what is added to it. */
const takers: Record<string, (more: Any) => unknown> = {
  sequential: (more) => sequential(2, [dense(2, 'softmax')], { loss, ...more }),
  configure: (more) => made().configure({ loss, ...more }),
  'a weighted loss': (more) => made({ loss: [{ loss, weight: 2, ...more }] }),
  'a loss in a network': (more) => made({ loss: { ...loss, ...more } }),
  'an optimizer in a network': (more) => made({ optimizer: { ...adam(), ...more } }),
  'an optimizer in configure': (more) => made().configure({ optimizer: { ...sgd(), ...more } }),
  crossEntropy: (more) => crossEntropy({ ...more }),
  binaryCrossEntropy: (more) => binaryCrossEntropy({ ...more }),
  meanSquaredError: (more) => meanSquaredError({ ...more }),
  squaredError: (more) => squaredError({ ...more }),
  ...Object.fromEntries(optimizers.map(({ name }) => [name, (more: Any) => (neurite as Any)[name]({ ...more })])),
  parameterGroups: (more) => parameterGroups([{ parameters: 'dense1', ...more }]),
  decayMatrices: (more) => decayMatrices([{ parameters: 'dense1', ...more }]),
  ...Object.fromEntries(searches.map(([name, maker]) => [name, (more: Any) => maker({ ...more })])),
  setParameters: (more) => made().setParameters({}, { partial: true, ...more }),
  copyParametersFrom: (more) => made().copyParametersFrom(made(), { tau: 0.5, ...more }),
  writeSafetensors: (more) => writeSafetensors({}, { ...more }),
  dense: (more) => dense(3, 'relu', { ...more }),
  'dense without an activation': (more) => dense(3, { ...more }),
  parameter: (more) => parameter(3, { ...more }),
  step: (more) => made().step(X, Y, { ...more }),
  fit: (more) => made().fit({ x: X, y: Y }, { epochs: 1, ...more }),
  'the data of fit': (more) => made().fit({ x: X, y: Y, ...more }),
  'the validation data': (more) => made().fit({ x: X, y: Y }, { validationData: { x: X, y: Y, ...more } }),
  earlyStopping: (more) => made().fit({ x: X, y: Y }, { earlyStopping: { patience: 1, ...more } }),
  dataset: (more) => dataset({ x: X, y: Y, ...more }),
  evaluate: (more) => made().evaluate({ x: X, y: Y }, { metrics: [accuracy], ...more }),
  'the data of evaluate': (more) => made().evaluate({ x: X, y: Y, ...more }),
  classify: (more) => made().classify(X, { ...more }),
  'classify, frozen': (more) =>
    made()
      .freeze()
      .classify(X, { ...more }),
  save: (more) => save(made(), { ...more }),
  load: (more) => load(save(made()), { ...more }),
  fromJSON: (more) => fromJSON(toJSON(made()), { ...more }),
  vjp: (more) => vjp(regression(), X, [1, 1, 1], { ...more }),
  jvp: (more) => jvp(regression(), X, { x: X }, { ...more }),
  jacobian: (more) => jacobian(regression(), X, { ...more }),
  parameterJacobian: (more) => parameterJacobian(regression(), X, { ...more }),
  inputHvp: (more) => inputHvp(regression(), X, X, { ...more }),
  inputHessian: (more) => inputHessian(regression(), X, { ...more }),
  minMax: (more) => minMax(X, { ...more }),
  transform: (more) => transform({ offset: [0, 0], scale: [1, 1], ...more }, X),
  checkGradients: (more) => checkGradients(regression(), X, [1, 2, 3], { entries: 4, ...more }),
  stepDecay: (more) => stepDecay(0.1, { every: 2, ...more }),
  cosine: (more) => cosine(0.1, { epochs: 2, ...more }),
  exponentialDecay: (more) => exponentialDecay(0.1, { factor: 0.5, ...more }),
  oneCycle: (more) => oneCycle(0.1, { epochs: 2, ...more }),
  reduceOnPlateau: (more) => reduceOnPlateau(0.1, { ...more }),
  trainValidationSplit: (more) => trainValidationSplit({ x: X, y: Y }, { fraction: 0.4, ...more }),
  'the data of trainValidationSplit': (more) => trainValidationSplit({ x: X, y: Y, ...more }, { fraction: 0.4 }),
  kFold: (more) => kFold({ x: X, y: Y }, { folds: 3, ...more }),
};

async function thrownBy(call: () => unknown): Promise<unknown> {
  return (async () => call())().then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(Object.entries(takers))('%s', (_, take) => {
  test('takes the options there are, and refuses a name there is not, of letters or a symbol', async () => {
    expect(await thrownBy(() => take({}))).toBeUndefined();
    for (const more of [{ sclae: 1 }, { [Symbol('odd')]: 1 }, { toString: 1 }]) {
      const error = await thrownBy(() => take(more));
      expect(error).toBeInstanceOf(NeuriteError);
      expect((error as Error).message).toContain('there is no option');
    }
  });
});

test.each<[string, () => unknown, string]>([
  ['lr', () => sgd({ lr: 1 } as Any), '; use learningRate'],
  ['betas', () => adam({ betas: [0.9, 0.99] } as Any), '; pass beta1 and beta2'],
  ['weight_decay', () => adam({ weight_decay: 1 } as Any), '; use weightDecay'],
  ['momentum of adam', () => adam({ momentum: 0.9 } as Any), '; it is an option of sgd; adam has beta1'],
  ['validation_split', () => made().fit({ x: X, y: Y }, { validation_split: 0.2 } as Any), '; use validationSplit'],
  ['batch_size', () => made().fit({ x: X, y: Y }, { batch_size: 2 } as Any), '; use batchSize'],
  ['an activation among options', () => dense(3, { activation: 'relu' } as Any), "; it is the second argument, as in dense(10, 'relu')"],
  ['mse', () => made({ loss: 'mse' }), '; pass meanSquaredError()'],
  ['a loss of Keras', () => made({ loss: 'categorical_crossentropy' }), '; pass crossEntropy()'],
  ['an optimizer by name', () => made({ optimizer: 'Adam' }), '; pass adam()'],
  ['the reduction of squaredError', () => squaredError({ reduction: 'mean' } as Any), 'reduction is "mean", expected "sum"'],
  ['another optimizer for options', () => adam(sgd() as Any), 'adam: there is no option "momentum"'],
])('the remedy for %s', async (_, call, message) => {
  expect(((await thrownBy(call)) as Error).message).toContain(message);
});

test('no remedy where the call has no such option', async () => {
  expect(((await thrownBy(() => dense(3, { lr: 1 } as Any))) as Error).message).toMatch(/^dense: there is no option "lr", expected [^;]+$/);
});

test.each<[string, object, string]>([
  ['beta1 2', { ...adam(), beta1: 2 }, 'network: adam: beta1 is 2, expected a number in [0, 1)'],
  ['a beta that float32 rounds to 1', { ...adam(), beta2: 1 - 1e-9 }, 'network: adam: beta2 is 0.999999999, expected a number in [0, 1)'],
  ['a negative epsilon', { ...adam(), epsilon: -1 }, 'network: adam: epsilon is -1'],
  ['an epsilon that float32 rounds to 0', { ...adam(), epsilon: 1e-50 }, 'at least 1.401298464324817e-45'],
  ['a decay that float32 rounds to infinity', { ...sgd(), weightDecay: 1e39 }, 'network: sgd: weightDecay is 1e+39'],
  ['a rate as text', { name: 'sgd', learningRate: '1' }, 'network: sgd: learningRate is "1"'],
  ['a name from the prototype', { name: 'constructor' }, 'network: optimizer is an object with name, expected what adam()'],
])('a description is checked where it comes in: %s', (_, optimizer, message) => {
  expect(() => made({ optimizer })).toThrow(message);
});

test.each<[string, () => unknown, string]>([
  ['a symbol to pow', () => pow(input(2), Symbol('p') as Any), 'pow: a constant is Symbol(p), expected a number'],
  ['no node to pow', () => pow(null as Any, 1), 'pow: its operand is null, expected a node'],
  ['a bigint to clip', () => clip(input(2), 0n as Any, 1), 'clip: a constant is 0, expected a number'],
  ['a symbol to clip', () => clip(input(2), 0, Symbol('c') as Any), 'clip: a constant is Symbol(c), expected a number'],
  ['a symbol to slice', () => slice(input(2), Symbol('s') as Any, 1), 'slice: a constant is Symbol(s), expected a number'],
  ['a bigint to slice', () => slice(input(2), 0, 1n as Any), 'slice: a constant is 1, expected a number'],
  ['nothing to name', () => named(null as Any, 'x'), 'named: its operand is null, expected a node'],
  ['a number for a name', () => named(dense(2)(input(2)), 5 as Any), 'named: name is 5, expected a string'],
  ['a symbol to constantInit', () => constantInit(Symbol('v') as Any), 'constantInit: value is Symbol(v), expected a finite number'],
  ['a constant beyond float32', () => constantInit(1e39), 'constantInit: value is 1e+39, expected a finite number that float32 holds'],
  ['an initializer of NaN', () => dense(2, { init: () => ({ kind: 'constant', value: Number.NaN }) })(input(2)), 'dense: init gave a value of NaN'],
  ['an initializer by name', () => parameter(3, { init: 'zeros' } as Any), 'parameter: init is "zeros", expected an initializer'],
  ['an initializer that gives nothing', () => parameter(3, { init: () => undefined } as Any), 'parameter: init gave undefined'],
  ['a name that is none', () => input(3, 5 as Any), 'input: name is 5, expected a string'],
  ['a warm-up to nothing', () => warmup(5, undefined as Any), 'warmup: then is undefined, expected the rate or the schedule that follows'],
  ['a budget as text', () => dataset({ x: X, y: Y, budget: '5' as Any }), 'dataset: budget is "5", expected a number of bytes'],
  ['a seed as text', () => kFold({ x: X, y: Y }, { seed: '1' as Any }), 'kFold: seed is "1", expected a whole number'],
  ['folds as text', () => kFold({ x: X, y: Y }, { folds: '3' as Any }), 'kFold: folds is "3", expected a whole number'],
  ['a fraction as text', () => trainValidationSplit({ x: X, y: Y }, { fraction: '0.4' as Any }), 'fraction is "0.4"'],
  [
    'an output by a property of lists',
    () => vjp(regression(), X, [1, 1, 1], { output: 'length' as Any }),
    'vjp: output is "length", expected one of 0 … 0',
  ],
  ['an output as text', () => jacobian(regression(), X, { output: '0' as Any }), 'jacobian: output is "0", expected one of 0 … 0'],
  ['an input as text', () => inputHessian(regression(), X, { input: '0' as Any }), 'inputHessian: input is "0", expected one of 0 … 0'],
  ['debug as text', () => made({ debug: 'yes' }), 'network: debug is "yes", expected true or false'],
  ['fromLogits as text', () => crossEntropy({ fromLogits: 'no' as Any }), 'crossEntropy: fromLogits is "no", expected true or false'],
  [
    'a weight that vanishes',
    () => made({ loss: [{ loss, weight: 1e-60 }] }),
    'the weight of loss 0 is 1e-60, expected a positive number that float32 holds',
  ],
  ['null for the options of load', () => load(save(made()), null as Any), 'load: options is null, expected an object, such as { build }'],
])('a typed error for %s', async (_, call, message) => {
  const error = await thrownBy(call);
  expect(error).toBeInstanceOf(NeuriteError);
  expect((error as Error).message).toContain(message);
});

test('a description by hand is completed, trains, and the saved file loads', () => {
  const net = made({ loss: { name: 'crossEntropy' }, optimizer: { name: 'adam' } });
  expect(net.optimizer).toEqual(adam());
  expect(net.loss).toEqual(crossEntropy());
  net.step(X, Y);
  expect(net.parameters.every(Number.isFinite)).toBe(true);
  const simple = made({ optimizer: { name: 'sgd', learningRate: 0.1 } });
  simple.step(X, Y);
  expect(load(save(simple)).optimizer).toEqual(sgd({ learningRate: 0.1 }));
});

test('what a network holds nobody changes from outside', () => {
  const optimizer = { ...sgd({ momentum: 0.5 }) };
  const description = { ...crossEntropy() };
  const net = made({ optimizer, loss: description });
  Object.assign(optimizer, { momentum: 7, learningRate: Number.NaN });
  Object.assign(description, { scale: -1 });
  expect(net.optimizer).toEqual(sgd({ momentum: 0.5 }));
  expect(net.loss).toEqual(crossEntropy());
  expect(() => Object.assign(net.optimizer as object, { momentum: 0.9 })).toThrow(TypeError);
  expect(() => Object.assign(net.loss as object, { scale: 2 })).toThrow(TypeError);
  expect(() => Object.assign(graph(net).losses[0] as object, { weight: 2 })).toThrow(TypeError);
  expect(() => Object.assign(graph(net).losses, { 0: undefined })).toThrow(TypeError);
});

test('each field is read once, and a getter that throws gives a typed error', () => {
  let reads = 0;
  const once = {
    get learningRate() {
      // A second look would see what no check allows.
      return reads++ === 0 ? 0.5 : Number.NaN;
    },
  };
  expect(sgd(once).learningRate).toBe(0.5);
  expect(reads).toBe(1);
  const counts = new Map<PropertyKey, number>();
  const watched = new Proxy(
    { ...adam() },
    {
      get(target, key) {
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return Reflect.get(target, key);
      },
    },
  );
  expect(made({ optimizer: watched }).optimizer).toEqual(adam());
  expect([...counts.values()].every((n) => n === 1)).toBe(true);
  const bad = {
    get beta1(): number {
      throw new Error('no');
    },
  };
  expect(() => adam(bad)).toThrow(NeuriteError);
});
