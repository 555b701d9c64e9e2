/** What someone does who comes from another library or begins: each message says what came, what was expected, and what to do. */
import {
  type Activation,
  adam,
  binaryCrossEntropy,
  crossEntropy,
  dense,
  encode,
  input,
  kFold,
  load,
  meanSquaredError,
  network,
  sequential,
  tabular,
  trainValidationSplit,
  transform,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { describe, expect, test } from 'vitest';

const x = [
  [0, 1],
  [1, 0],
  [1, 1],
];
const classes = () => sequential(2, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam() });
const values = () => sequential(2, [dense(2)], { loss: meanSquaredError(), optimizer: adam() });
const fit = (net: { fit: unknown }, data: unknown, options?: unknown) =>
  (net.fit as (data: unknown, options?: unknown) => Promise<unknown>)(data, options);
const never = (value: unknown) => value as never;

const rows: [what: string, call: () => unknown, message: string][] = [
  [
    'names as labels',
    () => fit(classes(), { x, y: ['a', 'b', 'c'] }),
    'fit: y[0] is "a", expected a class id from 0 to 2, or a row of 3 probabilities; names.indexOf(name) makes one of a name',
  ],
  [
    'texts as labels',
    () => fit(classes(), { x, y: ['0', '1', '2'] }),
    'fit: y[0] is "0", expected a class id from 0 to 2, or a row of 3 probabilities; Number(value) makes one of it',
  ],
  [
    'booleans as labels',
    () => fit(sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam() }), { x, y: [true, false, true] }),
    'fit: y[0] is true, expected a number, or a row of 1; Number(value) makes one of it',
  ],
  [
    'booleans in rows',
    () => fit(sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam() }), { x, y: [[true], [false], [true]] }),
    'fit: element 0 of row 0 of y is true, expected a number; Number(value) makes one of it',
  ],
  [
    'texts as inputs',
    () => values().predict(never([['1', '2']])),
    'predict: element 0 of row 0 of x is "1", expected a number; Number(value) makes one of it',
  ],
  [
    'class ids for a loss of values',
    () => fit(values(), { x, y: [0, 1, 0] }),
    'fit: y has 3 numbers for 3 rows of x, expected 3 × 2 values; class ids go with crossEntropy()',
  ],
  ['a number for a list', () => values().step([1, 2], never(3)), 'step: y is the number 3, expected a list of 1 × 2 values'],
  [
    'a layer by an object',
    () => dense(never({ units: 3 })),
    "dense: units is an object with units, expected a whole number from 1 to 268435455, as in dense(10, 'relu')",
  ],
  [
    "others' names of activations",
    () =>
      [
        ['swish', 'silu'],
        ['linear', 'identity'],
        ['logistic', 'sigmoid'],
        ['leaky_relu', 'leakyRelu'],
        ['step', 'heaviside'],
      ].map(([theirs, ours]) => expect(() => dense(2, theirs as Activation)).toThrow(`dense: activation is "${theirs}", expected '${ours}'`)) &&
      dense(2, 'ReLU' as Activation),
    'dense: activation is "ReLU", expected \'relu\'',
  ],
  [
    'a metric by its name',
    () => fit(classes(), { x, y: [0, 1, 2] }, { metrics: ['accuracy'] }),
    'fit: metrics[0] is "accuracy", expected a metric itself, such as accuracy or topK(5), which neurite exports',
  ],
  [
    "Keras' val_loss",
    () => fit(classes(), { x, y: [0, 1, 2] }, { earlyStopping: { patience: 2, monitor: 'val_loss' } }),
    "fit: earlyStopping.monitor is \"val_loss\", expected 'loss', 'accuracy', a metric of { metrics }, or a function; did you mean 'loss'?",
  ],
  [
    'x and y apart',
    () => trainValidationSplit(never(x), never([0, 1, 2])),
    'trainValidationSplit: got an array of 3, expected { x, y } with inputs and targets',
  ],
  ['x and y apart in folds', () => kFold(never(x), never([0, 1, 2])), 'kFold: got an array of 3, expected { x, y } with inputs and targets'],
  [
    'a scaling and its rows exchanged',
    () => transform(never(x), never({ offset: [0], scale: [1] })),
    'transform: the scaling is an array of 3, expected what standardize() or minMax() gave',
  ],
  ['a table and its rows exchanged', () => encode(never([{ a: 1 }]), never({})), 'encode: the table is an array of 1, expected what tabular() gave'],
  [
    'a boolean as a number of a table',
    () => tabular([{ a: true }], { a: never('number') }),
    'tabular: row 0, column "a" is true, expected a finite number or a gap (null, undefined or NaN); make it a number before, as Number(value) does',
  ],
  [
    'a boolean as a category',
    () => tabular([{ a: true }], { a: never('oneHot') }),
    'tabular: row 0, column "a" is true, expected a category, a string or a finite number, or a gap; make it a text before, as String(value) does',
  ],
  [
    'an input made twice',
    () => network({ inputs: input(2), outputs: dense(1)(input(2)) }),
    'network: the outputs depend on the input x [rows, 2], which is not among the inputs; each call of input() makes another one',
  ],
  [
    "brain.js' run",
    () => values().run(never([0, 1])),
    "run: rows is an array of 2, expected a whole number from 1 to 1, the network's maxRows; predict(x) takes inputs",
  ],
  [
    'a loss of numbers',
    () => sequential(2, [dense(1)], { loss: never((u: number, t: number) => (u - t) ** 2) }),
    'network: the loss function gave NaN, expected a node [rows, 1], such as sum(square(sub(u, t)))',
  ],
  ['a loss that an option names', () => sequential(2, [dense(2)], { loss: (u) => u }), 'network: the loss gave [rows, 2], expected [rows, 1]'],
  [
    'a page of HTML as a model',
    () => load(new TextEncoder().encode('<!doctype html><html></html>')),
    '(is it a safetensors file, and whole?); it begins as a page of HTML does',
  ],
  ['a check without a loss', () => checkGradients(sequential(2, [dense(1)]), [1, 2], [1]), 'checkGradients: the network has no loss'],
  ['a check of names', () => checkGradients(classes(), x, never(['a', 'b', 'c'])), 'checkGradients: y[0] is "a"'],
  [
    'a check of other shapes',
    () => checkGradients(classes(), [1, 2, 3], [0]),
    "checkGradients: x has 3 numbers, expected a multiple of 2, the input's features",
  ],
];

describe('a message says what to do', () => {
  test.each(rows)('of %s', async (_, call, message) => {
    let said = 'nothing was thrown';
    try {
      await call();
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain(message);
  });
});
