/** Names of options that others have, each in lower case and without underscores, several apart by spaces; and what is to be done in place of them. */
export type Remedies = Readonly<Record<string, string>>;

/**
 * Option names of Keras, PyTorch, TensorFlow.js and scikit-learn, in lower case and without underscores, and their names here. An unknown option of such
 * a name is rejected with the remedy. What one function alone has an option for, it says itself. Names that differ from ours by case and underscores alone, such as `batch_size`, need no row.
 */
const REMEDIES: Remedies = {
  'lr alpha': 'use learningRate',
  eps: 'use epsilon',
  betas: 'pass beta1 and beta2',
  decay: 'L2 is weightDecay; for a falling rate pass fit a schedule as learningRate',
  l2: "use the optimizer's weightDecay",
  kernelregularizer: "L2 is the optimizer's weightDecay",
  clipnorm: 'use clipNorm, which takes the norm over all parameters',
  globalclipnorm: 'use clipNorm',
  amsgrad: 'there is adam and adamW',
  momentum: 'it is an option of sgd; adam has beta1',
  nesterov: 'it is an option of sgd',
  maximize: 'negate the output that is minimised',
  dampening: 'sgd has no dampening',
  'epoch nepochs': 'use epochs',
  batch: 'use batchSize',
  verbose: 'print from onEpoch or onProgress',
  callbacks: 'pass onEpoch, onProgress or earlyStopping',
  validation: 'use validationData',
  sampleweight: 'weights are data, as in { x, y, weight }',
  classweight: 'pass classWeights to crossEntropy or binaryCrossEntropy',
  metrics: 'pass metrics to fit or evaluate',
  restorebestweights: "the best epoch's parameters are always restored",
  'gradientaccumulationsteps accumulategradbatches': 'use accumulationSteps',
  valloss: 'it is the loss of validationData',
  units: 'it is the first argument, as in dense(10)',
  activation: "it is the second argument, as in dense(10, 'relu')",
  'usebias biases': 'use bias',
  'inputshape inputdim': 'the inputs are counted by sequential(784, [dense(10)])',
  'kernelinitializer initializer': 'use init, such as heUniform',
  initial: 'use init, such as constantInit(0)',
  biasinitializer: 'biases start at 0',
  weigth: 'use weight',
  sclae: 'use scale',
  'labels ys': 'targets are y',
  xs: 'inputs are x',
  randomstate: 'use seed',
  strict: 'use partial, true where names may be missing',
};

/** What stands beside a word in a table whose keys are words. */
function beside(word: string, table: Remedies): string | undefined {
  return Object.entries(table).find(([words]) => words.split(' ').includes(word))?.[1];
}

/**
 * The remedy for a name of another library, where the call has that option; undefined for any other name.
 * @param own those of the call itself
 */
export function remedyFor(name: string, known: readonly string[], own: Remedies): string | undefined {
  const letters = name.replaceAll('_', '').toLowerCase();
  const alike = known.find((one) => one.toLowerCase() === letters);
  const found = beside(letters, { ...REMEDIES, ...own });
  const remedy = alike && !found?.startsWith('use') ? `use ${alike}` : found;
  const meant = /^use (\w+)/.exec(remedy ?? '')?.[1];
  return meant !== undefined && meant !== 'the' && !known.includes(meant) ? undefined : remedy;
}

/** Losses and optimizers that other libraries pass by name, but for those called as here. Names are lower case, letters alone. */
const MAKERS: Readonly<Record<string, string>> = {
  'mse mseloss': 'meanSquaredError()',
  'crossentropyloss categoricalcrossentropy sparsecategoricalcrossentropy nllloss softmaxcrossentropy': 'crossEntropy()',
  'bceloss bce sigmoidcrossentropy': 'binaryCrossEntropy()',
  bcewithlogitsloss: 'binaryCrossEntropy({ fromLogits: true })',
};

/** Those that are called as here. */
const OURS = /* @__PURE__ */ 'meanSquaredError squaredError crossEntropy binaryCrossEntropy sgd adam adamW rmsProp adagrad lion nadam lbfgs'.split(
  ' ',
);

/** The call for a name of a loss or an optimizer; undefined for any other name. */
export function makerFor(name: unknown): string | undefined {
  if (typeof name !== 'string' || name.length > 60) return undefined;
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  const ours = OURS.find((one) => one.toLowerCase() === letters);
  return ours ? `${ours}()` : beside(letters, MAKERS);
}
