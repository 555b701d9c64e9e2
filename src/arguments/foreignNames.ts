/**
 * Option names of Keras, PyTorch, TensorFlow.js and scikit-learn, and their names here. An unknown option of such a name is rejected with
 * the remedy. Names that differ by case and underscores alone, such as `batch_size`, need no row.
 */
const REMEDIES: Readonly<Record<string, string>> = {
  lr: 'use learningRate',
  alpha: 'use learningRate',
  eps: 'use epsilon',
  rho: 'use alpha',
  lrDecay: 'use learningRateDecay',
  lr_decay: 'use learningRateDecay',
  betas: 'pass beta1 and beta2',
  decay: 'L2 is weightDecay; for a falling rate pass fit a schedule as learningRate',
  l2: "use the optimizer's weightDecay",
  kernelRegularizer: "L2 is the optimizer's weightDecay",
  kernel_regularizer: "L2 is the optimizer's weightDecay",
  clipnorm: 'use clipNorm, which takes the norm over all parameters',
  global_clipnorm: 'use clipNorm',
  amsgrad: 'there is adam and adamW',
  momentum: 'it is an option of sgd; adam has beta1',
  nesterov: 'it is an option of sgd',
  maximize: 'negate the output that is minimised',
  dampening: 'sgd has no dampening',
  epoch: 'use epochs',
  nEpochs: 'use epochs',
  n_epochs: 'use epochs',
  batch: 'use batchSize',
  verbose: 'print from onEpoch or onProgress',
  callbacks: 'pass onEpoch, onProgress or earlyStopping',
  validation: 'use validationData',
  sampleWeight: 'weights are data, as in { x, y, weight }',
  sample_weight: 'weights are data, as in { x, y, weight }',
  classWeight: 'pass classWeights to crossEntropy or binaryCrossEntropy',
  class_weight: 'pass classWeights to crossEntropy or binaryCrossEntropy',
  metrics: 'pass metrics to fit or evaluate',
  restoreBestWeights: "the best epoch's parameters are always restored",
  restore_best_weights: "the best epoch's parameters are always restored",
  gradient_accumulation_steps: 'use accumulationSteps',
  accumulate_grad_batches: 'use accumulationSteps',
  val_loss: 'it is the loss of validationData',
  units: 'it is the first argument, as in dense(10)',
  activation: "it is the second argument, as in dense(10, 'relu')",
  useBias: 'use bias',
  use_bias: 'use bias',
  biases: 'use bias',
  inputShape: 'the inputs are counted by sequential(784, [dense(10)])',
  input_shape: 'the inputs are counted by sequential(784, [dense(10)])',
  inputDim: 'the inputs are counted by sequential(784, [dense(10)])',
  kernelInitializer: 'use init, such as heUniform',
  kernel_initializer: 'use init, such as heUniform',
  initializer: 'use init, such as heUniform',
  initial: 'use init, such as constantInit(0)',
  biasInitializer: 'biases start at 0',
  weigth: 'use weight',
  sclae: 'use scale',
  labels: 'targets are y',
  ys: 'targets are y',
  xs: 'inputs are x',
  testSize: 'use fraction',
  test_size: 'use fraction',
  train_size: 'validation gets fraction of the rows',
  randomState: 'use seed',
  random_state: 'use seed',
  n_splits: 'use folds',
  k: 'use folds',
  low: 'pass range: [low, high]',
  high: 'pass range: [low, high]',
  feature_range: 'use range',
  outputs: 'use output, the index of one',
  inputs: 'use input, the index of one',
  strict: 'use partial, true where names may be missing',
  step_size: 'use every',
  gamma: 'use factor',
  T_max: 'use epochs',
  eta_min: 'use final',
  min_lr: 'use minLearningRate',
  threshold_mode: 'use relative, true or false',
  anneal_strategy: 'use anneal',
};

/** The remedy for a name of another library, where the call has that option; undefined for any other name. */
export function remedyFor(name: string, known: readonly string[]): string | undefined {
  const letters = name.replace(/_/g, '').toLowerCase();
  const alike = known.find((one) => one.toLowerCase() === letters);
  const remedy = Object.hasOwn(REMEDIES, name) ? REMEDIES[name] : alike && `use ${alike}`;
  const meant = /^use (\w+)/.exec(remedy ?? '')?.[1];
  return meant !== undefined && meant !== 'the' && !known.includes(meant) ? undefined : remedy;
}

/** Losses and optimizers that other libraries pass by name. Names are lower case, letters alone. */
const MAKERS: Readonly<Record<string, string>> = {
  mse: 'meanSquaredError()',
  meansquarederror: 'meanSquaredError()',
  mseloss: 'meanSquaredError()',
  squarederror: 'squaredError()',
  crossentropy: 'crossEntropy()',
  crossentropyloss: 'crossEntropy()',
  categoricalcrossentropy: 'crossEntropy()',
  sparsecategoricalcrossentropy: 'crossEntropy()',
  nllloss: 'crossEntropy()',
  softmaxcrossentropy: 'crossEntropy()',
  binarycrossentropy: 'binaryCrossEntropy()',
  bceloss: 'binaryCrossEntropy()',
  bce: 'binaryCrossEntropy()',
  bcewithlogitsloss: 'binaryCrossEntropy({ fromLogits: true })',
  sigmoidcrossentropy: 'binaryCrossEntropy()',
  sgd: 'sgd()',
  adam: 'adam()',
  adamw: 'adamW()',
  rmsprop: 'rmsProp()',
  adagrad: 'adagrad()',
  lion: 'lion()',
  nadam: 'nadam()',
};

/** The call for a name of a loss or an optimizer; undefined for any other name. */
export function makerFor(name: unknown): string | undefined {
  if (typeof name !== 'string' || name.length > 60) return undefined;
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  return Object.hasOwn(MAKERS, letters) ? MAKERS[letters] : undefined;
}
