/** Calls that a newcomer gets wrong, and what the error says: what came, what was expected, and where. */

import {
  accuracy,
  adam,
  batchNorm,
  binaryCrossEntropy,
  constantInit,
  cosine,
  crossEntropy,
  dataset,
  dense,
  dropout,
  input,
  kFold,
  linear,
  load,
  meanSquaredError,
  NeuriteError,
  network,
  relu,
  save,
  sequential,
  sgd,
  topK,
  trainValidationSplit,
} from 'neurite';
import { jvp } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';

const X = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
const Y = Uint8Array.from({ length: 10 }, (_, i) => i % 3);

const classifier = () => sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
const detector = () => sequential(4, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam() });
const output = (loss: unknown) => sequential(4, [dense(3, 'softmax')], { loss: loss as never });

/** JavaScript's view of a function: it may be called with anything. */
// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is what is tested
const any = (value: unknown) => value as any;

const calls: Record<string, readonly [call: () => unknown, message: string]> = {
  'a row too narrow': [() => classifier().predict([1, 2, 3]), "predict: x has 3 numbers, expected a multiple of 4, the input's features"],
  'a ragged list': [() => classifier().predict([[1, 2, 3, 4], [1]]), 'predict: row 1 of x has 1 number, expected 4'],
  'numbers as strings': [() => classifier().predict(any(['1', '2', '3', '4'])), 'predict: x[0] is "1", expected a number, or a row of 4'],
  'rows of rows': [
    () =>
      classifier().predict(
        any([
          [
            [1, 2],
            [3, 4],
          ],
        ]),
      ),
    'row 0 of x is a list of lists, expected 4 numbers; flatten it with flat()',
  ],
  'a data set': [() => classifier().predict(any(dataset({ x: X, y: Y }))), 'predict: x is a Dataset, expected a typed array'],
  'a network': [() => classifier().predict(any(classifier())), 'predict: x is a Network, expected a typed array'],
  'a literal': [() => classifier().predict(any({ x: X })), 'predict: x is an object with x, expected a typed array'],
  'a long text': [() => classifier().predict(any('1'.repeat(1e6))), `predict: x is "${'1'.repeat(60)}…", expected a typed array`],

  'no y': [() => classifier().fit(any({ x: X, labels: Y })), 'fit: there is no option "labels"'],
  'x and y one by one': [() => classifier().fit(any(X), any(Y)), 'fit: got a Float32Array of 40, expected { x, y }'],
  'validation data of another form': [
    () => classifier().fit({ x: X, y: Y }, { validationData: any([X, Y]) }),
    'fit: validationData: got an array of 2, expected { x, y }',
  ],
  'names as labels': [
    () => classifier().fit(any({ x: X, y: Array.from(Y, (id) => 'abc'[id]) })),
    'fit: y[0] is "a", expected a class id from 0 to 2, or a row of 3 probabilities',
  ],
  'labels in lists': [
    () => classifier().fit({ x: X, y: Array.from(Y, (id) => [id]) }),
    'fit: row 0 of y has 1 number, expected 3 probabilities; class ids are passed flat, with flat()',
  ],
  'classes from 1': [
    () => classifier().fit({ x: X, y: Y.map((id) => id + 1) }),
    'fit: y[2] is 3, expected a class id from 0 to 2: classes count from 0, one for each output',
  ],
  'one-hot rows too wide': [() => classifier().fit({ x: X, y: Array.from(Y, () => [0, 0, 0, 1]) }), 'fit: row 0 of y has 4 numbers, expected 3'],
  'labels of −1 and 1': [
    () => detector().fit({ x: X, y: Array.from(Y, (id) => (id ? 1 : -1)) }),
    'fit: y[row 0, feature 0] is -1, expected a number from 0 to 1, as binaryCrossEntropy takes',
  ],
  'class ids for one probability': [
    () =>
      detector().step(
        X,
        Array.from(Y, (id) => [id]),
      ),
    'step: y[row 2, feature 0] is 2, expected a number from 0 to 1',
  ],

  'a number for options': [() => classifier().fit({ x: X, y: Y }, any(5)), 'fit: options is 5, expected an object, such as { epochs }'],
  'an option misspelt': [() => classifier().fit({ x: X, y: Y }, any({ epoch: 5 })), 'fit: there is no option "epoch", expected epochs, batchSize'],
  'epochs 0': [() => classifier().fit({ x: X, y: Y }, { epochs: 0 }), 'fit: epochs is 0, expected a whole number > 0'],
  'a rate as text': [
    () => classifier().fit({ x: X, y: Y }, any({ learningRate: '0.1' })),
    'fit: learningRate is "0.1", expected a finite number ≥ 0',
  ],
  'no function': [() => classifier().fit({ x: X, y: Y }, any({ onEpoch: 3 })), 'fit: onEpoch is 3, expected a function'],
  'the controller for its signal': [
    () => classifier().fit({ x: X, y: Y }, any({ signal: new AbortController() })),
    'fit: signal is an AbortController, expected an AbortSignal',
  ],
  'a step during a fit': [
    () => {
      const net = classifier();
      net.fit({ x: X, y: Y });
      net.step(X, Y);
    },
    'step: the network is being trained by fit; wait for its promise',
  ],
  'a rate for options': [() => classifier().step(X, Y, any(0.1)), 'step: options is 0.1, expected an object, such as { learningRate }'],
  'metrics by name': [
    () => classifier().evaluate({ x: X, y: Y }, any({ metrics: ['accuracy'] })),
    'evaluate: metrics[0] is "accuracy", expected a metric',
  ],
  'a metric uncalled': [
    () => classifier().evaluate({ x: X, y: Y }, any({ metrics: [topK] })),
    'evaluate: metrics[0] is a function, expected a metric',
  ],
  'a single metric': [
    () => classifier().evaluate({ x: X, y: Y }, any({ metrics: accuracy })),
    'evaluate: metrics is an object with name, begin, expected a list',
  ],

  'a loss by name': [() => output('crossEntropy'), 'network: loss is "crossEntropy", expected what binaryCrossEntropy(), categoricalFocal()'],
  'a loss uncalled': [() => output(crossEntropy), 'network: loss is a function, expected what binaryCrossEntropy(), categoricalFocal()'],
  'a loss of null': [() => output(null), 'network: loss is null, expected what binaryCrossEntropy(), categoricalFocal()'],
  'a loss that does not fit': [() => output(binaryCrossEntropy()), "binaryCrossEntropy: the output's activation is softmax, expected 'sigmoid'"],
  'an option of a loss': [
    () => crossEntropy(any({ fromlogits: true })),
    'crossEntropy: there is no option "fromlogits", expected reduction, fromLogits',
  ],
  'an optimizer by name': [() => classifier().configure(any({ optimizer: 'adam' })), 'configure: optimizer is "adam", expected what adam(), '],
  'an optimizer uncalled': [() => sequential(4, [dense(3)], any({ optimizer: adam })), "or another optimizer's call; call it, as in adam()"],
  'a rate alone': [() => adam(any(0.001)), 'adam: options is 0.001, expected an object, such as { learningRate }'],
  lr: [() => sgd(any({ lr: 0.1 })), 'sgd: there is no option "lr", expected learningRate, momentum'],

  'an activation for units': [() => dense(any('relu')), 'dense: units is "relu", expected a whole number from 1'],
  'an activation in other letters': [() => dense(10, any('softMax')), `dense: activation is "softMax", expected 'softmax'`],
  leaky_relu: [() => dense(10, any('leaky_relu')), `dense: activation is "leaky_relu", expected 'leakyRelu'`],
  'options in place of the activation': [
    () => dense(10, any({ activation: 'relu' })),
    'dense: there is no option "activation", expected bias, init, name, trainable, weightRegularizer, biasRegularizer, activityRegularizer, maxNorm; it is the second argument',
  ],
  'an unknown option in place of the activation': [
    () => dense(10, any({ biases: false })),
    'dense: there is no option "biases", expected bias, init, name',
  ],
  'an initialiser by name': [() => dense(10, 'relu', any({ init: 'zeros' })), 'dense: init is "zeros", expected an initializer, such as heUniform'],
  'an initialiser uncalled': [
    () => sequential(4, [dense(10, 'relu', any({ init: constantInit }))]),
    'dense: init gave a function, expected an initializer',
  ],
  'an option of a layer': [() => dense(10, 'relu', any({ useBias: false })), 'dense: there is no option "useBias", expected bias, init, name'],
  'an activation with a text': [() => linear(any('2')), 'linear: alpha is "2", expected a finite number'],

  'the width among the layers': [
    () => sequential(any([784, dense(10)]), any(undefined)),
    'sequential: inFeatures is an array of 2, expected the number of inputs',
  ],
  'widths for layers': [() => sequential(4, any([8, 3])), 'sequential: layers[0] is 8, expected a layer, such as dense(10)'],
  'an activation between layers': [() => sequential(4, any([dense(8), 'relu'])), 'sequential: layers[1] is "relu", expected a layer'],
  'a layer uncalled': [
    () => sequential(4, any([dense(8), dropout])),
    'sequential: layers[1] is dropout itself, expected what a call gives, dropout(…)',
  ],
  'a norm uncalled': [() => sequential(4, any([dense(8), batchNorm])), 'sequential: layers[1] is batchNorm itself, expected what a call gives'],
  'a function of a node called': [
    () => sequential(4, any([dense(8), any(relu)()])),
    'in a list of layers a function of a node stands as it is, not called',
  ],
  'layers without a list': [() => sequential(4, any(dense(8))), 'sequential: layers is a function, expected a list'],
  'no layers': [() => sequential(4, []), 'sequential: layers is an array of 0, expected a list of at least one layer'],
  'nodes for a graph': [() => network(any(input(2))), 'network: got x [rows, 2], expected an object with inputs, outputs and options'],
  'a layer for an output': [() => network({ inputs: input(2), outputs: any(dense(1)) }), 'network: the output is a function, expected a node'],
  'one loss for two outputs': [
    () => {
      const x = input(2);
      network({ inputs: x, outputs: [dense(1)(x), dense(1)(x)], loss: meanSquaredError() });
    },
    'network: 1 loss came for 2 outputs, expected a list of one for each, or undefined for none',
  ],
  'a layer of numbers': [() => dense(3)(any([1, 2])), 'dense: its operand is an array of 2, expected a node'],
  'a path for save': [() => save(classifier(), any('model.bin')), 'save: options is "model.bin", expected an object, such as { optimizerState }'],
  'a path for load': [
    () => load(any('model.bin')),
    'load: the bytes are "model.bin", expected a Uint8Array or an ArrayBuffer; pass the file\'s content',
  ],
  'half a file': [() => load(save(classifier()).slice(0, -10)), 'do not lie in the 258 bytes of data (is the file whole?)'],
  'a direction without a name': [() => jvp(classifier(), X, any([1, 2])), 'jvp: direction is an array of 2, expected { x }, { parameters } or both'],
  'a share for options': [
    () => trainValidationSplit({ x: X, y: Y }, any(0.2)),
    'trainValidationSplit: options is 0.2, expected an object, such as { fraction }',
  ],
  'folds for options': [() => kFold({ x: X, y: Y }, any(5)), 'kFold: options is 5, expected an object, such as { folds }'],
  'a split of nothing': [() => trainValidationSplit(any(undefined)), 'trainValidationSplit: got undefined, expected { x, y }'],
  'a schedule without its length': [() => cosine(0.1, any(undefined)), 'cosine: options is undefined, expected an object, such as { epochs }'],
};

describe('a wrong call says how it is mended:', () => {
  test.each(Object.entries(calls))('%s', async (_, [call, message]) => {
    const error: unknown = await (async () => call())().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NeuriteError);
    expect((error as NeuriteError).message).toContain(message);
  });

  test('a description serves as options', () => {
    expect(adam({ ...adam({ beta1: 0.8 }), learningRate: 0.1 })).toEqual(adam({ beta1: 0.8, learningRate: 0.1 }));
    expect(crossEntropy(crossEntropy({ reduction: 'sum' }))).toEqual(crossEntropy({ reduction: 'sum' }));
  });
});
