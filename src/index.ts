export { type Build } from './core/core.js';
export {
  BusyError,
  DisposedError,
  type ErrorCode,
  FileError,
  MemoryError,
  NeuriteError,
  NotConfiguredError,
  NotFiniteError,
  ShapeError,
  ValueError,
} from './errors.js';
export { constantInit, glorotNormal, glorotUniform, heNormal, heUniform, type Initializer, zeros } from './initializers.js';
export { type Activation, type ActivationName, linear } from './layers/activations.js';
export { type DenseOptions, dense } from './layers/dense.js';
export type { Layer } from './layers/layer.js';
export {
  binaryCrossEntropy,
  type ClassLoss,
  type CrossEntropyOptions,
  crossEntropy,
  type Loss,
  meanSquaredError,
  type Reduction,
  squaredError,
  type WeightedLoss,
} from './losses.js';
export { type LayerView, Network, type NetworkGraph, type NetworkOptions } from './network.js';
export { type Adam, type AdamOptions, adam, adamW, type Optimizer, type Sgd, sgd } from './optimizers.js';
export { sequential } from './sequential.js';
export { Dataset, type DatasetLiteral, dataset } from './training/dataset.js';
export type { EpochEnd, Evaluation, FitOptions, FitProgress, History } from './training/fit.js';
export type { ClassIds, NumericArray, Returned, Targets, Values } from './values.js';
